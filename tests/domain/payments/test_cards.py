"""Paying by card: begun, charged, refused, lost and found again, changed to cash."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shop.db import db, frozen_time
from shop.domain.actors import SYSTEM
from shop.domain.carts.operations import ApplyCode, apply_code
from shop.domain.checkout import cancel_order, cancel_unpaid_orders, check_out_with_cash, place_order
from shop.domain.events import OutboxEvent
from shop.domain.inventory.models import Reservation
from shop.domain.orders.models import Order, OrderEvent
from shop.domain.payments.cards import pay_in_cash
from shop.domain.payments.models import CardRefusal, PaymentDifference
from shop.domain.payments.operations import CashOnDelivery, confirm_cash_on_delivery
from shop.domain.payments.reconcile import attempts_to_cancel, forget_unbegun_attempts, poll
from shop.domain.payments.settle import settle
from shop.domain.payments.standing import card_standing
from shop.domain.promotions.models import DiscountCode
from shop.errors import Conflict, Invalid, PaymentRefused, Unavailable, Unknown
from shop.money import Money
from tests.conftest import (
    SHOPPER,
    address,
    cart_with,
    make_customer,
    make_product,
    order_wish,
    placed_order,
    stock_of,
    variants_of,
)
from tests.domain.payments.conftest import card_order
from tests.domain.payments.fake_provider import DECLINED, GOOD, POOR, SECURE, SLOW
from tests.domain.payments.stories import pay, payment_of, refunds_of, states
from tests.domain.promotions.codes import make_code

PAID = ("confirmed", "paid")


def told(kind):
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count()).select_from(OutboxEvent).filter_by(type=kind))


def history(order):
    db.session.rollback()
    rows = db.select(OrderEvent.to_status).filter_by(order_id=order.id, track="payment").order_by(OrderEvent.seq)
    return list(db.session.scalars(rows))


def test_a_card_pays_the_total_once(app, terms, provider, order, variant):
    paid = pay(order, terms, provider)

    assert (paid.order.status, paid.order.payment_status, paid.intent.status) == (*PAID, "succeeded")
    payment = payment_of(order)
    assert (payment.status, payment.captured_amount, payment.card_last4) == ("succeeded", order.total_amount, "4242")
    assert provider.taken == order.total_amount and stock_of(variant) == (5, 2)
    assert history(order) == ["processing", "paid"]
    assert (told("order.confirmed"), told("payment.captured")) == (1, 1)


def test_without_a_card_the_browser_gets_the_secret_and_the_order_waits(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)

    assert begun.intent.client_secret and states(order) == (("pending", "processing"), ["sent"])
    again = pay(order, terms, provider, card=None)
    assert again.intent.id == begun.intent.id and len(provider.intents) == 1
    provider.finish(begun.intent.id, "succeeded")
    assert settle(order.id, provider, terms).status == "confirmed"
    assert settle(order.id, provider, terms).payment_status == "paid"
    assert told("order.confirmed") == 1


def test_a_refused_card_says_so_and_another_pays(app, terms, provider, order):
    with pytest.raises(PaymentRefused, match="Your card was declined"):
        pay(order, terms, provider, card=DECLINED)
    assert states(order) == (("pending", "failed"), ["sent"])
    with pytest.raises(PaymentRefused, match="Not enough money"):
        pay(order, terms, provider, card=POOR)
    with pytest.raises(PaymentRefused, match="Not enough money"):  # the same card again is asked for again
        pay(order, terms, provider, card=POOR)

    assert provider.tries == 3
    assert pay(order, terms, provider).order.status == "confirmed"
    assert len(provider.intents) == 1 and len(provider.charges) == 1
    db.session.rollback()
    assert db.session.scalar(db.select(db.func.count()).select_from(CardRefusal)) == 3


def test_a_secure_card_waits_for_its_owner(app, terms, provider, order):
    attempt = pay(order, terms, provider, card=SECURE)
    assert attempt.intent.status == "requires_action"
    assert states(order) == (("pending", "processing"), ["requires_action"])

    assert pay(order, terms, provider, card=SECURE).intent.status == "requires_action"
    provider.finish(attempt.intent.id, "succeeded")

    assert pay(order, terms, provider, card=SECURE).order.status == "confirmed"
    assert len(provider.charges) == 1


@pytest.mark.parametrize("when", ["before", "after", "kept"])
def test_a_payment_that_was_not_begun_charges_nothing_and_leaves_all_ways_open(app, terms, provider, order, when):
    provider.fail_next("create_intent", when)
    with pytest.raises(Unavailable, match="Nothing was charged"):
        pay(order, terms, provider)
    assert states(order) == (("pending", "processing"), ["created"])
    standing = card_standing(db.session.get(Order, order.id))
    assert standing.can_be_paid and not standing.is_checking
    if when == "kept":
        with pytest.raises(Unavailable):
            pay(order, terms, provider)

    with frozen_time(datetime.now(UTC) + timedelta(minutes=2 if when == "kept" else 0)):
        assert pay(order, terms, provider).order.status == "confirmed"
    assert len(provider.charges) == 1 and len(provider.intents) == 1


def test_a_key_that_keeps_a_failure_is_left_once_it_is_known_that_nothing_was_charged(app, terms, provider, order):
    provider.fail_next("confirm_intent", "kept")
    with pytest.raises(Unavailable):
        pay(order, terms, provider)
    assert settle(order.id, provider, terms).status == "pending" and states(order)[1] == ["sent"]
    provider.fail_next("confirm_intent", "kept")
    with pytest.raises(Unavailable):
        pay(order, terms, provider)

    assert pay(order, terms, provider).order.status == "confirmed"

    assert len(provider.charges) == 1 and len(provider.intents) == 1


@pytest.mark.parametrize("method", ["confirm_intent", "fetch_intent"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_unknown_and_the_repeat_charges_once(app, terms, provider, order, method, when):
    if method == "fetch_intent":
        pay(order, terms, provider, card=None)
    provider.fail_next(method, when)
    said = "Nothing was charged: try again" if method == "create_intent" else "checking with the bank; do not pay again"
    with pytest.raises(Unavailable, match=said):
        pay(order, terms, provider)
    assert states(order) == (("pending", "processing"), ["unknown"])

    paid = pay(order, terms, provider)

    assert paid.order.status == "confirmed" and states(order)[1] == ["succeeded"]
    assert len(provider.charges) == 1 and len(provider.intents) == 1


def test_a_lost_charge_is_found_by_asking(app, terms, provider, order):
    provider.fail_next("confirm_intent", "after")
    with pytest.raises(Unavailable):
        pay(order, terms, provider)
    provider.fail_next("fetch_intent", "before")
    with pytest.raises(Unavailable):
        settle(order.id, provider, terms)
    assert states(order)[1] == ["unknown"]

    assert settle(order.id, provider, terms).payment_status == "paid"


def test_a_provider_that_will_not_begin_leaves_another_way(app, terms, provider, order):
    provider.fail_next("create_intent", "refused")
    with pytest.raises(Invalid, match="cannot be paid by card"):
        pay(order, terms, provider)
    assert states(order) == (("pending", "failed"), ["failed"])
    assert pay(order, terms, provider).order.status == "confirmed"


def test_a_card_that_is_not_there_is_refused_as_a_field(app, terms, provider, order):
    with pytest.raises(Unknown) as caught:
        pay(order, terms, provider, card="card_1")
    assert caught.value.details[0].field == "paymentMethodId"
    assert states(order)[1] == ["sent"] and provider.tries == 0


def test_what_is_paid_cancelled_or_over_cannot_be_paid(app, terms, provider, order, variant):
    pay(order, terms, provider)
    with pytest.raises(Conflict, match="paid already"):
        pay(order, terms, provider)
    cancelled, late = card_order(terms, (variant, 1)), card_order(terms, (variant, 1))
    cancel_order(cancelled.id, SHOPPER)
    with pytest.raises(Conflict, match="cancelled already"):
        pay(cancelled, terms, provider)
    with frozen_time(datetime.now(UTC) + timedelta(minutes=16)), pytest.raises(Conflict, match="time to pay"):
        pay(late, terms, provider)
    assert len(provider.charges) == 1


def test_totals_below_the_smallest_are_refused_when_placing_and_0_never_asks(app, terms, provider):
    cheap = variants_of(make_product(price="0.10"))[0]
    free = replace(terms, shipping_methods=tuple(replace(m, price=Money(0, "USD")) for m in terms.shipping_methods))
    wish = order_wish(cart_with(free, (cheap, 1)), paymentMethod="stripe")
    with pytest.raises(Invalid, match=r"\$0.50 or more") as caught:
        place_order(wish, SHOPPER, free)
    assert caught.value.details[0].field == "paymentMethod"

    gift = variants_of(make_product(price="0.00"))[0]
    order = card_order(free, (gift, 1))
    assert (order.status, order.payment_status) == PAID
    with pytest.raises(Conflict):
        pay(order, free, provider)
    assert provider.intents == {}


def test_a_shop_without_keys_refuses_cards(app, terms, variant):
    wish = order_wish(cart_with(terms, (variant, 1)), paymentMethod="stripe")
    with pytest.raises(Invalid, match="not set up"):
        place_order(wish, SHOPPER, replace(terms, takes_cards=False))


def test_a_card_is_kept_for_who_is_signed_in(app, terms, provider, order, variant):
    with pytest.raises(Invalid, match="Sign in"):
        pay(order, terms, provider, savePaymentMethod=True)
    lina = make_customer("keeper@example.com")
    own = card_order(terms, (variant, 1), actor=lina)
    for when, error in (("before", Unavailable), ("refused", Invalid)):
        provider.fail_next("create_customer", when)
        with pytest.raises(error):
            pay(own, terms, provider, actor=lina, savePaymentMethod=True)
    assert states(own) == (("pending", "pending"), [])
    pay(own, terms, provider, actor=lina, savePaymentMethod=True)
    again = card_order(terms, (variant, 1), actor=lina)
    pay(again, terms, provider, actor=lina, savePaymentMethod=True)
    assert len(provider.customers) == 1


def test_whether_a_card_is_kept_can_be_said_at_each_try(app, terms, provider, variant):
    lina = make_customer("keeper@example.com")
    own = card_order(terms, (variant, 1), actor=lina)
    with pytest.raises(PaymentRefused):
        pay(own, terms, provider, card=DECLINED, actor=lina)
    (intent,) = provider.intents.values()
    assert (intent.customer, intent.keeps_card) == ("", False)

    begun = pay(own, terms, provider, card=None, actor=lina, savePaymentMethod=True)
    assert begun.intent.id == intent.id and begun.intent.keeps_card and begun.intent.customer
    assert not pay(own, terms, provider, card=None, actor=lina).intent.keeps_card
    provider.fail_next("change_keeping", "refused")
    with pytest.raises(Invalid, match="cannot be kept"):
        pay(own, terms, provider, actor=lina, savePaymentMethod=True)
    assert pay(own, terms, provider, actor=lina, savePaymentMethod=True).intent.keeps_card
    assert len(provider.intents) == 1 and len(provider.charges) == 1


@pytest.mark.parametrize("keeps", [True, False])
def test_a_customer_whom_the_provider_has_not_any_more_pays_all_the_same(app, terms, provider, variant, keeps):
    lina = make_customer("keeper@example.com")
    first = card_order(terms, (variant, 1), actor=lina)
    pay(first, terms, provider, actor=lina, savePaymentMethod=True)
    for begins in (None, GOOD):  # before its payment is begun, and after
        order = card_order(terms, (variant, 1), actor=lina)
        if begins:
            pay(order, terms, provider, card=None, actor=lina)
        provider.customers.clear()  # as after a change from test keys to live ones
        assert pay(order, terms, provider, actor=lina, savePaymentMethod=keeps).order.status == "confirmed"
        assert len(provider.customers) == keeps
    assert len(provider.charges) == 3


# -- choosing cash instead


def test_cash_instead_ends_the_open_payment_first(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    with pytest.raises(Conflict, match="card payment of this order is open"):
        confirm_cash_on_delivery(order.id, CashOnDelivery(), SHOPPER, terms)

    pay_in_cash(order.id, CashOnDelivery(), SHOPPER, terms, provider)

    assert states(order) == (("confirmed", "pending"), ["cancelled", "due"])
    assert provider.intents[begun.intent.id].status == "cancelled"
    assert pay_in_cash(order.id, CashOnDelivery(), SHOPPER, terms, provider).status == "confirmed"


def test_cash_after_a_card_that_came_to_nothing(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "cancelled")
    settle(order.id, provider, terms)
    pay_in_cash(order.id, CashOnDelivery(), SHOPPER, terms, provider)
    assert states(order) == (("confirmed", "pending"), ["cancelled", "due"])
    assert history(order) == ["processing", "failed", "pending"]


def test_cash_is_too_late_once_the_card_was_charged(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    with pytest.raises(Conflict, match="paid already"):
        pay_in_cash(order.id, CashOnDelivery(), SHOPPER, terms, provider)
    assert states(order) == (PAID, ["succeeded"])


def test_cash_waits_while_the_bank_looks(app, terms, provider, order):
    pay(order, terms, provider, card=SLOW)
    with pytest.raises(Conflict, match="still looking"):
        pay_in_cash(order.id, CashOnDelivery(), SHOPPER, terms, provider)
    provider.fail_next("cancel_intent", "before")
    with pytest.raises(Unavailable):
        pay_in_cash(order.id, CashOnDelivery(), SHOPPER, terms, provider)
    assert states(order)[0] == ("pending", "processing")


def test_cash_instead_of_a_payment_that_was_never_named(app, terms, provider, order):
    provider.fail_next("create_intent", "after")
    with pytest.raises(Unavailable):
        pay(order, terms, provider)
    pay_in_cash(order.id, CashOnDelivery(), SHOPPER, terms, provider)
    assert states(order) == (("confirmed", "pending"), ["cancelled", "due"])


# -- cancelling, and what comes late


def test_cancelling_ends_the_open_payment_soon_after(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    cancel_order(order.id, SHOPPER)
    provider.fail_next("cancel_intent", "before")
    for _ in range(2):
        for payment_id in attempts_to_cancel():
            db.session.rollback()
            poll(payment_id, provider, terms)
        later = datetime.now(UTC) + timedelta(minutes=1)
        with frozen_time(later):
            for payment_id in attempts_to_cancel():
                db.session.rollback()
                poll(payment_id, provider, terms)
    assert states(order)[1] == ["cancelled"] and provider.intents[begun.intent.id].status == "cancelled"


def test_an_attempt_without_a_name_ends_with_its_order(app, terms, provider, order):
    provider.fail_next("create_intent", "before")
    with pytest.raises(Unavailable):
        pay(order, terms, provider)
    cancel_order(order.id, SHOPPER)
    assert forget_unbegun_attempts() == 1 and states(order)[1] == ["cancelled"]


def test_money_for_what_a_person_cancelled_is_given_back(app, terms, provider, order, variant):
    begun = pay(order, terms, provider, card=None)
    cancel_order(order.id, SHOPPER)
    provider.finish(begun.intent.id, "succeeded")
    settle(order.id, provider, terms)
    settle(order.id, provider, terms)
    assert states(order) == (("cancelled", "refunded"), ["succeeded"])
    assert refunds_of(order) == [("requested", order.total_amount)] and stock_of(variant) == (5, 0)


def expire(order, terms, provider):
    """Its hold ends while its payment is open; then the money comes."""
    begun = pay(order, terms, provider, card=None)
    with frozen_time(datetime.now(UTC) + timedelta(minutes=16)):
        cancel_unpaid_orders()
    assert states(order)[0][0] == "cancelled"
    provider.finish(begun.intent.id, "succeeded")


def test_late_money_has_the_order_if_all_is_still_there(app, terms, provider, order, variant):
    expire(order, terms, provider)
    assert stock_of(variant) == (5, 0)

    settle(order.id, provider, terms)

    assert states(order) == (PAID, ["succeeded"]) and stock_of(variant) == (5, 2)
    note = db.session.scalars(db.select(OrderEvent.note).filter_by(order_id=order.id, to_status="confirmed")).one()
    assert "after its time had ended" in note
    assert refunds_of(order) == [] and told("order.confirmed") == 1


def test_late_money_is_given_back_once_if_not_all_is_there(app, terms, provider, order, variant):
    expire(order, terms, provider)
    placed_order(terms, (variant, 4), confirm=True)

    for _ in range(3):
        settle(order.id, provider, terms)

    assert states(order) == (("cancelled", "refunded"), ["succeeded"])
    assert refunds_of(order) == [("requested", order.total_amount)] and stock_of(variant) == (5, 4)


def test_money_is_late_as_well_when_another_has_taken_the_hold(app, terms, provider, variant):
    other = cart_with(terms, (variant, 4))
    order = card_order(terms, (variant, 2))
    begun = pay(order, terms, provider, card=None)
    with frozen_time(datetime.now(UTC) + timedelta(minutes=16)):
        check_out_with_cash(order_wish(other), SHOPPER, terms)  # ends the overdue hold; the order is still pending
    provider.finish(begun.intent.id, "succeeded")

    settle(order.id, provider, terms)

    assert states(order) == (("cancelled", "refunded"), ["succeeded"])
    assert refunds_of(order) == [("requested", order.total_amount)] and stock_of(variant) == (5, 4)


@pytest.mark.parametrize("is_taken", [False, True])
def test_late_money_has_its_discount_code_again_unless_another_used_it_up(app, terms, provider, variant, is_taken):
    make_code("LAST", maxUses=1)

    def with_code(email):
        cart = cart_with(terms, (variant, 1))
        apply_code(cart, ApplyCode(discountCode="LAST"), SHOPPER, terms)
        wish = order_wish(cart, paymentMethod="stripe", shippingAddress=address(email=email))
        return place_order(wish, SHOPPER, terms)

    order = with_code("lina@example.com")
    expire(order, terms, provider)
    if is_taken:
        with_code("other@example.com")

    settle(order.id, provider, terms)

    db.session.rollback()
    assert db.session.scalar(db.select(DiscountCode.used)) == 1
    assert states(order)[0] == (("cancelled", "refunded") if is_taken else PAID)


def test_the_hold_is_prolonged_while_the_bank_looks_and_an_hour_at_most(app, terms, provider, order):
    pay(order, terms, provider, card=SLOW)
    begun = db.session.scalars(db.select(Reservation.created_at)).one()
    for minutes in range(10, 80, 10):
        with frozen_time(begun + timedelta(minutes=minutes)):
            db.session.rollback()
            settle(order.id, provider, terms)
            cancel_unpaid_orders()
            is_kept = states(order)[0][0] == "pending"
            assert is_kept == (minutes <= 60), minutes
    provider.finish(next(iter(provider.intents)), "succeeded")
    settle(order.id, provider, terms)
    assert states(order)[0] == PAID


# -- what is not as it was asked for


@pytest.mark.parametrize(
    "values",
    [
        {"amount": Money(100, "USD"), "captured": Money(100, "USD")},
        {"captured": Money(100, "USD")},
        {"amount": Money(4490, "EUR"), "captured": Money(4490, "EUR")},
        {"order_id": "order_other"},
        {"payment_id": "pay_other"},
    ],
)
def test_another_payment_than_was_asked_for_pays_nothing(app, terms, provider, order, values):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    provider.change(begun.intent.id, **values)

    settle(order.id, provider, terms)
    settle(order.id, provider, terms)

    assert states(order) == (("pending", "processing"), ["sent"])
    row = db.session.scalars(db.select(PaymentDifference)).one()
    assert (row.kind, row.provider_reference, row.order_id) == ("other_payment", begun.intent.id, order.id)


def test_a_payment_that_the_provider_ended_is_begun_anew(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "cancelled")
    settle(order.id, provider, terms)
    assert states(order) == (("pending", "failed"), ["cancelled"])
    second = pay(order, terms, provider, card=None)
    provider.finish(second.intent.id, "cancelled")
    assert pay(order, terms, provider).order.status == "confirmed"
    assert states(order)[1] == ["cancelled", "cancelled", "succeeded"] and len(provider.charges) == 1


def test_a_payment_that_the_provider_does_not_have_is_for_staff(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    del provider.intents[begun.intent.id]
    assert settle(order.id, provider, terms).status == "pending"
    assert db.session.scalars(db.select(PaymentDifference.kind)).one() == "missing_intent"

    cancel_order(order.id, SHOPPER)
    (payment_id,) = attempts_to_cancel()
    db.session.rollback()
    poll(payment_id, provider, terms)
    with frozen_time(datetime.now(UTC) + timedelta(hours=1)):
        assert attempts_to_cancel() == [] and states(order)[1] == ["cancelled"]  # it is not asked for ever


def test_a_customer_cancels_what_a_card_paid_and_gets_it_back(app, terms, provider, order):
    pay(order, terms, provider)
    cancel_order(order.id, SHOPPER)
    assert states(order)[0] == ("cancelled", "refunded")
    assert refunds_of(order) == [("requested", order.total_amount)]
    assert SYSTEM.may("refunds:write") and GOOD
