"""Rendering pages, and the few functions and filters that every template may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask, render_template, request, url_for
from markupsafe import Markup

from shop.assets import asset
from shop.domain.addresses import country_in_sentence, country_names
from shop.domain.catalog.models import Category
from shop.domain.catalog.queries import children_of, list_categories
from shop.domain.catalog.renditions import largest_file, renditions_of
from shop.domain.catalog.richtext import plain_text, sanitise_html
from shop.domain.shipping import days_in_words, grams_in_words
from shop.domain.terms import RETURN_DAYS
from shop.extensions import settings
from shop.storefront.delivery import home_country, home_methods
from shop.storefront.own_wish_list import heart_of
from shop.storefront.taxes import note_of, read_home_tax
from shop.words import day, moment, words

MAX_TITLE = 60
MAX_DESCRIPTION = 155


def register(app: Flask) -> None:
    """Give the templates their functions and filters."""
    configured = app.extensions["shop_settings"]
    app.jinja_env.globals.update(
        absolute_media_url=absolute_media_url,
        absolute_url=absolute_url,
        asset=asset,
        country_in_sentence=country_in_sentence,
        country_names=country_names(),
        days_in_words=days_in_words,
        heart_of=heart_of,
        largest_media_url=largest_media_url,
        media_url=media_url,
        own_address=own_address,
        return_days=RETURN_DAYS,
        contact_address=configured.mail_from,
        shop_address=configured.shop_address_lines,
        shop_intro=configured.shop_intro,
        shop_name=configured.shop_name,
        shop_picture=configured.shop_picture,
        shop_tagline=configured.shop_tagline,
        srcset=srcset,
        terms=app.extensions["shop_terms"],
    )
    app.jinja_env.filters.update(
        day=day,
        moment=moment,
        page_title=page_title,
        rich_text=rich_text,
        summary=summary,
        weight=grams_in_words,
        words=words,
    )


def render_page(template: str, *, categories: Sequence[Category] | None = None, **context: Any) -> str:
    """A whole page; its header shows the top of the category tree, read here unless it is given, and
    from what worth on delivery is free."""
    tree = list_categories() if categories is None else categories
    if "tax_note" not in context:
        tax = read_home_tax(has_zones=getattr(tree, "has_tax_zones", None), only_standard=True)
        context["tax_note"] = note_of(tax, home_country())
    free_from = next((method.free_from for method in home_methods() if method.free_from), None)
    return render_template(template, top_categories=children_of(tree, None), free_from=free_from, **context)


def render_plain_page(template: str, **context: Any) -> str:
    """A whole page that asks the database for nothing; so it says nothing of tax unless it is given `tax_note`."""
    return render_template(template, top_categories=(), free_from=None, **{"tax_note": None, **context})


def media_url(file_name: str | None) -> str:
    """The address of a stored picture; the placeholder where there is none."""
    return url_for("pages.media", name=file_name) if file_name else asset("img/placeholder.svg")


def largest_media_url(file_name: str) -> str:
    """The address of a stored picture as large as there is."""
    return media_url(largest_file(file_name))


def srcset(file_name: str | None) -> str:
    """A stored picture's AVIF files with their widths, for a browser to choose from; empty where it has none."""
    return ", ".join(f"{media_url(each.file_name)} {each.width}w" for each in renditions_of(file_name))


def absolute_url(endpoint: str, **values: Any) -> str:
    """A page's address with the shop's own scheme and host, whatever the request said."""
    return settings.public_base_url + url_for(endpoint, **values)


def own_address() -> str:
    """The address of the page that is being shown, as it is passed on: without its query."""
    return settings.public_base_url + request.path


def absolute_media_url(file_name: str) -> str:
    """The address of a stored picture as other sites are told it."""
    return settings.public_base_url + media_url(file_name)


def page_title(name: str) -> str:
    """The name with the shop's, where both fit into what a search engine shows."""
    whole = f"{name} · {settings.shop_name}"
    if len(whole) <= MAX_TITLE:
        return whole
    return name if len(name) <= MAX_TITLE else name[: MAX_TITLE - 1].rstrip() + "…"


def summary(markup: str) -> str:
    """The first words of some markup, as long as a search engine shows."""
    text = plain_text(markup)
    return text if len(text) <= MAX_DESCRIPTION else text[:MAX_DESCRIPTION].rsplit(" ", 1)[0] + "…"


def rich_text(markup: str) -> Markup:
    """Markup of the catalogue for printing; made safe here once more, whoever wrote the row."""
    return Markup(sanitise_html(markup))  # noqa: S704 (the one place: what sanitise_html returns is safe)
