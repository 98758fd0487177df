"""An hour of a member of staff: a new product, a typo in forty, the reviews that wait, a synonym.

On a desktop with script and on a phone without; every change is in the audit log and in the shop.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from shop.db import db, transaction_time
from shop.domain.actors import SYSTEM, Actor
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.models import Product
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import ModerateReview, moderate_review, submit_review
from shop.domain.search.statistics import record_searches
from shop.jobs.outbox import dispatch_all, keep_search
from tests.browser.conftest import DESKTOP, PHONE, RunningShop
from tests.browser.test_accessibility import AXE, MODES, violations
from tests.conftest import make_product, make_staff
from tests.domain.reviews.stories import delivered_order, words

pytestmark = pytest.mark.thorough


@dataclass(frozen=True)
class Hour:
    """Whose hour it is, at what, and the words of it that no other test uses."""

    name: str
    viewport: dict[str, int]
    javascript: bool
    new_product: str
    typo: str
    meant: str
    asked: str  # what shoppers search for, and no product is called
    known_as: str

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"


HOURS = [
    Hour("hour-at-desk", DESKTOP, True, "Linen bathrobe", "Lavendar", "Lavender", "kimono", "bathrobe"),
    Hour("hour-on-phone", PHONE, False, "Waffle hammam", "Vannila", "Vanilla", "washcloth", "hammam"),
]
SAID = [(5, "Calm and soft"), (1, "Buy mine instead"), (4, "Fine")]


class Visited:
    """A page of the browser, and the admin's addresses that were seen in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.addresses: list[str] = []

    def look(self) -> None:
        """Note the address, to be looked at by axe; nothing is wider than the screen."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url
        self.addresses.append(self.page.url)

    def go(self, path: str) -> None:
        self.page.goto(path)
        self.look()


@pytest.fixture(params=HOURS, ids=lambda hour: hour.name)
def hour(request: pytest.FixtureRequest) -> Hour:
    return request.param


@pytest.fixture
def staff(shop: RunningShop, hour: Hour) -> Actor:
    """The member of staff; forty products with a typo, three reviews that wait, a search that found nothing."""
    with shop.app.app_context():
        actor = make_staff(email=hour.email)
        products = [
            make_product(
                f"{hour.typo} candle {number}",
                slug=f"{hour.name}-{number}",
                description=f"<p>With oil of {hour.typo} and salt.</p>",
                stock=9,
            )
            for number in range(40)
        ]
        for waiting in db.session.scalars(db.select(Review.public_id).filter_by(status="pending")).all():
            moderate_review(waiting, ModerateReview(decision="hide"), SYSTEM)  # those of other tests
        order = delivered_order(shop.app.extensions["shop_terms"], SYSTEM, *products[:3])
        for product, (rating, title) in zip(products[:3], SAID, strict=True):
            submit_review(order.id, product.public_id, words(rating, title=title))
        record_searches([(transaction_time().date(), hour.asked, 12, 0)])
        db.session.remove()
    return actor


def sign_in(visited: Visited, hour: Hour) -> None:
    page = visited.page
    visited.go("/admin/sign-in")
    page.get_by_label("E-mail").fill(hour.email)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin")
    visited.look()


def add_product(visited: Visited, hour: Hour) -> None:
    """A product with six variants, on sale."""
    page = visited.page
    visited.go("/admin/products/new")
    page.get_by_label("Name", exact=True).first.fill(hour.new_product)
    page.get_by_label("Price in USD").fill("59.00")
    page.get_by_label("Units in stock").fill("5")
    page.locator("#options-0-name").fill("Size")
    page.locator("#options-0-values").fill("S, M, L")
    page.get_by_text("Second option").click()
    page.locator("#options-1-name").fill("Colour")
    page.locator("#options-1-values").fill("White, Sage")
    page.get_by_label("Status").select_option("active")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The product was made with 6 variants.")).to_be_visible()
    visited.look()


def mend_typo(visited: Visited, hour: Hour) -> None:
    """In the names and descriptions of forty products at once, after a look at what it would do."""
    page = visited.page
    visited.go(f"/admin/products?q={hour.typo}&sort=name")
    if hour.javascript:
        page.get_by_label("All on this page").check()
        expect(page.get_by_text("40 selected")).to_be_visible()
    else:
        page.get_by_label("Which").select_option("match")
    page.get_by_role("button", name="Find and replace").click()
    page.get_by_label("Find", exact=True).fill(hour.typo)
    page.get_by_label("Replace with").fill(hour.meant)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="80 changes in 40 products")).to_be_visible()
    page.get_by_role("button", name="Find and replace: 40 products").click()
    expect(page.get_by_text("40 of 40")).to_be_visible()
    visited.look()


def moderate(visited: Visited, hour: Hour) -> None:
    """One review after the other: the first with a reply, the second hidden, the third as it is."""
    page = visited.page
    visited.go("/admin")
    page.get_by_role("link", name="Reviews waiting").click()
    expect(page.get_by_text("1–3 of 3")).to_be_visible()
    visited.look()
    page.get_by_role("link", name="Calm and soft").click()
    expect(page.get_by_role("heading", name="Calm and soft")).to_be_visible()
    visited.look()
    page.get_by_label("Reply of the shop").fill("Thank you for telling.")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Buy mine instead")).to_be_visible()
    if hour.javascript:
        page.keyboard.press("h")
    else:
        page.get_by_role("button", name="Hide").click()
    expect(page.get_by_role("heading", name="Fine")).to_be_visible()
    if hour.javascript:
        page.keyboard.press("a")
    else:
        page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("There are no reviews here.")).to_be_visible()
    visited.look()


def add_synonym(visited: Visited, hour: Hour) -> None:
    """From what shoppers searched for in vain."""
    page = visited.page
    visited.go("/admin/searches?tab=nothing")
    page.get_by_role("link", name=f"Add a synonym for {hour.asked}").click()
    expect(page.get_by_label("Words that mean the same")).to_have_value(hour.asked)
    visited.look()
    page.get_by_label("Words that mean the same").fill(f"{hour.asked}\n{hour.known_as}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The synonym was made.")).to_be_visible()
    visited.look()


def test_a_staff_members_hour(shop, open_browser, staff, hour):
    visited = Visited(open_browser(viewport=hour.viewport, javascript=hour.javascript))
    sign_in(visited, hour)
    add_product(visited, hour)
    mend_typo(visited, hour)
    moderate(visited, hour)
    add_synonym(visited, hour)
    visited.go(f"/admin/audit?who={hour.email}")

    expect_in_audit_log(shop, staff)
    expect(visited.page.get_by_role("link", name="Synonym created")).to_be_visible()
    with shop.app.app_context():  # as the scheduler does, every two seconds
        dispatch_all()
        keep_search()
        db.session.remove()
    expect_in_shop(open_browser(viewport=hour.viewport, javascript=hour.javascript), hour)
    if hour.javascript:  # axe needs script; the pages are the same on a phone
        expect_accessible(open_browser(viewport=hour.viewport, bypass_csp=True), visited.addresses, hour)


def expect_in_audit_log(shop: RunningShop, staff: Actor) -> None:
    """Every change is there once, by whom, with what it was before."""
    with shop.app.app_context():
        entries = db.session.scalars(db.select(AuditEntry).filter_by(user_id=staff.user_id)).all()
        mended = [each for each in entries if each.action == "product.changed"]
        made = db.session.scalars(db.select(Product.public_id).order_by(Product.id.desc())).first()
        db.session.remove()
    assert Counter(each.action for each in entries) == {
        "staff.signed_in": 1,
        "product.created": 1,
        "product.changed": 40,
        "review.approved": 2,
        "review.hidden": 1,
        "synonym.created": 1,
    }
    assert all(set(each.after) == {"name", "description"} == set(each.before) for each in mended)
    assert len({each.subject_id for each in mended}) == 40
    assert made in {each.subject_id for each in entries if each.action == "product.created"}


def expect_in_shop(page: Page, hour: Hour) -> None:
    """The typo is gone, the approved reviews are there and counted, the synonym finds the new product."""
    page.goto(f"/products/{hour.name}-0")
    expect(page.get_by_role("heading", name=f"{hour.meant} candle 0")).to_be_visible()
    expect(page.locator("main")).to_contain_text(f"With oil of {hour.meant} and salt.")
    expect(page.locator("main")).not_to_contain_text(hour.typo)
    expect(page.locator("#review-list .review")).to_contain_text("Calm and soft")
    expect(page.locator("#review-list .review")).to_contain_text("Thank you for telling.")
    expect(page.locator(".product-rating")).to_contain_text("1 review")
    page.goto(f"/products/{hour.name}-1")
    expect(page.get_by_text("Buy mine instead")).to_have_count(0)
    page.goto(f"/products/{hour.name}-39")
    expect(page.get_by_role("heading", name=f"{hour.meant} candle 39")).to_be_visible()

    page.goto(f"/search?q={hour.asked}")
    page.get_by_role("link", name=hour.new_product).first.click()
    expect(page.get_by_role("heading", name=hour.new_product)).to_be_visible()
    expect(page.locator("main")).to_contain_text("Sage")


def expect_accessible(page: Page, addresses: list[str], hour: Hour) -> None:
    """axe finds nothing on any page of the hour; test_admin looks at them in the other themes too."""
    page.add_init_script(path=AXE)
    visited = Visited(page)
    sign_in(visited, hour)
    found = []
    for address in dict.fromkeys(addresses):
        page.goto(address)
        found += violations(page, address, MODES[:1])
    assert not found, "\n".join(found)
