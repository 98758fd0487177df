"""Discount codes: what they take off, of what, when and how often; read back as a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app, url_for
from sqlalchemy import ColumnElement, and_, or_

from shop.admin.resource import Column, Fact, Field, Form, Part, Resource, Tab, words_in
from shop.db import transaction_time
from shop.domain.promotions.codes import CodeWish, change_code, create_code, sentence_of, state_of, wish_values
from shop.domain.promotions.models import DiscountCode


def currency() -> str:
    """What amounts are in."""
    return str(current_app.extensions["shop_terms"].currency)


def kinds() -> Sequence[tuple[str, str]]:
    return [("percentage", "A percentage"), ("fixed_amount", "An amount"), ("free_shipping", "Free delivery")]


def uses(code: DiscountCode) -> str:
    return f"{code.used}" if code.max_uses is None else f"{code.used} of {code.max_uses}"


ONE_A_LINE = "Names or addresses, one a line."
NOT_OVER = "Numbers alone; empty for no limit."

DISCOUNT_CODES = Resource(
    name="discount-codes",
    title="Discount codes",
    singular="discount code",
    section="Selling",
    read="discounts:read",
    write="discounts:write",
    icon="ticket",
    model=DiscountCode,
    row_name=lambda row: row.code,
    columns=(
        Column("code", "Code", lambda row: row.code, "main", sort=DiscountCode.code, on_phone="lead"),
        Column("rule", "What it does", sentence_of),
        Column("used", "Used", uses, sort=DiscountCode.used),
        Column("state", "State", lambda row: state_of(row, transaction_time()), sort=DiscountCode.is_active),
        Column("ends", "Ends", lambda row: row.ends_at, "moment", sort=DiscountCode.ends_at, on_phone="none"),
        Column(
            "updated", "Updated", lambda row: row.updated_at, "moment", sort=DiscountCode.updated_at, on_phone="none"
        ),
    ),
    search=words_in(DiscountCode.code, DiscountCode.note),
    sort="-updated",
    tabs=(
        Tab("all", "All"),
        Tab("active", "Active", lambda: and_(DiscountCode.is_active, ~is_over(), ~is_to_come())),
        Tab("coming", "Starts later", lambda: and_(DiscountCode.is_active, ~is_over(), is_to_come())),
        Tab("ended", "Ended, used up or paused", lambda: or_(~DiscountCode.is_active, is_over())),
    ),
    form=Form(
        wish=CodeWish,
        parts=(
            Part(
                "",
                (
                    Field("code", "Code", hint="Letters, digits, - and _. Shoppers may write it in small letters."),
                    Field("kind", "It gives", "select", choices=kinds, width="half"),
                    Field(
                        "value",
                        "How much",
                        width="half",
                        hint="Percent such as 12.5, or an amount such as 10.00; nothing for free delivery.",
                        is_at_times_needed=True,
                    ),
                    Field("isActive", "Active", "tick"),
                    Field("note", "Note for staff"),
                ),
            ),
            Part(
                "Limits",
                (
                    Field("minimum", "Smallest order", width="half", hint="What the goods cost before the discount."),
                    Field("maxUses", "Uses in all", "number", hint=NOT_OVER, width="half"),
                    Field("maxUsesPerCustomer", "Uses per customer", "number", hint=NOT_OVER, width="half"),
                    Field("startsOn", "First day", "date", width="half"),
                    Field("endsOn", "Last day", "date", hint="That day included (UTC).", width="half"),
                ),
            ),
            Part(
                "What it is for",
                (
                    Field("products", "Products", "textarea", hint="SKUs or the ends of their addresses, one a line."),
                    Field("categories", "Categories", "textarea", hint=ONE_A_LINE, width="half"),
                    Field(
                        "collections", "Collections", "textarea", hint="Names or addresses, one a line.", width="half"
                    ),
                ),
            ),
        ),
        values=wish_values,
        create=lambda wish, actor: create_code(wish, actor, currency()),
        at_first={"isActive": "true"},
        change=lambda public_id, wish, actor, seen: change_code(public_id, wish, actor, seen=seen),
    ),
    facts=lambda row: (
        Fact("In words", sentence_of(row)),
        Fact("State", state_of(row, transaction_time())),
        Fact("Used", uses(row)),
        Fact("Last change", row.updated_at, "moment"),
    ),
    links=lambda row: [("Try it", url_for("admin_discount_test.show_test", code=row.code))],
    list_links=(("Test box", "admin_discount_test.show_test"),),
    is_empty_text="A code that shoppers enter takes something off. Make the first one.",
    is_in_search=True,
    note=sentence_of,
)


def is_over() -> ColumnElement[bool]:
    """The condition that the last day is over, or that it was used as often as it can be."""
    has_ended = and_(DiscountCode.ends_at.is_not(None), DiscountCode.ends_at <= transaction_time())
    return or_(has_ended, and_(DiscountCode.max_uses.is_not(None), DiscountCode.used >= DiscountCode.max_uses))


def is_to_come() -> ColumnElement[bool]:
    """The condition that its first day has not begun."""
    return and_(DiscountCode.starts_at.is_not(None), DiscountCode.starts_at > transaction_time())
