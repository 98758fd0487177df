"""Catalogues that staff upload: kept, tried and imported product by product, with the progress of a task (CAT-9)."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from shop.db import changed_rows, db, end_read, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.bulk_changes import BulkChange
from shop.domain.catalog.models import Image, Product
from shop.domain.imports.models import CatalogueFile
from shop.domain.imports.operations import import_product, skus_in_use
from shop.domain.imports.report import RowProblem, in_row_order
from shop.domain.imports.shopify import Assembled, ShopifyFile, SkuRegister, assemble_product, read_shopify
from shop.domain.inputs import Input, PublicId
from shop.errors import Conflict, Gone, Invalid, NotFound

MOST_BYTES = 10 * 1024 * 1024
MOST_PRODUCTS = 10_000
MOST_PROBLEMS = 5000  # kept of a file
KEPT_FOR = timedelta(days=30)
LONGEST_VALUE = 200
BARE = "without_picture"  # among the figures of a file, beside the outcomes
NO_PRODUCT = "Its rows have mistakes that leave no product: see there."


class FileWish(Input):
    """Which uploaded file is rehearsed or imported, and in which currency its prices are."""

    file: PublicId
    currency: str


@dataclass(frozen=True)
class CatalogueRead:
    """A file, read: what each of its products would be."""

    products: Mapping[str, Assembled]
    problems: Sequence[RowProblem]
    row_count: int
    values: Mapping[tuple[int, str], str]


def read_catalogue(content: bytes, currency: str) -> CatalogueRead:
    """What an uploaded catalogue says; this takes seconds, so no operation does it. Raises Malformed or Invalid for
    what is none."""
    if len(content) > MOST_BYTES:
        raise Invalid("This file is larger than 10 MB. Split it, keeping each product's rows together.")
    read = _read(content, currency)
    if not read.products:
        raise Invalid("This file has no products. Compare it with the sample file.")
    if len(read.products) > MOST_PRODUCTS:
        raise Invalid(
            f"This file has more than {MOST_PRODUCTS} products. Split it, keeping each product's rows together."
        )
    return read


@operation
def keep_catalogue(name: str, content: bytes, read: CatalogueRead, actor: Actor, *, sets_stock: bool) -> CatalogueFile:
    """Keep an uploaded catalogue with what is wrong with its rows."""
    problems = [_problem_row(each, read) for each in in_row_order(read.problems)[:MOST_PROBLEMS]]
    file = CatalogueFile(
        name=name[:120],
        content=content,
        sets_stock=sets_stock,
        row_count=read.row_count,
        product_count=len(read.products),
        problems={"rows": problems},
        figures={"upload": {"problems": len(problems)}},
        user_id=actor.user_id,
    )
    db.session.add(file)
    db.session.flush()
    after = {"name": file.name, "rows": file.row_count, "products": file.product_count}
    record_change(actor, "catalogue.uploaded", "catalogue", file.public_id, {}, after)
    return file


def _problem_row(problem: RowProblem, read: CatalogueRead) -> list[Any]:
    value = read.values.get((problem.row, problem.column), "")
    return [problem.row, problem.handle[:120], problem.column, problem.message[:300], value[:LONGEST_VALUE]]


def handles_of(file: CatalogueFile, currency: str) -> list[str]:
    """What the products of the file are known by there, in its order. Raises Gone when it was forgotten."""
    return list(_content_read(file.public_id, currency).products)


# -- reading ----------------------------------------------------------------------------------------------------------


def get_catalogue(public_id: str) -> CatalogueFile:
    """The uploaded catalogue of this id; raises NotFound."""
    statement = select(CatalogueFile).filter_by(public_id=public_id).execution_options(populate_existing=True)
    file = db.session.scalars(statement).one_or_none()
    if file is None:
        raise NotFound("There is no such import.")
    return file


def list_catalogues(limit: int = 50) -> Sequence[CatalogueFile]:
    """The last uploaded catalogues, the newest first."""
    return db.session.scalars(select(CatalogueFile).order_by(CatalogueFile.id.desc()).limit(limit)).all()


@operation
def forget_old_catalogues() -> int:
    """Forget what was in files of long ago; what came of them is kept. Returns how many."""
    old = CatalogueFile.created_at < transaction_time() - KEPT_FOR
    forgotten = update(CatalogueFile).where(old, CatalogueFile.content.is_not(None)).values(content=None)
    return changed_rows(db.session.execute(forgotten.execution_options(synchronize_session=False)))


def _read(content: bytes, currency: str) -> CatalogueRead:
    end_read()  # this takes a while, and holds no transaction
    file: ShopifyFile = read_shopify(io.BytesIO(content))
    skus = SkuRegister(skus_in_use(file.skus()))
    end_read()
    products = {
        handle: assemble_product(handle, rows, file.columns, currency, skus) for handle, rows in file.products.items()
    }
    problems = [*file.problems, *(problem for each in products.values() for problem in each.problems)]
    faulty = {problem.row for problem in problems}
    rows = [row for rows in file.products.values() for row in rows if row.number in faulty]
    values = {(row.number, column): text for row in rows for column, text in row.cells.items()}
    return CatalogueRead(products, problems, file.rows_read, values)


def prepare(wish: FileWish) -> None:
    """Read the file before its products are looked at one by one. Raises Gone when it was forgotten."""
    _content_read(wish.file, wish.currency)


@functools.lru_cache(maxsize=1)  # a worker's job does one file after the other; what is uploaded never changes
def _content_read(public_id: str, currency: str) -> CatalogueRead:
    content = db.session.scalar(select(CatalogueFile.content).filter_by(public_id=public_id))
    if content is None:
        raise Gone("This file is not kept any more. Upload it again.")
    return _read(content, currency)


# -- product by product -----------------------------------------------------------------------------------------------


def rehearse(handle: str, wish: FileWish, actor: Actor) -> str:
    """Do what the import of the product would do, and undo it; says what that was."""
    savepoint = db.session.begin_nested()
    outcome = _import(handle, wish, actor)
    savepoint.rollback()
    db.session.expire_all()
    return _count(wish.file, "rehearsal", *outcome)


def bring_in(handle: str, wish: FileWish, actor: Actor) -> str:
    """Import one product of the file; says what that did."""
    return _count(wish.file, "import", *_import(handle, wish, actor))


def _import(handle: str, wish: FileWish, actor: Actor) -> tuple[str, bool]:
    """What became of the product, and whether it has a picture that can be shown."""
    assembled = _content_read(wish.file, wish.currency).products.get(handle)
    if assembled is None or assembled.draft is None:
        raise Conflict(NO_PRODUCT)
    sets_stock = db.session.scalar(select(CatalogueFile.sets_stock).filter_by(public_id=wish.file))
    saved = import_product(assembled.draft, assembled.category_name, actor, set_stock=bool(sets_stock))
    stored = select(Image.id).join(Product, Product.id == Image.product_id)
    stored = stored.where(Product.public_id == saved.public_id, Image.file_name.is_not(None)).limit(1)
    return saved.status, db.session.scalar(stored) is not None


def without_picture(file: CatalogueFile, stage: str) -> int:
    """How many products of the file the shop shows without a picture after it."""
    return file.figure(stage, BARE)


def _count(public_id: str, stage: str, outcome: str, has_picture: bool) -> str:
    file = db.session.scalars(
        select(CatalogueFile).filter_by(public_id=public_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    figures = dict(file.figures.get(stage, {}))
    for figure in [outcome] if has_picture else [outcome, BARE]:
        figures[figure] = figures.get(figure, 0) + 1
    file.figures = {**file.figures, stage: figures}
    return outcome.capitalize()


def names_of(handles: Sequence[str]) -> Mapping[str, str]:
    """A product of a file is called by its handle."""
    return {handle: handle for handle in handles}


REHEARSAL = BulkChange("catalogue.rehearsal", "catalog:write", rehearse, names_of, FileWish, prepare=prepare)
IMPORT = BulkChange("catalogue.import", "catalog:write", bring_in, names_of, FileWish, prepare=prepare)
CHANGES = (REHEARSAL, IMPORT)
