"""Stripe's gateway against the bank of the demo, over real HTTP: what it answers, refuses, and does not know."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from shop.db import operation
from shop.demo.bank.webhooks import sign
from shop.gateways import stripe as gateway
from shop.gateways.stripe import StripeProvider, make_provider
from shop.money import Money
from shop.payment_provider import (
    BadSignature,
    CardDeclined,
    Intent,
    IntentWish,
    OutcomeUnknown,
    PaymentProvider,
    ProviderRefused,
)
from tests.bank import SECRET_KEY, WEBHOOK_SECRET, RunningBank
from tests.bank_faults import disturb, forgeries
from tests.conftest import test_settings as settings_for_tests
from tests.servers import free_port

RETURN_URL = "https://shop.example.com/checkout/return"
WISH = IntentWish(Money(5495, "USD"), "order_abc", "pay_abc", "SKN-2026-000001", "lina@example.com")
LONG_AGO = datetime.now(UTC) - timedelta(days=1)
# Stripe's own example: the body is a file of stripe-dotnet's tests (Apache-2.0, src/StripeTests/Resources/
# event_test_signature.json), the secret, the time and the signature stand in its EventUtilityTest.cs.
STRIPES_BODY = Path(__file__).parents[1] / "data" / "stripe-event.json"
STRIPES_OBJECTS = Path(__file__).parents[1] / "data" / "stripe-objects.json"  # stripe/openapi (MIT)
STRIPES_TIME = 1533204620
STRIPES_SIGNATURE = "2220f87ef101a04665f11cdf770523143f875572008577fa0f20882ddb9cc3c7"


@pytest.fixture
def provider(bank: RunningBank) -> StripeProvider:
    return bank.provider()


def charged_with(method: str, **changes: Any) -> IntentWish:
    return replace(WISH, payment_method=method, return_url=RETURN_URL, **changes)


def paid(provider: StripeProvider, method: str = "pm_card_approve", key: str = "paid") -> Intent:
    return provider.create_intent(charged_with(method), key)


class TestPayments:
    def test_a_payment_begins_without_a_card_and_carries_whose_it_is(
        self, provider: PaymentProvider, bank: RunningBank
    ):
        begun = provider.create_intent(WISH, "key")

        assert begun.status == "requires_payment_method"
        assert (begun.amount, begun.captured, begun.refunded) == (WISH.amount, Money(0, "USD"), Money(0, "USD"))
        assert (begun.order_id, begun.payment_id, begun.card, begun.failure) == ("order_abc", "pay_abc", None, "")
        assert begun.client_secret.startswith(begun.id)
        kept = bank.bank.get("payment_intent", begun.id)
        assert kept["automatic_payment_methods"] == {"enabled": True}
        assert kept["receipt_email"] is None
        assert provider.fetch_intent(begun.id) == begun

    def test_a_card_pays_for_what_has_begun(self, provider: StripeProvider, bank: RunningBank):
        begun = provider.create_intent(WISH, "begin")

        done = provider.confirm_intent(begun.id, "pm_card_approve", RETURN_URL, "confirm")

        assert (done.status, done.captured) == ("succeeded", WISH.amount)
        assert done.card and (done.card.brand, done.card.last4, done.card.expires) == ("visa", "4242", "12/2034")
        (line,) = bank.ledger()
        assert (line["kind"], line["amount"], line["order_id"], line["payment_id"]) == (
            "capture",
            5495,
            "order_abc",
            "pay_abc",
        )

    @pytest.mark.parametrize(
        ("method", "code", "words"),
        [
            ("pm_card_decline_insufficient_funds", "insufficient_funds", "insufficient funds"),
            ("pm_card_decline_generic", "generic_decline", "declined"),
            ("pm_card_decline_expired", "expired_card", "expired"),
        ],
    )
    def test_a_declined_card_says_why_and_another_one_may_pay(
        self, provider: StripeProvider, bank: RunningBank, method: str, code: str, words: str
    ):
        with pytest.raises(CardDeclined, match=words) as caught:
            paid(provider, method)

        declined = caught.value.intent
        assert caught.value.code == code
        assert declined and declined.status == "requires_payment_method" and words in declined.failure
        assert declined.failure_code == code and declined.card is not None
        assert provider.fetch_intent(declined.id) == declined
        assert provider.confirm_intent(declined.id, "pm_card_approve", RETURN_URL, "again").failure == ""
        assert len(bank.ledger()) == 1

    def test_a_decline_is_the_answer_to_the_same_key_again(self, provider: StripeProvider):
        for _ in range(2):
            with pytest.raises(CardDeclined):
                paid(provider, "pm_card_decline_generic")
        assert len(list(provider.list_intents(LONG_AGO))) == 1

    @pytest.mark.parametrize(("approves", "status"), [(True, "succeeded"), (False, "requires_payment_method")])
    def test_three_d_secure_asks_and_ends_by_what_the_customer_says(
        self, provider: StripeProvider, bank: RunningBank, approves: bool, status: str
    ):
        asked = paid(provider, "pm_card_3ds")
        assert asked.status == "requires_action" and bank.ledger() == []

        bank.approve(asked.id, asked.client_secret, approves=approves)

        after = provider.fetch_intent(asked.id)
        assert after.status == status
        assert bool(after.failure) is not approves

    @pytest.mark.parametrize(
        ("method", "status"),
        [("pm_card_processing", "succeeded"), ("pm_card_processing_decline", "requires_payment_method")],
    )
    def test_a_slow_bank_answers_later(self, provider: StripeProvider, bank: RunningBank, method: str, status: str):
        slow = paid(provider, method)
        assert slow.status == "processing" and bank.ledger() == []

        bank.pass_time()

        assert provider.fetch_intent(slow.id).status == status

    def test_a_payment_is_cancelled_once_and_one_that_has_ended_is_answered_as_it_is(self, provider: StripeProvider):
        begun, done = provider.create_intent(WISH, "a"), paid(provider, key="b")

        assert provider.cancel_intent(begun.id, "c").status == "cancelled"
        assert provider.cancel_intent(begun.id, "d").status == "cancelled"
        assert provider.cancel_intent(done.id, "e").status == "succeeded"

    def test_lists_go_over_all_pages_from_the_newest(self, provider: StripeProvider, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(gateway, "PAGE", 2)
        begun = [provider.create_intent(WISH, f"key-{number}") for number in range(5)]

        assert list(provider.list_intents(LONG_AGO)) == begun[::-1]
        assert list(provider.list_intents(datetime.now(UTC) + timedelta(hours=1))) == []

    @pytest.mark.parametrize(
        ("money", "sent"),
        [
            (Money(500, "JPY"), 500),
            (Money(84200, "JOD"), 84200),
            (Money(5000, "ISK"), 500000),
            (Money(500000, "MGA"), 5000),
        ],
    )
    def test_amounts_are_sent_in_stripes_minor_units_and_read_back(
        self, provider: StripeProvider, bank: RunningBank, money: Money, sent: int
    ):
        begun = provider.create_intent(replace(WISH, amount=money), "key")

        assert begun.amount == money
        assert bank.bank.get("payment_intent", begun.id)["amount"] == sent

    def test_an_amount_that_stripe_cannot_write_is_refused_before_it_is_asked(
        self, provider: StripeProvider, bank: RunningBank
    ):
        with pytest.raises(ProviderRefused):
            provider.create_intent(replace(WISH, amount=Money(150, "MGA")), "key")
        assert bank.faults.calls == []


class TestRefunds:
    def test_money_is_given_back_in_parts_and_never_more_than_was_taken(
        self, provider: StripeProvider, bank: RunningBank
    ):
        done = paid(provider)

        back = provider.create_refund(done.id, Money(2000, "USD"), "ref_1", "one")
        assert (back.status, back.amount, back.intent_id, back.refund_id) == (
            "succeeded",
            Money(2000, "USD"),
            done.id,
            "ref_1",
        )
        assert provider.fetch_refund(back.id) == back
        with pytest.raises(ProviderRefused, match="greater"):
            provider.create_refund(done.id, Money(5000, "USD"), "ref_2", "two")
        provider.create_refund(done.id, Money(3495, "USD"), "ref_3", "three")
        with pytest.raises(ProviderRefused) as caught:
            provider.create_refund(done.id, Money(1, "USD"), "ref_4", "four")

        assert caught.value.code == "charge_already_refunded"
        assert provider.fetch_intent(done.id).refunded == WISH.amount
        assert [line["refund_id"] for line in bank.ledger("refund")] == ["ref_1", "ref_3"]
        assert [refund.refund_id for refund in provider.list_refunds(LONG_AGO)] == ["ref_3", "ref_1"]

    def test_nothing_is_given_back_of_what_was_not_paid(self, provider: StripeProvider):
        begun = provider.create_intent(WISH, "key")
        with pytest.raises(ProviderRefused):
            provider.create_refund(begun.id, Money(1, "USD"), "ref", "refund")

    @pytest.mark.parametrize(
        ("method", "status", "lines"), [("pm_card_refund_slow", "succeeded", 1), ("pm_card_refund_fail", "failed", 0)]
    )
    def test_a_refund_may_end_later(
        self, provider: StripeProvider, bank: RunningBank, method: str, status: str, lines: int
    ):
        done = paid(provider, method)
        back = provider.create_refund(done.id, WISH.amount, "ref", "refund")
        assert back.status == "processing"

        bank.pass_time()

        after = provider.fetch_refund(back.id)
        assert after.status == status and bool(after.failure) is (status == "failed")
        assert len(bank.ledger("refund")) == lines
        assert bool(provider.fetch_intent(done.id).refunded) is (status == "succeeded")


class TestTheRest:
    def test_a_dispute_is_open_until_it_is_decided(self, provider: StripeProvider, bank: RunningBank):
        done = paid(provider, "pm_card_dispute")
        (thing,) = bank.bank.store.list_after("dispute")

        dispute = provider.fetch_dispute(thing["id"])
        assert (dispute.intent_id, dispute.amount, dispute.is_closed) == (done.id, WISH.amount, False)
        assert dispute.evidence_due_at and dispute.evidence_due_at > datetime.now(UTC)
        with bank.bank.store.transaction():
            bank.bank.close_dispute(thing["id"], "won")

        assert provider.fetch_dispute(thing["id"]).is_closed
        assert [line["kind"] for line in bank.ledger()] == ["capture", "dispute", "dispute_won"]

    def test_a_standing_order_says_how_long_it_is_paid(self, provider: StripeProvider, bank: RunningBank):
        customer = provider.create_customer("lina@example.com", "user_1", "customer")
        with bank.bank.store.transaction():
            made = bank.bank.create_subscription({"customer": customer})

        found = provider.fetch_subscription(made["id"])
        assert (found.status, found.customer, found.ends_with_period) == ("active", customer, False)
        assert found.current_period_ends_at and found.current_period_ends_at > datetime.now(UTC)

    def test_a_card_is_kept_used_again_and_forgotten(self, provider: StripeProvider, bank: RunningBank):
        customer = provider.create_customer("lina@example.com", "user_1", "customer")
        assert provider.list_cards(customer) == []
        first = provider.create_intent(charged_with("pm_card_approve", customer=customer, save_card=True), "first")

        (card,) = provider.list_cards(customer)
        assert card == first.card
        again = provider.create_intent(charged_with(card.id, customer=customer), "again")
        assert again.status == "succeeded" and again.card == card
        with pytest.raises(ProviderRefused):  # somebody else's card
            provider.create_intent(charged_with(card.id), "stranger")
        provider.forget_card(card.id)
        provider.forget_card(card.id)
        provider.forget_card("pm_that_never_was")

        assert provider.list_cards(customer) == []
        assert len(bank.ledger("capture")) == 2

    def test_a_card_that_is_not_to_be_kept_is_not(self, provider: StripeProvider):
        customer = provider.create_customer("lina@example.com", "user_1", "customer")
        provider.create_intent(charged_with("pm_card_approve", customer=customer), "pay")
        assert provider.list_cards(customer) == []

    @pytest.mark.parametrize(
        "ask",
        [
            lambda provider: provider.fetch_intent("pi_none"),
            lambda provider: provider.fetch_refund("re_none"),
            lambda provider: provider.fetch_dispute("dp_none"),
            lambda provider: provider.fetch_subscription("sub_none"),
            lambda provider: provider.list_cards("cus_none"),
            lambda provider: provider.cancel_intent("pi_none", "k"),
            lambda provider: provider.confirm_intent("pi_none", "pm_card_approve", RETURN_URL, "k"),
            lambda provider: provider.create_refund("pi_none", Money(1, "USD"), "ref", "k"),
        ],
    )
    def test_what_is_not_there_is_refused(self, provider: StripeProvider, ask: Any):
        with pytest.raises(ProviderRefused) as caught:
            ask(provider)
        assert caught.value.code == "resource_missing"

    def test_a_wrong_key_is_refused(self, bank: RunningBank):
        with pytest.raises(ProviderRefused, match="API Key"):
            StripeProvider("sk_test_wrong", WEBHOOK_SECRET, bank.url).fetch_intent("pi_x")

    def test_nothing_is_asked_inside_an_operation(self, app: Flask, provider: StripeProvider):
        @operation
        def careless() -> None:
            provider.fetch_intent("pi_x")

        with pytest.raises(RuntimeError, match="inside operation"):
            careless()


def test_stripes_own_examples_of_its_objects_are_read(provider: StripeProvider, bank: RunningBank):
    examples = json.loads(STRIPES_OBJECTS.read_text())
    with bank.bank.store.transaction():
        for kind, example in examples.items():
            bank.bank.store.add(kind, "x", **example)
        customer = bank.bank.create_customer({})["id"]
        bank.bank.attach(_usable(bank, examples["payment_method"]["id"]), customer)

    intent = provider.fetch_intent(examples["payment_intent"]["id"])
    refund = provider.fetch_refund(examples["refund"]["id"])
    dispute = provider.fetch_dispute(examples["dispute"]["id"])
    standing = provider.fetch_subscription(examples["subscription"]["id"])
    (card,) = provider.list_cards(customer)

    assert (intent.status, intent.amount, intent.card, intent.order_id) == (
        "requires_payment_method",
        Money(1099, "USD"),
        None,
        "",
    )
    assert (refund.status, refund.amount, refund.intent_id) == ("succeeded", Money(100, "USD"), "")
    assert (dispute.status, dispute.reason, dispute.is_closed) == ("warning_needs_response", "general", False)
    assert standing.customer == "cus_QXg1o8vcGmoR32" and standing.current_period_ends_at is not None
    assert (card.brand, card.last4, card.expires, card.fingerprint) == ("visa", "4242", "08/2030", "AOB934RVNwzk6xtn")


def _usable(bank: RunningBank, method_id: str) -> str:
    """The example, with what the bank notes of its own methods."""
    method = bank.bank.get("payment_method", method_id)
    bank.bank.store.save(method | {"_outcome": "pm_card_approve", "_is_used": False})
    return method_id


class TestOnce:
    def test_the_same_key_has_one_effect_and_the_same_answer(self, provider: StripeProvider, bank: RunningBank):
        assert paid(provider) == paid(provider)
        assert len(bank.ledger()) == 1

    def test_a_key_that_meant_something_else_says_nothing_of_what_was_done(self, provider: StripeProvider):
        provider.create_intent(WISH, "key")
        with pytest.raises(OutcomeUnknown):
            provider.create_intent(replace(WISH, amount=Money(1, "USD")), "key")

    def test_twenty_at_once_with_one_key_charge_once(self, provider: StripeProvider, bank: RunningBank):
        def attempt(_number: int) -> str:
            try:
                return paid(provider).id
            except OutcomeUnknown:  # 409: another one is at it
                return ""

        with ThreadPoolExecutor(20) as pool:
            answers = set(pool.map(attempt, range(20)))

        assert len(answers - {""}) == 1
        assert len(bank.ledger("capture")) == 1

    def test_the_books_survive_a_restart(self, bank: RunningBank, tmp_path: Path):
        from tests.bank import running_bank

        first = paid(bank.provider())
        bank.stop()

        with running_bank(tmp_path) as reopened:
            assert paid(reopened.provider()) == first
            assert len(reopened.ledger()) == 1


class TestUnknown:
    @pytest.mark.parametrize(
        ("fault", "charges"),
        [
            ("timeout_before", 0),
            ("timeout_after", 1),
            ("error_before", 0),
            ("error_after", 1),
            ("conflict", 0),
            ("busy", 0),
            ("reset_before", 0),
            ("reset_after", 1),
            ("garbage", 0),
            ("huge", 0),
        ],
    )
    def test_what_says_nothing_of_the_outcome_is_unknown_and_may_have_been_done(
        self, bank: RunningBank, fault: Any, charges: int
    ):
        provider = bank.provider(timeout=(2.0, 0.3))
        bank.faults.plan(fault, "POST /v1/payment_intents$")

        with pytest.raises(OutcomeUnknown) as caught:
            paid(provider)

        assert caught.value.__suppress_context__  # what the library raised carries bodies
        assert len(bank.ledger()) == charges
        assert len(list(provider.list_intents(LONG_AGO))) == charges

    def test_two_retries_get_over_what_passes_and_charge_once(self, bank: RunningBank):
        bank.faults.plan("reset_after")
        bank.faults.plan("conflict")

        assert paid(bank.provider(retries=2)).status == "succeeded"

        assert len(bank.faults.calls) == 3 and len(bank.ledger()) == 1

    def test_a_silent_bank_is_not_waited_for_longer_than_a_shopper_waits(self, bank: RunningBank, monkeypatch: Any):
        monkeypatch.setattr("shop.gateways.stripe.RETRY_WITHIN", 0.2)
        bank.faults.plan("timeout_before", "^POST", times=3, seconds=0.5)

        with pytest.raises(OutcomeUnknown):
            paid(bank.provider(timeout=(2.0, 0.3), retries=2))

        assert len(bank.faults.calls) == 1

    def test_a_500_that_is_kept_is_no_reason_to_charge_anew(self, bank: RunningBank):
        bank.faults.plan("error_after")
        provider = bank.provider(retries=2)

        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                paid(provider)

        (found,) = provider.list_intents(LONG_AGO)
        assert (found.status, found.payment_id) == ("succeeded", "pay_abc")
        assert len(bank.ledger()) == 1

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_whatever_goes_wrong_the_same_key_charges_once_in_the_end(self, bank: RunningBank, seed: int):
        odds: Any = dict.fromkeys(("reset_before", "reset_after", "conflict", "busy", "garbage", "timeout_after"), 0.1)
        bank.faults.chance(seed, odds, "^POST", seconds=0.3)
        provider = bank.provider(timeout=(2.0, 0.2))

        for number in range(8):
            for _attempt in range(30):
                with contextlib.suppress(OutcomeUnknown):
                    assert paid(provider, key=f"key-{number}").status == "succeeded"
                    break

        assert len(bank.ledger("capture")) == 8
        assert len(bank.faults.calls) > 8

    def test_a_bank_that_is_not_there_is_unknown_soon(self):
        provider = StripeProvider(SECRET_KEY, WEBHOOK_SECRET, f"http://127.0.0.1:{free_port()}", retries=0)
        with pytest.raises(OutcomeUnknown):
            provider.fetch_intent("pi_x")

    def test_a_list_that_breaks_off_says_so(self, provider: StripeProvider, bank: RunningBank, monkeypatch: Any):
        monkeypatch.setattr(gateway, "PAGE", 1)
        for number in range(2):
            provider.create_intent(WISH, f"key-{number}")
        found = provider.list_intents(LONG_AGO)
        next(found)
        bank.faults.plan("error_before")

        with pytest.raises(OutcomeUnknown):
            next(found)

    def test_half_an_answer_is_unknown(self, provider: StripeProvider, bank: RunningBank):
        begun = provider.create_intent(WISH, "key")
        with bank.bank.store.transaction():
            thing = bank.bank.get("payment_intent", begun.id)
            thing["status"] = "of_a_kind_that_nobody_knows"
            bank.bank.store.save(thing)
        with pytest.raises(OutcomeUnknown):
            provider.fetch_intent(begun.id)


class TestEvents:
    def test_what_the_bank_tells_is_read(self, provider: StripeProvider, bank: RunningBank):
        done = paid(provider)
        back = provider.create_refund(done.id, WISH.amount, "ref", "refund")

        told = [provider.read_event(body, signature) for body, signature in bank.events()]

        assert [(event.type, event.object_id) for event in told] == [
            ("payment_intent.created", done.id),
            ("charge.succeeded", done.id),  # a charge is about its payment
            ("payment_intent.succeeded", done.id),
            ("refund.created", back.id),
            ("charge.refunded", done.id),
        ]
        assert all(event.id.startswith("evt_") and event.created_at.tzinfo for event in told)

    def test_stripes_own_example_is_read_as_its_own_library_reads_it(self):
        provider = StripeProvider(SECRET_KEY, "webhook_secret", clock=lambda: STRIPES_TIME + 100.0)
        header = f"t={STRIPES_TIME},v1={STRIPES_SIGNATURE},v0=63f3a72374a733066c4be69ed7f8e5ac"

        event = provider.read_event(STRIPES_BODY.read_bytes(), header)

        assert (event.id, event.type, event.object_id) == ("evt_123", "customer.created", "cus_123")
        assert event.created_at == datetime.fromtimestamp(STRIPES_TIME, UTC)

    @pytest.mark.parametrize("late", [-301, 301])
    def test_a_stamp_is_good_for_five_minutes_on_both_sides(self, late: int):
        edge = 300 if late > 0 else -300
        for now, is_good in ((STRIPES_TIME + edge, True), (STRIPES_TIME + late, False)):
            provider = StripeProvider(SECRET_KEY, "webhook_secret", clock=lambda now=now: float(now))
            header = f"t={STRIPES_TIME},v1={STRIPES_SIGNATURE}"
            if is_good:
                assert provider.read_event(STRIPES_BODY.read_bytes(), header).id == "evt_123"
            else:
                with pytest.raises(BadSignature):
                    provider.read_event(STRIPES_BODY.read_bytes(), header)

    def test_one_right_signature_among_several_is_enough(self, provider: StripeProvider):
        body, now = STRIPES_BODY.read_bytes(), int(time.time())
        stamp, right = sign(body, WEBHOOK_SECRET, now).split(",")
        _, wrong = sign(body, "the former secret", now).split(",")
        for header in (f"{stamp},{wrong},{right}", f"{stamp},{right},{wrong}"):
            assert provider.read_event(body, header).id == "evt_123"

    def test_what_is_forged_or_malformed_is_not_believed(self, provider: StripeProvider):
        body, now = STRIPES_BODY.read_bytes(), int(time.time())
        right = sign(body, WEBHOOK_SECRET, now)
        malformed = ["t=,v1=", "t", ",,", "v1=" + right.partition("v1=")[2], f"t={now},t={now},{right}", "t=²,v1=ü"]
        for header in [*forgeries(body, WEBHOOK_SECRET).values(), *malformed, right.replace("t=", "t=-")]:
            with pytest.raises(BadSignature):
                provider.read_event(body, header)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\xff\xfe",
            b"[]",
            b"null",
            b"{}",
            b"[" * 100_000,
            json.dumps({"object": "v2.core.event", "id": "evt_1", "type": "x", "created": "2026"}).encode(),
            json.dumps({"object": "event", "id": None, "type": "x", "created": 1, "data": {"object": {}}}).encode(),
        ],
    )
    def test_a_signed_body_that_is_no_event_is_not_believed(self, provider: StripeProvider, body: bytes):
        with pytest.raises(BadSignature):
            provider.read_event(body, sign(body, WEBHOOK_SECRET, int(time.time())))

    def test_among_disturbed_deliveries_only_the_genuine_are_read(self, provider: StripeProvider, bank: RunningBank):
        paid(provider)
        bodies = [body for body, _ in bank.events()] * 10
        deliveries = disturb(bodies, WEBHOOK_SECRET, seed=7)
        assert {delivery.is_genuine for delivery in deliveries} == {True, False}

        for delivery in deliveries:
            if delivery.is_genuine:
                provider.read_event(delivery.body, delivery.signature)
            else:
                with pytest.raises(BadSignature):
                    provider.read_event(delivery.body, delivery.signature)


class TestSecrets:
    def test_no_secret_and_no_object_gets_into_the_log(
        self, bank: RunningBank, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ):
        caplog.set_level(logging.DEBUG)
        provider = bank.provider()
        begun = provider.create_intent(WISH, "key-one")
        with pytest.raises(CardDeclined):
            provider.confirm_intent(begun.id, "pm_card_decline_generic", RETURN_URL, "key-two")
        bank.faults.plan("error_before")
        with pytest.raises(OutcomeUnknown):
            provider.fetch_intent(begun.id)

        written = caplog.text + "".join(capsys.readouterr()) + repr(begun) + repr(provider)

        for secret in (begun.client_secret, SECRET_KEY, WEBHOOK_SECRET, WISH.email, "client_secret"):
            assert secret not in written
        assert "stripe.outcome_unknown" in written and "stripe.refused" in written

    def test_a_shop_has_a_provider_by_its_settings_alone(self, bank: RunningBank):
        assert make_provider(settings_for_tests()) is None
        provider = make_provider(settings_for_tests(**bank.settings()))
        assert provider is not None and provider.create_intent(WISH, "key").amount == WISH.amount
        with pytest.raises(ValueError, match="secrets"):
            StripeProvider(SECRET_KEY, "")
