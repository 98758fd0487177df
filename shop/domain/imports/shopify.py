"""Shopify's product CSV: several rows a product, of variants and of pictures, made into one draft. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shop.domain.catalog.drafts import (
    UNSAID,
    ImageDraft,
    ProductDraft,
    Said,
    VariantDraft,
    option_key_of,
    variant_faults,
)
from shop.domain.catalog.models import PRODUCT_STATUSES
from shop.domain.catalog.slugs import slug_of
from shop.domain.imports.cells import TRUTHS, VariantCells, one_line, picture_address, quoted, sku_for, tags_in
from shop.domain.imports.csv_file import Row, Source, read_table
from shop.domain.imports.report import RowProblem
from shop.errors import Detail, Invalid

REQUIRED = ("Handle", "Title", "Variant Price")
OPTION_NUMBERS = (1, 2, 3)
NO_OPTION = "Default Title"  # the value of the option "Title" of a product without options
PRODUCT_COLUMNS = (
    *("Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Status", "SEO Title", "SEO Description"),
    *(f"Option{number} Name" for number in OPTION_NUMBERS),
)
# A row that has one of these is about a variant; one that has none is a picture, or only about the product.
VARIANT_SIGNS = (
    *(f"Option{number} Value" for number in OPTION_NUMBERS),
    *("Variant SKU", "Variant Price", "Variant Compare At Price", "Variant Inventory Qty", "Variant Barcode"),
)
OTHER_COLUMNS = (
    *("Handle", "Variant Grams", "Variant Requires Shipping", "Variant Image"),
    *("Image Src", "Image Position", "Image Alt Text"),
)
COLUMN_OF_FIELD = {
    **{"slug": "Handle", "name": "Title", "brand": "Vendor", "description": "Body (HTML)", "tags": "Tags"},
    **{"seoTitle": "SEO Title", "seoDescription": "SEO Description", "options": "Option1 Name", "category": "Type"},
    **{"sku": "Variant SKU", "price": "Variant Price", "weight": "Variant Grams", "stock": "Variant Inventory Qty"},
}


@dataclass(frozen=True)
class ShopifyFile:
    """The rows of each product by handle, in the order of the file, and what is wrong with rows that have none."""

    columns: frozenset[str]
    rows_read: int
    products: dict[str, list[Row]]
    problems: list[RowProblem]

    def skus(self) -> list[str]:
        """Every SKU that the file names, each once."""
        named = (row["Variant SKU"] for rows in self.products.values() for row in rows)
        return list(dict.fromkeys(one_line(sku) for sku in named if sku))


@dataclass
class SkuRegister:
    """Who has which SKU: products of the shop (slugs, as they were before the import), then rows of the file."""

    slugs: Mapping[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def claim(self, sku: str, slug: str, row: int) -> str | None:
        """Take the SKU for a row of this product; returns who has it already, or None when it is the row's now."""
        if self.slugs.get(sku, slug) != slug:
            return f"the product {self.slugs[sku]}"
        return None if self.rows.setdefault(sku, row) == row else f"row {self.rows[sku]}"


@dataclass(frozen=True)
class Assembled:
    """The draft that a product's rows make (None: they make none), its category's name, and what is wrong with rows."""

    draft: ProductDraft | None
    category_name: str
    problems: list[RowProblem]


def read_shopify(source: Source) -> ShopifyFile:
    """Read a Shopify product CSV and put each product's rows together, also where they are apart.

    Raises Malformed or Invalid for a file that is none.
    """
    table = read_table(source, (*PRODUCT_COLUMNS, *VARIANT_SIGNS, *OTHER_COLUMNS), REQUIRED)
    products: dict[str, list[Row]] = {}
    problems: list[RowProblem] = []
    for row in table.rows:
        handle = one_line(row["Handle"]).casefold()
        if handle:
            products.setdefault(handle, []).append(row)
        else:
            problems.append(
                RowProblem(row.number, "", "Handle", "The Handle is missing: no telling whose row this is.")
            )
    if not products:
        raise Invalid("No row has a Handle: there is no product in this file. Export the products again.")
    return ShopifyFile(table.columns, len(table.rows), products, problems)


def assemble_product(
    handle: str, rows: Sequence[Row], columns: frozenset[str], currency: str, skus: SkuRegister
) -> Assembled:
    """Make one draft of a product's rows; what cannot be used is left out and reported.

    Columns that the file does not have are left unsaid, so they change nothing of a product that exists.
    """
    return _Assembly(handle, rows, columns, currency, skus).finish()


class _Assembly:
    """One product's rows on their way to a draft."""

    def __init__(
        self, handle: str, rows: Sequence[Row], columns: frozenset[str], currency: str, skus: SkuRegister
    ) -> None:
        self.handle, self.columns, self.currency, self.skus = handle, columns, currency, skus
        self.slug = slug_of(handle, 160)
        self.problems: list[RowProblem] = []
        self.all_rows = rows
        self.rows = [row for row in rows if not row.has_surplus]
        signed = [row for row in self.rows if any(row[column] for column in VARIANT_SIGNS)]
        self.variant_rows = signed or [row for row in self.rows if row["Title"]]
        self.axes = [number for number in OPTION_NUMBERS if self._is_axis(number)]

    def finish(self) -> Assembled:
        self._report_surplus()
        variants = self._variants()
        images = self._images(variants)
        self._report_idle_rows()
        category_name = one_line(self._first("Type"))
        if not self._first("Title"):
            self._report_others("Title", "Not imported: no row of this product has a Title.")
        elif not variants:
            self._report_others("Variant Price", "Not imported: no row of this product describes a variant rightly.")
        else:
            draft = self._draft(list(variants.values()), images, category_name)
            return Assembled(draft, category_name, self.problems)
        return Assembled(None, category_name, self.problems)

    def _draft(self, variants: list[VariantDraft], images: list[ImageDraft], category_name: str) -> ProductDraft:
        return ProductDraft(
            slug=self.slug,
            name=one_line(self._first("Title")),
            variants=tuple(variants),
            option_names=tuple(self._option_name(number) for number in self.axes),
            description=self._first("Body (HTML)") if "Body (HTML)" in self.columns else UNSAID,
            brand=self._said_line("Vendor"),
            category_slug=(slug_of(category_name, 120) if category_name else None)
            if "Type" in self.columns
            else UNSAID,
            tags=tags_in(self._first("Tags")) if "Tags" in self.columns else UNSAID,
            status=self._status(),
            seo_title=self._said_line("SEO Title"),
            seo_description=self._said_line("SEO Description"),
            images=tuple(images) if "Image Src" in self.columns else UNSAID,
            # A row that cannot be used may be about a variant on sale: that is no reason to withdraw it.
            keeps_other_variants=len(variants) < len(self.variant_rows) or len(self.rows) < len(self.all_rows),
            keeps_uploads=True,
        )

    # -- the product's own cells: the first row that has one counts ---------------------------------------------------

    def _first(self, column: str) -> str:
        return next((row[column] for row in self.rows if row[column]), "")

    def _said_line(self, column: str) -> Said[str]:
        return one_line(self._first(column)) if column in self.columns else UNSAID

    def _option_name(self, number: int) -> str:
        return one_line(self._first(f"Option{number} Name")) or f"Option {number}"

    def _status(self) -> Said[str]:
        status, published = self._first("Status").lower(), self._first("Published").lower()
        if status in PRODUCT_STATUSES and (status != "active" or TRUTHS.get(published, not published)):
            return status
        if not published:
            return UNSAID
        if published not in TRUTHS:
            row = next(row for row in self.rows if row["Published"])
            self._report(row, "Published", f"{quoted(published)} is neither true nor false; the product is a draft.")
        return "active" if TRUTHS.get(published) else "draft"

    # -- variants -----------------------------------------------------------------------------------------------------

    def _is_axis(self, number: int) -> bool:
        values = {one_line(row[f"Option{number} Value"]) for row in self.variant_rows} - {""}
        return bool(values) and values != {NO_OPTION}

    def _values_of(self, row: Row) -> tuple[str, ...]:
        return tuple(one_line(row[f"Option{number} Value"]) for number in self.axes)

    def _variants(self) -> dict[str, VariantDraft]:
        """The variants by option key, of the rows that describe theirs rightly."""
        variants: dict[str, VariantDraft] = {}
        row_of: dict[str, int] = {}
        for row in self.variant_rows:
            values = self._values_of(row)
            key = option_key_of(values)
            cells = VariantCells(row, self.columns, self.currency)
            variant = cells.draft(values, row["Variant SKU"] or sku_for(self.handle, values))
            faults = [*self._missing_values(row), *cells.faults]
            if not faults and key in row_of:
                taken = f"{key or 'A variant without options'} is in row {row_of[key]} already."
                faults = [Detail("Option1 Value", f"{taken} Give it other option values.")]
            faults = faults or self._faults_of(variant, row)
            if not faults:
                variants[key] = variant
                row_of[key] = row.number
            for fault in faults:
                self._report(row, fault.field, fault.message)
        return variants

    def _missing_values(self, row: Row) -> Iterable[Detail]:
        for number, value in zip(self.axes, self._values_of(row), strict=True):
            if not value:
                message = f"The {self._option_name(number)} is missing: every variant of this product has one."
                yield Detail(f"Option{number} Value", message)

    def _faults_of(self, variant: VariantDraft, row: Row) -> list[Detail]:
        faults = [Detail(COLUMN_OF_FIELD.get(f.field, "Option1 Value"), f.message) for f in variant_faults(variant)]
        holder = None if faults else self.skus.claim(variant.sku, self.slug, row.number)
        if holder:
            message = f"The SKU {variant.sku} belongs to {holder}. Give this variant a SKU of its own."
            faults.append(Detail("Variant SKU", message))
        return faults

    # -- pictures -----------------------------------------------------------------------------------------------------

    def _images(self, variants: Mapping[str, VariantDraft]) -> list[ImageDraft]:
        """The pictures in their order; one that a single variant claims as its own is tied to it."""
        places: dict[str, tuple[int, str]] = {}
        for order, row in enumerate(self.rows, start=1):
            if url := self._picture(row, "Image Src"):
                position = row["Image Position"]
                place = int(position) if position.isascii() and position.isdigit() and len(position) < 6 else order
                places.setdefault(url, (place, one_line(row["Image Alt Text"])))
        claims: dict[str, set[str]] = {}
        for row in self.variant_rows:
            if url := self._picture(row, "Variant Image"):
                places.setdefault(url, (len(self.rows) + 1, ""))
                claims.setdefault(url, set()).add(option_key_of(self._values_of(row)))
        has_texts = "Image Alt Text" in self.columns
        images = []
        for url, (_, alt_text) in sorted(places.items(), key=lambda entry: entry[1][0]):
            sole = claims[url].pop() if len(claims.get(url, ())) == 1 else None
            tied_to = sole if sole in variants else None
            images.append(ImageDraft(source_url=url, alt_text=alt_text if has_texts else UNSAID, option_key=tied_to))
        return images

    def _picture(self, row: Row, column: str) -> str | None:
        url = picture_address(row[column])
        if row[column] and url is None:
            self._report(row, column, f"{quoted(row[column])} is no address of a picture: it begins with https://.")
        return url

    # -- reporting ----------------------------------------------------------------------------------------------------

    def _report_surplus(self) -> None:
        for row in self.all_rows:
            if row.has_surplus:
                self._report(row, "", "The row has more cells than there are columns. Put texts with commas in quotes.")

    def _report_idle_rows(self) -> None:
        """A row that says nothing about the product, no variant and no picture was perhaps meant to."""
        for row in self.rows:
            if not any(row[column] for column in (*PRODUCT_COLUMNS, *VARIANT_SIGNS, "Image Src")):
                self._report(row, "Variant Price", "The row has neither a variant's price nor a picture.")

    def _report_others(self, column: str, message: str) -> None:
        reported = {problem.row for problem in self.problems}
        for row in self.all_rows:
            if row.number not in reported:
                self._report(row, column, message)

    def _report(self, row: Row, column: str, message: str) -> None:
        self.problems.append(RowProblem(row.number, self.handle, column, message))
