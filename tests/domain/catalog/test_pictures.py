"""Uploaded pictures in the tables: waiting, claimed, shown, given up, removed and put back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.db import db, frozen_time, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.drafts import ImageDraft
from shop.domain.catalog.models import Image, Product
from shop.domain.catalog.operations import save_product
from shop.domain.catalog.pictures import (
    ASK_AGAIN,
    BACK_OFF,
    CAN_BE_PUT_BACK,
    LEASE,
    MAX_ATTEMPTS,
    ClaimedPicture,
    add_picture,
    claim_picture,
    forget_removed,
    list_folders_in_use,
    list_unknown_uploads,
    note_picture_failed,
    publish_picture,
    put_back_picture,
    remove_picture,
    removed_for_good,
    retry_picture,
    take_pictures_to_ask,
    unasked_pictures,
)
from shop.domain.events import OutboxEvent
from shop.errors import Conflict, Gone, Invalid, NotFound
from tests.conftest import make_product
from tests.domain.catalog.drafts import saved_product, soap

KEY = "a" * 32


@pytest.fixture
def product(app) -> Product:
    return make_product("Rose Toner")


def upload(product: Product, key: str = KEY, alt_text: str = "") -> int:
    """The id of a new waiting picture."""
    public_id = add_picture(product.public_id, key, SYSTEM, alt_text)
    return db.session.scalar(select(Image.id).filter_by(public_id=public_id))


def claimed(image_id: int) -> ClaimedPicture:
    claim = claim_picture(image_id)
    assert claim is not None
    return claim


def row(image_id: int) -> Image:
    db.session.rollback()
    return db.session.scalars(select(Image).filter_by(id=image_id)).one()


def shown(product: Product, key: str = KEY) -> int:
    """The id of a picture that was made."""
    image_id = upload(product, key)
    assert publish_picture(claimed(image_id), f"pictures/{key}/0123.w640.jpg", 640, 480)
    return image_id


def test_an_upload_waits_at_the_end_of_the_products_pictures_and_is_in_the_audit_log(product) -> None:
    first, second = upload(product, "a" * 32), upload(product, "b" * 32, "A bottle")

    assert [(row(each).position, row(each).upload_status) for each in (first, second)] == [
        (0, "waiting"),
        (1, "waiting"),
    ]
    assert row(second).alt_text == "A bottle"
    assert db.session.scalars(select(AuditEntry.action)).all().count("product.changed") == 2
    assert db.session.scalars(select(OutboxEvent.type)).all() == ["picture.uploaded"] * 2


def test_there_is_no_upload_to_no_product(app) -> None:
    with pytest.raises(NotFound):
        add_picture("prod_none", KEY, SYSTEM)


def test_a_product_has_no_more_pictures_than_it_may(product, monkeypatch) -> None:
    monkeypatch.setattr("shop.domain.catalog.pictures.MAX_IMAGES", 1)
    upload(product)

    with pytest.raises(Invalid, match="at most 1"):
        upload(product, "b" * 32)


def test_workers_are_asked_once_and_again_when_that_was_lost(product) -> None:
    image_id = upload(product)

    assert take_pictures_to_ask(unasked_pictures()) == [image_id]
    assert (unasked_pictures(), take_pictures_to_ask([image_id])) == ([], [])
    with frozen_time(transaction_time() + ASK_AGAIN + timedelta(seconds=1)):
        assert unasked_pictures() == [image_id]


def test_one_worker_has_it_at_a_time_and_a_killed_ones_is_taken_up_again(product) -> None:
    image_id = upload(product)
    first = claimed(image_id)
    assert claim_picture(image_id) is None

    with frozen_time(transaction_time() + LEASE + timedelta(seconds=1)):
        assert unasked_pictures() == [image_id]
        assert claimed(image_id).attempt == first.attempt + 1


def test_a_made_picture_is_shown_once_and_the_product_is_said_to_have_changed(product) -> None:
    image_id = upload(product)
    claim = claimed(image_id)

    assert publish_picture(claim, "pictures/a/0.w640.jpg", 640, 480)
    assert not publish_picture(claim, "pictures/a/1.w640.jpg", 1, 1)

    image = row(image_id)
    assert (image.file_name, image.width, image.height) == ("pictures/a/0.w640.jpg", 640, 480)
    assert (image.upload_key, image.upload_status, image.upload_due_at) == (None, None, None)
    assert "product.saved" in db.session.scalars(select(OutboxEvent.type)).all()


def test_what_broke_off_is_tried_three_times_and_again_when_asked(product) -> None:
    image_id = upload(product)
    now = transaction_time()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with frozen_time(now + BACK_OFF * attempt**2):
            claim = claimed(image_id)
            assert note_picture_failed(claim, "Broke off.") is (attempt == MAX_ATTEMPTS)
    assert (row(image_id).upload_status, row(image_id).upload_error) == ("failed", "Broke off.")

    retry_picture(product.public_id, row(image_id).public_id, SYSTEM)

    assert claimed(image_id).attempt == 1


def test_a_poison_file_that_kills_every_worker_is_given_up(product) -> None:
    image_id = upload(product)
    now = transaction_time()
    for attempt in range(MAX_ATTEMPTS):
        with frozen_time(now + (LEASE + timedelta(seconds=1)) * attempt):
            claimed(image_id)

    with frozen_time(now + LEASE * 5):
        assert claim_picture(image_id) is None

    assert row(image_id).upload_status == "failed"
    assert "could not be made" in row(image_id).upload_error


def test_a_refused_file_is_not_tried_again_and_a_late_answer_changes_nothing(product) -> None:
    image_id = upload(product)
    claim = claimed(image_id)

    assert note_picture_failed(claim, "No picture.", for_good=True)
    assert not note_picture_failed(claim, "Too late.")

    assert (row(image_id).upload_status, row(image_id).upload_error) == ("refused", "No picture.")
    assert unasked_pictures() == []


def test_only_what_failed_is_tried_again(product) -> None:
    image_id = upload(product)

    with pytest.raises(Conflict):
        retry_picture(product.public_id, row(image_id).public_id, SYSTEM)


def test_a_removed_picture_can_be_put_back_as_it_was(product) -> None:
    image_id = shown(product)
    before = row(image_id)
    public_id, was = before.public_id, (before.file_name, before.width, before.position, before.alt_text)

    remove_picture(product.public_id, public_id, SYSTEM)
    assert db.session.scalar(select(Image.id)) is None
    put_back_picture(product.public_id, public_id, SYSTEM)

    after = db.session.scalars(select(Image).filter_by(public_id=public_id)).one()
    assert (after.file_name, after.width, after.position, after.alt_text) == was


def test_a_picture_is_not_put_back_where_there_are_as_many_as_there_may_be(product, monkeypatch) -> None:
    public_id = row(shown(product)).public_id
    remove_picture(product.public_id, public_id, SYSTEM)
    upload(product, "b" * 32)
    monkeypatch.setattr("shop.domain.catalog.pictures.MAX_IMAGES", 1)

    with pytest.raises(Invalid, match="at most 1 pictures"):
        put_back_picture(product.public_id, public_id, SYSTEM)


def test_after_a_while_it_is_gone_for_good_and_its_folder_is_named(product) -> None:
    image_id = shown(product)
    public_id = row(image_id).public_id
    remove_picture(product.public_id, public_id, SYSTEM)
    assert removed_for_good() == {}

    with frozen_time(transaction_time() + CAN_BE_PUT_BACK + timedelta(seconds=1)):
        ((removed_id, folders),) = removed_for_good().items()
        with pytest.raises(Gone):
            put_back_picture(product.public_id, public_id, SYSTEM)

        assert folders == [f"pictures/{KEY}"]
        assert (list_folders_in_use(folders), forget_removed([removed_id])) == (set(), 1)


def test_a_picture_of_another_product_is_not_touched(product) -> None:
    image_id, other = upload(product), make_product("Other")

    for change in (remove_picture, retry_picture):
        with pytest.raises(NotFound):
            change(other.public_id, row(image_id).public_id, SYSTEM)


def test_files_that_another_product_shows_are_in_use(product) -> None:
    shown(product)

    assert list_folders_in_use([f"pictures/{KEY}", "pictures/a"]) == {f"pictures/{KEY}"}


def test_originals_that_nothing_waits_for_are_told(product) -> None:
    upload(product, "a" * 32)
    refused = upload(product, "b" * 32)
    note_picture_failed(claimed(refused), "No picture.", for_good=True)

    assert list_unknown_uploads(["a" * 32, "b" * 32, "c" * 32]) == ["b" * 32, "c" * 32]


def test_saving_a_product_keeps_moves_and_removes_uploads_by_their_ids(app) -> None:
    save_product(soap(), SYSTEM)
    product = saved_product("soap")
    first, second = upload(product, "a" * 32), shown(product, "b" * 32)
    ids = [row(first).public_id, row(second).public_id]

    save_product(soap(images=(ImageDraft(public_id=ids[1], alt_text="Soap"), ImageDraft(public_id=ids[0]))), SYSTEM)
    assert [(image.public_id, image.alt_text) for image in saved_product("soap").images] == [
        (ids[1], "Soap"),
        (ids[0], ""),
    ]
    assert row(first).upload_status == "waiting"

    save_product(soap(images=(ImageDraft(public_id=ids[1]),)), SYSTEM)
    assert [image.public_id for image in saved_product("soap").images] == [ids[1]]
    with pytest.raises(Conflict, match="removed meanwhile"):
        save_product(soap(images=(ImageDraft(public_id=ids[0]),)), SYSTEM)
    put_back_picture(product.public_id, ids[0], SYSTEM)
