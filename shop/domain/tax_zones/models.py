"""The tables of tax zones and their rates."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time
from shop.domain.catalog.models import Category

WHOLE = 1_000_000  # parts per million


class TaxZone(Model):
    """Places that tax alike. While any zone is active, a place in none of them is not taxed at all."""

    __tablename__ = "tax_zones"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("taxzone")
    name: Mapped[str] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    prices_include_tax: Mapped[bool] = mapped_column(default=False)
    rounding: Mapped[Literal["line", "order"]] = mapped_column(String(8), default="line")
    shipping_is_taxed: Mapped[bool] = mapped_column(default=True)  # at the standard rate
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)

    places: Mapped[list[TaxZonePlace]] = relationship(lazy="raise", viewonly=True, order_by="TaxZonePlace.id")
    rates: Mapped[list[TaxRate]] = relationship(lazy="raise", viewonly=True, order_by="TaxRate.id")

    __table_args__ = (CheckConstraint("rounding IN ('line', 'order')", name="rounding"),)


class TaxZonePlace(Model):
    """A country that a zone covers, or a region of it, which beats the country. `region_key` is how it is compared."""

    __tablename__ = "tax_zone_places"

    id: Mapped[int] = mapped_column(primary_key=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("tax_zones.id", ondelete="CASCADE"))
    country: Mapped[str] = mapped_column(String(2))
    region: Mapped[str] = mapped_column(String(80), default="")  # empty: all of the country
    region_key: Mapped[str] = mapped_column(String(200), default="")

    __table_args__ = (
        UniqueConstraint("zone_id", "country", "region_key"),
        CheckConstraint("(region = '') = (region_key = '')", name="region_has_a_key"),
        Index("ix_tax_zone_places_place", "country", "region_key"),
    )


class TaxRate(Model):
    """The rate of a zone for a category and all below it; without a category its standard rate, for all the rest."""

    __tablename__ = "tax_rates"

    id: Mapped[int] = mapped_column(primary_key=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("tax_zones.id", ondelete="CASCADE"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(40), default="")  # such as VAT
    parts_per_million: Mapped[int]

    category: Mapped[Category | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        CheckConstraint("parts_per_million BETWEEN 0 AND 1000000", name="parts_per_million"),
        UniqueConstraint("zone_id", "category_id"),
        # NULLs differ from each other in a unique constraint; there is one standard rate all the same.
        Index(
            "ix_tax_rates_standard",
            "zone_id",
            unique=True,
            sqlite_where=text("category_id IS NULL"),
            postgresql_where=text("category_id IS NULL"),
        ),
    )
