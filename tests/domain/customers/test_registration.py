"""Accounts by link: the same answer for known and unknown addresses, and links that are good once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.db import db, frozen_time, transaction_time
from shop.domain.audit.models import AuditEntry
from shop.domain.customers.access_tokens import TokenKeys
from shop.domain.customers.models import AccountLink, User, UserSession
from shop.domain.customers.operations import Credentials, authenticate, open_session
from shop.domain.customers.registration import (
    LETTERS_PER_HOUR,
    OwnEmail,
    Register,
    ResetPassword,
    VerifyEmail,
    addresses_of_accounts,
    ask_for_password_reset,
    forget_old_links,
    link_token,
    register,
    resend_verification,
    reset_password,
    verify_email,
)
from shop.domain.customers.tokens import Refresh, open_family, refresh
from shop.domain.events import OutboxEvent
from shop.errors import Gone, Unauthenticated
from tests.conftest import SHOPPER, make_customer
from tests.races.test_buyers import at_once

SECRETS = (b"a secret of the tests, long enough",)
WISH = {"email": "Lina@Example.com", "password": "correct horse battery", "firstName": "Lina"}


def links():
    db.session.rollback()
    return db.session.scalars(db.select(AccountLink).order_by(AccountLink.id)).all()


def last_token():
    return link_token(links()[-1], SECRETS)


def told():
    return db.session.scalars(db.select(OutboxEvent.type).order_by(OutboxEvent.id)).all()


def verify(token):
    return verify_email(VerifyEmail(token=token), SECRETS)


def reset(token, password="another good password"):
    reset_password(ResetPassword(token=token, password=password), SHOPPER, SECRETS)


def test_an_account_is_there_once_its_letter_was_read(app):
    register(Register(**WISH))
    assert db.session.scalars(db.select(User.id)).all() == [] and told() == ["registration.requested"]
    (link,) = links()
    assert addresses_of_accounts([link.public_id]) == {link.public_id: "lina@example.com"}

    user = verify(last_token())

    assert (user.email, user.first_name, user.is_staff) == ("lina@example.com", "Lina", False)
    assert user.email_verified_at is not None
    credentials = Credentials(email="LINA@example.com", password=WISH["password"])
    assert authenticate(credentials).id == user.id
    assert links()[0].contents == {}  # no second copy of the hash


def test_before_that_nobody_can_sign_in(app):
    register(Register(**WISH))
    with pytest.raises(Unauthenticated):
        authenticate(Credentials(email=WISH["email"], password=WISH["password"]))


def test_a_known_address_gets_another_letter_and_no_other_answer(app):
    make_customer()
    assert register(Register(**WISH)) is None
    assert told() == ["registration.repeated"] and links()[0].contents == {}
    with pytest.raises(Gone):
        verify(last_token())


def test_a_link_is_good_once(app):
    register(Register(**WISH))
    token = last_token()
    verify(token)
    with pytest.raises(Gone):
        verify(token)


def test_of_many_who_open_a_link_at_once_one_makes_the_account(app):
    register(Register(**WISH))
    token = last_token()
    db.session.remove()

    def open_link():
        try:
            return verify(token).id
        except Gone:
            return ""

    assert len([each for each in at_once(app, [open_link] * 8) if each]) == 1
    assert len(db.session.scalars(db.select(User.id)).all()) == 1


def test_of_two_registrations_the_one_whose_letter_was_read_first_stands(app):
    register(Register(**WISH))
    first = last_token()
    register(Register(**{**WISH, "password": "somebody else's wish"}))
    second = last_token()
    verify(first)
    with pytest.raises(Gone, match="Sign in"):
        verify(second)
    assert authenticate(Credentials(email=WISH["email"], password=WISH["password"]))


def test_a_link_ends_after_half_an_hour(app):
    register(Register(**WISH))
    token = last_token()
    with frozen_time(transaction_time() + timedelta(minutes=30, seconds=1)), pytest.raises(Gone):
        verify(token)


def test_a_letter_is_sent_again(app):
    register(Register(**WISH))
    resend_verification(OwnEmail(email="lina@example.com"))
    assert told() == ["registration.requested"] * 2
    assert verify(last_token()).first_name == "Lina"


def test_nothing_is_sent_again_to_whom_nothing_was_sent(app):
    make_customer()
    for email in ("lina@example.com", "nobody@example.com"):
        resend_verification(OwnEmail(email=email))
    assert told() == ["account_link.refused"] * 2


@pytest.mark.parametrize(
    "mangle", [lambda t: t[:-1], lambda t: t + "x", lambda t: t.partition(".")[0], lambda t: "\u00e9"]
)
def test_a_mangled_token_opens_nothing(app, mangle):
    register(Register(**WISH))
    with pytest.raises(Gone):
        verify(mangle(last_token()))
    assert links()[0].used_at is None


def test_a_token_is_of_its_own_purpose_and_secret(app):
    make_customer()
    ask_for_password_reset(OwnEmail(email="lina@example.com"))
    with pytest.raises(Gone):
        verify(last_token())
    with pytest.raises(Gone):
        reset(link_token(links()[-1], (b"another secret",)))


def test_a_new_password_ends_every_session_and_is_told(app):
    customer = make_customer()
    keys = TokenKeys(SECRETS, "http://localhost")
    pair = open_family(customer.user_id, SHOPPER, keys)
    open_session("a session", {}, user_id=customer.user_id, is_staff=False)
    ask_for_password_reset(OwnEmail(email="lina@example.com"))
    token = last_token()

    reset(token)

    assert authenticate(Credentials(email="lina@example.com", password="another good password"))
    with pytest.raises(Unauthenticated):
        authenticate(Credentials(email="lina@example.com", password="correct horse battery"))
    with pytest.raises(Unauthenticated):
        refresh(Refresh(refreshToken=pair.refresh_token), SHOPPER, keys)
    assert db.session.scalars(db.select(UserSession.id)).all() == []
    assert told() == ["password_reset.requested", "password.changed"]
    assert db.session.scalars(db.select(AuditEntry.action)).all() == ["password.reset"]
    with pytest.raises(Gone):
        reset(token)


def test_a_second_link_ends_with_the_password_it_was_made_for(app):
    make_customer()
    ask_for_password_reset(OwnEmail(email="lina@example.com"))
    first = last_token()
    ask_for_password_reset(OwnEmail(email="lina@example.com"))
    reset(last_token())
    with pytest.raises(Gone):
        reset(first)


def test_nobody_is_written_to_who_has_no_account(app):
    ask_for_password_reset(OwnEmail(email="nobody@example.com"))
    assert told() == ["account_link.refused"] and len(links()) == 1


def test_an_address_gets_few_letters_an_hour(app):
    make_customer()
    for _ in range(LETTERS_PER_HOUR + 2):
        ask_for_password_reset(OwnEmail(email="lina@example.com"))
    assert told().count("password_reset.requested") == LETTERS_PER_HOUR
    with frozen_time(transaction_time() + timedelta(hours=2)):
        ask_for_password_reset(OwnEmail(email="lina@example.com"))
    assert told().count("password_reset.requested") == LETTERS_PER_HOUR + 1


def test_links_are_forgotten_after_a_month(app):
    register(Register(**WISH))
    assert forget_old_links() == 0
    with frozen_time(transaction_time() + timedelta(days=31)):
        assert forget_old_links() == 1
