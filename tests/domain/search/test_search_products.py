"""Searching on both databases: what is found, how mistakes are understood, and that no text is too much."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import event, text

from shop.db import db, operation
from shop.domain.actors import SYSTEM
from shop.domain.catalog.models import ProductAttribute
from shop.domain.catalog.operations import save_category
from shop.domain.catalog.queries import ProductFilter
from shop.domain.search import engines, queries
from shop.domain.search.index import index_products
from shop.domain.search.queries import list_found, search_products, suggest
from shop.domain.search.synonyms import save_synonym
from tests.conftest import make_product, variants_of

HOSTILE = [
    "x" * 10_000,
    "' OR 1=1 --",
    "'; DROP TABLE products; --",
    '"a" OR NEAR("b" "c")',
    "names : rose*",
    "rose AND NOT (serum",
    "'rose':* & !serum | <-> \\",
    "{{ 7331*7 }} {% raw %}",
    "<script>alert(1)</script>",
    "%_\\%",
    "\u202e\u0000\ufeffrose",
    "\U0010ffff\ufdd0",
    "İıßﬁǅ",
    "🌹🌹🌹",
    "!!! ??? ---",
    "a " * 150,
    "م ر ح ب ا",
    "٣٤٥ ½ ² Ⅷ 𝟛",
    "NULL None undefined",
]


def names_of(found) -> list[str]:
    db.session.rollback()
    names = dict(db.session.execute(text("SELECT id, name FROM products")).all())
    return [names[product_id] for product_id in found.product_ids]


def found_by(text_: str, **how) -> list[str]:
    return names_of(search_products(text_, **how))


@pytest.fixture
def shop(app):
    category = save_category("lips", "Lip care")
    make_product("Rose Serum", brand="Diptyque", tags=["gift"], description="<p>With squalane</p>")
    make_product("Night Creams", brand="Lancôme", category_id=category.id)
    make_product("Crème brûlée candle")
    make_product("Moisturising lotion", brand="L'Oréal")
    return category


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("rose serum", "Rose Serum"),
        ("SERUM rose", "Rose Serum"),
        ("ser", "Rose Serum"),
        ("diptyque", "Rose Serum"),
        ("gifts", "Rose Serum"),
        ("squalane", "Rose Serum"),
        ("night cream", "Night Creams"),
        ("lancome", "Night Creams"),
        ("lip", "Night Creams"),
        ("creme brulee", "Crème brûlée candle"),
        ("CANDLES", "Crème brûlée candle"),
        ("loreal", "Moisturising lotion"),
        ("l'oréal", "Moisturising lotion"),
        ("oreal", "Moisturising lotion"),
        ("the lotion for night moisturising", "Moisturising lotion"),
    ],
)
def test_a_product_is_found_by_any_of_its_words(shop, asked, name):
    assert found_by(asked)[0] == name


def spoilt(word: str) -> list[str]:
    """Every wrong, missing, added and swapped letter."""
    places = range(len(word))
    wrong = [word[:at] + "x" + word[at + 1 :] for at in places]
    missing = [word[:at] + word[at + 1 :] for at in places]
    added = [word[:at] + "x" + word[at:] for at in (*places, len(word))]
    swapped = [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1]]
    return [*wrong, *missing, *added, *swapped]


def test_one_mistake_anywhere_is_understood_and_told(shop):
    for word in ("serum", "moisturising", "rose"):
        for typed in spoilt(word):
            if typed == word:
                continue
            found = search_products(typed)
            assert word in " ".join(names_of(found)[:1]).lower(), typed
            assert found.corrected in (word, None), typed
    assert search_products("seruum").corrected == "serum"
    assert search_products("rose seruum").corrected == "rose serum"


def test_two_mistakes_in_a_long_word_are_understood(shop):
    found = search_products("moistrizing")
    assert names_of(found) == ["Moisturising lotion"] and found.corrected == "moisturising"


def test_two_mistakes_in_a_short_word_are_not(shop):
    assert found_by("xxrum") == []


def test_a_word_searched_for_literally_is_only_offered_a_correction(shop):
    found = search_products("seruum", literally=True)
    assert found.product_ids == () and found.corrected == "serum" and found.original == "seruum"


def test_a_word_of_another_product_may_be_a_mistake_too(shop):
    make_product("Rase of light")
    assert found_by("rase serum")[0] == "Rose Serum"


def test_words_that_no_product_has_together_find_those_with_some(shop):
    found = search_products("rose candle")
    assert found.is_partial and set(names_of(found)) == {"Rose Serum", "Crème brûlée candle"}
    assert names_of(search_products("serum zzzzzz")) == ["Rose Serum"]


def test_a_sku_comes_before_everything(shop):
    product = make_product("Soap")
    sku = variants_of(product)[0].sku
    make_product(f"{sku} holder")
    assert found_by(sku.lower().replace("-", " "))[0] == "Soap"


def test_the_name_comes_before_the_brand_and_the_brand_before_the_description(app):
    make_product("Plain", description="<p>amber</p>")
    make_product("Other", brand="Amber")
    make_product("Ambers and more")
    make_product("Amber")
    assert found_by("amber") == ["Amber", "Ambers and more", "Other", "Plain"]


def test_attributes_are_found(app):
    product = make_product("Plain")
    add_attribute(product.id)
    assert found_by("bakuchiol") == ["Plain"]


@operation
def add_attribute(product_id: int) -> None:
    db.session.add(ProductAttribute(product_id=product_id, name="ingredients", value="Bakuchiol"))
    db.session.flush()
    index_products([product_id])


def test_synonyms_of_one_word_and_of_several_work_both_ways(app):
    make_product("Body Wash")
    make_product("Lipstick")
    save_synonym(["shower gel", "body wash"], SYSTEM)
    save_synonym(["lipstick", "rouge"], SYSTEM)
    assert found_by("shower gels") == ["Body Wash"]
    assert found_by("rouge") == ["Lipstick"]
    assert found_by("shower gel zzzzzz") == ["Body Wash"]
    make_product("Rouge")
    assert found_by("lipstick") == ["Lipstick", "Rouge"]


def test_only_so_many_are_found_and_the_best_are_among_them(app, monkeypatch):
    for module in (engines, queries):
        assert module.MOST == 200
        monkeypatch.setattr(module, "MOST", 6)
    for _ in range(9):
        make_product("Many more of one kind")
    make_product("Kind")
    found = search_products("kind")
    assert len(found.product_ids) == 6 and names_of(found)[0] == "Kind"


@pytest.mark.parametrize("asked", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_is_too_much(shop, asked):
    for literally in (False, True):
        assert len(search_products(asked, literally=literally).product_ids) <= 5
    suggest(asked)


def test_no_text_of_any_characters_is_too_much(shop):
    chance = random.Random(11)
    for _ in range(40):
        asked = "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0xD7FF)))) for _ in range(12))
        assert len(search_products(asked.replace("\x00", "")).product_ids) <= 200
        assert len(search_products("rose " + asked + "*").product_ids) <= 200


def test_a_page_of_what_was_found_is_by_relevance_unless_another_order_is_asked_for(app):
    make_product("Amber light", price="30.00")
    make_product("Amber", price="20.00")
    asked = ProductFilter.model_validate({"sortBy": "price", "sortOrder": "desc"})
    assert [row.name for row in list_found(ProductFilter(), "amber")[1].products] == ["Amber", "Amber light"]
    assert [row.name for row in list_found(asked, "amber")[1].products] == ["Amber light", "Amber"]
    cheap = ProductFilter.model_validate({"maxPrice": 2500})
    assert list_found(cheap, "amber")[1].total == 1


def test_a_search_writes_nothing_and_asks_a_few_times(shop, statements):
    with statements() as sent:
        search_products("rose serum")
    assert len(sent) <= 7
    assert all(statement.lstrip("( ").startswith(("SELECT", "WITH")) for statement in sent)


# -- suggestions ------------------------------------------------------------------------------------------------------


def test_suggestions_are_searches_categories_and_products(shop):
    made = suggest("li")
    assert made.searches and made.searches[0].startswith("li")
    assert [category.name for category in made.categories] == ["Lip care"]
    assert [row.product.name for row in suggest("ser").products] == ["Rose Serum"]
    assert suggest("seruum").searches == ("serum",)


def test_suggestions_are_few_and_begin_with_two_letters(app):
    for number in range(20):
        save_category(f"ser{number}", f"Serum {number}")
        make_product(f"Serum{number} nice")
    made = suggest("ser")
    assert len(made.searches) + len(made.categories) + len(made.products) <= 8
    assert suggest("s") == suggest(" ") == suggest("")


# -- without pg_trgm --------------------------------------------------------------------------------------------------


def test_without_the_extension_one_mistake_is_still_understood(shop, monkeypatch):
    if engines.is_sqlite():
        pytest.skip("SQLite has its own")
    sent = []
    db.session.rollback()
    listener = lambda *args: sent.append(args[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    monkeypatch.setattr(engines, "has_trigrams", lambda: False)
    try:
        assert found_by("seruum") == ["Rose Serum"]
        assert found_by("moistrizing") == []
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)
    assert not any(" % " in statement for statement in sent)


def test_corrected_words_are_listed_as_if_they_had_been_typed(app):
    for name in ("Aster candle", "Candle snuffer", "Candles of wax", "Handle oil"):
        make_product(name)
    right, wrong = search_products("candle"), search_products("kandle")
    assert wrong.corrected == "candle"
    assert wrong.product_ids[: len(right.product_ids)] == right.product_ids


def test_a_missing_space_is_seen(app):
    cream = make_product("Hand cream")
    make_product("Hand soap")
    found = search_products("handcream")
    assert (found.product_ids, found.corrected) == ((cream.id,), "hand cream")


def test_nothing_is_corrected_into_a_word_that_says_nothing(app):
    make_product("Soap and water")
    assert search_products("aud").product_ids == ()
