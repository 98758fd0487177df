"""Accounts, passwords and session rows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.db import db, frozen_time, operation, transaction_time
from shop.domain.customers.models import User, UserSession
from shop.domain.customers.operations import (
    Credentials,
    authenticate,
    change_session,
    clear_ended_sessions,
    create_user,
    end_session,
    find_session,
    find_user,
    hash_of,
    new_session_token,
    open_session,
    prolong_session,
    save_staff_role,
)
from shop.errors import Conflict, Unauthenticated

PASSWORD = "correct horse battery"


def sign_in(email, password=PASSWORD):
    return authenticate(Credentials(email=email, password=password))


def test_the_right_pair_signs_in_whatever_the_case_of_the_address(app):
    user = create_user(email="Lina@Example.com", password=PASSWORD)
    assert sign_in("LINA@example.com").id == user.id
    assert user.password_hash.startswith("$argon2id$") and PASSWORD not in user.password_hash


def test_any_wrong_pair_is_refused_in_the_same_words(app):
    create_user(email="lina@example.com", password=PASSWORD)
    messages = set()
    for email, password in [("lina@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("no address", "x")]:
        with pytest.raises(Unauthenticated) as caught:
            sign_in(email, password)
        messages.add(caught.value.message)
    assert len(messages) == 1


def test_an_address_has_one_account(app):
    create_user(email="lina@example.com", password=PASSWORD)
    with pytest.raises(Conflict):
        create_user(email="LINA@example.com", password=PASSWORD)


def test_a_role_s_permissions_are_read_anew(app):
    save_staff_role("Packing", ["orders:read"])
    user_id = create_user(email="p@example.com", password=PASSWORD, staff_role="Packing").id
    assert find_user(user_id).permissions == {"orders:read"}
    save_staff_role("Packing", ["orders:read", "orders:write"])
    db.session.rollback()
    assert find_user(user_id).permissions == {"orders:read", "orders:write"}


def test_a_disabled_account_is_nobody_at_once(app):
    user_id = create_user(email="p@example.com", password=PASSWORD).id

    @operation
    def disable():
        db.session.get_one(User, user_id).is_active = False

    disable()
    assert find_user(user_id) is None
    with pytest.raises(Unauthenticated):
        sign_in("p@example.com")


def test_a_session_is_stored_by_its_hash_and_ends(app):
    token = new_session_token()
    open_session(token, {"a": 1}, user_id=None, is_staff=False)
    assert db.session.scalars(db.select(UserSession.token_hash)).one() == hash_of(token) != token

    change_session(token, {"a": 2})
    assert find_session(token).contents == {"a": 2}
    assert find_session(token + "x") is None
    end_session(token)
    end_session(token)
    db.session.rollback()
    assert find_session(token) is None
    with pytest.raises(Conflict):
        change_session(token, {})


def test_a_session_that_ended_meanwhile_is_not_prolonged(app):
    prolong_session(4711, is_staff=False)
    assert db.session.scalars(db.select(UserSession)).all() == []


def test_idle_sessions_end_sooner_for_staff(app):
    staff, customer = new_session_token(), new_session_token()
    open_session(staff, {}, user_id=None, is_staff=True)
    open_session(customer, {}, user_id=None, is_staff=False)
    with frozen_time(transaction_time() + timedelta(hours=1)):
        assert find_session(staff) is None
        assert find_session(customer) is not None
        assert clear_ended_sessions() == 1
