"""The demo's reviews: of what its delivered orders brought, and some that the shop brought along when it moved here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.db import db, frozen_time
from shop.demo.past_orders import settle_events
from shop.domain.actors import Actor
from shop.domain.catalog.models import Category, Product
from shop.domain.customers.models import User
from shop.domain.orders.models import Order
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import ModerateReview, WriteReview, moderate_review, submit_review
from shop.domain.reviews.queries import reviewables_of

WORDS = Path(__file__).with_name("reviews.json")
APPROVED = 120
WAITING = 4  # of the latest orders: what staff find to decide on
SILENT = 0.15  # of what was bought is never reviewed
KINDS = {
    "perfume": ("eau-de-parfum", "florals", "woods-amber"),
    "body": ("body-bath", "wash-soap", "oils-lotions"),
    "face": ("face-care", "cleansers", "serums-creams"),
    "hair": ("hair",),
    "home": ("candles-home", "candles", "diffusers-sprays"),
    "hands": ("hand-care",),
    "travel": ("travel-sizes",),
    "gifts": ("gifts-sets",),
}
KIND_OF = {category: kind for kind, categories in KINDS.items() for category in categories}
SIGNED = ("Maja", "T. Okafor", "Anselm K.", "Rania", "Jo", "Claire D.", "", "Mehmet A.", "Ines", "P. Lindqvist", "Hana")
REPLIES = {
    1: "We are sorry, and glad that the refund reached you. Write to us and we look for something gentler together.",
    2: "Thank you for saying it plainly. We have passed it on to who makes and who packs it.",
}


class _Voices:
    """What is said of each kind of product: every text in turn, so that no product has one twice in a row."""

    def __init__(self, dice: Random) -> None:
        texts: dict[str, list[list[object]]] = json.loads(WORDS.read_text(encoding="utf-8"))
        self.dice, self.texts = dice, {kind: dice.sample(said, len(said)) for kind, said in texts.items()}
        self.used: dict[int, set[str]] = {}
        self.categories = {key: slug for key, slug in db.session.execute(select(Category.id, Category.slug))}

    def next_for(self, product: Product, author_name: str = "") -> WriteReview:
        said = self.texts[KIND_OF[self.categories[product.category_id or 0]]]
        used = self.used.setdefault(product.id, set())
        fresh = next((text for text in said if str(text[2]) not in used), said[0])
        said.remove(fresh)
        said.append(fresh)
        used.add(str(fresh[2]))
        rating, title, body = fresh
        values = {"rating": rating, "title": title, "body": body, "authorName": author_name}
        return WriteReview.model_validate(values)


def write_past_reviews(since: Mapping[str, datetime], staff: User, now: datetime) -> int:
    """Write the reviews, each at its time, and decide on all but the last; returns how many are shown."""
    dice = Random(2027)
    voices, actor = _Voices(dice), Actor("staff", user_id=staff.id, permissions=frozenset({"all"}))
    products = _products(since)
    bought = [
        (order, row.line.product_public_id)
        for order in _delivered_orders()
        for row in reviewables_of(order)
        if dice.random() > SILENT
    ][-(APPROVED + WAITING) :]
    for place, (order, product_id) in enumerate(bought):
        moment = min(order.updated_at + timedelta(days=dice.uniform(2, 9)), now - timedelta(hours=len(bought) - place))
        with frozen_time(moment):
            review = submit_review(order.id, product_id, voices.next_for(products[product_id]))
        if place < len(bought) - WAITING:
            _approve(review, actor, moment, now)
    shown = max(len(bought) - WAITING, 0)
    _bring_along(APPROVED - shown, list(products.values()), since, voices, actor, now)
    settle_events()
    return APPROVED


def _products(since: Mapping[str, datetime]) -> dict[str, Product]:
    statement = select(Product).where(Product.slug.in_(since)).order_by(Product.id)
    return {product.public_id: product for product in db.session.scalars(statement)}


def _delivered_orders() -> Sequence[Order]:
    statement = select(Order).where(Order.status == "delivered").order_by(Order.id)
    return db.session.scalars(statement.options(selectinload(Order.line_items))).all()


def _approve(review: Review, actor: Actor, written_at: datetime, now: datetime) -> None:
    with frozen_time(min(written_at + timedelta(hours=19), now)):
        wish = {"decision": "approve", "reply": REPLIES.get(review.rating, "")}
        moderate_review(review.public_id, ModerateReview.model_validate(wish), actor)


def _bring_along(
    count: int, products: list[Product], since: Mapping[str, datetime], voices: _Voices, actor: Actor, now: datetime
) -> None:
    """Reviews without an order, written elsewhere before; they are shown without the mark of a verified purchase."""
    weights = [6 if "bestseller" in product.tags else 1 for product in products]
    for product in voices.dice.choices(products, weights, k=count):
        moment = now - (now - since[product.slug]) * voices.dice.uniform(0.1, 0.95)
        words = voices.next_for(product, voices.dice.choice(SIGNED))
        with frozen_time(moment):
            review = Review(product_id=product.id, **words.model_dump())
            db.session.add(review)
            db.session.flush()
        _approve(review, actor, moment, now)
