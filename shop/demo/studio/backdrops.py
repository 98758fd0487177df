"""Walls, floors and the light of a window on them."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops, ImageFilter

from shop.demo.studio.canvas import Canvas, Colour, Pen, Point, across, arc, curve, grain, lit, mix, relit, rgb, row_of
from shop.demo.studio.materials import matte

HUES: dict[str, Colour] = {
    "warm beige": rgb("#e4d3bd"),
    "pale sand": rgb("#ebdfcc"),
    "rose clay": rgb("#e3c2b3"),
    "soft blush": rgb("#ecd5cb"),
    "honey": rgb("#e8cfa2"),
    "sage grey": rgb("#cfd0bd"),
    "oatmeal": rgb("#e2dacb"),
    "terracotta": rgb("#d6a68a"),
    "stone grey": rgb("#d3ccc2"),
    "mist blue": rgb("#ccd3d4"),
    "mauve": rgb("#d8c3c2"),
}
SEAM = 1010.0  # where the floor begins, in units of the scene
FLOOR = 1085.0  # where things stand


def paint_room(canvas: Canvas, hue: str, mood: int, *, width: float = 1000, softness: float = 0) -> None:
    """The wall and the floor; `mood` chooses how the light falls, `softness` puts the wall out of focus."""
    base = HUES[hue]
    size = canvas.size
    top, foot = canvas.camera.top, canvas.camera.top + size[1] / canvas.camera.scale
    wall = [
        (-300.0, mix(base, (255, 255, 255), 0.26)),
        (500.0, mix(base, (255, 255, 255), 0.1)),
        (SEAM, lit(base, 0.91)),
    ]
    floor = [
        (SEAM, lit(mix(base, (255, 255, 255), 0.42), 1.0)),
        (1120.0, mix(base, (255, 255, 255), 0.24)),
        (1600.0, lit(base, 0.8)),
    ]
    column = bytearray()
    for row in range(size[1]):
        y = top + (row + 0.5) * (foot - top) / size[1]
        column += bytes(_between(wall if y < SEAM else floor, y))
    image = Image.frombytes("RGB", (1, size[1]), bytes(column)).resize(size)
    if mood % 4 != 3:
        canvas.image = image
    else:  # no edge: the paper curves from the wall to the floor
        blurred = Image.frombytes("RGB", (1, size[1]), bytes(column))
        canvas.image = blurred.filter(ImageFilter.GaussianBlur(60 * canvas.camera.scale)).resize(size)
    seam = canvas.pixel((0, SEAM))[1]
    blur = (4 + softness) * canvas.camera.scale
    band = (0, max(round(seam - blur * 3), 0), size[0], min(round(seam + blur * 3), size[1]))
    if band[1] < band[3]:
        canvas.image.paste(canvas.image.crop(band).filter(ImageFilter.GaussianBlur(blur)), band[:2])
    _light_room(canvas, base, width)
    _let_light_in(canvas, base, mood, width)
    _plaster(canvas)


def _between(stops: list[tuple[float, Colour]], at: float) -> Colour:
    for (start, one), (end, other) in zip(stops, stops[1:], strict=False):
        if at <= end:
            return mix(one, other, min(max((at - start) / (end - start), 0), 1))
    return stops[-1][1]


def _light_room(canvas: Canvas, base: Colour, width: float) -> None:
    """More light on the left, less in the corners on the right."""
    left = canvas.camera.left
    right = left + canvas.size[0] / canvas.camera.scale
    shares = [(left + (right - left) * step / 8) / width for step in range(9)]
    stops = [(step / 8, (round(135 - 30 * min(max(share, 0), 1) ** 1.4),) * 3) for step, share in enumerate(shares)]
    light = row_of(stops, canvas.size[0]).getchannel(0).resize(canvas.size)
    canvas.image = relit(canvas.image, light)


def _let_light_in(canvas: Canvas, base: Colour, mood: int, width: float) -> None:
    glow = mix(base, (255, 252, 244), 0.8)
    dice = canvas.dice
    if mood % 4 in {0, 3}:  # one slanted pane of window light
        x = width * (0.1 + dice.random() * 0.18)
        w = width * 0.42
        canvas.soft([(x, -60), (x + w, -60), (x + w + 330, 1010), (x + 330, 1010)], glow, 0.42, 34)
        canvas.soft([(x + 330, 1010), (x + w + 330, 1010), (x + w + 440, 1300), (x + 440, 1300)], glow, 0.36, 24)
    elif mood % 4 == 1:  # two panes with a bar between them
        x = width * (0.06 + dice.random() * 0.12)
        for part in (0.0, 0.27):
            a, b = x + width * part, x + width * (part + 0.235)
            canvas.soft([(a, 60), (b, 30), (b + 300, 800), (a + 300, 830)], glow, 0.40, 17)
    else:  # the shade of leaves outside
        canvas.soft([(-100, -60), (width * 0.9, -60), (width, 900), (0, 1000)], glow, 0.34, 90)
        shade = lit(base, 0.78)
        for number in range(2):
            _branch(
                canvas,
                dice,
                (width * (0.98 - number * 0.24), -70 + number * 30),
                205 + dice.random() * 22 + number * 16,
                shade,
            )


def _branch(canvas: Canvas, dice: random.Random, start: Point, direction: float, shade: Colour) -> None:
    """The shadow of a twig with leaves."""
    x, y = start
    turn = math.radians(direction)
    stem: list[Point] = []
    for step in range(13):
        stem.append((x, y))
        turn += dice.uniform(-0.05, 0.09)
        x += math.cos(turn) * 52
        y -= math.sin(turn) * 52
        if step < 2:
            continue
        for side in (-1, 1):
            angle = turn + side * dice.uniform(0.6, 1.0)
            length, wide = dice.uniform(90, 150), dice.uniform(17, 26)
            leaf = []
            for part in range(17):
                share = part / 8
                far = length * (share if share <= 1 else 2 - share)
                off = wide * math.sin(math.pi * min(far / length, 1)) * (1 if share <= 1 else -1)
                leaf.append(
                    (
                        x + math.cos(angle) * far - math.sin(angle) * off,
                        y - math.sin(angle) * far - math.cos(angle) * off,
                    )
                )
            canvas.soft(leaf, shade, 0.4, 9)
    for (ax, ay), (bx, by) in zip(stem, stem[1:], strict=False):
        canvas.soft([(ax - 3, ay), (ax + 3, ay), (bx + 3, by), (bx - 3, by)], shade, 0.5, 6)


def _plaster(canvas: Canvas) -> None:
    """The wall is never quite even."""
    size = canvas.size
    cell = max(110 * canvas.camera.scale, 2)
    rough = grain(size, canvas.dice, (cell, cell * 0.7)).point(lambda value: round(128 + (value - 128) / 52))
    cell = max(7 * canvas.camera.scale, 1.5)
    fine = grain(size, canvas.dice, (cell, cell)).point(lambda value: round(128 + (value - 128) / 120))
    canvas.image = relit(canvas.image, ImageChops.add(rough, fine, 1, -128))


def plinth(pen: Pen, hue: str, half: float, height: float) -> Pen:
    """A low round plinth of plaster, and the pen for what stands on it."""
    base = mix(HUES[hue], (255, 255, 255), 0.34)
    pen.shadow(half, height * 1.6, 0.12)
    pen.turned([(0, half), (height, half)], matte(lit(base, 0.98)), sag=0.1, grain_of=0.1)
    pen.top(height, half, mix(base, (255, 255, 255), 0.35), 0.1)
    pen.stroke(arc(0, height, half, half * 0.1, 180, 360, 40), 0.35, mix(base, (255, 255, 255), 0.7), 0.7)
    return pen.moved(0, height - half * 0.02)


def slab(pen: Pen, hue: str, half: float, height: float) -> Pen:
    """A slab of stone, and the pen for what stands on it."""
    base = lit(mix(HUES[hue], (250, 246, 240), 0.5), 0.97)
    pen.shadow(half, height * 2, 0.07)
    deep = half * 0.085
    pen.fill([(-half, 0), (half, 0), (half, height), (-half, height)], lambda w, h: _stone(pen, base, (w, h)))
    pen.fill(
        [(-half, height), (half, height), (half * 0.95, height + deep), (-half * 0.95, height + deep)],
        across([(0, mix(base, (255, 255, 255), 0.3)), (0.35, mix(base, (255, 255, 255), 0.6)), (1, lit(base, 0.94))]),
    )
    return pen.moved(0, height + deep * 0.3)


def _stone(pen: Pen, base: Colour, size: tuple[int, int]) -> Image.Image:
    sheet = row_of([(0, lit(base, 0.86)), (0.4, lit(base, 0.93)), (1, lit(base, 0.74))]).resize(size)
    veins = grain(size, pen.canvas.dice, (22, 9)).filter(ImageFilter.GaussianBlur(1))
    return relit(sheet, veins.point(lambda value: 128 + (value - 128) // 14))


def arch(canvas: Canvas, hue: str, x: float, half: float, top: float) -> None:
    """A shallow round-headed niche in the wall."""
    base = HUES[hue]
    outline = [
        (x - half, SEAM),
        *((px, 2 * (top + half) - py) for px, py in arc(x, top + half, half, half, 180, 0, 60)),
        (x + half, SEAM),
    ]
    canvas.fill(outline, lit(base, 0.9), 0.5)
    canvas.soft(
        [(x - half, SEAM), (x - half, top + half), (x - half * 0.4, top + half * 0.3), (x - half * 0.5, SEAM)],
        lit(base, 0.6),
        0.28,
        22,
    )


def pebble(pen: Pen, half: float, colour: Colour) -> None:
    """A smooth stone that lies beside."""
    pen.shadow(half, half * 0.8)
    outline = curve(
        [
            (-half, half * 0.3),
            (-half * 0.7, half * 0.75),
            (0, half * 0.98),
            (half * 0.75, half * 0.7),
            (half, half * 0.28),
            (half * 0.6, 0),
            (-half * 0.6, 0),
            (-half, half * 0.3),
        ]
    )
    if found := pen.canvas.cut(pen.points(outline)):
        box, mask = found
        sheet = row_of(matte(colour)).resize(mask.size)
        shade = Image.linear_gradient("L").resize(mask.size).point(lambda v: 150 - v // 3)
        rough = grain(mask.size, pen.canvas.dice, (3, 3)).point(lambda v: 128 + (v - 128) // 16)
        sheet = relit(relit(sheet, shade), rough)
        pen.canvas.lay(box, mask, lambda _w, _h: sheet)
