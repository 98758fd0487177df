"""The cells of Shopify's columns, read: amounts, counts, truths, addresses. What cannot be read is a fault."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import urlsplit

from shop.domain.catalog.drafts import MAX_COUNT, UNSAID, VariantDraft
from shop.domain.catalog.slugs import DIGEST_LENGTH, short_digest, slug_of
from shop.domain.imports.csv_file import Row
from shop.errors import Detail
from shop.money import Money

TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
UNITS = re.compile(r"[0-9]{1,10}(\.0+)?")
GRAMS = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")
MAX_SKU = 80
FIELD_SEPARATOR = "\x1f"


class VariantCells:
    """A row's cells about its variant; `faults` says which of those read cannot be."""

    def __init__(self, row: Row, columns: frozenset[str], currency: str) -> None:
        self.row, self.columns, self.currency = row, columns, currency
        self.faults: list[Detail] = []

    def draft(self, values: tuple[str, ...], sku: str) -> VariantDraft:
        """The variant, of use only when there are no faults afterwards. Columns the file has not are left unsaid."""
        return VariantDraft(
            sku=one_line(sku),
            price=self._price(),
            option_values=values,
            compare_at=self._money("Variant Compare At Price") if self._has("Variant Compare At Price") else UNSAID,
            weight_grams=self._count("Variant Grams", GRAMS, "weight in grams")
            if self._has("Variant Grams")
            else UNSAID,
            requires_shipping=self._ships() if self._has("Variant Requires Shipping") else UNSAID,
            stock=self._units() if self.row["Variant Inventory Qty"] else UNSAID,
        )

    def _has(self, column: str) -> bool:
        return column in self.columns

    def _price(self) -> Money:
        if not self.row["Variant Price"]:
            self._refuse("Variant Price", "The price is missing. Write it as 54.95.")
        return self._money("Variant Price") or Money(0, self.currency)

    def _money(self, column: str) -> Money | None:
        text = self.row[column]
        try:
            return Money.parse(text, self.currency) if text else None
        except ValueError:
            self._refuse(column, f"{quoted(text)} is not a price. Write it as 54.95.")
            return None

    def _units(self) -> int:
        return self._count("Variant Inventory Qty", UNITS, "number of units")

    def _count(self, column: str, shape: re.Pattern[str], what: str) -> int:
        text = self.row[column] or "0"
        if shape.fullmatch(text) and Decimal(text) <= MAX_COUNT:
            return int(Decimal(text).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        self._refuse(column, f"{quoted(text)} is not a {what}. Write digits, 0 or more.")
        return 0

    def _ships(self) -> bool:
        text = self.row["Variant Requires Shipping"].lower() or "true"
        if text not in TRUTHS:
            self._refuse("Variant Requires Shipping", f"{quoted(text)} is neither true nor false.")
        return TRUTHS.get(text, True)

    def _refuse(self, column: str, message: str) -> None:
        self.faults.append(Detail(column, message))


def sku_for(handle: str, values: Sequence[str]) -> str:
    """The SKU of a variant that has none: the same every time, readable, and told apart by a digest."""
    readable = slug_of(" ".join([handle, *values]), MAX_SKU - DIGEST_LENGTH - 1)
    return f"{readable}-{short_digest(FIELD_SEPARATOR.join([handle, *values]))}".upper()


def one_line(text: str) -> str:
    """The text without line breaks and repeated spaces."""
    return " ".join(text.split())


def tags_in(text: str) -> tuple[str, ...]:
    """The tags of a comma-separated cell, each once."""
    return tuple(dict.fromkeys(tag for part in text.split(",") if (tag := one_line(part))))


def picture_address(text: str) -> str | None:
    """The web address that a cell holds, or None when it is none."""
    url = "https:" + text if text.startswith("//") else text
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    return url if is_web and len(url) <= 2000 and not any(char.isspace() for char in url) else None


def quoted(text: str) -> str:
    """A cell as a message shows it: one line, shortened."""
    shown = one_line(text)
    return f"“{shown[:40]}…”" if len(shown) > 40 else f"“{shown}”"
