"""Bottles, jars, tubes and tins. Each function draws one on a pen and returns where its label is, in millimetres."""

from __future__ import annotations

import math
from typing import Any

from PIL import ImageFilter

from shop.demo.studio.canvas import (
    WHITE,
    Colour,
    Pen,
    Point,
    across,
    arc,
    curve,
    down,
    grain,
    lit,
    mix,
    relit,
    rgb,
    rounded,
    row_of,
)
from shop.demo.studio.labels import Words, label
from shop.demo.studio.materials import (
    BLACK,
    BRASS,
    CLEAR,
    CLEAR_VEIL,
    CORK,
    CREAM,
    OAK,
    STEEL,
    WALNUT,
    brushed,
    gloss,
    liquid,
    matte,
    metal,
    satin,
    tinted_glass,
)  # fmt: skip

Box = tuple[float, float, float, float]
CAPS: dict[str, tuple[Colour, Any]] = {
    "black": (BLACK, satin), "brass": (BRASS, metal), "steel": (STEEL, metal), "oak": (OAK, matte),
    "walnut": (WALNUT, matte),
    "cork": (CORK, matte), "cream": (CREAM, satin), "green": (rgb("#1f5c4d"), satin),
    "navy": (rgb("#2d3d4d"), satin), "clay": (rgb("#a4552e"), satin), "rose": (rgb("#c59a8c"), metal),
    "olive": (rgb("#6a6b45"), satin),
}  # fmt: skip


def lathe_cap(
    pen: Pen, kind: str, y0: float, y1: float, radius: float, *, taper: float = 0, ribbed: bool = False
) -> None:
    """A lid from y0 up to y1."""
    colour, material = CAPS[kind]
    edge = min((y1 - y0) * 0.12, radius * 0.12, 1.6)
    profile = [
        (y0, radius),
        (y1 - edge, radius - taper),
        (y1 - edge * 0.3, radius - taper - edge * 0.4),
        (y1, radius - taper - edge),
    ]
    pen.turned(profile, material(colour), grain_of=0.22 if material is matte else 0.03)
    pen.top(y1, radius - taper - edge, lit(colour, 1.22 if material is not metal else 1.3))
    if ribbed:
        for step in range(1, 30):
            x = math.cos(math.pi * step / 30) * radius * 0.995
            pen.stroke(
                [(x, y0 + 0.6 - 0.05 * math.sqrt(max(radius**2 - x * x, 0))), (x, y1 - edge * 1.8)],
                radius * 0.018,
                lit(colour, 0.55),
                0.45,
            )
    if material is matte and kind in {"oak", "walnut"}:
        _grain_lines(pen, y0, y1 - edge, radius, colour)


def _grain_lines(pen: Pen, y0: float, y1: float, radius: float, colour: Colour) -> None:
    dice = pen.canvas.dice
    for _ in range(9):
        x = radius * dice.uniform(-0.9, 0.9)
        lean = radius * dice.uniform(-0.05, 0.05)
        pen.stroke(
            curve([(x, y0 + 0.3), (x + lean, (y0 + y1) / 2), (x, y1)], 6),
            radius * dice.uniform(0.008, 0.02),
            lit(colour, 0.6),
            0.35,
        )


def bottle_profile(radius: float, height: float, neck: float, shoulder: float) -> list[Point]:
    """From the foot up to the neck, with round shoulders."""
    foot = [(0.0, radius * 0.93), (0.8, radius * 0.975), (2.2, radius)]
    curve_up = [
        (
            height - shoulder + shoulder * math.sin(math.radians(a)),
            neck + (radius - neck) * math.cos(math.radians(a)) ** 0.9,
        )
        for a in range(0, 91, 6)
    ]
    return [*foot, *curve_up]


def filled(pen: Pen, look: Any, profile: list[Point], level: float, wall: float) -> None:
    """Glass and what is in it, or a body that cannot be looked into."""
    body = look.body
    if look.stuff == "glass":
        inside = [(max(y, wall * 1.6), max(r - wall, 0.5)) for y, r in profile if y <= level]
        inside.append((level, inside[-1][1]))
        pen.turned(inside, liquid(body), opacity=0.9)
        pen.top(level, inside[-1][1], mix(body, WHITE, 0.4), 0.055, 0.9)
        pen.turned(profile, CLEAR, veil=CLEAR_VEIL)
        r = profile[2][1]
        pen.stroke(arc(0, wall * 1.2, r * 0.9, r * 0.05, 185, 355, 20), 0.5, lit(body, 0.7), 0.5)
    elif look.stuff == "amber":
        pen.turned(profile, tinted_glass(body))
    else:
        material = {"matte": matte, "satin": satin, "gloss": gloss, "metal": brushed}[look.stuff]
        pen.turned(profile, material(body), grain_of=0.05 if look.stuff == "matte" else 0)


def round_label(pen: Pen, look: Any, words: Words, box: Box, radius: float) -> Box:
    """A label around a round body."""
    label(pen, words, box, bend=radius * 0.055 * 0.9, paper=look.paper, ink=look.ink, printed=look.printed)
    return box


def dropper(pen: Pen, look: Any, words: Words) -> Box:
    profile = bottle_profile(17, 62, 8.6, 10)
    pen.shadow(17, 104)
    filled(pen, look, profile, 52, 1.6)
    pen.turned([(61, 8.6), (64, 8.6)], tinted_glass(look.body) if look.stuff == "amber" else CLEAR, opacity=0.9)
    bulb = [(77, 5.2), (80, 5.4), (90, 4.9), (95, 4.2), (98.4, 2.9), (99.6, 1.4)]
    colour, material = CAPS[look.cap]
    rubber = CREAM if look.cap in {"brass", "oak", "walnut"} else BLACK if look.cap == "black" else lit(colour, 1.05)
    pen.turned(bulb, satin(rubber))
    lathe_cap(pen, look.cap, 62.5, 78, 9.6, ribbed=material is satin)
    return round_label(pen, look, words, (-15.6, 9, 15.6, 44), 17)


def pump(pen: Pen, look: Any, words: Words) -> Box:
    profile = bottle_profile(30, 128, 12, 17)
    pen.shadow(30, 180)
    filled(pen, look, profile, 110, 2)
    colour, material = CAPS[look.cap]
    shades = material(colour)
    lathe_cap(pen, look.cap, 126, 140, 13.5, ribbed=material is satin)
    pen.turned([(140, 4.2), (158, 4.2)], shades)
    nozzle = curve([(3, 160.5), (-16, 161.5), (-29, 160), (-34.5, 156), (-36, 151.5)], 8)
    pen.stroke(nozzle, 5.4, down([(0, lit(colour, 1.35)), (0.5, colour), (1, lit(colour, 0.55))]))
    pen.turned([(156, 8.6), (164, 9.4), (167.5, 8.4), (168.6, 6)], shades)
    pen.top(168.6, 6, lit(colour, 1.35))
    return round_label(pen, look, words, (-27, 24, 27, 88), 30)


def capped(pen: Pen, look: Any, words: Words) -> Box:
    profile = bottle_profile(27, 136, 15, 10)
    pen.shadow(27, 160)
    filled(pen, look, profile, 120, 1.8)
    lathe_cap(pen, look.cap, 135, 160, 17, taper=0.6)
    return round_label(pen, look, words, (-24.5, 26, 24.5, 96), 27)


def small_capped(pen: Pen, look: Any, words: Words) -> Box:
    profile = bottle_profile(19, 84, 10, 8)
    pen.shadow(19, 102)
    filled(pen, look, profile, 74, 1.5)
    lathe_cap(pen, look.cap, 83, 102, 11.6, taper=0.4)
    return round_label(pen, look, words, (-17.2, 16, 17.2, 60), 19)


def gel(pen: Pen, look: Any, words: Words) -> Box:
    """A flat pocket bottle on a cord."""
    cord = curve([(-3, 76), (-24, 92), (-30, 66), (-27, 40), (-33, 12), (-24, 2.4), (-14, 2)], 10)
    pen.soft(cord[30:], (62, 44, 34), 0.35, 1.5)
    pen.stroke(cord, 1.7, look.accent)
    profile = bottle_profile(19, 70, 8.5, 12)
    pen.shadow(19, 88)
    filled(pen, look, profile, 60, 1.5)
    lathe_cap(pen, look.cap, 69, 85, 9.8, taper=1)
    return round_label(pen, look, words, (-16.8, 13, 16.8, 50), 19)


def spray(pen: Pen, look: Any, words: Words) -> Box:
    """A mist: its cap stands beside the bottle."""
    profile = bottle_profile(18.5, 96, 8.6, 9)
    pen.shadow(18.5, 118)
    filled(pen, look, profile, 86, 1.6)
    colour, material = CAPS[look.cap]
    lathe_cap(pen, look.cap, 95, 104, 9.6)
    pen.turned([(104, 3.2), (107, 3.2)], metal(STEEL))
    pen.turned(
        [(107, 6.4), (114.5, 6.2), (117, 5.2), (117.8, 3.8)], satin(colour) if material is not metal else metal(colour)
    )
    pen.fill(arc(-4.4, 112.5, 0.9, 0.9, 0, 360), lit(colour, 0.3))
    if look.stuff in {"glass", "amber"}:
        pen.stroke(curve([(0.6, 94), (0.9, 50), (3, 6)], 8), 1.0, mix(look.body, WHITE, 0.35), 0.3)
    found = round_label(pen, look, words, (-16.6, 18, 16.6, 68), 18.5)
    lid = pen.moved(37, -2)
    lid.shadow(10.6, 26)
    lathe_cap(lid, look.cap, 0, 28, 10.6, taper=0.3)
    return found


def jar(pen: Pen, look: Any, words: Words) -> Box:
    profile = [(0.0, 29), (1, 31), (3.5, 32.4), (8, 33), (33, 33), (36, 32), (38, 30)]
    pen.shadow(33, 60)
    filled(pen, look, profile, 33, 3.4)
    lathe_cap(pen, look.cap, 37.5, 56, 33.4, ribbed=CAPS[look.cap][1] is satin and look.cap != "cream")
    return round_label(pen, look, words, (-25, 6.5, 25, 31.5), 33)


def tall_jar(pen: Pen, look: Any, words: Words) -> Box:
    """A larger jar for what is taken by hand or spoon."""
    profile = [(0.0, 36), (1, 38.5), (3.5, 40), (8, 40.6), (66, 40.6), (70, 39.4), (73, 36)]
    pen.shadow(40, 92)
    filled(pen, look, profile, 62, 3)
    if look.stuff == "glass" and look.crumbs:
        _crumbs(pen, look, 37, 62)
    if look.cap == "cork":
        pen.turned([(71, 33.5), (74, 34), (90, 36), (91.4, 35)], matte(CORK), grain_of=0.5)
        pen.top(91.4, 35, lit(CORK, 1.2))
        for _ in range(70):
            x, y = pen.canvas.dice.uniform(-31, 31), pen.canvas.dice.uniform(73, 88)
            pen.fill(arc(x, y, pen.canvas.dice.uniform(0.3, 1.1), 0.45, 0, 360, 8), lit(CORK, 0.62), 0.5)
    else:
        lathe_cap(pen, look.cap, 72, 90, 41, ribbed=CAPS[look.cap][1] is satin)
    return round_label(pen, look, words, (-29, 13, 29, 56), 40)


def _crumbs(pen: Pen, look: Any, radius: float, level: float) -> None:
    """Grains of salt or sugar behind the glass."""
    dice = pen.canvas.dice
    for _ in range(1500):
        x = radius * math.sin(dice.uniform(-1.5, 1.5))
        y = dice.uniform(2.5, level - 0.4)
        grain_size = dice.uniform(0.45, 1.25)
        turn = dice.uniform(0, 90)
        light = dice.uniform(0.78, 1.35) * (1.05 - 0.3 * abs(x / radius) ** 2)
        pen.fill(arc(x, y, grain_size, grain_size * 0.8, turn, turn + 360, 5), lit(look.body, light), 0.85)


def tube(pen: Pen, look: Any, words: Words) -> Box:
    """A tube that stands on its cap."""
    pen.shadow(15, 130)
    lathe_cap_upside(pen, look.cap, 0, 17, 15)
    stuff = {"metal": brushed, "satin": satin, "matte": matte}.get(look.stuff, satin)
    shoulder = [(17.0, 11), (18.2, 14.6), (20, 17.5)]
    steps = 26
    body = [(20 + 100 * at / steps, 17.5 + 8.5 * (at / steps) ** 1.15) for at in range(1, steps + 1)]
    pen.turned([*shoulder, *body], stuff(look.body), sag=0.02, grain_of=0.03)
    # towards its seam the tube is flat: even light, and a few dents where it was pressed
    pen.fill(
        [(-25.2, 104), (25.2, 104), (26, 121), (-26, 121)],
        across(
            [
                (0, lit(look.body, 0.86)),
                (0.3, lit(look.body, 1.2)),
                (0.7, lit(look.body, 0.98)),
                (1, lit(look.body, 0.74)),
            ]
        ),
        0.45,
    )
    for x, lean in ((-13, 3), (-2, -2), (10, -4)):
        pen.soft([(x, 119), (x + 2.5, 119), (x + lean + 1, 88)], lit(look.body, 0.5), 0.35, 1.8)
        pen.soft([(x - 3, 119), (x - 1.4, 119), (x + lean - 2.5, 92)], WHITE, 0.3, 1.6)
    pen.fill(
        rounded(-26.4, 119, 26.4, 127.5, 0.8),
        across(
            [
                (0, lit(look.body, 0.78)),
                (0.3, lit(look.body, 1.25)),
                (0.75, lit(look.body, 0.86)),
                (1, lit(look.body, 0.66)),
            ]
        ),
    )
    for y in (121, 123.2, 125.4):
        pen.stroke([(-26, y), (26, y)], 0.35, lit(look.body, 0.6), 0.7)
    box = (-15.5, 40, 15.5, 96)
    label(pen, words, box, bend=0.5, paper=look.paper, ink=look.ink, printed=look.printed)
    return box


def lathe_cap_upside(pen: Pen, kind: str, y0: float, y1: float, radius: float) -> None:
    colour, material = CAPS[kind]
    pen.turned(
        [(y0, radius * 0.97), (y0 + 1, radius), (y1 - 1, radius), (y1, radius - 0.8)], material(colour), sag=0.04
    )
    if material is not metal:
        for step in range(1, 26):
            x = math.cos(math.pi * step / 26) * radius * 0.99
            pen.stroke([(x, y0 + 1.4), (x, y1 - 1.6)], radius * 0.02, lit(colour, 0.55), 0.4)


def flat_tin(pen: Pen, look: Any, words: Words) -> Box:
    """A flat tin that leans on another one, so that its lid is seen."""
    pen.shadow(36, 22)
    pen.turned([(0, 34), (1, 35), (9, 35)], brushed(look.body), sag=0.12)
    pen.turned([(9, 36), (18, 36), (19.4, 35)], brushed(look.body), sag=0.12)
    pen.top(19.4, 35, lit(look.body, 1.25), 0.12)
    pen.stroke(arc(0, 9, 36, 36 * 0.12, 182, 358, 40), 0.5, lit(look.body, 0.5), 0.6)
    lid = pen.moved(9, 38)
    lid.soft(arc(3, -4, 37, 36, 0, 360), (62, 44, 34), 0.4, 5)
    for inset, light in ((0, 0.62), (0.9, 1.3), (2.2, 0.86), (3.4, 1.1)):
        lid.fill(
            arc(-inset * 0.08, inset * 0.08, 37 - inset, 37 - inset, 0, 360, 90),
            across(
                [
                    (0, lit(look.body, light * 0.94)),
                    (0.35, lit(look.body, light * 1.2)),
                    (1, lit(look.body, light * 0.82)),
                ]
            ),
        )
    paper = look.paper or words.house.paper
    lid.fill(
        arc(0, 0, 31, 31, 0, 360, 90), across([(0, lit(paper, 0.96)), (0.4, lit(paper, 1.1)), (1, lit(paper, 0.87))])
    )
    lid.stroke(arc(0, 0, 29.4, 29.4, 0, 360, 90), 0.3, words.house.rule)
    label(lid, words, (-22, -18, 22, 20), round_body=False, printed=True, ink=look.ink)
    return -13, 20, 31, 58


def canister(pen: Pen, look: Any, words: Words) -> Box:
    pen.shadow(32, 112)
    pen.turned([(0, 31.4), (1, 32), (92, 32)], matte(look.body), grain_of=0.12)
    pen.turned([(0, 32.3), (2.6, 32.3)], brushed(STEEL))
    lathe_cap(pen, look.cap, 91, 108, 33)
    return round_label(pen, look, words, (-26, 16, 26, 80), 32)


def shaker(pen: Pen, look: Any, words: Words) -> Box:
    """A tin with holes in its lid, and a little powder that fell."""
    pen.shadow(24, 118)
    pen.turned([(0, 23.4), (1, 24), (98, 24), (101, 23)], matte(look.body), grain_of=0.06)
    pen.turned([(100, 22), (112, 22), (115, 20.5)], brushed(STEEL))
    pen.top(115, 20.5, lit(STEEL, 1.25), 0.16)
    for row, count in ((0.35, 5), (0.75, 9)):
        for hole in range(count):
            turn = 2 * math.pi * hole / count
            pen.fill(
                arc(20 * row * math.cos(turn), 115 + 20 * row * 0.16 * math.sin(turn), 1, 0.45, 0, 360, 10),
                (70, 66, 60),
            )
    dice = pen.canvas.dice
    for _ in range(420):
        far = abs(dice.gauss(0, 1))
        x, y = 38 + dice.gauss(0, 8), -3 + dice.gauss(0, 1.6) - far * 0.4
        pen.fill(arc(x, y, dice.uniform(0.15, 0.5), 0.22, 0, 360, 6), lit(look.accent, dice.uniform(0.9, 1.25)), 0.8)
    return round_label(pen, look, words, (-20.5, 18, 20.5, 86), 24)


def aluminium(pen: Pen, look: Any, words: Words) -> Box:
    profile = bottle_profile(29, 140, 11, 22)
    pen.shadow(29, 170)
    pen.turned(profile, brushed(look.body))
    lathe_cap(pen, look.cap, 139, 158, 12.5, ribbed=True)
    return round_label(pen, look, words, (-25.5, 26, 25.5, 96), 29)


def flacon(pen: Pen, look: Any, words: Words) -> Box:
    """A perfume bottle of thick glass: block, column, arch or orb."""
    shape = look.shape
    half, height, cap_half, cap_height = {
        "block": (31, 70, 12.5, 27),
        "column": (22, 92, 10.5, 26),
        "arch": (29, 84, 10.5, 22),
        "orb": (37, 76, 9.5, 24),
    }[shape]
    pen.shadow(half, height + cap_height)
    if shape == "block":
        outer, inner = rounded(-half, 0, half, height, 3, 7), rounded(-half + 4.2, 8, half - 4.2, height - 8, 4, 6)
    elif shape == "column":
        outer = rounded(-half, 0, half, height, 2.4, 4)
        inner = rounded(-half + 3.4, 8.5, half - 3.4, height - 8, 3, 4)
    elif shape == "arch":
        outer = [(-half, 2), *arc(0, height - half, half, half, 180, 0, 40), (half, 2), (half - 2, 0), (-half + 2, 0)]
        inner = [
            (-half + 4, 9),
            *arc(0, height - half, half - 4, half - 5, 180, 0, 40),
            (half - 4, 9),
            (half - 6, 7.4),
            (-half + 6, 7.4),
        ]
    else:
        outer = arc(0, height / 2, half, height / 2, -82, 262, 80)
        inner = arc(0, height / 2 + 1.5, half - 4.6, height / 2 - 6, -86, 266, 80)
    _flacon_glass(pen, look.body, outer, inner, half, height)
    # neck, collar and cap
    pen.turned(
        [(height - 1.5, cap_half * 0.62), (height + 3.4, cap_half * 0.62)],
        metal(BRASS if look.cap in {"brass", "walnut", "oak", "cream", "rose"} else STEEL),
    )
    if look.cap_shape == "ball":
        colour, material = CAPS[look.cap]
        r = cap_half * 1.12
        ball = [
            (height + 3 + r + r * math.sin(math.radians(a)), max(r * math.cos(math.radians(a)), 0.1))
            for a in range(-66, 91, 6)
        ]
        pen.turned(ball, material(colour), grain_of=0.2 if material is matte else 0)
        if material is matte:
            _grain_lines(pen, height + 7, height + 2 * r - 2, r * 0.7, colour)
    else:
        lathe_cap(pen, look.cap, height + 3, height + 3 + cap_height, cap_half)
    box = {
        "block": (-20, 17, 20, 51),
        "column": (-15, 18, 15, 66),
        "arch": (-19, 16, 19, 52),
        "orb": (-20, 20, 20, 54),
    }[shape]
    label(pen, words, box, round_body=False, paper=look.paper, ink=look.ink, printed=look.printed)
    return box


def _flacon_glass(pen: Pen, body: Colour, outer: list[Point], inner: list[Point], half: float, height: float) -> None:
    # light that comes through the perfume onto the floor
    pen.soft(
        [(half * 0.4, -0.5), (half * 1.2, -0.5), (half * 2.1, -7), (half * 1.2, -8)],
        mix(body, (255, 220, 150), 0.4),
        0.5,
        2.6,
    )
    edge = lit(mix(body, rgb("#b5aca0"), 0.55), 0.92)
    pen.fill(
        outer,
        across(
            [
                (0, lit(edge, 0.62)),
                (0.05, lit(edge, 1.25)),
                (0.1, lit(edge, 1.5)),
                (0.5, lit(edge, 1.38)),
                (0.9, lit(edge, 1.2)),
                (0.95, lit(edge, 1.6)),
                (1, lit(edge, 0.55)),
            ]
        ),
        0.88,
    )
    deep = lit(body, 0.8)
    pen.fill(
        inner,
        across(
            [
                (0, lit(deep, 0.72)),
                (0.12, lit(body, 1.0)),
                (0.34, lit(body, 1.2)),
                (0.66, lit(body, 1.06)),
                (0.88, lit(body, 1.22)),
                (1, lit(deep, 0.78)),
            ]
        ),
    )
    found = pen.canvas.cut(pen.points(inner))
    if found:  # darker towards the foot, as deep liquid is
        pen.canvas.lay(
            found[0],
            found[1],
            down([(0, WHITE), (0.12, mix(body, WHITE, 0.4)), (0.2, body), (1, lit(body, 0.72))]),
            0.34,
        )
    low = min(y for _, y in inner)
    pen.stroke([(-half * 0.72, low - 1.2), (half * 0.72, low - 1.2)], 0.7, WHITE, 0.65)
    pen.stroke([(-half * 0.6, low * 0.42), (half * 0.5, low * 0.42)], 0.9, lit(body, 1.1), 0.55)
    # the window in the glass
    x = -half * 0.8
    top = height * 0.84 if len(outer) < 60 else height * 0.66
    foot = height * 0.16 if len(outer) < 60 else height * 0.34
    pen.soft([(x, foot), (x + half * 0.13, foot), (x + half * 0.13, top), (x, top)], WHITE, 0.75, 0.7)
    pen.soft([(half * 0.82, foot), (half * 0.86, foot), (half * 0.86, top), (half * 0.82, top)], WHITE, 0.6, 0.5)


def diffuser(pen: Pen, look: Any, words: Words) -> Box:
    """A low bottle with reeds."""
    profile = bottle_profile(32, 74, 10, 22)
    pen.shadow(32, 150)
    dice = pen.canvas.dice
    for number in range(8):
        lean = -46 + number * 13 + dice.uniform(-3, 3)
        tip = (lean, 186 - abs(lean) * 0.35 + dice.uniform(-5, 5))
        foot = (lean * 0.06, 70)
        pen.stroke([foot, tip], 2.1, across([(0, rgb("#d9b98a")), (1, rgb("#9c7a4c"))]))
    filled(pen, look, profile, 52, 2.2)
    pen.turned([(73, 10.6), (85, 10.6), (86, 9.8)], CAPS[look.cap][1](CAPS[look.cap][0]))
    pen.top(86, 9.8, lit(CAPS[look.cap][0], 1.2))
    pen.fill(arc(0, 86, 6.2, 0.6, 0, 360), (40, 32, 26))
    for number in range(8):
        lean = -46 + number * 13
        pen.stroke([(lean * 0.055, 86.2), (lean * 0.16, 100)], 2.1, across([(0, rgb("#d9b98a")), (1, rgb("#9c7a4c"))]))
    return round_label(pen, look, words, (-24, 10, 24, 46), 32)


def vial(pen: Pen, look: Any, words: Words) -> Box:
    """A sample of perfume on its card."""
    card = pen.moved(-8, 0)
    card.shadow(20, 64, 0.06)
    card.fill(
        [(-21, 0), (21, 0), (21, 64), (-21, 64)],
        across([(0, rgb("#f3ecdf")), (0.4, rgb("#fbf7ee")), (1, rgb("#e3d8c6"))]),
    )
    label(card, words, (-17, 10, 13, 58), round_body=False, printed=True, ink=look.ink)
    tube_pen = pen.moved(17, -2.5)
    tube_pen.shadow(4.4, 50)
    profile = [(0.0, 3.4), (0.8, 4.2), (2, 4.4), (36, 4.4), (37.5, 3.4)]
    filled(tube_pen, look, profile, 29, 0.6)
    lathe_cap(tube_pen, "black", 37, 50, 4.6)
    return -22, 2, 26, 62


def travel_spray(pen: Pen, look: Any, words: Words) -> Box:
    """A slim metal case; another one lies behind it with its cap off."""
    pen.shadow(10, 118)
    pen.turned([(0, 9.6), (0.7, 10), (66, 10)], brushed(look.body))
    pen.turned([(66, 9.6), (68, 9.6)], metal(BRASS))
    pen.turned([(68, 10), (111, 10), (113, 9.2), (114, 7.6)], brushed(lit(look.body, 1.04)))
    pen.top(114, 7.6, lit(look.body, 1.3))
    box = (-8.2, 6, 8.2, 62)
    label(pen, words, box, bend=0.5, printed=True, ink=look.ink)
    return box


def roller(pen: Pen, look: Any, words: Words) -> Box:
    profile = bottle_profile(12, 62, 7.4, 6)
    pen.shadow(12, 84)
    filled(pen, look, profile, 56, 1.2)
    lathe_cap(pen, "steel", 61.5, 68, 7.8)
    ball = [
        (68 + 1 + 5 * math.sin(math.radians(a)), max(5 * math.cos(math.radians(a)), 0.1)) for a in range(-12, 91, 6)
    ]
    pen.turned(ball, metal(STEEL))
    lid = pen.moved(28, -2)
    lid.shadow(8.6, 26)
    lathe_cap(lid, look.cap, 0, 24, 8.6)
    return round_label(pen, look, words, (-10.6, 10, 10.6, 50), 12)


def lip_balm(pen: Pen, look: Any, words: Words) -> Box:
    """A paper tube, open, with the balm pushed up."""
    pen.shadow(10.5, 84)
    pen.turned([(0, 10.5), (52, 10.5)], matte(look.body), grain_of=0.14)
    pen.turned([(52, 9.4), (58, 9.4)], matte(lit(look.body, 0.9)))
    pen.turned([(58, 8.6), (68, 8.6), (71, 8.2), (73, 6.6), (73.8, 4.6)], matte(look.accent))
    pen.top(73.6, 5.2, lit(look.accent, 1.22), 0.1)
    lid = pen.moved(29, -2.5)
    lid.shadow(10.7, 26)
    lid.turned([(0, 10.7), (25, 10.7)], matte(look.body), grain_of=0.14)
    lid.top(25, 10.7, lit(look.body, 1.16))
    round_label(pen, look, words, (-9.4, 5, 9.4, 47), 10.5)
    return -15, 34, 15, 78


def oil_pen(pen: Pen, look: Any, words: Words) -> Box:
    """A pen with a brush tip, its cap beside it."""
    pen.shadow(7, 128)
    pen.turned([(0, 6.4), (0.8, 7), (92, 7)], brushed(look.body))
    pen.turned([(92, 5.6), (104, 4.6), (108, 3)], satin(CREAM))
    tip = [(-2.4, 107), (2.4, 107), (1.4, 118), (0.2, 121), (-1.2, 118)]
    pen.fill(tip, across([(0, rgb("#c79a63")), (0.4, rgb("#f0d9b0")), (1, rgb("#94683a"))]))
    lid = pen.moved(25, -2.5)
    lid.shadow(7.4, 42)
    lid.turned([(0, 7.4), (40, 7.4), (42, 6.6), (43, 5)], brushed(look.body))
    lid.top(43, 5, lit(look.body, 1.3))
    box = (-6, 8, 6, 78)
    label(pen, words, box, bend=0.4, printed=True, ink=look.ink)
    return -12, 82, 12, 126


def candle(pen: Pen, look: Any, words: Words, *, is_lit: bool = True) -> Box:
    """Wax in a ribbed glass or a stoneware cup."""
    r, h = (34, 74) if look.shape == "ribbed" else (33, 66)
    if is_lit:
        pen.soft(arc(0, h + 20, 60, 60, 0, 360), rgb("#ffdf9e"), 0.34, 26)
    pen.shadow(r, h)
    if look.shape == "ribbed":
        pen.turned([(4, r - 2.6), (h - 12, r - 2.6)], matte(mix(look.accent, WHITE, 0.1)))
        pen.top(h - 12, r - 2.6, lit(look.accent, 1.18), 0.11)
        _wick(pen, h - 12, is_lit)
        pen.turned([(0, r - 3), (1.5, r - 0.8), (4, r), (h, r)], CLEAR, sag=0.09, veil=CLEAR_VEIL)
        for step in range(1, 28):
            x = math.cos(math.pi * step / 28) * r
            dip = 0.09 * math.sqrt(max(r * r - x * x, 0))
            pen.stroke([(x, 4 - dip * 0.5), (x, h - dip)], r * 0.018, WHITE, 0.28)
            pen.stroke([(x + r * 0.028, 4 - dip * 0.5), (x + r * 0.028, h - dip)], r * 0.02, (96, 84, 70), 0.17)
        pen.stroke(arc(0, h, r, r * 0.09, 0, 360, 60), 0.7, WHITE, 0.8)
    else:
        profile = [(0.0, r * 0.8), (1.5, r * 0.84), (8, r * 0.93), (22, r), (h - 14, r), (h, r * 0.97)]
        pen.turned(profile, gloss(look.body), sag=0.09, grain_of=0.12)
        _speckle(pen, look.body, r, h)
        pen.turned([(0, r * 0.8), (1.5, r * 0.84), (5, r * 0.89)], matte(rgb("#c8b394")), sag=0.09)
        pen.top(h, r * 0.97, lit(look.body, 1.2), 0.11)
        pen.top(h - 0.5, r * 0.9, lit(look.body, 0.6), 0.11)
        pen.top(h - 1.3, r * 0.87, lit(look.accent, 1.1), 0.105)
        _wick(pen, h - 1.3, is_lit)
    if look.shape == "ribbed":
        return round_label(pen, look, words, (-21, 14, 21, 48), r)
    return round_label(pen, look, words, (-19, 15, 19, 47), r)


def _speckle(pen: Pen, body: Colour, radius: float, height: float) -> None:
    dice = pen.canvas.dice
    for _ in range(150):
        x, y = radius * math.sin(dice.uniform(-1.35, 1.35)) * 0.97, dice.uniform(6, height - 4)
        pen.fill(arc(x, y, dice.uniform(0.15, 0.5), dice.uniform(0.15, 0.4), 0, 360, 8), lit(body, 0.5), 0.5)


def _wick(pen: Pen, y: float, is_lit: bool) -> None:
    pen.stroke([(0, y), (0.4, y + 6)], 0.9, (48, 40, 34))
    if is_lit:
        flame(pen, 0.3, y + 4.6, 1)


def flame(pen: Pen, x: float, y: float, size: float) -> None:
    """A quiet flame."""
    shape = curve(
        [
            (x, y),
            (x - 3.1 * size, y + 5 * size),
            (x - 1.6 * size, y + 11.5 * size),
            (x + 0.2 * size, y + 18 * size),
            (x + 1.8 * size, y + 11.5 * size),
            (x + 3.1 * size, y + 5 * size),
            (x, y),
        ],
        8,
    )
    pen.soft(shape, rgb("#ffd27a"), 0.95, 3 * size)
    pen.fill(
        shape, down([(0, rgb("#fff1c4")), (0.55, rgb("#ffe08a")), (0.85, rgb("#f7a94a")), (1, rgb("#8a94c8"))]), 0.95
    )
    pen.soft(
        [(px * 0.5 + x * 0.5, py * 0.55 + (y + 4 * size) * 0.45) for px, py in shape], (255, 255, 250), 0.9, 0.8 * size
    )


def wood_sheet(pen: Pen, size: tuple[int, int], colour: Colour, along: bool = True) -> Any:
    """Wood, with its grain along the picture's width (or height)."""
    cell = (90, 3) if along else (3, 90)
    lines = grain(size, pen.canvas.dice, cell).filter(ImageFilter.GaussianBlur(0.8))
    bands = grain(size, pen.canvas.dice, (200, 14) if along else (14, 200))
    sheet = row_of([(0, lit(colour, 1.1)), (0.4, lit(colour, 1.02)), (1, lit(colour, 0.82))]).resize(size)
    return relit(relit(sheet, lines.point(lambda v: 128 + (v - 128) // 5)), bands.point(lambda v: 128 + (v - 128) // 9))
