"""A guest reviews what they bought: from the order to the review on the product's page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from shop.db import db, frozen_time, transaction_time
from shop.domain.actors import SYSTEM, Actor
from shop.domain.customers.operations import create_user, save_staff_role
from shop.domain.events import Email
from shop.domain.orders.models import Order
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.shipments import ship_order
from shop.domain.outbox import unasked_emails
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import ModerateReview, WriteReview, moderate_review
from shop.jobs.emails import send_email
from shop.jobs.outbox import dispatch_all
from tests.browser.conftest import PHONE
from tests.browser.shopper import fill_address, number_on
from tests.conftest import make_product
from tests.domain.reviews.stories import delivered_order

pytestmark = pytest.mark.thorough


def deliver_and_write(shop, number):
    """What staff and the worker do: the order is delivered, and days later the letter is sent."""
    with shop.app.app_context():
        save_staff_role("Packer", ["all"])
        user = (
            db.session.scalar(db.select(Order.user_id).limit(1))
            or create_user(
                email=f"{number}@example.com".lower(), password="correct horse battery", staff_role="Packer"
            ).id
        )
        staff = Actor("staff", user_id=user, permissions=frozenset({"all"}))
        order_id = db.session.scalar(db.select(Order.id).filter_by(number=number))
        for move in (start_processing, ship_order, deliver_order):
            move(order_id, staff)
        dispatch_all()
        with frozen_time(transaction_time() + timedelta(days=4)):
            for email_id in unasked_emails():
                if db.session.get_one(Email, email_id).kind == "review_request":
                    send_email(email_id)
        db.session.remove()


def approve_all(shop, reply=""):
    with shop.app.app_context():
        for review_id in db.session.scalars(db.select(Review.public_id).filter_by(status="pending")).all():
            moderate_review(review_id, ModerateReview(decision="approve", reply=reply), SYSTEM)
        db.session.remove()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_guest_buys_gets_a_letter_writes_a_review_and_reads_it_on_the_product(shop, open_browser, javascript):
    name = f"Reviewed oil {javascript}"
    with shop.app.app_context():
        product = make_product(name, slug=f"reviewed-{javascript}".lower(), stock=9)
        slug = product.slug
        db.session.remove()
    page = open_browser(javascript=javascript, viewport=PHONE)
    page.goto(f"/products/{slug}")
    page.locator("#add").click()
    expect(page.get_by_role("heading", name="Your cart" if javascript else "Cart", exact=True)).to_be_visible()
    page.goto("/checkout")
    fill_address(page)
    page.get_by_role("button", name=re.compile("Place order")).click()
    page.wait_for_url("**/orders/order_*")
    number = number_on(page)
    deliver_and_write(shop, number)

    page.goto("/dev/mail")
    page.get_by_role("link", name="How do you like what you ordered?").first.click()
    frame = page.frame_locator("iframe").first
    frame.get_by_role("link", name="Review your order").click()
    expect(page.get_by_role("heading", name="How do you like it?")).to_be_visible()

    page.get_by_role("radio", name="4 stars").check()
    page.get_by_label("In a few words").fill("Light and warm")
    page.get_by_label("Your review").fill("It sinks in at once.\nI would buy it again.")
    page.get_by_role("button", name=re.compile("Send review")).click()
    expect(page.get_by_text("We read your review soon")).to_be_visible()
    page.goto(f"/products/{slug}")
    expect(page.get_by_text("Light and warm")).to_have_count(0)

    approve_all(shop, "Thank you, Lina.")

    page.reload()
    shown = page.locator("#review-list .review")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("Light and warm")
    expect(shown).to_contain_text("Verified purchase")
    expect(shown).to_contain_text("Lina H.")
    expect(shown).to_contain_text("Thank you, Lina.")
    expect(page.locator(".product-rating")).to_contain_text("1 review")


def test_stars_are_chosen_with_the_keyboard_and_a_refused_form_says_where(shop, page, watched):
    watched.expected += ["422"]
    with shop.app.app_context():
        save_staff_role("Packer", ["all"])
        user = create_user(email="keys@example.com", password="correct horse battery", staff_role="Packer")
        staff = Actor("staff", user_id=user.id, permissions=frozenset({"all"}))
        order = delivered_order(shop.app.extensions["shop_terms"], staff, make_product("Keyed", slug="keyed"))
        path = review_path(shop, order)
        db.session.remove()
    page.goto(path)
    page.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true })")
    page.get_by_label("Shown as").press("Enter")
    expect(page.locator("#mistakes")).to_be_focused()
    assert violations_of(page) == []

    page.get_by_role("radio", name="1 star").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="4 stars")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_label("In a few words")).to_be_focused()


def violations_of(page):
    """Fields that are marked without words of their own."""
    return page.evaluate(
        "[...document.querySelectorAll('[aria-invalid=true]')]"
        ".filter(field => !document.getElementById(field.getAttribute('aria-describedby'))).map(field => field.id)"
    )


def review_path(shop, order):
    from shop.domain.reviews.tokens import review_token

    ends_at = transaction_time() + timedelta(days=9)
    return f"/reviews/{review_token(order, ends_at, shop.app.extensions['shop_terms'].order_token_secrets)}"


def test_more_reviews_and_stars_come_without_a_reload(shop, page):
    with shop.app.app_context():
        product = make_product("Talked about", slug="talked-about")
        write_many(product)
        db.session.remove()
    page.goto("/products/talked-about")
    expect(page.locator(".review-list .review")).to_have_count(5)
    page.evaluate("window.isSame = true")

    page.get_by_role("link", name="Show more reviews").click()

    expect(page.locator(".review-list .review")).to_have_count(8)
    expect(page.locator(".review-list .review").nth(5)).to_be_focused()
    expect(page.get_by_role("link", name="Show more reviews")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^4 stars")).click()
    expect(page.locator(".review-list .review")).to_have_count(2)
    page.get_by_role("link", name="Show all 8").click()
    expect(page.locator(".review-list .review")).to_have_count(5)
    assert page.evaluate("window.isSame")


def write_many(product):
    from shop.db import operation

    @operation
    def write():
        for number in range(8):
            words = WriteReview(rating=4 if number < 2 else 5, title=f"Review {number}", body="Good.")
            db.session.add(Review(product_id=product.id, **words.model_dump()))

    write()
    for review_id in db.session.scalars(db.select(Review.public_id).filter_by(product_id=product.id)).all():
        moderate_review(review_id, ModerateReview(decision="approve"), SYSTEM)
