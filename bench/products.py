"""Products for proofs and benchmarks."""

from __future__ import annotations

import secrets

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.catalog.drafts import ProductDraft, VariantDraft
from shop.domain.catalog.models import Product, Variant
from shop.domain.catalog.operations import save_category, save_product
from shop.money import Money


def make_product(stock: int, price: str = "20.00") -> tuple[str, str]:
    """A new product of one variant; its public id and its variant's."""
    name = secrets.token_hex(4)
    variant = VariantDraft(sku=f"PROOF-{name}", price=Money.parse(price, "USD"), stock=stock)
    save_category("proofs", "Proofs")
    draft = ProductDraft(slug=f"proof-{name}", name=f"Proof {name}", variants=(variant,), category_slug="proofs")
    save_product(draft, SYSTEM)
    ids = db.select(Product.public_id, Variant.public_id).join(Variant).where(Product.slug == f"proof-{name}")
    product_id, variant_id = db.session.execute(ids).one()
    return product_id, variant_id
