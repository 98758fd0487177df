"""An order's states: which moves there are, who may make them, and what is written down of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from shop.db import db, frozen_time, operation, transaction_time
from shop.domain.actors import SYSTEM, Actor
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.models import Variant
from shop.domain.checkout import cancel_unpaid_orders
from shop.domain.events import OutboxEvent
from shop.domain.inventory.models import Reservation
from shop.domain.orders.changes import OrderChange, by_variant, is_repeat, lock_order, pick, told
from shop.domain.orders.models import (
    ORDER_STATUSES,
    PAYMENT_STATUSES,
    SHIPPING_STATUSES,
    Order,
    OrderLineItem,
    Shipment,
    ShipmentLineItem,
)
from shop.domain.orders.operations import (
    AskForLink,
    ask_for_order_link,
    can_be_cancelled,
    close_order,
    deliver_order,
    forget_refused_links,
    move_shipping,
    move_status,
    pending_orders_without_hold,
    start_processing,
)
from shop.domain.orders.returns import ReceiveReturn, receive_return
from shop.domain.orders.shipments import ShipOrder, ship_order, tracking_address, units_to_ship
from shop.domain.payments.models import Refund
from shop.domain.versions import version_of
from shop.errors import ChangedMeanwhile, Conflict, Invalid
from tests.conftest import SHOPPER, make_product, make_staff, placed_order, stock_of, variants_of
from tests.domain.orders.stories import delivered_order, fresh, packed_order

STATUSES = ("pending", "confirmed", "processing", "shipped", "delivered", "cancelled")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
by_hand = pytest.mark.breaks_invariants  # a state that is set by hand has no history


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def variants(app):
    return variants_of(make_product("Amber", stock=10, variants=["30 ml", "50 ml"]))


@pytest.fixture
def order(terms, variants):
    return fresh(placed_order(terms, (variants[0], 2), (variants[1], 1), confirm=True), terms)


@operation
def put_into(order_id, **states):
    db.session.execute(db.update(Order).where(Order.id == order_id).values(**states))


@operation
def move(order_id, to, **more):
    return move_status(order_id, to, SYSTEM, **more)


def events(kind):
    db.session.rollback()
    rows = db.session.execute(db.select(OutboxEvent.subject_id, OutboxEvent.payload).filter_by(type=kind))
    return [tuple(row) for row in rows]


def audited(action):
    db.session.rollback()
    rows = db.session.scalars(db.select(AuditEntry).filter_by(action=action).order_by(AuditEntry.id))
    return [(row.subject_kind, row.subject_id, row.before, row.after) for row in rows]


def moves(order, terms):
    return [
        (move.seq, move.track, move.from_status, move.to_status, move.by, move.user_id, move.note)
        for move in fresh(order, terms).history
    ]


# -- the table of moves -----------------------------------------------------------------------------------------------

MOVES = {
    "confirmed": {"pending", "cancelled"},
    "processing": {"confirmed"},
    "shipped": {"processing"},
    "delivered": {"shipped"},
    "cancelled": {"pending", "confirmed", "processing", "shipped"},
}


@by_hand
@pytest.mark.parametrize("to", MOVES)
def test_a_status_is_reached_from_where_the_table_says_and_from_nowhere_else(order, to):
    for before in STATUSES:
        put_into(order.id, status=before)
        if before in MOVES[to]:
            assert move(order.id, to) == before
        else:
            why = "already" if before == to else f"it cannot become {to} any more"
            with pytest.raises(Conflict, match=rf"The order is {before};? {why}\."):
                move(order.id, to)


@by_hand
def test_a_move_may_be_narrowed_and_is_of_one_order(terms, variants, order):
    other = fresh(placed_order(terms, (variants[0], 1), confirm=True), terms)
    with pytest.raises(Conflict):
        move(order.id, "cancelled", allowed_from=("pending",))
    with frozen_time(NOW + timedelta(days=9)):
        move(order.id, "cancelled", allowed_from=("confirmed",), note="Why")
    changed = fresh(order, terms)
    assert (changed.status, changed.updated_at, changed.history[-1].note) == (
        "cancelled", NOW + timedelta(days=9), "Why",
    )  # fmt: skip
    assert changed.history[-1].created_at == NOW + timedelta(days=9)
    assert fresh(other, terms).status == "confirmed"


@pytest.mark.parametrize("status", STATUSES)
def test_who_may_cancel_when(status):
    staff = Actor("staff", user_id=1)
    order = Order(status=status, shipping_status="pending")

    assert can_be_cancelled(order, SHOPPER) is (status in ("pending", "confirmed"))
    assert can_be_cancelled(order, staff) is (status in ("pending", "confirmed", "processing"))
    assert can_be_cancelled(order, SYSTEM) is can_be_cancelled(order, staff)
    order.shipping_status = "partially_shipped"
    assert not can_be_cancelled(order, staff)


def test_every_move_is_written_in_order_with_who_made_it(terms, staff, variants, order):
    start_processing(order.id, staff)
    ship_order(order.id, staff, ShipOrder(quantities={order.line_items[0].public_id: 1}))
    ship_order(order.id, staff)
    deliver_order(order.id, staff)

    by_staff = ("staff", staff.user_id, "")
    assert moves(order, terms) == [
        (1, "status", None, "pending", "customer", None, ""),
        (2, "status", "pending", "confirmed", "customer", None, ""),
        (3, "status", "confirmed", "processing", *by_staff),
        (4, "shipping", "pending", "partially_shipped", *by_staff),
        (5, "status", "processing", "shipped", *by_staff),
        (6, "shipping", "partially_shipped", "shipped", *by_staff),
        (7, "status", "shipped", "delivered", *by_staff),
        (8, "shipping", "shipped", "delivered", *by_staff),
    ]


@by_hand
def test_goods_that_are_there_already_do_not_move(terms, staff, order):
    @operation
    def move_twice():
        for _ in range(2):
            move_shipping(lock_order(order.id), "shipped", staff)

    move_twice()
    assert [row[1:4] for row in moves(order, terms)][2:] == [("shipping", "pending", "shipped")]


def test_an_order_has_these_states_and_no_other(app, order):
    states = {"status": ORDER_STATUSES, "payment_status": PAYMENT_STATUSES, "shipping_status": SHIPPING_STATUSES}
    for column, names in states.items():
        for state in names:
            db.session.execute(db.update(Order).values({column: state}))
        with pytest.raises(IntegrityError):
            db.session.execute(db.update(Order).values({column: "lost"}))
        db.session.rollback()


# -- cancelling -------------------------------------------------------------------------------------------------------


@by_hand
def test_closing_an_order_is_told_with_its_reason(terms, staff, variants, order):
    closed = close_order(order.id, staff, reason="Out of amber")

    assert closed.status == "cancelled" and closed.updated_at is not None
    assert moves(order, terms)[-1] == (3, "status", "confirmed", "cancelled", "staff", staff.user_id, "Out of amber")
    assert audited("order.cancelled") == [
        ("order", order.public_id, {"status": "confirmed"}, {"status": "cancelled", "reason": "Out of amber"})
    ]
    assert events("order.cancelled") == [(order.public_id, {"unpaid": False})]
    assert set(db.session.scalars(db.select(Reservation.status))) == {"released"}


@by_hand
def test_a_hold_that_ends_closes_a_pending_order_alone(terms, variants, order):
    waiting = placed_order(terms, (variants[0], 1))
    with pytest.raises(Conflict, match="The order is confirmed"):
        close_order(order.id, SYSTEM, because_unpaid=True)

    close_order(waiting.id, SYSTEM, because_unpaid=True)

    assert events("order.cancelled") == [(waiting.public_id, {"unpaid": True})]
    ended = db.select(Reservation.status).filter_by(order_id=waiting.id)
    assert db.session.scalars(ended).one() == "expired"


@by_hand
def test_pending_orders_whose_hold_another_has_ended_are_found(app, terms, variants):
    waiting, first, second = (placed_order(terms, (variants[0], 1), (variants[1], 1)) for _ in range(3))
    paid = placed_order(terms, (variants[0], 1), confirm=True)

    @operation
    def end(order_ids, *variant_ids):
        of_them = db.update(Reservation).where(Reservation.order_id.in_(order_ids))
        of_them = of_them.where(Reservation.variant_id.in_(variant_ids))
        db.session.execute(of_them.values(status="expired", ended_at=transaction_time(), expires_at=None))

    end([first.id, second.id, paid.id], variants[0].id)
    assert pending_orders_without_hold() == []
    end([first.id, second.id], variants[1].id)
    assert pending_orders_without_hold() == [first.id, second.id]
    assert pending_orders_without_hold(limit=1) == [first.id]
    assert waiting.id not in pending_orders_without_hold()
    assert fresh(waiting, terms).status == "pending"


# -- packing, sending, delivering -------------------------------------------------------------------------------------


def test_staff_see_each_step_with_what_it_was_about(terms, staff, order):
    start_processing(order.id, staff)
    first = order.line_items[0]
    ship_order(order.id, staff, ShipOrder(quantities={first.public_id: 1}, carrier="DHL", trackingNumber="7"))
    ship_order(order.id, staff)
    deliver_order(order.id, staff)
    receive_return(order.id, staff, ReceiveReturn(quantities={first.public_id: 2}, reason="Too sweet"))

    order = fresh(order, terms)
    skus = [line.sku for line in order.line_items]
    one, two = order.shipments
    (back,) = order.returns
    assert audited("order.packing_started") == [
        ("order", order.public_id, {"status": "confirmed"}, {"status": "processing"})
    ]
    parcel = {"units": [f"1 of {skus[0]}"], "carrier": "DHL", "tracking_number": "7", "is_complete": False}
    rest = {"units": [f"1 of {skus[0]}", f"1 of {skus[1]}"], "carrier": "", "tracking_number": "", "is_complete": True}
    assert [after for *_, after in audited("order.sent")] == [parcel, rest]
    assert audited("order.delivered")[0][2:] == ({"status": "shipped"}, {"status": "delivered"})
    returned = {"units": [f"2 of {skus[0]}"], "restocked": False, "reason": "Too sweet"}
    assert audited("order.returned") == [("order", order.public_id, {}, returned)]
    assert events("order.processing") == events("order.delivered") == [(order.public_id, {})]
    assert events("shipment.sent") == [(one.public_id, {}), (two.public_id, {})]
    assert events("return.received") == [(back.public_id, {})]
    assert (one.user_id, two.user_id, back.user_id) == (staff.user_id,) * 3
    assert [each.public_id.split("_")[0] for each in (one, two, back)] == ["ship", "ship", "ret"]


def test_a_parcel_arrives_on_its_own_day_else_on_the_order_s(terms, staff, variants, order):
    today = transaction_time().date()
    start_processing(order.id, staff)
    first = order.line_items[0]
    ship_order(order.id, staff, ShipOrder(quantities={first.public_id: 1}, estimatedDelivery=today))
    ship_order(order.id, staff)
    order = fresh(order, terms)
    assert [parcel.estimated_delivery for parcel in order.shipments] == [today, order.estimated_delivery]
    assert order.estimated_delivery is not None and order.estimated_delivery > today


def test_the_times_of_parcels_and_returns_are_those_of_their_steps(terms, staff, variants, order):
    other = packed_order(terms, staff, (variants[0], 2))
    ship_order(other.id, staff, ShipOrder(quantities={other.line_items[0].public_id: 1}))
    start_processing(order.id, staff)
    start = transaction_time()
    for days, step in enumerate(
        (
            lambda: ship_order(order.id, staff),
            lambda: deliver_order(order.id, staff),
            lambda: receive_return(order.id, staff, ReceiveReturn()),
        )
    ):
        with frozen_time(start + timedelta(days=days)):
            step()
            assert fresh(order, terms).updated_at == start + timedelta(days=days)
    order = fresh(order, terms)
    assert [(parcel.shipped_at, parcel.delivered_at) for parcel in order.shipments] == [
        (start, start + timedelta(days=1))
    ]
    assert order.returns[0].received_at == start + timedelta(days=2)
    assert order.shipping_status == "returned"
    assert fresh(other, terms).shipments[0].delivered_at is None


@pytest.mark.parametrize("step", ["pack", "send", "deliver", "take back"])
def test_the_second_press_of_a_button_and_a_stale_page_change_nothing(terms, staff, order, step):
    steps = {
        "pack": (start_processing, OrderChange),
        "send": (ship_order, ShipOrder),
        "deliver": (deliver_order, OrderChange),
        "take back": (receive_return, ReceiveReturn),
    }
    for name, (work, _form) in steps.items():
        if name == step:
            break
        work(order.id, staff)
    work, form = steps[step]
    with pytest.raises(ChangedMeanwhile):
        work(order.id, staff, form(formKey="k", seen="2020-01-01T00:00:00+00:00"))

    wish = form(formKey="k", seen=version_of(fresh(order, terms).updated_at))
    assert work(order.id, staff, wish).id == work(order.id, staff, wish).id == order.id


def test_a_form_sent_again_with_other_values_is_another_wish_on_stale_sight(terms, staff, order):
    start_processing(order.id, staff)
    first = order.line_items[0].public_id
    seen = version_of(fresh(order, terms).updated_at)
    ship_order(order.id, staff, ShipOrder(formKey="k", seen=seen, quantities={first: 1}))
    with pytest.raises(ChangedMeanwhile):
        ship_order(order.id, staff, ShipOrder(formKey="k", seen=seen, quantities={first: 2}))
    assert len(fresh(order, terms).shipments) == 1


def test_two_orders_forms_may_have_one_key(app, terms, variants):
    orders = [placed_order(terms, (variants[0], 1), confirm=True) for _ in range(2)]

    @operation
    def press():
        return [is_repeat(lock_order(each.id), OrderChange(formKey="k")) for each in orders]

    assert (press(), press()) == ([False, False], [True, True])


def test_what_goods_have_gone_is_counted_by_line(terms, staff, order):
    assert list(units_to_ship(order.line_items).values()) == [2, 1]
    start_processing(order.id, staff)
    for _ in range(2):
        ship_order(order.id, staff, ShipOrder(quantities={order.line_items[0].public_id: 1}))
    assert list(units_to_ship(order.line_items).values()) == [0, 1]


def test_goods_come_back_in_parts_as_far_as_they_were_sent(terms, staff, variants):
    order = delivered_order(terms, staff, (variants[0], 3), (variants[1], 1))
    first = order.line_items[0].public_id
    for _ in range(2):
        receive_return(order.id, staff, ReceiveReturn(quantities={first: 1}, restock=True))
        assert fresh(order, terms).shipping_status == "delivered"
    with pytest.raises(Conflict, match="Amber: only 1 can still be returned. Look at the order again."):
        receive_return(order.id, staff, ReceiveReturn(quantities={first: 2}))
    with pytest.raises(Invalid, match="Choose what is to be returned."):
        receive_return(order.id, staff, ReceiveReturn(quantities={first: 0}))
    receive_return(order.id, staff, ReceiveReturn(restock=True))
    assert [[line.quantity for line in back.line_items] for back in fresh(order, terms).returns] == [[1], [1], [1, 1]]
    assert stock_of(variants[0]) == (10, 0) and stock_of(variants[1]) == (10, 0)
    with pytest.raises(Conflict, match="All of this order came back already."):
        receive_return(order.id, staff, ReceiveReturn())


# -- choosing units ---------------------------------------------------------------------------------------------------

LINES = [
    OrderLineItem(id=1, public_id="item_a", variant_id=7, product_name="Amber", sku="A"),
    OrderLineItem(id=2, public_id="item_b", variant_id=7, product_name="Balm", sku="B"),
    OrderLineItem(id=3, public_id="item_c", variant_id=8, product_name="Clove", sku="C"),
]
LEFT = {1: 2, 2: 1, 3: 0}


@pytest.mark.parametrize(
    ("wanted", "picked"),
    [({}, {1: 2, 2: 1}), ({"item_a": 2}, {1: 2}), ({"item_b": 1, "item_a": 0}, {2: 1}), ({"item_a": 1}, {1: 1})],
)
def test_those_named_are_picked_or_all_that_are_left(wanted, picked):
    assert pick(LINES, wanted, LEFT, "sent") == picked


@pytest.mark.parametrize(
    ("wanted", "family", "words"),
    [
        ({"item_x": 1}, Invalid, "This order has no such line."),
        ({"item_a": 0}, Invalid, "Choose what is to be sent."),
        ({"item_a": 3}, Conflict, "Amber: only 2 can still be sent. Look at the order again."),
        ({"item_c": 1}, Conflict, "Clove: none can still be sent. Look at the order again."),
    ],
)
def test_what_cannot_be_picked_is_said(wanted, family, words):
    with pytest.raises(family) as refused:
        pick(LINES, wanted, LEFT, "sent")
    assert refused.value.message == words
    if words == "This order has no such line.":
        assert [(d.field, d.message) for d in refused.value.details] == [("quantities", "Name lines of this order.")]


def test_units_are_told_by_line_and_counted_by_variant():
    units = {1: 2, 2: 1, 3: 0}
    assert told(LINES, units) == ["2 of A", "1 of B"]
    assert by_variant(LINES, units) == {7: 3}
    assert by_variant(LINES, {3: 4}) == {8: 4}


def test_what_an_order_is_asked_about_itself():
    refunds = [Refund(amount=300, status="succeeded"), Refund(amount=500, status="failed"), Refund(amount=200)]
    order = Order(currency="USD", line_items=LINES, total_amount=900)
    order.__dict__["refunds"] = refunds
    assert (order.refunded.amount, order.total.amount) == (500, 900)
    assert order.line(2).sku == "B"
    parcel = Shipment(line_items=[ShipmentLineItem(quantity=2), ShipmentLineItem(quantity=3)])
    assert parcel.units == 5


@pytest.mark.parametrize(
    ("form", "field", "good", "bad"),
    [
        (ShipOrder, "carrier", "c" * 80, "c" * 81),
        (ShipOrder, "trackingNumber", "n" * 80, "n" * 81),
        (ShipOrder, "quantities", {"item_a": 9999}, {"item_a": 10_000}),
        (ShipOrder, "quantities", {"item_a": 0}, {"item_a": -1}),
        (ReceiveReturn, "reason", "r" * 500, "r" * 501),
        (OrderChange, "seen", "s" * 40, "s" * 41),
    ],
)
def test_the_forms_take_what_fits(form, field, good, bad):
    assert form.model_validate({field: good}).model_dump(by_alias=True)[field] == good
    with pytest.raises(ValidationError):
        form.model_validate({field: bad})


def test_empty_forms_mean_all_that_is_left():
    assert ShipOrder().model_dump() == {
        "form_key": None, "seen": None, "quantities": {}, "carrier": "", "tracking_number": "",
        "estimated_delivery": None,
    }  # fmt: skip
    assert ReceiveReturn().model_dump() == {
        "form_key": None, "seen": None, "quantities": {}, "restock": False, "reason": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("carrier", "address"),
    [
        ("Aramex", "https://www.aramex.com/track/results?ShipmentNumber=7"),
        ("FedEx Ground", "https://www.fedex.com/fedextrack/?trknbr=7"),
        ("USPS", "https://tools.usps.com/go/TrackConfirmAction?tLabels=7"),
    ],
)
def test_other_carriers_show_their_parcels_too(carrier, address):
    assert tracking_address(carrier, "7") == address


# -- asking for the link ----------------------------------------------------------------------------------------------


def ask(order, at, number=None):
    with frozen_time(at):
        ask_for_order_link(AskForLink(number=number or order.number, email="lina@example.com"))


def asked():
    db.session.rollback()
    kinds = ("order_link.requested", "order_link.refused")
    rows = db.session.scalars(db.select(OutboxEvent.type).where(OutboxEvent.type.in_(kinds)).order_by(OutboxEvent.id))
    return [row.removeprefix("order_link.") for row in rows]


def test_a_link_is_mailed_again_after_exactly_ten_minutes(order):
    start = transaction_time()
    for minutes in (0, 9.99, 10, 19.99, 20):
        ask(order, start + timedelta(minutes=minutes))
    assert asked() == ["requested", "refused", "requested", "refused", "requested"]


def test_five_links_a_day_are_the_most_and_a_day_is_a_day(order):
    start = transaction_time()
    for hours in (0, 1, 2, 3, 4, 5, 23.99, 24):
        ask(order, start + timedelta(hours=hours))
    assert asked() == ["requested"] * 5 + ["refused"] * 2 + ["requested"]


@by_hand
def test_what_was_refused_is_forgotten_after_a_day_once_the_relay_has_seen_it(order):
    start = transaction_time()
    for number in ("SKN-1", "SKN-2", order.number):
        ask(order, start, number)

    @operation
    def dispatch_one():
        first = db.select(db.func.min(OutboxEvent.id)).where(OutboxEvent.type == "order_link.refused").scalar_subquery()
        seen = OutboxEvent.id == first, OutboxEvent.type == "order_link.requested"
        db.session.execute(db.update(OutboxEvent).where(db.or_(*seen)).values(dispatched_at=start))

    dispatch_one()
    for late, forgotten in ((timedelta(days=1), 0), (timedelta(days=1, seconds=1), 1), (timedelta(days=2), 0)):
        with frozen_time(start + late):
            assert forget_refused_links() == forgotten
    assert asked() == ["refused", "requested"]


@pytest.mark.parametrize(("number", "email"), [("", "a@example.com"), ("N" * 33, "a@example.com"), ("N", "nobody")])
def test_asking_takes_a_number_and_an_address(number, email):
    AskForLink(number="N" * 32, email="a@example.com")
    with pytest.raises(ValidationError):
        AskForLink(number=number, email=email)


def test_the_sweep_cancels_what_another_buyer_ended(terms, variants):
    first = placed_order(terms, (variants[0], 10))
    with frozen_time(transaction_time() + timedelta(minutes=16)):
        assert cancel_unpaid_orders() == 1
    assert fresh(first, terms).status == "cancelled"
    assert db.session.scalar(db.select(db.func.count()).select_from(Variant)) == 2
