"""Without a network: what was seen opens, what was not says so, and nothing personal was ever kept."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shopper import add_to_cart, expect_in_cart, fill_address, place_order

pytestmark = pytest.mark.thorough

NO_NETWORK = ["ERR_INTERNET_DISCONNECTED", "htmx:error", "Failed to fetch", "status of 422"]
KEPT = """async () => {
  const kept = {};
  for (const name of await caches.keys()) {
    kept[name.replace(/-[0-9a-f]{12}$/, '')] = (await (await caches.open(name)).keys()).map(r => r.url);
  }
  return kept;
}"""


BODIES = """async () => {
  const bodies = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) bodies.push(request.url, await (await cache.match(request)).text());
  }
  return bodies.join('\\n');
}"""


@pytest.fixture
def page(open_browser, watched) -> Page:
    """A visitor whose browser keeps what it has seen."""
    watched.expected = NO_NETWORK
    return open_browser(service_workers="allow")


def open_shop(page: Page, path: str = "/") -> None:
    """Open the first page of the visit and wait until the worker has begun its work."""
    page.goto(path)
    page.evaluate(
        "navigator.serviceWorker.ready.then(({active}) => active.state === 'activated' || "
        "new Promise(done => active.addEventListener('statechange', done)))"
    )


def kept(page: Page) -> dict[str, list[str]]:
    """The addresses that are kept, by cache."""
    return page.evaluate(KEPT)


def see(page: Page, path: str) -> None:
    """Open a page and wait until it is kept."""
    page.goto(path)
    page.wait_for_function(
        "async () => Boolean(await caches.match(location.href))",
    )


def go_offline(page: Page) -> None:
    page.context.set_offline(True)


def test_seen_pages_open_without_a_network_the_first_of_the_visit_too(page):
    open_shop(page, "/categories/face")
    see(page, "/products/amber")
    see(page, "/pages/shipping")
    go_offline(page)

    for path, heading in (
        ("/products/amber", "Amber"),
        ("/categories/face", "Face care"),
        ("/pages/shipping", "Shipping"),
        ("/products/amber?variant=var_another", "Amber"),
    ):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    assert page.evaluate("document.styleSheets[0].cssRules.length > 0")
    assert page.evaluate("document.documentElement.classList.contains('with-script')")


def test_an_unseen_page_says_that_there_is_no_connection(page):
    open_shop(page)
    go_offline(page)
    for path in ("/products/body-wash", "/categories/face?page=2", "/search?q=amber"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("There is no connection")
        assert page.url.endswith(path)


def test_nothing_personal_is_ever_kept(page):
    open_shop(page)
    add_to_cart(page)
    for path in ("/cart", "/sign-in", "/checkout"):
        page.goto(path)
    email = fill_address(page)
    number = place_order(page)
    page.goto(page.url.replace("?", "/invoice?", 1))
    page.goto("/account")
    page.goto("/")

    public = re.compile(r"/((categories|products|pages)/[^/?]+(\?.*)?)?$")
    assert kept(page)["pages"]
    assert all(public.search(address.removeprefix("http://")) for address in kept(page)["pages"])
    everything = page.evaluate(BODIES)
    assert "Amber" in everything
    for secret in (email, number, "Rainbow Street", "token=", "csrf_token"):
        assert secret not in everything
    go_offline(page)
    for path in ("/cart", "/checkout", "/account", "/sign-in"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("There is no connection")


def test_a_piece_of_a_page_is_never_kept_as_the_page(page):
    open_shop(page)
    see(page, "/products/body-wash")
    page.get_by_label("Cedar").check()
    page.wait_for_url("**variant=var_*")
    assert [address for address in kept(page)["pages"] if "variant" in address or "o1" in address] == []
    go_offline(page)

    page.reload()

    expect(page.get_by_role("heading", level=1)).to_have_text("Body wash")
    expect(page.locator("footer")).to_be_visible()


def test_a_page_with_a_network_is_never_the_kept_one(page, shop):
    open_shop(page)
    see(page, "/products/amber")
    page.evaluate(
        "caches.keys().then(names => caches.open(names.find(name => name.startsWith('pages-'))))"
        ".then(pages => pages.put(location.href, new Response('<h1>Of yesterday</h1>')))"
    )
    page.goto("/products/amber")
    expect(page.get_by_role("heading", level=1)).to_have_text("Amber")


def test_an_order_passes_the_worker_as_if_it_were_not_there(page):
    open_shop(page)
    add_to_cart(page)
    expect_in_cart(page, 1)
    page.goto("/checkout")
    fill_address(page)
    assert place_order(page)
    page.go_back()
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, Lina")


def test_adding_without_a_network_says_so_and_the_page_stays(page):
    open_shop(page)
    see(page, "/products/amber")
    go_offline(page)
    page.goto("/products/amber")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.locator("#toasts")).to_contain_text("could not be reached")
    expect(page.get_by_role("heading", level=1)).to_have_text("Amber")
    expect_in_cart(page, 0)


def test_a_new_version_leaves_nothing_of_the_old_one(page):
    open_shop(page)
    see(page, "/products/amber")
    page.evaluate("caches.open('pages-000000000000').then(old => old.put('/old', new Response('old')))")
    page.evaluate("caches.open('another').then(old => old.put('/old', new Response('old')))")

    page.evaluate("navigator.serviceWorker.getRegistration().then(found => found.unregister())")
    open_shop(page, "/products/amber")

    page.wait_for_function("async () => (await caches.keys()).every(name => /-[0-9a-f]{12}$/.test(name))")
    assert not any("/old" in address for addresses in kept(page).values() for address in addresses)


def test_only_so_many_pages_are_kept_the_latest_ones(page):
    open_shop(page)
    worker = page.context.service_workers[0]
    worker.evaluate(
        "async () => { for (let n = 0; n < 70; n++) await keep(PAGES, `/pages/made-up-${n}`, new Response('')); }"
    )
    pages = [address.rpartition("/")[2] for address in kept(page)["pages"]]
    assert pages == [f"made-up-{number}" for number in range(10, 70)]


def test_a_page_that_is_gone_is_forgotten(page, watched):
    watched.expected = ["status of 404"]
    open_shop(page)
    worker = page.context.service_workers[0]
    worker.evaluate("() => keep(PAGES, location.origin + '/products/nothing', new Response('old'))")
    page.goto("/products/nothing")
    page.wait_for_function("async () => !(await caches.match(location.href))")


def test_a_picture_that_was_never_seen_has_a_neutral_one_in_its_place(page, watched):
    watched.expected = [*NO_NETWORK, "ERR_FAILED"]
    open_shop(page)
    see(page, "/products/amber")
    page.context.service_workers[0].evaluate("() => caches.delete(SEEN)")
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    go_offline(page)

    page.goto("/products/amber")

    page.wait_for_function("() => [...document.querySelectorAll('.gallery img')].every(i => i.complete)")
    shown = page.locator(".gallery img").evaluate_all("all => all.map(i => [i.currentSrc, i.naturalWidth > 0])")
    assert len(shown) == 4 and all("/media/" in source and is_whole for source, is_whole in shown), shown
    assert not any("/media/" in address for address in kept(page).get("seen", []))  # nothing is kept in its name
    for source, _ in shown:
        assert page.evaluate("source => fetch(source).catch(() => null)", source) is None  # only as a picture
