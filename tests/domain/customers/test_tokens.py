"""Access tokens as RFC 9068 names them, refresh tokens good once, and families that end."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta

import jwt
import pytest

from shop.db import db, frozen_time, transaction_time
from shop.domain.audit.models import AuditEntry
from shop.domain.customers.access_tokens import TokenKeys, issue_access_token, read_access_token
from shop.domain.customers.models import RefreshFamily, RefreshToken, User
from shop.domain.customers.tokens import (
    Refresh,
    SignIn,
    end_families_of,
    forget_old_families,
    log_out,
    open_family,
    refresh,
    sign_in_with_tokens,
    user_of_token,
)
from shop.domain.events import OutboxEvent
from shop.errors import Unauthenticated
from tests.conftest import SHOPPER, make_customer, make_staff
from tests.races.test_buyers import at_once

KEYS = TokenKeys((b"a secret of the tests, long enough",), "http://localhost")
KID, KEY = next(iter(KEYS.by_id.items()))


@pytest.fixture
def pair(app):
    return open_family(make_customer().user_id, SHOPPER, KEYS)


def again(token):
    return refresh(Refresh(refreshToken=token), SHOPPER, KEYS)


def claims_of(pair):
    return jwt.decode(pair.access_token, options={"verify_signature": False})


def signed(claims, key=KEY, algorithm="HS256", **headers):
    return jwt.encode(claims, key, algorithm, headers={"typ": "at+jwt", "kid": KID, **headers})


def test_a_token_names_its_user_its_sign_in_and_its_time(pair):
    header, claims = jwt.get_unverified_header(pair.access_token), claims_of(pair)
    assert header == {"typ": "at+jwt", "alg": "HS256", "kid": KID}
    assert claims["sub"] == pair.user.public_id and claims["email"] == "lina@example.com"
    assert claims["role"] == "customer" and claims["exp"] - claims["iat"] == 900 == pair.expires_in
    assert user_of_token(pair.access_token, KEYS).id == pair.user.id


def test_a_role_is_told_for_show(app):
    staff = db.session.get_one(User, make_staff("orders:read").user_id)
    assert jwt.decode(issue_access_token(staff, "sid_x", KEYS), options={"verify_signature": False})["role"] == "staff"
    owner = db.session.get_one(User, make_staff("all", email="owner@example.com").user_id)
    assert jwt.decode(issue_access_token(owner, "sid_x", KEYS), options={"verify_signature": False})["role"] == "admin"


def raw(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def hmac_of(key, text):
    return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).decode().rstrip("=")


def bad_tokens(claims, good):
    head, body, signature = good.split(".")
    now = claims["iat"]
    others = TokenKeys((b"another secret, long enough for it",), "http://localhost")
    yield "alg none", f"{raw({'typ': 'at+jwt', 'alg': 'none', 'kid': KID})}.{body}."
    yield "alg None", f"{raw({'typ': 'at+jwt', 'alg': 'None', 'kid': KID})}.{body}."
    yield "no signature", f"{head}.{body}."
    yield "no alg", f"{raw({'typ': 'at+jwt', 'kid': KID})}.{body}.{signature}"
    for algorithm in ("HS384", "HS512"):
        yield algorithm, signed(claims, KEY * 2, algorithm)
    for algorithm in ("RS256", "ES256", "EdDSA", "hs256", "HS256 "):
        yield f"says {algorithm}", f"{raw({'typ': 'at+jwt', 'alg': algorithm, 'kid': KID})}.{body}.{signature}"
    for kid in ("../../dev/null", "' OR 1=1 --", "", None, 1, [KID], KID + "0", "\x00"):
        yield f"kid {kid!r}", f"{raw({'typ': 'at+jwt', 'alg': 'HS256', 'kid': kid})}.{body}.{signature}"
    yield "no kid", f"{raw({'typ': 'at+jwt', 'alg': 'HS256'})}.{body}.{signature}"
    yield "jwk", signed(claims, b"attacker" * 4, jwk={"kty": "oct", "k": "YXR0YWNrZXI"})
    yield "jku", signed(claims, b"attacker" * 4, jku="https://evil.example.com/keys")
    yield "x5u", signed(claims, b"attacker" * 4, x5u="https://evil.example.com/cert")
    yield "crit", signed(claims, crit=["exp"])
    yield "another key", signed(claims, next(iter(others.by_id.values())))
    yield "an empty key", f"{head}.{body}.{hmac_of(b'', f'{head}.{body}')}"
    for kind in ("JWT", "at+JWT ", "refresh+jwt", "", None):
        yield f"typ {kind!r}", signed(claims, typ=kind)
    for name in ("iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"):
        yield f"without {name}", signed({key: value for key, value in claims.items() if key != name})
    changes = {
        "iss": ["https://evil.example.com", "", 1],
        "aud": ["https://evil.example.com/api/v1", "", []],
        "exp": [now, now - 1, str(now + 900), None, 1e400, True],
        "nbf": [now + 60, str(now), None],
        "iat": ["now", None],
        "sub": ["cust_somebodyelse", "", None, 1, ["x"], "' OR 1=1 --"],
        "sid": ["sid_somethingelse", "", None, 1],
    }
    for name, values in changes.items():
        for value in values:
            try:
                yield f"{name} {value!r}", signed({**claims, name: value})
            except (TypeError, ValueError):
                part = raw({**claims, name: value})
                yield f"{name} {value!r}", f"{head}.{part}.{signature}"
    yield "a changed body", f"{head}.{raw({**claims, 'sub': 'cust_x'})}.{signature}"
    yield "a cut signature", good[:-2]
    yield "two parts", f"{head}.{body}"
    yield "four parts", f"{good}.x"
    yield "a space", f"{head}. {body}.{signature}"
    yield "nothing", ""
    yield "rubbish", "rubbish"
    yield "not ASCII", "\u00e9.\u00e9.\u00e9"


def test_every_mangled_token_is_refused(pair):
    bad = list(bad_tokens(claims_of(pair), pair.access_token))
    assert len(bad) >= 60
    for what, token in bad:
        with pytest.raises(Unauthenticated):
            raise AssertionError(f"{what} was taken: {user_of_token(token, KEYS)}")


def test_a_token_ends_after_a_quarter_of_an_hour(pair):
    now = transaction_time()
    with frozen_time(now + timedelta(minutes=14)):
        assert user_of_token(pair.access_token, KEYS)
    with frozen_time(now + timedelta(minutes=15, seconds=1)), pytest.raises(Unauthenticated):
        user_of_token(pair.access_token, KEYS)


def test_a_refresh_token_is_no_access_token(pair):
    with pytest.raises(Unauthenticated):
        read_access_token(pair.refresh_token, KEYS)


def test_tokens_outlive_a_change_of_the_secret_as_long_as_it_is_kept(pair):
    renewed = TokenKeys((b"a new secret of the tests, as long", *KEYS.secrets), KEYS.issuer)
    assert user_of_token(pair.access_token, renewed).id == pair.user.id
    fresh = refresh(Refresh(refreshToken=pair.refresh_token), SHOPPER, renewed)
    assert jwt.get_unverified_header(fresh.access_token)["kid"] != KID
    with pytest.raises(Unauthenticated):
        user_of_token(pair.access_token, TokenKeys(renewed.secrets[:1], KEYS.issuer))


def test_a_refresh_token_is_traded_for_the_next_pair(pair):
    second = again(pair.refresh_token)
    third = again(second.refresh_token)
    assert len({pair.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert {claims_of(each)["sid"] for each in (pair, second, third)} == {claims_of(pair)["sid"]}
    stored = db.session.scalars(db.select(RefreshToken.token_hash)).all()
    assert len(stored) == 3 and third.refresh_token not in stored


def test_a_spent_token_ends_its_family_is_written_down_and_told(pair):
    other = open_family(pair.user.id, SHOPPER, KEYS)
    second = again(pair.refresh_token)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            again(pair.refresh_token)
    with pytest.raises(Unauthenticated):
        again(second.refresh_token)
    for token in (pair.access_token, second.access_token):
        with pytest.raises(Unauthenticated):
            user_of_token(token, KEYS)
    assert user_of_token(other.access_token, KEYS)  # another sign-in of theirs
    assert db.session.scalars(db.select(AuditEntry.action)).all() == ["refresh_token.reused"]
    assert db.session.scalars(db.select(OutboxEvent.type)).all() == ["refresh_token.reused"]


def test_of_many_refreshes_at_once_one_wins_and_the_family_ends(app, pair):
    db.session.remove()

    def trade():
        try:
            return again(pair.refresh_token).refresh_token
        except Unauthenticated:
            return ""

    won = [token for token in at_once(app, [trade] * 50) if token]

    assert len(won) == 1
    with pytest.raises(Unauthenticated):
        again(won[0])
    assert db.session.scalars(db.select(RefreshFamily.end_reason)).all() == ["reuse"]


def test_logging_out_ends_all_of_the_sign_in_at_once(pair):
    second = again(pair.refresh_token)
    log_out(Refresh(refreshToken=second.refresh_token))
    log_out(Refresh(refreshToken="unknown"))
    with pytest.raises(Unauthenticated):
        user_of_token(second.access_token, KEYS)
    with pytest.raises(Unauthenticated):
        again(second.refresh_token)


def test_a_family_ends_after_thirty_days_however_often_it_was_refreshed(pair):
    now, token = transaction_time(), pair.refresh_token
    for days in (10, 20, 29):
        with frozen_time(now + timedelta(days=days)):
            token = again(token).refresh_token
    with frozen_time(now + timedelta(days=30, seconds=1)):
        with pytest.raises(Unauthenticated):
            again(token)
        assert forget_old_families() == 1
    assert db.session.scalars(db.select(RefreshToken.id)).all() == []


def test_nobody_acts_with_the_token_of_a_closed_account(pair):
    pair.user.is_active = False
    db.session.commit()
    with pytest.raises(Unauthenticated):
        user_of_token(pair.access_token, KEYS)
    with pytest.raises(Unauthenticated):
        again(pair.refresh_token)


def test_a_new_password_ends_every_sign_in(pair):
    other = open_family(pair.user.id, SHOPPER, KEYS)
    end_families_of(pair.user.id)
    for each in (pair, other):
        with pytest.raises(Unauthenticated):
            again(each.refresh_token)


@pytest.mark.parametrize(
    ("email", "password"), [("lina@example.com", "wrong"), ("nobody@example.com", "correct horse battery")]
)
def test_a_wrong_pair_is_refused_alike(app, email, password):
    make_customer()
    with pytest.raises(Unauthenticated, match="do not belong together"):
        sign_in_with_tokens(SignIn(email=email, password=password), SHOPPER, KEYS)
    assert db.session.scalars(db.select(RefreshFamily.id)).all() == []
