"""Uploaded pictures: they wait, a worker makes them, they are shown; or they are refused in words; or taken away.

Many workers at once are safe: each claim is a conditional UPDATE, and what a killed worker left is taken up again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, func, or_, select, update

from shop.db import changed_rows, db, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.drafts import MAX_IMAGES
from shop.domain.catalog.models import PICTURES_FOLDER, Image, Product, RemovedImage, Variant
from shop.domain.events import record_event
from shop.errors import Conflict, Detail, Gone, Invalid, NotFound

log = structlog.get_logger()

LEASE = timedelta(minutes=3)  # longer than a job that makes a picture may take
ASK_AGAIN = timedelta(minutes=1)  # after which a job that was asked for counts as lost
BACK_OFF = timedelta(seconds=30)
MAX_ATTEMPTS = 3
CAN_BE_PUT_BACK = timedelta(minutes=10)  # longer than a page that shows it is kept anywhere
KEPT = ("variant_id", "file_name", "source_url", "alt_text", "position", "width", "height", "upload_key",
        "upload_status", "upload_error", "upload_attempts")  # fmt: skip


@dataclass(frozen=True)
class ClaimedPicture:
    """An upload that is the caller's to make into a picture; `attempt` names this claim of it."""

    id: int
    public_id: str
    upload_key: str
    attempt: int

    @property
    def folder(self) -> str:
        """Where in the store its files go: the same at every attempt, so that a repetition leaves nothing behind."""
        return folder_of(self.upload_key)


def folder_of(upload_key: str) -> str:
    """The folder of the store for the files made of an upload."""
    return f"{PICTURES_FOLDER}{upload_key}"


# -- uploading --------------------------------------------------------------------------------------------------------


@operation
def add_picture(product_id: str, upload_key: str, actor: Actor, alt_text: str = "") -> str:
    """Give the product (by public id) a picture that waits to be made of an upload; returns the picture's public id.

    Raises NotFound for no such product, Invalid when it has as many pictures as it may.
    """
    product = _locked_product(product_id)
    _refuse_when_full(product)
    last = db.session.scalar(select(func.max(Image.position)).where(Image.product_id == product.id))
    image = Image(
        product_id=product.id,
        upload_key=upload_key,
        upload_status="waiting",
        upload_due_at=transaction_time(),
        alt_text=alt_text[:500],
        position=0 if last is None else last + 1,
    )
    db.session.add(image)
    db.session.flush()
    record_event("picture.uploaded", image.public_id)
    record_change(actor, "product.changed", "product", product_id, {}, {f"images[{image.public_id}]": "uploaded"})
    return image.public_id


def _refuse_when_full(product: Product) -> None:
    count = db.session.scalar(select(func.count()).select_from(Image).where(Image.product_id == product.id)) or 0
    if count >= MAX_IMAGES:
        message = f"A product has at most {MAX_IMAGES} pictures. Remove one first."
        raise Invalid(message, [Detail("pictures", message)])


def _locked_product(public_id: str) -> Product:
    product = db.session.scalars(select(Product).filter_by(public_id=public_id).with_for_update()).one_or_none()
    if product is None:
        raise NotFound("There is no such product.")
    return product


def _image_of(product: Product, public_id: str) -> Image:
    image = db.session.scalars(select(Image).filter_by(product_id=product.id, public_id=public_id)).one_or_none()
    if image is None:
        raise NotFound("This product has no such picture. It may have been removed.")
    return image


@operation
def retry_picture(product_id: str, image_id: str, actor: Actor) -> None:
    """Have an upload that failed tried again. Raises NotFound; Conflict when it did not fail."""
    image = _image_of(_locked_product(product_id), image_id)
    if image.upload_status not in {"failed", "refused"}:
        raise Conflict("This picture did not fail.")
    image.upload_status, image.upload_error, image.upload_attempts = "waiting", "", 0
    image.upload_due_at, image.upload_asked_at = transaction_time(), None
    record_event("picture.uploaded", image.public_id)
    record_change(actor, "product.changed", "product", product_id, {}, {f"images[{image_id}]": "tried again"})


# -- asking workers ---------------------------------------------------------------------------------------------------


def _is_unasked(now: datetime) -> ColumnElement[bool]:
    is_due = (Image.upload_status == "waiting") & (Image.upload_due_at <= now)
    return is_due & or_(Image.upload_asked_at.is_(None), Image.upload_asked_at < now - ASK_AGAIN)


def unasked_pictures(limit: int = 100) -> list[int]:
    """Ids of uploads that are due and that no worker was asked for lately, the longest due first."""
    waiting = select(Image.id).where(_is_unasked(transaction_time())).order_by(Image.upload_due_at, Image.id)
    return list(db.session.scalars(waiting.limit(limit)))


@operation
def take_pictures_to_ask(image_ids: Sequence[int]) -> list[int]:
    """Note that workers are asked for these now; returns those that nobody else has asked for meanwhile."""
    now = transaction_time()
    taken = db.session.scalars(
        update(Image)
        .where(Image.id.in_(image_ids), _is_unasked(now))
        .values(upload_asked_at=now)
        .returning(Image.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(taken)


@operation
def forget_asking_for_pictures(image_ids: Sequence[int]) -> None:
    """Undo `take_pictures_to_ask` where no worker could be asked."""
    db.session.execute(
        update(Image)
        .where(Image.id.in_(image_ids), Image.upload_status == "waiting")
        .values(upload_asked_at=None)
        .execution_options(synchronize_session=False)
    )


# -- making -----------------------------------------------------------------------------------------------------------


@operation
def claim_picture(image_id: int) -> ClaimedPicture | None:
    """Lease an upload that is due to the caller; None when it is not due, made, removed, or was tried too often."""
    now = transaction_time()
    row = db.session.scalars(
        update(Image)
        .where(Image.id == image_id, Image.upload_status == "waiting", Image.upload_due_at <= now)
        .values(upload_due_at=now + LEASE, upload_attempts=Image.upload_attempts + 1)
        .returning(Image)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    assert row.upload_key is not None
    if row.upload_attempts > MAX_ATTEMPTS:  # whoever had it last was killed before it could say so
        _give_up(row, "failed", "The picture could not be made: whatever opened it was ended by the system.")
        return None
    return ClaimedPicture(row.id, row.public_id, row.upload_key, row.upload_attempts)


@operation
def publish_picture(claim: ClaimedPicture, file_name: str, width: int, height: int) -> bool:
    """Show the picture: its files are in the store. False when it was removed or made by another meanwhile."""
    shown = db.session.execute(
        update(Image)
        .where(Image.id == claim.id, Image.upload_key == claim.upload_key)
        .values(
            file_name=file_name,
            width=width,
            height=height,
            upload_key=None,
            upload_status=None,
            upload_error="",
            upload_due_at=None,
            upload_asked_at=None,
        )
        .execution_options(synchronize_session=False)
    )
    if not changed_rows(shown):
        return False
    product = db.session.scalars(
        select(Product).join(Image, Image.product_id == Product.id).filter(Image.id == claim.id)
    ).one()
    record_event("product.saved", product.public_id)
    return True


@operation
def note_picture_failed(claim: ClaimedPicture, reason: str, *, for_good: bool = False) -> bool:
    """Put the upload back with a delay, or give it up after 3 attempts or `for_good`; returns whether it was given up.

    Nothing happens when somebody else has it by now.
    """
    row = db.session.scalars(
        select(Image)
        .where(Image.id == claim.id, Image.upload_key == claim.upload_key, Image.upload_attempts == claim.attempt)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or row.upload_status != "waiting":
        return False
    if for_good or row.upload_attempts >= MAX_ATTEMPTS:
        _give_up(row, "refused" if for_good else "failed", reason)
        return True
    row.upload_due_at, row.upload_asked_at = transaction_time() + BACK_OFF * row.upload_attempts, None
    return False


def _give_up(row: Image, status: str, reason: str) -> None:
    row.upload_status, row.upload_error, row.upload_due_at, row.upload_asked_at = status, reason[:500], None, None
    log.warning("picture_given_up", picture=row.public_id, status=status, reason=reason)


# -- taking away ------------------------------------------------------------------------------------------------------


@operation
def remove_picture(product_id: str, image_id: str, actor: Actor) -> None:
    """Take a picture from its product; for ten minutes it can be put back. Raises NotFound."""
    product = _locked_product(product_id)
    image = _image_of(product, image_id)
    record_change(actor, "product.changed", "product", product_id, {f"images[{image_id}]": image.file_name or "upload"},
                  {f"images[{image_id}]": "removed"})  # fmt: skip
    set_aside(image)
    record_event("product.saved", product_id)


def set_aside(image: Image) -> None:
    """Delete the row of a picture and note what to remove of its files once it will not be put back any more."""
    names = [folder_of(image.upload_key)] if image.upload_key else []
    if image.file_name and image.file_name.startswith(PICTURES_FOLDER):  # others came with the shop, or are shared
        names.append(image.file_name.rpartition("/")[0])
    db.session.add(
        RemovedImage(
            public_id=image.public_id,
            product_id=image.product_id,
            columns={name: getattr(image, name) for name in KEPT},
            folders=names,
        )
    )
    db.session.delete(image)


@operation
def put_back_picture(product_id: str, image_id: str, actor: Actor) -> None:
    """Undo a removal.

    Raises Gone when it is too long ago, NotFound for no such product, Invalid when it has as many pictures as it may.
    """
    product = _locked_product(product_id)
    removed = db.session.scalars(
        select(RemovedImage)
        .where(RemovedImage.public_id == image_id, RemovedImage.product_id == product.id)
        .where(RemovedImage.removed_at >= transaction_time() - CAN_BE_PUT_BACK)  # later its files are being removed
        .with_for_update()
    ).one_or_none()
    if removed is None:
        raise Gone("This picture was removed too long ago to be put back. Upload it again.")
    _refuse_when_full(product)
    columns: dict[str, Any] = dict(removed.columns)
    if columns["variant_id"] is not None and db.session.get(Variant, columns["variant_id"]) is None:
        columns["variant_id"] = None
    is_waiting = columns["upload_status"] == "waiting"
    image = Image(product_id=product.id, public_id=image_id, **columns)
    image.upload_due_at = transaction_time() if is_waiting else None
    db.session.add(image)
    db.session.delete(removed)
    record_event("picture.uploaded" if is_waiting else "product.saved", image_id if is_waiting else product_id)
    record_change(actor, "product.changed", "product", product_id, {}, {f"images[{image_id}]": "put back"})


def removed_for_good(limit: int = 100) -> dict[int, list[str]]:
    """Removed pictures that cannot be put back any more: row id -> folders of the store with their files."""
    before = transaction_time() - CAN_BE_PUT_BACK
    rows = select(RemovedImage.id, RemovedImage.folders).where(RemovedImage.removed_at < before)
    return {row_id: folders for row_id, folders in db.session.execute(rows.order_by(RemovedImage.id).limit(limit))}


def list_folders_in_use(folders: Collection[str]) -> set[str]:
    """Those of the folders whose files a picture of some product shows, or may show again when it is put back.

    A product's copy has the same files.
    """
    if not folders:
        return set()
    shown = or_(*(Image.file_name.startswith(f"{folder}/", autoescape=True) for folder in folders))
    in_use = {name.rpartition("/")[0] for name in db.session.scalars(select(Image.file_name).where(shown)) if name}
    can_return = select(RemovedImage.folders).where(RemovedImage.removed_at >= transaction_time() - CAN_BE_PUT_BACK)
    return in_use | {name for names in db.session.scalars(can_return) for name in names if name in folders}


@operation
def forget_removed(row_ids: Collection[int]) -> int:
    """Forget removed pictures whose files are gone; returns how many."""
    rows = db.session.scalars(select(RemovedImage).where(RemovedImage.id.in_(row_ids)).with_for_update()).all()
    for row in rows:
        db.session.delete(row)
    return len(rows)


def list_unknown_uploads(keys: Sequence[str]) -> list[str]:
    """Those of the originals in quarantine that no picture waits for."""
    needed = select(Image.upload_key).where(Image.upload_key.in_(keys), Image.upload_status.in_(("waiting", "failed")))
    known = set(db.session.scalars(needed))
    return [key for key in keys if key not in known]
