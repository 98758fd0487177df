"""The demo's pictures: small, the same every time, and nothing in them but shapes."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from shop.demo.seed import CATALOGUE
from shop.demo.tiles import LOOKS, draw_tile

PRODUCTS = json.loads(CATALOGUE.read_text(encoding="utf-8"))["products"]
SHAPES = {"svg", "rect", "circle", "ellipse", "path", "g"}


def test_every_product_has_a_small_picture_of_plain_shapes():
    for product in PRODUCTS:
        tile = draw_tile(product["slug"], product["category"], product["name"])
        elements = list(ElementTree.fromstring(tile).iter())  # noqa: S314 (our own drawing)
        assert len(tile) <= 1200
        assert {element.tag.rpartition("}")[2] for element in elements} <= SHAPES
        assert not {"style", "href", "class", "onload"} & {name for element in elements for name in element.attrib}


def test_a_picture_is_the_same_every_time_and_another_for_another_product():
    assert draw_tile("a", "candles") == draw_tile("a", "candles")
    assert len({draw_tile(product["slug"], product["category"]) for product in PRODUCTS}) == len(PRODUCTS)


def test_every_category_of_the_demo_has_its_look():
    assert {product["category"] for product in PRODUCTS} <= set(LOOKS)


def test_a_name_is_escaped():
    assert b'aria-label="&lt;b&gt; &amp; c"' in draw_tile("a", title="<b> & c")
