"""The demo's pictures: all there, of the right sizes, not too heavy, told in words, and the same when drawn again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from shop.demo.looks import HEIGHT, HERO, LOOKS, WIDTH, file_names, portrait_of
from shop.demo.place import PICTURES, stored_name
from shop.demo.seed import CATALOGUE
from shop.demo.studio.__main__ import version_of
from shop.demo.studio.scenes import SETS, THINGS, draw_view
from shop.domain.catalog.renditions import FALLBACK_WIDTH, renditions_of

STATIC = Path(__file__).parents[2] / "static/img"
PRODUCTS = json.loads(CATALOGUE.read_text(encoding="utf-8"))["products"]
PORTRAITS = {entry["slug"]: portrait_of(entry) for entry in PRODUCTS}
SIZES = {name: (WIDTH, HEIGHT) for slug in PORTRAITS for name in file_names(slug)} | {HERO.file_name: HERO.size}


def size_of(name: str) -> tuple[int, int]:
    with Image.open(PICTURES / name) as picture:
        return picture.size


def test_every_product_has_a_look_that_can_be_drawn():
    assert set(LOOKS) == set(PORTRAITS)
    assert {look.thing for look in LOOKS.values()} <= set(THINGS) | set(SETS)


def test_every_file_that_a_name_promises_is_there_in_its_size():
    for name, (width, height) in SIZES.items():
        assert size_of(name) == (FALLBACK_WIDTH, round(FALLBACK_WIDTH * height / width))
        for each in renditions_of(name):
            assert size_of(each.file_name) == (each.width, round(each.width * height / width))


def test_there_is_no_other_file_and_all_together_are_light():
    promised = {each.file_name for name in SIZES for each in renditions_of(name)} | set(SIZES)
    assert {file.name for file in PICTURES.iterdir()} == promised | {"VERSION"}
    assert sum(file.stat().st_size for file in PICTURES.iterdir()) <= 8_000_000


def test_their_version_is_in_the_name_under_which_they_are_stored():
    version = (PICTURES / "VERSION").read_text().strip()
    assert version == version_of(PICTURES)
    assert stored_name("hero.w1920.jpg") == f"demo/{version}/hero.w1920.jpg"


def test_every_picture_is_told_in_words_of_its_own():
    told = [portrait.alt_text(view) for portrait in PORTRAITS.values() for view in (1, 2)]
    assert len(set(told)) == len(told)
    assert all(20 <= len(text) <= 500 and "{" not in text for text in told)


def test_a_text_tells_what_was_drawn():
    oil, perfume = PORTRAITS["serum-vitamine-c-15"], PORTRAITS["rose-de-petra"]
    assert oil.alt_text(1) == "Amber dropper bottle of Vitamin C 15 Serum, 15 ml, on a terracotta backdrop"
    assert oil.alt_text(2) == "Drops of orange serum, the texture of Vitamin C 15 Serum"
    assert perfume.alt_text(2) == "Rose de Pétra in 3 sizes side by side: 30 ml, 50 ml and 100 ml"


@pytest.mark.thorough
@pytest.mark.parametrize("slug", ["rose-de-petra", "gommage-sel-citron", "coffret-rose"])
@pytest.mark.parametrize("view", [1, 2])
def test_a_picture_is_the_same_every_time(slug, view):
    one, other = (draw_view(PORTRAITS[slug], view, PORTRAITS, width=160) for _ in range(2))
    assert one.tobytes() == other.tobytes()


def test_the_icons_have_the_sizes_that_are_asked_for():
    names = {
        "icon-192.png": (192, 192),
        "icon-512.png": (512, 512),
        "icon-maskable-512.png": (512, 512),
        "apple-touch-icon.png": (180, 180),
    }
    for name, size in names.items():
        with Image.open(STATIC / name) as picture:
            assert picture.size == size
    assert (STATIC / "placeholder.svg").stat().st_size <= 1024
