"""What goes with a product: bought together first, then what is most alike in its category."""

from __future__ import annotations

from sqlalchemy import update

from shop.db import db, operation
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import Product
from shop.domain.catalog.operations import save_category
from shop.domain.related import list_related, related_ids
from tests.conftest import counted_statements, make_product, placed_order, variants_of


@operation
def set_tags(product, *tags):
    db.session.execute(update(Product).where(Product.id == product.id).values(tags=list(tags)))
    refresh_listings([product.id])


def loaded(product):
    from shop.domain.catalog.queries import get_product

    db.session.rollback()
    return get_product(product.public_id)


def test_what_was_bought_together_comes_before_what_is_alike(app, terms):
    face = save_category("face", "Face")
    amber, near, far, oud = (
        make_product(name, stock=50, category_id=face.id) for name in ("Amber", "Near", "Far", "Oud")
    )
    other = make_product("Other", stock=50)
    for product, tags in ((amber, ("rose", "night")), (near, ("rose", "night")), (far, ("rose",))):
        set_tags(product, *tags)
    for _ in range(2):
        placed_order(terms, (variants_of(amber)[0], 1), (variants_of(other)[0], 1), confirm=True)
    placed_order(terms, (variants_of(amber)[0], 1), (variants_of(oud)[0], 1))  # pending: not bought

    found = list_related(loaded(amber))

    assert [product.name for product in found] == ["Other", "Near", "Far", "Oud"]
    assert related_ids(loaded(amber), limit=2) == [other.public_id, near.public_id]


def test_a_product_that_stands_alone_has_nothing_related(app):
    assert list_related(loaded(make_product("Alone"))) == []


def test_what_is_not_on_sale_is_left_out_and_the_statements_are_constant(app, terms):
    face = save_category("face", "Face")
    amber = make_product("Amber", stock=50, category_id=face.id)
    make_product("Draft", category_id=face.id, status="draft")
    counts = []
    for _ in range(2):
        for _ in range(5):
            mate = make_product(stock=50, category_id=face.id)
            placed_order(terms, (variants_of(amber)[0], 1), (variants_of(mate)[0], 1), confirm=True)
        product = loaded(amber)
        with counted_statements() as sent:
            found = list_related(product)
        counts.append(len(sent))
        assert len(found) >= 5 and "Draft" not in {each.name for each in found}
    assert counts[0] == counts[1] <= 5


def test_only_what_is_shown_is_loaded(app):
    face = save_category("face", "Face")
    for _ in range(5):
        make_product(category_id=face.id)
    amber = make_product("Amber", category_id=face.id)
    db.session.remove()
    product = loaded(amber)

    found = list_related(product, limit=2)

    held = {row.id for row in db.session.identity_map.values() if isinstance(row, Product)}
    assert len(found) == 2 and held == {product.id, *(each.id for each in found)}
