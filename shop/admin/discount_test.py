"""The test box of discount codes: "this cart gives …", in plain words."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.admin.resource import Field
from shop.admin.test_box import render_test_box
from shop.db import transaction_time
from shop.domain.inputs import read_query
from shop.domain.promotions.trial import TryCode, try_code
from shop.errors import Invalid, Unknown
from shop.extensions import terms
from shop.filled import FilledForm
from shop.policies import policy
from shop.refusals import status_of

blueprint = Blueprint("admin_discount_test", __name__, url_prefix="/admin/discount-code-test")

FIELDS = (
    Field("code", "Code"),
    Field("goods", "What is in the cart", "textarea", hint="A SKU a line, with how many after it: SOAP-1 3."),
)


@blueprint.get("")
@policy("staff", "discounts:read")
def show_test() -> ResponseReturnValue:
    """The empty box; with goods in the address, what the code takes off them."""
    typed = {each.name: request.args.get(each.name, "") for each in FIELDS}
    result, status, form = None, 200, FilledForm(typed)
    if "goods" in request.args:
        try:
            result = try_code(read_query(TryCode, request.args), terms.currency, transaction_time())
        except (Invalid, Unknown) as refusal:
            form, status = FilledForm.refused(typed, refusal), status_of(refusal)
    back = ("admin.discount-codes_list", "Discount codes")
    return render_test_box("admin/discount_test.html", FIELDS, TryCode, form, back=back, result=result), status
