"""Paper labels and the words on them, in the one typeface that comes with Pillow."""

from __future__ import annotations

import functools
import math
import unicodedata
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from shop.demo.studio.canvas import Colour, Pen, grain, relit, rgb, row_of

FIT = 0.86  # of the label's width may be filled by words
SPELLED = str.maketrans("’×", "'x")  # what the typeface lacks otherwise
ACCENTS = {
    "\u0301": ((-0.06, 0.0), (0.10, -0.17)),  # acute
    "\u0300": ((0.06, 0.0), (-0.10, -0.17)),  # grave
    "\u0302": ((-0.13, 0.0), (0.0, -0.14), (0.13, 0.0)),  # circumflex
    "\u0303": ((-0.15, -0.04), (-0.06, -0.1), (0.06, -0.04), (0.15, -0.1)),  # tilde
}


@dataclass(frozen=True)
class House:
    """How a brand's labels look."""

    name: str
    paper: Colour
    ink: Colour
    rule: Colour
    mark: str


HOUSES = {
    "Maison Aster": House("MAISON ASTER", rgb("#f8f4ea"), rgb("#26332d"), rgb("#1f5c4d"), "aster"),
    "Søren & Lund": House("SØREN & LUND", rgb("#eef0ee"), rgb("#22323f"), rgb("#5d7788"), "waves"),
    "Botánica Peña": House("BOTÁNICA PEÑA", rgb("#f5ead2"), rgb("#4a3a1f"), rgb("#a4552e"), "sprig"),
    "Atelier Orée": House("ATELIER ORÉE", rgb("#e3d5bd"), rgb("#2c2823"), rgb("#7b6a4c"), "ring"),
}


@dataclass(frozen=True)
class Words:
    """What a label says."""

    house: House
    name: str
    note: str
    size: str


@functools.cache
def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)  # type: ignore[return-value]


def text_width(text: str, size: int, spacing: float = 0) -> float:
    plain = "".join(base for base, _ in _letters(text))
    return font(size).getlength(plain) + spacing * size * max(len(plain) - 1, 0)


def write(draw: ImageDraw.ImageDraw, x: float, y: float, text: str, size: int, ink: int, spacing: float = 0) -> None:
    """Write from (x, y), the left end of the base line; accents, which the typeface lacks, are drawn."""
    stroke = max(round(size * 0.075), 1)
    for base, accent in _letters(text):
        advance = font(size).getlength(base)
        draw.text((x, y), base, ink, font(size), anchor="ls")
        middle = x + advance / 2
        if accent == "/":
            top = y - size * (0.76 if base == "O" else 0.58)
            draw.line((middle - size * 0.24, y + size * 0.04, middle + size * 0.24, top), ink, stroke)
        elif accent:
            height = 0.77 if base.isupper() else 0.6
            line = [(middle + dx * size, y - size * height + dy * size * 0.8) for dx, dy in ACCENTS[accent]]
            draw.line(line, ink, stroke, joint="curve")
        x += advance + spacing * size


def _letters(text: str) -> list[tuple[str, str]]:
    """Each letter with its accent or nothing."""
    found: list[tuple[str, str]] = []
    for sign in unicodedata.normalize("NFD", text.translate(SPELLED)):
        if sign in ACCENTS and found:
            found[-1] = (found[-1][0], sign)
        elif sign in "øØ":
            found.append(("o" if sign == "ø" else "O", "/"))
        else:
            found.append((sign if sign.isascii() else "-", ""))
    return found


def centred(
    draw: ImageDraw.ImageDraw, x: float, y: float, text: str, size: int, ink: int = 255, spacing: float = 0
) -> None:
    write(draw, x - text_width(text, size, spacing) / 2, y, text, size, ink, spacing)


def fitting(text: str, size: float, width: float, spacing: float = 0) -> int:
    """The size, or the smaller one at which the text is not wider."""
    wide = text_width(text, max(round(size), 1), spacing)
    return max(math.floor(size if wide <= width else size * width / wide), 1)


def wrapped(text: str, width: float, height: float, most: float) -> tuple[list[str], int]:
    """The text in lines, and the greatest size at which they fill neither more width nor more height."""
    words = text.split()
    best: tuple[list[str], int] = ([text], 1)
    for count in range(1, min(len(words), 4) + 1):
        lines = _balanced(words, count)
        size = min(fitting(line, most, width) for line in lines)
        size = min(size, math.floor(height / (count * 1.16)))
        if size > best[1]:
            best = (lines, size)
    return best


def _balanced(words: list[str], count: int) -> list[str]:
    if count == 1:
        return [" ".join(words)]
    splits = range(1, len(words) - count + 2)
    choices = ([" ".join(words[:at]), *_balanced(words[at:], count - 1)] for at in splits)
    return min(choices, key=lambda lines: max(map(len, lines)))


def mark(draw: ImageDraw.ImageDraw, kind: str, x: float, y: float, size: float, ink: int = 255) -> None:
    """A brand's sign, about `size` wide, around (x, y)."""
    line = max(round(size * 0.07), 1)
    if kind == "aster":
        aster(draw, x, y, size / 2, ink)
    elif kind == "waves":
        for row in (-1, 0, 1):
            points = [
                (x + size * (step / 24 - 0.5), y + size * (row * 0.22 + 0.07 * math.sin(step / 24 * 4 * math.pi)))
                for step in range(25)
            ]
            draw.line(points, ink, line, joint="curve")
    elif kind == "sprig":
        draw.line([(x, y + size * 0.5), (x, y - size * 0.4)], ink, line)
        for leaf in range(4):
            foot = y + size * (0.34 - leaf * 0.2)
            for side in (-1, 1):
                tip = (x + side * size * 0.3, foot - size * 0.24)
                mid = ((x + tip[0]) / 2, (foot + tip[1]) / 2)
                draw.polygon(
                    [(x, foot), (mid[0] + side * size * 0.05, mid[1] + size * 0.07), tip,
                     (mid[0] - side * size * 0.05, mid[1] - size * 0.07)], fill=ink,
                )  # fmt: skip
    else:
        half = size * 0.42
        draw.ellipse((x - half, y - half, x + half, y + half), outline=ink, width=line)
        draw.line([(x, y - half), (x, y + half)], ink, line)


def aster(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, ink: int | Colour, petals: int = 12) -> None:
    """The house's flower: slim petals around a small heart."""
    for petal in range(petals):
        turn = 2 * math.pi * petal / petals - math.pi / 2
        along, side = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
        outline = []
        for step in range(25):
            angle = 2 * math.pi * step / 24
            far = radius * (0.64 + 0.36 * math.cos(angle))
            wide = radius * 0.125 * math.sin(angle) * (1 + 0.35 * math.cos(angle))
            outline.append((x + along[0] * far + side[0] * wide, y + along[1] * far + side[1] * wide))
        draw.polygon(outline, fill=ink)
    heart = radius * 0.17
    draw.ellipse((x - heart, y - heart, x + heart, y + heart), fill=ink)


def typeset(words: Words, width: int, height: int) -> Image.Image:
    """The ink of a label, as a mask; what does not fit into its shape is left out, never cut."""
    if height > width * 2.7:  # a narrow thing: the words run up along it
        return typeset(words, height, width).transpose(Image.Transpose.ROTATE_90)
    page = Image.new("L", (width, height))
    draw = ImageDraw.Draw(page)
    inner, middle = width * FIT, width / 2
    if height < width * 0.37:  # very low: only the name, beside the sign
        mark(draw, words.house.mark, width * 0.1, height / 2, height * 0.5)
        lines, size = wrapped(words.name, width * 0.68, height * 0.62, height * 0.42)
        _stack(draw, width * 0.55, height / 2, lines, size)
        return page
    if height < width * 0.42:  # a low band: the brand, and the name below
        brand = fitting(words.house.name, height * 0.15, inner * 0.9, 0.2)
        centred(draw, middle, height * 0.30, words.house.name, brand, 255, 0.2)
        lines, size = wrapped(words.name, inner * 0.92, height * 0.40, height * 0.30)
        _stack(draw, middle, height * 0.56, lines, size)
        if words.size:
            centred(draw, middle, height * 0.9, words.size, fitting(words.size, height * 0.12, inner), 210, 0.08)
        return page
    tall = height > width * 1.15
    sign = min(width * 0.16, height * 0.13)
    mark(draw, words.house.mark, middle, height * (0.14 if tall else 0.16), sign)
    brand = fitting(words.house.name, min(height * 0.07, width * 0.085), inner * 0.9, 0.22)
    centred(draw, middle, height * (0.295 if tall else 0.36), words.house.name, brand, 255, 0.22)
    lines, size = wrapped(words.name, inner, height * 0.30, min(width * 0.15, height * 0.17))
    _stack(draw, middle, height * (0.525 if tall else 0.59), lines, size)
    rule = height * (0.72 if tall else 0.79)
    draw.line((middle - inner * 0.16, rule, middle + inner * 0.16, rule), 150, max(round(height * 0.006), 1))
    small = min(height * 0.052, width * 0.068)
    if words.note and tall:
        centred(draw, middle, height * 0.80, words.note, fitting(words.note, small, inner, 0.06), 200, 0.06)
    if words.size:
        centred(
            draw,
            middle,
            height * (0.885 if tall else 0.915),
            words.size,
            fitting(words.size, small * 1.05, inner, 0.08),
            220,
            0.08,
        )
    return page


def _stack(draw: ImageDraw.ImageDraw, x: float, y: float, lines: list[str], size: int) -> None:
    """Lines around the height y."""
    first = y + size * 0.36 - size * 1.16 * (len(lines) - 1) / 2
    for number, line in enumerate(lines):
        centred(draw, x, first + number * size * 1.16, line, size)


def label(
    pen: Pen,
    words: Words,
    box: tuple[float, float, float, float],
    *,
    bend: float = 0,
    round_body: bool = True,
    paper: Colour | None = None,
    ink: Colour | None = None,
    printed: bool = False,
) -> None:
    """A label between (x0, y0) and (x1, y1) of a thing; `bend` lets its middle hang, as on a round body.

    `printed` leaves the paper away: the words stand on the thing itself.
    """
    x0, y0, x1, y1 = box
    canvas, scale = pen.canvas, pen.canvas.camera.scale * pen.unit
    width, height = max(round((x1 - x0) * scale * 2), 8), max(round((y1 - y0) * scale * 2), 8)
    if width * height > 60_000_000:
        return
    text = typeset(words, width, height)
    sheet = Image.new("RGB", (width, height), paper or words.house.paper)
    if not printed:
        fibres = grain((width, height), canvas.dice, (3, 3)).filter(ImageFilter.GaussianBlur(1.2))
        sheet = relit(sheet, fibres.point(lambda value: 128 + (value - 128) // 34))
        draw = ImageDraw.Draw(sheet)
        edge, thin = round(min(width, height) * 0.035), max(round(min(width, height) * 0.005), 1)
        draw.rectangle((edge, edge, width - 1 - edge, height - 1 - edge), outline=words.house.rule, width=thin)
    sheet.paste(Image.new("RGB", sheet.size, ink or words.house.ink), (0, 0), text)
    light = row_of(_LIGHT_ROUND if round_body else _LIGHT_FLAT).getchannel(0).resize((width, height))
    sheet = relit(sheet, light) if not printed else sheet
    mask = text if printed else Image.new("L", (width, height), 255)
    hang = round(bend * scale * 2)
    if hang:
        sheet, mask = _hung(sheet, hang), _hung(mask, hang)
    sheet, mask = sheet.reduce(2), mask.reduce(2)
    left, top = canvas.pixel(pen.points([(x0, y1)])[0])
    at = (round(left), round(top))
    if not printed:  # paper is thick: a hint of shadow below and to the right of it
        rim = mask.filter(ImageFilter.GaussianBlur(max(scale * 0.35, 0.6)))
        dark = Image.new("RGB", mask.size, (40, 30, 22))
        canvas.image.paste(
            dark,
            (at[0] + max(round(scale * 0.2), 1), at[1] + max(round(scale * 0.25), 1)),
            rim.point(lambda v: v * 70 // 255),
        )
    canvas.image.paste(sheet, at, mask)


_LIGHT_ROUND = [
    (0, (90,) * 3),
    (0.1, (112,) * 3),
    (0.26, (134,) * 3),
    (0.45, (128,) * 3),
    (0.78, (110,) * 3),
    (1, (80,) * 3),
]
_LIGHT_FLAT = [(0, (136,) * 3), (0.4, (130,) * 3), (1, (116,) * 3)]


def _hung(image: Image.Image, hang: int) -> Image.Image:
    """The image with its middle lower than its sides, by a part of an ellipse."""
    width, height = image.size
    bent = Image.new(image.mode, (width, height + hang))
    for x in range(width):
        across = (x + 0.5) / width * 2 - 1
        bent.paste(image.crop((x, 0, x + 1, height)), (x, round(hang * math.sqrt(max(1 - across * across, 0)))))
    return bent
