"""Keys of programs: shown once, never able to do more than their owner, ended at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.db import db, frozen_time, transaction_time
from shop.domain.actors import Actor
from shop.domain.api_keys.models import ApiKey
from shop.domain.api_keys.operations import (
    NewApiKey,
    create_api_key,
    find_api_key,
    is_due_for_touch,
    list_api_keys,
    note_use,
    permissions_of,
    revoke_api_key,
)
from shop.domain.audit.models import AuditEntry
from shop.domain.customers.models import User
from shop.domain.customers.operations import save_staff_role
from shop.errors import Conflict, Forbidden, NotFound, Unauthenticated
from tests.conftest import make_customer, make_staff


def make_key(actor, *scopes, **more):
    return create_api_key(NewApiKey(name="Stock sync", scopes=list(scopes), **more), actor, is_live=True)


def test_a_key_is_shown_once_and_kept_as_a_hash(app):
    made = make_key(make_staff(), "products:read")
    assert made.secret.startswith("sk_live_") and "." in made.secret
    stored = db.session.get_one(ApiKey, made.key.id)
    assert made.secret.partition(".")[2] not in str(vars(stored)) and len(stored.secret_hash) == 64
    assert find_api_key(made.secret).id == made.key.id
    assert made.secret not in repr(made)


def test_a_key_for_trying_is_known_by_its_name(app):
    made = create_api_key(NewApiKey(name="Try", scopes=["all"]), make_staff(), is_live=False)
    assert made.secret.startswith("sk_test_")


def test_nobody_gives_more_than_they_have(app):
    packer = make_staff("orders:read")
    with pytest.raises(Forbidden, match="products:write"):
        make_key(packer, "orders:read", "products:write")
    with pytest.raises(Forbidden):
        make_key(packer, "all")
    assert list_api_keys() == []
    assert permissions_of(make_key(packer, "orders:read").key) == {"orders:read"}


def test_a_key_may_do_what_its_owner_may_at_that_moment(app):
    owner = make_staff("orders:read", "catalog:read", "catalog:write")
    key = make_key(owner, "orders:read", "products:write").key
    assert permissions_of(key) == {"orders:read", "catalog:read", "catalog:write"}
    save_staff_role("Test role", ["catalog:read"])
    db.session.expire_all()
    assert permissions_of(db.session.get_one(ApiKey, key.id)) == {"catalog:read"}


def test_a_key_of_all_is_as_far_as_its_owner(app):
    key = make_key(make_staff(), "all").key
    assert permissions_of(key) == {"all"}
    save_staff_role("Test role", ["orders:read"])
    db.session.expire_all()
    assert permissions_of(db.session.get_one(ApiKey, key.id)) == {"orders:read"}


@pytest.mark.parametrize(
    "mangle",
    [
        lambda key: key[:-1],
        lambda key: key + "x",
        lambda key: key.partition(".")[0],
        lambda key: key.partition(".")[0] + ".",
        lambda key: "sk_live_000000000000." + key.partition(".")[2],
        lambda key: key.upper(),
        lambda key: "",
    ],
)
def test_a_guessed_key_is_refused(app, mangle):
    made = make_key(make_staff(), "all")
    with pytest.raises(Unauthenticated):
        find_api_key(mangle(made.secret))


def test_a_revoked_key_is_refused_at_once_and_for_good(app):
    staff = make_staff()
    made = make_key(staff, "all")
    revoke_api_key(made.key.public_id, staff)
    with pytest.raises(Unauthenticated):
        find_api_key(made.secret)
    with pytest.raises(Conflict):
        revoke_api_key(made.key.public_id, staff)
    with pytest.raises(NotFound):
        revoke_api_key("key_x", staff)
    actions = db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["api_key.created", "api_key.revoked"]


def test_a_key_ends_with_its_time(app):
    made = make_key(make_staff(), "all", days=1)
    assert find_api_key(made.secret)
    with frozen_time(transaction_time() + timedelta(days=1)), pytest.raises(Unauthenticated):
        find_api_key(made.secret)


@pytest.mark.parametrize("change", [{"is_active": False}, {"staff_role_id": None}])
def test_a_key_ends_with_its_owner(app, change):
    staff = make_staff()
    made = make_key(staff, "all")
    owner = db.session.get_one(User, staff.user_id)
    for name, value in change.items():
        setattr(owner, name, value)
    db.session.commit()
    db.session.expire_all()
    with pytest.raises(Unauthenticated):
        find_api_key(made.secret)


def test_an_unknown_scope_is_named(app):
    with pytest.raises(ValueError, match="no scope orders:red"):
        NewApiKey(name="x", scopes=["orders:red"])


def test_customers_make_no_keys(app):
    with pytest.raises(Forbidden):
        make_key(Actor("customer", make_customer().user_id), "products:read")


def test_its_last_use_is_noted_once_a_minute(app):
    key = make_key(make_staff(), "all").key
    assert is_due_for_touch(key)
    note_use(key.id)
    first = db.session.get_one(ApiKey, key.id, populate_existing=True).last_used_at
    note_use(key.id)
    again = db.session.get_one(ApiKey, key.id, populate_existing=True)
    assert again.last_used_at == first and not is_due_for_touch(again)
