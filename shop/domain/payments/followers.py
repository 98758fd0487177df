"""What else is kept in step with the provider: disputes, which staff must answer, and subscriptions (PAY-6)."""

from __future__ import annotations

from sqlalchemy import select

from shop.db import db, operation, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.audit.operations import record_change
from shop.domain.customers.models import User
from shop.domain.orders.changes import lock_order
from shop.domain.payments.differences import end_difference, note_difference
from shop.domain.payments.models import Dispute, Payment, Subscription
from shop.errors import NotFound
from shop.payment_provider import ProviderDispute, ProviderSubscription


@operation
def take_dispute(answer: ProviderDispute) -> None:
    """Make the row of a dispute what the provider says now; while it is open, staff have it to do until its deadline.

    Raises NotFound where it is of no payment of this shop.
    """
    found = select(Payment.id, Payment.order_id).where(Payment.provider_reference == answer.intent_id)
    row = db.session.execute(found).one_or_none()
    if row is None:
        raise NotFound(f"The dispute {answer.id} is of no payment of this shop.")
    order, now = lock_order(row.order_id), transaction_time()
    dispute = db.session.scalars(
        select(Dispute).filter_by(provider_reference=answer.id).execution_options(populate_existing=True)
    ).one_or_none()
    before = {"status": dispute.status} if dispute is not None else {}
    if dispute is None:
        dispute = Dispute(
            order_id=order.id, payment_id=row.id, provider_reference=answer.id, created_at=now, amount=0, currency=""
        )
        db.session.add(dispute)
    is_news = before.get("status") != answer.status
    dispute.status, dispute.reason, dispute.is_closed = answer.status[:40], answer.reason[:80], answer.is_closed
    dispute.amount, dispute.currency = answer.amount.amount, answer.amount.currency
    dispute.evidence_due_at, dispute.updated_at = answer.evidence_due_at, now
    db.session.flush()
    if is_news:
        after = {"status": answer.status, "reason": answer.reason, "amount": answer.amount.format()}
        record_change(SYSTEM, "payment.disputed", "order", order.public_id, before, after)
    if answer.is_closed:
        end_difference("dispute", answer.id, f"The bank closed it: {answer.status}.")
    else:
        sentence = (
            f"Order {order.number}: the customer's bank wants {answer.amount.format()} back ({answer.reason})."
            " Answer it at the payment provider."
        )
        note_difference("dispute", answer.id, sentence, order_id=order.id, due_at=answer.evidence_due_at)


@operation
def take_subscription(answer: ProviderSubscription) -> None:
    """Make the row of a subscription what the provider says now."""
    now = transaction_time()
    row = db.session.scalars(
        select(Subscription)
        .filter_by(provider_reference=answer.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        row = Subscription(provider_reference=answer.id, created_at=now, customer_reference="", status="")
        db.session.add(row)
    row.customer_reference, row.status = answer.customer, answer.status[:24]
    row.user_id = db.session.scalar(select(User.id).where(User.provider_customer == answer.customer))
    row.current_period_ends_at, row.ends_with_period = answer.current_period_ends_at, answer.ends_with_period
    row.updated_at = now
