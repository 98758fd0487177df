"""The tables of the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time
from shop.money import Money

if TYPE_CHECKING:
    from shop.domain.inventory.models import StockItem

PRODUCT_STATUSES = ("draft", "active", "archived")
PICTURES_FOLDER = "pictures/"  # of the store: what lies there was made from uploads


class Category(Model):
    """A node of the category tree, with its own page."""

    __tablename__ = "categories"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("cat")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"), index=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int] = mapped_column(default=0)
    seo_title: Mapped[str] = mapped_column(String(255), default="")
    seo_description: Mapped[str] = mapped_column(String(500), default="")
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)

    __table_args__ = (CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_its_own_parent"),)


class Product(Model):
    """A thing with a page. It has at least one variant. `from_price_amount` is its cheapest variant's price."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("prod")
    slug: Mapped[str] = mapped_column(String(160), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text, default="")  # sanitised HTML
    brand: Mapped[str] = mapped_column(String(120), default="")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"), index=True)
    tags: Mapped[list[str]] = mapped_column(default=list)
    status: Mapped[str] = mapped_column(String(16), default="active")
    seo_title: Mapped[str] = mapped_column(String(255), default="")
    seo_description: Mapped[str] = mapped_column(String(500), default="")
    option_names: Mapped[list[str]] = mapped_column(default=list)  # axes of choice: ["Size", "Colour"]
    from_price_amount: Mapped[int] = mapped_column(default=0)  # kept by the catalogue's operations
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)

    category: Mapped[Category | None] = relationship(lazy="raise")
    variants: Mapped[list[Variant]] = relationship(
        back_populates="product", lazy="raise", order_by="Variant.position", cascade="save-update, merge"
    )
    images: Mapped[list[Image]] = relationship(lazy="raise", order_by="Image.position")
    attributes: Mapped[list[ProductAttribute]] = relationship(lazy="raise", order_by="ProductAttribute.position")
    listing: Mapped[Listing] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        CheckConstraint("status IN ('draft', 'active', 'archived')", name="status"),
        CheckConstraint("from_price_amount >= 0", name="from_price_not_negative"),
    )

    @property
    def from_price(self) -> Money:
        return Money(self.from_price_amount, self.currency)

    @property
    def is_active(self) -> bool:
        return self.status == "active"


class Variant(Model):
    """A purchasable choice of a product; `option_values` follow the product's `option_names`."""

    __tablename__ = "variants"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("var")
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    sku: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    option_values: Mapped[list[str]] = mapped_column(default=list)
    option_key: Mapped[str] = mapped_column(String(400), default="")  # the values as one text, unique in its product
    position: Mapped[int] = mapped_column(default=0)
    price_amount: Mapped[int]
    compare_at_amount: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3))
    weight_grams: Mapped[int] = mapped_column(default=0)
    requires_shipping: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)  # False: no longer offered, kept for its orders
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)

    product: Mapped[Product] = relationship(back_populates="variants", lazy="raise")
    stock: Mapped[StockItem] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("product_id", "option_key"),
        CheckConstraint("price_amount >= 0", name="price_not_negative"),
        CheckConstraint("compare_at_amount IS NULL OR compare_at_amount >= 0", name="compare_at_not_negative"),
        CheckConstraint("weight_grams >= 0", name="weight_not_negative"),
    )

    @property
    def full_name(self) -> str:
        """The product's name, with the variant's where there is a choice."""
        return self.product.name if self.name == "Default" else f"{self.product.name}, {self.name}"

    @property
    def price(self) -> Money:
        return Money(self.price_amount, self.currency)

    @property
    def compare_at(self) -> Money | None:
        """The former price where it is higher than the present one."""
        if self.compare_at_amount is None or self.compare_at_amount <= self.price_amount:
            return None
        return Money(self.compare_at_amount, self.currency)


class Image(Model):
    """A picture of a product. `file_name` is its key in the store; None until it was made of an upload.

    An upload (`upload_key` in quarantine) is waiting until a worker made the picture of it, has failed (another try may
    help) or was refused (no try will). A picture that an import only knows the address of has a `source_url` alone.
    """

    __tablename__ = "images"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("img")
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    variant_id: Mapped[int | None] = mapped_column(ForeignKey("variants.id"))
    file_name: Mapped[str | None] = mapped_column(String(255))
    source_url: Mapped[str | None] = mapped_column(String(2000))
    alt_text: Mapped[str] = mapped_column(String(500), default="")
    position: Mapped[int] = mapped_column(default=0)
    width: Mapped[int | None]
    height: Mapped[int | None]
    upload_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    upload_status: Mapped[str | None] = mapped_column(String(16))
    upload_error: Mapped[str] = mapped_column(String(500), default="")  # why it failed, for a person
    upload_attempts: Mapped[int] = mapped_column(default=0)
    upload_due_at: Mapped[datetime | None]  # when a worker may take it; while one has it, when that one is given up
    upload_asked_at: Mapped[datetime | None]  # when a worker was last asked to

    __table_args__ = (
        CheckConstraint(
            "file_name IS NOT NULL OR source_url IS NOT NULL OR upload_key IS NOT NULL", name="has_a_source"
        ),
        CheckConstraint("upload_status IN ('waiting', 'failed', 'refused')", name="upload_status"),
        CheckConstraint("(upload_key IS NULL) = (upload_status IS NULL)", name="upload_is_whole"),
        Index("ix_images_upload_status", "upload_status", "upload_due_at"),
    )


class RemovedImage(Model):
    """A picture that was taken from its product: for a while it can be put back, then its files are removed."""

    __tablename__ = "removed_images"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(40), unique=True)  # the picture's own
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    columns: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the row as it was
    folders: Mapped[list[str]] = mapped_column(default=list)  # of the store, with its files
    removed_at: Mapped[datetime] = mapped_column(default=transaction_time, index=True)


class ProductAttribute(Model):
    """One value of one attribute of a product, such as skin_types: "dry"."""

    __tablename__ = "product_attributes"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    name: Mapped[str] = mapped_column(String(80))  # lower snake case
    value: Mapped[str] = mapped_column(String(500))
    position: Mapped[int] = mapped_column(default=0)

    definition: Mapped[Attribute | None] = relationship(
        primaryjoin="foreign(ProductAttribute.name) == Attribute.name", lazy="raise", viewonly=True
    )

    __table_args__ = (
        UniqueConstraint("product_id", "name", "value"),
        Index("ix_product_attributes_name_value", "name", "value"),
    )


class Attribute(Model):
    """What is said about products under one name, such as skin_types: its label, its kind, whether lists filter by it.

    Defined by staff, or by the first product that has a value of that name.
    """

    __tablename__ = "attributes"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("attr")
    name: Mapped[str] = mapped_column(String(80), unique=True)  # lower snake case, as in ProductAttribute
    label: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(16), default="choice")
    unit: Mapped[str] = mapped_column(String(16), default="")
    is_filterable: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)

    __table_args__ = (CheckConstraint("kind IN ('choice', 'number', 'yes_no', 'text')", name="kind"),)


class Collection(Model):
    """A group of products with its own page: chosen one by one, or all that meet `rules`."""

    __tablename__ = "collections"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("col")
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text, default="")
    seo_title: Mapped[str] = mapped_column(String(255), default="")
    seo_description: Mapped[str] = mapped_column(String(500), default="")
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict)  # empty: its products are chosen one by one
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)


class CollectionProduct(Model):
    """A product that was chosen for a collection, and its place there."""

    __tablename__ = "collection_products"

    collection_id: Mapped[int] = mapped_column(ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(default=0)


class Listing(Model):
    """A product as lists show, filter and sort it, in one flat row; all of it follows from other tables.

    Written by the catalogue's operations in the transaction that changes what it follows from (`refresh_listings`).
    Ratings are kept by the reviews' operations, `sold_count` (units of the last 90 days) by a job. Stock is read live.
    """

    __tablename__ = "listings"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(16))
    name_key: Mapped[str] = mapped_column(String(255))  # the name folded, to sort by
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    price_amount: Mapped[int]  # of the cheapest variant on offer
    compare_at_amount: Mapped[int | None]  # of the same, where it is higher than the price
    highest_price_amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    variant_count: Mapped[int]  # variants on offer
    rating_sum: Mapped[int] = mapped_column(default=0)  # of approved reviews, 1 to 5 each
    rating_count: Mapped[int] = mapped_column(default=0)
    sold_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("rating_count >= 0", name="rating_count_not_negative"),
        CheckConstraint("rating_sum BETWEEN rating_count AND 5 * rating_count", name="rating_sum_fits_count"),
        Index("ix_listings_status_created_at", "status", "created_at", "product_id"),
        Index("ix_listings_status_price", "status", "price_amount", "product_id"),
        Index("ix_listings_status_name", "status", "name_key", "product_id"),
        Index("ix_listings_status_sold", "status", "sold_count", "product_id"),
        Index("ix_listings_category", "category_id", "status", "price_amount", "product_id"),
    )

    @property
    def rating_average(self) -> float | None:
        """The stars of an average review, 1 to 5 with two decimals; None without reviews."""
        return round(self.rating_sum / self.rating_count, 2) if self.rating_count else None


class FacetValue(Model):
    """A value by which lists can be narrowed: of the brand, a tag, an option or a filterable attribute of a product.

    Only products on sale have any."""

    __tablename__ = "facet_values"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)  # brand, tag, or an attribute's or option's name
    value: Mapped[str] = mapped_column(String(255), primary_key=True)

    __table_args__ = (Index("ix_facet_values_name_value", "name", "value", "product_id"),)


class FormerSlug(Model):
    """An address that a product, category or collection had: whoever comes by it is sent on (SEO-1)."""

    __tablename__ = "former_slugs"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    slug: Mapped[str] = mapped_column(String(160), primary_key=True)
    subject_id: Mapped[int]  # the row it leads to, in the table of its kind
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)

    __table_args__ = (CheckConstraint("kind IN ('product', 'category', 'collection')", name="kind"),)
