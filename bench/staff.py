"""A member of staff at a browser without script: signs in, opens an order's page, presses the buttons there."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from bench.hands import PASSWORD
from bench.shopper import Answer, Shopper, hidden_fields

FORM = r'<form[^>]*\bid="{}".*?</form>'
UNITS = re.compile(r'name="(quantities\.item_\w+)"')
NOTICE = re.compile(r'<p class="notice (success|error)"[^>]*>(.*?)</p>', re.DOTALL)


@dataclass(frozen=True)
class StaffForm:
    """A form as the page had it: where it goes, what it sends untouched, and the fields of its units."""

    action: str
    fields: dict[str, str]
    units: list[str]

    def without_sight(self) -> StaffForm:
        """The same without the version that was seen: then the states of the order alone decide."""
        return StaffForm(self.action, {k: v for k, v in self.fields.items() if k != "seen"}, self.units)


@dataclass
class StaffMember:
    """A signed-in member of staff."""

    browser: Shopper

    def open_form(self, order_id: str, name: str) -> StaffForm:
        """Open the order's page and read one of its forms."""
        page = self.browser.request("GET", f"/admin/orders/{order_id}")
        form = re.search(FORM.format(name), page.body.decode(), re.DOTALL)
        assert form, f"no form {name}: {page.status} {page.body[:300]!r}"
        action = re.search(r'action="([^"]+)"', form[0])
        assert action
        return StaffForm(html.unescape(action[1]), hidden_fields(form[0]), UNITS.findall(form[0]))

    def press(self, form: StaffForm, **more: str) -> Answer:
        return self.browser.post_form(form.action, {**form.fields, **more})

    def do(self, order_id: str, *names: str) -> None:
        """Open and press these forms one after the other; each has to do its work."""
        for name in names:
            self.press(self.open_form(order_id, name))
            done, said = self.hear(order_id)
            assert done, f"{name}: {said}"

    def hear(self, order_id: str) -> tuple[bool, str]:
        """Whether the last press did its work, and what the page says about it."""
        page = self.browser.request("GET", f"/admin/orders/{order_id}").body.decode()
        notices = NOTICE.findall(page)
        return [kind for kind, _ in notices] == ["success"], "; ".join(text for _, text in notices)


def sign_in(browser: Shopper, email: str) -> StaffMember:
    """Sign somebody in with the password of all whom the proofs make, unless a try that broke off did so before."""
    page = browser.request("GET", "/admin/sign-in")
    if page.status != 303:
        fields = hidden_fields(page.body.decode())
        entered = browser.post_form("/admin/sign-in", {**fields, "email": email, "password": PASSWORD})
        assert entered.status == 303, (entered.status, entered.body[:300])
    browser.request("GET", "/admin")  # shows what is said after signing in, so that no later page does
    return StaffMember(browser)
