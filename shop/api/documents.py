"""The OpenAPI document, made from the models that read and write."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, json

from shop.api.openapi import PREFIX, build_document
from shop.extensions import settings
from shop.policies import policy

bp = Blueprint("api_documents", __name__, url_prefix=PREFIX)


@bp.get("/openapi.json")
@policy("api")
def openapi_json() -> Response:
    """The document; it changes only with the code, so it is built once a process."""
    if "shop_openapi" not in current_app.extensions:
        document = build_document(current_app, title=f"{settings.shop_name} API", server=settings.public_base_url)
        current_app.extensions["shop_openapi"] = json.dumps(document)
    return Response(current_app.extensions["shop_openapi"], mimetype="application/json")
