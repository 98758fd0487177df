"""Prints how many orders there are, how many of them confirmed, and how many e-mails are sent and not sent."""

from __future__ import annotations

from sqlalchemy import func, select

from shop import create_app
from shop.db import db
from shop.domain.events import Email
from shop.domain.orders.models import Order

if __name__ == "__main__":
    with create_app().app_context():
        orders = db.session.scalar(select(func.count()).select_from(Order))
        confirmed = db.session.scalar(select(func.count()).select_from(Order).where(Order.status == "confirmed"))
        sent = db.session.scalar(select(func.count()).select_from(Email).where(Email.status == "done"))
        unsent = db.session.scalar(select(func.count()).select_from(Email).where(Email.status != "done"))
        print(orders, confirmed, sent, unsent)
