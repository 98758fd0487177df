"""Using discount codes up and giving them back: each by one conditional UPDATE (reliability.md D18)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnExpressionArgument, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shop.db import changed_rows, db, operation, transaction_time
from shop.domain.promotions.models import DiscountCode, DiscountCustomer, DiscountRedemption
from shop.domain.promotions.queries import used_by_customer, used_up


@operation
def redeem_code(code: DiscountCode, order_id: int, amount: int, customers: Sequence[str]) -> None:
    """Take one use of the code for an order, which it spares `amount` minor units.

    Raises Gone when the last use is gone, in total or of this customer: the last one is won by one order only.
    """
    _take_use(code, customers, DiscountCode.is_active)
    db.session.add(DiscountRedemption(code_id=code.id, order_id=order_id, customers=sorted(customers), amount=amount))
    db.session.flush()


def _take_use(code: DiscountCode, customers: Sequence[str], *conditions: ColumnExpressionArgument[bool]) -> None:
    taken = update(DiscountCode).where(DiscountCode.id == code.id, *conditions)
    taken = taken.where(or_(DiscountCode.max_uses.is_(None), DiscountCode.used < DiscountCode.max_uses))
    # `updated_at` stays: a use is no change that staff would have to look at before they save.
    values = {"used": DiscountCode.used + 1, "updated_at": DiscountCode.updated_at}
    if changed_rows(db.session.execute(taken.values(values).execution_options(synchronize_session=False))) != 1:
        raise used_up(code)
    for customer in sorted(customers):
        if not _count_customer(code, customer):
            raise used_by_customer(code)


def _count_customer(code: DiscountCode, customer: str) -> bool:
    """One use more by this customer; False where that is one too many."""
    insert = postgresql.insert if db.session().get_bind().dialect.name == "postgresql" else sqlite.insert
    fewer = None if code.max_uses_per_customer is None else DiscountCustomer.used < code.max_uses_per_customer
    statement = insert(DiscountCustomer).values(code_id=code.id, customer=customer, used=1)
    counted = statement.on_conflict_do_update(
        index_elements=["code_id", "customer"], set_={"used": DiscountCustomer.used + 1}, where=fewer
    )
    return db.session.execute(counted.returning(DiscountCustomer.used)).one_or_none() is not None


@operation
def release_code(order_id: int) -> None:
    """Give back the use that a cancelled order held; an order without one, or whose was given back, changes nothing."""
    held = db.session.scalars(
        update(DiscountRedemption)
        .where(DiscountRedemption.order_id == order_id, DiscountRedemption.released_at.is_(None))
        .values(released_at=transaction_time())
        .returning(DiscountRedemption)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if held is None:
        return
    back = {"used": DiscountCode.used - 1, "updated_at": DiscountCode.updated_at}
    db.session.execute(
        update(DiscountCode)
        .where(DiscountCode.id == held.code_id)
        .values(back)
        .execution_options(synchronize_session=False)
    )
    for customer in sorted(held.customers):
        own = DiscountCustomer.code_id == held.code_id, DiscountCustomer.customer == customer
        db.session.execute(update(DiscountCustomer).where(*own).values(used=DiscountCustomer.used - 1))


@operation
def retake_code(order_id: int) -> None:
    """Take again the use that a cancelled order gave back, since it was paid after all; also of a code now paused.

    An order without a code changes nothing. Raises Gone when the last use is another order's meanwhile.
    """
    given_back = select(DiscountRedemption).where(
        DiscountRedemption.order_id == order_id, DiscountRedemption.released_at.is_not(None)
    )
    redemption = db.session.scalars(given_back.with_for_update()).one_or_none()
    if redemption is None:
        return
    _take_use(db.session.get_one(DiscountCode, redemption.code_id), redemption.customers)
    redemption.released_at = None
    db.session.flush()
