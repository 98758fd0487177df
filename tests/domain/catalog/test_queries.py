"""Reading the catalogue for pages, on both engines."""

from __future__ import annotations

from shop.db import db, operation
from shop.domain.catalog.models import Image
from shop.domain.catalog.operations import save_category
from shop.domain.catalog.queries import find_products, find_variant, list_categories, pictures_of_branches
from tests.conftest import make_product, variants_of


@operation
def pictured(name, category):
    product = make_product(name, category_id=category.id)
    db.session.add(Image(product_id=product.id, file_name=f"{name}.svg", width=800, height=1000))
    db.session.flush()


def test_products_come_in_the_order_asked_for_and_only_those_on_sale(app):
    first, second, draft = make_product("First"), make_product("Second"), make_product("Draft", status="draft")
    asked = [second.public_id, "prod_nothing", draft.public_id, first.public_id]
    assert [product.name for product in find_products(asked)] == ["Second", "First"]
    assert find_products([]) == []


def test_a_branch_is_pictured_by_its_oldest_product_wherever_it_stands(app):
    face = save_category("face", "Face")
    serums = save_category("serums", "Serums", parent_slug="face")
    save_category("empty", "Empty")
    make_product("Bare", category_id=face.id)
    pictured("oldest", serums)
    pictured("newer", face)

    pictures = pictures_of_branches(list_categories())

    assert {top: image.file_name for top, image in pictures.items()} == {face.id: "oldest.svg"}


def test_a_variant_is_found_with_its_product_while_both_are_offered(app):
    variant = variants_of(make_product("Amber"))[0]
    withdrawn = variants_of(make_product("Gone", status="archived"))[0]
    assert find_variant(variant.public_id).product.name == "Amber"
    assert find_variant(withdrawn.public_id) is None and find_variant("var_nothing") is None
