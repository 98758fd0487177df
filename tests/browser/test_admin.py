"""The admin in a browser, with and without JavaScript; axe finds nothing on its pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from shop.db import db
from shop.domain.actors import Actor
from shop.domain.catalog.bulk import ADD_TAG, TagWish
from shop.domain.catalog.collections import SaveCollection, save_collection
from shop.domain.catalog.models import Category, Product
from shop.domain.customers.models import User
from shop.domain.imports.uploads import REHEARSAL, read_catalogue
from shop.domain.orders.models import Order
from shop.domain.staff_tasks.catalogues import find_catalogue_task, upload_catalogue
from shop.domain.staff_tasks.operations import queue_task, run_task
from tests.browser.conftest import DESKTOP, PATIENCE, PHONE, RunningShop
from tests.browser.test_accessibility import AXE, NARROW, violations
from tests.browser.test_tour import SETTLED
from tests.conftest import make_staff, placed_order, variants_of
from tests.domain.promotions.codes import make_code

pytestmark = pytest.mark.thorough

EMAIL, PASSWORD = "owner@example.com", "correct horse battery"


@pytest.fixture(scope="module")
def places(shop: RunningShop) -> dict[str, str]:
    """The addresses of the admin's pages, each with something on it."""
    with shop.app.app_context():
        staff = make_staff(email=EMAIL)
        amber = db.session.scalars(db.select(Product).filter_by(slug="amber")).one()
        order = placed_order(shop.app.extensions["shop_terms"], (variants_of(amber)[0], 1), confirm=True)
        product = amber.public_id
        task = queue_task(ADD_TAG.kind, TagWish(tag="gift"), [product, "prod_gone"], staff, "key")
        run_task(task.id, 10)
        category = db.session.scalars(db.select(Category.public_id).filter_by(slug="face")).one()
        user = db.session.scalars(db.select(User.public_id).filter_by(email=EMAIL)).one()
        order_id = db.session.scalars(db.select(Order.public_id).filter_by(id=order.id)).one()
        of_guest = db.select(Order.public_id).filter_by(email=order.email, user_id=None).order_by(Order.id)
        imported = _uploaded(staff)
        gifts = SaveCollection.model_validate({"slug": "gifts", "name": "Gifts", "rules": {"tag": ["gift"]}})
        collection = save_collection(gifts, staff)
        found = {
            "home": "/admin",
            "orders": "/admin/orders",
            "order": f"/admin/orders/{order_id}",
            "people": "/admin/users?tab=all",
            "person": f"/admin/users/{user}",
            "products": "/admin/products",
            "low stock": "/admin/products?tab=low&sort=name",
            "no match": "/admin/products?q=zzz",
            "product": f"/admin/products/{product}",
            "new product": "/admin/products/new",
            "imports": "/admin/imports",
            "import": f"/admin/imports/{imported}",
            "categories": "/admin/categories",
            "category": f"/admin/categories/{category}",
            "new category": "/admin/categories/new",
            "collections": "/admin/collections",
            "collection": f"/admin/collections/{collection.public_id}",
            "attributes": "/admin/attributes",
            "synonyms": "/admin/synonyms",
            "guests": "/admin/guests",
            "guest": f"/admin/guests/{db.session.scalars(of_guest.limit(1)).one()}",  # named by their first order
            "inventory": "/admin/inventory?tab=all",
            "stock of a variant": f"/admin/inventory/{variants_of(amber)[0].public_id}",
            "delivery": "/admin/inventory/sheet",
            "discount codes": "/admin/discount-codes",
            "discount code": f"/admin/discount-codes/{make_code().public_id}",
            "new discount code": "/admin/discount-codes/new",
            "discount test": "/admin/discount-code-test?code=NOSUCH&goods=NOPE",
            "new shipping zone": "/admin/shipping-zones/new",
            "shipping test": "/admin/shipping-test?country=JO",
            "new tax zone": "/admin/taxes/new",
            "tax test": "/admin/taxes/test?country=US&price=10",
            "searches": "/admin/searches",
            "reviews": "/admin/reviews?tab=all",
            "audit log": "/admin/audit",
            "audit entry": "/admin/audit/1",
            "tasks": "/admin/tasks",
            "task": f"/admin/tasks/{task.public_id}",
            "search": "/admin/search?q=amber",
            "nothing": "/admin/nothing",
        }
        db.session.remove()
    return found


def _uploaded(staff: Actor) -> str:
    """A catalogue that was tried, with a mistake in it."""
    content = b"Handle,Title,Variant Price\nnew,New,1.00\nwrong,Wrong,much\n"
    file = upload_catalogue("spring.csv", content, read_catalogue(content, "USD"), staff, "USD", sets_stock=False)
    task = find_catalogue_task(file.public_id, REHEARSAL)
    assert task is not None
    run_task(task.id, 10)
    return file.public_id


def enter(page: Page) -> Page:
    page.goto("/admin/sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin")
    return page


@pytest.fixture(scope="module")
def axe_page(browser: Browser, shop: RunningShop, places: dict[str, str]) -> Iterator[Page]:
    context = browser.new_context(base_url=shop.url, bypass_csp=True, service_workers="block")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(path=AXE)
    yield context.new_page()
    context.close()


def test_axe_finds_nothing_in_the_admin(axe_page, places):
    page, found = axe_page, []

    def look(name):
        nonlocal found
        page.set_viewport_size(DESKTOP)
        found += violations(page, name)
        page.set_viewport_size(PHONE)
        page.evaluate(SETTLED)
        found += violations(page, f"{name} on a phone", NARROW)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the screen"

    page.goto("/admin/sign-in")
    look("sign-in")
    enter(page)
    for name, path in places.items():
        answer = page.goto(path)
        assert answer.status == {"nothing": 404, "discount test": 400}.get(name, 200), name
        look(name)
    page.goto("/admin/categories/new")
    page.evaluate("document.getElementById('form').noValidate = true")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#mistakes")).to_be_visible()
    look("mistakes")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_a_category_is_made_and_changed(open_browser, places, javascript):
    page = enter(open_browser(javascript=javascript))
    page.get_by_role("navigation", name="Admin").get_by_role("link", name="Categories").click()
    page.get_by_role("link", name="New category").click()
    name = f"Salts {javascript}"
    page.get_by_label("Name").fill(name)
    if javascript:
        expect(page.get_by_text("Unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The category was made.")).to_be_visible()
    page.get_by_label("Position").fill("7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("heading", name="History")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_who_saves_second_is_shown_both_versions(open_browser, places, watched, javascript):
    watched.expected.append("409")
    first, second = (enter(open_browser(javascript=javascript)) for _ in range(2))
    for page in (first, second):
        page.goto(places["category"])
    first.get_by_label("Description", exact=False).first.fill(f"First {javascript}")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_text("Saved.")).to_be_visible()
    second.get_by_label("Description", exact=False).first.fill(f"Second {javascript}")
    second.get_by_role("button", name="Save", exact=True).click()
    expect(second.get_by_text("see the difference")).to_be_visible()
    expect(second.get_by_role("cell", name=f"First {javascript}")).to_be_visible()
    second.get_by_label("Position").press("Enter")  # the plain save again: it overwrites nobody
    expect(second.get_by_role("button", name="Save mine over it")).to_be_visible()
    expect(second.get_by_text("Saved.")).to_have_count(0)
    second.get_by_role("button", name="Save mine over it").click()
    expect(second.get_by_text("Saved.")).to_be_visible()
    expect(second.get_by_label("Description", exact=False).first).to_have_value(f"Second {javascript}")


def test_ticking_the_page_offers_all_that_match(open_browser, places):
    page = enter(open_browser())
    page.goto("/admin/products?q=cream&sort=name")
    page.get_by_label("All on this page").check()
    expect(page.get_by_text("50 selected")).to_be_visible()
    page.get_by_role("button", name="Select all 61 that match").click()
    expect(page.get_by_text("All 61 selected")).to_be_visible()
    page.get_by_role("button", name="Change prices").click()
    expect(page.get_by_role("heading", name="Change prices: 61 products")).to_be_visible()
    page.get_by_label("Percent").fill("10")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="61 changes in 61 products")).to_be_visible()
    page.get_by_role("button", name="Change prices: 61 products").click()
    expect(page.get_by_text("61 of 61")).to_be_visible()


def test_bulk_changes_work_without_script(open_browser, places):
    page = enter(open_browser(javascript=False))
    page.goto("/admin/products?q=soap")
    page.get_by_label("Sold-out soap").check()
    page.get_by_role("button", name="Set status").click()
    page.get_by_label("Status").select_option("draft")
    page.get_by_role("button", name="Set status: 1 product").click()
    expect(page.get_by_text("Done 1 of 1")).to_be_visible()
    page.goto("/admin/products?q=soap")
    page.get_by_label("Sold-out soap").check()
    page.get_by_role("button", name="Set status").click()
    page.get_by_label("Status").select_option("active")
    page.get_by_role("button", name="Set status: 1 product").click()
    expect(page.get_by_text("Done 1 of 1")).to_be_visible()


def test_a_running_task_says_how_far_it_is_and_stops_asking(open_browser, places, shop):
    page = enter(open_browser())
    with shop.app.app_context():
        actor = make_staff(email="other@example.com")
        ids = list(db.session.scalars(db.select(Product.public_id).limit(5)))
        task = queue_task(ADD_TAG.kind, TagWish(tag="slow"), ids, actor, "slow")
        db.session.remove()
    page.goto(f"/admin/tasks/{task.public_id}")
    expect(page.get_by_text("0 of 5; it begins in a moment")).to_be_visible()
    with shop.app.app_context():
        run_task(task.id, 10)
        db.session.remove()
    expect(page.get_by_text("5 of 5")).to_be_visible()
    assert page.locator("#task[hx-trigger]").count() == 0


def test_keys_go_places_and_can_be_switched_off(open_browser, places):
    page = enter(open_browser())
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/admin/products")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search the admin")).to_be_focused()
    page.keyboard.type("gp?")  # only typed
    expect(page.get_by_role("searchbox", name="Search the admin")).to_have_value("gp?")
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.get_by_label("Keys of one letter are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search the admin")).not_to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Search the admin")).to_be_focused()


def test_leaving_with_unsaved_changes_is_asked_about(open_browser, places):
    page = enter(open_browser())
    page.goto(places["category"])
    page.get_by_label("Position").fill("3")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("navigation", name="Admin").get_by_role("link", name="Products").click()
    page.wait_for_url("**/admin/products")
    assert asked == ["beforeunload"]


def test_on_a_phone_the_rail_is_a_menu(open_browser, places):
    page = enter(open_browser(viewport=PHONE))
    expect(page.get_by_role("navigation", name="Admin")).to_be_hidden()
    page.locator(".admin-menu > summary").click()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Orders").click()
    page.wait_for_url("**/admin/orders")
