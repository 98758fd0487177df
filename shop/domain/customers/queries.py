"""Reading users."""

from __future__ import annotations

from sqlalchemy import select

from shop.db import db
from shop.domain.actors import Actor
from shop.domain.customers.models import User
from shop.errors import Detail, NotFound, Unknown


def public_id_of(user_id: int | None) -> str | None:
    """The name of a user outside; None for nobody."""
    return None if user_id is None else db.session.scalar(select(User.public_id).where(User.id == user_id))


def staff_of(email: str) -> Actor:
    """The member of staff with this e-mail address, as who acts. Raises NotFound."""
    user = db.session.scalars(select(User).filter_by(email=email.strip().lower(), is_active=True)).one_or_none()
    if user is None or not user.is_staff:
        raise NotFound(f"There is no member of staff with the address {email}.")
    return Actor("staff", user.id, permissions=user.permissions)


def check_own_customer(customer_id: str | None, actor: Actor) -> None:
    """Raise Unknown when a customer is named who is not the actor, in the same words for missing and foreign ones."""
    if customer_id is not None and customer_id != public_id_of(actor.customer_id):
        raise Unknown("This customer is not yours. Leave customerId out.", [Detail("customerId", "No such customer.")])
