"""Pages that are there at once: fetched a moment ahead, or brought back from the browser's memory."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page, expect

from tests import servers
from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.thorough


def wait_until(page: Page, is_so) -> None:
    """Let the browser go on until it is so."""
    for _ in range(PATIENCE // 50):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("this did not happen in time")


@pytest.mark.parametrize("service_workers", ["block", "allow"])
def test_a_link_that_is_pointed_at_is_fetched_ahead(open_browser, service_workers):
    page = open_browser(service_workers=service_workers)
    page.goto("/products/amber")
    if service_workers == "allow":
        page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        page.goto("/products/amber")
    devtools, states, named = page.context.new_cdp_session(page), {}, set()
    devtools.on("Preload.prefetchStatusUpdated", lambda told: states.update({told["prefetchUrl"]: told["status"]}))
    devtools.on(
        "Preload.preloadingAttemptSourcesUpdated",
        lambda told: named.update(urlsplit(source["key"]["url"]).path for source in told["preloadingAttemptSources"]),
    )
    devtools.send("Preload.enable")

    link = page.get_by_role("link", name="Face care").first
    link.hover()
    wait_until(page, lambda: any(path.endswith("/categories/face") for path in states))
    wait_until(page, lambda: "Ready" in states.values())
    link.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Face care")
    how = page.evaluate("performance.getEntriesByType('navigation')[0].deliveryType")
    assert how == "navigational-prefetch"
    assert {"/", "/categories/face", "/pages/returns"} <= named
    assert all(path == "/" or path.startswith(("/categories/", "/products/", "/pages/")) for path in named)


def test_going_back_brings_the_page_from_memory_with_the_worker_too(browser, shop):
    whole = servers.chromium_binary(whole=True)
    if whole is None:
        pytest.skip("no Chromium but its headless shell, which keeps no page in memory: install the package chromium")
    with_memory = browser.browser_type.launch(
        executable_path=whole,
        args=servers.CHROMIUM_FLAGS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    try:
        page = with_memory.new_context(base_url=shop.url).new_page()
        page.goto("/categories/face")
        page.evaluate("navigator.serviceWorker.ready.then(() => {})")
        page.goto("/categories/face")
        page.evaluate("addEventListener('pageshow', event => window.wasInMemory = event.persisted)")
        page.goto("/products/amber")
        page.evaluate("setTimeout(() => history.back())")  # Playwright's own go_back waits for a load that never comes
        wait_until(page, lambda: _was_in_memory(page))
    finally:
        with_memory.close()


def _was_in_memory(page: Page) -> bool:
    try:
        return page.evaluate("location.pathname === '/categories/face' && window.wasInMemory === true")
    except Error:  # it is just leaving the page
        return False
