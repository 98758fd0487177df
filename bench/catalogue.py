"""A catalogue of any size, written in bulk, the same each time: products with all that lists and searches look at."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from shop.db import db, new_public_id, operation
from shop.domain.catalog.listings import facet_values_of, listing_values
from shop.domain.catalog.models import (
    Attribute,
    Category,
    FacetValue,
    Image,
    Listing,
    Product,
    ProductAttribute,
    Variant,
)
from shop.domain.catalog.operations import save_category
from shop.domain.inventory.models import StockItem, StockMovement

FIRST_WORDS = [
    *("amber", "birch", "cedar", "dune", "elder", "fern", "grove", "hazel", "iris", "juniper"),
    *("linden", "moss", "neroli", "oak", "pine", "rose", "sage", "thyme"),
]
THINGS = [
    *("balm", "bath", "candle", "cleanser", "cream", "essence", "gel", "lotion", "mask", "mist"),
    *("oil", "powder", "salt", "scrub", "serum", "soap", "toner", "wash"),
]
SIZES = ["30 ml", "50 ml", "100 ml", "200 ml"]
SKINS = ["dry", "oily", "normal", "sensitive"]
NOTES = [f"{first} {second}" for first in FIRST_WORDS[:8] for second in ("leaf", "bark", "bloom")]
CATEGORIES = 20
BATCH = 2000
FILTERABLE = frozenset({"skin_types", "notes"})


def make_catalogue(count: int, seed: int = 1) -> None:
    """Bring the catalogue to `count` products: 20 categories, 40 brands, 1 to 3 variants each; half of it in "half"."""
    have = db.session.scalar(db.select(db.func.count()).select_from(Product)) or 0
    if not have:
        for number in range(CATEGORIES):
            save_category(f"category-{number}", f"Category {number}")
        save_category("half", "Half of all")
        _define_attributes()
    ids = dict(db.session.execute(db.select(Category.slug, Category.id)).all())
    db.session.rollback()
    for start in range(have, count, BATCH):
        _write(range(start, min(start + BATCH, count)), ids, seed)
    _analyse()


@operation
def _define_attributes() -> None:
    for position, (name, label) in enumerate((("skin_types", "Skin types"), ("notes", "Notes")), 1):
        db.session.add(Attribute(name=name, label=label, position=position))


@operation
def _write(numbers: range, categories: dict[str, int], seed: int) -> None:
    rows: dict[Any, list[dict[str, Any]]] = {
        table: []
        for table in (Product, Variant, StockItem, StockMovement, Image, ProductAttribute, Listing, FacetValue)
    }
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for number in numbers:
        dice = random.Random(seed * 1_000_003 + number)
        _add_product(rows, number, dice, categories, now + timedelta(seconds=number))
    for table, values in rows.items():
        if values:
            db.session.execute(db.insert(table), values)


def _add_product(
    rows: dict[Any, list], number: int, dice: random.Random, categories: dict[str, int], at: datetime
) -> None:
    name = f"{dice.choice(FIRST_WORDS)} {dice.choice(THINGS)} {number}".capitalize()
    category = categories["half"] if number % 2 else categories[f"category-{dice.randrange(CATEGORIES)}"]
    product = Product(
        id=number + 1,
        public_id=new_public_id("prod"),
        slug=f"thing-{number}",
        name=name,
        description="<p>A thing of the bench, as good as any other.</p>",
        brand=f"Brand {dice.randrange(40):02}",
        category_id=category,
        tags=dice.sample(["gift", "new", "vegan", "travel", "refill", "classic"], 2),
        status="active",
        option_names=["Size"],
        currency="USD",
        created_at=at,
        updated_at=at,
    )
    price, variants = dice.randrange(500, 20_000, 50), []
    for place, size in enumerate(dice.sample(SIZES, dice.randint(1, 3))):
        variant = Variant(
            id=number * 3 + place + 1,
            public_id=new_public_id("var"),
            product_id=product.id,
            sku=f"BENCH-{number}-{place}",
            name=size,
            option_values=[size],
            option_key=size,
            position=place,
            price_amount=price + place * 500,
            compare_at_amount=price * 2 if dice.random() < 0.1 else None,
            currency="USD",
            weight_grams=100,
            is_active=True,
            requires_shipping=True,
            created_at=at,
            updated_at=at,
        )
        variants.append(variant)
        units = dice.choice([0, 3, 50, 50])
        rows[StockItem].append({"variant_id": variant.id, "on_hand": units, "reserved": 0})
        if units:
            receipt = {"kind": "receipt", "quantity": units, "reference": f"bench:{variant.id}", "actor": "system"}
            rows[StockMovement].append({"variant_id": variant.id, **receipt})
    product.from_price_amount = price
    pairs = [("skin_types", dice.choice(SKINS)), *(("notes", note) for note in dice.sample(NOTES, 2))]
    attributes = [
        ProductAttribute(product_id=product.id, name=key, value=value, position=place)
        for place, (key, value) in enumerate(pairs)
    ]
    rows[Product].append(_columns(product))
    rows[Variant] += [_columns(variant) for variant in variants]
    rows[ProductAttribute] += [_columns(attribute) for attribute in attributes]
    picture = {"product_id": product.id, "file_name": f"bench/{number}.svg", "alt_text": name, "position": 0}
    rows[Image].append(picture)
    sold = {"sold_count": dice.randrange(100), "rating_sum": 8, "rating_count": 2}
    rows[Listing].append({"product_id": product.id, **listing_values(product, variants), **sold})
    rows[FacetValue] += [
        {"product_id": product.id, "name": key, "value": value}
        for key, value in sorted(facet_values_of(product, variants, attributes, FILTERABLE))
    ]


def _columns(row: Any) -> dict[str, Any]:
    """What was given to the row, for an insert of many; what was not has its default."""
    return {column.name: vars(row)[column.name] for column in row.__table__.columns if column.name in vars(row)}


@operation
def _analyse() -> None:
    """What the database does by itself now and then: look at how many rows of what there are."""
    db.session.execute(db.text("ANALYZE"))
    if db.session().get_bind().dialect.name == "postgresql":
        for table, column in (("products", "id"), ("variants", "id")):
            db.session.execute(
                db.text(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) FROM {table}")
            )
