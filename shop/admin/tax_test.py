"""The test box of taxes: a place, a category and a price, and how they are taxed, in plain words."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.admin.resource import Field
from shop.admin.resources.categories import paths
from shop.admin.test_box import render_test_box
from shop.domain.addresses import country_names
from shop.domain.inputs import read_query
from shop.domain.tax_zones.trial import TaxTrial, try_tax
from shop.errors import Invalid, Unknown
from shop.extensions import terms
from shop.filled import FilledForm
from shop.policies import policy
from shop.refusals import status_of

blueprint = Blueprint("admin_tax_test", __name__, url_prefix="/admin/taxes/test")

FIELDS = (
    Field("country", "Country", "select", width="half"),
    Field("region", "Region", width="half"),
    Field("category", "Category", "select", width="half"),
    Field("price", "Price", "number", width="half"),
)


@blueprint.get("")
@policy("staff", "taxes:read")
def show_test() -> ResponseReturnValue:
    """The empty box; with a country in the address, what comes of what was asked."""
    typed = {each.name: request.args.get(each.name, "") for each in FIELDS}
    result, status = None, 200
    form = FilledForm({**typed, "country": typed["country"] or terms.home_country})
    if "country" in request.args:
        try:
            result = try_tax(read_query(TaxTrial, request.args), terms)
        except (Invalid, Unknown) as refusal:
            form, status = FilledForm.refused(typed, refusal), status_of(refusal)
    names = country_names()
    countries = [(code, names[code]) for code in sorted(names, key=lambda code: names[code])]
    page = render_test_box(
        "admin/tax_test.html",
        FIELDS,
        TaxTrial,
        form,
        back=("admin.taxes_list", "Taxes"),
        choices={"country": countries, "category": [("", "None in particular"), *paths()]},
        currency=terms.currency,
        result=result,
    )
    return page, status
