"""The tables of shipping: zones of places, and the ways to send to each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time


class ShippingZone(Model):
    """Places with the same ways to send. An area of `areas` is {country, region, city}; all empty: everywhere else."""

    __tablename__ = "shipping_zones"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("zone")
    name: Mapped[str] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=False)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")  # by whose clock a cut-off hour is
    areas: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)

    methods: Mapped[list[ZoneMethod]] = relationship(
        lazy="raise", viewonly=True, order_by="(ZoneMethod.position, ZoneMethod.id)", back_populates="zone"
    )


class ZoneMethod(Model):
    """A way to send within a zone. A band of `bands` is [from grams or minor units on, price in minor units]."""

    __tablename__ = "shipping_methods"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("way")
    zone_id: Mapped[int] = mapped_column(ForeignKey("shipping_zones.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))  # what orders and the API call it
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(255), default="")
    currency: Mapped[str] = mapped_column(String(3))
    basis: Mapped[str] = mapped_column(String(8), default="value")
    bands: Mapped[list[list[int]]] = mapped_column(JSON)
    free_from_amount: Mapped[int | None]
    max_weight_grams: Mapped[int | None]
    min_days: Mapped[int]
    max_days: Mapped[int]
    cut_off_hour: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)

    zone: Mapped[ShippingZone] = relationship(lazy="raise", viewonly=True, back_populates="methods")

    __table_args__ = (
        UniqueConstraint("zone_id", "code"),
        CheckConstraint("basis IN ('value', 'weight')", name="basis"),
        CheckConstraint("free_from_amount >= 0", name="free_from_not_negative"),
        CheckConstraint("max_weight_grams > 0", name="max_weight_positive"),
        CheckConstraint("0 <= min_days AND min_days <= max_days AND max_days <= 90", name="days_in_order"),
        CheckConstraint("cut_off_hour BETWEEN 1 AND 23", name="cut_off_hour_of_a_day"),
    )
