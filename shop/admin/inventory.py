"""A variant's stock on one page: how it is changed, what it is kept for and its ledger; and sheets of many at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop.admin.details import history_of
from shop.admin.errors import status_of
from shop.admin.forms import REFUSALS
from shop.admin.lists import PAGE, PAGE_NUMBER, find_row
from shop.admin.people import names_of
from shop.admin.rendering import render
from shop.admin.resource import Fact, field_limits
from shop.admin.resources.inventory import INVENTORY, available_of, offer_of
from shop.db import end_read
from shop.domain.catalog.models import Variant
from shop.domain.inputs import read_form
from shop.domain.inventory.adjustments import (
    MAY_CHANGE,
    ChangeStock,
    LowStockWish,
    StockLines,
    StockSheet,
    apply_stock_sheet,
    change_stock,
    read_stock_sheet,
    set_low_stock_threshold,
)
from shop.domain.inventory.models import StockMovement
from shop.domain.inventory.queries import list_kept, list_movements, movement_counts
from shop.domain.orders.queries import OrderName, order_names, orders_behind
from shop.errors import ChangedMeanwhile, Invalid
from shop.filled import FilledForm
from shop.policies import current_staff, may_open, policy
from shop.words import words

blueprint = Blueprint("admin_inventory", __name__, url_prefix="/admin/inventory")

KEPT_SHOWN = 50
# Each reason with what its units are.
REASONS = (
    ("counted", "Counted: there are"),
    ("received", "Received: add"),
    ("returned", "Came back: add"),
    ("damaged", "Lost or damaged: take away"),
    ("other", "Other: add, or with a minus take away"),
)
SAID = {"received": "Received", "returned": "Came back", "damaged": "Lost or damaged", "counted": "Counted"}
KINDS = {"receipt": "Received", "sale": "Sent", "return": "Came back", "correction": "Corrected"}
CHANGE_LABELS = {"reason": "Why", "units": "Units", "note": "Note"}
THRESHOLD_LABELS = {"threshold": "Low from"}
SHEET_KINDS = (("received", "Received: these came"), ("counted", "Counted: there are so many"))


@dataclass(frozen=True)
class LedgerRow:
    """A movement as the page shows it."""

    movement: StockMovement
    what: str
    note: str
    who: str
    order: OrderName | None
    balance: int | None = None


@blueprint.get("/<public_id>")
@policy("staff", "catalog:read")
def show(public_id: str) -> ResponseReturnValue:
    return _page(public_id, FilledForm())


@blueprint.post("/<public_id>/changes")
@policy("staff", MAY_CHANGE)
def change(public_id: str) -> ResponseReturnValue:
    """Change the variant's stock, or show its page again: with what is wrong, or with what has moved meanwhile."""
    variant = find_row(INVENTORY, public_id)
    typed = _typed("reason", "units", "note")
    sent = [*request.form.items(), *([("seen", request.form["keep"])] if request.form.get("keep") else [])]
    try:
        level = change_stock(public_id, read_form(ChangeStock, sent), current_staff())
    except ChangedMeanwhile as refusal:
        end_read()
        return _page(public_id, FilledForm(typed), late=_moved_since(variant.id)), status_of(refusal)
    except REFUSALS as refusal:
        end_read()
        return _page(public_id, FilledForm.refused(typed, refusal)), status_of(refusal)
    if level.on_hand == level.before:
        flash(f"{level.on_hand} on hand: nothing had to be changed.")
    else:
        flash(f"{level.on_hand} on hand, {level.before} before.")
    return redirect(url_for("admin_inventory.show", public_id=public_id), 303)


@blueprint.post("/<public_id>/threshold")
@policy("staff", MAY_CHANGE)
def set_threshold(public_id: str) -> ResponseReturnValue:
    """Say from how many units on the variant is low on stock."""
    find_row(INVENTORY, public_id)
    try:
        set_low_stock_threshold(public_id, read_form(LowStockWish, request.form.items()), current_staff())
    except REFUSALS as refusal:
        end_read()
        return _page(public_id, FilledForm.refused(_typed("threshold"), refusal)), status_of(refusal)
    flash("Saved.")
    return redirect(url_for("admin_inventory.show", public_id=public_id), 303)


def _typed(*names: str) -> dict[str, str]:
    return {name: request.form[name] for name in names if name in request.form}


def _page(public_id: str, form: FilledForm, *, late: Sequence[LedgerRow] | None = None) -> str:
    variant: Variant = find_row(INVENTORY, public_id)
    count = movement_counts([variant.id])[variant.id]
    page = request.args.get("page", "1")
    last_page = max(1, -(-count // PAGE))
    number = min(int(page), last_page) if PAGE_NUMBER.fullmatch(page) else 1
    kept, kept_total = list_kept(variant.id, KEPT_SHOWN)
    orders = order_names([each.order_id for each in kept if each.order_id is not None])
    seen = request.form.get("seen", "") if late is not None else str(count)
    return render(
        "admin/inventory/variant.html",
        resource=INVENTORY,
        row=variant,
        variant=variant,
        title=variant.full_name,
        form=form,
        labels=CHANGE_LABELS if "threshold" not in form.values else THRESHOLD_LABELS,
        limits={name: field_limits(ChangeStock, name) for name in CHANGE_LABELS},
        reasons=REASONS,
        late=late,
        seen=seen,
        newest=count,
        key=secrets.token_hex(16),
        kept=[(each, orders.get(each.order_id or 0)) for each in kept],
        kept_total=kept_total,
        ledger=_rows_of(variant.id, PAGE, (number - 1) * PAGE),
        page=number,
        last_page=last_page,
        movement_count=count,
        may_open_orders=may_open("admin_orders.show"),
        can_write=current_staff().may(MAY_CHANGE),
        facts=_facts(variant),
        links=_links(variant),
        history=history_of(INVENTORY, variant),
        acts=[],
    )


def _facts(variant: Variant) -> tuple[Fact, ...]:
    stock = variant.stock
    return (
        Fact("On hand", stock.on_hand, "number"),
        Fact("Reserved", stock.reserved, "number"),
        Fact("Available", available_of(variant), "stock"),
        Fact("SKU", variant.sku, "code"),
        Fact("Price", variant.price, "money"),
        Fact("In the shop", offer_of(variant), "badge"),
    )


def _links(variant: Variant) -> list[tuple[str, str]]:
    product = variant.product
    found = [("Product", url_for("admin_products.show", public_id=product.public_id))]
    if product.status == "active":
        found.append(("View in shop", url_for("catalog.product", slug=product.slug)))
    return found


def _rows_of(variant_id: int, limit: int, offset: int = 0) -> list[LedgerRow]:
    """The ledger as it is read: what it was, by whom, and the order behind it; three statements for them all."""
    entries = list_movements(variant_id, limit, offset)
    orders = orders_behind({each.movement.reference for each in entries})
    people = names_of(_user_id(each.movement.actor) for each in entries)
    return [
        LedgerRow(
            each.movement,
            _what(each.movement),
            each.movement.reason.partition(": ")[2],
            _who(each.movement.actor, people),
            orders.get(each.movement.reference),
            each.balance,
        )
        for each in entries
    ]


def _what(movement: StockMovement) -> str:
    reason = movement.reason.partition(": ")[0]
    if movement.reference.startswith("import:"):
        return "First stock"
    return SAID.get(reason, words(reason)) if reason else KINDS[movement.kind]


def _user_id(actor: str) -> int:
    """The key in an actor as the ledger writes it, such as staff:7; 0 for none."""
    kind, _, key = actor.partition(":")
    return int(key) if kind == "staff" and key.isdigit() else 0


def _who(actor: str, people: dict[int, str]) -> str:
    kind = actor.partition(":")[0]
    return people.get(_user_id(actor)) or {"system": "The shop", "customer": "A customer"}.get(kind, "Staff")


def _moved_since(variant_id: int) -> list[LedgerRow]:
    """What moved after the page that was counted from was opened."""
    text = request.form.get("seen", "")
    seen = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    newer = movement_counts([variant_id])[variant_id] - seen
    return _rows_of(variant_id, min(max(newer, 0), PAGE))


# -- a sheet of many --------------------------------------------------------------------------------------------------


@blueprint.get("/sheet")
@policy("staff", MAY_CHANGE)
def show_sheet() -> ResponseReturnValue:
    """The empty sheet; the address may say which kind it is."""
    return _sheet_page(FilledForm({"kind": request.args.get("kind", "received")}))


@blueprint.post("/sheet")
@policy("staff", MAY_CHANGE)
def change_by_sheet() -> ResponseReturnValue:
    """Show what the sheet would make of the stock; with `step=do`, make it so, all or nothing."""
    typed = _typed("kind", "lines", "note")
    is_preview = request.form.get("step") != "do" or not request.form.get("seen")
    try:
        wanted = read_form(StockSheet, request.form.items())
        if is_preview:
            return _sheet_page(FilledForm(typed), read_stock_sheet(wanted))
        done = apply_stock_sheet(wanted, current_staff())
    except ChangedMeanwhile as refusal:
        end_read()
        return _moved_since_preview(typed, refusal)
    except REFUSALS as refusal:
        end_read()
        return _sheet_page(FilledForm.refused(typed, refusal)), status_of(refusal)
    if done.lines:
        flash(f"{words(wanted.kind)}: {len(done.lines)} {'variant' if len(done.lines) == 1 else 'variants'}, "
              f"{done.change:+,} units in all.")  # fmt: skip
    else:
        flash("This sheet was done already; nothing was changed a second time.")
    return redirect(url_for(INVENTORY.endpoint("list")), 303)


def _moved_since_preview(typed: dict[str, str], refusal: ChangedMeanwhile) -> ResponseReturnValue:
    """The preview anew; or what has become wrong with the sheet."""
    try:
        preview = read_stock_sheet(read_form(StockSheet, request.form.items()))
    except Invalid as wrong:
        return _sheet_page(FilledForm.refused(typed, wrong)), status_of(wrong)
    return _sheet_page(FilledForm(typed, {}, refusal.message), preview), status_of(refusal)


def _sheet_page(form: FilledForm, preview: StockLines | None = None) -> str:
    return render(
        "admin/inventory/sheet.html",
        resource=INVENTORY,
        title="Delivery or count",
        form=form,
        kinds=SHEET_KINDS,
        limits={name: field_limits(StockSheet, name) for name in ("lines", "note")},
        preview=preview,
        key=secrets.token_hex(16),
    )
