"""Narrowing a listing: what is counted is what is found, for any catalogue and any filter, on both engines."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.db import db, operation
from shop.domain.catalog.attributes import define_new_attributes
from shop.domain.catalog.filters import Narrowing, ProductFilter
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import FacetValue, Product, ProductAttribute
from shop.domain.catalog.operations import save_category
from shop.domain.catalog.queries import list_products
from shop.errors import NotFound
from tests.conftest import counted_statements, make_product

BRANDS = ["", "Aster", "Birch", "Ćedar"]
TAGS = ["gift", "new in", "50% off", "vegan"]
SIZES = ["30 ml", "50 ml", "100 ml"]
SKINS = ["dry", "oily", "normal"]
CATEGORIES = {"face": ("face", "masks"), "masks": ("masks",), "hair": ("hair",)}  # each with those below it


@dataclass(frozen=True)
class Thing:
    """A product as the test knows it."""

    id: int
    category: str | None
    brand: str
    tags: tuple[str, ...]
    sizes: tuple[str, ...]
    skins: tuple[str, ...]
    price: int
    is_reduced: bool
    is_in_stock: bool
    is_on_sale: bool = True

    def values(self, facet: str) -> set[str]:
        by_name = {"brand": (self.brand,), "tag": self.tags, "size": self.sizes, "skin_types": self.skins}
        return set(by_name.get(facet, ()))


def matches(thing: Thing, asked: ProductFilter, without: str = "") -> bool:
    facets = all(thing.values(name) & set(chosen) for name, chosen in asked.facets.items() if name != without)
    branch = {slug for top in asked.category for slug in CATEGORIES[top]}
    return (
        thing.is_on_sale
        and facets
        and (not asked.category or without == "category" or thing.category in branch)
        and (asked.min_price is None or thing.price >= asked.min_price)
        and (asked.max_price is None or thing.price <= asked.max_price)
        and asked.in_stock in (None, thing.is_in_stock)
        and asked.on_sale in (None, thing.is_reduced)
    )


def some(dice: random.Random, values: list[str]) -> tuple[str, ...]:
    return tuple(dice.sample(values, dice.randint(0, len(values) - 1)))


def make_catalogue(seed: int, count: int = 24) -> list[Thing]:
    dice = random.Random(seed)
    ids = {slug: save_category(slug, slug, parent_slug=parent).id for slug, parent in
           (("face", None), ("masks", "face"), ("hair", None))}  # fmt: skip
    things = []
    for _ in range(count):
        thing = Thing(
            id=0,
            category=dice.choice([None, *CATEGORIES]),
            brand=dice.choice(BRANDS),
            tags=some(dice, TAGS),
            sizes=some(dice, SIZES),
            skins=some(dice, SKINS),
            price=dice.choice([500, 1000, 1500, 2000]),
            is_reduced=dice.random() < 0.3,
            is_in_stock=dice.random() < 0.7,
            is_on_sale=dice.random() < 0.85,
        )
        product = make_product(
            price=f"{thing.price / 100:.2f}",
            compare_at="99.00" if thing.is_reduced else None,
            stock=3 if thing.is_in_stock else 0,
            variants=list(thing.sizes) or None,
            brand=thing.brand,
            tags=list(thing.tags),
            category_id=ids.get(thing.category),
            status="active" if thing.is_on_sale else dice.choice(["draft", "archived"]),
        )
        say_skin_types(product.id, thing.skins)
        things.append(replace(thing, id=product.id))
    return things


@operation
def say_skin_types(product_id: int, skins: tuple[str, ...]) -> None:
    pairs = [("skin_types", skin) for skin in skins]
    define_new_attributes(pairs)
    db.session.add_all(ProductAttribute(product_id=product_id, name=name, value=value) for name, value in pairs)
    db.session.flush()
    refresh_listings([product_id])


filters = st.builds(
    lambda **values: ProductFilter.model_validate({**values, "limit": 100}),
    brand=st.lists(st.sampled_from([*BRANDS[1:], "Nobody"]), max_size=2),
    tag=st.lists(st.sampled_from([*TAGS, "no such tag"]), max_size=2),
    category=st.lists(st.sampled_from(list(CATEGORIES)), max_size=2),
    attr=st.dictionaries(
        st.sampled_from(["size", "skin_types", "no_such_facet"]),
        st.lists(st.sampled_from(SIZES + SKINS), min_size=1, max_size=2),
        max_size=2,
    ),
    minPrice=st.sampled_from([None, None, 600, 1500]),
    maxPrice=st.sampled_from([None, None, 1000, 100]),
    inStock=st.sampled_from([None, None, True, False]),
    onSale=st.sampled_from([None, None, None, True, False]),
)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_count_is_the_number_of_products_after_choosing_it(app, seed):
    things = make_catalogue(seed)

    @settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(asked=filters, half=st.booleans())
    def check(asked: ProductFilter, half: bool) -> None:
        among = [thing.id for thing in things[::2]] if half else None
        known = things[::2] if half else things
        page = list_products(asked, among, with_counts=True)
        found = {thing.id for thing in known if matches(thing, asked)}

        assert page.total == len(found) and {product.id for product in page.products} == found
        assert page.counts.on_sale == sum(thing.is_reduced for thing in known if thing.id in found)
        for facet in page.counts.facets:
            rest = [thing for thing in known if matches(thing, asked, without=facet.name)]
            chosen = asked.facets.get(facet.name, ())
            shown = {value.value: value.count for value in facet.values}
            there = {value for thing in rest for value in thing.values(facet.name) if value}
            assert set(shown) == there | set(chosen)
            for value, count in shown.items():
                assert count == sum(value in thing.values(facet.name) for thing in rest), (facet.name, value)
            assert {value.value for value in facet.values if value.is_chosen} == set(chosen)
        rest = [thing for thing in known if matches(thing, asked, without="category")]
        assert sum(page.counts.categories.values()) == sum(thing.category is not None for thing in rest)
        for key, count in page.drops.items():
            assert not page.total and count > 0, key
            if key.startswith("facet."):
                assert count == sum(matches(thing, asked, without=key.removeprefix("facet.")) for thing in known)
        db.session.rollback()

    check()


def test_the_prices_are_those_before_the_price_filter(app):
    for price in ("5.00", "10.00", "20.00"):
        make_product(price=price)
    counts = list_products(ProductFilter.model_validate({"minPrice": 900}), with_counts=True).counts
    assert (counts.total, counts.lowest, counts.highest) == (2, 500, 2000)


def test_what_a_list_is_of_stays_whatever_is_chosen_in_it(app):
    make_product("Soap", brand="Aster", tags=["gift"])
    make_product("Balm", brand="Birch", tags=["gift"])
    within = Narrowing.model_validate({"brand": ["Aster"]})
    page = list_products(ProductFilter.model_validate({"tag": ["gift"]}), within=within, with_counts=True)
    assert [product.name for product in page.products] == ["Soap"]


def test_where_nothing_is_left_it_says_what_to_drop_and_what_there_would_be(app):
    make_product(brand="Aster", price="10.00")
    make_product(brand="Birch", price="50.00")
    asked = ProductFilter.model_validate({"brand": ["Aster"], "minPrice": 4000, "attr": {"size": ["none"]}})
    assert list_products(asked, with_counts=True).drops == {}  # no single one helps
    asked = ProductFilter.model_validate({"brand": ["Aster"], "minPrice": 4000})
    assert list_products(asked, with_counts=True).drops == {"facet.brand": 1, "price": 1}


def test_a_facet_shows_the_values_that_most_products_have_and_always_those_chosen(app):
    for number in range(40):
        make_product(tags=["common", f"tag {number:02}"])
    plain = list_products(ProductFilter(), with_counts=True).counts.facets[0]
    assert len(plain.values) == 30 and plain.values[0].value == "common"
    asked = ProductFilter.model_validate({"tag": ["tag 39"]})
    chosen = list_products(asked, with_counts=True).counts.facets[0]
    assert [(value.value, value.count) for value in chosen.values if value.is_chosen] == [("tag 39", 1)]


def test_the_statements_of_a_listing_do_not_grow_with_what_is_chosen(app, statements):
    for number in range(3):
        make_product(brand="Aster", tags=["gift"], variants=SIZES, price=f"{number + 1}.00")
    counts = []
    for asked in ({}, {"brand": ["Aster"], "tag": ["gift"], "attr": {"size": ["30 ml", "50 ml"]}, "inStock": True}):
        with statements() as sent:
            list_products(ProductFilter.model_validate(asked), with_counts=True)
        counts.append(len(sent))
        db.session.rollback()
    assert counts == [5, 5]


def test_names_are_sorted_alike_on_every_database(app):
    for name in ("Zinc", "Écru", "apricot", "Balm"):
        make_product(name)
    names = [product.name for product in list_products(ProductFilter.model_validate({"sortBy": "name"})).products]
    assert names == ["apricot", "Balm", "Écru", "Zinc"]


def test_a_category_or_collection_that_is_not_there_is_not_found(app):
    for asked in ({"category": ["nowhere"]}, {"collection": "nothing"}):
        with pytest.raises(NotFound):
            list_products(ProductFilter.model_validate(asked))


def test_values_that_are_gone_go_in_one_statement(app):
    tags = ["gift", "new in", "50% off", "vegan"]
    product = make_product(tags=tags)

    @operation
    def keep(*kept):
        db.session.execute(db.update(Product).where(Product.id == product.id).values(tags=list(kept)))
        refresh_listings([product.id])

    with counted_statements() as sent:
        keep("vegan")

    assert sum(statement.startswith("DELETE FROM facet_values") for statement in sent) == 1
    assert list(db.session.scalars(db.select(FacetValue.value).filter_by(name="tag"))) == ["vegan"]
