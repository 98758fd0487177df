"""What is inside: a smear, a pool, drops, a heap, drawn as a relief in raking light."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from shop.demo.studio.backdrops import HUES
from shop.demo.studio.canvas import Canvas, Colour, curve, grain, lit, mix, relit, rgb, row_of

Sheet = Image.Image


def paint_swatch(canvas: Canvas, kind: str, colour: Colour, hue: str) -> None:
    """A table top with a swatch of that kind."""
    _table(canvas, hue)
    {"cream": _cream, "gel": _gel, "oil": _drops, "water": _drops, "foam": _foam, "salt": _heap, "powder": _heap}[kind](
        canvas, kind, colour
    )


def _table(canvas: Canvas, hue: str) -> None:
    base = mix(HUES[hue], (255, 255, 255), 0.35)
    light = row_of([(0, (142,) * 3), (0.5, (126,) * 3), (1, (104,) * 3)]).getchannel(0).resize(canvas.size)
    canvas.image = relit(Image.new("RGB", canvas.size, base), light)
    cell = 120 * canvas.camera.scale
    veins = grain(canvas.size, canvas.dice, (cell, cell * 0.6)).point(lambda v: round(128 + (v - 128) / 50))
    cell = max(4 * canvas.camera.scale, 1.5)
    fine = grain(canvas.size, canvas.dice, (cell, cell)).point(lambda v: round(128 + (v - 128) / 60))
    canvas.image = relit(relit(canvas.image, veins), fine)
    glow = mix(base, (255, 252, 244), 0.85)
    canvas.soft([(-80, 120), (240, -60), (1150, 900), (960, 1250)], glow, 0.34, 60)


def _relief(height: Sheet, reach: int, strength: float) -> Sheet:
    """Light on a surface from the upper left, 128 where it is level."""
    blurred = height.filter(ImageFilter.GaussianBlur(max(reach / 2.2, 0.7)))
    shifted = ImageChops.offset(blurred, reach, reach)
    return ImageChops.subtract(blurred, shifted, 1 / strength, 128)


def _lay(canvas: Canvas, mask: Sheet, sheet: Sheet, shadow: float = 16, opacity: float = 0.5, lift: float = 12) -> None:
    """Put a relief on the table with its shadow."""
    scale = canvas.camera.scale
    for blur, far, dark in ((shadow, lift, opacity), (shadow * 0.25, lift * 0.3, opacity * 0.9)):
        soft = ImageChops.offset(
            mask.filter(ImageFilter.GaussianBlur(blur * scale)), round(far * scale), round(far * scale)
        )
        soft = soft.point(lambda v, dark=dark: round(v * dark))
        canvas.image = Image.composite(
            ImageChops.multiply(canvas.image, Image.new("RGB", canvas.size, (120, 96, 80))), canvas.image, soft
        )
    canvas.image.paste(sheet, (0, 0), mask)


def _cream(canvas: Canvas, _kind: str, colour: Colour) -> None:
    """One broad stroke of a spatula, thick at its end."""
    width, height = canvas.size
    dice = canvas.dice
    scale = canvas.camera.scale
    long, wide = round(860 * scale), round(430 * scale)
    steps = 90
    top, foot = [], []
    for step in range(steps + 1):
        share = step / steps
        swell = 0.30 + 0.12 * math.sin(share * 3.0 + dice.random() * 0.05) + 0.06 * share
        cap = min(
            1.0,
            math.sqrt(max(1 - ((share - 0.86) / 0.14) ** 2, 0)) if share > 0.86 else 1,
            (share / 0.05) ** 0.6 if share < 0.05 else 1,
        )
        rag = dice.uniform(-0.02, 0.02) * (1.6 if share < 0.25 else 0.35)
        top.append((share * long * 0.98, wide * (0.5 - swell * cap + rag)))
        foot.append((share * long * 0.98, wide * (0.5 + swell * cap * 0.92 + dice.uniform(-0.012, 0.012))))
    mask = Image.new("L", (long * 2, wide * 2))
    outline = curve(top[::3], 6) + curve(foot[::3], 6)[::-1]
    ImageDraw.Draw(mask).polygon([(x * 2, y * 2) for x, y in outline], fill=255)
    mask = mask.reduce(2)
    ridges = Image.new("L", (1, wide // 7 + 2))
    ridges.putdata([round(128 + dice.uniform(-58, 58)) for _ in range(ridges.height)])
    ridges = ridges.resize((long, wide), Image.Resampling.BICUBIC)
    drift = grain((long, wide), dice, (180 * scale, 16 * scale))
    # ridges wander a little, and end in a curl
    waves = Image.new("L", (long, wide), 128)
    column = max(round(4 * scale), 2)
    phase = dice.random() * 6
    for x in range(0, long, column):
        share = x / long
        move = round((22 * math.sin(share * 4.2 + phase) + 60 * max(share - 0.72, 0) ** 1.4) * scale)
        waves.paste(ridges.crop((x, 0, min(x + column, long), wide)), (x, move))
    dome = mask.filter(ImageFilter.GaussianBlur(26 * scale))
    edge = mask.filter(ImageFilter.GaussianBlur(7 * scale))
    body = Image.blend(Image.blend(dome, edge, 0.45), Image.blend(waves, drift, 0.3), 0.34)
    curl = Image.new("L", (long, wide))
    ImageDraw.Draw(curl).ellipse((long * 0.70, wide * 0.16, long * 0.985, wide * 0.80), fill=150)
    ImageDraw.Draw(curl).ellipse((long * 0.76, wide * 0.30, long * 0.93, wide * 0.66), fill=60)
    body = ImageChops.add(body, curl.filter(ImageFilter.GaussianBlur(20 * scale)), 2.4, 0)
    turn = dice.uniform(16, 44) * dice.choice((1, -1)) + dice.choice((0, 180))
    big_mask, big_body = Image.new("L", canvas.size), Image.new("L", canvas.size)
    turned_mask, turned_body = (sheet.rotate(turn, Image.Resampling.BICUBIC, expand=True) for sheet in (mask, body))
    place = (width - turned_mask.width) // 2, (height - turned_mask.height) // 2
    big_mask.paste(turned_mask, place)
    big_body.paste(turned_body, place)
    _lit_lump(canvas, big_mask, big_body, colour, gloss=0.55, strength=3.4)


def _lit_lump(canvas: Canvas, mask: Sheet, body: Sheet, colour: Colour, gloss: float, strength: float) -> None:
    scale = canvas.camera.scale
    wide, fine = (
        _relief(body, max(round(9 * scale), 2), strength * 0.55),
        _relief(body, max(round(3 * scale), 1), strength),
    )
    light = ImageChops.add(wide, fine, 1, -128).point(lambda v: round(128 + (v - 128) * (0.62 if v < 128 else 0.85)))
    sheet = relit(Image.new("RGB", canvas.size, lit(colour, 1.02)), light)
    shine = fine.point(lambda v: round(max(v - 172, 0) * 3.4 * gloss) if v > 172 else 0).filter(
        ImageFilter.GaussianBlur(0.8 * scale)
    )
    sheet = ImageChops.screen(sheet, Image.merge("RGB", (shine,) * 3))
    _lay(canvas, mask, sheet)


def _blob(dice: random.Random, x: float, y: float, rx: float, ry: float, uneven: float) -> list[tuple[float, float]]:
    points = []
    phases = [dice.uniform(0, 6.3) for _ in range(4)]
    for step in range(120):
        turn = 2 * math.pi * step / 120
        swell = 1 + uneven * sum(math.sin(turn * (n + 2) + phase) / (n + 1.6) for n, phase in enumerate(phases))
        points.append((x + rx * swell * math.cos(turn), y + ry * swell * math.sin(turn)))
    return points


def _pool(canvas: Canvas, outline: list[tuple[float, float]], colour: Colour, thick: float, clear: float) -> None:
    """A drop of something clear: dark rim on the lit side, light gathered on the other, a window in it."""
    found = Image.new("L", (canvas.size[0] * 2, canvas.size[1] * 2))
    ImageDraw.Draw(found).polygon([tuple(2 * part for part in canvas.pixel(point)) for point in outline], fill=255)
    mask = found.reduce(2)
    scale = canvas.camera.scale
    box = mask.getbbox()
    if not box:
        return
    inside = mask.filter(ImageFilter.GaussianBlur(thick * scale))
    # light goes through: the far rim glows
    through = _relief(inside, max(round(thick * 0.5 * scale), 2), 1.25).point(lambda v: 256 - max(v, 1))
    through = through.point(lambda v: round(128 + (v - 128) * 0.7))
    below = ImageChops.multiply(canvas.image, Image.new("RGB", canvas.size, lit(colour, 1.12)))
    sheet = Image.blend(below, Image.new("RGB", canvas.size, colour), clear)
    sheet = relit(sheet, through)
    for blur, far, dark in ((thick * 0.5, thick * 0.35, 0.45), (thick * 0.12, thick * 0.08, 0.5)):
        soft = ImageChops.offset(
            mask.filter(ImageFilter.GaussianBlur(blur * scale)), round(far * scale), round(far * scale)
        )
        tone = Image.new("RGB", canvas.size, lit(mix(colour, rgb("#8a6a50"), 0.5), 0.72))
        canvas.image = Image.composite(
            ImageChops.multiply(canvas.image, tone), canvas.image, soft.point(lambda v, dark=dark: round(v * dark))
        )
    canvas.image.paste(sheet, (0, 0), mask)
    left, top, right, bottom = (part / scale for part in box)
    w, h = right - left, bottom - top
    shine = [
        (left + w * 0.2, top + h * 0.34),
        (left + w * 0.36, top + h * 0.16),
        (left + w * 0.46, top + h * 0.2),
        (left + w * 0.28, top + h * 0.42),
    ]
    canvas.soft(curve([*shine, shine[0]], 6), (255, 255, 255), 0.92, min(w, h) * 0.014 + 1)
    far = [
        (left + w * 0.6, top + h * 0.86),
        (left + w * 0.84, top + h * 0.62),
        (left + w * 0.8, top + h * 0.76),
        (left + w * 0.68, top + h * 0.86),
    ]
    canvas.soft(curve([*far, far[0]], 6), (255, 252, 240), 0.6, min(w, h) * 0.03 + 1)


def _gel(canvas: Canvas, _kind: str, colour: Colour) -> None:
    dice = canvas.dice
    _pool(canvas, _blob(dice, 500, 640, 300, 250, 0.1), colour, 62, 0.42)
    side = dice.choice((1, -1))
    for x, y, r in ((500 + side * 300, 330, 52), (500 - side * 260, 985, 38), (500 + side * 215, 985, 24)):
        _pool(canvas, _blob(dice, x, y, r, r * 0.92, 0.05), colour, r * 0.42, 0.4)
    for _ in range(26):  # bubbles caught in it
        turn, far = dice.uniform(0, 6.3), 210 * math.sqrt(dice.random())
        x, y, r = 500 + far * math.cos(turn) * 1.1, 640 + far * math.sin(turn) * 0.9, dice.uniform(3, 9)
        ring = [(x + r * math.cos(a / 4), y + r * math.sin(a / 4)) for a in range(25)]
        canvas.soft(ring, lit(colour, 0.5), 0.28, 1.4)
        canvas.soft([(x - r * 0.5, y - r * 0.5), (x, y - r * 0.6), (x - r * 0.1, y)], (255, 255, 255), 0.85, 1.2)


def _drops(canvas: Canvas, kind: str, colour: Colour) -> None:
    dice = canvas.dice
    drops = [
        (430, 560, 190, 175),
        (740, 800, 120, 110),
        (690, 330, 78, 74),
        (270, 880, 92, 86),
        (560, 1010, 48, 46),
        (860, 560, 42, 40),
        (210, 380, 36, 34),
        (480, 240, 24, 24),
    ]
    flip, turn_over = dice.choice((False, True)), dice.choice((False, True))
    for x, y, rx, ry in drops:
        x, y = 1000 - x if flip else x, 1240 - y if turn_over else y
        _pool(
            canvas,
            _blob(dice, x + dice.uniform(-24, 24), y + dice.uniform(-24, 24), rx, ry, 0.035),
            colour,
            rx * 0.42,
            0.1 if kind == "water" else 0.46,
        )


def _foam(canvas: Canvas, _kind: str, colour: Colour) -> None:
    dice = canvas.dice
    outline = _blob(dice, 500, 640, 350, 300, 0.12)
    found = Image.new("L", canvas.size)
    ImageDraw.Draw(found).polygon([canvas.pixel(point) for point in outline], fill=255)
    scale = canvas.camera.scale
    dome = found.filter(ImageFilter.GaussianBlur(60 * scale))
    bubbles = Image.new("L", canvas.size, 60)
    draw = ImageDraw.Draw(bubbles)
    for number in range(5200):
        x, y = dice.uniform(60, 940), dice.uniform(240, 1040)
        r = dice.uniform(3, 9) if number % 14 else dice.uniform(9, 20)
        px, py = canvas.pixel((x, y))
        level = dice.randint(60, 190)
        draw.ellipse((px - r * scale, py - r * scale, px + r * scale, py + r * scale), fill=level)
        draw.ellipse(
            (px - r * 0.6 * scale, py - r * 0.66 * scale, px + r * 0.5 * scale, py + r * 0.44 * scale),
            fill=min(level + 34, 255),
        )
    lumps = grain(canvas.size, dice, (90 * scale, 90 * scale)).filter(ImageFilter.GaussianBlur(16 * scale))
    body = Image.blend(Image.blend(dome, lumps, 0.35), bubbles, 0.1)
    mask = found.filter(ImageFilter.GaussianBlur(2 * scale))
    _lit_lump(canvas, mask, body, mix(colour, (255, 255, 255), 0.75), gloss=0.22, strength=2.1)


def _heap(canvas: Canvas, kind: str, colour: Colour) -> None:
    """A heap of grains, coarse or fine."""
    dice = canvas.dice
    scale = canvas.camera.scale
    fine = kind == "powder"
    outline = _blob(dice, 490, 650, 320, 270, 0.09)
    found = Image.new("L", canvas.size)
    ImageDraw.Draw(found).polygon([canvas.pixel(point) for point in outline], fill=255)
    soft = found.filter(ImageFilter.GaussianBlur(90 * scale))
    lumps = grain(canvas.size, dice, (60 * scale, 60 * scale)).filter(ImageFilter.GaussianBlur(10 * scale))
    body = Image.blend(soft, lumps, 0.2)
    if fine:
        crumbs = grain(canvas.size, dice, (7 * scale, 7 * scale)).filter(ImageFilter.GaussianBlur(1.4 * scale))
        body = Image.blend(body, crumbs, 0.07)
        mask = found.filter(ImageFilter.GaussianBlur(9 * scale))
        rough = grain(canvas.size, dice, (2, 2)).point(lambda v: 255 if v > 110 else 170)
        mask = ImageChops.multiply(mask, ImageChops.lighter(rough, mask.point(lambda v: 255 if v > 235 else 0)))
        _lit_lump(canvas, mask, body, colour, gloss=0.05, strength=2.4)
    else:
        _lit_lump(
            canvas, found.filter(ImageFilter.GaussianBlur(8 * scale)), body, lit(colour, 0.8), gloss=0, strength=2.2
        )
    light = _relief(body, max(round(12 * scale), 2), 1.4)
    inside = found.load()
    lamp = light.load()
    assert inside is not None and lamp is not None
    count = 1400 if fine else 9500
    flecks = [mix(colour, rgb("#c2a13c"), 0.7), mix(colour, rgb("#6f8a4f"), 0.65)]
    for number in range(count):
        turn = dice.uniform(0, 6.3)
        far = abs(dice.gauss(0.62, 0.34)) if fine else math.sqrt(dice.random()) * 1.12 + abs(dice.gauss(0, 0.06))
        x, y = 490 + 335 * far * math.cos(turn), 650 + 285 * far * math.sin(turn)
        if not (10 < x < 990 and 10 < y < 1240):
            continue
        px, py = canvas.pixel((x, y))
        at = min(max(int(px), 0), canvas.size[0] - 1), min(max(int(py), 0), canvas.size[1] - 1)
        r = dice.uniform(0.8, 2.2) if fine else dice.uniform(4, 10) * (1 if inside[at] else 0.8)
        if fine and inside[at]:
            continue
        bright = (lamp[at] / 128) ** 0.9 * dice.uniform(0.86, 1.2)
        tone = flecks[number % 2] if number % 41 == 0 and not fine else colour
        turn = dice.uniform(0, 6.3)
        shape = [
            (
                x + r * math.cos(turn + k * 1.26) * dice.uniform(0.7, 1.1),
                y + r * math.sin(turn + k * 1.26) * dice.uniform(0.6, 1),
            )
            for k in range(5)
        ]
        if not fine:
            canvas.fill([(sx + r * 0.35, sy + r * 0.4) for sx, sy in shape], lit(colour, 0.42), 0.34)
        canvas.fill(shape, lit(tone, min(max(bright, 0.5), 1.6)), 0.95)
        if not fine and number % 3 == 0:
            canvas.fill([shape[0], shape[1], (x, y)], lit(tone, min(bright * 1.3, 1.85)), 0.8)
