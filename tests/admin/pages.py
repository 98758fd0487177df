"""Reading the admin's pages and filling its forms as a browser without script does."""

from __future__ import annotations

import html
import re
from typing import Any

from flask.testing import FlaskClient

from tests.storefront.pages import body, value_of

__all__ = ["body", "fields_of", "keeping", "send", "sign_in", "value_of"]


def sign_in(client: FlaskClient, email: str, password: str = "correct horse battery", **more: str) -> Any:
    page = client.get("/admin/sign-in")
    token = value_of(page, "csrf_token") if page.status_code == 200 else ""
    return client.post("/admin/sign-in", data={"csrf_token": token, "email": email, "password": password, **more})


def fields_of(page: Any, form_id: str = "form") -> dict[str, str]:
    """What the form of this id would send as it stands."""
    text = page.get_data(as_text=True)
    form = re.search(rf'<form[^>]*\bid="{form_id}".*?</form>', text, re.DOTALL)
    assert form, f"no form {form_id}"
    found: dict[str, str] = {}
    pattern = r"<input[^>]*>|<textarea[^>]*>.*?</textarea>|<select.*?</select>"
    for tag in re.findall(pattern, form[0], re.DOTALL):
        name = re.search(r'\bname="([^"]*)"', tag)
        if name is None or (('type="checkbox"' in tag) and " checked" not in tag):
            continue
        found[name[1]] = html.unescape(_value(tag))
    return found


def keeping(late: Any) -> dict[str, str]:
    """What the page of a conflict sends with "Save mine over it"."""
    newest = re.search(r'name="keep" value="([^"]+)"', late.get_data(as_text=True))
    assert newest, "nothing to keep"
    return {**fields_of(late), "keep": newest[1]}


def _value(tag: str) -> str:
    if tag.startswith("<textarea"):
        return tag.partition(">")[2].removesuffix("</textarea>").removeprefix("\n")
    if tag.startswith("<select"):
        chosen = re.search(r'<option value="([^"]*)" selected', tag) or re.search(r'<option value="([^"]*)"', tag)
        return chosen[1] if chosen else ""
    value = re.search(r'\bvalue="([^"]*)"', tag)
    return value[1] if value else ""


def send(client: FlaskClient, page_address: str, path: str = "", form_id: str = "form", **changes: str) -> Any:
    """Open a page and send its form, changed so."""
    fields = fields_of(client.get(page_address), form_id)
    return client.post(path or page_address.partition("?")[0], data={**fields, **changes})
