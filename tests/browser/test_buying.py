"""Buying in a real browser: with JavaScript, without it, by keyboard alone, and with nervous fingers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from shop.db import db
from shop.domain.orders.models import Order
from tests.browser.conftest import PHONE
from tests.browser.shopper import add_to_cart, expect_in_cart, fill_address, number_on, place_order


def orders_of(shop, email):
    with shop.app.app_context():
        found = db.session.scalars(
            db.select(Order).filter_by(email=email).options(db.selectinload(Order.line_items))
        ).all()
        db.session.remove()
        return found


def test_a_guest_buys_with_javascript(page, shop):
    page.goto("/")
    page.get_by_role("link", name="Face care").first.click()
    page.get_by_label("Sort by").select_option("Name, A to Z")
    page.wait_for_url("**sort=name**")
    page.get_by_role("link", name="Amber", exact=True).click()
    page.get_by_label("50 ml").check()
    page.wait_for_url("**variant=var_*")
    page.locator("#add").click()
    expect(page.get_by_role("status").filter(has_text="Amber added.")).to_contain_text("1 item in your cart")
    expect_in_cart(page, 1)
    page.get_by_role("link", name="Checkout").click()
    email = fill_address(page)
    number = place_order(page)

    (order,) = orders_of(shop, email)
    assert order.number == number and order.line_items[0].variant_name == "50 ml"
    expect(page.locator("main")).to_contain_text("50 ml")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Lina")
    expect_in_cart(page, 0)


def test_a_guest_buys_the_second_variant_without_javascript_on_a_phone(open_browser, shop):
    page = open_browser(javascript=False, viewport=PHONE)
    page.goto("/")
    page.get_by_role("link", name="Face care").first.click()
    page.get_by_label("Sort by").select_option("Name, A to Z")
    page.get_by_role("button", name="Sort").click()
    page.get_by_role("link", name="Amber", exact=True).click()
    page.get_by_label("50 ml").check()
    page.locator("#add").click()
    page.wait_for_url("**/cart")
    page.get_by_role("link", name="Checkout").click()
    email = fill_address(page)
    page.get_by_role("radio", name="Express").check()
    page.get_by_role("button", name="Update delivery options").click()
    expect(page.get_by_role("button", name=re.compile("Place order · \\$70.90"))).to_be_visible()
    number = place_order(page)

    (order,) = orders_of(shop, email)
    assert (order.number, order.line_items[0].variant_name, order.total_amount) == (number, "50 ml", 7090)
    page.reload()
    assert len(orders_of(shop, email)) == 1


def test_two_options_work_without_javascript_also_when_the_button_between_is_not_pressed(open_browser):
    page = open_browser(javascript=False)
    page.goto("/products/body-wash")
    page.get_by_label("500 ml").check()
    page.get_by_role("button", name="Show this choice").click()
    expect(page.get_by_text("500 ml / Rose is not offered")).to_be_visible()
    page.get_by_label("Cedar").check()
    page.get_by_role("button", name="Show this choice").click()
    page.locator("#add").click()
    expect(page.locator(".line")).to_contain_text("500 ml / Cedar")

    page.goto("/products/body-wash")
    page.get_by_label("Cedar").check()
    page.locator("#add").click()
    expect(page.locator(".lines")).to_contain_text("300 ml / Cedar")


def test_the_cart_works_without_javascript(open_browser, watched):
    watched.expected = ["status of 409"]
    page = open_browser(javascript=False)
    page.goto("/products/scarce-balm")
    page.locator("#add").click()
    page.get_by_role("button", name="One more of Scarce balm").click()
    expect(page.get_by_label("Quantity of Scarce balm")).to_have_value("2")
    page.get_by_label("Quantity of Scarce balm").fill("9")
    page.get_by_role("button", name="Update").click()
    expect(page.locator(".line")).to_contain_text("Only 3 left. Your cart has 2.")
    page.get_by_role("button", name="Remove Scarce balm").click()
    expect(page.get_by_text("Your cart is empty.")).to_be_visible()


# -- by keyboard alone ------------------------------------------------------------------------------------------------

FOCUS = """() => {
  const element = document.activeElement, marked = element.matches('.option input') ? element.nextElementSibling
    : element.closest('.choice-card') || (element.matches('h2 a, h3 a') && element.closest('.tile, .card')) || element;
  const style = getComputedStyle(marked), box = marked.getBoundingClientRect();
  return {
    id: element.id, name: element.name ?? '',
    text: (element.innerText || element.ariaLabel || element.value || '').trim(),
    hasOutline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    isInView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


def tab_to(page: Page, wanted: str, most: int = 40) -> int:
    """Press Tab until what is wanted (an id, a name or a text) has the focus; how often that was."""
    for presses in range(1, most + 1):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        assert focus["hasOutline"], f"no visible focus on {focus}"
        assert focus["isInView"], f"out of sight: {focus}"
        if wanted in (focus["id"], focus["name"]) or focus["text"].startswith(wanted):
            return presses
    raise AssertionError(f"{wanted} was not reached")


def test_a_guest_buys_by_keyboard_alone(page, shop):
    page.goto("/categories/face?sort=name")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["text"] == "Skip to content"
    page.keyboard.press("Enter")
    tab_to(page, "Amber")
    page.keyboard.press("Enter")
    page.wait_for_url("**/products/amber")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skips to the content
    tab_to(page, "variantId")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**variant=var_*")
    expect(page.locator("#variantId-2")).to_be_focused()  # the swap keeps one's place
    tab_to(page, "Add to cart")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your cart")).to_be_focused()
    expect(page.get_by_role("button", name="Close the cart")).to_be_in_viewport(ratio=1)
    tab_to(page, "Checkout")
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    presses = 0
    typed = {"email": "keys@example.com", "phone": "+1 212 555 0199", "country": "", "firstName": "Lina"}
    typed |= {"lastName": "Haddad", "street": "1 Rainbow Street", "city": "New York", "region": "New York"}
    for name, text in {**typed, "postalCode": "10001"}.items():
        presses += tab_to(page, f"shippingAddress.{name}")
        page.keyboard.type(text)
    presses += tab_to(page, "shippingMethod")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name=re.compile("Place order · \\$70.90"))).to_be_visible()
    expect(page.locator("#method-express")).to_be_focused()
    presses += tab_to(page, "place-order")
    assert presses <= 35
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/order_*")
    assert orders_of(shop, "keys@example.com")[0].number == number_on(page)


def test_enter_in_a_field_of_the_checkout_places_the_order(open_browser, shop):
    for javascript in (True, False):
        page = open_browser(javascript=javascript)
        page.goto("/products/amber")
        page.locator("#add").click()
        page.locator(".added, .line").wait_for()
        page.goto("/checkout")
        email = fill_address(page)
        page.locator('[name="shippingAddress.city"]').press("Enter")
        page.wait_for_url("**/orders/order_*")
        assert len(orders_of(shop, email)) == 1


# -- nervous fingers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("javascript", [True, False])
def test_three_fast_presses_are_one_order(open_browser, shop, javascript):
    page = open_browser(javascript=javascript)
    page.goto("/products/amber")
    page.locator("#add").click()
    page.locator(".added, .line").wait_for()
    page.goto("/checkout")
    email = fill_address(page)
    button = page.get_by_role("button", name=re.compile("Place order"))
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    for _ in range(3):
        page.mouse.click(box["x"] + 20, box["y"] + 10)
    expect(page).to_have_url(re.compile("/orders/order_"))

    assert [order.number for order in orders_of(shop, email)] == [number_on(page)]


def test_five_fast_presses_add_once(page):
    page.goto("/products/amber")
    button = page.locator("#add")
    box = button.bounding_box()
    for _ in range(5):
        page.mouse.click(box["x"] + 20, box["y"] + 10)
        page.wait_for_timeout(50)
    expect(page.locator("#cart-status")).to_have_text("Amber added. 1 item in your cart.")
    expect(page.locator("#drawer")).to_be_visible()
    page.goto("/cart")
    expect(page.get_by_label("Quantity of Amber")).to_have_value("1")


def test_going_back_after_the_order_and_pressing_again_orders_nothing_more(open_browser, shop):
    page = open_browser(javascript=False)
    page.goto("/products/amber")
    page.locator("#add").click()
    page.get_by_role("link", name="Checkout").click()
    email = fill_address(page)
    number = place_order(page)
    page.go_back()
    if page.get_by_role("button", name=re.compile("Place order")).count():
        fill_address(page)
        page.get_by_role("button", name=re.compile("Place order")).click()
        page.wait_for_url("**/orders/order_*")
        assert number_on(page) == number
    assert len(orders_of(shop, email)) == 1


def test_a_signed_in_customer_orders_and_finds_the_order_in_the_account(page, shop):
    from tests.conftest import make_customer

    with shop.app.app_context():
        make_customer("rania@example.com")
        db.session.remove()
    add_to_cart(page, "amber", 2)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Account").click()
    page.get_by_label("E-mail").fill("rania@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account")
    expect_in_cart(page, 2)  # the guest's cart came along
    page.goto("/checkout")
    expect(page.locator('[name="shippingAddress.email"]')).to_have_value("rania@example.com")
    fill_address(page)
    number = place_order(page)
    page.get_by_role("link", name="Account").click()
    page.get_by_role("link", name=number).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {number}")
