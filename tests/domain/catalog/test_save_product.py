"""Saving products: made, changed or left alone; matched variants; what orders rely on stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from shop.db import db, frozen_time, operation
from shop.domain.actors import SYSTEM, Actor
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.drafts import ImageDraft, VariantDraft
from shop.domain.catalog.operations import save_product
from shop.domain.customers.operations import create_user, save_staff_role
from shop.domain.inventory.models import StockItem, StockMovement
from shop.errors import Conflict, Invalid, Unknown
from shop.money import Money
from tests.domain.catalog.drafts import everything, saved_product, shirt, size, soap, usd, variant_of


def member_of_staff():
    save_staff_role("Owner", ["all"])
    user = create_user(email="ada@example.com", password="correct horse battery", staff_role="Owner")
    return Actor("staff", user_id=user.id, address="10.0.0.1", permissions=frozenset({"all"}))


@operation
def reserve(variant, units):
    db.session.execute(update(StockItem).filter_by(variant_id=variant.id).values(reserved=units))


@operation
def note_fetched(image, file_name):
    image = db.session.merge(image)
    image.file_name, image.width = file_name, 640


def movements():
    db.session.rollback()
    return [(row.kind, row.quantity) for row in db.session.scalars(select(StockMovement).order_by(StockMovement.id))]


def audit_entries():
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_a_new_product_is_there_with_all_its_parts(app):
    saved = save_product(shirt(), SYSTEM)
    product = saved_product()

    assert (saved.status, saved.public_id) == ("created", product.public_id)
    assert [(v.name, v.sku, v.price, v.option_values) for v in product.variants] == [
        ("S", "SHIRT-S", usd("20.00"), ["S"]),
        ("M", "SHIRT-M", usd("20.00"), ["M"]),
    ]
    assert [image.file_name or image.source_url for image in product.images] == ["shirt.svg", "https://a.example/b.jpg"]
    assert [(a.name, a.value) for a in product.attributes] == list(shirt().attributes)
    assert (product.status, product.currency, product.tags) == ("active", "USD", ["summer", "linen"])


def test_a_product_without_options_has_one_variant_named_default(app):
    save_product(soap(), SYSTEM)
    assert [(v.name, v.option_key) for v in saved_product("soap").variants] == [("Default", "")]


def test_saving_the_same_draft_again_writes_nothing(app):
    with frozen_time(datetime(2026, 1, 1, tzinfo=UTC)):
        save_product(shirt(), SYSTEM)
    before = everything()

    with frozen_time(datetime(2026, 2, 1, tzinfo=UTC)):
        again = save_product(shirt(), SYSTEM, set_stock=True)

    assert (again.status, again.changed_fields) == ("unchanged", ())
    assert everything() == before


def test_a_change_is_named_and_moves_the_products_time_only_then(app):
    with frozen_time(datetime(2026, 1, 1, tzinfo=UTC)):
        save_product(shirt(), SYSTEM)
    later = datetime(2026, 2, 1, tzinfo=UTC)

    with frozen_time(later):
        saved = save_product(shirt(size("S", weight_grams=250), size("M")), SYSTEM)

    assert (saved.status, saved.changed_fields) == ("changed", ("variants[S].weight_grams",))
    assert saved_product().updated_at == later
    assert variant_of("shirt", "M").updated_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_what_a_draft_leaves_unsaid_stays_as_it_is(app):
    save_product(shirt(), SYSTEM)
    saved = save_product(soap(slug="shirt", variants=shirt().variants, option_names=("Size",), name="Shirt"), SYSTEM)
    product = saved_product()
    assert saved.changed_fields == ("name",)
    assert (product.brand, product.tags) == ("Aster", ["summer", "linen"])
    assert (len(product.images), len(product.attributes)) == (2, 3)


def test_the_lowest_price_of_an_active_variant_is_kept(app):
    save_product(shirt(size("S", price="12.00"), size("M", price="30.00")), SYSTEM)
    assert saved_product().from_price == usd("12.00")
    save_product(shirt(size("M", price="30.00")), SYSTEM)
    assert saved_product().from_price == usd("30.00")


def test_a_variant_that_is_gone_from_the_draft_is_no_longer_offered_and_comes_back_as_itself(app):
    save_product(shirt(), SYSTEM)
    medium = variant_of("shirt", "M")

    save_product(shirt(size("S")), SYSTEM)
    assert variant_of("shirt", "M").is_active is False

    save_product(shirt(), SYSTEM)
    back = variant_of("shirt", "M")
    assert (back.is_active, back.public_id) == (True, medium.public_id)


def test_a_partial_draft_leaves_the_variants_it_does_not_name(app):
    save_product(shirt(), SYSTEM)
    save_product(shirt(size("S", price="9.00"), keeps_other_variants=True), SYSTEM)
    assert [v.is_active for v in saved_product().variants] == [True, True]


def test_a_renamed_option_value_keeps_its_variant_by_the_sku(app):
    save_product(shirt(), SYSTEM)
    medium = variant_of("shirt", "M")
    save_product(shirt(size("S"), size("Medium", sku="SHIRT-M")), SYSTEM)
    assert variant_of("shirt", "Medium").public_id == medium.public_id
    assert len(saved_product().variants) == 2


def test_the_only_variant_stays_the_same_when_its_sku_changes_or_options_end(app):
    save_product(soap(), SYSTEM)
    first = variant_of("soap")
    save_product(soap(variants=(size("ignored", sku="NEW", price="4.00", stock=1),), option_names=("Size",)), SYSTEM)
    save_product(soap(), SYSTEM)
    assert [v.is_active for v in saved_product("soap").variants].count(True) == 1
    assert variant_of("soap").public_id == first.public_id


def test_two_variants_may_swap_their_skus(app):
    save_product(shirt(), SYSTEM)
    save_product(shirt(size("S", sku="SHIRT-M"), size("M", sku="SHIRT-S")), SYSTEM)
    assert {v.option_key: v.sku for v in saved_product().variants} == {"S": "SHIRT-M", "M": "SHIRT-S"}


def test_a_withdrawn_variant_gives_its_sku_away(app):
    save_product(shirt(), SYSTEM)
    save_product(shirt(size("S", sku="SHIRT-M")), SYSTEM)
    assert variant_of("shirt", "S").sku == "SHIRT-M"
    assert variant_of("shirt", "M").sku.startswith("retired-var_")
    assert save_product(shirt(size("S", sku="SHIRT-M")), SYSTEM).status == "unchanged"


def test_a_sku_of_another_product_is_refused_by_name(app):
    save_product(soap(), SYSTEM)
    with pytest.raises(Conflict, match="SKU SOAP belongs to another product"):
        save_product(shirt(size("S", sku="SOAP")), SYSTEM)
    with pytest.raises(Exception, match="No row was found"):
        saved_product("shirt")


def test_a_new_variant_opens_with_its_stock_and_a_receipt(app):
    save_product(shirt(size("S", stock=3), size("M", stock=0), size("L")), SYSTEM)
    assert [(v.stock.on_hand, v.stock.reserved) for v in saved_product().variants] == [(3, 0), (0, 0), (0, 0)]
    assert movements() == [("receipt", 3)]


def test_the_stock_of_an_existing_variant_is_left_alone_unless_asked_for(app):
    save_product(soap(), SYSTEM)
    fewer = soap(variants=(VariantDraft("SOAP", usd("4.00"), stock=7),))

    assert save_product(fewer, SYSTEM).status == "unchanged"
    assert variant_of("soap").stock.on_hand == 10

    saved = save_product(fewer, SYSTEM, set_stock=True)
    assert saved.changed_fields == ("variants[Default].stock",)
    assert variant_of("soap").stock.on_hand == 7
    assert movements() == [("receipt", 10), ("correction", -3)]


def test_stock_never_falls_below_what_orders_have_reserved(app):
    save_product(shirt(size("S", stock=5), size("M", stock=5)), SYSTEM)
    reserve(variant_of("shirt", "M"), 4)

    with pytest.raises(Conflict, match="4 of SHIRT-M are reserved"):
        save_product(shirt(size("S", stock=9), size("M", stock=3)), SYSTEM, set_stock=True)

    assert [v.stock.on_hand for v in saved_product().variants] == [5, 5]
    reserve(variant_of("shirt", "M"), 0)


def test_pictures_are_ordered_as_drafted_and_tied_to_their_variant(app):
    front, back = ImageDraft(file_name="front.svg"), ImageDraft(file_name="back.svg", option_key="M")
    save_product(shirt(images=(front, back)), SYSTEM)
    save_product(shirt(images=(back, front)), SYSTEM)
    images = saved_product().images
    assert [image.file_name for image in images] == ["back.svg", "front.svg"]
    assert [image.variant_id for image in images] == [variant_of("shirt", "M").id, None]


def test_a_picture_that_was_fetched_since_keeps_its_file(app):
    wanted = shirt(images=(ImageDraft(source_url="https://a.example/b.jpg"),))
    save_product(wanted, SYSTEM)
    note_fetched(saved_product().images[0], "fetched/b.jpg")
    assert save_product(wanted, SYSTEM).status == "unchanged"
    assert (saved_product().images[0].file_name, saved_product().images[0].width) == ("fetched/b.jpg", 640)


def test_pictures_gone_from_the_draft_are_removed_but_uploads_when_told_to_keep_them(app):
    save_product(shirt(), SYSTEM)
    save_product(shirt(images=(), keeps_uploads=True), SYSTEM)
    assert [image.file_name for image in saved_product().images] == ["shirt.svg"]
    save_product(shirt(images=()), SYSTEM)
    assert saved_product().images == []


def test_attributes_are_what_the_draft_says_in_its_order(app):
    save_product(shirt(), SYSTEM)
    save_product(shirt(attributes=(("care", "Wash cold"), ("material", "hemp"))), SYSTEM)
    assert [(a.name, a.value) for a in saved_product().attributes] == [("care", "Wash cold"), ("material", "hemp")]


def test_staff_changes_are_audited_once_with_before_and_after(app):
    staff = member_of_staff()
    save_product(shirt(), staff)
    save_product(shirt(), staff)
    saved = save_product(shirt(name="Linen shirt"), staff)

    created, changed = audit_entries()
    assert (created.action, changed.action) == ("product.created", "product.changed")
    assert (changed.user_id, changed.address, changed.subject_id) == (staff.user_id, "10.0.0.1", saved.public_id)
    assert (changed.before, changed.after) == ({"name": "Chemise Crème"}, {"name": "Linen shirt"})


def test_the_description_is_saved_harmless(app):
    save_product(shirt(description='<p onclick="x()">Hi<script>alert(1)</script></p>'), SYSTEM)
    assert saved_product().description == "<p>Hi</p>"


def test_a_category_that_is_missing_is_refused(app):
    with pytest.raises(Unknown, match="There is no category tops"):
        save_product(shirt(category_slug="tops"), SYSTEM)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "No Slug"}, "slug"),
        ({"slug": "a" * 161}, "slug"),
        ({"name": " "}, "name"),
        ({"name": "n" * 256}, "name"),
        ({"brand": "b" * 121}, "brand"),
        ({"description": "d" * 100_001}, "description"),
        ({"status": "sold"}, "status"),
        ({"tags": ("",)}, "tags"),
        ({"variants": ()}, "variants"),
        ({"variants": (size("S"), size("S", sku="OTHER"))}, "variants"),
        ({"variants": (size("S", sku="A"), size("M", sku="A"))}, "variants"),
        ({"variants": (size("S"),), "option_names": ("Size", "Colour")}, "variants"),
        ({"variants": (size("S", compare_at=Money(1, "EUR")),)}, "variants"),
        ({"variants": (size("S", weight_grams=-1),)}, "variants.0.weight"),
        ({"variants": (size("S", stock=-1),)}, "variants.0.stock"),
        ({"variants": (size("S", sku="s" * 81),)}, "variants.0.sku"),
        ({"images": (ImageDraft(),)}, "images.0"),
        ({"images": (ImageDraft(file_name="a"), ImageDraft(file_name="a"))}, "images"),
        ({"images": (ImageDraft(file_name="a", option_key="XXL"),)}, "images.0"),
        ({"attributes": (("Skin Type", "dry"),)}, "attributes"),
        ({"attributes": (("a", "b"), ("a", "b"))}, "attributes"),
    ],
)
def test_a_draft_that_cannot_be_is_refused_and_the_field_named(app, changes, field):
    with pytest.raises(Invalid) as refused:
        save_product(shirt(**changes), SYSTEM)
    assert field in [detail.field for detail in refused.value.details]
