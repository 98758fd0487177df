"""Things that are not vessels: soap, combs, cloth, paper, candlesticks and boxes."""

from __future__ import annotations

import math
from typing import Any

from PIL import Image, ImageChops, ImageDraw

from shop.demo.studio.canvas import (
    WHITE,
    Colour,
    Pen,
    Point,
    across,
    arc,
    curve,
    grain,
    lit,
    mix,
    relit,
    rgb,
    rounded,
    row_of,
    speckle,
)
from shop.demo.studio.labels import Words, label, mark
from shop.demo.studio.materials import BRASS, CLEAR, CLEAR_VEIL, STEEL, brushed, liquid, matte, metal
from shop.demo.studio.vessels import Box, flame, wood_sheet

PAPER = rgb("#f3ecdf")


def block(
    pen: Pen,
    half: float,
    height: float,
    deep: float,
    colour: Colour,
    *,
    round_by: float = 0.6,
    rough: float = 0.12,
    cell: float = 0.4,
) -> None:
    """A box of some stuff: its front, and its top seen a little from above."""
    pen.shadow(half, height * 1.2, 0.1)
    inset = deep * 0.22
    worn = curve_corners(
        [(-half, height - 1), (-half + inset, height + deep), (half - inset, height + deep), (half, height - 1)],
        round_by,
    )
    textured(pen, [(-half, height - 1), *worn[2:6], (half, height - 1)], lit(colour, 1.14), rough * 0.7, cell)
    textured(pen, rounded(-half, 0, half, height, round_by, 0.6), colour, rough, cell)
    pen.stroke([(-half + 0.6, height - 0.3), (half - 0.6, height - 0.3)], 0.5, lit(colour, 1.3), 0.4)


def curve_corners(points: list[Point], radius: float) -> list[Point]:
    """The shape with its corners a little worn."""
    found: list[Point] = []
    for before, here, after in zip([points[-1], *points], points, [*points[1:], points[0]], strict=False):
        for other in (before, after):
            length = math.dist(here, other) or 1
            share = min(radius / length, 0.5)
            found.append((here[0] + (other[0] - here[0]) * share, here[1] + (other[1] - here[1]) * share))
    return found


def textured(pen: Pen, outline: list[Point], colour: Colour, rough: float, cell: float = 0.3, fall: float = 1) -> None:
    """A flat face of some stuff, with light from the left."""
    if not (found := pen.canvas.cut(pen.points(outline))):
        return
    box, mask = found
    sheet = row_of([(0, lit(colour, 1.02)), (0.3, lit(colour, 1.1)), (1, lit(colour, 1 - 0.24 * fall))]).resize(
        mask.size
    )
    fibres = speckle(mask.size, pen.canvas.dice, cell * pen.unit * pen.canvas.camera.scale)
    sheet = relit(sheet, fibres.point(lambda v: round(128 + (v - 128) * rough)))
    shade = Image.linear_gradient("L").resize(mask.size).point(lambda v: round(136 - v * 0.14))
    pen.canvas.lay(box, mask, lambda _w, _h: relit(sheet, shade))


def weave(pen: Pen, outline: list[Point], colour: Colour, thread: float = 0.5, rough: float = 0.11) -> None:
    """A face of woven cloth."""
    if not (found := pen.canvas.cut(pen.points(outline))):
        return
    box, mask = found
    step = max(thread * pen.unit * pen.canvas.camera.scale, 1.5)
    dice = pen.canvas.dice
    warp, weft = grain(mask.size, dice, (step, step * 26)), grain(mask.size, dice, (step * 26, step))
    cloth = Image.blend(warp, weft, 0.5).point(lambda v: round(128 + (v - 128) * rough))
    sheet = row_of([(0, lit(colour, 1.0)), (0.3, lit(colour, 1.12)), (1, lit(colour, 0.78))]).resize(mask.size)
    shade = Image.linear_gradient("L").resize(mask.size).point(lambda v: round(138 - v * 0.16))
    pen.canvas.lay(box, mask, lambda _w, _h: relit(relit(sheet, cloth), shade))


def soap(pen: Pen, look: Any, words: Words) -> Box:
    """A bar; with `shape` "stamped" it bears the brand's sign, otherwise a band of paper."""
    if look.shape == "stamped":
        second = pen.moved(-17, 37)
        block(pen, 44, 36, 15, lit(look.body, 0.94), round_by=3.4, rough=0.16, cell=0.7)
        _stamp(pen, words, look.body, 18)
        second = pen.moved(-7, 40)
        block(second, 41, 35, 14, look.body, round_by=3.4, rough=0.16, cell=0.7)
        _stamp(second, words, look.body, 17.5)
        return -34, 44, 26, 72
    block(pen, 46, 32, 17, look.body, round_by=4, rough=0.12)
    second = pen.moved(8, 37)
    block(second, 43, 30, 15, lit(look.body, 1.05), round_by=4, rough=0.12)
    for bar, height, deep in ((pen, 32, 17), (second, 30, 15)):
        paper = look.paper or words.house.paper
        bar.fill([(-23, height), (23, height), (21.5, height + deep), (-21.5, height + deep)], lit(paper, 1.1))
        bar.soft([(23, 0.5), (24.4, 0.5), (24.4, height), (23, height)], (60, 44, 30), 0.4, 0.7)
        label(bar, words, (-23, 0.2, 23, height), round_body=False, paper=paper)
    return -15, 37, 31, 67


def _stamp(pen: Pen, words: Words, colour: Colour, y: float) -> None:
    """The brand pressed into soap."""
    for dx, dy, ink in ((0.35, -0.35, lit(colour, 1.3)), (0, 0, lit(colour, 0.55))):
        label(pen.moved(dx, dy), words, (-30, y - 14, 30, y + 14), round_body=False, printed=True, ink=ink)


def round_bar(pen: Pen, look: Any, words: Words) -> Box:
    """A round bar that leans on its tin."""
    pen.shadow(37, 26)
    pen.turned([(0, 35), (1, 36), (22, 36), (24, 35)], brushed(STEEL), sag=0.12)
    pen.top(24, 35, lit(STEEL, 1.2), 0.12)
    pen.stroke(arc(0, 14, 36, 36 * 0.12, 182, 358, 40), 0.6, lit(STEEL, 0.5), 0.6)
    bar = pen.moved(6, 53)
    bar.soft(arc(4, -4, 33, 33, 0, 360), (62, 44, 34), 0.5, 4)
    disc = [(x + 5, y - 2.4) for x, y in arc(0, 0, 32.5, 32.5, 0, 360, 80)]
    textured(bar, disc, lit(look.body, 0.72), 0.12)
    textured(bar, arc(0, 0, 32.5, 32.5, 0, 360, 80), look.body, 0.14, 0.5)
    bar.stroke(arc(0, 0, 31.6, 31.6, 60, 240, 60), 0.9, lit(look.body, 1.4), 0.5)
    bar.stroke(arc(0, 0, 27, 27, 0, 360, 80), 0.5, lit(look.body, 0.68), 0.7)
    dice = pen.canvas.dice
    for _ in range(60):
        turn, far = dice.uniform(0, 360), 29 * math.sqrt(dice.random())
        x, y = far * math.cos(turn), far * math.sin(turn)
        bar.stroke([(x, y), (x + dice.uniform(-1.2, 1.2), y + dice.uniform(-1, 1))], 0.5, lit(look.accent, 0.8), 0.6)
    for dx, dy, ink in ((0.3, -0.3, lit(look.body, 1.3)), (0, 0, lit(look.body, 0.5))):
        label(bar.moved(dx, dy), words, (-21, -17, 21, 17), round_body=False, printed=True, ink=ink)
    return -18, 32, 30, 74


def tapers(pen: Pen, look: Any, words: Words) -> Box:
    """Two tall candles in low holders."""
    for x, high in ((-22, 236), (22, 222)):
        one = pen.moved(x)
        one.shadow(17, 60)
        one.soft(arc(0, high + 12, 40, 40, 0, 360), rgb("#ffdf9e"), 0.3, 20)
        profile = [(6 + (high - 6) * at / 20, 10.6 - 3.4 * (at / 20) ** 1.4) for at in range(20)]
        one.turned([*profile, (high - 4, 6.4), (high, 3.4), (high + 2.6, 1.2)], matte(look.body), grain_of=0.16)
        one.stroke([(0, high + 1), (0.3, high + 8)], 1.1, (48, 40, 34))
        flame(one, 0.2, high + 6, 1.25)
        one.turned([(0, 21), (1.4, 21), (3, 12.6), (15, 12), (16, 12.6)], metal(BRASS), sag=0.1)
    return -46, 176, 46, 268


def snuffer(pen: Pen, look: Any, words: Words) -> Box:
    """It leans against a candle."""
    stand = pen.moved(-24)
    stand.shadow(21, 80)
    stand.turned([(0, 21), (96, 21)], matte(rgb("#efe4cd")), sag=0.09, grain_of=0.1)
    stand.top(96, 21, rgb("#f7efdf"), 0.11)
    stand.top(95.4, 17, rgb("#e6d8bb"), 0.1)
    stand.stroke([(0, 96), (0.6, 102)], 1.2, (48, 40, 34))
    stand.stroke(curve([(0.6, 103), (-3, 122), (3, 140), (-2, 168), (2, 192)], 8), 2.2, WHITE, 0.13)
    handle = curve([(58, 2), (40, 60), (20, 118), (10, 150)], 12)
    pen.soft(
        curve([(66, 0), (52, 56), (36, 116)], 12) + curve([(38, 116), (56, 54), (70, 0)], 12), (62, 44, 34), 0.4, 4
    )
    pen.stroke(handle, 3.6, across([(0, lit(BRASS, 0.6)), (0.3, lit(BRASS, 1.5)), (0.6, BRASS), (1, lit(BRASS, 0.6))]))
    pen.stroke([(x - 0.8, y) for x, y in handle], 0.8, lit(BRASS, 1.75), 0.8)
    bell = pen.moved(2, 130)
    bell.turned(
        [(0, 15.5), (2.4, 15.2), (10, 12.5), (19, 8.4), (24, 4.6), (27, 2.6), (29, 2.4)], metal(BRASS), sag=0.12
    )
    bell.stroke(arc(0, 0, 15.5, 15.5 * 0.12, 180, 360, 30), 0.9, lit(BRASS, 1.5))
    pen.fill(arc(10, 151, 3.2, 3.2, 0, 360), across([(0, lit(BRASS, 1.5)), (1, lit(BRASS, 0.6))]))
    ball = pen.moved(58, 0)
    ball.turned(
        [(4 + 4 * math.sin(math.radians(a)), max(4 * math.cos(math.radians(a)), 0.2)) for a in range(-90, 91, 10)],
        metal(BRASS),
    )
    return -16, 118, 28, 166


def brush(pen: Pen, look: Any, words: Words) -> Box:
    """A long-handled brush, upright, seen from the side of its bristles."""
    pen.shadow(16, 200, 0.2)
    pen.soft([(10, 2), (24, 2), (92, 215), (70, 225)], (62, 44, 34), 0.34, 9)
    dice = pen.canvas.dice
    head = arc(0, 192, 31, 52, 0, 360, 80)
    handle = [
        *curve([(-8, 8), (-7.4, 60), (-8.6, 110), (-14, 150)], 8),
        *curve([(14, 150), (8.6, 110), (7.4, 60), (8, 8)], 8),
        *arc(0, 8, 8, 7, 0, -180, 16),
    ]
    for outline, shade in ((handle, 1.0), (head, 1.04)):
        found = pen.canvas.cut(pen.points(outline))
        if found:
            sheet = wood_sheet(pen, found[1].size, lit(look.body, shade), along=False)
            pen.canvas.lay(found[0], found[1], lambda _w, _h, sheet=sheet: sheet)
    pen.stroke(arc(0, 192, 30.6, 51.6, 80, 215, 40), 0.9, lit(look.body, 1.4), 0.6)
    pen.soft(arc(2, 191, 26, 46, 0, 360), (62, 40, 24), 0.7, 2.2)
    tufts = []
    for ring_at in range(7):
        far = ring_at / 6
        count = max(round(34 * far), 1)
        tufts += [
            (0 + 23 * far * math.cos(2 * math.pi * at / count), 192 + 43 * far * math.sin(2 * math.pi * at / count))
            for at in range(count)
        ]
    for x, y in sorted(tufts, key=lambda tuft: -tuft[1]):
        for _ in range(26):
            ex, ey = x * 1.06 + dice.gauss(0, 1.7), y + dice.gauss(0, 1.8) + 1.6
            shade = dice.uniform(0.62, 1.28) * (1.06 - 0.006 * (x + 24))
            pen.stroke([(x, y - 1), (ex, ey)], 0.34, lit(look.accent, shade), 0.9)
    pen.fill(arc(0, 16, 2.2, 2.2, 0, 360), lit(look.body, 0.36))
    pen.stroke(curve([(0, 16), (10, 4), (16, -3), (7, -5), (0, 12)], 8), 1.4, rgb("#efe6d2"))
    label(pen.moved(0, 0), words, (-6, 46, 6, 104), round_body=False, printed=True, ink=lit(look.body, 0.45))
    return -30, 150, 30, 240


def comb(pen: Pen, look: Any, words: Words) -> Box:
    """A comb that leans against a stone, its teeth to the left."""
    pen.soft([(10, 0), (30, 0), (70, 150), (44, 160)], (62, 44, 34), 0.4, 7)
    pen.shadow(19, 60)
    spine = curve([(20, 0), (22, 40), (22.5, 90), (21, 140), (16, 172), (8, 178)], 10)
    back = [*spine, (2, 172), (2, 4), (10, 0)]
    teeth: list[list[Point]] = []
    y = 8.0
    while y < 168:
        gap = 4.6 if y < 88 else 2.7
        thick = gap * 0.56
        length = 26 * math.sin(math.pi * min(max((y + 14) / 196, 0.12), 0.92)) ** 0.34
        teeth.append(
            [
                (4, y),
                (4, y + thick),
                (-length + 2, y + thick * 0.78),
                (-length, y + thick * 0.5),
                (-length + 2, y + thick * 0.22),
            ]
        )
        y += gap
    for tooth in teeth:
        pen.soft([(px + 3, py - 1.6) for px, py in tooth], (62, 44, 34), 0.3, 1.6)
    for outline in (*teeth, back):
        found = pen.canvas.cut(pen.points(outline))
        if found:
            sheet = wood_sheet(pen, found[1].size, look.body, along=outline is not back)
            pen.canvas.lay(found[0], found[1], lambda _w, _h, sheet=sheet: sheet)
    pen.stroke([(x - 0.8, y) for x, y in spine[6:-6]], 0.9, lit(look.body, 1.4), 0.6)
    pen.stroke([(3, 10), (3, 168)], 0.5, lit(look.body, 0.6), 0.5)
    mark_pen = pen.moved(12, 92)
    label(mark_pen, words, (-7.5, -20, 7.5, 20), round_body=False, printed=True, ink=lit(look.body, 0.4))
    return -26, 60, 22, 130


def booklet(pen: Pen, look: Any, words: Words) -> Box:
    """A small book of papers, with one of them folded and smoking."""
    pen.shadow(30, 84, 0.06)
    for leaf in range(5):
        pen.fill(
            [
                (-29 + leaf * 0.7, 0),
                (31 + leaf * 0.8, 0),
                (31 + leaf * 0.8, 90 - leaf * 0.4),
                (-29 + leaf * 0.7, 90 - leaf * 0.4),
            ],
            lit(PAPER, 0.72 + leaf * 0.07 % 0.2),
        )
    textured(pen, rounded(-31, 0, 29, 91, 0.8), look.body, 0.09)
    pen.stroke([(-26.5, 0.6), (-26.5, 90.4)], 0.5, lit(look.body, 0.6), 0.6)
    label(pen, words, (-22, 14, 24, 80), round_body=False, paper=look.paper)
    strip = pen.moved(50, -4)
    strip.shadow(17, 18)
    points: list[Point] = []
    for fold in range(7):
        points.append((-16 + fold * 5.4, 2 + (7.5 if fold % 2 else 0)))
    for at, ((ax, ay), (bx, by)) in enumerate(zip(points, points[1:], strict=False)):
        strip.fill(
            [(ax, ay), (bx, by), (bx, by + 15), (ax, ay + 15)], lit(rgb("#e9dcc0"), 1.12 if at % 2 == 0 else 0.86)
        )
    strip.stroke([(16.4, 9.5 - 7.5), (16.4, 24.5 - 7.5)], 1.0, rgb("#3a2c24"))
    strip.stroke([(16.7, 4), (16.7, 15)], 0.5, rgb("#ef8a3c"))
    for number in range(3):
        strip.stroke(
            curve([(17, 18), (13 + number, 42), (22 - number * 2, 66), (12 + number * 3, 92), (22, 122)], 10),
            2.4 - number * 0.6,
            WHITE,
            0.16,
        )
    return -24, 10, 26, 84


def sachets(pen: Pen, look: Any, words: Words) -> Box:
    """Three little cotton bags tied with cord."""
    for x, y, size, colour in (
        (-27, 9, 0.92, lit(look.body, 0.97)),
        (29, 8, 0.94, lit(look.body, 0.98)),
        (0, -4, 1.06, look.body),
    ):
        one = pen.moved(x, y, size)
        one.shadow(25, 60)
        bag = curve(
            [
                (-22, 1),
                (-26.5, 14),
                (-24, 34),
                (-11, 48),
                (-6.5, 52),
                (-12, 60),
                (-15.5, 70),
                (-8, 67.5),
                (-3, 71),
                (3, 68.5),
                (9, 71.5),
                (16, 69),
                (12, 60),
                (6.5, 52),
                (11, 48),
                (24, 34),
                (26.5, 14),
                (22, 1),
                (10, -1),
                (-10, -1),
                (-22, 1),
            ],
            8,
        )
        weave(one, bag, colour)
        for fold, lean in ((-13, -4), (-4.5, -1.4), (5, 1.6), (13, 4)):
            one.soft([(fold * 0.34, 50), (fold * 0.34 + 1.1, 50), (fold + 2, 27), (fold, 27)], (70, 56, 44), 0.46, 1.3)
            one.soft(
                [(lean * 1.1, 54), (lean * 1.1 + 1, 54), (lean * 2.3 + 1.4, 67), (lean * 2.3, 67)],
                (70, 56, 44),
                0.5,
                0.9,
            )
        one.soft([(-17, 10), (-5, 12), (-7, 36), (-16, 32)], WHITE, 0.3, 4)
        one.stroke(curve([(-7, 51.4), (0, 49.8), (7, 51.4)], 8), 1.9, look.accent)
        one.stroke(curve([(1, 50.4), (8, 44), (6, 34)], 8), 0.9, look.accent)
        one.stroke(curve([(0, 50.4), (-4, 44), (-9, 38)], 8), 0.9, look.accent)
        if size > 1:
            tag = (-14, 7, 14, 29)
            label(one, words, tag, round_body=False, paper=look.paper)
    dice = pen.canvas.dice
    for _ in range(46):
        x, y = dice.uniform(-56, 60), -13 + dice.gauss(0, 3)
        pen.fill(
            arc(x, y, 1.1, 0.7, dice.uniform(0, 90), dice.uniform(270, 400), 7),
            mix(rgb("#8a7ba8"), rgb("#5e6b52"), dice.random() * 0.5),
        )
    return -16, 2, 16, 30


def gloves(pen: Pen, look: Any, words: Words) -> Box:
    """A pair of cotton gloves laid on one another."""
    pen.shadow(36, 70, 0.1)
    for x, turn, light in ((22, -16, 0.92), (-8, 3, 1.0)):
        one = pen.moved(x, 4)
        hand = [
            (-19, 0),
            (-20, 40),
            (-24, 74),
            (-33, 92),
            (-38, 104),
            (-33, 109),
            (-26, 103),
            (-18, 90),
            (-17, 110),
            (-18, 138),
            (-13, 142),
            (-8.6, 138),
            (-7, 112),
            (-5.5, 112),
            (-4.6, 150),
            (0, 154),
            (4.6, 150),
            (5, 112),
            (6.6, 112),
            (9, 143),
            (13.4, 146),
            (17, 142),
            (16.6, 110),
            (18.4, 108),
            (21.4, 128),
            (25.4, 130),
            (28.4, 126),
            (26.4, 96),
            (23, 70),
            (20, 40),
            (19, 0),
        ]
        radians = math.radians(turn)
        turned = [
            (px * math.cos(radians) - py * math.sin(radians), px * math.sin(radians) + py * math.cos(radians))
            for px, py in hand
        ]
        smooth = curve(turned, 6)
        one.soft([(px + 3, py - 2) for px, py in smooth], (62, 44, 34), 0.4, 3)
        weave(one, smooth, lit(look.body, light), 0.42, 0.06)
        for y in (4, 7, 10, 13, 16):
            ends = [
                (-19 * math.cos(radians) - y * math.sin(radians), -19 * math.sin(radians) + y * math.cos(radians)),
                (19.4 * math.cos(radians) - y * math.sin(radians), 19.4 * math.sin(radians) + y * math.cos(radians)),
            ]
            one.stroke(ends, 0.5, lit(look.body, 0.7), 0.6)
        one.stroke(smooth, 0.35, lit(look.body, 0.68), 0.5)
        one.soft([(-8, 40), (0, 36), (6, 84), (-4, 90)], WHITE, 0.28, 5)
        for fx in (-12.4, 0, 12.4):
            one.soft([(fx + 3, 84), (fx + 4, 84), (fx + 3.6, 110), (fx + 3, 110)], (80, 66, 54), 0.4, 1.2)
    label(pen.moved(-4, 4), words, (-19, 22, 19, 54), round_body=False, paper=look.paper)
    return -40, 30, 44, 130


def pouch(pen: Pen, look: Any, words: Words) -> Box:
    """A zipped pouch of washed linen that stands by itself."""
    pen.shadow(64, 84, 0.1)
    body = curve(
        [
            (-60, 1),
            (-65, 24),
            (-63, 60),
            (-60, 84),
            (-30, 87),
            (0, 85.4),
            (30, 87.4),
            (60, 84),
            (63, 60),
            (65, 24),
            (60, 1),
            (30, -1.4),
            (0, -0.4),
            (-30, -1.6),
            (-60, 1),
        ],
        10,
    )
    weave(pen, body, look.body, 0.55)
    dice = pen.canvas.dice
    for _ in range(16):  # linen is never smooth
        x, y = dice.uniform(-54, 50), dice.uniform(10, 72)
        dx, dy = dice.uniform(-9, 9), dice.uniform(8, 20)
        fold = [(x, y), (x + 2.6, y), (x + dx + 1.6, y + dy), (x + dx, y + dy)]
        pen.soft(fold, lit(look.body, 0.4), 0.3, 2.6)
        pen.soft([(px - 3, py + 0.8) for px, py in fold], WHITE, 0.2, 2.4)
    pen.soft([(-56, 2), (56, 2), (54, 10), (-54, 10)], lit(look.body, 0.42), 0.42, 5)
    pen.stroke(curve([(-61, 80), (-30, 82.4), (0, 81), (30, 82.8), (61, 80)], 10), 4.6, lit(look.body, 0.72))
    pen.stroke(curve([(-60, 80), (-30, 82.4), (0, 81), (30, 82.8), (60, 80)], 10), 1.5, BRASS)
    for step in range(88):
        x = -60 + step * 120 / 88
        pen.stroke([(x, 80.2), (x, 82.6)], 0.4, lit(BRASS, 0.62), 0.7)
    pen.fill(rounded(44, 76, 52, 84.6, 1.6), across([(0, lit(BRASS, 1.4)), (1, lit(BRASS, 0.7))]))
    pen.stroke(curve([(48, 77), (52, 66), (49, 55)], 8), 2.6, lit(rgb("#8a5a38"), 1.0))
    pen.stroke([(-62.4, 20), (-62.6, 60)], 0.4, lit(look.body, 0.7), 0.5)
    for x in range(-58, 60, 3):
        pen.stroke([(x, 73.6), (x + 1.7, 73.7)], 0.4, lit(look.body, 1.3), 0.7)
    label(pen, words, (-17, 24, 17, 48), round_body=False, paper=look.paper or rgb("#efe6d6"))
    return -26, 34, 62, 92


def gift_card(pen: Pen, look: Any, words: Words) -> Box:
    """A printed card before its envelope."""
    pen.shadow(56, 60, 0.05)
    back = pen.moved(8, 8)
    textured(back, rounded(-60, 0, 60, 84, 0.8), look.accent, 0.05)
    back.fill([(-60, 84), (60, 84), (0, 40)], lit(look.accent, 1.08))
    back.soft([(-60, 83), (0, 39), (60, 83), (0, 42)], (70, 52, 40), 0.4, 1.4)
    front = pen.moved(-8, -4)
    front.soft(rounded(-51, -1, 56, 68, 1), (62, 44, 34), 0.5, 4)
    textured(front, rounded(-54, 0, 54, 70, 1.4), look.body, 0.05)
    front.fill(rounded(-54, 0, 54, 70, 1.4), look.body, 0.15)
    label(front, words, (-44, 4, 44, 64), round_body=False, printed=True, ink=look.ink or rgb("#1f5c4d"))
    return -50, 0, 34, 62


def furoshiki(pen: Pen, look: Any, words: Words) -> Box:
    """A box wrapped in a cloth, with its two ears tied."""
    pen.shadow(58, 100)
    body = curve(
        [
            (-54, 0),
            (-58, 30),
            (-55, 68),
            (-40, 80),
            (-14, 86),
            (14, 86),
            (40, 80),
            (55, 68),
            (58, 30),
            (54, 0),
            (20, -2),
            (-20, -2),
            (-54, 0),
        ],
        10,
    )
    weave(pen, body, look.body, 0.4)
    found = pen.canvas.cut(pen.points(body))
    if found:  # the print: small flowers of the house in rows
        box, mask = found
        sheet = Image.new("L", mask.size)
        draw = ImageDraw.Draw(sheet)
        step = 15 * pen.unit * pen.canvas.camera.scale
        origin = pen.canvas.pixel(pen.points([(0, 0)])[0])
        for row in range(-1, 9):
            for column in range(-6, 7):
                x = origin[0] - box[0] + (column + (row % 2) / 2) * step
                y = origin[1] - box[1] - row * step * 0.86
                mark(draw, "aster", x, y, step * 0.46, 205)
        pen.canvas.lay(box, ImageChops.multiply(sheet, mask), lit(look.accent, 1.0), 0.85)
    dark = lit(look.body, 0.36)
    for fold in (
        [(-52, 66), (-4, 84), (-6, 80), (-48, 54)],
        [(52, 66), (4, 84), (6, 80), (46, 50)],
        [(-40, 76), (-3, 86), (-5, 82), (-30, 62)],
        [(40, 76), (3, 86), (5, 82), (28, 60)],
        [(-20, 6), (-4, 80), (-2, 80), (-12, 8)],
        [(24, 6), (4, 80), (2, 80), (16, 8)],
    ):
        pen.soft(fold, dark, 0.5, 2.4)
    for side in (-1, 1):
        ear = curve(
            [(0, 88), (side * 14, 104), (side * 36, 118), (side * 52, 108), (side * 44, 96), (side * 20, 90), (0, 86)],
            8,
        )
        pen.soft([(x + 3, y - 3) for x, y in ear], (50, 36, 28), 0.4, 3)
        weave(pen, ear, lit(look.body, 1.06 if side < 0 else 0.94), 0.4)
        pen.soft([(side * 5, 91), (side * 6, 94), (side * 38, 110), (side * 40, 106)], dark, 0.5, 1.8)
    knot = curve([(-11, 82), (-13, 91), (-6, 99), (6, 99), (13, 91), (11, 82), (0, 78), (-11, 82)], 8)
    pen.soft([(x + 1, y - 3) for x, y in knot], (50, 36, 28), 0.5, 2.4)
    weave(pen, knot, lit(look.body, 1.1), 0.4)
    pen.soft([(-3, 80), (0, 80), (4, 98), (2, 98)], dark, 0.5, 1.3)
    return -40, 50, 44, 118


def open_box(
    pen: Pen,
    half: float,
    height: float,
    colour: Colour,
    words: Words,
    *,
    lid: bool = True,
    paper: Colour | None = None,
    cloth: bool = False,
) -> None:
    """The back of a gift box, its lid leaning behind it; what it holds is drawn next, then box_front()."""
    if lid:
        behind = pen.moved(0, height * 0.9)
        outline = [(-half * 0.98, 0), (half * 0.98, 0), (half * 0.95, half * 1.02), (-half * 0.95, half * 1.02)]
        pen.soft([(x + 9, y + 2) for x, y in pen_points(outline, height)], (62, 44, 34), 0.42, 9)
        (weave if cloth else _plain)(behind, outline, lit(colour, 0.98))
        inner = [(-half * 0.93, 0), (half * 0.93, 0), (half * 0.9, half * 0.97), (-half * 0.9, half * 0.97)]
        _plain(behind, inner, lit(paper or PAPER, 0.97))
    pen.shadow(half, height * 1.4, 0.08)
    _plain(pen, [(-half, 0), (half, 0), (half, height), (-half, height)], lit(paper or PAPER, 0.7))


def pen_points(outline: list[Point], lift: float) -> list[Point]:
    return [(x, y + lift) for x, y in outline]


def _plain(pen: Pen, outline: list[Point], colour: Colour) -> None:
    textured(pen, outline, colour, 0.05)


def box_front(
    pen: Pen,
    half: float,
    height: float,
    colour: Colour,
    words: Words,
    *,
    cloth: bool = False,
    paper: Colour | None = None,
    ribbon: Colour | None = None,
) -> Box:
    """The front of a gift box, with the set's label."""
    outline = rounded(-half, 0, half, height, 0.8)
    (weave if cloth else _plain)(pen, outline, colour)
    pen.stroke([(-half + 0.4, height), (half - 0.4, height)], 1.1, lit(colour, 1.28))
    if ribbon:
        for x in (-half * 0.72,):
            pen.fill(
                [(x - 3.4, 0), (x + 3.4, 0), (x + 3.4, height), (x - 3.4, height)],
                across([(0, lit(ribbon, 0.8)), (0.4, lit(ribbon, 1.2)), (1, lit(ribbon, 0.75))]),
            )
    wide = min(half * 0.62, height * 0.84)
    box = (-wide, height * 0.12, wide, height * 0.88)
    label(pen, words, box, round_body=False, paper=paper)
    return box


def shavings(pen: Pen, half: float, y: float, colour: Colour, count: int = 130) -> None:
    """Wood wool or tissue at the rim of a box."""
    dice = pen.canvas.dice
    for _ in range(count):
        x = dice.uniform(-half * 0.94, half * 0.94)
        size = dice.uniform(4, 9)
        start = dice.uniform(0, 180)
        points = arc(x, y + dice.uniform(-5, 3), size, size * 0.5, start, start + dice.uniform(120, 250), 14)
        pen.stroke(points, dice.uniform(0.7, 1.6), lit(colour, dice.uniform(0.68, 1.25)))


def vial_row(pen: Pen, half: float, colours: list[Colour]) -> None:
    """Sample vials side by side."""
    step = half * 1.72 / len(colours)
    for number, colour in enumerate(colours):
        one = pen.moved(-half * 0.86 + step * (number + 0.5), 0)
        one.turned([(0, 4.2), (34, 4.2)], liquid(colour), opacity=0.92)
        one.turned([(0, 5), (44, 5), (46, 4)], CLEAR, veil=CLEAR_VEIL)
        one.turned([(45, 4.6), (60, 4.6)], matte(rgb("#2a2824")))
        one.top(60, 4.6, mix(rgb("#2a2824"), WHITE, 0.2))
