"""The process that opens an uploaded picture. A program of its own: the standard library and Pillow, nothing of ours.

It reads the picture from standard input and writes what it made of it to standard output: one line of JSON, then the
bytes of each file, in the order that the line names them. Before it looks at the first byte it gives up nearly all that
a process may do, so that a picture made to harm ends this process and nothing else.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
from typing import Any, BinaryIO

MEGABYTE = 1024 * 1024
LIMITS = {
    resource.RLIMIT_AS: 900 * MEGABYTE,  # the hungriest picture of 40 megapixels held 640 (docs/proofs.md)
    resource.RLIMIT_CPU: 60,
    resource.RLIMIT_FSIZE: 32 * MEGABYTE,  # standard output is a file
    resource.RLIMIT_NOFILE: 32,
    resource.RLIMIT_CORE: 0,
}
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
TALLEST = 3840  # pixels; what is higher is made smaller as a whole
SMALL = 320  # up to this width, words on labels need more care than smooth walls do
AVIF = {"speed": 7, "subsampling": "4:2:0", "max_threads": 1}
SMALL_QUALITY, AVIF_QUALITY, JPEG_QUALITY = 60, 52, 70


class Refused(Exception):
    """The picture is not taken; the text says why and what to do."""


def main() -> None:
    asked = json.loads(sys.argv[1])
    for limit, value in LIMITS.items():
        resource.setrlimit(limit, (value, value))
    try:
        answer, files = render(sys.stdin.buffer, **asked)
    except Refused as refusal:
        answer, files = {"refused": str(refusal)}, []
    except MemoryError:
        answer, files = (
            {"refused": "The picture takes too much memory to open. Save it smaller and upload it again."},
            [],
        )
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    for data in files:
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def render(
    source: BinaryIO, widths: list[int], fallback_width: int, most_pixels: int
) -> tuple[dict[str, Any], list[bytes]]:
    """What was made (its size, each file's name and length) and the files: an AVIF per width, and one JPEG."""
    picture = open_upright(source, max(widths), most_pixels)
    made = [("jpg", encoded(narrowed(picture, fallback_width), "JPEG", JPEG_QUALITY, optimize=True, progressive=True))]
    for width in sorted((each for each in widths if each <= picture.width), reverse=True):
        quality = SMALL_QUALITY if width <= SMALL else AVIF_QUALITY
        made.append((f"{width}.avif", encoded(narrowed(picture, width), "AVIF", quality, **AVIF)))
    sizes = [[name, len(data)] for name, data in made]
    return {"width": picture.width, "height": picture.height, "files": sizes}, [data for _, data in made]


def open_upright(source: BinaryIO, widest: int, most_pixels: int) -> Any:
    """The first frame as plain sRGB, upright, on white, at most `widest` pixels wide; nothing else of the file."""
    from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # it would only warn; the check here is stricter
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        picture: Any = Image.open(source, formats=FORMATS)
    except UnidentifiedImageError:
        raise Refused("This file is no picture that can be read. Upload a JPEG, PNG, WebP or AVIF.") from None
    except (OSError, SyntaxError, ValueError, OverflowError):
        raise Refused("This picture is damaged and cannot be read. Save it anew and upload it again.") from None
    if picture.width * picture.height > most_pixels:
        raise Refused(
            f"The picture has {picture.width} × {picture.height} pixels. At most {most_pixels // 1_000_000} million "
            "can be taken: save it smaller and upload it again."
        )
    try:
        is_turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        bounds = (TALLEST, widest) if is_turned else (widest, TALLEST)
        picture.draft("RGB", (2 * bounds[0], 2 * bounds[1]))  # a JPEG is read at a fraction of its size
        picture.load()
        profile = picture.info.get("icc_profile")
        picture = shrunk(in_full_colour(picture), bounds)
        picture = ImageOps.exif_transpose(picture)
    except MemoryError:
        raise
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise Refused("This picture is cut off or damaged. Save it anew and upload it again.") from error
    return on_white(in_srgb(picture, profile))


def in_full_colour(picture: Any) -> Any:
    """Without a palette and with 8 bits a channel, so that it can be made smaller."""
    if picture.mode.startswith("I"):  # 16-bit grey
        return picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if picture.mode in {"1", "P", "PA"}:
        has_alpha = picture.mode == "PA" or "transparency" in picture.info
        return picture.convert("RGBA" if has_alpha else "RGB")
    if picture.mode in {"L", "RGB"} and "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture


def shrunk(picture: Any, bounds: tuple[int, int]) -> Any:
    from PIL import Image

    share = min(1, bounds[0] / picture.width, bounds[1] / picture.height)
    if share == 1:
        return picture
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    smaller = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)
    smaller.info, smaller._exif = picture.info, picture.getexif()  # what says how to turn it
    return smaller


def in_srgb(picture: Any, profile: bytes | None) -> Any:
    """In the colours that browsers assume; a profile that cannot be read is passed over."""
    from PIL import ImageCms

    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            kept = "RGBA" if picture.mode == "RGBA" else "RGB"
            here, there = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            return ImageCms.profileToProfile(picture, here, there, outputMode=kept)
    return picture


def on_white(picture: Any) -> Any:
    """Its pixels alone, in a new picture that remembers nothing of the file."""
    from PIL import Image

    if "A" in picture.getbands() or "a" in picture.getbands():
        picture = picture.convert("RGBA")
        clean = Image.new("RGB", picture.size, "white")
        clean.paste(picture, mask=picture.getchannel("A"))
        return clean
    clean = Image.new("RGB", picture.size)
    clean.paste(picture.convert("RGB"))
    return clean


def narrowed(picture: Any, width: int) -> Any:
    from PIL import Image

    if width >= picture.width:
        return picture
    return picture.resize((width, max(1, round(width * picture.height / picture.width))), Image.Resampling.LANCZOS)


def encoded(picture: Any, kind: str, quality: int, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, quality=quality, **options)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
