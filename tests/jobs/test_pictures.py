"""From an upload to files that are served: by relay and worker, once, and without leaving anything behind."""

from __future__ import annotations

import io
import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from flask import Flask
from PIL import Image as Pillow
from sqlalchemy import select

from shop.db import db, frozen_time, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.catalog.models import Image, Product
from shop.domain.catalog.pictures import (
    CAN_BE_PUT_BACK,
    MAX_ATTEMPTS,
    add_picture,
    publish_picture,
    put_back_picture,
    remove_picture,
)
from shop.domain.catalog.renditions import renditions_of
from shop.gateways import images
from shop.gateways.storage import DiskStorage, TooLarge
from shop.jobs import pictures
from shop.jobs.pictures import make_picture, remove_old_pictures, remove_stray_uploads
from shop.jobs.worker import run_worker
from tests.conftest import make_product, placed_order, variants_of

KEY = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A worker in the test's process takes TERM and INT over; they are given back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def store(app: Flask, tmp_path, monkeypatch: pytest.MonkeyPatch) -> DiskStorage:
    monkeypatch.setitem(app.extensions, "shop_storage", DiskStorage(tmp_path))
    return app.extensions["shop_storage"]


@pytest.fixture
def product(app: Flask) -> Product:
    return make_product("Rose Toner", variants=["100 ml"])


def photo() -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (400, 500), "tomato").save(buffer, "JPEG")
    return buffer.getvalue()


def upload(store: DiskStorage, product: Product, data: bytes, key: str = KEY) -> int:
    store.quarantine.receive(key, io.BytesIO(data), 10**6)
    public_id = add_picture(product.public_id, key, SYSTEM)
    return db.session.scalar(select(Image.id).filter_by(public_id=public_id))


def row(image_id: int) -> Image:
    db.session.rollback()
    return db.session.scalars(select(Image).filter_by(id=image_id)).one()


def files(store: DiskStorage) -> set[str]:
    return {str(file.relative_to(store.folder)) for file in store.folder.rglob("*") if file.is_file()}


@pytest.mark.redis
def test_an_upload_is_made_by_nudge_relay_and_worker_and_served(
    app: Flask, client, store: DiskStorage, product: Product, queue_server: redis.Redis
) -> None:
    image_id = upload(store, product, photo())
    assert queue_server.llen("rq:queue:default") == 1

    db.session.rollback()  # a fork must not have the connection of an open read
    run_worker(app, burst=True)

    image = row(image_id)
    assert (image.width, image.height, image.upload_status) == (400, 500, None)
    promised = {image.file_name, *(each.file_name for each in renditions_of(image.file_name))}
    assert len(promised) == 4
    assert files(store) == promised  # the original is gone
    assert client.get(f"/media/{image.file_name}").mimetype == "image/jpeg"


def test_an_original_is_kept_where_nothing_serves_it_and_no_larger_than_it_may_be(client, store: DiskStorage) -> None:
    store.quarantine.receive(KEY, io.BytesIO(b"<script>"), 8)

    kept = store.folder / ".quarantine" / KEY
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    for path in (f".quarantine/{KEY}", f"./.quarantine/{KEY}", f"x/../.quarantine/{KEY}", KEY):
        assert client.get(f"/media/{path}").status_code in {301, 308, 404}
    with pytest.raises(TooLarge):
        store.quarantine.receive("other", io.BytesIO(b"x" * 9), 8)
    assert files(store) == {f".quarantine/{KEY}"}


def test_the_same_upload_made_twice_leaves_the_same_files(
    app: Flask, store: DiskStorage, product: Product, monkeypatch
) -> None:
    image_id = upload(store, product, photo())
    with monkeypatch.context() as broken:  # the worker is ended between the files and the row
        broken.setattr(pictures, "publish_picture", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            make_picture(image_id)
    left = files(store)

    with frozen_time(transaction_time() + timedelta(hours=1)):
        make_picture(image_id)

    assert files(store) == left - {f".quarantine/{KEY}"}
    make_picture(image_id)  # late: nothing


def test_what_is_no_picture_is_refused_in_words_and_its_original_removed(store: DiskStorage, product: Product) -> None:
    for data in (b"\xff\xd8\xff<script>", b"", b"<svg/>"):
        image_id = upload(store, product, data, key=f"{len(data):032}")
        make_picture(image_id)
        assert row(image_id).upload_status == "refused"
        assert "Upload a JPEG" in row(image_id).upload_error or "anew" in row(image_id).upload_error

    assert files(store) == set()


def test_what_broke_off_keeps_its_original_for_another_try(store: DiskStorage, product: Product, monkeypatch) -> None:
    monkeypatch.setattr(images, "PATIENCE", 0.01)
    image_id = upload(store, product, photo())
    for attempt in range(MAX_ATTEMPTS):
        with frozen_time(transaction_time() + timedelta(hours=attempt)):
            make_picture(image_id)

    assert row(image_id).upload_status == "failed"
    assert files(store) == {f".quarantine/{KEY}"}


def test_an_original_that_is_gone_is_said_to_be(store: DiskStorage, product: Product) -> None:
    image_id = upload(store, product, photo())
    store.quarantine.remove(KEY)

    make_picture(image_id)

    assert "gone" in row(image_id).upload_error


def test_a_removed_pictures_files_go_after_a_while_unless_an_order_or_another_product_shows_them(
    store: DiskStorage, terms, product: Product
) -> None:
    made = [upload(store, product, photo(), key=f"{number:032}") for number in range(3)]
    for image_id in made:
        make_picture(image_id)
    copied = row(made[1])
    other = make_product("Copy")
    copy = upload(store, other, photo(), key="9" * 32)
    make_picture(copy)
    _share(copy, copied.file_name)
    placed_order(terms, (variants_of(product)[0], 1))  # it shows the first
    ids = [row(image_id).public_id for image_id in made]
    for public_id in ids:
        remove_picture(product.public_id, public_id, SYSTEM)
    assert remove_old_pictures() == 0

    with frozen_time(transaction_time() + CAN_BE_PUT_BACK + timedelta(seconds=1)):
        assert remove_old_pictures() == 3

    folders = {name.split("/")[1] for name in files(store)}
    assert folders == {f"{0:032}", f"{1:032}", "9" * 32}


def test_the_files_of_a_copys_picture_stay_while_it_can_be_put_back(store: DiskStorage, product: Product) -> None:
    first, copy = upload(store, product, photo()), upload(store, other := make_product("Copy"), photo(), key="9" * 32)
    make_picture(first)
    make_picture(copy)
    _share(copy, row(first).file_name)
    copy_id, shared = row(copy).public_id, row(first).file_name
    remove_picture(product.public_id, row(first).public_id, SYSTEM)

    with frozen_time(transaction_time() + CAN_BE_PUT_BACK + timedelta(seconds=1)):
        remove_picture(other.public_id, copy_id, SYSTEM)
        assert remove_old_pictures() == 1
        assert shared in files(store)
        put_back_picture(other.public_id, copy_id, SYSTEM)
        assert shared in files(store)


def _share(image_id: int, file_name: str | None) -> None:
    from shop.db import operation

    @operation
    def change() -> None:
        db.session.get(Image, image_id).file_name = file_name

    change()


def test_stray_originals_are_removed_after_a_day(store: DiskStorage, product: Product, monkeypatch) -> None:
    upload(store, product, photo())
    store.quarantine.receive("stray", io.BytesIO(b"x"), 8)
    assert remove_stray_uploads() == 0

    monkeypatch.setattr(pictures, "UNCLAIMED_FOR", -1)

    assert remove_stray_uploads() == 1
    assert files(store) == {f".quarantine/{KEY}"}


def test_a_picture_removed_while_it_is_made_is_not_shown(store: DiskStorage, product: Product, monkeypatch) -> None:
    image_id = upload(store, product, photo())
    public_id = row(image_id).public_id

    def remove_first(*arguments):
        remove_picture(product.public_id, public_id, SYSTEM)
        return publish_picture(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(pictures, "publish_picture", remove_first)
        make_picture(image_id)
    put_back_picture(product.public_id, public_id, SYSTEM)
    assert db.session.scalars(select(Image.upload_status)).one() == "waiting"

    with frozen_time(transaction_time() + timedelta(hours=1)):
        make_picture(db.session.scalar(select(Image.id)))

    assert db.session.scalars(select(Image.upload_error)).one() == ""  # made after all
