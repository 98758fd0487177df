"""What HTMX spares a reload: the place, the focus and the typed text stay, and what changed is announced."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.shopper import add_to_cart, expect_in_cart, fill_address

REFUSED = ["status of 409", "status of 422", "status of 404"]  # Chromium notes every refused request in its console


def test_the_stepper_stops_at_what_there_is_and_says_so(page, watched):
    watched.expected = REFUSED
    add_to_cart(page, "scarce-balm", 2)
    page.goto("/cart")
    more, quantity = page.get_by_role("button", name="One more"), page.get_by_label("Quantity of Scarce balm")

    more.click()
    expect(quantity).to_have_value("3")
    expect(page.locator("#cart-totals")).to_contain_text("$36.00")
    expect(page.locator("#cart-status")).to_contain_text("3 items in your cart, $40.90")
    expect(page.get_by_role("button", name="One more")).to_be_focused()
    more.click()

    expect(page.locator(".line-problem")).to_have_text("Only 3 left. Your cart has 3.")
    expect(quantity).to_have_value("3")
    expect(quantity).to_be_focused()
    expect(page.locator("#cart-totals")).to_contain_text("$36.00")
    expect_in_cart(page, 3)


def test_a_typed_quantity_is_sent_when_the_field_is_left(page, watched):
    watched.expected = REFUSED
    add_to_cart(page)
    page.goto("/cart")
    quantity = page.get_by_label("Quantity of Amber")
    quantity.fill("4")
    quantity.press("Tab")
    expect(page.locator("#cart-totals")).to_contain_text("$232.00")
    expect_in_cart(page, 4)
    expect(page.get_by_role("button", name="Update")).to_have_count(0)  # hidden where script runs


def test_the_last_removal_leaves_the_empty_cart_and_the_focus_in_it(page):
    add_to_cart(page)
    page.goto("/cart")
    page.get_by_role("button", name="Remove Amber").press("Enter")
    expect(page.get_by_text("Your cart is empty.").first).to_be_visible()
    expect(page.locator("#cart-lines")).to_be_focused()
    expect(page.locator("#cart-totals")).to_be_hidden()
    expect_in_cart(page, 0)


def test_two_tabs_end_in_the_true_cart(page, watched):
    watched.expected = REFUSED
    add_to_cart(page)
    add_to_cart(page, "body-wash")
    page.goto("/cart")
    other = page.context.new_page()
    other.goto("/cart")
    page.get_by_role("button", name="Remove Amber").click()
    expect(page.locator(".line")).to_have_count(1)

    other.get_by_role("button", name="One more of Amber").click()

    expect(other.locator("#cart-lines")).to_contain_text("not in the cart any more")
    expect(other.locator(".line")).to_have_count(1)


def test_a_refused_addition_says_why_beside_the_button(page, watched):
    watched.expected = REFUSED
    page.goto("/products/scarce-balm")
    page.get_by_label("Quantity").fill("9")
    page.locator("#add").click()
    expect(page.locator("#add-result")).to_contain_text("Only 3 left.")
    expect_in_cart(page, 0)


def test_one_press_beside_a_refused_addition_puts_what_there_is_into_the_cart(page, watched):
    watched.expected = REFUSED
    page.goto("/products/scarce-balm")
    page.get_by_label("Quantity").fill("9")
    page.locator("#add").click()
    page.get_by_role("button", name="Add 3").click()
    expect(page.get_by_text("Scarce balm is in your cart")).to_be_visible()
    page.get_by_label("Quantity of Scarce balm").fill("2")
    page.get_by_label("Quantity of Scarce balm").press("Enter")
    expect_in_cart(page, 2)
    page.keyboard.press("Escape")
    expect(page.locator("#add-result")).to_be_empty()
    page.goto("/products/scarce-balm")
    page.get_by_label("Quantity").fill("2")
    page.locator("#add").click()
    expect(page.locator("#add-result")).to_contain_text("Only 3 left. Your cart has 2.")

    page.get_by_role("button", name="Set to 3").click()

    expect(page.get_by_label("Quantity of Scarce balm")).to_have_value("3")
    expect_in_cart(page, 3)
    page.keyboard.press("Escape")
    expect(page.locator("#add")).to_be_focused()
    expect(page.locator("#add-result")).to_be_empty()


def test_one_press_beside_a_refused_step_sets_the_line_to_what_there_is(page, watched):
    watched.expected = REFUSED
    add_to_cart(page, "scarce-balm", 2)
    page.goto("/cart")
    quantity = page.get_by_label("Quantity of Scarce balm")
    quantity.fill("9")
    quantity.press("Enter")
    expect(page.locator(".line-problem")).to_contain_text("Only 3 left. Your cart has 2.")

    page.get_by_role("button", name="Set to 3").click()

    expect(quantity).to_have_value("3")
    expect(quantity).to_be_focused()
    expect(page.locator(".line-problem")).to_have_count(0)
    expect_in_cart(page, 3)


def test_without_javascript_that_press_leads_to_the_cart(open_browser, watched):
    watched.expected = REFUSED
    page = open_browser(javascript=False)
    for wanted, press in (("9", "Add 3"), ("2", "Set to 3")):
        page.goto("/products/scarce-balm")
        page.get_by_label("Quantity").fill(wanted)
        page.locator("#add").click()
        page.get_by_role("button", name=press).click()
        expect(page.get_by_label("Quantity of Scarce balm")).to_have_value("3")
        page.get_by_role("button", name="One less of Scarce balm").click()


def test_a_combination_that_is_not_offered_says_so_at_once(page):
    page.goto("/products/body-wash")
    page.get_by_label("500 ml").check()
    expect(page.get_by_text("500 ml / Rose is not offered")).to_be_visible()
    expect(page.locator("#add")).to_be_disabled()
    page.get_by_label("Cedar").check()
    page.wait_for_url("**variant=var_*")
    expect(page.locator("#add")).to_be_enabled()
    page.reload()
    expect(page.get_by_label("500 ml")).to_be_checked()
    expect(page.get_by_label("Cedar")).to_be_checked()


def test_the_number_on_the_cart_is_right_on_a_page_from_the_browsers_memory(page):
    page.goto("/categories/face?sort=name")
    page.get_by_role("link", name="Amber", exact=True).click()
    page.locator("#add").click()
    expect(page.locator("#drawer")).to_be_visible()
    page.go_back()
    page.wait_for_url("**/categories/face**")
    expect(page.locator("#cart-count")).to_be_visible()
    expect_in_cart(page, 1)


def test_another_country_changes_fields_methods_and_total_and_nothing_else(page):
    add_to_cart(page)
    page.goto("/checkout")
    fill_address(page)
    country = page.get_by_label("Country").first
    country.focus()
    country.select_option("Jordan")

    expect(page.get_by_label("Governorate")).to_have_value("")  # New York is none of them
    expect(page.locator('[name="shippingAddress.postalCode"]')).to_have_count(0)
    expect(page.locator("#summary")).to_contain_text("Delivery to Jordan")
    expect(page.locator('[name="shippingAddress.city"]')).to_have_value("New York")
    expect(country).to_be_focused()
    country.select_option("Germany")
    expect(page.get_by_label("Postal code", exact=True)).to_be_visible()
    expect(page.get_by_label("Governorate")).to_have_count(0)


def test_a_refused_order_names_the_fields_and_keeps_what_was_typed(page, watched):
    watched.expected = REFUSED
    add_to_cart(page)
    page.goto("/checkout")
    page.evaluate("document.getElementById('checkout').noValidate = true")
    page.locator('[name="shippingAddress.firstName"]').fill("Lina")
    page.get_by_role("button", name=re.compile("Place order")).click()

    summary = page.locator("#mistakes")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("link")).to_have_count(7)
    summary.get_by_role("link", name=re.compile("^E-mail")).click()
    email = page.locator('[name="shippingAddress.email"]')
    expect(email).to_be_focused()
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#shippingAddress-email-mistake")).to_be_visible()
    expect(page.locator('[name="shippingAddress.firstName"]')).to_have_value("Lina")


def test_the_browser_asks_for_what_is_missing_before_anything_is_sent(page):
    add_to_cart(page)
    page.goto("/checkout")
    page.get_by_role("button", name=re.compile("Place order")).click()
    expect(page.locator('[name="shippingAddress.email"]')).to_be_focused()
    expect(page.locator("#mistakes")).to_have_count(0)


def test_another_billing_address_is_asked_for_only_when_wanted(page):
    add_to_cart(page)
    page.goto("/checkout")
    street = page.locator('[name="billingAddress.street"]')
    expect(street).to_be_hidden()
    page.get_by_label("Billing address is the same").uncheck()
    expect(street).to_be_visible()


def test_an_answer_that_is_no_page_of_ours_becomes_a_toast_and_the_page_stays(page, watched):
    watched.expected = ["status of 502", "net::ERR_FAILED", "htmx:error", "Failed to fetch", "failed: "]
    page.goto("/products/amber")
    page.route("**/cart/items", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page.locator("#add").click()
    expect(page.locator("#toasts")).to_contain_text("cannot answer right now")
    expect(page.get_by_role("heading", level=1)).to_have_text("Amber")
    expect(page.locator("#add-result")).to_be_empty()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#toasts")).to_be_empty()

    page.wait_for_timeout(800)  # past the guard against double presses
    page.unroute("**/cart/items")
    page.route("**/cart/items", lambda route: route.abort())
    page.locator("#add").click()
    expect(page.locator("#toasts")).to_contain_text("could not be reached")

    expect(page.locator("#toasts")).to_contain_text("Look at your cart first.")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)  # it may have arrived


def test_what_failed_can_be_tried_again(page, watched):
    watched.expected = ["status of 502", "net::ERR_FAILED", "htmx:error", "Failed to fetch", "failed: "]
    add_to_cart(page)
    page.goto("/cart")
    quantity = page.get_by_label("Quantity of Amber")
    for fail in (lambda route: route.fulfill(status=502, body="Bad gateway"), lambda route: route.abort()):
        wanted = str(int(quantity.input_value()) + 1)
        page.route("**/cart/items/*", fail)
        page.get_by_role("button", name="One more").click()
        expect(page.locator("#toasts")).to_contain_text("try again")
        page.unroute("**/cart/items/*")
        page.get_by_role("button", name="Try again").click()
        expect(quantity).to_have_value(wanted)
        expect(page.locator("#toasts")).to_be_empty()


def test_an_orders_page_that_looks_for_news_by_itself_does_not_nag(page, watched, shop):
    watched.expected = ["status of 502"]
    page.goto("/")
    page.route("**/news", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.evaluate("""() => {
      document.querySelector('main').innerHTML = '<p id="news" hx-get="/news" hx-trigger="every 200ms">Old</p>';
      htmx.process(document.querySelector('main'));
    }""")
    page.wait_for_timeout(900)
    expect(page.locator("#toasts")).to_be_empty()
    expect(page.locator("#news")).to_have_text("Old")


def test_our_own_500_and_an_ended_cart_become_toasts_too(page, watched):
    watched.expected = [*REFUSED, "status of 400"]
    add_to_cart(page)
    page.goto("/cart")
    page.context.clear_cookies()
    page.get_by_role("button", name="One more").click()
    expect(page.locator("#toasts")).to_contain_text("reload the page and try again")
    expect(page.get_by_label("Quantity of Amber")).to_have_value("1")


def test_another_variant_keeps_the_quantity_and_is_said(page):
    page.goto("/products/amber")
    page.get_by_label("Quantity").fill("3")
    page.get_by_label("50 ml").check()
    page.wait_for_url("**variant=var_*")
    expect(page.get_by_label("Quantity")).to_have_value("3")
    expect(page.locator("#choice-said")).to_have_text("50 ml: $58.00, in stock")


def test_another_country_and_another_order_of_a_list_are_said(page):
    page.goto("/categories/face")
    page.get_by_label("Sort by").select_option("name")
    expect(page.locator("#result-status")).to_have_text("62 products, sorted by name, a to z")
    add_to_cart(page)
    page.goto("/checkout")
    page.get_by_label("Country").first.select_option("JO")
    expect(page.locator("#quote-said")).to_have_text("2 ways to send to Jordan, total $62.90")


def test_the_menu_of_a_phone_closes_with_escape_and_by_a_press_beside_it(open_browser):
    page = open_browser(viewport=PHONE)
    page.goto("/")
    menu = page.locator(".menu-panel")
    page.get_by_label("Menu", exact=True).first.click()
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    page.get_by_label("Menu", exact=True).first.click()
    page.mouse.click(195, 800)
    expect(menu).to_be_hidden()


def test_a_mistake_is_gone_once_it_is_mended(page, watched):
    watched.expected = REFUSED
    add_to_cart(page)
    page.goto("/checkout")
    page.evaluate("document.getElementById('checkout').noValidate = true")
    page.get_by_role("button", name=re.compile("Place order")).click()
    mistake = page.locator("#shippingAddress-firstName-mistake")
    expect(mistake).to_be_visible()
    page.locator('[name="shippingAddress.firstName"]').fill("Lina")
    page.keyboard.press("Tab")
    expect(mistake).to_be_hidden()
