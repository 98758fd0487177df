"""Recently viewed: the browser remembers what it saw, and asks for their cards when the place for them is in view.

The shop learns of it only then, keeps nothing, and answers everyone who asks for the same alike.
"""

from __future__ import annotations

import re

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from shop.domain.catalog.queries import find_products
from shop.policies import policy
from shop.storefront.offers import card_of

blueprint = Blueprint("viewed", __name__)

MOST = 12
_product_id = re.compile(r"prod_[0-9a-f]{32}", re.ASCII)


@blueprint.get("/recently-viewed")
@policy("public")
def show_recent() -> ResponseReturnValue:
    """The cards of `?ids=`, in that order; empty where none of them is on sale."""
    named = dict.fromkeys(_product_id.findall(request.args.get("ids", "")))
    cards = [card_of(product) for product in find_products(list(named)[:MOST])]
    response = make_response(render_template("catalog/_recent.html", cards=cards))
    response.headers["X-Robots-Tag"] = "noindex"
    return response
