"""A tour of every page: no complaint, no foreign origin, no overflow, targets large enough, one heading."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.shopper import add_to_cart, fill_address, place_order, printed

pytestmark = pytest.mark.thorough

PUBLIC = [
    "/",
    "/categories/face",
    "/categories/face?page=2&sort=price_desc",
    "/categories/face?page=9",
    "/products/amber",
    "/products/body-wash",
    "/products/long-cream",
    "/products/sold-out-soap",
    "/search",
    "/search?q=cream",
    "/search?q=zzz",
    "/pages/shipping",
    "/pages/terms",
    "/pages/privacy",
    "/sign-in",
    "/account/register",
    "/account/letter",
    "/account/confirm",
    "/account/password",
    "/account/password/reset",
    "/cart",
]
LOST = ["/products/nothing", "/categories/face?page=-1"]

WIDTH = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
# Interactive things smaller than WCAG 2.2's 24 px, links inside of sentences apart.
SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter(e => e.checkVisibility({visibilityProperty: true}) && e.type !== 'hidden')
  .filter(e => !e.closest('.visually-hidden, .skip'))
  .filter(e => !(e.matches('a') && e.closest('p, li, dd, address') && getComputedStyle(e).display === 'inline'))
  .map(e => [e.outerHTML.slice(0, 90), (e.closest('label') ?? e).getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
  .map(([what, box]) => `${what} ${Math.round(box.width)}×${Math.round(box.height)}`)"""
# What a thumb is meant to press.
LOW = """() => [...document.querySelectorAll('.button.primary')]
  .filter(e => e.checkVisibility({visibilityProperty: true}))
  .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, box]) => box.height < 44 || box.width < 44).map(([what, box]) => `${what} ${box.width}×${box.height}`)"""
# Text that runs out of its box; one that ends in an ellipsis is short on purpose, one of a pixel is there to be heard.
CUT = """() => [...document.querySelectorAll('body *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && !e.closest('.visually-hidden, .skip'))
  .filter(e => e.checkVisibility() && ['hidden', 'clip'].includes(getComputedStyle(e).overflowX))
  .filter(e => e.clientWidth > 1 && getComputedStyle(e).textOverflow !== 'ellipsis')
  .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 90))"""
MOVING = """() => [...document.querySelectorAll('*')].flatMap(e => ['', '::before', '::after'].flatMap(part => {
    const style = getComputedStyle(e, part || null);
    return [...style.transitionDuration.split(','), ...style.animationDuration.split(',')]
      .filter(time => parseFloat(time) * (time.trim().endsWith('ms') ? 0.001 : 1) > 0.01)
      .map(time => `${e.outerHTML.slice(0, 90)}${part} ${time}`);
  })).concat(document.getAnimations()
    .filter(a => a.effect.getComputedTiming().duration > 10).map(a => `${a.animationName ?? a.id} runs`))"""
UNNAMED = """() => [...document.querySelectorAll('input, select, textarea')]
  .filter(e => e.type !== 'hidden' && !e.labels?.length && !e.ariaLabel).map(e => e.outerHTML.slice(0, 90))"""


# After another width was set: some frames pass until all of the page is laid out by it. What stays too wide is found.
SETTLED = """() => new Promise(done => {
  const { documentElement: page } = document, until = performance.now() + 1500;
  const fits = () => page.scrollWidth <= page.clientWidth;
  const see = () => fits() || performance.now() > until ? done() : requestAnimationFrame(see);
  requestAnimationFrame(() => requestAnimationFrame(see));
})"""


def look(page, path=None):
    """Open a page and find nothing wrong with it."""
    if path:
        page.goto(path)
    where = path or page.url
    scroll, client = page.evaluate(WIDTH)
    assert scroll <= client, f"{where} is {scroll} px wide"
    assert page.evaluate(SMALL) == [], where
    assert page.evaluate(LOW) == [], where
    assert page.evaluate(UNNAMED) == [], where
    assert page.locator("h1").count() == 1, where
    assert page.locator("main").count() == 1, where


@pytest.mark.parametrize(
    ("direction", "modes"),
    [("ltr", {"color_scheme": "light"}), ("rtl", {"color_scheme": "dark", "reduced_motion": "reduce"})],
    ids=["light", "dark-from-right-to-left"],
)
def test_every_page_is_clean_at_every_width(open_browser, watched, direction, modes):
    watched.expected = ["status of 404", "status of 422"]
    page = open_browser(viewport=PHONE, **modes)

    def look_at_every_width(path=None):
        if path:
            page.goto(path)
        page.evaluate("direction => { document.documentElement.dir = direction }", direction)
        if "reduced_motion" in modes:
            assert page.evaluate(MOVING) == [], page.url
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate(SETTLED)
            look(page)
            assert page.evaluate(CUT) == [], f"{page.url} at {width}"

    for path in [*PUBLIC, *LOST, "/offline"]:
        look_at_every_width(path)
    add_to_cart(page, "long-cream")
    look_at_every_width()
    add_to_cart(page, "body-wash", 2)
    for path in ("/cart", "/checkout"):
        look_at_every_width(path)
    page.get_by_label("Billing address is the same").uncheck()
    page.get_by_text("Add an apartment").click()
    look_at_every_width()
    page.get_by_label("Billing address is the same").check()
    fill_address(page)
    place_order(page)
    look_at_every_width()
    page.get_by_text("Cancel this order").click()
    look_at_every_width()
    page.get_by_role("button", name="Cancel order").click()
    expect(page.get_by_text("This order was cancelled.")).to_be_visible()
    look_at_every_width()


def test_every_page_is_whole_without_javascript(open_browser, watched):
    watched.expected = ["status of 404", "status of 422"]
    page = open_browser(javascript=False, viewport=PHONE)
    for path in PUBLIC + LOST:
        look(page, path)
        assert page.locator("footer").is_visible()


def test_the_policy_of_the_browser_was_never_broken(open_browser):
    page = open_browser()
    page.add_init_script(
        "window.broken = [];"
        "document.addEventListener('securitypolicyviolation', e => window.broken.push(e.violatedDirective))"
    )
    for path in PUBLIC:
        page.goto(path)
        assert page.evaluate("window.broken") == [], path
    add_to_cart(page)
    page.keyboard.press("Escape")
    page.get_by_label("50 ml").check()
    page.wait_for_url("**variant=var_*")
    assert page.evaluate("window.broken") == []
    page.goto("/cart")
    page.get_by_role("button", name="One more").click()
    expect(page.locator("#cart-totals")).to_contain_text("$116.00")
    assert page.evaluate("window.broken") == []


def test_the_layout_stays_where_it_is_while_a_page_loads(open_browser):
    page = open_browser(viewport=PHONE)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(e => window.shift += e.value))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    for path in ("/", "/categories/face", "/products/amber", "/cart"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.shift") <= 0.02, path


def test_a_printed_order_has_no_navigation(open_browser):
    page = open_browser()
    add_to_cart(page)
    page.goto("/checkout")
    fill_address(page)
    place_order(page)
    page.emulate_media(media="print")
    assert not page.locator(".site-categories").is_visible()
    assert not page.locator("footer").is_visible()
    expect(page.locator(".sum .total")).to_be_visible()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("slug", ["amber", "long-cream"])
def test_an_order_of_one_line_is_printed_on_one_sheet(open_browser, slug, paper):
    page = open_browser()
    add_to_cart(page, slug)
    page.goto("/checkout")
    fill_address(page)
    number = place_order(page)

    (sheet,) = printed(page, paper)

    words = " ".join(sheet.extract_text().split())
    for fact in (number, "Thank you, Lina", "Expected by", "Total", "1 Rainbow Street", "Cash on delivery"):
        assert fact in words


WIDTH_OF = "element => element.getBoundingClientRect().width"
COLUMNS = "element => getComputedStyle(element).gridTemplateColumns.split(' ').length"


def test_parts_of_an_order_go_by_the_width_of_their_place_not_of_the_page(open_browser):
    page = open_browser()
    add_to_cart(page)
    page.goto("/checkout")
    columns = {}
    for width in (320, 390, 820, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        columns[width] = [page.locator(part).first.evaluate(COLUMNS) for part in ("#shippingMethod", ".choice-card")]
    assert columns == {320: [1, 2], 390: [1, 3], 820: [2, 3], 1280: [1, 3]}
    fill_address(page)
    place_order(page)
    for width, facts, picture in ((390, 1, 56), (820, 2, 80), (1280, 1, 80)):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.locator(".facts").evaluate(COLUMNS) == facts
        assert page.locator(".summary-lines img").evaluate(WIDTH_OF) == picture
