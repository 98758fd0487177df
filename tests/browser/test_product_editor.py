"""The product editor and the import in a browser: on a phone and a desktop, with and without JavaScript."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image as Pillow
from playwright.sync_api import Page, expect
from sqlalchemy import select

from shop import ROOT
from shop.db import db
from shop.domain.catalog.models import Image
from shop.domain.staff_tasks.models import StaffTask
from shop.domain.staff_tasks.operations import run_task
from shop.jobs.pictures import make_picture
from tests.browser.conftest import DESKTOP, PHONE, RunningShop
from tests.conftest import make_staff

pytestmark = pytest.mark.thorough

EMAIL = "editor@example.com"
SHOTS = os.environ.get("SHOTS")  # a folder, to look at the pages


@pytest.fixture(scope="module", autouse=True)
def editor(shop: RunningShop) -> None:
    """Somebody who looks after the catalogue."""
    with shop.app.app_context():
        make_staff(email=EMAIL)
        db.session.remove()


def enter(page: Page) -> Page:
    page.goto("/admin/sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/admin")
    return page


def look(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def photo(colour: str) -> dict[str, object]:
    buffer = io.BytesIO()
    Pillow.effect_noise((900, 1200), 40).convert("RGB").quantize(16).convert("RGB").save(buffer, "JPEG")
    return {"name": f"{colour}.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def work(shop: RunningShop) -> None:
    """As a worker does: every picture that waits, every task."""
    with shop.app.app_context():
        for image_id in db.session.scalars(select(Image.id).filter_by(upload_status="waiting")).all():
            db.session.rollback()
            make_picture(image_id)
        for task_id in db.session.scalars(select(StaffTask.id)).all():
            db.session.rollback()
            run_task(task_id, 60)
        db.session.remove()


@pytest.mark.parametrize(
    ("javascript", "viewport"), [(True, DESKTOP), (False, PHONE)], ids=["desk-script", "phone-no-script"]
)
def test_a_product_with_six_variants_and_two_pictures_is_made(shop, open_browser, javascript, viewport):
    page = enter(open_browser(viewport=viewport, javascript=javascript))
    named = f"{'phone' if viewport == PHONE else 'desk'}-{'script' if javascript else 'plain'}"
    page.goto("/admin/products")
    page.get_by_role("link", name="New product").first.click()
    page.get_by_label("Name", exact=True).first.fill(f"Linen shirt {named}")
    page.get_by_label("Price in USD").fill("59.00")
    page.get_by_label("Units in stock").fill("5")
    page.locator("#options-0-name").fill("Size")
    page.locator("#options-0-values").fill("S, M, L")
    page.get_by_text("Second option").click()
    page.locator("#options-1-name").fill("Colour")
    page.locator("#options-1-values").fill("White, Sage")
    page.get_by_label("Status").select_option("active")
    look(page, f"new-{named}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The product was made with 6 variants.")).to_be_visible()

    page.get_by_label("Add pictures").set_input_files([photo("white"), photo("sage")])
    if not javascript:
        page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Being made")).to_have_count(2)
    work(shop)
    if not javascript:
        page.reload()
    expect(page.locator(".media-shown img")).to_have_count(2)
    for number in range(2):
        page.get_by_label("In words, for who cannot see it").nth(number).fill(f"A shirt, view {number}")
    page.locator("#pictures-0-position").fill("9")
    page.locator("#variants-3-price").fill("64.00")
    look(page, f"edit-{named}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator("#pictures-0-altText")).to_have_value("A shirt, view 1")

    page.get_by_role("link", name="View in shop").click()
    expect(page.get_by_role("heading", name=f"Linen shirt {named}")).to_be_visible()
    expect(page.locator('img[alt="A shirt, view 1"]').first).to_be_visible()


def test_a_removed_picture_comes_back_by_undo(shop, open_browser):
    page = enter(open_browser())
    page.goto("/admin/products?q=amber")
    page.get_by_role("link", name="Amber", exact=True).click()
    page.get_by_role("button", name="Remove").first.click()
    expect(page.get_by_text("The picture was removed.")).to_be_visible()
    expect(page.locator(".media-item")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".media-item")).to_have_count(2)


def test_the_grid_fills_down_and_takes_the_cells_of_a_sheet(open_browser):
    page = enter(open_browser())
    page.goto("/admin/products?q=body")
    page.get_by_role("link", name="Body wash").click()
    page.wait_for_load_state()  # a key pressed before the script is there does nothing
    page.locator("#variants-0-weight").fill("310")
    page.keyboard.press("Control+d")
    expect(page.locator("#variants-2-weight")).to_have_value("310")
    page.locator("#variants-1-price").focus()
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "21.00\\t25.00\\n22.00\\t26.00\\n");
            const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(paste);
        }"""
    )
    expect(page.locator("#variants-2-compareAt")).to_have_value("26.00")
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator("#variants-1-price")).to_have_value("21.00")


def test_the_snippet_and_the_preview_follow_what_is_typed(open_browser):
    page = enter(open_browser())
    page.goto("/admin/products/new")
    page.get_by_label("Name", exact=True).first.fill("Night serum")
    page.get_by_label("Description", exact=True).first.fill("<em>Calm</em> by morning.<script>x</script>")
    expect(page.locator("#snippet-title")).to_contain_text("Night serum")
    expect(page.locator("#snippet-text")).to_contain_text("Calm by morning.")
    page.get_by_text("As the shop shows it").click()
    expect(page.locator("#description-preview em")).to_have_text("Calm")


def test_what_is_no_picture_is_said_beside_it(open_browser, watched):
    watched.expected.append("422")
    page = enter(open_browser())
    page.goto("/admin/products?q=amber")
    page.get_by_role("link", name="Amber", exact=True).click()
    page.get_by_label("Add pictures").set_input_files(
        {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"<script>alert(1)</script>"}
    )
    expect(page.get_by_text("no picture that can be read")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_a_file_is_tried_and_imported(shop, open_browser, tmp_path, javascript):
    page = enter(open_browser(viewport=PHONE, javascript=javascript))
    text = (ROOT / "shop/admin/sample.csv").read_text().replace("linen-shirt", f"imported-{javascript}".lower())
    text = text.replace("SHIRT-", f"I{javascript}-").replace("6.50", "six").replace("olive-soap", f"soap-{javascript}")
    file = Path(tmp_path / "spring.csv")
    file.write_text(text)
    page.goto("/admin/imports")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name="Dry run: 0 of 2 products")).to_be_visible()
    work(shop)
    if not javascript:
        page.reload()
    expect(page.get_by_role("button", name="Import 1 product")).to_be_visible()
    expect(page.get_by_role("cell", name="Variant Price").first).to_be_visible()
    look(page, f"import-{javascript}")
    page.get_by_role("button", name="Import 1 product").click()
    expect(page.get_by_role("heading", name="Importing")).to_be_visible()
    work(shop)
    if not javascript:
        page.reload()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
