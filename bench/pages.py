"""What each type of page weighs on a phone's first visit, against the budgets of the design; 1 when one is over.

Text counts as gzip -6 makes it, as Nginx would send it; pictures as they are. What the browser asks for by itself
(icon, manifest, service worker, speculation rules) is not a part of the page.
"""

from __future__ import annotations

import gzip
from collections import Counter

from playwright.sync_api import Browser, Response, sync_playwright

from bench.demo_shop import DemoPage, demo_pages, demo_shop
from bench.record import BENCHMARKS, Record
from tests import servers

PHONE = {"width": 390, "height": 844}
KINDS = {"document": "HTML", "stylesheet": "CSS", "script": "JS", "image": "pictures", "font": "font"}
BY_THE_BROWSER = {"other", "manifest"}
COLUMNS = ("HTML", "CSS", "JS", "pictures", "font", "requests")  # KiB, the last one apart
FONT = 25
BUDGETS = {  # HTML, CSS, JS, pictures, requests
    "home": (14, 16, 18, 150, 18),
    "listing": (20, 16, 18, 180, 22),
    "product": (18, 16, 20, 150, 18),
    "search": (20, 16, 19, 180, 22),
    "cart": (10, 16, 17, 30, 12),
    "checkout": (14, 16, 18, 20, 12),
    "content": (8, 16, 16, 20, 8),
    "404": (8, 16, 16, 20, 8),
    "order status": (10, 16, 17, 30, 12),
}


def main() -> int:
    binary = servers.chromium_binary(whole=True)
    if binary is None:
        raise SystemExit("Chromium is needed: install the package chromium.")
    record = Record("pages", fresh=True)
    with demo_shop() as shop, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=servers.CHROMIUM_FLAGS)
        for page in demo_pages(shop):
            record.keep(page.name, compare(weigh(browser, shop.url, page), *BUDGETS[page.name]))
        browser.close()
    print(record.table())
    note = (
        "KiB on a first visit with a phone (390×844), text by gzip -6, each with its budget. All comes from the shop."
    )
    record.publish("Weight of the pages (`make bench-pages`)", note, BENCHMARKS)
    return int(any(result["verdict"] != "ok" for result in record.results.values()))


def weigh(browser: Browser, url: str, page: DemoPage) -> Counter[str]:
    """Bytes by kind, and the number of requests, from a visitor's first look at a page until it is quiet."""
    context = browser.new_context(base_url=url, viewport=PHONE, service_workers="block")
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in page.cookies.items()])
    answers: list[Response] = []
    context.on("response", lambda answer: answers.append(answer))
    opened = context.new_page().goto(page.path, wait_until="networkidle")
    assert opened is not None and opened.status == page.status, (page, opened and opened.status)
    weight: Counter[str] = Counter()
    for answer in answers:
        assert answer.url.startswith(url), f"{page.name} asks another origin: {answer.url}"
        kind = answer.request.resource_type
        if kind in KINDS:
            weight[KINDS[kind]] += _bytes_of(answer)
            weight["requests"] += 1
        else:
            assert kind in BY_THE_BROWSER, f"{page.name} asks for a {kind}: {answer.url}"
    context.close()
    return weight


def _bytes_of(answer: Response) -> int:
    """The body as it would go over the wire."""
    body = answer.body()
    kind = answer.headers.get("content-type", "")
    is_text = kind.startswith("text/") or "svg" in kind or "javascript" in kind or "json" in kind
    return len(gzip.compress(body, 6)) if is_text and len(body) >= 512 else len(body)


def compare(weight: Counter[str], html: int, css: int, js: int, pictures: int, requests: int) -> dict[str, str]:
    """A row of the table: each figure with its budget."""
    budget = (html, css, js, pictures, FONT, requests)
    figures = {name: weight[name] if name == "requests" else weight[name] / 1024 for name in COLUMNS}
    over = [name for name, most in zip(COLUMNS, budget, strict=True) if figures[name] > most]
    row = {
        name: f"{figures[name]:{'d' if name == 'requests' else '.1f'}} of {most}"
        for name, most in zip(COLUMNS, budget, strict=True)
    }
    return {**row, "verdict": f"OVER: {', '.join(over)}" if over else "ok"}


if __name__ == "__main__":
    raise SystemExit(main())
