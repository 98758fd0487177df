"""The widths in which a stored picture is kept, told by its file's name alone.

A picture stored as `demo/night-serum-1.w960.jpg` is 960 pixels wide: beside that file lie AVIF files of every standard
width up to 960, from `demo/night-serum-1.w80.avif` to `demo/night-serum-1.w960.avif`. The file itself is a JPEG of the
whole picture, at most 640 pixels wide, for whoever cannot choose: old browsers, e-mails, the API. Any other name, such
as `logo.svg`, is one file alone. Whoever stores a picture under such a name stores all of its files; nothing asks the
store what there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Each at most twice the one before, so that none is fetched far too large.
WIDTHS = (80, 160, 320, 640, 960, 1280, 1920)
FALLBACK_WIDTH = 640  # of the JPEG, where the picture is wider
NAME = re.compile(r"(?P<stem>.+)\.w(?P<width>[1-9]\d{0,4})\.jpg", re.ASCII)


@dataclass(frozen=True)
class Rendition:
    """One file of a picture, so many pixels wide."""

    file_name: str
    width: int


def renditions_of(file_name: str | None) -> tuple[Rendition, ...]:
    """The AVIF files beside a picture, narrowest first; none where its name promises none."""
    found = NAME.fullmatch(file_name or "")
    if found is None:
        return ()
    greatest = int(found["width"])
    return tuple(Rendition(f"{found['stem']}.w{width}.avif", width) for width in WIDTHS if width <= greatest)


def largest_file(file_name: str) -> str:
    """The widest stored file of a picture: its widest AVIF, or the file itself where it is alone."""
    found = renditions_of(file_name)
    return found[-1].file_name if found else file_name


def renditioned_name(stem: str, width: int) -> str:
    """The name under which to store a picture of that width, which promises the AVIF files beside it."""
    return f"{stem}.w{width}.jpg"


def fallback_size(file_name: str | None, width: int | None, height: int | None) -> tuple[int | None, int | None]:
    """Width and height in pixels of the file itself, of a picture that is so large: its JPEG may be narrower."""
    if not renditions_of(file_name) or not width or not height or width <= FALLBACK_WIDTH:
        return width, height
    return FALLBACK_WIDTH, round(FALLBACK_WIDTH * height / width)
