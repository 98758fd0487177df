"""Discount codes: what they take off, of what, when and how often; read back as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app, url_for
from sqlalchemy import ColumnElement, and_, or_

from shop.admin.resource import Act, BulkAction, Column, Fact, Field, Form, Part, Resource, Tab, words_in
from shop.db import transaction_time
from shop.domain.promotions import series
from shop.domain.promotions.codes import CodeWish, change_code, create_code, sentences_of, wish_values
from shop.domain.promotions.models import DiscountCode


@dataclass(frozen=True)
class CodeRow:
    """A code with its rule in words."""

    discount_code: DiscountCode
    sentence: str

    @property
    def id(self) -> int:
        return self.discount_code.id


def prepare(codes: Sequence[DiscountCode]) -> list[CodeRow]:
    """The codes with their rules in words, in two statements."""
    return [CodeRow(code, sentence) for code, sentence in zip(codes, sentences_of(codes), strict=True)]


def currency() -> str:
    """What amounts are in."""
    return str(current_app.extensions["shop_terms"].currency)


def kinds() -> Sequence[tuple[str, str]]:
    return [("percentage", "A percentage"), ("fixed_amount", "An amount"), ("free_shipping", "Free delivery")]


def uses(row: CodeRow) -> str:
    code = row.discount_code
    return f"{code.used}" if code.max_uses is None else f"{code.used} of {code.max_uses}"


def say_series(_: str, made: series.Series) -> str:
    codes = "1 code was made" if made.count == 1 else f"{made.count} codes were made"
    return f"{codes}. Export gives them as CSV."


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
    prepare=prepare,
    row_name=lambda row: row.discount_code.code,
    row_id=lambda row: getattr(row, "discount_code", row).public_id,
    version=lambda row: row.discount_code.updated_at,
    columns=(
        Column("code", "Code", lambda row: row.discount_code.code, "main", sort=DiscountCode.code, on_phone="lead"),
        Column("rule", "What it does", lambda row: row.sentence),
        Column("used", "Used", uses, sort=DiscountCode.used),
        Column("active", "Active", lambda row: row.discount_code.is_active, "yes_no", sort=DiscountCode.is_active),
        Column(
            "ends", "Ends", lambda row: row.discount_code.ends_at, "moment", sort=DiscountCode.ends_at, on_phone="none"
        ),
        Column(
            "updated",
            "Updated",
            lambda row: row.discount_code.updated_at,
            "moment",
            sort=DiscountCode.updated_at,
            on_phone="none",
        ),
    ),
    search=words_in(DiscountCode.code, DiscountCode.note),
    sort="-updated",
    tabs=(
        Tab("all", "All"),
        Tab("active", "Active", lambda: and_(DiscountCode.is_active, ~has_ended())),
        Tab("ended", "Ended or paused", lambda: or_(~DiscountCode.is_active, has_ended())),
    ),
    form=Form(
        wish=CodeWish,
        parts=(
            Part(
                "",
                (
                    Field("code", "Code", hint="Letters, digits, - and _. Shoppers may write it in small letters."),
                    Field("kind", "It gives", "select", choices=kinds, width="half"),
                    Field("value", "How much", width="half", hint="Percent such as 12.5, or an amount such as 10.00."),
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
        values=lambda row: wish_values(row.discount_code),
        create=lambda wish, actor: create_code(wish, actor, currency()),
        at_first={"isActive": "true"},
        change=lambda public_id, wish, actor, seen: change_code(public_id, wish, actor, seen=seen),
    ),
    facts=lambda row: (
        Fact("In words", row.sentence),
        Fact("Used", uses(row)),
        Fact("Last change", row.discount_code.updated_at, "moment"),
    ),
    acts=(
        Act(
            "pausing",
            "Pause",
            do=series.pause_code,
            said="It is paused: shoppers cannot enter it.",
            hint="Shoppers cannot enter it any more. Orders that hold it keep it.",
            is_possible=lambda row: row.discount_code.is_active,
        ),
        Act(
            "resuming",
            "Resume",
            do=series.resume_code,
            said="It is active again.",
            hint="Shoppers can enter it again, within its days and limits.",
            is_possible=lambda row: not row.discount_code.is_active,
        ),
        Act(
            "copies",
            "Duplicate",
            do=lambda public_id, wish, actor: series.copy_code(public_id, actor),
            said="This is the copy: paused, and used by nobody yet.",
            leads_to_made=lambda copy: url_for("admin.discount-codes_row", public_id=copy.public_id),
        ),
        Act(
            "series",
            "Make many like it",
            do=series.make_series,
            said=say_series,
            wish=series.MakeSeries,
            fields=lambda row: (
                Field("prefix", "They begin with", hint="Such as SUMMER, for SUMMER-7KQ4-M9XT-2WPA."),
                Field("count", "How many", "number", hint=f"At most {series.MOST_AT_ONCE:,}."),
                Field("maxUses", "Uses of each in all", "number", hint=NOT_OVER),
            ),
            values=lambda row: {"count": "100", "maxUses": "1"},
            hint="Codes that nobody can guess, active at once, for the same goods, days and customers as this one.",
            leads_to_made=lambda made: url_for("admin.discount-codes_list", q=f"{made.prefix}-"),
        ),
    ),
    bulk=(BulkAction(series.PAUSE, "Pause"), BulkAction(series.RESUME, "Resume")),
    links=lambda row: [("Try it", url_for("admin_discount_test.show_test", code=row.discount_code.code))],
    list_links=(("Test box", "admin_discount_test.show_test"),),
    is_empty_text="A code that shoppers enter takes something off. Make the first one.",
    is_in_search=True,
    note=lambda row: row.sentence,
)


def has_ended() -> ColumnElement[bool]:
    """The condition that the last day is over."""
    return and_(DiscountCode.ends_at.is_not(None), DiscountCode.ends_at <= transaction_time())
