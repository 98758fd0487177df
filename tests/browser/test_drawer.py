"""The cart beside the page: opened by adding, by hand, closed again, and changed in place (ux.md, checks 16 and 17)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.shopper import add_to_cart, expect_in_cart

pytestmark = pytest.mark.thorough


def test_adding_opens_it_and_closing_leads_back_to_the_button(page):
    add_to_cart(page)
    expect(page.get_by_role("heading", name="Your cart")).to_be_focused()
    expect(page.locator("#cart-status")).to_have_text("Amber added. 1 item in your cart.")

    page.keyboard.press("Escape")

    expect(page.locator("#drawer")).to_be_hidden()
    expect(page.locator("#add")).to_be_focused()
    expect_in_cart(page, 1)


def test_the_cart_link_opens_it_and_its_button_and_a_press_beside_it_close_it(page):
    add_to_cart(page)
    page.goto("/pages/shipping")
    for close in (
        lambda: page.get_by_role("button", name="Close the cart").click(),
        lambda: page.mouse.click(20, 300),
    ):
        page.locator("#cart-link").click()
        expect(page.locator("#drawer")).to_be_visible()
        expect(page.locator("#drawer .line")).to_have_count(1)
        page.wait_for_timeout(600)  # a press right after the opening is taken for the rest of a double click
        close()
        expect(page.locator("#drawer")).to_be_hidden()
        expect(page.locator("#cart-link")).to_be_focused()


def test_an_empty_one_says_so(page):
    page.goto("/")
    page.locator("#cart-link").click()
    expect(page.locator("#drawer")).to_contain_text("Your cart is empty.")


def test_lines_change_go_and_come_back_in_it(page):
    add_to_cart(page)
    drawer = page.locator("#drawer")
    drawer.get_by_role("button", name="One more of Amber").click()
    expect(drawer.locator("#cart-totals")).to_contain_text("Subtotal$116.00")
    expect(drawer.get_by_role("button", name="One more of Amber")).to_be_focused()

    drawer.get_by_role("button", name="Remove Amber").click()
    expect(drawer).to_contain_text("Amber was removed.")
    expect(drawer.locator("#cart-status")).to_contain_text("Amber was removed. Your cart is empty.")
    expect(drawer.locator("#cart-lines")).to_be_focused()

    drawer.get_by_role("button", name="Undo").click()
    expect(drawer.get_by_label("Quantity of Amber")).to_have_value("2")
    page.keyboard.press("Escape")
    expect_in_cart(page, 2)


def test_what_was_removed_comes_back_without_javascript_too(open_browser):
    page = open_browser(javascript=False)
    page.goto("/products/amber")
    page.locator("#add").click()
    page.get_by_role("button", name="Remove Amber").click()
    expect(page.locator("main")).to_contain_text("Amber was removed.")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Quantity of Amber")).to_have_value("1")


def test_a_card_without_a_choice_adds_from_the_list(page):
    page.goto("/categories/body")
    page.get_by_role("button", name="Add Scarce balm to cart").click()
    expect(page.locator("#cart-status")).to_have_text("Scarce balm added. 1 item in your cart.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Add Scarce balm to cart")).to_be_focused()


def test_on_a_phone_it_fills_the_screen_and_checkout_stays_in_sight(open_browser):
    page = open_browser(viewport=PHONE)
    for number in range(4):
        add_to_cart(page, f"plain-cream-{number}")
    expect(page.get_by_role("link", name="Checkout")).to_be_in_viewport(ratio=1)
    assert round(page.locator("#drawer").bounding_box()["width"]) == PHONE["width"]


def test_on_a_phone_the_button_is_at_hand_while_the_other_one_is_out_of_sight(open_browser):
    page = open_browser(viewport=PHONE)
    page.goto("/products/amber")
    bar = page.locator("#buy-bar")
    page.evaluate("scrollTo(0, 0)")
    expect(bar).to_be_visible()
    page.locator("#add").scroll_into_view_if_needed()
    expect(bar).to_be_hidden()
    page.locator("footer").scroll_into_view_if_needed()
    expect(bar).to_be_visible()
    bar.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#cart-status")).to_have_text("Amber added. 1 item in your cart.")


def test_what_fails_in_it_is_said_in_it_and_can_be_tried_again(open_browser, watched):
    watched.expected = ["status of 502"]
    page = open_browser(viewport=PHONE)
    add_to_cart(page)
    page.route("**/cart/items/*", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.locator("#drawer").get_by_role("button", name="One more of Amber").click()
    again = page.locator("#drawer").get_by_role("button", name="Try again")
    expect(again).to_be_in_viewport(ratio=1)
    page.unroute("**/cart/items/*")
    again.click()
    expect(page.locator("#drawer").get_by_label("Quantity of Amber")).to_have_value("2")
    expect(page.locator("#cart-totals")).to_contain_text("Subtotal$116.00")
    page.keyboard.press("Escape")
    expect(page.locator("body > #toasts")).to_have_count(1)


def test_presses_in_a_row_all_count(page):
    add_to_cart(page)
    more = page.locator("#drawer").get_by_role("button", name="One more of Amber")
    for _ in range(5):
        more.click()
    expect(page.locator("#cart-status")).to_contain_text("6 items in your cart")
    expect(page.locator("#drawer").get_by_label("Quantity of Amber")).to_have_value("6")
    expect_in_cart(page, 6)


@pytest.mark.parametrize("size", [(320, 568), (640, 450), (844, 390)], ids=str)
def test_on_a_low_screen_there_is_room_for_what_is_in_it(open_browser, size):
    page = open_browser(viewport={"width": size[0], "height": size[1]})
    add_to_cart(page)
    expect(page.get_by_role("link", name="Checkout")).to_be_in_viewport(ratio=1)
    assert page.locator(".drawer-body").bounding_box()["height"] >= 140


def test_with_a_key_held_down_the_cart_opens_in_another_tab(page):
    page.goto("/")
    with page.context.expect_page() as opened:
        page.locator("#cart-link").click(modifiers=["ControlOrMeta"])
    opened.value.wait_for_url("**/cart")
    expect(page.locator("#drawer")).to_be_hidden()


def slow_down(page):
    """Every change of the cart takes a while, as over a poor connection."""
    page.route("**/cart/items/*", lambda route: (page.wait_for_timeout(700), route.continue_()))


def test_what_is_pressed_while_the_cart_is_busy_waits_for_its_turn(page):
    add_to_cart(page)
    add_to_cart(page, "plain-cream-1")
    page.goto("/cart")
    slow_down(page)
    page.get_by_role("button", name="One more of Amber").click()
    page.wait_for_timeout(400)
    page.get_by_role("button", name="Remove Amber").click()
    page.get_by_role("button", name="Remove Plain cream 1").click()
    expect(page.get_by_text("Your cart is empty.").first).to_be_visible()
    page.reload()
    expect(page.get_by_text("Your cart is empty.").first).to_be_visible()


def test_a_removal_right_after_a_step_is_a_removal_with_its_undo(page):
    add_to_cart(page)
    page.goto("/cart")
    page.get_by_role("button", name="One more of Amber").click()
    page.get_by_role("button", name="Remove Amber").click()
    expect(page.locator("#cart-lines")).to_contain_text("Amber was removed.")
    page.wait_for_timeout(500)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def test_steps_are_sent_before_a_link_is_followed(page):
    add_to_cart(page)
    for _ in range(2):
        page.locator("#drawer").get_by_role("button", name="One more of Amber").click()
    page.locator("#drawer").get_by_role("link", name="Checkout").click()
    page.wait_for_url("**/checkout")
    expect(page.locator("#summary")).to_contain_text("3 × $58.00")


def test_a_number_typed_after_a_step_is_the_one_that_counts(page):
    add_to_cart(page)
    page.goto("/cart")
    page.get_by_role("button", name="One more of Amber").click()
    page.get_by_label("Quantity of Amber").fill("5")
    page.keyboard.press("Tab")
    expect(page.locator("#cart-totals")).to_contain_text("Subtotal$290.00")
    page.reload()
    expect(page.get_by_label("Quantity of Amber")).to_have_value("5")


def test_a_number_that_cannot_be_goes_back_to_the_last_good_one(page):
    add_to_cart(page)
    page.goto("/cart")
    for wrong in ("0", ""):
        page.get_by_label("Quantity of Amber").fill(wrong)
        page.keyboard.press("Tab")
        expect(page.get_by_label("Quantity of Amber")).to_have_value("1")


def test_a_choice_that_could_not_be_shown_is_taken_back(page, watched):
    watched.expected = ["status of 502"]
    page.goto("/products/amber")
    page.route("**/products/amber?**", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.get_by_label("50 ml").check(force=True)
    expect(page.get_by_label("30 ml")).to_be_checked()
    page.unroute("**/products/amber?**")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url("**variant=var_*")
    expect(page.get_by_label("50 ml")).to_be_checked()
