"""What each product of the demo looks like in its two pictures, as plain data: the studio draws it, the seed tells it.

A picture and its description are made from the same row, so that the text is true of what was drawn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from shop.domain.catalog.renditions import renditioned_name

WIDTH, HEIGHT = 960, 1200
SIZE = re.compile(r"[\d.]+ (?:ml|g|l)\b(?! refill)")


@dataclass(frozen=True)
class Look:
    """How a product looks. Colours are #rrggbb; `cap` names a lid.

    `front` describes the first picture. The second is chosen by `second`: its "label" close up, a "swatch" of what is
    inside, the "sizes" it is sold in, a "pair" with `beside`, or a "detail"; the last two and swatches say `back`.
    """

    thing: str
    front: str
    hue: str
    body: str
    stuff: str = "satin"
    cap: str = "black"
    cap_shape: str = "lid"
    shape: str = ""
    accent: str = "#f3ead8"
    paper: str = ""
    ink: str = ""
    printed: bool = False
    crumbs: bool = False
    size: str = ""
    note: str = ""
    title: str = ""
    second: str = "label"
    back: str = ""
    swatch: str = ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A picture of no product in particular."""

    file_name: str
    alt_text: str
    size: tuple[int, int]


@dataclass(frozen=True)
class Portrait:
    """A product with its look, and the words that stand on it and beside it."""

    slug: str
    seed: str
    name: str
    brand: str
    sizes: tuple[str, ...]
    look: Look

    @property
    def size(self) -> str:
        return self.look.size or (self.sizes[0] if self.sizes else "")

    def alt_text(self, view: int) -> str:
        """What is seen in the picture with that number, 1 or 2."""
        look = self.look
        name = f"{self.name}, {self.size}" if self.size and self.size not in self.name else self.name
        if view == 1:
            front = look.front.replace("{name} ", "{name}, ") if name != self.name else look.front
            return f"{front.format(name=name)}, on {_a(look.hue)} backdrop"
        if look.second == "sizes":
            return f"{self.name} in {len(self.sizes)} sizes side by side: {_listed(self.sizes)}"
        if look.second == "label":
            return f"Close-up of {self.name} with its lettering: {self.brand}, {look.title or self.name}"
        return look.back.format(name=self.name, size=self.size)


def portrait_of(entry: dict[str, Any]) -> Portrait:
    """The portrait of a product of catalogue.json."""
    sizes = dict.fromkeys(found[0] for variant in entry["variants"] if (found := SIZE.match(variant["name"])))
    return Portrait(
        slug=entry["slug"],
        seed=entry["variants"][0]["sku"],
        name=entry["name"],
        brand=entry["brand"],
        sizes=tuple(sizes),
        look=LOOKS[entry["slug"]],
    )


def file_names(slug: str) -> tuple[str, str]:
    """The names of a product's two pictures, in the store and in the folder beside this file."""
    return renditioned_name(f"{slug}-1", WIDTH), renditioned_name(f"{slug}-2", WIDTH)


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _listed(words: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _perfume(hue: str, body: str, words: str, **more: Any) -> Look:
    kinds = {
        "block": "Square glass bottle",
        "column": "Tall glass bottle",
        "arch": "Arched glass bottle",
        "orb": "Round glass bottle",
    }
    cap = {"rose": "rose gold"}.get(more["cap"], more["cap"])
    front = f"{kinds[more['shape']]} of {{name}}, {words}, with {_a(cap)} cap"
    return Look("flacon", front, hue, body, "glass", **{"size": "50 ml", "note": "eau de parfum", **more})


def _serum(hue: str, body: str, glass: str, **more: Any) -> Look:
    front = {"amber": "Amber dropper bottle", "glass": "Clear glass dropper bottle", "matte": "White dropper bottle"}[
        glass
    ]
    front = more.pop("words", front)
    return Look("dropper", f"{front} of {{name}}", hue, body, glass, **more)


HERO = Scene(
    renditioned_name("hero", 1920),
    "Perfumes, body wash, serum, night cream, candle, soap and a reed diffuser on stone in warm window light",
    (1920, 1280),
)
SIZES: dict[str, Any] = {"second": "sizes"}
OIL = "#8a4a1c"
LOOKS: dict[str, Look] = {
    # eau de parfum: woods in blocks, florals in arches and orbs, the rest in columns
    "ambre-de-minuit": _perfume("honey", "#b5651d", "deep amber", shape="block", cap="walnut"),
    "cedre-et-sel": _perfume("stone grey", "#d9cfae", "pale straw", shape="block", cap="oak", **SIZES),
    "oud-nacre": _perfume("mauve", "#8a5548", "plum brown", shape="block", cap="brass"),
    "vetiver-vert": _perfume("sage grey", "#a3a85c", "soft green", shape="block", cap="green", **SIZES),
    "santal-lait": _perfume("oatmeal", "#dcb98c", "milky beige", shape="block", cap="cream", **SIZES),
    "encens-daube": _perfume("pale sand", "#d8c07a", "pale gold", shape="block", cap="black"),
    "rose-de-petra": _perfume("rose clay", "#dc9a8a", "rose", shape="arch", cap="rose", cap_shape="ball", **SIZES),
    "jasmin-du-toit": _perfume("terracotta", "#e3d28f", "light yellow", shape="arch", cap="oak", cap_shape="ball"),
    "iris-papier": _perfume("mauve", "#bfaec4", "pale violet", shape="orb", cap="steel", **SIZES),
    "fleur-doranger-blanche": _perfume(
        "pale sand", "#efd9a8", "creamy orange", shape="orb", cap="cream", cap_shape="ball"
    ),
    "pivoine-froide": _perfume("soft blush", "#eab9bb", "cool pink", shape="arch", cap="steel", cap_shape="ball"),
    "figuier-midi": _perfume("sage grey", "#b9b86a", "fig green", shape="column", cap="oak", **SIZES),
    "the-fume": _perfume("warm beige", "#8f5a2f", "dark tea", shape="column", cap="black"),
    "eau-de-fjord": _perfume("mist blue", "#a9c2c9", "cold blue", shape="column", cap="navy"),
    "bergamote-noire": _perfume("honey", "#77693a", "dark olive", shape="column", cap="brass", **SIZES),
    # body & bath
    "savon-dalep": Look(
        "soap",
        "Two stacked olive brown bars of {name}, stamped with the brand",
        "terracotta",
        "#a58f57",
        shape="stamped",
        size="200 g",
        title="Savon d'Alep",
        ink="",
        second="detail",
        back="Close-up of the stamp in a bar of {name}",
    ),
    "gel-douche-figuier": Look(
        "capped",
        "Clear bottle of {name}, filled with fig green gel",
        "sage grey",
        "#a9b35f",
        "glass",
        "green",
        size="250 ml",
        note="shower gel",
        second="swatch",
        swatch="gel",
        back="A pool of clear fig green gel, the texture of {name}",
    ),
    "body-wash-aster": Look(
        "pump", "Amber glass pump bottle of {name}", "warm beige", OIL, "amber", "black", note="body wash", **SIZES
    ),
    "gommage-sel-citron": Look(
        "tall_jar",
        "Clear jar of {name} with its salt in sight and a black lid",
        "pale sand",
        "#e6dfc6",
        "glass",
        "black",
        crumbs=True,
        size="250 g",
        second="swatch",
        swatch="salt",
        back="A heap of fine grey salt with flecks of lemon zest, the texture of {name}",
    ),
    "huile-corps-neroli": Look(
        "spray",
        "Clear spray bottle of {name}, golden oil, its brass cap beside it",
        "honey",
        "#dfae52",
        "glass",
        "brass",
        **SIZES,
    ),
    "lait-corps-avoine": Look(
        "pump", "White pump bottle of {name}", "oatmeal", "#efe9dc", "matte", "oak", note="fragrance-free", **SIZES
    ),
    "beurre-karite-miel": Look(
        "jar",
        "Wide jar of {name} with an oak lid",
        "honey",
        "#f0dfb4",
        "gloss",
        "oak",
        size="200 g",
        second="swatch",
        swatch="cream",
        back="A thick smear of honey-coloured butter, the texture of {name}",
    ),
    "lait-rose-corps": Look(
        "pump",
        "Rose pump bottle of {name}",
        "soft blush",
        "#dcb1a4",
        "satin",
        "rose",
        second="swatch",
        swatch="cream",
        back="A smear of pale pink lotion, the texture of {name}",
    ),
    "sels-bain-fjord": Look(
        "tall_jar",
        "Clear jar of {name} with a cork lid, the coarse salt in sight",
        "mist blue",
        "#dfe6e4",
        "glass",
        "cork",
        crumbs=True,
        second="swatch",
        swatch="salt",
        back="A heap of coarse white salt with spruce green flecks, the texture of {name}",
    ),
    "jabon-romero": Look(
        "soap",
        "Two stacked rosemary green bars of {name} in paper bands",
        "sage grey",
        "#8e9a68",
        shape="band",
        size="120 g",
        note="rosemary soap",
    ),
    "deodorant-sauge": Look(
        "jar",
        "Small glass jar of {name} with a green lid",
        "sage grey",
        "#dfe3cf",
        "gloss",
        "green",
        size="50 g",
        second="swatch",
        swatch="cream",
        back="A smear of pale sage cream, the texture of {name}",
    ),
    "bain-lait-camomille": Look(
        "canister",
        "Cream canister of {name}",
        "honey",
        "#efe3c4",
        "matte",
        "oak",
        size="250 g",
        second="swatch",
        swatch="powder",
        back="A heap of soft cream powder, the texture of {name}",
    ),
    "brosse-corps-hetre": Look(
        "brush",
        "Long-handled beech brush with pale bristles: {name}",
        "warm beige",
        "#c99f6e",
        accent="#e4cfa2",
        second="detail",
        back="Close-up of the natural bristles of the {name}",
    ),
    # face care
    "lait-demaquillant-camelia": Look(
        "capped", "White bottle of {name}", "soft blush", "#f1e8de", "satin", "rose", note="cleansing milk", **SIZES
    ),
    "gel-nettoyant-the-vert": Look(
        "pump",
        "Clear pump bottle of {name}, filled with pale green gel",
        "sage grey",
        "#bcc98c",
        "glass",
        "black",
        size="150 ml",
        second="swatch",
        swatch="gel",
        back="A pool of clear pale green gel, the texture of {name}",
    ),
    "baume-nettoyant-souci": Look(
        "jar",
        "Jar of {name} with a brass lid",
        "honey",
        "#e8b04c",
        "glass",
        "brass",
        size="90 g",
        second="swatch",
        swatch="cream",
        back="A smear of marigold yellow balm, the texture of {name}",
    ),
    "mousse-nettoyante-riz": Look(
        "pump",
        "Frosted white pump bottle of {name}",
        "mist blue",
        "#e6eaea",
        "satin",
        "cream",
        size="150 ml",
        second="swatch",
        swatch="foam",
        back="White foam of fine bubbles, the texture of {name}",
    ),
    "serum-vitamine-c-15": _serum(
        "terracotta",
        OIL,
        "amber",
        cap="black",
        second="swatch",
        swatch="oil",
        back="Drops of orange serum, the texture of {name}",
    ),
    "serum-hyaluronique": _serum(
        "mist blue",
        "#d5e0e0",
        "glass",
        cap="steel",
        second="swatch",
        swatch="water",
        back="Drops of clear serum, the texture of {name}",
    ),
    "serum-niacinamide": _serum("stone grey", "#efebe2", "matte", cap="black", size="30 ml"),
    "huile-nuit-figue-barbarie": _serum(
        "sage grey",
        "#a9b25a",
        "glass",
        cap="brass",
        second="swatch",
        swatch="oil",
        back="Drops of yellow-green oil, the texture of {name}",
    ),
    "creme-jour-aster": Look(
        "jar",
        "White jar of {name} with a green lid",
        "pale sand",
        "#f2ece0",
        "gloss",
        "green",
        note="day cream",
        second="swatch",
        swatch="cream",
        back="A smear of white cream, the texture of {name}",
    ),
    "creme-nuit-reparatrice": Look(
        "jar", "Dark green jar of {name} with a brass lid", "oatmeal", "#33584c", "gloss", "brass", **SIZES
    ),
    "ecran-mineral-spf50": Look(
        "tube",
        "Sand-coloured tube of {name}, standing on its cap",
        "honey",
        "#ead7b2",
        "satin",
        "cream",
        size="50 ml",
        second="swatch",
        swatch="cream",
        back="A smear of light beige fluid, the texture of {name}",
    ),
    "eau-de-rose-brume": Look(
        "spray",
        "Rose glass mist bottle of {name}, its cap beside it",
        "soft blush",
        "#e5b1a8",
        "glass",
        "rose",
        **SIZES,
    ),
    "masque-argile-rose": Look(
        "jar",
        "Jar of {name} with a cream lid",
        "rose clay",
        "#cf9a8c",
        "gloss",
        "cream",
        size="75 ml",
        second="swatch",
        swatch="cream",
        back="A thick smear of pink clay, the texture of {name}",
    ),
    "contour-yeux-cafeine": Look(
        "roller",
        "Slim frosted bottle of {name} with a steel rollerball, its cap beside it",
        "mist blue",
        "#cfd9db",
        "satin",
        "navy",
        size="15 ml",
        second="swatch",
        swatch="water",
        back="Drops of clear cool gel, the texture of {name}",
    ),
    "exfoliant-lactique": Look(
        "small_capped", "White bottle of {name} with a black cap", "mauve", "#f0e9e4", "matte", "black", size="100 ml"
    ),
    "baume-levres-cire": Look(
        "lip_balm",
        "Open paper tube of {name}, its lid beside it",
        "honey",
        "#d9b074",
        accent="#f1dfae",
        size="8 g",
        second="detail",
        back="Close-up of the soft yellow balm in the open paper tube of {name}",
    ),
    # hair
    "shampoing-romarin": Look(
        "capped", "Green bottle of {name}", "sage grey", "#7c8a58", "satin", "cork", note="shampoo", **SIZES
    ),
    "apres-shampoing-argan": Look(
        "capped",
        "Ochre bottle of {name}",
        "terracotta",
        "#c08a45",
        "satin",
        "cork",
        note="conditioner",
        second="pair",
        beside=("shampoing-romarin",),
        back="{name} beside the green bottle of Rosemary Shampoo",
    ),
    "huile-cheveux-jojoba": _serum(
        "honey",
        "#d39a3a",
        "glass",
        cap="oak",
        second="swatch",
        swatch="oil",
        back="Drops of golden oil, the texture of {name}",
    ),
    "shampoing-solide-ortie": Look(
        "round_bar",
        "Round nettle green bar of {name} that leans on its tin",
        "sage grey",
        "#a7ae86",
        accent="#5d6b3c",
        size="80 g",
        title="Nettle",
        second="detail",
        back="Close-up of the round green bar of {name}, flecked with nettle",
    ),
    "masque-cheveux-aloe": Look(
        "jar",
        "Clear jar of {name} with a clay-coloured lid",
        "pale sand",
        "#cdd6a6",
        "glass",
        "clay",
        size="200 ml",
        second="swatch",
        swatch="cream",
        back="A smear of pale green hair mask, the texture of {name}",
    ),
    "brume-sel-cheveux": Look(
        "spray",
        "Pale blue spray bottle of {name}, its cap beside it",
        "mist blue",
        "#b9ced3",
        "glass",
        "navy",
        size="150 ml",
    ),
    "parfum-cheveux-rose": Look(
        "spray",
        "Small clear bottle of {name}, rose, its cap beside it",
        "rose clay",
        "#e2a598",
        "glass",
        "brass",
        size="50 ml",
        second="pair",
        beside=("rose-de-petra",),
        back="{name} beside the arched bottle of Rose de Pétra",
    ),
    "serum-cuir-chevelu": _serum(
        "stone grey",
        "#5f7f74",
        "amber",
        words="Dark green dropper bottle",
        cap="steel",
        size="60 ml",
        second="swatch",
        swatch="water",
        back="Drops of clear watery serum, the texture of {name}",
    ),
    "peigne-buis": Look(
        "comb",
        "{name} of pale polished wood, with wide and fine teeth, standing on its edge",
        "rose clay",
        "#dcb877",
        second="detail",
        back="Close-up of the hand-polished teeth of the {name}",
    ),
    "shampoing-sec-riz": Look(
        "shaker",
        "Cream shaker tin of {name} with a little powder beside it",
        "oatmeal",
        "#e9dfca",
        "matte",
        accent="#f5efe2",
        size="60 g",
        second="swatch",
        swatch="powder",
        back="A heap of fine pale powder, the texture of {name}",
    ),
    # candles & home
    "bougie-aster": Look(
        "candle",
        "Lit candle in ribbed glass: {name}",
        "warm beige",
        "#e9dcc3",
        shape="ribbed",
        accent="#efe3c8",
        **SIZES,
    ),
    "bougie-foret": Look(
        "candle",
        "Lit candle in a moss green stoneware cup: {name}",
        "sage grey",
        "#6d7a58",
        shape="cup",
        accent="#e9dfc6",
        size="220 g",
    ),
    "bougie-linge-blanc": Look(
        "candle",
        "Lit candle in a white stoneware cup: {name}",
        "oatmeal",
        "#eee8dc",
        shape="cup",
        accent="#f4eddc",
        **SIZES,
    ),
    "bougie-figue-noire": Look(
        "candle",
        "Lit candle in a dark plum stoneware cup: {name}",
        "mauve",
        "#5b4350",
        shape="cup",
        accent="#e6d9c4",
        size="220 g",
        second="pair",
        beside=("bougie-linge-blanc",),
        back="{name} beside the white cup of Linge Blanc, both lit",
    ),
    "chandelles-cire": Look(
        "tapers",
        "Two tall lit beeswax candles in brass holders: {name}",
        "terracotta",
        "#dca64a",
        size="",
        second="detail",
        back="Close-up of the hand-dipped wax and the flames of the {name}",
    ),
    "diffuseur-batons": Look(
        "diffuser", "Clear bottle of {name} with eight reeds", "stone grey", "#e2c184", "glass", "black", **SIZES
    ),
    "recharge-diffuseur": Look(
        "aluminium",
        "Aluminium bottle of {name}",
        "pale sand",
        "#c3c0ba",
        "metal",
        "black",
        size="200 ml",
        second="pair",
        beside=("diffuseur-batons",),
        back="{name} beside the bottle with reeds that it refills",
    ),
    "brume-oreiller-lavande": Look(
        "spray",
        "Pale violet spray bottle of {name}, its cap beside it",
        "mauve",
        "#b9b0cb",
        "glass",
        "cream",
        size="100 ml",
    ),
    "parfum-interieur-encens": Look(
        "spray",
        "Amber spray bottle of {name}, its cap beside it",
        "warm beige",
        OIL,
        "amber",
        "black",
        size="100 ml",
        note="room spray",
    ),
    "papier-encens": Look(
        "booklet",
        "Booklet of {name} with one strip folded and smoking",
        "rose clay",
        "#8a4b3c",
        size="36 papers",
        note="benzoin and orris",
    ),
    "eteignoir-laiton": Look(
        "snuffer",
        "{name} that leans against a candle just put out",
        "stone grey",
        "#b8924f",
        second="detail",
        back="Close-up of the bell of the {name}, polished and shining",
    ),
    "sachets-tiroir": Look(
        "sachets",
        "Three cotton bags tied with violet cord: {name}",
        "mauve",
        "#ece3d2",
        accent="#8a7ba8",
        title="Lavender & Cedar",
    ),
    # hand care
    "creme-mains-aster": Look(
        "tube",
        "Aluminium tube of {name}, standing on its cap",
        "soft blush",
        "#cbc8c2",
        "metal",
        "green",
        printed=False,
        note="hand cream",
        second="swatch",
        swatch="cream",
        back="A smear of white cream, the texture of {name}",
    ),
    "savon-liquide-mains": Look(
        "pump",
        "Amber glass pump bottle of {name}",
        "sage grey",
        "#7d4a20",
        "amber",
        "brass",
        size="300 ml",
        second="swatch",
        swatch="gel",
        back="A pool of clear golden wash, the texture of {name}",
    ),
    "baume-mains-jardinier": Look(
        "flat_tin",
        "Flat tin of {name}, one lid upright",
        "sage grey",
        "#b7b9b4",
        size="90 g",
        title="Gardener's Balm",
        second="swatch",
        swatch="cream",
        back="A smear of stiff yellow balm, the texture of {name}",
    ),
    "huile-cuticules": Look(
        "oil_pen",
        "Slim pen of {name}, open to its brush tip",
        "terracotta",
        "#e0b48c",
        size="4 ml",
        second="detail",
        back="Close-up of the brush tip of {name}",
    ),
    "gommage-mains-sucre": Look(
        "tall_jar",
        "Clear jar of {name} with a clay-coloured lid, the brown sugar in sight",
        "terracotta",
        "#c08a52",
        "glass",
        "clay",
        crumbs=True,
        size="150 g",
        second="swatch",
        swatch="salt",
        back="A heap of coarse brown sugar with a few flecks of peel, the texture of {name}",
    ),
    "gants-coton-nuit": Look(
        "gloves",
        "A pair of white cotton gloves: {name}",
        "oatmeal",
        "#f1ece1",
        title="Cotton Gloves",
        second="detail",
        back="Close-up of the soft weave of the {name}",
    ),
    "gel-mains-neroli": Look(
        "gel",
        "Small clear bottle of {name} on a cord",
        "pale sand",
        "#ecd7a4",
        "glass",
        "cream",
        accent="#b98f5c",
        size="50 ml",
        second="swatch",
        swatch="gel",
        back="A pool of clear gel, the texture of {name}",
    ),
    "creme-mains-olivo": Look(
        "tube",
        "Olive green tube of {name}, standing on its cap",
        "sage grey",
        "#a2a26c",
        "metal",
        "clay",
        size="75 ml",
        title="Olivo y Piñón",
        note="crema de manos",
    ),
    # travel sizes
    "mini-ambre-de-minuit": Look(
        "travel_spray",
        "Slim bronze metal case of {name}",
        "honey",
        "#b98a52",
        size="10 ml",
        title="Ambre de Minuit",
        ink="#3a2410",
        second="pair",
        beside=("ambre-de-minuit",),
        back="{name} beside the large square bottle",
    ),
    "mini-rose-de-petra": Look(
        "travel_spray",
        "Slim rose metal case of {name}",
        "soft blush",
        "#d3a195",
        size="10 ml",
        title="Rose de Pétra",
        ink="#4a211a",
        second="pair",
        beside=("rose-de-petra",),
        back="{name} beside the large arched bottle",
    ),
    "echantillons-parfum": Look(
        "vial",
        "Small glass vial before its paper card: {name}",
        "warm beige",
        "#cf9146",
        "glass",
        size="2 ml",
        title="Ambre de Minuit",
        note="eau de parfum",
        second="detail",
        back="Close-up of the glass vial and the card of the {name}",
    ),
    "mini-gel-douche": Look(
        "small_capped",
        "Small amber bottle of {name}",
        "soft blush",
        OIL,
        "amber",
        "black",
        size="75 ml",
        title="Aster Daily Body Wash",
        second="pair",
        beside=("body-wash-aster",),
        back="The travel bottle of {name} beside the large pump bottle",
    ),
    "mini-creme-jour": Look(
        "tube",
        "Small white tube of {name}, standing on its cap",
        "pale sand",
        "#f1ece1",
        "satin",
        "green",
        size="15 ml",
        title="Aster Day Cream",
        second="pair",
        beside=("creme-jour-aster",),
        back="The small tube of {name}, beside the jar of Aster Day Cream",
    ),
    "mini-baume-nettoyant": Look(
        "flat_tin",
        "Flat golden tin of {name}, one lid upright",
        "honey",
        "#c7a35f",
        size="20 g",
        title="Calendula Balm",
        second="swatch",
        swatch="cream",
        back="A smear of marigold yellow balm, the texture of {name}",
    ),
    "mini-duo-cheveux": Look(
        "duo",
        "Two small bottles, green and ochre, side by side: {name}",
        "terracotta",
        "#7c8a58",
        "satin",
        "cork",
        accent="#c08a45",
        size="2 × 60 ml",
        title="Rosemary Shampoo",
    ),
    "mini-huile-neroli": _serum(
        "honey",
        "#dfae52",
        "glass",
        cap="brass",
        size="20 ml",
        title="Néroli Dry Body Oil",
        second="pair",
        beside=("huile-corps-neroli",),
        back="The small dropper bottle of {name}, beside the large spray bottle",
    ),
    "brume-voyage-rose": Look(
        "spray",
        "Pocket-size rose spray bottle of {name}, its cap beside it",
        "rose clay",
        "#e9bdb3",
        "glass",
        "cream",
        size="30 ml",
        title="Rose Mist",
    ),
    "trousse-lin": Look(
        "pouch",
        "Écru linen pouch with a brass zip: {name}",
        "warm beige",
        "#d8c9ae",
        second="detail",
        back="Close-up of the brass zip and the weave of the {name}",
    ),
    # gifts & sets
    "coffret-decouverte": Look(
        "discovery",
        "Open green box with eight vials of perfume: {name}",
        "warm beige",
        "#1f5c4d",
        title="Discovery Set",
        size="8 × 2 ml",
        second="detail",
        back="Close-up of the vials, from pale straw to dark tea, in the {name}",
    ),
    "coffret-rose": Look(
        "rose_box",
        "Open linen-covered box with a perfume, a lotion and a hand cream: {name}",
        "rose clay",
        "#d9b9ab",
        title="The Rose Box",
        second="detail",
        back="Close-up of the arched perfume bottle between lotion and hand cream in {name}",
    ),
    "coffret-mains": Look(
        "hand_box",
        "Kraft box with a hand cream, a cuticle oil and cotton gloves: {name}",
        "oatmeal",
        "#c4a27a",
        title="Hand Care Trio",
        second="detail",
        back="Close-up of the aluminium tube and the cuticle oil in the {name}",
    ),
    "coffret-visage-premier": Look(
        "face_set",
        "Cleanser, serum and day cream in a row on a slab of stone: {name}",
        "pale sand",
        "#f2ece0",
        title="First Routine",
        second="detail",
        back="Close-up of the serum between cleanser and cream of the {name}",
    ),
    "coffret-bain-dimanche": Look(
        "bath_box",
        "Box with a canister of milk bath, a candle and a bar of soap: {name}",
        "sage grey",
        "#5f7468",
        title="Sunday Bath Box",
        second="detail",
        back="Close-up of the canister and the candle in the {name}",
    ),
    "trio-bougies-oree": Look(
        "three_candles",
        "Three lit candles in green, white and plum cups: {name}",
        "stone grey",
        "#6d7a58",
        title="Three Candles",
        second="detail",
        back="The green, the white and the plum cup of the {name} from near by, all lit",
    ),
    "carte-cadeau": Look(
        "gift_card",
        "Printed {name} before its green envelope",
        "pale sand",
        "#f6f1e5",
        accent="#5d7f70",
        title="Gift Card",
    ),
    "coffret-andalucia": Look(
        "andalucia",
        "Wooden box with shampoo, conditioner and a bar of soap in shavings: {name}",
        "terracotta",
        "#c39a6b",
        title="Andalucía",
        second="detail",
        back="Close-up of the bottles in olive-wood shavings in the {name}",
    ),
    "emballage-furoshiki": Look(
        "furoshiki",
        "Gift wrapped in blue cotton printed with small flowers: {name}",
        "oatmeal",
        "#4f6591",
        accent="#e9e4d6",
        second="detail",
        back="Close-up of the knot and the printed flowers of the {name}",
    ),
}
