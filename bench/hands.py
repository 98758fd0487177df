"""The hands behind a shop that a proof started: products, codes, staff, time and the audit, by its own operations.

`python -m bench.hands` works on the settings of the environment: each line it reads is a JSON list, the name of a
work and its arguments, and each line it prints is what came of it. One process for all of them, as a start takes long.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.payments.works import WORKS as OF_CARDS
from bench.products import make_product
from shop import ROOT, create_app
from shop.db import db, operation, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.audit_checks.run import run_audit
from shop.domain.checkout import cancel_unpaid_orders
from shop.domain.customers.operations import create_user, save_staff_role
from shop.domain.events import Email
from shop.domain.inventory.models import Reservation
from shop.domain.orders.models import Order
from shop.domain.outbox import undispatched_events
from shop.domain.promotions.codes import CodeWish, create_code

PASSWORD = "correct horse battery"  # noqa: S105


def make_products(count: int, stock: int) -> list[tuple[str, str]]:
    """So many products of one variant; the public ids of each and its variant."""
    return [make_product(stock) for _ in range(count)]


def make_code(uses: int) -> str:
    """A discount code of a tenth off that so many orders may use."""
    wish = {"code": f"PROOF-{secrets.token_hex(4)}", "kind": "percentage", "value": "10", "isActive": True}
    return create_code(CodeWish.model_validate({**wish, "maxUses": uses}), SYSTEM, "USD").code


def make_staff(count: int) -> list[str]:
    """The e-mail addresses of so many new members of staff who may do everything."""
    save_staff_role("Proofs", ["all"])
    emails = [f"staff-{secrets.token_hex(4)}@example.com" for _ in range(count)]
    for email in emails:
        create_user(email=email, password=PASSWORD, staff_role="Proofs")
    return emails


@operation
def end_holds() -> None:
    """Make every hold overdue by a second; who sweeps or needs the stock next will give it back."""
    over = transaction_time() - timedelta(seconds=1)
    held = db.update(Reservation).where(Reservation.status == "held").values(expires_at=over)
    db.session.execute(held.execution_options(synchronize_session=False))


def sweep_holds() -> int:
    """Cancel the orders whose hold is over, as the scheduler does each minute; how many."""
    return cancel_unpaid_orders()


def orders() -> list[tuple[str, str, str]]:
    """Public id, number and status of every order."""
    return [tuple(row) for row in db.session.execute(db.select(Order.public_id, Order.number, Order.status))]


def unsent_emails() -> int:
    """How many e-mails wait to be sent or were given up, and events whose e-mails are not written yet."""
    unsent = db.select(db.func.count()).select_from(Email).where(Email.status != "done")
    return (db.session.scalar(unsent) or 0) + len(undispatched_events())


def audit() -> str:
    """What `flask shop audit` checks: "clean", or each promise that is broken."""
    broken = [finding for finding in run_audit() if finding.rows]
    return "; ".join(f"{each.id} {each.promise}: {each.examples}" for each in broken) or "clean"


WORKS: dict[str, Callable[..., Any]] = {
    work.__name__: work
    for work in (make_products, make_code, make_staff, end_holds, sweep_holds, orders, unsent_emails, audit)
} | OF_CARDS


class Hands:
    """Such a process, on the settings given."""

    def __init__(self, environment: dict[str, str], folder: Path, module: str = "bench.hands") -> None:
        self._turn = threading.Lock()
        with (folder / "hands.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def do(self, work: str, *arguments: Any) -> Any:
        """Have a work done; what came of it. Raises RuntimeError where the process ended over it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with self._turn:
            self._process.stdin.write(json.dumps([work, *arguments]) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{work} failed; see hands.log in the folder of the shop")
        return json.loads(answer)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


def main() -> int:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with create_app().app_context():
        for line in sys.stdin:
            work, *arguments = json.loads(line)
            result = WORKS[work](*arguments)
            db.session.remove()
            print(json.dumps(result), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
