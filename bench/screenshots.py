"""Pictures of every page, on a phone and a desktop, light and dark: to be looked at, one by one.

They go to var/screenshots; with --readme the three of the README are made anew in docs/pictures.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bench.demo_shop import DemoPage, admin_pages, demo_pages, demo_shop
from bench.running_shop import RunningShop
from shop import ROOT
from tests import servers

SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
SCHEMES = ("light", "dark")
FOLDER = ROOT / "var" / "screenshots"
FOR_README = {("home", "desktop", "light"), ("product", "phone", "dark"), ("drawer", "desktop", "light")}
README_FOLDER = ROOT / "docs" / "pictures"
MORE_PAGES = (
    DemoPage("search-nothing", "/search?q=zzzz"),
    DemoPage("reviews", "/products/serum-hyaluronique/reviews"),
    DemoPage("empty-wish-list", "/wish-list"),
    DemoPage("empty-cart", "/cart"),
    DemoPage("sign-in", "/sign-in"),
    DemoPage("register", "/account/register"),
    DemoPage("letter-sent", "/account/letter"),
    DemoPage("confirm", "/account/confirm"),
    DemoPage("forgot", "/account/password"),
    DemoPage("reset", "/account/password/reset"),
    DemoPage("track-order", "/pages/track-order"),
    DemoPage("returns", "/pages/returns"),
    DemoPage("offline", "/offline"),
    DemoPage("styleguide", "/styleguide"),
)
MOST_HIGH = 6000  # pixels of a page that are kept


def main() -> int:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--readme", action="store_true", help="make the pictures of the README anew")
    for_readme = parser.parse_args().readme
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo_shop() as shop, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=servers.chromium_binary(), args=servers.CHROMIUM_FLAGS)
        for size in SIZES:
            for scheme in SCHEMES:
                _take_all(browser, shop, size, scheme, for_readme)
        browser.close()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER.relative_to(ROOT)}")
    return 0


def _take_all(browser: Browser, shop: RunningShop, size: str, scheme: str, for_readme: bool) -> None:
    pages = [*demo_pages(shop), *MORE_PAGES, *admin_pages(shop)]
    order = next(page for page in pages if page.name == "order status")
    address = order.path.replace("?", "/invoice?", 1)
    for asked in [*pages, DemoPage("invoice", address, order.cookies)]:
        page = _open(browser, shop.url, asked, size, scheme)
        _keep(page, asked.name, size, scheme, for_readme)
        if asked.name == "product":
            page.locator("#add").click()
            page.get_by_role("heading", name="Your cart").wait_for()
            page.wait_for_timeout(500)  # until it has slid in
            _keep(page, "drawer", size, scheme, for_readme, whole=False)
        if asked.name == "checkout":
            page.evaluate("document.getElementById('checkout').noValidate = true")
            page.locator("#place-order").click()
            page.locator("#mistakes").wait_for()
            _keep(page, "checkout-mistakes", size, scheme, for_readme)
        page.context.close()
    print(f"  {size}, {scheme}: {len(pages) + 3} pictures", flush=True)


def _open(browser: Browser, url: str, asked: DemoPage, size: str, scheme: str) -> Page:
    context = browser.new_context(base_url=url, viewport=SIZES[size], color_scheme=scheme, service_workers="block")
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in asked.cookies.items()])
    page = context.new_page()
    for _ in range(2):  # the second time with the font that the first one has fetched
        page.goto(asked.path, wait_until="networkidle")
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, min(height, MOST_HIGH), 600):  # so that lazy pictures are there
        page.evaluate("top => scrollTo(0, top)", top)
        page.wait_for_timeout(60)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_load_state("networkidle")
    return page


def _keep(page: Page, name: str, size: str, scheme: str, for_readme: bool, *, whole: bool = True) -> None:
    target = FOLDER / f"{name.replace(' ', '-')}-{size}-{scheme}.png"
    target.write_bytes(page.screenshot(full_page=whole))
    if for_readme and (name, size, scheme) in FOR_README:
        README_FOLDER.mkdir(parents=True, exist_ok=True)
        _shrink(page.screenshot(), README_FOLDER / f"{name}-{size}.jpg")


def _shrink(picture: bytes, target: Path) -> None:
    """What is in sight, at most 900 wide, as a small JPEG."""
    with Image.open(io.BytesIO(picture)) as whole:
        small = whole.convert("RGB")
        small.thumbnail((900, 900))
        small.save(target, quality=78, optimize=True, progressive=True)


if __name__ == "__main__":
    raise SystemExit(main())
