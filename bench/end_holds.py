"""Let the time of every hold be over, on the settings of the environment: `python -m bench.end_holds`."""

from __future__ import annotations

from datetime import timedelta

from shop import create_app
from shop.db import db, operation, transaction_time
from shop.domain.inventory.models import Reservation


@operation
def end_holds() -> None:
    """Make every hold overdue by a second; who sweeps or needs the stock next will give it back."""
    over = transaction_time() - timedelta(seconds=1)
    held = db.update(Reservation).where(Reservation.status == "held").values(expires_at=over)
    db.session.execute(held.execution_options(synchronize_session=False))


if __name__ == "__main__":
    with create_app().app_context():
        end_holds()
