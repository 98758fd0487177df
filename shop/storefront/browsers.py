"""What a browser is told so that the shop can be installed, opened without a network and fetched a moment ahead."""

from __future__ import annotations

import hashlib
import json

from flask import Blueprint, Response, make_response, url_for
from flask.typing import ResponseReturnValue

from shop.assets import asset, lean_script
from shop.extensions import settings
from shop.policies import policy
from shop.storefront.rendering import render_plain_page

blueprint = Blueprint("browsers", __name__)

PAPER = "#FBFAF7"  # what the browser paints around the page
ICONS = {
    "img/icon-192.png": ("192x192", "any"),
    "img/icon-512.png": ("512x512", "any"),
    "img/icon-maskable-512.png": ("512x512", "maskable"),
}
PLACEHOLDER = "img/placeholder.svg"  # for pictures that were never seen
# Every public page asks for these, the offline page among them.
KEPT_ASSETS = (
    *("css/shop.css", "js/shop.js", "js/offline.js", "vendor/htmx-4.0.1.min.js"),
    *("fonts/instrument-serif-5.3.0.woff2", "img/favicon.svg", "img/apple-touch-icon.png", PLACEHOLDER),
)
WORKER = "js/service-worker.js"
WORKER_POLICY = "default-src 'none'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
# Only what is named may be fetched ahead: public pages, for which the server writes nothing. Cart, checkout, account,
# orders, sign-in, admin, API and the development pages are not named, nor is any page that comes later.
SPECULATION_RULES = {
    "prefetch": [
        {
            "where": {
                "and": [
                    {"href_matches": ["/", "/categories/*", "/products/*", "/pages/*"]},
                    {"not": {"selector_matches": "[download], [target=_blank]"}},
                ]
            },
            "eagerness": "moderate",
        }
    ]
}


@blueprint.get("/manifest.webmanifest")
@policy("public")
def manifest() -> ResponseReturnValue:
    described = {
        "id": "/",
        "name": settings.shop_name,
        "short_name": settings.shop_name,
        "start_url": url_for("catalog.home"),
        "scope": "/",
        "display": "standalone",
        "lang": "en",
        "dir": "ltr",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [
            {"src": asset(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, (sizes, purpose) in ICONS.items()
        ],
    }
    return _answer(json.dumps(described, ensure_ascii=False), "application/manifest+json")


@blueprint.get("/speculation-rules.json")
@policy("public")
def speculation_rules() -> ResponseReturnValue:
    return _answer(json.dumps(SPECULATION_RULES), "application/speculationrules+json")


@blueprint.get("/offline")
@policy("public")
def show_offline() -> ResponseReturnValue:
    """What the service worker shows where there is no network and no copy of the page."""
    return _offline_page()


@blueprint.get("/service-worker.js")
@policy("public")
def service_worker() -> ResponseReturnValue:
    """The worker with a first line that says what to keep. Anything new in it is a new version, with new caches."""
    source = lean_script(WORKER)
    version = hashlib.sha256((source + _offline_page()).encode()).hexdigest()[:12]
    kept = {
        "version": version,
        "offline": url_for("browsers.show_offline"),
        "assets": [asset(name) for name in KEPT_ASSETS],
        "placeholder": asset(PLACEHOLDER),
    }
    response = _answer(f"const KEPT = {json.dumps(kept)};\n{source}", "text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = WORKER_POLICY
    return response


def _offline_page() -> str:
    return render_plain_page("pages/offline.html")


def _answer(text: str, mimetype: str) -> Response:
    response = make_response(text)
    response.mimetype = mimetype
    return response
