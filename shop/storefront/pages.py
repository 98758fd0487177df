"""Content pages, stored pictures, and what crawlers and browsers ask for by themselves."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, make_response, redirect, send_file, url_for
from flask.typing import ResponseReturnValue

from shop.errors import NotFound
from shop.extensions import storage, terms
from shop.filled import FilledForm
from shop.policies import policy
from shop.storefront.delivery import depends_on_weight, served_places
from shop.storefront.rendering import absolute_url, render_page
from shop.words import wait_in_words

blueprint = Blueprint("pages", __name__)

TITLES = {
    "accessibility": "Accessibility",
    "contact": "Contact",
    "privacy": "Privacy",
    "returns": "Returns",
    "shipping": "Shipping",
    "terms": "Terms of sale",
    "track-order": "Track an order",
}
# When the words of each were last changed.
CHANGED_ON = dict.fromkeys(TITLES, date(2026, 11, 21))
ROBOTS = """User-agent: *
Disallow: /account
Disallow: /api/
Disallow: /cart
Disallow: /checkout
Disallow: /orders/
Disallow: /recently-viewed
Disallow: /reviews/
Disallow: /search
Disallow: /sign-in
Disallow: /wish-list
"""
# Python's own list lacks AVIF before 3.14, and on some machines more.
PICTURE_TYPES = {
    ".avif": "image/avif",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
# A stored picture may be an SVG from outside: nothing in it runs, also where it is opened by itself.
PICTURE_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",  # letters show them too, in mail programs on the web
    "X-Content-Type-Options": "nosniff",
}


@blueprint.get("/pages/<slug>")
@policy("public")
def show_page(slug: str) -> ResponseReturnValue:
    if slug not in TITLES:
        raise NotFound("There is no such page.")
    return render_content_page(slug)


def render_content_page(slug: str, form: FilledForm | None = None) -> str:
    """A content page; `form` is the one on it, where it was refused."""
    served = served_places() if slug == "shipping" else []
    shown = {"changed_on": CHANGED_ON[slug], "form": form or FilledForm(), "slug": slug, "title": TITLES[slug]}
    shown |= {"time_to_pay": wait_in_words(round(terms.hold.total_seconds()))}
    shown |= {"served": served, "by_weight": any(depends_on_weight(each.methods) for each in served)}
    return render_page(f"pages/{slug}.html", **shown)


@blueprint.get("/media/<path:name>")
@policy("public")
def media(name: str) -> ResponseReturnValue:
    try:
        path = storage.path_of(name)
    except ValueError:
        raise NotFound("There is no such picture.") from None
    if not path.is_file():
        raise NotFound("There is no such picture.")
    response: Response = send_file(path, mimetype=PICTURE_TYPES.get(path.suffix), conditional=True)
    response.headers.update(PICTURE_HEADERS)
    return response


@blueprint.get("/robots.txt")
@policy("public")
def robots() -> ResponseReturnValue:
    response = make_response(f"{ROBOTS}Sitemap: {absolute_url('sitemap.show_index')}\n")
    response.mimetype = "text/plain"
    return response


@blueprint.get("/favicon.ico")
@policy("public")
def favicon() -> ResponseReturnValue:
    return redirect(url_for("static", filename="img/favicon.svg"), 301)
