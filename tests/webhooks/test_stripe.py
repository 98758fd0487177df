"""POST /webhooks/stripe: believed for its signature alone, stored once, answered, applied by a worker."""

from __future__ import annotations

import json

import pytest
from sqlalchemy.exc import OperationalError

from shop.db import db
from shop.domain.payments.models import ProviderEvent
from shop.jobs import payments as jobs
from shop.jobs.outbox import relay
from tests.conftest import make_product, variants_of
from tests.domain.payments.conftest import card_order, terms  # noqa: F401 (a shop that takes cards)
from tests.domain.payments.fake_provider import SIGNATURE, FakeProvider
from tests.domain.payments.stories import pay, states

PATHS = ["/webhooks/stripe", "/api/webhooks/stripe"]


@pytest.fixture
def provider(app):
    app.extensions["shop_payment_provider"] = provider = FakeProvider()
    yield provider
    app.extensions["shop_payment_provider"] = None


def body(kind="payment_intent.succeeded", object_id="pi_1", event_id="evt_1"):
    return json.dumps({"id": event_id, "type": kind, "data": {"object": {"id": object_id}}})


def send(client, data, signature=SIGNATURE, path=PATHS[0]):
    headers = {"Stripe-Signature": signature, "Sec-Fetch-Site": None}
    return client.post(path, data=data, headers=headers, content_type="application/json")


def count():
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count()).select_from(ProviderEvent))


@pytest.mark.parametrize("path", PATHS)
def test_an_event_is_stored_once_and_answered(client, provider, path):
    for data in (body(), body(), body("no.such_type", event_id="evt_2")):
        answer = send(client, data, path=path)
        assert (answer.status_code, answer.json) == (200, {"received": True})
        assert "Set-Cookie" not in answer.headers and answer.headers["Cache-Control"] == "no-store"
    assert count() == 2


def test_the_secret_of_a_payment_is_not_stored(client, provider):
    asks = {"redirect_to_url": {"url": "https://bank.example/3ds?client_secret=pi_1_secret_x&more=1"}}
    told = {"id": "pi_1", "client_secret": "pi_1_secret_x", "status": "requires_action", "next_action": asks}
    data = json.dumps({"id": "evt_1", "type": "payment_intent.created", "data": {"object": told}}, indent=2)

    assert send(client, data).status_code == 200

    stored = db.session.scalars(db.select(ProviderEvent.payload)).one()
    assert stored == data.replace("pi_1_secret_x", "")


@pytest.mark.parametrize(("data", "signature"), [(body(), "forged"), (body(), ""), ("[]", SIGNATURE), ("{", SIGNATURE)])
def test_what_is_not_signed_or_no_event_is_refused_without_a_row(client, provider, data, signature):
    answer = send(client, data, signature)
    assert answer.status_code == 400 and answer.json["error"]["code"] == "VALIDATION_ERROR"
    assert count() == 0


def test_a_shop_without_keys_has_no_webhook(client, app):
    assert send(client, body()).status_code == 404 and count() == 0


def test_a_database_that_is_away_is_a_503(client, provider, monkeypatch):
    def fail(*_args):
        raise OperationalError("insert", {}, Exception("connection refused"))

    monkeypatch.setattr("shop.webhooks.stripe.store_event", fail)
    answer = send(client, body())
    assert answer.status_code == 503 and "Retry-After" in answer.headers


def test_without_redis_the_sweep_applies_it(client, app, terms, provider):  # noqa: F811
    order = card_order(terms, (variants_of(make_product())[0], 1))
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    assert send(client, body(object_id=begun.intent.id)).status_code == 200

    assert jobs.sweep_payments() == 1

    assert states(order)[0] == ("confirmed", "paid")


def test_jobs_send_refunds_poll_and_compare(app, terms, provider, caplog):  # noqa: F811
    from datetime import UTC, datetime, timedelta

    from shop.db import frozen_time
    from shop.domain.checkout import cancel_order
    from tests.conftest import SHOPPER
    from tests.domain.payments.stories import refunds_of

    variant = variants_of(make_product())[0]
    order, forgotten = card_order(terms, (variant, 1)), card_order(terms, (variant, 1))
    pay(order, terms, provider)
    cancel_order(order.id, SHOPPER)
    jobs.keep_payments()
    assert refunds_of(order) == [("succeeded", order.total_amount)]

    begun = pay(forgotten, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    with frozen_time(datetime.now(UTC) + timedelta(minutes=3)):
        jobs.poll_payments()
    assert states(forgotten)[0] == ("confirmed", "paid")
    jobs.compare()
    relay()


def test_jobs_of_a_shop_without_keys_do_nothing(app):
    jobs.keep_payments()
    jobs.poll_payments()
    jobs.compare()
    assert jobs.sweep_payments() == jobs.sweep_forgotten_payments() == jobs.sweep_books() == 0


def test_the_books_are_compared_by_command(app, terms, provider):  # noqa: F811
    run = app.test_cli_runner().invoke
    order = card_order(terms, (variants_of(make_product())[0], 1))
    pay(order, terms, provider)
    db.session.rollback()
    result = run(args=["payments", "reconcile"])
    assert result.exit_code == 0 and "0 payments and refunds of the last 3 days differ" in result.output
    (name,) = provider.intents
    provider.change(name, captured=order.total * 2)
    result = run(args=["payments", "reconcile", "--days", "1"])
    assert result.exit_code == 1 and order.number in result.output and "1 payments and refunds" in result.output
    assert run(args=["payments", "retry-events"]).output == "0 events are due again.\n"
    app.extensions["shop_payment_provider"] = None
    assert "takes no cards" in run(args=["payments", "reconcile"]).output
