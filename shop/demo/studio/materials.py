"""What things are made of: how each material takes the light from the window on the left."""

from __future__ import annotations

from shop.demo.studio.canvas import Colour, Stops, lit, mix, rgb

BRASS, STEEL, BLACK, OAK, WALNUT, CORK = map(rgb, ("#b8924f", "#b9b7b2", "#26241f", "#c39a6b", "#6d482f", "#c9a47a"))
CREAM, AMBER_GLASS, FROST = map(rgb, ("#efe8da", "#8a4a1c", "#dfe6e6"))


def _light(colour: Colour, *pairs: tuple[float, float]) -> Stops:
    return [(at, lit(colour, light)) for at, light in pairs]


def matte(colour: Colour) -> Stops:
    """Paper, ceramic, soap: soft light, and a little of it back from the right."""
    return _light(colour, (0, 0.66), (0.08, 0.86), (0.28, 1.12), (0.5, 0.98), (0.8, 0.72), (0.94, 0.6), (1, 0.68))


def satin(colour: Colour) -> Stops:
    """Painted metal, smooth plastic."""
    return _light(
        colour,
        (0, 0.6),
        (0.06, 0.9),
        (0.16, 1.1),
        (0.25, 1.34),
        (0.36, 1.08),
        (0.6, 0.9),
        (0.86, 0.62),
        (0.95, 0.66),
        (1, 0.8),
    )


def gloss(colour: Colour) -> Stops:
    """Glaze and lacquer: a narrow window in it."""
    return _light(
        colour,
        (0, 0.55), (0.07, 0.85), (0.13, 0.98), (0.155, 1.5), (0.235, 1.58), (0.26, 1.04), (0.5, 0.96), (0.8, 0.64),
        (0.9, 0.6), (0.94, 0.85), (0.97, 0.7), (1, 0.55),
    )  # fmt: skip


def metal(colour: Colour) -> Stops:
    """Polished metal: bands of the room in it."""
    return _light(
        colour,
        (0, 0.5), (0.06, 0.95), (0.12, 0.7), (0.2, 1.1), (0.27, 1.62), (0.34, 1.2), (0.48, 0.78), (0.62, 0.62),
        (0.74, 0.92), (0.84, 1.16), (0.9, 0.8), (1, 0.42),
    )  # fmt: skip


def brushed(colour: Colour) -> Stops:
    """Aluminium with a soft finish."""
    return _light(
        colour,
        (0, 0.56),
        (0.08, 0.82),
        (0.18, 1.06),
        (0.28, 1.42),
        (0.4, 1.1),
        (0.58, 0.86),
        (0.74, 0.72),
        (0.86, 0.9),
        (0.93, 0.78),
        (1, 0.55),
    )


def tinted_glass(colour: Colour) -> Stops:
    """Dark glass with something in it: light goes through its middle and gathers on the right."""
    glow = mix(colour, (255, 190, 90), 0.22)
    return [
        (0, lit(colour, 0.32)), (0.07, lit(colour, 0.55)), (0.12, lit(colour, 0.8)), (0.15, lit(colour, 1.5)),
        (0.2, lit(colour, 1.6)), (0.23, lit(colour, 0.85)),
        (0.45, lit(colour, 0.78)), (0.66, lit(glow, 0.9)), (0.8, lit(glow, 1.12)), (0.9, lit(colour, 0.72)),
        (0.935, lit(colour, 1.05)), (0.965, lit(colour, 0.5)), (1, lit(colour, 0.28)),
    ]  # fmt: skip


def liquid(colour: Colour) -> Stops:
    """What fills a clear bottle."""
    return _light(colour, (0, 0.72), (0.1, 0.9), (0.3, 1.1), (0.6, 1.02), (0.82, 1.2), (0.93, 0.88), (1, 0.7))


CLEAR: Stops = [
    (0, rgb("#8d857a")), (0.06, rgb("#b9b1a5")), (0.14, (255, 255, 255)), (0.2, (255, 255, 255)), (0.26,
    rgb("#e6e0d6")), (0.6, rgb("#d8d1c5")), (0.86, rgb("#f6f2ea")), (0.93, rgb("#fffdf8")), (0.96, rgb("#a0978b")),
    (1, rgb("#7a7268")),
]  # fmt: skip
CLEAR_VEIL = [
    (0, 0.78),
    (0.05, 0.5),
    (0.1, 0.26),
    (0.14, 0.62),
    (0.19, 0.66),
    (0.24, 0.14),
    (0.6, 0.08),
    (0.84, 0.18),
    (0.92, 0.5),
    (0.96, 0.5),
    (1, 0.8),
]
