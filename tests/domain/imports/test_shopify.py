"""Reading a Shopify file: limits, broken files, and the odder cells. No database."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from shop.domain.catalog.drafts import UNSAID
from shop.domain.imports import csv_file
from shop.domain.imports.cells import sku_for
from shop.domain.imports.shopify import SkuRegister, assemble_product, read_shopify
from shop.errors import Invalid, Malformed
from shop.money import Money
from tests.domain.imports.files import CANDLES, PICTURE, csv_of, row


class Pipe(io.BytesIO):
    """A stream whose length nobody knows beforehand, as standard input is."""

    def seekable(self) -> bool:
        return False


def assembled(*rows, currency="USD", skus=None):
    file = read_shopify(csv_of(*rows))
    handle, its_rows = next(iter(file.products.items()))
    return assemble_product(handle, its_rows, file.columns, currency, skus or SkuRegister())


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", Malformed, "This file is empty"),
        (b"\xef\xbb\xbf", Malformed, "This file is empty"),
        (b"Handle,Title,Variant Price\n", Invalid, "no products below"),
        (b"Handle,Title,Variant Price\n\n,,\n", Invalid, "no products below"),
        (b"Handle,Title,Variant Price\n,Tin,5\n", Invalid, "No row has a Handle"),
        (b"PK\x03\x04\x00\x00sheet", Malformed, "CSV UTF-8"),
        ("Handle,Title,Variant Price\ntin,Tin,5".encode("utf-16"), Malformed, "CSV UTF-8"),
        ("Handle,Title,Variant Price\ntin,Dös,5".encode("latin-1"), Malformed, "CSV UTF-8"),
        (b"Handle,Title,Variant Price\ntin,\0,5", Malformed, "CSV UTF-8"),
        (b"Handle;Title;Variant Price\ntin;Tin;5", Invalid, "separated by semicolons"),
        (b'Handle,Title,Variant Price\ntin,"Tin,5\n', Malformed, "Row 2 cannot be read: a quotation mark"),
        (b'Handle,Title,Variant Price\na,A,1\ntin,"Ti"n,5\n', Malformed, "Row 3 cannot be read"),
        (
            b"Handle,Title,Variant Price\ntin," + b"x" * 1_000_001 + b",5",
            Malformed,
            "Row 2 has a cell of more than 1 MB",
        ),
        (b"x" * 5_000_000, Malformed, "A line is longer than 4 MB"),
    ],
)
def test_a_file_that_is_none_is_refused_with_words_that_help(content, error, words):
    for stream in (io.BytesIO(content), Pipe(content)):
        with pytest.raises(error, match=words):
            read_shopify(stream)


def test_missing_columns_are_named():
    with pytest.raises(Invalid) as refused:
        read_shopify(io.BytesIO(b"Handle,Name,Price\ntin,Tin,5"))
    assert [detail.field for detail in refused.value.details] == ["Title", "Variant Price"]


def test_columns_are_known_in_any_order_and_case():
    file = read_shopify(io.BytesIO(b" variant price ,HANDLE,title,Whatever\n5,tin,Tin,x\n"))
    assert file.columns == {"Variant Price", "Handle", "Title"}


def test_a_hundred_megabytes_are_refused_unread(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.write(b"Handle,Title,Variant Price\n")
        file.truncate(100 * 1024 * 1024)
    tracemalloc.start()
    with pytest.raises(Invalid, match="larger than 64 MB"):
        read_shopify(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_stream_is_refused_at_the_limit_and_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(csv_file, "MAX_BYTES", 1000)
    stream = Pipe(b"Handle,Title,Variant Price\n" + b"tin,Tin,5.00\n" * 100_000)
    with pytest.raises(Invalid, match="larger than"):
        read_shopify(stream)
    assert stream.tell() < 100_000


def test_too_many_rows_are_refused_at_the_limit(monkeypatch):
    monkeypatch.setattr(csv_file, "MAX_ROWS", 10)
    stream = io.BytesIO(b"Handle,Title,Variant Price\n" + b"tin,Tin,5.00\n" * 100_000)
    with pytest.raises(Invalid, match="more than 10 rows"):
        read_shopify(stream)
    assert stream.tell() < 100_000


def test_a_stream_stays_open_for_its_owner():
    stream = csv_of(row())
    read_shopify(stream)
    assert not stream.closed


def test_rows_are_numbered_as_a_spreadsheet_shows_them():
    file = read_shopify(io.BytesIO(b'Handle,Title,Variant Price\n\na,"two\r\nlines",1\n\nb,B,2\n'))
    assert [r.number for rows in file.products.values() for r in rows] == [3, 5]
    assert file.products["a"][0]["Title"] == "two\nlines"


def test_a_row_with_more_cells_than_columns_is_reported():
    file = read_shopify(io.BytesIO(b"Handle,Title,Variant Price\ntin,Tin, lid and all,5\ntin,Tin,5\n"))
    result = assemble_product("tin", file.products["tin"], file.columns, "USD", SkuRegister())
    assert [problem.row for problem in result.problems] == [2]
    assert result.draft.keeps_other_variants


def test_rows_with_fewer_cells_than_columns_are_whole():
    file = read_shopify(io.BytesIO(b"Handle,Title,Variant Price,Tags\ntin,Tin,5\n"))
    assert file.products["tin"][0]["Tags"] == ""


def test_handles_differing_in_case_are_one_product():
    assert list(read_shopify(csv_of(row("Tin"), row("tin"))).products) == ["tin"]


def test_columns_that_are_not_there_are_left_unsaid():
    draft = assembled(row()).draft
    assert {draft.description, draft.tags, draft.images, draft.category_slug, draft.status} == {UNSAID}
    assert {draft.variants[0].stock, draft.variants[0].compare_at, draft.variants[0].weight_grams} == {UNSAID}


def test_columns_that_are_empty_say_so():
    empty = {"Body (HTML)": "", "Tags": "", "Image Src": "", "Type": "", "Variant Compare At Price": ""}
    draft = assembled({**row(), **empty}).draft
    assert (draft.description, draft.tags, draft.images, draft.category_slug) == ("", (), (), None)
    assert draft.variants[0].compare_at is None


@pytest.mark.parametrize(
    ("status", "published", "expected"),
    [
        ("", "true", "active"),
        ("", "FALSE", "draft"),
        ("archived", "true", "archived"),
        ("draft", "true", "draft"),
        ("active", "false", "draft"),
        ("active", "", "active"),
        ("", "", UNSAID),
    ],
)
def test_published_and_status_together_decide(status, published, expected):
    assert assembled(row(Status=status, Published=published)).draft.status == expected


def test_a_picture_that_several_variants_share_is_the_products():
    rows = [row(Option1_Name="Size", Option1_Value=size, Variant_Image=PICTURE + "all.jpg") for size in ("S", "M")]
    rows[0]["Image Src"] = PICTURE + "first.jpg"
    images = assembled(*rows).draft.images
    assert [(image.source_url, image.option_key) for image in images] == [
        (PICTURE + "first.jpg", None),
        (PICTURE + "all.jpg", None),
    ]


def test_an_option_without_a_name_is_numbered():
    assert assembled(row(Option1_Value="S"), row(Option1_Value="M")).draft.option_names == ("Option 1",)


def test_a_first_row_that_only_describes_the_product_is_no_variant():
    rows = ({"Handle": "tin", "Title": "Tin"}, row(Option1_Name="Size", Option1_Value="S"))
    result = assembled(*rows)
    assert (result.problems, len(result.draft.variants)) == ([], 1)


def test_prices_are_read_in_the_shops_currency():
    assert assembled(row(price="5.5"), currency="JOD").draft.variants[0].price == Money(5500, "JOD")
    assert assembled(row(price="500"), currency="JPY").draft.variants[0].price == Money(500, "JPY")


@pytest.mark.parametrize("price", ["", "abc", "-1", "1e3", "٣", "$5", "1,5", "9" * 400, "1.2.3", "NaN"])
def test_a_price_that_is_none_makes_the_row_reported(price):
    result = assembled(row(price=price, Variant_SKU="X"))
    assert result.draft is None
    assert result.problems[0].column == "Variant Price" and len(result.problems[0].message) < 120


@pytest.mark.parametrize(
    "url",
    ["tin.jpg", "ftp://a.example/b", "javascript:alert(1)", "https://", "https://a b/c", "https://[x/", "data:,x"],
)
def test_what_is_no_web_address_is_no_picture(url):
    result = assembled(row(Image_Src=url))
    assert (result.draft.images, [p.column for p in result.problems]) == ((), ["Image Src"])


def test_generated_skus_fit_and_are_told_apart():
    pairs = [
        ("a-b", ("c",)),
        ("a", ("b c",)),
        ("a", ("b", "c")),
        ("x" * 300, ("y",)),
        ("x" * 300, ("z",)),
        ("帽", ("子",)),
    ]
    skus = [sku_for(handle, values) for handle, values in pairs]
    assert len(set(skus)) == len(skus) and max(map(len, skus)) <= 80
    assert skus == [sku_for(handle, values) for handle, values in pairs]


def test_the_fixture_begins_with_a_byte_order_mark_and_has_crlf_in_cells():
    content = CANDLES.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and b"milky,\r\n" in content
