"""The demo shop's contents: its catalogue with pictures, people who can sign in, the orders of 90 days and reviews."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select

from shop.db import db, end_read, frozen_time, operation, transaction_time
from shop.demo.looks import HEIGHT, WIDTH, file_names, portrait_of
from shop.demo.past_orders import Shopper, place_past_orders
from shop.demo.past_reviews import write_past_reviews
from shop.demo.place import PICTURES, stored_name
from shop.domain.actors import SYSTEM
from shop.domain.catalog.collections import SaveCollection, save_collection, set_collection_products
from shop.domain.catalog.drafts import ImageDraft, ProductDraft, VariantDraft
from shop.domain.catalog.models import Product
from shop.domain.catalog.operations import save_category, save_product
from shop.domain.customers.models import User
from shop.domain.customers.operations import create_user, save_staff_role
from shop.domain.orders.sold import recount_sold
from shop.domain.promotions.codes import CodeWish, create_code
from shop.domain.search.index import index_all_queued, queue_whole_catalogue
from shop.domain.search.synonyms import save_synonym
from shop.domain.terms import Terms
from shop.domain.wishlists.operations import SaveForLater, add_to_wish_list, make_wish_list, new_key
from shop.money import Money

CATALOGUE = Path(__file__).with_name("catalogue.json")
PEOPLE = Path(__file__).with_name("people.json")
ADMIN = ("admin@example.com", "demo-admin-password")
CUSTOMER = ("lina@example.com", "demo-customer-password")
CATALOGUE_DAYS = 300
STRIDE = 7
NEWCOMERS_CODE = "WELCOME10"
WISHES = 4
GUESTS = 8  # of the people, this many order without an account


class Store(Protocol):
    """Where pictures are kept."""

    def save(self, name: str, data: bytes) -> None: ...


def seed_demo(terms: Terms, store: Store, *, echo: Callable[[str], object]) -> bool:
    """Fill the shop with the demo, all or nothing; False when it was filled before and nothing is done."""
    is_seeded = db.session.scalar(select(User.id).filter_by(email=ADMIN[0])) is not None
    end_read()
    if is_seeded:
        echo("The demo is in the shop already: nothing to do.")
        return False
    catalogue = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    people = json.loads(PEOPLE.read_text(encoding="utf-8"))
    echo(f"{_save_pictures(store)} files of pictures.")
    fill_demo_shop(catalogue, people, terms, echo)
    for words in catalogue["synonyms"]:
        save_synonym(words, SYSTEM)
    queue_whole_catalogue()
    index_all_queued()
    echo(f"Sign in as {CUSTOMER[0]} with {CUSTOMER[1]}, as staff as {ADMIN[0]} with {ADMIN[1]}.")
    return True


def _save_pictures(store: Store) -> int:
    """Copy the demo's pictures, drawn by `make pictures`, into the store; returns how many files they are."""
    files = sorted(PICTURES.glob("*.*"))
    for file in files:
        store.save(stored_name(file.name), file.read_bytes())
    return len(files)


@operation
def fill_demo_shop(
    catalogue: dict[str, Any], people: list[dict[str, str]], terms: Terms, echo: Callable[[str], object]
) -> None:
    """Save the demo's catalogue, people and orders in one transaction, as if it had all happened in its time."""
    now = transaction_time()
    for position, entry in enumerate(catalogue["categories"]):
        save_category(entry["slug"], entry["name"], entry["description"], entry["parent"], position)
    since = _save_products(catalogue["products"], terms.currency, now)
    _save_collections(catalogue["collections"], terms.currency)
    echo(f"{len(catalogue['categories'])} categories and {len(since)} products.")
    admin, shoppers = _save_people(people, now)
    echo(f"{len(shoppers)} customers and one member of staff.")
    with frozen_time(now - timedelta(days=CATALOGUE_DAYS)):
        for wish in catalogue["discount_codes"]:
            create_code(CodeWish.model_validate_strings(wish), SYSTEM, terms.currency)
    placed = place_past_orders(shoppers, since, admin, terms, now, NEWCOMERS_CODE)
    _save_wishes(shoppers[0], since)
    recount_sold()
    echo(f"{placed} orders of the last 90 days.")
    if placed:
        echo(f"{write_past_reviews(since, admin, now)} reviews.")


def _save_products(entries: list[dict[str, Any]], currency: str, now: datetime) -> dict[str, datetime]:
    """Save the products evenly over the last 300 days; returns slug -> since when."""
    # The file goes category by category; in strides its neighbours lie months apart, as in a shop that grew.
    strided = [entry for start in range(STRIDE) for entry in entries[start::STRIDE]]
    strided.sort(key=lambda entry: "new" in entry["tags"])
    since: dict[str, datetime] = {}
    for place, entry in enumerate(strided):
        moment = now - timedelta(days=CATALOGUE_DAYS * (1 - place / len(strided)))
        with frozen_time(moment):
            save_product(_draft(entry, currency), SYSTEM)
        since[entry["slug"]] = moment
    return since


def _save_collections(entries: list[dict[str, Any]], currency: str) -> None:
    for position, entry in enumerate(entries):
        rules = dict(entry.get("rules", {}))
        if "maxPrice" in rules:
            rules["maxPrice"] = Money.parse(rules["maxPrice"], currency).amount
        told = {name: entry[name] for name in ("slug", "name", "description")}
        wanted = {**told, "position": position, "rules": rules or None}
        save_collection(SaveCollection.model_validate(wanted), SYSTEM)
        if "products" in entry:
            named = Product.slug.in_(entry["products"])
            rows = db.session.execute(select(Product.slug, Product.public_id).where(named))
            ids = {slug: public_id for slug, public_id in rows}
            set_collection_products(entry["slug"], [ids[slug] for slug in entry["products"]], SYSTEM)


def _draft(entry: dict[str, Any], currency: str) -> ProductDraft:
    return ProductDraft(
        slug=entry["slug"],
        name=entry["name"],
        variants=tuple(_variant(variant, currency) for variant in entry["variants"]),
        option_names=tuple(entry["options"]),
        description=entry["description"],
        brand=entry["brand"],
        category_slug=entry["category"],
        tags=tuple(entry["tags"]),
        status="active",
        seo_title=entry.get("seo_title", ""),
        seo_description=entry.get("seo_description", ""),
        images=_images(entry),
        attributes=tuple((name, value) for name, values in entry["attributes"].items() for value in values),
    )


def _images(entry: dict[str, Any]) -> tuple[ImageDraft, ...]:
    portrait = portrait_of(entry)
    return tuple(
        ImageDraft(file_name=stored_name(name), alt_text=portrait.alt_text(view), width=WIDTH, height=HEIGHT)
        for view, name in enumerate(file_names(entry["slug"]), 1)
    )


def _variant(entry: dict[str, Any], currency: str) -> VariantDraft:
    return VariantDraft(
        sku=entry["sku"],
        price=Money.parse(entry["price"], currency),
        option_values=tuple(entry["option_values"]),
        compare_at=Money.parse(entry["compare_at"], currency) if entry["compare_at"] else None,
        weight_grams=entry["weight_grams"],
        stock=entry["stock"],
    )


def _save_wishes(shopper: Shopper, slugs: Iterable[str]) -> None:
    """What the customer to sign in as has put on her wish list."""
    named = Product.slug.in_(itertools.islice(slugs, WISHES))
    wish_list = make_wish_list(shopper.actor, new_key())
    for public_id in db.session.scalars(select(Product.public_id).where(named).order_by(Product.id)).all():
        add_to_wish_list(wish_list.id, SaveForLater(productId=public_id))


def _save_people(people: list[dict[str, str]], now: datetime) -> tuple[User, list[Shopper]]:
    """The owner of the shop, and who buys there: the customer to sign in as, others with an account, and guests."""
    save_staff_role("Owner", ["all"])
    with frozen_time(now - timedelta(days=CATALOGUE_DAYS)):
        admin = create_user(email=ADMIN[0], password=ADMIN[1], first_name="Ada", last_name="Owner", staff_role="Owner")
    lina = {**people[0], "first_name": "Lina", "last_name": "Haddad", "email": CUSTOMER[0], "phone": "+962 79 555 0100"}
    shoppers = [Shopper(lina, _account(lina, CUSTOMER[1], now - timedelta(days=120)))]
    for place, person in enumerate(people):
        has_account = place < len(people) - GUESTS
        # Nobody signs in as these: they are there to be looked at.
        password, joined = secrets.token_urlsafe(24), now - timedelta(days=95 + 7 * place)
        shoppers.append(Shopper(person, _account(person, password, joined) if has_account else None))
    return admin, shoppers


def _account(person: dict[str, str], password: str, joined: datetime) -> int:
    with frozen_time(joined):
        user = create_user(
            email=person["email"],
            password=password,
            first_name=person["first_name"],
            last_name=person["last_name"],
            phone=person["phone"],
        )
    return user.id
