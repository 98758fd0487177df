"""The pictures themselves: who stands where, in what light, and from how near it is seen."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from PIL import Image, ImageDraw

from shop.demo.looks import HEIGHT, WIDTH, Portrait
from shop.demo.studio import backdrops, objects, vessels
from shop.demo.studio.backdrops import FLOOR, paint_room
from shop.demo.studio.canvas import Camera, Canvas, Pen, lit, rgb
from shop.demo.studio.labels import HOUSES, Words, aster, label
from shop.demo.studio.swatches import paint_swatch
from shop.demo.studio.vessels import Box

Draw = Callable[[Pen, Any, Words], Box]


@dataclass(frozen=True)
class Thing:
    """Something that can be drawn: its width to the left and right of its middle, and its height, in millimetres."""

    draw: Draw
    left: float
    right: float
    height: float


THINGS: dict[str, Thing] = {
    "dropper": Thing(vessels.dropper, 17, 17, 100),
    "pump": Thing(vessels.pump, 36, 30, 169),
    "capped": Thing(vessels.capped, 27, 27, 160),
    "small_capped": Thing(vessels.small_capped, 19, 19, 102),
    "gel": Thing(vessels.gel, 34, 19, 88),
    "spray": Thing(vessels.spray, 18.5, 48, 118),
    "jar": Thing(vessels.jar, 33, 33, 56),
    "tall_jar": Thing(vessels.tall_jar, 41, 41, 92),
    "tube": Thing(vessels.tube, 26, 26, 128),
    "flat_tin": Thing(vessels.flat_tin, 36, 46, 76),
    "canister": Thing(vessels.canister, 33, 33, 108),
    "shaker": Thing(vessels.shaker, 24, 50, 116),
    "aluminium": Thing(vessels.aluminium, 29, 29, 158),
    "flacon": Thing(vessels.flacon, 34, 34, 110),
    "diffuser": Thing(vessels.diffuser, 46, 46, 188),
    "vial": Thing(vessels.vial, 30, 24, 64),
    "travel_spray": Thing(vessels.travel_spray, 10, 10, 114),
    "roller": Thing(vessels.roller, 12, 38, 76),
    "lip_balm": Thing(vessels.lip_balm, 11, 40, 74),
    "oil_pen": Thing(vessels.oil_pen, 7, 33, 121),
    "candle": Thing(vessels.candle, 34, 34, 98),
    "soap": Thing(objects.soap, 46, 52, 82),
    "round_bar": Thing(objects.round_bar, 36, 44, 86),
    "tapers": Thing(objects.tapers, 43, 43, 262),
    "snuffer": Thing(objects.snuffer, 45, 62, 170),
    "brush": Thing(objects.brush, 31, 31, 245),
    "comb": Thing(objects.comb, 26, 23, 180),
    "booklet": Thing(objects.booklet, 31, 68, 92),
    "sachets": Thing(objects.sachets, 54, 56, 84),
    "gloves": Thing(objects.gloves, 50, 46, 158),
    "pouch": Thing(objects.pouch, 65, 65, 88),
    "gift_card": Thing(objects.gift_card, 62, 68, 94),
    "furoshiki": Thing(objects.furoshiki, 58, 58, 118),
}


def ready(portrait: Portrait, **changes: Any) -> Any:
    """The look with its colours as numbers, for drawing."""
    look = replace(portrait.look, **changes)
    return SimpleNamespace(
        **{name: getattr(look, name) for name in ("stuff", "cap", "cap_shape", "shape", "printed", "crumbs", "thing")},
        body=rgb(look.body),
        accent=rgb(look.accent),
        paper=rgb(look.paper) if look.paper else None,
        ink=rgb(look.ink) if look.ink else None,
    )


def words_of(portrait: Portrait, size: str | None = None) -> Words:
    look = portrait.look
    return Words(
        HOUSES[portrait.brand], look.title or portrait.name, look.note, portrait.size if size is None else size
    )


def draw_view(portrait: Portrait, view: int, others: Mapping[str, Portrait], *, width: int = WIDTH) -> Image.Image:
    """A product's picture, 1 or 2, four to five, the same every time; `others` are those it may stand with."""
    size = width, width * HEIGHT // WIDTH
    studio = Studio(portrait, others, size)
    return studio.front() if view == 1 else studio.second()


class Studio:
    """One product and the camera."""

    def __init__(self, portrait: Portrait, others: Mapping[str, Portrait], size: tuple[int, int]) -> None:
        self.portrait, self.others, self.size = portrait, others, size
        self.look = portrait.look
        self.mood = random.Random(portrait.seed).randrange(4)

    def canvas(self, left: float = 0, top: float = 0, zoom: float = 1) -> Canvas:
        return Canvas(self.size, Camera(left, top, self.size[0] / 1000 * zoom), f"{self.portrait.seed}")

    def front(self) -> Image.Image:
        canvas = self.canvas()
        self.stage(canvas)
        return canvas.finish()

    def stage(self, canvas: Canvas, softness: float = 0) -> Box:
        """The room and the product in it; returns where its label is in the scene."""
        paint_room(canvas, self.look.hue, self.mood, softness=softness)
        if self.look.thing in SETS:
            pen, box = SETS[self.look.thing](self, canvas)
            return _on_scene(pen, box)
        thing = THINGS[self.look.thing]
        wide = thing.left + thing.right
        raise_by = self.base()
        unit = min((820 - raise_by) / thing.height, 700 / wide)
        unit = min(unit, 8.8)
        x = 500 - (thing.right - thing.left) / 2 * unit
        pen = Pen(canvas, x, FLOOR, unit)
        pen = self.plinth(pen, thing) if raise_by else pen
        box = thing.draw(pen, ready(self.portrait), words_of(self.portrait))
        return _on_scene(pen, box)

    def base(self) -> float:
        """How high the plinth is, which what is low or small stands on; 0 for none."""
        return {"jar": 90, "candle": 70, "dropper": 60, "roller": 70, "lip_balm": 60, "soap": 60, "flacon": 40}.get(
            self.look.thing, 0
        ) * (1 if self.mood != 1 else 0)

    def plinth(self, pen: Pen, thing: Thing) -> Pen:
        half = max(thing.left, thing.right) * 1.55
        high = self.base() / pen.unit
        middle = pen.moved((thing.right - thing.left) / 2)
        if self.mood % 2 == 0:
            on = backdrops.plinth(middle, self.look.hue, half, high)
        else:
            on = backdrops.slab(middle, self.look.hue, half * 1.15, high * 0.8)
        return on.moved(-(thing.right - thing.left) / 2)

    def second(self) -> Image.Image:
        look = self.look
        if look.second == "swatch":
            canvas = self.canvas()
            colour = rgb(look.body) if look.swatch != "cream" else _cream_colour(self.portrait)
            paint_swatch(canvas, look.swatch, _inside(self.portrait, colour), look.hue)
            return canvas.finish()
        if look.second == "sizes":
            return self.sizes()
        if look.second == "pair":
            return self.pair()
        return self.close()

    def close(self) -> Image.Image:
        """The same picture from near by: its label, or what is worth seeing."""
        small = Canvas((8, 10), Camera(0, 0, 0.008), self.portrait.seed)
        box = self.stage(small)
        wide, high = box[2] - box[0], box[3] - box[1]
        share = 0.56 if self.look.second == "label" else 0.86
        zoom = min(share * 1000 / wide, share * 1250 / high, 3.4)
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        seen = 1000 / zoom, 1250 / zoom
        canvas = self.canvas(middle[0] - seen[0] * 0.5, middle[1] - seen[1] * 0.5, zoom)
        self.stage(canvas, softness=14)
        return canvas.finish()

    def sizes(self) -> Image.Image:
        """The product in the sizes that it is sold in."""
        thing = THINGS[self.look.thing]
        sizes = sorted(self.portrait.sizes, key=_amount)
        scales = [(_amount(size) / _amount(sizes[-1])) ** 0.36 for size in sizes]
        body = thing.left + min(thing.right, thing.left + 14)
        gap = body * 0.12
        total = sum(body * scale for scale in scales) + gap * (len(sizes) - 1)
        unit = min(900 / total, 780 / thing.height, 8)
        canvas = self.canvas()
        paint_room(canvas, self.look.hue, self.mood + 1)
        x = 500 - total * unit / 2
        spots = []
        for size, scale in zip(sizes, scales, strict=True):
            spots.append((x + thing.left * scale * unit, size, scale))
            x += (body * scale + gap) * unit
        for at, (place, size, scale) in enumerate(spots):
            pen = Pen(canvas, place, FLOOR + 18 * (len(spots) - 1 - at), unit * scale)
            thing.draw(pen, ready(self.portrait), words_of(self.portrait, size))
        return canvas.finish()

    def pair(self) -> Image.Image:
        """The product beside another one."""
        other = self.others[self.look.beside[0]]
        canvas = self.canvas()
        paint_room(canvas, self.look.hue, self.mood + 1)
        mine, its = THINGS[self.look.thing], THINGS[other.look.thing]
        gap = 12
        total = mine.left + mine.right + its.left + its.right + gap
        unit = min(820 / total, 800 / max(mine.height, its.height), 8)
        start = 500 - total * unit / 2
        its.draw(Pen(canvas, start + its.left * unit, FLOOR - 12, unit), ready(other), words_of(other))
        place = start + (its.left + its.right + gap + mine.left) * unit
        mine.draw(Pen(canvas, place, FLOOR + 20, unit), ready(self.portrait), words_of(self.portrait))
        return canvas.finish()

    def put(self, pen: Pen, slug: str, x: float, y: float = 0, size: float = 1, **changes: Any) -> Box:
        """Another product, as part of a set."""
        other = self.others[slug]
        at = pen.moved(x, y, size)
        box = THINGS[other.look.thing].draw(at, ready(other, **changes), words_of(other))
        return x + box[0] * size, y + box[1] * size, x + box[2] * size, y + box[3] * size


def _on_scene(pen: Pen, box: Box) -> Box:
    (left, foot), (right, top) = pen.points([(box[0], box[1]), (box[2], box[3])])
    return left, top, right, foot


def _amount(size: str) -> float:
    number, unit = size.split()[:2]
    return float(number) * (1000 if unit in {"l", "kg"} else 1)


CREAMS = {
    "lait-rose-corps": "#f3d9d0", "deodorant-sauge": "#e3e7d2", "baume-nettoyant-souci": "#ecb850",
    "creme-jour-aster": "#faf6ee",
    "creme-mains-aster": "#faf6f0", "baume-mains-jardinier": "#e6cf8f", "mini-baume-nettoyant": "#ecb850",
    "masque-cheveux-aloe": "#e3e8c8",
}  # fmt: skip
INSIDE = {
    "serum-vitamine-c-15": "#e39a3a",
    "serum-cuir-chevelu": "#d6e2de",
    "savon-liquide-mains": "#dba550",
    "shampoing-sec-riz": "#f3ecdd",
    "contour-yeux-cafeine": "#dbe6e8",
}


def _cream_colour(portrait: Portrait) -> tuple[int, int, int]:
    return rgb(CREAMS.get(portrait.slug, portrait.look.body))


def _inside(portrait: Portrait, colour: tuple[int, int, int]) -> tuple[int, int, int]:
    return rgb(INSIDE[portrait.slug]) if portrait.slug in INSIDE else colour


# The sets: more than one thing.


def _duo(studio: Studio, canvas: Canvas) -> tuple[Pen, Box]:
    pen = Pen(canvas, 500, FLOOR, 7.6)
    look, words = ready(studio.portrait), words_of(studio.portrait)
    vessels.small_capped(pen.moved(-23, 2), look, replace(words, size="60 ml"))
    second = ready(studio.portrait, body=studio.look.accent)
    vessels.small_capped(pen.moved(23, -2), second, replace(words, name="Argan Conditioner", size="60 ml"))
    return pen, (-42, 14, 42, 64)


def _discovery(studio: Studio, canvas: Canvas) -> tuple[Pen, Box]:
    pen = Pen(canvas, 500, FLOOR, 6.2)
    words, green = words_of(studio.portrait), rgb(studio.look.body)
    objects.open_box(pen, 64, 48, green, words, paper=rgb("#f1e8d6"))
    slugs = (
        "cedre-et-sel",
        "iris-papier",
        "rose-de-petra",
        "vetiver-vert",
        "santal-lait",
        "figuier-midi",
        "ambre-de-minuit",
        "the-fume",
    )
    objects.vial_row(pen.moved(0, 31), 64, [rgb(studio.others[slug].look.body) for slug in slugs])
    objects.box_front(pen, 64, 44, green, words)
    return pen, (-52, 34, 52, 100)


def _rose_box(studio: Studio, canvas: Canvas) -> tuple[Pen, Box]:
    pen = Pen(canvas, 500, FLOOR, 5.3)
    words, cloth = words_of(studio.portrait), rgb(studio.look.body)
    objects.open_box(pen, 76, 52, cloth, words, paper=rgb("#f3e6dc"), cloth=True)
    studio.put(pen, "lait-rose-corps", -46, 12, 0.72)
    studio.put(pen, "creme-mains-aster", 47, 8, 0.86)
    studio.put(pen, "rose-de-petra", 2, 18, 0.84)
    objects.shavings(pen, 76, 50, rgb("#f0ddd2"), 150)
    objects.box_front(pen, 76, 48, cloth, words, cloth=True)
    return pen, (-40, 48, 44, 120)


def _hand_box(studio: Studio, canvas: Canvas) -> tuple[Pen, Box]:
    pen = Pen(canvas, 500, FLOOR, 5.5)
    words, kraft = words_of(studio.portrait), rgb(studio.look.body)
    objects.open_box(pen, 72, 44, kraft, words, lid=False)
    gloves = studio.others["gants-coton-nuit"]
    objects.gloves(pen.moved(36, 6, 0.68), ready(gloves), words_of(gloves))
    studio.put(pen, "creme-mains-aster", -38, 6, 0.94)
    studio.put(pen, "huile-cuticules", -4, 10, 0.94)
    objects.shavings(pen, 72, 42, rgb("#eadfc9"), 150)
    objects.box_front(pen, 72, 40, kraft, words)
    return pen, (-66, 38, 30, 132)


def _face_set(studio: Studio, canvas: Canvas) -> tuple[Pen, Box]:
    pen = Pen(canvas, 500, FLOOR, 4.7)
    on = backdrops.slab(pen, studio.look.hue, 100, 14)
    studio.put(on, "lait-demaquillant-camelia", -50, 3, 0.86)
    studio.put(on, "creme-jour-aster", 50, -1, 1.0)
    studio.put(on, "serum-niacinamide", -2, 0, 1.12)
    return on, (-36, 2, 34, 112)


def _bath_box(studio: Studio, canvas: Canvas) -> tuple[Pen, Box]:
    pen = Pen(canvas, 500, FLOOR, 5.2)
    words, green = words_of(studio.portrait), rgb(studio.look.body)
    objects.open_box(pen, 78, 42, green, words, lid=False)
    studio.put(pen, "bain-lait-camomille", -36, 8)
    soap = studio.others["savon-dalep"]
    objects.block(pen.moved(3, 12), 17, 52, 8, rgb(soap.look.body), round_by=3, rough=0.16, cell=0.7)
    studio.put(pen, "bougie-linge-blanc", 47, 10, 0.78)
    objects.shavings(pen, 78, 40, rgb("#e9dfca"), 170)
    objects.box_front(pen, 78, 38, green, words)
    return pen, (-70, 34, 74, 122)


def _three_candles(studio: Studio, canvas: Canvas) -> tuple[Pen, Box]:
    pen = Pen(canvas, 500, FLOOR, 4.4)
    on = backdrops.slab(pen, studio.look.hue, 108, 12)
    for slug, x, y in (("bougie-foret", -66, 3), ("bougie-figue-noire", 66, 3), ("bougie-linge-blanc", 0, -3)):
        other = studio.others[slug]
        THINGS["candle"].draw(on.moved(x, y, 0.9), ready(other), words_of(other, "80 g"))
    return on, (-96, 20, 96, 92)


def _andalucia(studio: Studio, canvas: Canvas) -> tuple[Pen, Box]:
    pen = Pen(canvas, 500, FLOOR, 4.5)
    words = words_of(studio.portrait)
    wood = rgb(studio.look.body)
    objects.open_box(pen, 82, 52, lit(wood, 0.7), words, lid=False)
    studio.put(pen, "shampoing-romarin", -46, 8)
    studio.put(pen, "apres-shampoing-argan", 10, 8)
    objects.block(pen.moved(59, 30), 17, 44, 8, rgb(studio.others["jabon-romero"].look.body), round_by=3)
    objects.shavings(pen, 82, 50, rgb("#cfab78"), 230)
    found = canvas.cut(pen.points([(-82, 0), (82, 0), (82, 46), (-82, 46)]))
    if found:
        sheet = vessels.wood_sheet(pen, found[1].size, wood)
        canvas.lay(found[0], found[1], lambda _w, _h: sheet)
    pen.stroke([(-81.6, 46), (81.6, 46)], 1.2, lit(wood, 1.3))
    label(pen, words, (-32, 6, 32, 40), round_body=False)
    return pen, (-76, 44, 44, 150)


SETS: dict[str, Callable[[Studio, Canvas], tuple[Pen, Box]]] = {
    "duo": _duo,
    "discovery": _discovery,
    "rose_box": _rose_box,
    "hand_box": _hand_box,
    "face_set": _face_set,
    "bath_box": _bath_box,
    "three_candles": _three_candles,
    "andalucia": _andalucia,
}


def draw_still_life(
    others: Mapping[str, Portrait], size: tuple[int, int], *, left: float = 0, top: float = 0, scene: float = 1875
) -> Image.Image:
    """Several products on stone and plaster: the picture of the first page. The middle half says it all, for phones."""
    canvas = Canvas(size, Camera(left, top, size[0] / scene), "hero")
    paint_room(canvas, "warm beige", 1, width=1500)
    backdrops.arch(canvas, "warm beige", 930, 330, 130)
    canvas.soft([(330, -60), (640, -60), (1050, 1010), (740, 1010)], (255, 246, 228), 0.3, 30)
    studio = Studio(others["ambre-de-minuit"], others, size)
    back = Pen(canvas, 935, FLOOR - 24, 4.5)
    plinth = backdrops.plinth(back, "rose clay", 92, 52)
    studio.put(plinth, "rose-de-petra", 33, 1, 1.0)
    studio.put(plinth, "ambre-de-minuit", -39, -4, 1.16)
    studio.put(Pen(canvas, 500, FLOOR - 20, 4.1), "body-wash-aster", 0)
    studio.put(Pen(canvas, 1430, FLOOR - 12, 3.4), "diffuseur-batons", 0)
    slab = backdrops.slab(Pen(canvas, 650, FLOOR + 56, 4.4), "pale sand", 58, 9)
    studio.put(slab, "creme-nuit-reparatrice", 4, 0, 0.92)
    studio.put(Pen(canvas, 1205, FLOOR + 46, 4.6), "serum-vitamine-c-15", 0, 0, 1.08)
    studio.put(Pen(canvas, 960, FLOOR + 84, 3.9), "bougie-foret", 0)
    backdrops.pebble(Pen(canvas, 1395, FLOOR + 92, 4.2), 21, rgb("#cdbfae"))
    backdrops.pebble(Pen(canvas, 1335, FLOOR + 106, 4.2), 11, rgb("#a99a88"))
    studio.put(Pen(canvas, 270, FLOOR + 46, 4.0), "savon-dalep", 0, 0, 0.9)
    return canvas.finish()


def draw_icon(size: int, *, maskable: bool = False) -> Image.Image:
    """The shop's mark for phones."""
    page = Image.new("RGB", (size * 4, size * 4), rgb("#fbfaf7"))
    share = 0.56 if maskable else 0.8  # a phone may cut a maskable icon to a circle of 80 %
    aster(ImageDraw.Draw(page), size * 2, size * 2, size * 2 * share, rgb("#1f5c4d"), 10)
    return page.reduce(4)
