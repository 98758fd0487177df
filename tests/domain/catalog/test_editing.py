"""Products as staff write them: made with all their variants, changed, copied, and never overwritten unseen."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.drafts import ProductDraft, VariantDraft
from shop.domain.catalog.editing import (
    count_missing_of_product,
    create_product,
    duplicate_product,
    edit_product,
    get_product_to_edit,
)
from shop.domain.catalog.models import FormerSlug, Product
from shop.domain.catalog.operations import save_category, save_product
from shop.domain.catalog.pictures import add_picture, claim_picture, publish_picture
from shop.domain.catalog.wishes import ProductWish
from shop.domain.inventory.models import StockMovement
from shop.domain.versions import version_of
from shop.errors import ChangedMeanwhile, Conflict, Invalid, NotFound, Unknown
from shop.money import Money


def wish(**values) -> ProductWish:
    return ProductWish.model_validate({"name": "Linen Shirt", "price": "20.00", "status": "active", **values})


SIX = [{"name": "Size", "values": "S, M, L"}, {"name": "Colour", "values": "White\nSage"}]


@pytest.fixture
def shirt(app) -> Product:
    return create_product(wish(options=SIX, stock="5"), SYSTEM, "USD")


def offered(product: Product) -> list[str]:
    db.session.rollback()
    return [each.name for each in get_product_to_edit(product.public_id).variants if each.is_active]


def rows(product: Product, **changes: dict[str, str]) -> list[dict[str, str]]:
    """The form's rows of variants, changed by variant name."""
    return [
        {"id": each.public_id, "price": "20.00", **changes.get(each.name, {})}
        for each in product.variants
        if each.is_active
    ]


def edited(product: Product, **values) -> Product:
    return edit_product(product.public_id, wish(**{"options": SIX, **values}), SYSTEM)


def test_six_variants_are_made_of_two_options(shirt):
    assert shirt.slug == "linen-shirt"
    assert [each.name for each in shirt.variants] == [
        *("S / White", "S / Sage", "M / White", "M / Sage", "L / White", "L / Sage")
    ]
    assert [each.sku for each in shirt.variants][:2] == ["LINEN-SHIRT-S-WHITE", "LINEN-SHIRT-S-SAGE"]
    assert {(each.price_amount, each.stock.on_hand) for each in shirt.variants} == {(2000, 5)}


def test_a_second_product_of_the_same_name_has_an_address_and_skus_of_its_own(shirt):
    other = create_product(wish(options=SIX), SYSTEM, "USD")

    assert other.slug == "linen-shirt-2"
    assert not {each.sku for each in other.variants} & {each.sku for each in shirt.variants}


def test_a_taken_address_is_no_way_to_overwrite_a_product(shirt):
    with pytest.raises(Conflict, match="Another product"):
        create_product(wish(name="Other", slug="linen-shirt"), SYSTEM, "USD")

    assert shirt.name == "Linen Shirt"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"price": ""}, "price"),
        ({"price": "ten"}, "price"),
        ({"options": [{"name": "Size"}]}, "options.0.values"),
        ({"slug": "No Slug"}, "slug"),
        ({"status": "sold"}, "status"),
    ],
)
def test_what_cannot_be_saved_is_said_at_its_field(app, values, field):
    with pytest.raises(Invalid) as refused:
        create_product(wish(**values), SYSTEM, "USD")

    assert field in {detail.field for detail in refused.value.details}


def test_no_such_category(app):
    with pytest.raises(Unknown):
        create_product(wish(category="cat_none"), SYSTEM, "USD")


def test_all_words_are_saved(app):
    category = save_category("shirts", "Shirts")
    product = create_product(
        wish(
            description="<p>Soft <script>x</script></p>",
            brand="Aster",
            category=category.public_id,
            tags="summer, linen, summer",
            seoTitle="A shirt",
            attributes=[{"name": "Fabric weight", "values": "light\nmid"}, {"name": "", "values": ""}],
        ),
        SYSTEM,
        "USD",
    )

    assert (product.description, product.brand, product.tags) == ("<p>Soft </p>", "Aster", ["summer", "linen"])
    assert [(each.name, each.value) for each in product.attributes] == [
        ("fabric_weight", "light"),
        ("fabric_weight", "mid"),
    ]
    assert product.category.slug == "shirts"


def test_saving_what_is_there_changes_nothing(shirt):
    audited = db.session.scalars(select(AuditEntry.id)).all()

    edited(shirt, variants=rows(shirt))
    edited(shirt)

    assert db.session.scalars(select(AuditEntry.id)).all() == audited


def test_variants_are_changed_row_by_row(shirt):
    changes = {"price": "24,50", "compareAt": "30.00", "sku": "SPECIAL", "weight": "220", "stockChange": "-2"}

    product = edited(shirt, variants=rows(shirt, **{"M / Sage": changes}), stockReason="damaged")

    (changed,) = [each for each in product.variants if each.name == "M / Sage"]
    assert (changed.sku, changed.price_amount, changed.compare_at_amount) == ("SPECIAL", 2450, 3000)
    assert (changed.weight_grams, changed.stock.on_hand) == (220, 3)
    movement = db.session.scalars(select(StockMovement).order_by(StockMovement.id.desc())).first()
    assert (movement.quantity, movement.kind, movement.reason) == (-2, "correction", "damaged")
    assert "stock.changed" in db.session.scalars(select(AuditEntry.action)).all()


def test_no_more_stock_is_taken_than_there_is_and_then_nothing_is_saved(shirt):
    with pytest.raises(Conflict, match="Only 5"):
        edited(shirt, name="Other", variants=rows(shirt, **{"S / White": {"stockChange": "-6"}}))

    assert get_product_to_edit(shirt.public_id).name == "Linen Shirt"


def test_a_value_is_added_renamed_and_removed_and_variants_keep_what_they_are(shirt):
    first = shirt.variants[0]

    product = edited(shirt, options=[SIX[0], {"name": "Colour", "values": "Chalk\nSage"}])
    assert [each.public_id for each in product.variants if each.name == "S / Chalk"] == [first.public_id]

    product = edited(
        product, options=[{"name": "Size", "values": "S, M, L, XL"}, {"name": "Colour", "values": "Chalk, Sage"}]
    )
    assert len(offered(product)) == 8
    assert offered(product)[-2:] == ["XL / Chalk", "XL / Sage"]

    product = edited(product, options=[{"name": "Size", "values": "S"}, {"name": "Colour", "values": "Chalk, Sage"}])
    assert offered(product) == ["S / Chalk", "S / Sage"]


def test_a_variant_taken_off_sale_is_left_out_until_the_missing_ones_are_asked_for(shirt):
    product = edited(shirt, variants=rows(shirt, **{"S / Sage": {"isOffered": "false"}}))
    assert len(offered(product)) == 5

    product = edited(product)
    assert len(offered(product)) == 5

    product = edited(product, fillMissing="true")
    assert len(offered(product)) == 6
    assert len(product.variants) == 6  # it came back as the one it was


def test_a_product_whose_options_would_make_a_million_variants_is_edited_as_it_is(app):
    names = ["A", "B", "C"]
    drafts = [VariantDraft(f"SKU-{n}", Money(2000, "USD"), (f"a{n}", f"b{n}", f"c{n}")) for n in range(100)]
    save_product(ProductDraft("diagonal", "Diagonal", tuple(drafts), tuple(names), status="active"), SYSTEM)
    product = get_product_to_edit(db.session.scalars(select(Product.public_id)).one())
    options = [{"name": x, "values": "\n".join(f"{x.lower()}{n}" for n in range(100))} for x in names]

    assert count_missing_of_product(product) == 999_900
    saved = edited(product, options=options, brand="Aster")
    assert saved.brand == "Aster" and len(saved.variants) == 100

    with pytest.raises(Invalid, match="1000000 variants"):
        edited(product, options=options, fillMissing="true")
    with pytest.raises(Invalid, match="10000 variants"):
        edited(product, options=[{**options[0], "values": options[0]["values"] + "\na100"}, *options[1:]])


def test_one_variant_stays_on_offer(app):
    product = create_product(wish(), SYSTEM, "USD")
    (row,) = rows(product)

    with pytest.raises(Invalid, match="at least one"):
        edit_product(product.public_id, wish(variants=[{**row, "isOffered": "false"}]), SYSTEM)


def test_a_simple_product_gets_options_and_loses_them(app):
    product = create_product(wish(stock="3"), SYSTEM, "USD")
    (only,) = product.variants

    product = edit_product(product.public_id, wish(options=[SIX[0]]), SYSTEM)
    assert offered(product) == ["S", "M", "L"]
    assert product.variants[0].public_id == only.public_id

    product = edit_product(product.public_id, wish(), SYSTEM)
    assert offered(product) == ["Default"]


def test_a_new_address_leaves_the_former_one_behind(shirt):
    product = edited(shirt, slug="shirt-of-linen")

    assert product.slug == "shirt-of-linen"
    assert db.session.get(FormerSlug, ("product", "linen-shirt")).subject_id == product.id


def test_nobodys_work_is_overwritten_unseen_and_a_picture_that_was_made_is_nobodys(shirt):
    seen = version_of(shirt.updated_at)
    add_picture(shirt.public_id, "a" * 32, SYSTEM)
    claim = claim_picture(get_product_to_edit(shirt.public_id).images[0].id)
    assert claim is not None
    publish_picture(claim, "pictures/a/1.w80.jpg", 80, 80)

    edit_product(shirt.public_id, wish(options=SIX, brand="Aster"), SYSTEM, seen=seen)
    with pytest.raises(ChangedMeanwhile):
        edit_product(shirt.public_id, wish(options=SIX, brand="Other"), SYSTEM, seen=seen)


def test_pictures_are_described_ordered_and_tied_to_variants(shirt):
    ids = [add_picture(shirt.public_id, key * 32, SYSTEM) for key in "abc"]
    product = get_product_to_edit(shirt.public_id)
    sage = product.variants[1].public_id
    pictures = [
        {"id": ids[0], "position": "2", "altText": "Second"},
        {"id": ids[1], "position": "1", "altText": "First", "variant": sage},
    ]

    product = edited(product, pictures=pictures)

    assert [image.public_id for image in product.images] == [ids[1], ids[0], ids[2]]
    assert [image.alt_text for image in product.images] == ["First", "Second", ""]
    assert product.images[0].variant_id == product.variants[1].id

    product = edited(product, variants=rows(product, **{"S / Sage": {"isOffered": "false"}}))
    assert product.images[0].variant_id is None  # its variant is not on offer any more


def test_a_copy_is_a_draft_with_skus_of_its_own_and_nothing_in_stock(shirt):
    add_picture(shirt.public_id, "a" * 32, SYSTEM)

    copy = duplicate_product(shirt.public_id, SYSTEM)

    assert (copy.name, copy.slug, copy.status) == ("Copy of Linen Shirt", "copy-of-linen-shirt", "draft")
    assert [each.name for each in copy.variants] == [each.name for each in shirt.variants]
    assert not {each.sku for each in copy.variants} & {each.sku for each in shirt.variants}
    assert {each.stock.on_hand for each in copy.variants} == {0}
    assert duplicate_product(shirt.public_id, SYSTEM).slug == "copy-of-linen-shirt-2"


def test_there_is_nothing_to_edit_of_no_product(app):
    for act in (lambda: edit_product("prod_none", wish(), SYSTEM), lambda: duplicate_product("prod_none", SYSTEM)):
        with pytest.raises(NotFound):
            act()
