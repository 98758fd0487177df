"""What browsers are told: how to install the shop, what to keep for when there is no network, what to fetch ahead."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest

from shop.policies import policy_of
from shop.storefront.browsers import ICONS
from tests.storefront.pages import body

STATIC = Path(__file__).parents[2] / "static"


def kept_by(client) -> dict:
    """What the worker's first line tells it to keep."""
    first_line = client.get("/service-worker.js").text.partition("\n")[0]
    return json.loads(first_line.removeprefix("const KEPT = ").removesuffix(";"))


def test_every_page_names_the_manifest_and_it_names_the_shop(client, app):
    assert '<link rel="manifest" href="/manifest.webmanifest">' in client.get("/").text

    answer = client.get("/manifest.webmanifest")

    assert answer.mimetype == "application/manifest+json"
    told = json.loads(answer.data)
    assert told["name"] == app.extensions["shop_settings"].shop_name
    assert (told["start_url"], told["scope"], told["display"]) == ("/", "/", "standalone")
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in told["icons"] if icon["purpose"] == "any"}
    assert any(icon["purpose"] == "maskable" for icon in told["icons"])


@pytest.mark.parametrize("name", ICONS)
def test_every_icon_of_the_manifest_is_there_in_its_size(name):
    head = (STATIC / name).read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert "{}x{}".format(*struct.unpack(">II", head[16:24])) == ICONS[name][0]


def test_the_worker_is_asked_for_anew_and_may_only_speak_with_the_shop(client, app):
    answer = client.get("/service-worker.js")

    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; connect-src 'self';")
    assert "worker-src 'self'" in client.get("/").headers["Content-Security-Policy"]
    again = client.get("/service-worker.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_all_that_the_worker_keeps_from_the_start_is_there_and_is_what_the_offline_page_needs(client, app):
    kept = kept_by(client)
    page = client.get(kept["offline"]).text
    for address in kept["assets"]:
        assert client.get(address).status_code == 200, address
    assert set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page)) <= set(kept["assets"])


def test_anything_new_on_the_offline_page_is_a_new_version(client, app, monkeypatch):
    before = kept_by(client)["version"]
    assert kept_by(client)["version"] == before

    monkeypatch.setitem(app.jinja_env.globals, "shop_name", "Another name")

    assert kept_by(client)["version"] != before


def test_the_offline_page_says_what_still_works_and_asks_the_database_for_nothing(client, app, statements):
    with statements() as sent:
        page = client.get("/offline")
    assert sent == []
    assert "There is no connection" in body(page) and "opened before still open" in body(page)
    assert '<meta name="robots" content="noindex">' in page.text


def test_only_public_pages_are_named_to_be_fetched_ahead(client, app):
    assert client.get("/").headers["Speculation-Rules"] == '"/speculation-rules.json"'
    answer = client.get("/speculation-rules.json")
    assert answer.mimetype == "application/speculationrules+json"

    (rule,) = json.loads(answer.data)["prefetch"]

    assert rule["eagerness"] == "moderate"
    named, _ = rule["where"]["and"]
    starts = tuple(pattern.removesuffix("*") for pattern in named["href_matches"] if pattern != "/")
    for route in app.url_map.iter_rules():
        if route.rule.startswith(starts):
            assert policy_of(app, route.endpoint).kind == "public" and "POST" not in route.methods, route.rule


@pytest.mark.parametrize("path", ["/cart", "/checkout", "/sign-in", "/account", "/manifest.webmanifest", "/robots.txt"])
def test_no_other_answer_asks_for_anything_to_be_fetched_ahead(client, app, path):
    assert "Speculation-Rules" not in client.get(path).headers
