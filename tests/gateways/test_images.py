"""Pictures from outside: what comes of good ones, and that bad ones are refused quickly, in words, and harm nothing."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from shop.gateways import images
from shop.gateways.images import PictureRefused, Rendered, RenderingFailed, looks_like_picture, render_picture

WIDTHS = (80, 160, 320)
GPS = 0x8825
PHP = b"<?php system($_GET['c']); ?><script>alert(1)</script>"


def picture(kind: str = "JPEG", size: tuple[int, int] = (200, 100), mode: str = "RGB", **options: object) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    whole = Image.new("RGB", size, "blue")
    whole.paste("red", (0, 0, size[0] // 2, size[1]))
    return saved(whole.convert(mode), kind, **options)


def saved(whole: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    whole.save(buffer, kind, **options)
    return buffer.getvalue()


def rendered(data: bytes) -> Rendered:
    """As a worker does it. A file of the system's own: the child reads from its descriptor."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        return render_picture(file, WIDTHS, 160)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_claiming(width: int, height: int) -> bytes:
    """A few bytes that say they are an enormous picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def colours(data: bytes) -> list[str]:
    """Whether the left and the right of a picture are rather red, blue or white."""
    with Image.open(io.BytesIO(data)) as opened:
        flat = opened.convert("RGB")
    names = []
    for x in (flat.width // 4, flat.width * 3 // 4):
        red, green, blue = flat.getpixel((x, flat.height // 2))
        names.append("white" if min(red, green, blue) > 200 else "red" if red > blue else "blue")
    return names


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_picture_comes_as_avif_in_each_width_it_has_and_as_a_jpeg(kind: str) -> None:
    made = rendered(picture(kind))

    assert (made.width, made.height, sorted(made.avifs)) == (200, 100, [80, 160])
    with Image.open(io.BytesIO(made.jpeg)) as jpeg:
        assert (jpeg.format, jpeg.size) == ("JPEG", (160, 80))
    for width, data in made.avifs.items():
        with Image.open(io.BytesIO(data)) as avif:
            assert (avif.format, avif.size) == ("AVIF", (width, width // 2))
    assert colours(made.jpeg) == ["red", "blue"]


def test_it_stands_upright_and_says_nothing_of_where_and_with_what_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    exif[0x010F] = "A camera"
    exif.get_ifd(GPS)[1] = "N"
    exif.get_ifd(GPS)[2] = (31.0, 57.0, 0.0)

    made = rendered(picture("JPEG", exif=exif, comment=PHP))

    assert colours(made.jpeg) == ["blue", "red"]
    for data in (made.jpeg, *made.avifs.values()):
        assert b"camera" not in data
        assert b"php" not in data
        with Image.open(io.BytesIO(data)) as opened:
            assert not opened.getexif()
            assert not opened.info.get("comment")


def test_it_is_turned_by_a_quarter_where_the_camera_was() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    made = rendered(picture("JPEG", exif=exif))

    assert (made.width, made.height) == (100, 200)


def test_other_colours_become_srgb_and_what_is_clear_becomes_white() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    clear = Image.new("RGBA", (100, 100), (0, 0, 0, 0))

    assert colours(rendered(picture("JPEG", mode="CMYK")).jpeg) == ["red", "blue"]
    assert colours(rendered(picture("PNG", mode="P")).jpeg) == ["red", "blue"]
    assert colours(rendered(picture("PNG", icc_profile=profile)).jpeg) == [
        "red",
        "blue",
    ]  # it does not fit: passed over
    assert colours(rendered(saved(clear, "PNG")).jpeg) == ["white", "white"]
    assert colours(rendered(saved(Image.new("I;16", (100, 100), 60_000), "PNG")).jpeg) == ["white", "white"]


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (100, 100), colour) for colour in ("red", "blue", "blue")]

    for kind in ("WEBP", "PNG", "AVIF"):
        made = rendered(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert colours(made.jpeg) == ["red", "red"]
        assert all(Image.open(io.BytesIO(data)).n_frames == 1 for data in made.avifs.values())


def test_a_wide_one_is_no_wider_than_the_widest_file_and_a_small_one_has_its_jpeg_alone() -> None:
    assert (rendered(picture(size=(1000, 500))).width, rendered(picture(size=(20, 10))).avifs) == (320, {})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(40),
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7" + bytes(40),
        b"MM\x00*" + bytes(40),
        PHP,
        saved(Image.new("RGB", (9, 9)), "GIF"),
        saved(Image.new("RGB", (9, 9)), "TIFF"),
    ],
)
def test_what_is_no_picture_of_the_four_kinds_is_refused(data: bytes) -> None:
    assert not looks_like_picture(data[:16])
    with pytest.raises(PictureRefused, match="no picture"):
        rendered(data)


def test_a_polyglot_is_made_of_its_pixels_alone() -> None:
    made = rendered(picture("JPEG") + PHP)
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", PHP.decode())
    other = rendered(picture("PNG", pnginfo=told) + PHP)

    for each in (made, other):
        assert all(b"php" not in data and b"script" not in data for data in (each.jpeg, *each.avifs.values()))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_truncated_one_is_refused(kind: str) -> None:
    whole = saved(Image.effect_noise((300, 300), 90).convert("RGB"), kind)

    with pytest.raises(PictureRefused, match="cut off|damaged|no picture that can be read"):
        rendered(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    "make",
    [
        lambda: png_claiming(2_000_000_000, 2_000_000_000),
        lambda: saved(Image.new("1", (8_000, 8_000)), "PNG"),
        lambda: saved(Image.new("L", (7_000, 7_000)), "WEBP", lossless=True, method=0),
    ],
    ids=["header", "1-bit PNG", "WebP"],
)
def test_a_bomb_is_refused_before_it_unfolds(make: Callable[[], bytes]) -> None:
    with pytest.raises(PictureRefused, match="pixels"):
        rendered(make())


def test_what_the_process_may_not_have_ends_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(images, "PATIENCE", 0.01)
        with pytest.raises(RenderingFailed):
            rendered(picture())

    monkeypatch.setattr(images, "MOST_PIXELS", 10**10)  # as if nobody looked at the header
    with pytest.raises((PictureRefused, RenderingFailed)):
        rendered(png_claiming(30_000, 30_000))
