"""Addresses of products, categories and collections: they can change, and the old ones lead on for ever (SEO-1)."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import delete, select

from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.models import Category, Collection, FormerSlug, Product
from shop.domain.catalog.slugs import SLUG
from shop.domain.events import record_event
from shop.errors import Conflict, Detail, Invalid, NotFound

Kind = Literal["product", "category", "collection"]
MODELS: dict[str, type[Product | Category | Collection]] = {
    "product": Product,
    "category": Category,
    "collection": Collection,
}
LONGEST = {"product": 160, "category": 120, "collection": 120}


@operation
def change_slug(kind: Kind, public_id: str, slug: str, actor: Actor) -> None:
    """Give the thing another slug; its former one leads to it from now on. The same again writes nothing.

    A slug that something else had formerly may be taken: then it names what has it now. Raises NotFound for no such
    thing, Invalid for a slug that cannot be, Conflict for one that something else of its kind has.
    """
    subject = _get_subject(kind, public_id)
    if subject.slug == slug:
        return
    if not SLUG.fullmatch(slug) or len(slug) > LONGEST[kind]:
        message = f"Make the address of small letters, digits and single hyphens, at most {LONGEST[kind]}."
        raise Invalid(message, [Detail("slug", message)])
    model = MODELS[kind]
    if db.session.scalar(select(model.id).where(model.slug == slug)) is not None:
        message = f"Another {kind} has the address {slug}. Choose another."
        raise Conflict(message, [Detail("slug", message)])
    former = subject.slug
    db.session.execute(delete(FormerSlug).where(FormerSlug.kind == kind, FormerSlug.slug.in_((slug, former))))
    db.session.add(FormerSlug(kind=kind, slug=former, subject_id=subject.id))
    subject.slug = slug
    db.session.flush()
    record_change(actor, f"{kind}.moved", kind, public_id, {"slug": former}, {"slug": slug})
    if kind == "product":
        record_event("product.saved", public_id)


def _get_subject(kind: Kind, public_id: str) -> Any:
    model = MODELS[kind]
    statement = select(model).where(model.public_id == public_id).with_for_update()
    subject = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if subject is None:
        raise NotFound(f"There is no such {kind}.")
    return subject


def find_moved(kind: Kind, slug: str) -> str | None:
    """The present slug of what had this one formerly; None where nothing had it."""
    model = MODELS[kind]
    return db.session.scalar(
        select(model.slug)
        .join(FormerSlug, FormerSlug.subject_id == model.id)
        .where(FormerSlug.kind == kind, FormerSlug.slug == slug)
    )
