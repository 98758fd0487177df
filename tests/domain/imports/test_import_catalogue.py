"""Importing a Shopify catalogue: what is saved, what a second time does, and that nothing stops anything else."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from shop.db import db, operation
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.addresses import change_slug
from shop.domain.catalog.drafts import ImageDraft
from shop.domain.catalog.models import Category, Product, Variant
from shop.domain.catalog.operations import save_category, save_product
from shop.domain.imports.operations import import_catalogue
from tests.domain.catalog.drafts import everything, saved_product, soap, usd, variant_of
from tests.domain.imports.files import CANDLES, FAULTS, PICTURE, csv_of, figures, imported, row


def saved_slugs():
    db.session.rollback()
    return set(db.session.scalars(select(Product.slug)))


@operation
def note_upload(slug, file_name):
    product = db.session.scalars(select(Product).filter_by(slug=slug)).one()
    db.session.execute(
        db.insert(db.metadata.tables["images"]).values(
            public_id="img_upload", product_id=product.id, file_name=file_name, alt_text="", position=9
        )
    )


def test_rows_of_a_handle_make_one_product_also_where_they_are_apart(app):
    report = imported(CANDLES)
    candle = saved_product("fig-candle")

    assert (report.rows_read, report.rows_imported, report.rows_reported) == (6, 6, 0)
    assert figures(report) == (3, 0, 0, 0)
    assert candle.option_names == ["Size", "Wick"]
    assert [(v.name, v.price, v.weight_grams, v.stock.on_hand) for v in candle.variants] == [
        ("Small / Cotton", usd("19.90"), 220, 12),
        ("Small / Wood", usd("21.90"), 220, 0),
        ("Large / Cotton", usd("39.00"), 640, 3),
    ]


def test_every_column_finds_its_place(app):
    imported(CANDLES)
    candle = saved_product("fig-candle")

    assert (candle.name, candle.brand, candle.tags) == ("Fig Candle", "Wick & Co", ["fig", "summer"])
    assert (candle.seo_title, candle.seo_description) == ("Fig candle | Wick", "Smells of a fig tree.")
    assert (candle.category.slug, candle.category.name) == ("scented-candles", "Scented Candles")
    assert candle.description == "<h2>Fig</h2>\n<p>Green, milky,\n“summer”.</p>"
    assert candle.variants[0].compare_at == usd("24.00")
    assert (candle.status, saved_product("gift-card").status) == ("active", "draft")
    assert variant_of("gift-card").requires_shipping is False
    assert saved_product("creme-brulee").category_id == candle.category_id


def test_a_product_of_default_title_has_no_options(app):
    imported(CANDLES)
    card = saved_product("gift-card")
    assert (card.option_names, [v.name for v in card.variants]) == ([], ["Default"])


def test_a_variant_without_sku_gets_one_that_stays(app):
    imported(CANDLES)
    sku = variant_of("fig-candle", "Large / Cotton").sku
    assert sku.startswith("FIG-CANDLE-LARGE-COTTON-") and len(sku) <= 80
    imported(CANDLES)
    assert variant_of("fig-candle", "Large / Cotton").sku == sku


def test_pictures_are_recorded_by_address_in_their_order_and_the_report_says_so(app):
    report = imported(CANDLES)
    images = saved_product("fig-candle").images

    names = ["fig-1.jpg?v=1", "fig-2.jpg", "fig-3.jpg", "fig-s.jpg"]
    assert [image.source_url for image in images] == [PICTURE + name for name in names]
    assert [image.alt_text for image in images] == ["A candle, lit", "Its box", "", ""]
    assert images[3].variant_id == variant_of("fig-candle", "Small / Cotton").id
    assert {image.file_name for image in images} == {None}
    assert saved_product("creme-brulee").images[0].source_url == PICTURE + "brulee.jpg"
    assert report.pictures_recorded == 5
    assert "Pictures recorded by their address only: 5. They are not fetched yet" in " ".join(report.describe())


def test_importing_twice_changes_nothing(app):
    imported(CANDLES)
    imported(FAULTS)
    before = everything()

    again = imported(CANDLES)

    assert figures(again) == (0, 0, 3, 0)
    assert figures(imported(FAULTS))[:2] == (0, 0)
    assert everything() == before


def test_stock_of_variants_that_exist_is_left_alone(app):
    imported(csv_of(row(Variant_Inventory_Qty="4")))
    imported(csv_of(row(Variant_Inventory_Qty="9", price="6.00")))
    assert (variant_of("tin").stock.on_hand, variant_of("tin").price) == (4, usd("6.00"))


def test_stock_is_set_when_asked_for_where_the_file_says_a_number(app):
    small, large = row(Option1_Name="Size", Option1_Value="S"), row(Option1_Name="Size", Option1_Value="L")
    imported(csv_of({**small, "Variant Inventory Qty": "4"}, {**large, "Variant Inventory Qty": "6"}))
    counted = [{**small, "Variant Inventory Qty": "9"}, {**large, "Variant Inventory Qty": ""}]

    assert figures(imported(csv_of(*counted), set_stock=True, dry_run=True)) == (0, 1, 0, 0)
    assert figures(imported(csv_of(*counted), set_stock=True)) == (0, 1, 0, 0)
    assert [v.stock.on_hand for v in saved_product("tin").variants] == [9, 6]
    assert figures(imported(csv_of(*counted), set_stock=True)) == (0, 0, 1, 0)


def test_a_file_with_few_columns_changes_only_what_they_say(app):
    save_product(soap(description="<p>Kept</p>", tags=("kept",), images=(ImageDraft(file_name="a.svg"),)), SYSTEM)
    report = imported(csv_of({**row("soap", "4.50"), "Variant SKU": "SOAP"}))
    product = saved_product("soap")
    assert figures(report) == (0, 1, 0, 0)
    assert (product.description, product.tags, len(product.images)) == ("<p>Kept</p>", ["kept"], 1)
    assert product.from_price == usd("4.50")


def test_pictures_that_were_uploaded_here_survive_an_import(app):
    imported(csv_of(row(Image_Src=PICTURE + "a.jpg")))
    note_upload("tin", "uploads/a.jpg")
    imported(csv_of(row(Image_Src=PICTURE + "b.jpg")))
    found = {image.file_name or image.source_url for image in saved_product("tin").images}
    assert found == {PICTURE + "b.jpg", "uploads/a.jpg"}


def test_a_category_that_was_renamed_is_found_and_a_new_one_is_in_the_audit_log(app):
    imported(CANDLES)
    category = db.session.scalars(select(Category)).one()
    change_slug("category", category.public_id, "candles", SYSTEM)

    imported(CANDLES)

    assert list(db.session.scalars(select(Category.slug))) == ["candles"]
    made = select(AuditEntry.action, AuditEntry.subject_id).where(AuditEntry.subject_kind == "category")
    assert db.session.execute(made.order_by(AuditEntry.id)).all()[0] == ("category.created", category.public_id)


def test_a_category_that_exists_keeps_its_words(app):
    save_category("scented-candles", "Candles", "Our own")
    imported(CANDLES)
    db.session.rollback()
    category = db.session.scalars(select(Category)).one()
    assert (category.name, category.description) == ("Candles", "Our own")


def test_a_dry_run_writes_nothing_and_tells_what_the_import_does(app):
    save_product(soap(slug="wax", name="Wax", variants=(soap().variants[0].__class__("WAX", usd("1.00")),)), SYSTEM)
    for source in (CANDLES, FAULTS):
        before = everything()
        rehearsal = imported(source, dry_run=True)
        assert everything() == before

        report = imported(source)
        assert figures(rehearsal) == figures(report)
        assert rehearsal.problems == report.problems
        assert (rehearsal.rows_imported, rehearsal.pictures_recorded) == (
            report.rows_imported,
            report.pictures_recorded,
        )

        assert figures(imported(source, dry_run=True))[:2] == (0, 0)
    assert rehearsal.is_dry_run and "nothing was written" in rehearsal.describe()[0]


def test_bad_rows_are_reported_each_and_stop_nothing_else(app):
    report = imported(FAULTS)

    assert saved_slugs() == {"tin", "ca-fe", "odd", "wax"}
    assert [v.option_key for v in saved_product("tin").variants] == ["S"]
    assert len(saved_product("tin").images) == 1
    assert figures(report) == (4, 0, 0, 4)
    assert (report.rows_read, report.rows_imported) == (23, 3)
    assert {problem.row for problem in report.problems} == set(range(2, 25)) - {2, 21, 24}


@pytest.mark.parametrize(
    ("number", "column", "words"),
    [
        (3, "Variant Price", "The price is missing"),
        (4, "Variant Price", "“-5.00” is not a price"),
        (5, "Variant Price", "“5,00 €” is not a price"),
        (6, "Option1 Value", "S is in row 2 already"),
        (7, "Variant SKU", "The SKU TIN-S belongs to row 2"),
        (8, "Option1 Value", "The Size is missing"),
        (9, "Variant Grams", "“-1” is not a weight in grams"),
        (10, "Variant Inventory Qty", "“-3” is not a number of units"),
        (11, "Variant Compare At Price", "“?” is not a price"),
        (11, "Variant Inventory Qty", "“many” is not a number of units"),
        (12, "Variant Requires Shipping", "“maybe” is neither true nor false"),
        (13, "Variant SKU", "at most 80 characters"),
        (14, "Image Src", "“tin.jpg” is no address of a picture"),
        (15, "Variant Price", "neither a variant's price nor a picture"),
        (16, "Handle", "The Handle is missing"),
        (17, "Variant SKU", "The SKU TIN-S belongs to row 2"),
        (18, "Variant Price", "no row of this product describes a variant"),
        (19, "Title", "no row of this product has a Title"),
        (20, "Title", "The name is too long"),
        (22, "", "Its address would be that of ca-fe"),
        (23, "Published", "the product is a draft"),
    ],
)
def test_each_problem_names_its_row_its_column_and_what_is_wrong(app, number, column, words):
    problems = imported(FAULTS, dry_run=True).problems
    assert any((p.row, p.column) == (number, column) and words in p.message for p in problems)


def test_a_product_the_database_refuses_is_reported_and_the_rest_goes_on(app):
    def spoil_wax(_mapper, _connection, variant):
        if variant.sku == "WAX":
            variant.price_amount = -1

    picture = {"Handle": "wax", "Image Src": PICTURE + "wax.jpg"}
    event.listen(Variant, "before_insert", spoil_wax)
    try:
        report = imported(csv_of(row("tin"), row("wax", Variant_SKU="WAX"), picture, row("lid")))
    finally:
        event.remove(Variant, "before_insert", spoil_wax)

    assert saved_slugs() == {"tin", "lid"}
    assert figures(report) == (2, 0, 0, 1)
    assert [problem.row for problem in report.problems] == [3, 4]
    assert "the database refuses this product" in report.problems[0].message
    assert "price_not_negative" in report.problems[0].message
    assert report.problems[1].message == "Not imported, like its product: see row 3."


def test_a_sku_of_a_product_that_is_not_in_the_file_is_reported(app):
    save_product(soap(), SYSTEM)
    report = imported(csv_of(row("tin", Variant_SKU="SOAP"), row("lid", Variant_SKU="LID")))
    assert [(p.row, p.column) for p in report.problems] == [(2, "Variant SKU")]
    assert "belongs to the product soap" in report.problems[0].message
    assert saved_slugs() == {"soap", "lid"}


def test_a_row_that_cannot_be_used_withdraws_no_variant_from_sale(app):
    small, large = row(Option1_Name="Size", Option1_Value="S"), row(Option1_Name="Size", Option1_Value="L")
    imported(csv_of(small, large))
    imported(csv_of(small, {**large, "Variant Price": "free"}))
    assert [v.is_active for v in saved_product("tin").variants] == [True, True]
    imported(csv_of(small))
    assert [v.is_active for v in saved_product("tin").variants] == [True, False]


def test_progress_is_told_product_by_product(app):
    told = []
    import_catalogue(CANDLES, actor=SYSTEM, currency="USD", on_progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
