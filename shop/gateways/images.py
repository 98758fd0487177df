"""Pictures from outside: opened and encoded anew in a process of their own, which may do next to nothing (D49)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shop.db import refuse_inside_operation

CHILD = Path(__file__).with_name("picture_child.py")
MOST_PIXELS = 40_000_000
PATIENCE = 90  # seconds; its processor time is limited to 60
UNREADABLE = "This file is no picture that can be read. Upload a JPEG, PNG, WebP or AVIF."
JPEG, AVIF = (b"\xff\xd8\xff",), (b"ftypavif",)


class PictureRefused(Exception):
    """The file is no picture that the shop takes. The text says why, in words for the person who uploaded it."""


class RenderingFailed(Exception):
    """Rendering broke off; another attempt may help."""


@dataclass(frozen=True)
class Rendered:
    """A picture as the shop keeps it: pixels alone, in sRGB, upright. `avifs` are by width."""

    width: int
    height: int
    jpeg: bytes
    avifs: dict[int, bytes]


def looks_like_picture(first_bytes: bytes) -> bool:
    """Whether a file that begins so (16 bytes or more) says that it is a JPEG, PNG, WebP or AVIF. It may lie."""
    is_iso_media = first_bytes[4:8] == b"ftyp" and first_bytes[8:12] in {b"avif", b"avis", b"mif1", b"msf1"}
    is_webp = first_bytes[:4] == b"RIFF" and first_bytes[8:12] == b"WEBP"
    return is_iso_media or is_webp or first_bytes.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def render_picture(source: BinaryIO, widths: Sequence[int], fallback_width: int) -> Rendered:
    """The picture in an open file, as AVIF in all these widths that it has, and as JPEG of at most `fallback_width`.

    Raises PictureRefused for what cannot or may not be shown, RenderingFailed when the process came to nothing.
    """
    refuse_inside_operation("rendering a picture")
    asked = {"widths": list(widths), "fallback_width": fallback_width, "most_pixels": MOST_PIXELS}
    # The child's answer goes to a file without a name: its size is limited, and a kill leaves nothing behind.
    with tempfile.TemporaryFile() as answer:
        try:
            ended = subprocess.run(
                [sys.executable, "-I", str(CHILD), json.dumps(asked)],
                stdin=source,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                env={"MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8"},
                cwd="/",
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RenderingFailed(f"it took longer than {PATIENCE} seconds") from None
        if ended.returncode:
            raise RenderingFailed(f"the process ended with {ended.returncode}")
        answer.seek(0)
        return _read(answer, set(widths))


def _read(answer: BinaryIO, widths: set[int]) -> Rendered:
    """The child's answer, believed only as far as it can be checked."""
    told = json.loads(answer.readline(4096))
    if "refused" in told:
        raise PictureRefused(str(told["refused"]))
    jpeg, avifs = b"", {}
    for name, size in told["files"]:
        data = answer.read(size)
        if name == "jpg":
            jpeg = data
        else:
            avifs[int(name.removesuffix(".avif"))] = data
    width, height = int(told["width"]), int(told["height"])
    is_whole = (
        jpeg.startswith(JPEG)
        and set(avifs) == {each for each in widths if each <= width}
        and all(data[4:12].startswith(AVIF) for data in avifs.values())
        and width > 0 < height
        and not answer.read(1)
    )
    if not is_whole:
        raise RenderingFailed("its answer was not whole")
    return Rendered(width, height, jpeg, avifs)
