"""A canvas seen by a camera, and a pen that draws solid-looking bodies on it in millimetres."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]
Stops = Sequence[tuple[float, Colour]]
Paint = Colour | Callable[[int, int], Image.Image]
FINER = 3  # shapes are cut out at this many times the canvas's size, so that edges are smooth
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)


def rgb(text: str) -> Colour:
    """The colour written as #rrggbb."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """The first colour with that share of the other."""
    return tuple(round(a + (b - a) * share) for a, b in zip(one, other, strict=True))  # type: ignore[return-value]


def lit(colour: Colour, light: float) -> Colour:
    """The colour in more (above 1) or less light; shadows stay warm."""
    if light >= 1:
        return mix(colour, WHITE, min(light - 1, 1))
    return tuple(round(part * light ** (1.0, 1.06, 1.14)[at]) for at, part in enumerate(colour))  # type: ignore[return-value]


def row_of(stops: Stops, length: int = 512) -> Image.Image:
    """One row of pixels that goes through the stops, which lie between 0 and 1."""
    pixels = bytearray()
    place = 0
    for number in range(length):
        at = number / (length - 1)
        while place < len(stops) - 2 and at > stops[place + 1][0]:
            place += 1
        (start, one), (end, other) = stops[place], stops[place + 1]
        share = min(max((at - start) / (end - start or 1), 0), 1)
        share = share * share * (3 - 2 * share)
        pixels += bytes(mix(one, other, share))
    return Image.frombytes("RGB", (length, 1), bytes(pixels))


def across(stops: Stops) -> Paint:
    """A paint that changes from left to right."""
    return lambda width, height: row_of(stops).resize((width, height), Image.Resampling.BILINEAR)


def down(stops: Stops) -> Paint:
    """A paint that changes from top to bottom."""
    return lambda width, height: (
        row_of(stops).rotate(-90, expand=True).resize((width, height), Image.Resampling.BILINEAR)
    )


def grain(size: tuple[int, int], dice: random.Random, cell: tuple[float, float] = (1, 1)) -> Image.Image:
    """Soft grey noise around 128; `cell` stretches it, as for the grain of wood."""
    small = max(round(size[0] / cell[0]), 2), max(round(size[1] / cell[1]), 2)
    noise = Image.frombytes("L", small, dice.randbytes(small[0] * small[1]))
    return noise if small == size else noise.resize(size, Image.Resampling.BICUBIC)


def speckle(size: tuple[int, int], dice: random.Random, cell: float) -> Image.Image:
    """Noise of two sizes, as on plaster or soap; `cell` is its size in pixels."""
    fine = grain(size, dice, (max(cell, 1.4),) * 2)
    return Image.blend(fine, grain(size, dice, (max(cell * 3, 2),) * 2), 0.4)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, steps: int = 24) -> list[Point]:
    """Points on an ellipse from one angle to another, in degrees, counted upwards from the right."""
    turns = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns]


def rounded(x0: float, y0: float, x1: float, y1: float, *radii: float) -> list[Point]:
    """A rectangle with round corners; one radius for all, or bottom and top ones."""
    low, high = (radii * 2)[:2] if radii else (0, 0)
    return [
        *arc(x0 + low, y0 + low, low, low, 270, 180, 8),
        *arc(x0 + high, y1 - high, high, high, 180, 90, 8),
        *arc(x1 - high, y1 - high, high, high, 90, 0, 8),
        *arc(x1 - low, y0 + low, low, low, 0, -90, 8),
    ]


def curve(points: Sequence[Point], steps: int = 10) -> list[Point]:
    """A smooth line through the points."""
    ends = [points[0], *points, points[-1]]
    found: list[Point] = []
    for p0, p1, p2, p3 in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for step in range(steps):
            t = step / steps
            found.append(
                tuple(  # type: ignore[arg-type]
                    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
                    for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
                )
            )
    return [*found, points[-1]]


@dataclass(frozen=True)
class Camera:
    """What part of the scene is seen: its upper left corner, and pixels for one unit. A scene is 1000 units wide."""

    left: float
    top: float
    scale: float


class Canvas:
    """A picture in the making. Positions are in units of the scene, and the camera turns them into pixels."""

    def __init__(self, size: tuple[int, int], camera: Camera, seed: str) -> None:
        self.image = Image.new("RGB", size, WHITE)
        self.camera = camera
        self.dice = random.Random(seed)

    @property
    def size(self) -> tuple[int, int]:
        return self.image.size

    def pixel(self, point: Point) -> Point:
        return (point[0] - self.camera.left) * self.camera.scale, (point[1] - self.camera.top) * self.camera.scale

    def cut(self, points: Sequence[Point]) -> tuple[tuple[int, int, int, int], Image.Image] | None:
        """Where the shape lies in pixels, and its mask there; None where the camera does not see it."""
        pixels = [self.pixel(point) for point in points]
        xs, ys = [x for x, _ in pixels], [y for _, y in pixels]
        box = (
            max(math.floor(min(xs)) - 1, 0),
            max(math.floor(min(ys)) - 1, 0),
            min(math.ceil(max(xs)) + 1, self.size[0]),
            min(math.ceil(max(ys)) + 1, self.size[1]),
        )
        if box[0] >= box[2] or box[1] >= box[3]:
            return None
        mask = Image.new("L", ((box[2] - box[0]) * FINER, (box[3] - box[1]) * FINER))
        ImageDraw.Draw(mask).polygon([((x - box[0]) * FINER, (y - box[1]) * FINER) for x, y in pixels], fill=255)
        return box, mask.reduce(FINER)

    def lay(self, box: tuple[int, int, int, int], mask: Image.Image, paint: Paint, opacity: float = 1) -> None:
        """Lay paint on through a mask."""
        size = mask.size
        layer = paint(*size) if callable(paint) else Image.new("RGB", size, paint)
        if opacity < 1:
            mask = mask.point(lambda value: round(value * opacity))
        self.image.paste(layer, box[:2], mask)

    def fill(self, points: Sequence[Point], paint: Paint, opacity: float = 1) -> None:
        """Fill a shape."""
        if found := self.cut(points):
            self.lay(*found, paint, opacity)

    def soft(self, points: Sequence[Point], colour: Colour, opacity: float, blur: float) -> None:
        """A shape without edges: a shadow where the colour is dark (it darkens only), a light where it is bright."""
        pixels = [self.pixel(point) for point in points]
        radius = max(blur * self.camera.scale, 0.6)
        coarse = max(round(radius / 5), 1)  # a blurred shape needs few pixels
        margin = radius * 3
        xs, ys = [x for x, _ in pixels], [y for _, y in pixels]
        left, top = max(math.floor(min(xs) - margin), -200), max(math.floor(min(ys) - margin), -200)
        right = min(math.ceil(max(xs) + margin), self.size[0] + 200)
        bottom = min(math.ceil(max(ys) + margin), self.size[1] + 200)
        if left >= right or top >= bottom or right < 0 or bottom < 0:
            return
        small = max((right - left) // coarse, 2) + 1, max((bottom - top) // coarse, 2) + 1
        mask = Image.new("L", (small[0] * 2, small[1] * 2))
        ImageDraw.Draw(mask).polygon([((x - left) * 2 / coarse, (y - top) * 2 / coarse) for x, y in pixels], fill=255)
        mask = mask.reduce(2).filter(ImageFilter.GaussianBlur(radius / coarse))
        mask = mask.resize((small[0] * coarse, small[1] * coarse), Image.Resampling.BICUBIC)
        mask = mask.point(lambda value: round(value * opacity))
        region = self.image.crop((left, top, left + mask.width, top + mask.height))
        colours = Image.new("RGB", mask.size, colour)
        blend = ImageChops.multiply if sum(colour) < 560 else ImageChops.screen
        region = Image.composite(blend(region, colours), region, mask)
        self.image.paste(region, (left, top))

    def finish(self, strength: int = 2) -> Image.Image:
        """The picture with a fine grain, which hides the steps of gradients."""
        noise = grain(self.size, self.dice).point(lambda value: value * 2 * strength // 255)
        return ImageChops.add(self.image, Image.merge("RGB", (noise, noise, noise)), 1, -strength)


@dataclass
class Pen:
    """Draws one thing that stands at (x, floor), in its own millimetres: x from its middle, y up from the floor."""

    canvas: Canvas
    x: float
    floor: float
    unit: float  # of the scene, for one millimetre

    def points(self, points: Sequence[Point]) -> list[Point]:
        return [(self.x + x * self.unit, self.floor - y * self.unit) for x, y in points]

    def moved(self, x: float, y: float = 0, size: float = 1) -> Pen:
        """A pen for another thing beside this one, on the same scale."""
        return Pen(self.canvas, self.x + x * self.unit, self.floor - y * self.unit, self.unit * size)

    def fill(self, points: Sequence[Point], paint: Paint, opacity: float = 1) -> None:
        self.canvas.fill(self.points(points), paint, opacity)

    def soft(self, points: Sequence[Point], colour: Colour, opacity: float, blur: float) -> None:
        self.canvas.soft(self.points(points), colour, opacity, blur * self.unit)

    def stroke(self, points: Sequence[Point], width: float, paint: Paint, opacity: float = 1) -> None:
        """A line of that width, with round ends."""
        half = width / 2
        turns = []
        for at, (x, y) in enumerate(points):
            (x0, y0), (x1, y1) = points[max(at - 1, 0)], points[min(at + 1, len(points) - 1)]
            length = math.hypot(x1 - x0, y1 - y0) or 1
            turns.append((x, y, -(y1 - y0) / length * half, (x1 - x0) / length * half))
        outline = [(x + dx, y + dy) for x, y, dx, dy in turns] + [(x - dx, y - dy) for x, y, dx, dy in reversed(turns)]
        self.fill(outline, paint, opacity)
        for x, y in (points[0], points[-1]):
            self.fill(arc(x, y, half, half, 0, 360, 12), paint, opacity)

    def shadow(self, half: float, height: float, depth: float = 0.12) -> None:
        """The shadows of a thing so wide and high: where it touches the floor, around it, and away from the window."""
        dark = (62, 44, 34)
        reach = min(height * 0.55, half * 2.4 + 30)
        self.soft(
            [
                (-half * 0.9, 1),
                (half * 0.9, 1),
                (half * 0.95 + reach, height * 0.16),
                (half * 0.2 + reach, height * 0.2),
            ],
            dark,
            0.26,
            9 + height * 0.03,
        )
        self.soft(arc(half * 0.3, -half * 0.02, half * 1.22, half * depth + 2, 0, 360), dark, 0.42, 3 + half * 0.12)
        self.soft(arc(half * 0.05, -0.3, half * 1.0, half * depth * 0.55 + 0.6, 0, 360), dark, 0.72, 1.1 + half * 0.025)

    def turned(
        self,
        profile: Sequence[Point],
        stops: Stops,
        *,
        sag: float = 0.055,
        opacity: float = 1,
        veil: Sequence[tuple[float, float]] = (),
        grain_of: float = 0,
    ) -> None:
        """A body turned on a lathe: (height, radius) from the bottom up, with light that follows its roundness.

        `veil` gives stops of opacity from its left to its right, as of glass; `grain_of` roughens it.
        """
        low, high = profile[0], profile[-1]
        outline = [
            *((-radius, y) for y, radius in reversed(profile)),
            *arc(0, low[0], low[1], low[1] * sag, 180, 360),
            *((radius, y) for y, radius in profile),
            *arc(0, high[0], high[1], high[1] * sag, 0, 180),
        ]
        found = self.canvas.cut(self.points(outline))
        if not found:
            return
        box, mask = found
        body = Image.new("RGB", mask.size)
        alpha = Image.new("L", mask.size, 255) if veil else None
        colours = row_of(stops)
        veils = row_of([(at, (round(v * 255),) * 3) for at, v in veil]).getchannel(0) if veil else None
        scale = self.canvas.camera.scale * self.unit
        middle = self.canvas.pixel((self.x, 0))[0] - box[0]
        base = self.canvas.pixel((0, self.floor))[1] - box[1]
        shade = bytearray()
        for row in range(mask.height):
            y = (base - row - 0.5) / scale
            radius, slope = _radius(profile, y)
            half = max(radius * scale, 0.8)
            width = max(round(half * 2) + 2, 2)
            left = round(middle - half) - 1
            body.paste(colours.resize((width, 1), Image.Resampling.BILINEAR), (left, row))
            if alpha is not None and veils is not None:
                alpha.paste(veils.resize((width, 1), Image.Resampling.BILINEAR), (left, row))
            # Shoulders that face the ceiling are lighter, what faces the floor is darker, and so is the foot.
            shade.append(round(min(max(128 - slope * 60 - max(0, 9 - y) * 1.6, 20), 210)))
        light = Image.frombytes("L", (1, mask.height), bytes(shade)).filter(ImageFilter.GaussianBlur(2))
        light = light.resize(mask.size)
        if grain_of:
            rough = speckle(mask.size, self.canvas.dice, scale * 0.3)
            light = ImageChops.add(light, rough.point(lambda v: round(128 + (v - 128) * grain_of)), 1, -128)
        body = relit(body, light)
        if alpha is not None:
            mask = ImageChops.multiply(mask, alpha)
        self.canvas.lay(box, mask, lambda _w, _h: body, opacity)

    def top(self, y: float, radius: float, paint: Paint, sag: float = 0.055, opacity: float = 1) -> None:
        """The round top of a turned body, seen a little from above."""
        self.fill(arc(0, y, radius, radius * sag, 0, 360, 48), paint, opacity)


# How much red, green and blue is left in less light: shadows are warm.
SHADES = [[round(255 * min(value / 128, 1) ** power) for value in range(256)] for power in (0.86, 1.0, 1.1)]


def relit(image: Image.Image, light: Image.Image) -> Image.Image:
    """The image with more light where `light` is above 128 and less where it is below."""
    shades = [light.point(table) for table in SHADES]
    lighter = light.point(lambda value: max(value - 128, 0))
    dark = ImageChops.multiply(image, Image.merge("RGB", shades))
    return ImageChops.screen(dark, Image.merge("RGB", (lighter,) * 3))


def _radius(profile: Sequence[Point], y: float) -> tuple[float, float]:
    """The radius at a height, and how fast it grows with it."""
    if y <= profile[0][0]:
        return profile[0][1], 0
    for (y0, r0), (y1, r1) in zip(profile, profile[1:], strict=False):
        if y <= y1 and y1 > y0:
            slope = (r1 - r0) / (y1 - y0)
            return r0 + slope * (y - y0), max(min(slope, 1), -1)
    return profile[-1][1], 0
