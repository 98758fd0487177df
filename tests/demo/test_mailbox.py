"""/dev/mail shows what a development shop did not send, safely, and is nowhere else."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shop import create_app
from shop.gateways.mail import FolderMailbox, Letter
from tests.conftest import test_settings

HOSTILE = "<script>alert(1)</script>{{ 7 * 7 }}"


@pytest.fixture
def folder(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderMailbox:
    """The mailbox with one letter in it."""
    mailbox = FolderMailbox(tmp_path)
    monkeypatch.setitem(app.extensions, "shop_mailer", mailbox)
    mailbox.send(letter("mail_one", "First"))
    return mailbox


def letter(letter_id: str, subject: str) -> Letter:
    return Letter(
        id=letter_id,
        sender="shop@example.com",
        sender_name="Maison Aster",
        recipient="lina@example.com",
        subject=subject,
        text=f"Plain words {HOSTILE}",
        html="<html><head><style>@media (prefers-color-scheme: dark) { p { color: #fff } }</style></head>"
        f'<body><p>Rich words</p><a href="http://localhost/orders/x">See</a>{HOSTILE}</body></html>',
        date=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        host="localhost",
    )


def test_an_empty_mailbox_says_how_to_fill_it(client: FlaskClient, folder: FolderMailbox) -> None:
    (folder.folder / "mail_one.eml").unlink()

    page = client.get("/dev/mail")

    assert "No mail yet." in page.text


def test_letters_are_listed_newest_first(client: FlaskClient, folder: FolderMailbox) -> None:
    folder.send(letter("mail_two", f"Second {HOSTILE}"))
    os.utime(folder.folder / "mail_one.eml", (1, 1))

    page = client.get("/dev/mail").text

    assert page.index("Second") < page.index("First")
    assert "Fri 20 Nov 2026, 12:00 UTC" in page
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}" in page


def test_a_letter_is_shown_with_headers_text_and_a_sandboxed_frame(client: FlaskClient, folder: FolderMailbox) -> None:
    page = client.get("/dev/mail/mail_one")

    assert "lina@example.com" in page.text
    assert "&lt;mail_one@localhost&gt;" in page.text
    assert "Plain words &lt;script&gt;" in page.text
    assert "Rich words" not in page.text
    assert 'sandbox="allow-popups allow-top-navigation-by-user-activation"' in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]


def test_the_html_of_a_letter_runs_nothing_and_only_our_own_page_frames_it(
    client: FlaskClient, folder: FolderMailbox
) -> None:
    page = client.get("/dev/mail/mail_one/html")

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src 'self';")
    assert "sandbox allow-popups allow-top-navigation-by-user-activation" in policy
    assert "allow-scripts" not in policy
    assert "frame-ancestors 'self'" in policy
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in page.headers["Cache-Control"]
    assert '<base target="_top">' in page.text


@pytest.mark.parametrize(
    ("scheme", "rules", "root"),
    [
        ("light", "@media not all {", "<style>:root { color-scheme: light !important }</style></head>"),
        ("dark", "@media all {", "<style>:root { color-scheme: dark !important }</style></head>"),
        ("", "@media (prefers-color-scheme: dark) {", "</style></head>"),
        ("red}<script>", "@media (prefers-color-scheme: dark) {", "</style></head>"),
    ],
)
def test_the_html_is_made_light_or_dark_on_demand(
    client: FlaskClient, folder: FolderMailbox, scheme: str, rules: str, root: str
) -> None:
    page = client.get("/dev/mail/mail_one/html", query_string={"scheme": scheme})

    assert f"<style>{rules} p {{ color: #fff }} }}</style>" in page.text
    assert root in page.text
    assert "red}" not in page.text


@pytest.mark.parametrize(
    ("asked", "shown"), [("", "phone"), ("phone", "phone"), ("desktop", "desktop"), ("x", "phone")]
)
def test_a_letter_is_shown_light_and_dark_at_the_width_asked_for(
    client: FlaskClient, folder: FolderMailbox, asked: str, shown: str
) -> None:
    page = client.get("/dev/mail/mail_one", query_string={"width": asked}).text

    assert re.findall(r'src="(/dev/mail/[^"]+)"', page) == [
        "/dev/mail/mail_one/html?scheme=light",
        "/dev/mail/mail_one/html?scheme=dark",
    ]
    assert f'class="letter-views {shown}"' in page
    assert f'width={shown}" aria-current=page' in page
    assert page.count("aria-current") == 1


@pytest.mark.parametrize("name", ["mail_none", "x", "..%2f..%2fshop", "mail_one%00"])
@pytest.mark.parametrize("end", ["", "/html"])
def test_a_letter_that_is_not_there_is_not_found(
    client: FlaskClient, folder: FolderMailbox, name: str, end: str
) -> None:
    assert client.get(f"/dev/mail/{name}{end}").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"mail_url": "smtp://localhost:25"},
        {
            "shop_env": "production",
            "secret_key": "k" * 40,
            "public_base_url": "https://shop.example.com",
            "redis_url": "redis://127.0.0.1:1/0",
        },
    ],
    ids=["with a MAIL_URL", "in production"],
)
def test_there_is_no_mailbox_page(tmp_path: Path, changes: dict[str, str]) -> None:
    app = create_app(test_settings(database_url=f"sqlite:///{tmp_path}/shop.db", var_dir=str(tmp_path), **changes))

    assert not [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/dev")]
