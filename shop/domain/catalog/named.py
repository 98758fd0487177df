"""What staff write in lines of a form: categories by address or name, products by address, id or SKU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import func, or_, select

from shop.db import db
from shop.domain.catalog.collections import MOST_CHOSEN
from shop.domain.catalog.models import Category, Product, Variant
from shop.domain.inputs import MOST_VALUES
from shop.errors import Detail, Invalid

MOST_NAMED = 5  # lines that are wrong and named in one sentence


def written_lines(text: str) -> list[str]:
    """What stands in the lines, each once."""
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def few_lines(field: str, text: str) -> list[str]:
    """What stands in the lines, each once. Raises Invalid for too many."""
    lines = written_lines(text)
    if len(lines) > MOST_VALUES:
        raise wrong(field, f"Enter at most {MOST_VALUES}, one a line.")
    return lines


def category_slugs(text: str) -> list[str]:
    """The addresses of categories that are written as their address or their name. Raises Invalid."""
    lines = few_lines("categories", text)
    names = [line.casefold() for line in lines]
    wanted = or_(Category.slug.in_(lines), func.lower(Category.name).in_(names))
    by_word: dict[str, str] = {}
    for category in db.session.scalars(select(Category).where(wanted).order_by(Category.id.desc())):
        by_word[category.name.casefold()] = category.slug
    by_word |= {slug: slug for slug in db.session.scalars(select(Category.slug).where(Category.slug.in_(lines)))}
    found = {line: by_word.get(line) or by_word.get(line.casefold()) for line in lines}
    refuse_missing("categories", "category", (line for line, slug in found.items() if slug is None))
    return [slug for slug in found.values() if slug is not None]


def product_ids(text: str) -> list[int]:
    """The keys of products that stand in the lines, as address, id or SKU of a variant. Raises Invalid."""
    lines = written_lines(text)
    if len(lines) > MOST_CHOSEN:
        raise wrong("products", f"Name at most {MOST_CHOSEN} products.")
    known = dict(_known_products(lines))
    refuse_missing("products", "product", (line for line in lines if line not in known))
    return list(dict.fromkeys(known[line] for line in lines))


def _known_products(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    """What was written and the key it stands for; an address before an id before a SKU, hence last."""
    rows = db.session.execute(select(Variant.sku, Variant.product_id).where(Variant.sku.in_(lines)))
    yield from ((sku, row_id) for sku, row_id in rows)
    for column in (Product.public_id, Product.slug):
        found = db.session.execute(select(column, Product.id).where(column.in_(lines)))
        yield from ((written, row_id) for written, row_id in found)


def refuse_missing(field: str, noun: str, missing: Iterable[str]) -> None:
    """Raise Invalid that names the first few of what is written and not there."""
    lines = list(missing)
    if not lines:
        return
    named = ", ".join(line[:60] for line in lines[:MOST_NAMED])
    more = f" and {len(lines) - MOST_NAMED} more" if len(lines) > MOST_NAMED else ""
    raise wrong(field, f"There is no {noun} {named}{more}. Correct or remove what is wrong.")


def wrong(field: str, message: str) -> Invalid:
    """The refusal of one field."""
    return Invalid(message, [Detail(field, message)])


def product_slugs(product_ids: Sequence[int]) -> list[str]:
    """The addresses of these products, in the same order; one that is gone is left out."""
    rows = db.session.execute(select(Product.id, Product.slug).where(Product.id.in_(product_ids)))
    slugs = {row_id: slug for row_id, slug in rows}
    return [slugs[row_id] for row_id in product_ids if row_id in slugs]
