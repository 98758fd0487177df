"""`flask shop audit --repair`: what follows from other rows is made anew; the rest is explained, and left to people.

Never repaired: money, the ledger of stock, the history of an order, the audit log. They say what happened; a program
that makes them fit would hide it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from shop.domain.actors import Actor
from shop.domain.audit_checks.check import Finding
from shop.domain.audit_checks.repair_catalog import recompute_from_prices, recount_ratings, refresh_wrong_listings
from shop.domain.audit_checks.repair_messages import (
    Delays,
    dispatch_waiting_events,
    free_stuck_emails,
    set_straight_emails,
    write_missing_emails,
)
from shop.domain.audit_checks.repair_stock import end_orphaned_holds, mark_ordered_carts, recount_reserved
from shop.domain.outbox import NO_DELAYS

Repair = Callable[[Actor], Iterator[str]]


def _repairs(delays: Delays) -> dict[str, Repair]:
    """What puts each promise right, in the order in which they lean on each other."""
    return {
        "A cart is ordered when, and only when, it has its one order": mark_ordered_carts,
        "A hold has a pending order or open cart and ends within 60 minutes; a promise has a confirmed order": (
            end_orphaned_holds
        ),
        "0 <= reserved <= on hand": recount_reserved,
        "Reserved units are those of the held and promised reservations": recount_reserved,
        "Every dispatched event has a row for each effect": partial(write_missing_emails, delays=delays),
        "No event waits for its dispatch": partial(dispatch_waiting_events, delays=delays),
        "An e-mail is due, leased until a time, sent at a time, or given up": set_straight_emails,
        "No e-mail is stuck beyond its lease or due time": free_stuck_emails,
        "A product's from-price is the lowest price of its variants on offer": recompute_from_prices,
        "Lists have every product as it is, and can be narrowed by what it has": refresh_wrong_listings,
        "A product's average and count are those of its approved reviews": recount_ratings,
    }


REPAIRABLE = frozenset(_repairs(NO_DELAYS))

# What to look at, by the invariant that is broken and cannot be put right by a program.
ADVICE = {
    "I01": "Something wrote past the shop, or a migration is missing: run flask db upgrade, and compare with a backup.",
    "I02": "Compare the order with its invoice and e-mail; the amounts as sold are in no other row.",
    "I05": "Compare the order with its invoice and e-mail; the discount as given is in no other row.",
    "I06": "Look at the payment at its provider: it names the currency that was taken.",
    "I07": "Look the order's payments up at the provider, and pay back what was taken twice.",
    "I08": "Look the payment up at the provider: what it has taken is true. Then run flask payments reconcile.",
    "I09": "Look at the payment and its refunds at the provider before anything else is paid back.",
    "I10": "Look at the payment at its provider, or ask who collected the cash; then correct the order in the admin.",
    "I11": "Run flask payments reconcile; if it stays, look the payment up at the provider and pay it back.",
    "I12": "Do not send the goods before the payment was looked at: its amount is not the order's.",
    "I13": "Stop the parcel if it is still there, and ask for the money: nobody has paid or promised to.",
    "I14": "Two payments name one charge: look it up at the provider and pay back what was taken twice.",
    "I15": "Look at the open payments at the provider and cancel those that are not of this order's present state.",
    "I16": "Count the shelf and correct the stock in the admin: there is less than is promised.",
    "I17": "Count the shelf and correct the stock in the admin: more is reserved than is there.",
    "I18": "Count the shelf and correct the stock in the admin; the ledger says what came and went, and who moved it.",
    "I19": "Compare the order's parcel with its lines: what left the house and what the ledger has differ.",
    "I20": "Look at the order: it needs units that are not promised to it, or keeps some that it does not need.",
    "I21": "Look at the order's history for when its units were sent or given back.",
    "I24": "Look at the orders of the cart: a doubled one is to be cancelled, a missing one is in a backup.",
    "I25": "Look at the orders of the key or form: a doubled one is to be cancelled and paid back.",
    "I26": "The order's history does not fit its state: find in the audit log and server log what moved it.",
    "I27": "Numbers come from the order's key: find out what wrote to the table.",
    "I28": "Compare the code's uses with its orders in the admin; pause it until they agree.",
    "I29": "Find in the server log, by the time of the entry, who made the move.",
    "I35": "An event is missing, doubled or tells of what did not happen: find its request in the server log.",
    "I36": "The row says neither that it was sent nor that it is to be: look for it in the mail server's log.",
    "I37": "See what the event's last error says, put that right, then run flask payments retry-events.",
    "I39": "A customer got a message twice, or will: give up the one that is not sent yet.",
    "I44": "The log or its guards were tampered with, or a restore left triggers out: compare with the migrations.",
    "X02": "A row names one that is gone: bring it back from a backup, or find what deleted past the shop.",
    "X03": "The product has no row in lists: run flask catalog refresh.",
    "X04": "Hide the review in the admin if it is not of a buyer.",
    "X11": "Staff settle it in the admin or at the provider; its sentence says what differs.",
    "X10": "Open the tax zone in the admin and save it again with the places and rates that it should have.",
}
OTHERWISE = "Find in the audit log and the server log what wrote these rows, and compare them with a backup."


def repair(findings: Sequence[Finding], actor: Actor, *, delays: Delays = NO_DELAYS) -> Iterator[str]:
    """Put right what these findings say is broken and other rows say how, a sentence for each thing done.

    Each is a transaction of its own, written in the audit log under `actor`; what is right already is left alone, so
    that doing it twice does no harm. `delays` says by kind how long after its event an e-mail is due.
    """
    broken = {finding.promise for finding in findings if finding.rows}
    done: set[Repair] = set()
    for promise, put_right in _repairs(delays).items():
        if promise in broken and put_right not in done:
            done.add(put_right)
            yield from put_right(actor)


def advice_for(finding: Finding) -> str:
    """What to look at where an invariant stays broken."""
    return ADVICE.get(finding.id, OTHERWISE)
