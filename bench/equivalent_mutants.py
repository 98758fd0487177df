"""Mutants that no test can find, as nobody can see a difference: by module and name, each with its reason."""

from __future__ import annotations

EQUIVALENT: dict[str, dict[str, str]] = {
    "shop/domain/inventory/operations.py": {
        "_end_promises: left out: break -> continue": "what follows takes 0 units, and goes on likewise",
        "orders_with_overdue_holds: left out Reservation.status == 'held': "
        "select(Reservation.order_id).where(Reservation.status == 'held', Re…": "holds alone have an end; it is said "
        "for the index",
    },
    "shop/domain/orders/operations.py": {
        "ask_for_order_link: swapped: select(Order.public_id, Order.email) -> select(Order.email, Order.public_id)": (
            "the row is read by the names of its columns"
        ),
    },
}
