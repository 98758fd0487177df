"""Pictures: no larger than their place, early where they are seen first, late where not (ux.md, checks 8 and 9)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.shopper import add_to_cart

pytestmark = pytest.mark.thorough

# Those of the page with what was fetched for them: its natural width is that of the file.
PICTURES = """() => [...document.images].filter(i => i.checkVisibility()).map(i => ({
  src: i.currentSrc, alt: i.getAttribute('alt'), hasSize: i.hasAttribute('width') && i.hasAttribute('height'),
  isLazy: i.loading === 'lazy', isLoaded: i.complete && i.naturalWidth > 0, natural: i.naturalWidth,
  shown: i.getBoundingClientRect().width, top: i.getBoundingClientRect().top,
}))"""
LARGEST = """() => new Promise(tell => new PerformanceObserver(list => {
  const it = list.getEntries().at(-1).element;
  const isOurs = it.closest('.hero, .gallery, .card, .tile') !== null;
  tell([it.tagName, it.getAttribute('fetchpriority'), it.loading, isOurs]);
}).observe({type: 'largest-contentful-paint', buffered: true}))"""


def pictures_on(page, path):
    page.goto(path, wait_until="networkidle")
    return page.evaluate(PICTURES)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("path", ["/", "/categories/face", "/products/amber", "/cart", "/checkout"])
def test_every_picture_has_its_size_and_words_and_is_no_larger_than_its_place(open_browser, size, path):
    page = open_browser(viewport=size)
    if path in {"/cart", "/checkout"}:
        shopper = open_browser()
        add_to_cart(shopper)
        page.context.add_cookies(shopper.context.cookies())  # a browser uses a larger one that it has already

    found = pictures_on(page, path)

    largest_first = sorted(found, key=lambda picture: -picture["shown"])
    seen = set()
    assert found
    for picture in largest_first:
        assert picture["hasSize"] and picture["alt"] is not None, picture
        is_again = picture["src"] in seen
        seen.add(picture["src"])
        if picture["isLoaded"] and not is_again and not picture["src"].partition("?")[0].endswith(".svg"):
            assert picture["src"].endswith(".avif"), picture
            width = int(picture["src"].rpartition(".w")[2].removesuffix(".avif"))
            assert picture["shown"] <= width * 1.15 and width <= 2 * picture["shown"], picture
        if picture["top"] > 4500 and not is_again:
            assert picture["isLazy"] and not picture["isLoaded"], picture


@pytest.mark.parametrize("path", ["/", "/categories/face", "/products/amber"])
def test_what_is_seen_first_is_fetched_first(open_browser, path):
    page = open_browser(viewport=PHONE)
    page.goto(path, wait_until="networkidle")
    tag, priority, loading, is_ours = page.evaluate(LARGEST)
    assert (tag, priority, loading, is_ours) == ("IMG", "high", "auto", True) or tag in {"H1", "P"}


def test_the_small_pictures_lead_to_the_large_ones_and_the_page_stays_where_it_is(open_browser):
    page = open_browser(viewport=DESKTOP)
    page.goto("/products/amber")
    page.locator(".thumbs").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    page.locator(".thumbs a").nth(1).click()
    page.wait_for_function("() => document.querySelector('.strip').scrollLeft > 100")
    assert page.evaluate("scrollY") == before
    page.wait_for_selector(".thumbs li:nth-child(2) a[aria-current]")
    assert page.locator(".thumbs a[aria-current]").count() == 1


def test_without_javascript_they_lead_there_too(open_browser):
    page = open_browser(javascript=False, viewport=PHONE)
    page.goto("/products/amber")
    page.locator(".thumbs a").nth(1).click()
    assert page.url.endswith("#picture-2")
    expect(page.locator("#picture-2")).to_be_in_viewport(ratio=0.5)


# -- a picture as large as there is ------------------------------------------------------------------------------------

FRAME = """() => {
  const frame = document.querySelector('.zoom-frame'), picture = frame.firstElementChild;
  return {
    x: frame.getBoundingClientRect().x - picture.getBoundingClientRect().x, y: frame.scrollTop,
    wide: frame.clientWidth, high: frame.clientHeight, picture: picture.offsetWidth, natural: picture.naturalWidth,
  };
}"""


def press_picture(page, x=0.5, y=0.5):
    """Press the first picture at a place of it, in parts of its width and height."""
    link = page.locator(".strip a").first
    box = link.bounding_box()
    link.click(position={"x": box["width"] * x, "y": box["height"] * y})
    expect(page.locator("#zoom")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.zoom-frame img').naturalWidth > 0")


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_pressed_picture_opens_as_large_as_there_is_with_that_place_in_view(open_browser, direction):
    page = open_browser(viewport=PHONE)
    page.goto("/products/amber")
    page.evaluate("direction => { document.documentElement.dir = direction }", direction)

    press_picture(page, 0.25, 0.75)

    frame = page.evaluate(FRAME)
    assert frame["picture"] == frame["natural"] == 960
    assert abs(frame["x"] + frame["wide"] / 2 - 0.25 * 960) < 4
    assert abs(frame["y"] + frame["high"] / 2 - 0.75 * 1200) < 4 or frame["y"] + frame["high"] == 1200
    page.mouse.move(195, 500)
    page.mouse.wheel(200, 0)
    page.wait_for_function(f"() => ({FRAME})().x > {frame['x']}")
    page.get_by_role("button", name="Next picture").click()
    frame = page.evaluate(FRAME)
    assert abs(frame["x"] + frame["wide"] / 2 - 480) < 4 and abs(frame["y"] + frame["high"] / 2 - 600) < 4
    touch = "() => [...document.querySelectorAll('#zoom, #zoom *')].map(e => getComputedStyle(e).touchAction)"
    assert set(page.evaluate(touch)) == {"auto"}  # two fingers make it larger still
    assert "scale" not in page.locator("meta[name=viewport]").get_attribute("content").replace("initial-scale", "")


@pytest.mark.parametrize("close", ["Escape", "button", "beside", "beside the picture"])
def test_the_large_picture_closes_and_the_focus_returns_to_the_small_one(page, close):
    page.goto("/products/amber")
    press_picture(page)

    if close == "Escape":
        page.keyboard.press("Escape")
    elif close == "button":
        page.get_by_role("button", name="Close the picture").click()
    else:
        page.mouse.click(8 if close == "beside" else 60, 450)

    expect(page.locator("#zoom")).to_be_hidden()
    expect(page.locator(".strip a").first).to_be_focused()
    assert page.url.endswith("/products/amber")


def test_the_large_pictures_are_turned_by_keys_and_by_buttons(page):
    page.goto("/products/amber")
    page.locator(".strip a").first.focus()
    page.keyboard.press("Enter")
    said, alt = page.locator("#zoom").get_by_role("status"), page.locator(".zoom-frame img")
    expect(said).to_have_text("Picture 1 of 2")

    page.keyboard.press("ArrowRight")
    expect(said).to_have_text("Picture 2 of 2")
    expect(alt).to_have_attribute("alt", "Amber, view 2")
    page.get_by_role("button", name="Next picture").click()
    expect(said).to_have_text("Picture 1 of 2")
    page.get_by_role("button", name="Previous picture").click()
    expect(said).to_have_text("Picture 2 of 2")
    page.keyboard.press("ArrowLeft")
    expect(said).to_have_text("Picture 1 of 2")

    page.evaluate("() => { document.documentElement.dir = 'rtl' }")
    page.get_by_role("button", name="Close the picture").press("ArrowLeft")
    expect(said).to_have_text("Picture 2 of 2")


def test_where_the_picture_has_the_focus_and_is_wider_than_the_screen_the_keys_move_it(open_browser):
    page = open_browser(viewport=PHONE, reduced_motion="reduce")
    page.goto("/products/amber")
    press_picture(page)
    before = page.evaluate(FRAME)["x"]
    page.locator(".zoom-frame").press("ArrowRight")
    page.wait_for_function(f"() => document.querySelector('.zoom-frame').scrollLeft > {before}")
    expect(page.locator("#zoom").get_by_role("status")).to_have_text("Picture 1 of 2")


def test_without_javascript_a_picture_leads_to_its_largest_file(open_browser):
    page = open_browser(javascript=False, viewport=PHONE)
    page.goto("/products/amber")
    page.locator(".strip a").first.click()
    assert page.url.endswith(".w960.avif")
