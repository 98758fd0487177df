"""Pictures for the demo: a calm tile with a silhouette, drawn from a seed, the same every time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

WIDTH, HEIGHT = 800, 1000


@dataclass(frozen=True)
class Palette:
    """Four colours from light to dark: wall, shape behind, thing, cap."""

    wall: str
    shape: str
    thing: str
    cap: str


SAND = Palette("#f3e9dc", "#e6d3bb", "#c58f63", "#5b4030")
ROSE = Palette("#f6e7e2", "#ecd0c8", "#cf8a80", "#6b3f3a")
AMBER = Palette("#f5e6cf", "#ecd0a2", "#c77d34", "#573418")
CLAY = Palette("#f2e4da", "#e4c7b5", "#b87355", "#4f3127")
OLIVE = Palette("#eeecdc", "#dad8ba", "#98935f", "#45432b")
LINEN = Palette("#f1ece4", "#ded5c6", "#a99a84", "#4b443a")
HONEY = Palette("#f8ecd2", "#efd8a4", "#d5a23f", "#5f4618")
PLUM = Palette("#f1e4e4", "#dcc3c6", "#8f5a63", "#43282e")

# category -> palette and what stands on the shelf, the first choice being the most frequent
LOOKS: dict[str, tuple[Palette, tuple[str, ...]]] = {
    "eau-de-parfum": (SAND, ("flacon", "flask")),
    "florals": (ROSE, ("flask", "flacon")),
    "woods-amber": (AMBER, ("flacon",)),
    "body-bath": (CLAY, ("pump", "jar")),
    "wash-soap": (OLIVE, ("bar", "pump")),
    "oils-lotions": (HONEY, ("dropper", "pump")),
    "face-care": (LINEN, ("jar", "tube")),
    "cleansers": (OLIVE, ("tube", "pump")),
    "serums-creams": (ROSE, ("dropper", "jar")),
    "hair": (PLUM, ("pump", "jar")),
    "candles": (AMBER, ("candle",)),
    "candles-home": (CLAY, ("candle", "reeds")),
    "diffusers-sprays": (OLIVE, ("reeds", "flask")),
    "hand-care": (SAND, ("tube", "pump")),
    "travel-sizes": (HONEY, ("flask", "tube", "dropper")),
    "gifts-sets": (PLUM, ("box",)),
}
ANYTHING = (LINEN, ("flacon", "jar", "tube", "box"))

# Each stands on y=80 and is about 30 wide around x=40. {t} is the thing's colour, {c} the cap's, {l} the label's.
SILHOUETTES: dict[str, tuple[str, ...]] = {
    "flacon": (
        '<rect x="35" y="33" width="10" height="11" rx="1.5" fill="{c}"/>',
        '<rect x="26" y="43" width="28" height="37" rx="4" fill="{t}"/>',
        '<rect x="32" y="56" width="16" height="13" fill="{l}"/>',
    ),
    "flask": (
        '<circle cx="40" cy="32" r="5" fill="{c}"/>',
        '<rect x="37" y="35" width="6" height="9" fill="{c}"/>',
        '<path d="M36 43h8c10 4 13 14 11 25-1 8-4 12-8 12H33c-4 0-7-4-8-12-2-11 1-21 11-25z" fill="{t}"/>',
        '<rect x="33" y="58" width="14" height="9" rx="1" fill="{l}"/>',
    ),
    "dropper": (
        '<path d="M38 22h4l1 10h-6z" fill="{c}"/>',
        '<rect x="35" y="31" width="10" height="11" rx="1.5" fill="{c}"/>',
        '<path d="M34 42h12l4 7v28q0 3-3 3H33q-3 0-3-3V49z" fill="{t}"/>',
        '<rect x="30" y="55" width="20" height="15" fill="{l}"/>',
    ),
    "pump": (
        '<path d="M30 24h14v4h-2v9h-4v-9h-8z" fill="{c}"/>',
        '<rect x="33" y="35" width="14" height="6" rx="1" fill="{c}"/>',
        '<rect x="28" y="40" width="24" height="40" rx="3" fill="{t}"/>',
        '<rect x="28" y="52" width="24" height="16" fill="{l}"/>',
    ),
    "jar": (
        '<rect x="24" y="48" width="32" height="10" rx="2" fill="{c}"/>',
        '<rect x="26" y="57" width="28" height="23" rx="4" fill="{t}"/>',
        '<rect x="33" y="63" width="14" height="9" fill="{l}"/>',
    ),
    "tube": (
        '<path d="M29 28h22l-3 42H32z" fill="{t}"/>',
        '<rect x="33" y="70" width="14" height="10" rx="1" fill="{c}"/>',
        '<rect x="28" y="25" width="24" height="4" fill="{t}"/>',
        '<rect x="35" y="38" width="10" height="20" fill="{l}"/>',
    ),
    "candle": (
        '<path d="M40 34c4 5 3 9 0 10-3-1-4-5 0-10z" fill="#f4b860"/>',
        '<rect x="39.4" y="43" width="1.2" height="7" fill="{c}"/>',
        '<rect x="25" y="49" width="30" height="31" rx="3" fill="{t}"/>',
        '<rect x="33" y="58" width="14" height="13" fill="{l}"/>',
    ),
    "reeds": (
        '<path d="M38 46 31 18M40 46 41 15M42 46 51 20" stroke="{c}" fill="none"/>',
        '<rect x="36" y="44" width="8" height="8" fill="{c}"/>',
        '<path d="M36 51h8l8 12v14q0 3-3 3H31q-3 0-3-3V63z" fill="{t}"/>',
        '<rect x="33" y="64" width="14" height="9" fill="{l}"/>',
    ),
    "bar": (
        '<rect x="20" y="57" width="40" height="23" rx="6" fill="{t}"/>',
        '<rect x="31" y="57" width="18" height="23" fill="{l}"/>',
        '<rect x="31" y="66" width="18" height="4" fill="{c}"/>',
    ),
    "box": (
        '<rect x="21" y="50" width="38" height="30" rx="1" fill="{t}"/>',
        '<rect x="19" y="43" width="42" height="9" rx="1" fill="{c}"/>',
        '<rect x="37" y="43" width="6" height="37" fill="{l}"/>',
        '<path d="M40 43c-9-9-13-2-6 0zM40 43c9-9 13-2 6 0z" fill="{c}"/>',
    ),
}
BACKDROPS = (
    '<circle cx="{x}" cy="46" r="{r}" fill="{s}"/>',
    '<path d="M12 86V46a28 28 0 0 1 56 0v40z" fill="{s}"/>',
    '<path d="M0 {r}Q30 20 80 {x}V86H0z" fill="{s}"/>',
    '<rect x="{r}" width="26" height="86" fill="{s}"/>',
)


def draw_tile(seed: str, category: str = "", title: str = "") -> bytes:
    """An SVG of 4:5 for a product, at most 1.2 KB; the seed (its slug) decides all that varies."""
    dice = hashlib.sha256(seed.encode()).digest()
    palette, things = LOOKS.get(category, ANYTHING)
    thing = things[dice[0] % len(things)] if dice[1] % 3 == 0 else things[0]
    backdrop = BACKDROPS[dice[2] % len(BACKDROPS)].format(x=32 + dice[3] % 17, r=26 + dice[4] % 7, s=palette.shape)
    shape = "".join(SILHOUETTES[thing]).format(t=_shaded(palette.thing, dice[5]), c=palette.cap, l=palette.wall)
    scale = (88 + dice[6] % 25) / 100  # it stands on the shelf at whatever size
    left, top = round(40 - 40 * scale, 1), round(80.5 - 80 * scale, 1)
    label = f" aria-label={quoteattr(title[:80])}" if title else ""
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 80 100"',
        f' role="img"{label}><rect width="80" height="100" fill="{palette.wall}"/>{backdrop}',
        f'<rect y="80" width="80" height="20" fill="{palette.shape}"/>',
        f'<ellipse cx="40" cy="81" rx="{round(20 * scale)}" ry="2" fill="{palette.cap}" opacity=".18"/>',
        f'<g transform="translate({left} {top}) scale({scale})">{shape}</g></svg>',
    )
    return "".join(parts).encode()


def _shaded(colour: str, amount: int) -> str:
    """The colour, a little lighter or darker."""
    shift = amount % 37 - 18
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{min(max(part + shift, 0), 255):02x}" for part in parts)
