"""Keeping documents and words in step with the catalogue: a durable queue, worked off in small batches.

What was saved is queued in the transaction that marks its event dispatched; a crash leaves it queued. Any number of
workers may work it off: a document is made from the product as it is, under the product's lock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, text

from shop.db import db, lock_names, operation
from shop.domain.catalog.models import Category, Product, ProductAttribute, Variant
from shop.domain.catalog.richtext import plain_text
from shop.domain.events import OutboxEvent
from shop.domain.search.models import SearchDocument, SearchQueued, SearchSku
from shop.domain.search.words import can_be_corrected, indexed_words, sku_key, stem, without_a_letter, words_in

BATCH = 50
MOST_NAME_WORDS = 60
PLACES = 2**40  # product ids lie below it
MOST_WORDS = 2000  # of a text; a longer one is not read to its end
SHORTEST_WORD, LONGEST_WORD = 2, 30

# -- the queue --------------------------------------------------------------------------------------------------------


def queue_what_changed(events: Sequence[OutboxEvent]) -> None:
    """Queue the products that these events are about, in the operation that dispatches them."""
    saved = {event.subject_id for event in events if event.type == "product.saved"}
    renamed = {event.subject_id for event in events if event.type == "category.saved"}
    wanted = select(Product.id).where(Product.public_id.in_(saved))
    _queue(db.session.scalars(wanted) if saved else [])
    if renamed:
        branches = _branches(renamed)
        _queue(db.session.scalars(select(Product.id).where(Product.category_id.in_(branches))))


def _branches(public_ids: set[str]) -> set[int]:
    """The ids of these categories and of all below them."""
    rows = db.session.execute(select(Category.id, Category.parent_id, Category.public_id)).all()
    found = {row.id for row in rows if row.public_id in public_ids}
    while more := {row.id for row in rows if row.parent_id in found} - found:
        found |= more
    return found


def _queue(product_ids: Iterable[int]) -> None:
    if rows := [{"product_id": product_id} for product_id in sorted(set(product_ids))]:
        db.session.execute(insert(SearchQueued), rows)


@operation
def queue_whole_catalogue() -> int:
    """Queue every product, for making the whole index anew; returns how many are queued now."""
    db.session.execute(text("INSERT INTO search_queue (product_id) SELECT id FROM products ORDER BY id"))
    return count_queued()


def count_queued() -> int:
    """How many rows are still to be worked off."""
    return db.session.scalar(select(func.count()).select_from(SearchQueued)) or 0


@operation
def index_queued(limit: int = BATCH) -> int:
    """Work off some of the queue; returns how many rows, 0 when there are none that others do not hold."""
    rows = db.session.execute(
        select(SearchQueued.id, SearchQueued.product_id)
        .order_by(SearchQueued.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    index_products(sorted({row.product_id for row in rows}))
    db.session.execute(delete(SearchQueued).where(SearchQueued.id.in_([row.id for row in rows])))
    return len(rows)


def index_all_queued(at_once: int = BATCH) -> int:
    """Work off the queue until it is empty or in the hands of others; returns how many rows."""
    total = 0
    while done := index_queued(at_once):
        total += done
    return total


# -- documents --------------------------------------------------------------------------------------------------------

Document = dict[str, Any]


@operation
def index_products(product_ids: Sequence[int]) -> int:
    """Make these products' documents be as the products are now; those not on sale have none. Returns what changed."""
    if not product_ids:
        return 0
    wanted = _documents_of(product_ids)
    skus = {document["product_id"]: document.pop("skus") for document in wanted.values()}
    present = {
        row["product_id"]: dict(row)
        for row in db.session.execute(
            select(SearchDocument.__table__).where(SearchDocument.product_id.in_(product_ids))
        ).mappings()
    }
    changed = [product_id for product_id in product_ids if wanted.get(product_id) != present.get(product_id)]
    gone = [product_id for product_id in changed if product_id in present]
    if gone:
        db.session.execute(delete(SearchDocument).where(SearchDocument.product_id.in_(gone)))
    if new := [wanted[product_id] for product_id in changed if product_id in wanted]:
        db.session.execute(insert(SearchDocument), new)
    _replace_skus(product_ids, skus)
    counts: Counter[str] = Counter()
    for product_id in changed:
        counts.update(wanted.get(product_id, {}).get("vocabulary", "").split())
        counts.subtract(present.get(product_id, {}).get("vocabulary", "").split())
    count_words(counts)
    return len(changed)


def _documents_of(product_ids: Sequence[int]) -> dict[int, Document]:
    columns = (Product.id, Product.name, Product.brand, Product.tags, Product.description, Product.category_id)
    # Locked whatever their status is: what is being put on sale just now must not lose the document it is given.
    locked = db.session.execute(
        select(*columns, Product.status)
        .where(Product.id.in_(product_ids))
        .order_by(Product.id)
        .with_for_update(of=Product, key_share=True)
    ).all()
    products = [product for product in locked if product.status == "active"]
    ids = [product.id for product in products]
    variants, attributes = defaultdict(list), defaultdict(list)
    for variant in db.session.execute(
        select(Variant.product_id, Variant.sku, Variant.option_values)
        .where(Variant.product_id.in_(ids), Variant.is_active.is_(True))
        .order_by(Variant.id)
    ):
        variants[variant.product_id].append(variant)
    for attribute in db.session.execute(
        select(ProductAttribute.product_id, ProductAttribute.value)
        .where(ProductAttribute.product_id.in_(ids))
        .order_by(ProductAttribute.position, ProductAttribute.id)
    ):
        attributes[attribute.product_id].append(attribute.value)
    paths = _paths()
    return {
        product.id: document_of(
            product, paths.get(product.category_id, []), variants[product.id], attributes[product.id]
        )
        for product in products
    }


def _paths() -> dict[int | None, list[str]]:
    """The names of each category and of those above it."""
    rows = {row.id: row for row in db.session.execute(select(Category.id, Category.parent_id, Category.name))}
    paths: dict[int | None, list[str]] = {}
    for id_, row in rows.items():
        above, names = row, [row.name]
        while above.parent_id is not None:
            above = rows[above.parent_id]
            names.append(above.name)
        paths[id_] = names
    return paths


def document_of(
    product: Any, categories: Iterable[str], variants: Sequence[Any], attributes: Iterable[str]
) -> Document:
    """What the index keeps of a product; the same product gives the same document."""
    typed = words_in(product.name)
    names = indexed_words(product.name)
    kinds = indexed_words(" , ".join([product.brand, *product.tags]))
    options = [value for variant in variants for value in variant.option_values]
    described = indexed_words(" , ".join([*categories, *attributes, *options]))
    codes = indexed_words(" , ".join(variant.sku for variant in variants))
    texts = indexed_words(plain_text(product.description))[:MOST_WORDS]
    written = {word for word in (*names, *kinds, *described, *texts) if is_a_word(word)}
    return {
        "product_id": product.id,
        "place": min(len(typed), MOST_NAME_WORDS) * PLACES + product.id,
        "name_key": " ".join(typed)[:255],
        "names": _terms(names),
        "kinds": _terms(kinds),
        "details": _terms([*described, *codes]),
        "texts": _terms(texts),
        "vocabulary": " ".join(sorted(written)),
        "skus": {key for variant in variants if (key := sku_key(variant.sku))},
    }


def is_a_word(word: str) -> bool:
    """Whether the vocabulary keeps it: no number, and nothing that nobody types."""
    return SHORTEST_WORD <= len(word) <= LONGEST_WORD and not word.isdigit()


def _terms(words: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(map(stem, words)))


def _replace_skus(product_ids: Sequence[int], wanted: Mapping[int, set[str]]) -> None:
    rows = db.session.execute(select(SearchSku.product_id, SearchSku.sku).where(SearchSku.product_id.in_(product_ids)))
    present = {(product_id, sku) for product_id, sku in rows}
    all_wanted = {(product_id, sku) for product_id, skus in wanted.items() for sku in skus}
    for product_id, sku in sorted(present - all_wanted):
        db.session.execute(delete(SearchSku).where(SearchSku.product_id == product_id, SearchSku.sku == sku))
    if added := [{"product_id": product_id, "sku": sku} for product_id, sku in sorted(all_wanted - present)]:
        db.session.execute(insert(SearchSku), added)


# -- words ------------------------------------------------------------------------------------------------------------

WORDS_AT_ONCE = 200
READ_AT_ONCE = 2000


def count_words(changes: Mapping[str, int]) -> None:
    """Count the vocabulary up and down, in the current operation; new words get the typos they are known by."""
    if any(changes.values()):
        lock_names("search_words")  # in one order, and one at a time: many products share their words
    for some in _in_parts(sorted((word, by) for word, by in changes.items() if by > 0)):
        values = ", ".join(f"(:w{n}, :t{n}, :d{n})" for n in range(len(some)))
        known = {f"w{n}": word for n, (word, _) in enumerate(some)}
        known |= {f"t{n}": stem(word) for n, (word, _) in enumerate(some)}
        numbers = {f"d{n}": by for n, (_, by) in enumerate(some)}
        counted = db.session.execute(
            text(
                f"INSERT INTO search_words (word, term, documents) VALUES {values} ON CONFLICT (word) DO UPDATE"
                " SET documents = search_words.documents + excluded.documents RETURNING word, documents"
            ),
            {**known, **numbers},
        ).all()
        added = dict(some)
        _remember_typos([row.word for row in counted if row.documents <= added[row.word]])
    for some in _in_parts(sorted((word, by) for word, by in changes.items() if by < 0)):
        for word, by in some:
            db.session.execute(
                text("UPDATE search_words SET documents = documents + :by WHERE word = :word"), {"by": by, "word": word}
            )
        _forget_unused([word for word, _ in some])


def _in_parts(rows: list[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    for start in range(0, len(rows), WORDS_AT_ONCE):
        yield rows[start : start + WORDS_AT_ONCE]


def _remember_typos(new: Iterable[str]) -> None:
    rows = [
        {"typed": typed, "word": word}
        for word in new
        if can_be_corrected(word)
        for typed in sorted(without_a_letter(word))
    ]
    if rows:
        insert_typo = text("INSERT INTO search_typos (typed, word) VALUES (:typed, :word) ON CONFLICT DO NOTHING")
        db.session.execute(insert_typo, rows)


def _forget_unused(words: Sequence[str]) -> None:
    names = {f"w{n}": word for n, word in enumerate(words)}
    these = ", ".join(f":{name}" for name in names)
    gone = db.session.scalars(
        text(f"DELETE FROM search_words WHERE documents <= 0 AND word IN ({these}) RETURNING word"), names
    ).all()
    if gone:
        names = {f"w{n}": word for n, word in enumerate(gone)}
        these = ", ".join(f":{name}" for name in names)
        db.session.execute(text(f"DELETE FROM search_typos WHERE word IN ({these})"), names)


def count_documents() -> int:
    """How many products can be found."""
    return db.session.scalar(select(func.count()).select_from(SearchDocument)) or 0


@operation
def recount_words() -> int:
    """Make the vocabulary what the documents say, should it ever differ; returns how many words were put right."""
    lock_names("search_words")
    counted: Counter[str] = Counter()
    last = 0
    while some := db.session.execute(
        select(SearchDocument.product_id, SearchDocument.vocabulary)
        .where(SearchDocument.product_id > last)
        .order_by(SearchDocument.product_id)
        .limit(READ_AT_ONCE)
    ).all():
        last = some[-1].product_id
        for row in some:
            counted.update(row.vocabulary.split())
    kept = {row.word: row.documents for row in db.session.execute(text("SELECT word, documents FROM search_words"))}
    wrong = {word: counted[word] - kept.get(word, 0) for word in {*counted, *kept}}
    wrong = {word: by for word, by in wrong.items() if by}
    count_words(wrong)
    return len(wrong)
