"""/dev/mail: the letters that a shop without MAIL_URL keeps in a folder. In development only."""

from __future__ import annotations

from email.message import EmailMessage
from typing import cast

from flask import Blueprint, Flask, Response, current_app, make_response, render_template, request

from shop.edge import HEADERS
from shop.errors import NotFound
from shop.gateways.mail import FolderMailbox
from shop.policies import policy

# The letter is shown without scripts, forms, cookies or an origin; a click on a link opens it in the whole window.
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-top-navigation-by-user-activation"
)
# A letter turns dark by one media query; a frame asks for one side of it, whatever the browser itself prefers.
DARK_QUERY = "(prefers-color-scheme: dark)"
SCHEMES = {"light": "not all", "dark": "all"}
WIDTHS = {"phone": "Phone", "desktop": "Desktop"}
SHOWN_HEADERS = ("From", "To", "Subject", "Date", "Message-ID")

mailbox = Blueprint("mailbox", __name__, url_prefix="/dev/mail")


def register(app: Flask) -> None:
    """Add the mailbox, unless real mail is sent."""
    if isinstance(app.extensions["shop_mailer"], FolderMailbox):
        app.register_blueprint(mailbox)


@mailbox.get("")
@policy("guest")
def show_mailbox() -> str:
    """All letters, the newest first."""
    folder = _folder()
    letters = [(letter_id, found) for letter_id in folder.list_ids() if (found := folder.find(letter_id))]
    return render_template("dev/mailbox.html", letters=letters)


@mailbox.get("/<letter_id>")
@policy("guest")
def show_letter(letter_id: str) -> Response:
    """One letter as phones or desktops show it: its HTML in a light and in a dark frame, its text and its headers."""
    message = _get(letter_id)
    width = request.args.get("width", "")
    page = render_template(
        "dev/letter.html",
        letter_id=letter_id,
        headers=_headers_of(message),
        text=_part(message, "plain"),
        has_html=bool(_part(message, "html")),
        schemes=list(SCHEMES),
        widths=WIDTHS,
        width=width if width in WIDTHS else "phone",
    )
    response = make_response(page)
    response.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"] + "; frame-src 'self'"
    return response


@mailbox.get("/<letter_id>/html")
@policy("guest")
def show_html(letter_id: str) -> Response:
    """The HTML of a letter as a mail program would show it; `?scheme=` makes it light or dark."""
    html = _in_scheme(_part(_get(letter_id), "html"), request.args.get("scheme", ""))
    # Links are to leave the frame; a mail program would open its browser.
    response = make_response(html.replace("<head>", '<head><base target="_top">', 1))
    response.headers["Content-Security-Policy"] = LETTER_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _in_scheme(html: str, scheme: str) -> str:
    """The letter with its dark rules always or never applied; as it is without a known scheme."""
    if scheme not in SCHEMES:
        return html
    chosen = f"<style>:root {{ color-scheme: {scheme} !important }}</style></head>"
    return html.replace(DARK_QUERY, SCHEMES[scheme]).replace("</head>", chosen, 1)


def _folder() -> FolderMailbox:
    return cast(FolderMailbox, current_app.extensions["shop_mailer"])


def _get(letter_id: str) -> EmailMessage:
    message = _folder().find(letter_id)
    if message is None:
        raise NotFound("There is no such letter. It may have been thrown away by a reset.")
    return message


def _headers_of(message: EmailMessage) -> dict[str, str]:
    return {name: str(message[name] or "") for name in SHOWN_HEADERS}


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return "" if part is None else str(part.get_content())
