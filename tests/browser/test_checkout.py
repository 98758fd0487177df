"""The checkout's form while it is filled: what was typed outlives a reload, and what was mended is wrong no more."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shopper import ADDRESS, add_to_cart, fill_address, place_order

KEPT = "() => sessionStorage.checkout ?? null"


@pytest.fixture
def page(page, watched) -> Page:
    """A visitor at the checkout."""
    watched.expected = ["status of 422"]
    add_to_cart(page)
    page.goto("/checkout")
    return page


def field(page: Page, name: str, address: str = "shipping"):
    return page.locator(f'[name="{address}Address.{name}"]')


def test_a_size_that_was_given_to_a_field_outlives_no_swap_and_breaks_no_policy(page):
    page.get_by_text("Add an apartment").click()
    page.evaluate("document.getElementById('notes').style.height = '150px'")
    field(page, "city").evaluate("field => { field.style.height = '9px'; field.style.height = ''; }")
    field(page, "country").select_option("JO")
    expect(page.locator("#quote-said")).to_contain_text("Jordan")
    page.get_by_role("button", name=re.compile("Place order")).evaluate("button => button.form.noValidate = true")
    page.get_by_role("button", name=re.compile("Place order")).click()
    expect(page.locator("#mistakes")).to_be_visible()
    assert page.locator("main [style]").count() == 0  # and the watcher has seen no error


# -- a reload ----------------------------------------------------------------------------------------------------------


def test_a_reload_keeps_what_was_typed_and_chosen(page):
    email = fill_address(page)
    page.get_by_text("Add an apartment").click()
    field(page, "apartment").fill("4th floor")
    page.get_by_label("Note for the delivery").fill("Ring twice")
    page.get_by_label("Billing address is the same").uncheck()
    field(page, "city", "billing").fill("Boston")
    field(page, "country", "billing").select_option("DE")
    page.get_by_label(re.compile("Express")).check()
    expect(page.locator("#summary .total")).to_contain_text("$70.90")

    page.reload()

    expect(field(page, "email")).to_have_value(email)
    for name, text in ADDRESS.items():
        expect(field(page, name)).to_have_value(text)
    expect(field(page, "apartment")).to_be_visible()
    expect(field(page, "apartment")).to_have_value("4th floor")
    expect(page.get_by_label("Note for the delivery")).to_have_value("Ring twice")
    expect(field(page, "city", "billing")).to_be_visible()
    expect(field(page, "city", "billing")).to_have_value("Boston")
    expect(field(page, "country", "billing")).to_have_value("DE")
    expect(page.get_by_label(re.compile("Express"))).to_be_checked()
    expect(page.locator("#summary .total")).to_contain_text("$70.90")


def test_another_country_stays_and_so_does_what_was_typed_for_it(page):
    fill_address(page)
    field(page, "country").select_option("DE")
    expect(page.locator("[name=quotedCountry]")).to_have_value("DE")
    field(page, "postalCode").fill("10115")

    page.reload()

    expect(field(page, "country")).to_have_value("DE")
    expect(page.locator("[name=quotedCountry]")).to_have_value("DE")
    expect(field(page, "firstName")).to_have_value("Lina")


def test_it_is_there_after_a_reload_alone_not_when_the_page_is_opened_anew_or_elsewhere(page):
    fill_address(page)
    page.goto("/checkout")
    expect(field(page, "firstName")).to_have_value("")
    other = page.context.new_page()
    other.goto("/checkout")
    other.reload()
    expect(field(other, "firstName")).to_have_value("")


def test_what_the_shop_has_filled_is_not_overwritten(page):
    fill_address(page)
    page.route("**/checkout", lambda route: _with_name(route, "Rana"))
    page.reload()
    expect(field(page, "firstName")).to_have_value("Rana")
    expect(field(page, "lastName")).to_have_value("Haddad")


def _with_name(route, name):
    answer = route.fetch()
    text = answer.text().replace(
        'name="shippingAddress.firstName" type="text" value=""',
        f'name="shippingAddress.firstName" type="text" value="{name}"',
    )
    route.fulfill(response=answer, body=text)


def test_nothing_of_paying_is_kept_nor_any_key_and_nothing_at_all_once_it_is_ordered(page):
    fill_address(page)
    kept = page.evaluate(KEPT)
    assert "Rainbow Street" in kept
    for secret in ("csrf", "placement", "payment", page.locator("[name=placementKey]").get_attribute("value")):
        assert secret not in kept
    place_order(page)
    assert page.evaluate(KEPT) is None


def test_a_refusal_forgets_nothing(page):
    fill_address(page)
    field(page, "phone").fill("call me")
    page.get_by_role("button", name=re.compile("Place order")).click()
    expect(page.locator("#mistakes")).to_be_focused()
    page.reload()
    expect(field(page, "phone")).to_have_value("call me")


# -- mended ------------------------------------------------------------------------------------------------------------


def test_a_mended_field_is_no_longer_called_wrong(page):
    fill_address(page)
    field(page, "phone").fill("call me")
    page.get_by_role("button", name=re.compile("Place order")).click()
    phone = field(page, "phone")
    expect(phone).to_have_attribute("aria-invalid", "true")
    expect(phone).to_have_accessible_description(re.compile("Enter a phone number like"))

    phone.fill("")
    expect(phone).to_have_attribute("aria-invalid", "true")
    phone.fill("+1 212 555 0100")

    expect(phone).not_to_have_attribute("aria-invalid", "true")
    expect(phone).to_have_accessible_description("For questions about the delivery only")
    assert place_order(page)


@pytest.mark.parametrize(("path", "name"), [("/sign-in", "email"), ("/pages/track-order", "number")])
def test_so_it_is_in_the_other_forms(page, path, name):
    page.goto(path)
    assert not any("forms.js" in source for source in page.locator("script").evaluate_all("all => all.map(s => s.src)"))
    page.evaluate("document.querySelectorAll('main form').forEach(form => { form.noValidate = true })")
    page.locator("main .button.primary").click()
    wrong = page.locator(f"#{name}")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    wrong.fill("lina@example.com")
    expect(wrong).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"#{name}-mistake")).to_have_count(0)


def test_so_it_is_in_the_cart(page):
    page.goto("/cart")
    quantity = page.get_by_label("Quantity of Amber")
    page.evaluate("document.querySelectorAll('.stepper').forEach(form => { form.noValidate = true })")
    quantity.fill("0")
    quantity.press("Enter")
    expect(quantity).to_have_attribute("aria-invalid", "true")
    quantity.press_sequentially("2")
    expect(quantity).not_to_have_attribute("aria-invalid", "true")
