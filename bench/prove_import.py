"""Proof on real exports: Shopify product files imported twice, and a product of each bought over the API.

The files are named on the command line or found in ../shared/data/catalogues; they are never part of the project.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from bench.record import ROOT, Record
from bench.running_shop import RunningShop, running_shop
from bench.shopper import Shopper

USUAL = [
    ROOT.parent / "shared" / "data" / "catalogues" / name for name in ("shopify-snowdevil.csv", "shopify-apparel.csv")
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=USUAL)
    parser.add_argument("--engines", nargs="*", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    record = Record("import", fresh=True)
    for engine in asked.engines:
        with running_shop(engine) as shop:
            for file in asked.files:
                record.keep(f"{engine} {file.name}", prove(shop, file))
                print(f"{engine} {file.name}: {record.results[f'{engine} {file.name}']}", flush=True)
    print(record.table())
    if any(result["verdict"] != "ok" for result in record.results.values()):
        return 1
    record.publish(
        "Imports (`make prove-import`)", "Real Shopify exports, each imported twice; a product of each bought."
    )
    return 0


def prove(shop: RunningShop, file: Path) -> dict:
    dry, _ = _import(shop, file, "--dry-run")
    first, seconds = _import(shop, file)
    second, _ = _import(shop, file)
    slug = buy_one_of(shop, first)
    ok = (
        first["rows_read"] == first["rows_imported"] + first["rows_reported"]
        and (dry["products_created"], dry["rows_reported"]) == (first["products_created"], first["rows_reported"])
        and second["products_created"] == second["products_changed"] == 0
        and second["products_unchanged"] == first["products_created"]
        and bool(slug)
        and shop.audit() == "clean"
    )
    return {
        "rows read": first["rows_read"],
        "imported": first["rows_imported"],
        "reported": first["rows_reported"],
        "products": first["products_created"],
        "second time changed": second["products_created"] + second["products_changed"],
        "seconds": seconds,
        "bought": slug,
        "verdict": "ok" if ok else "FAILED",
    }


def _import(shop: RunningShop, file: Path, *options: str) -> tuple[dict, str]:
    started = time.monotonic()
    done = shop.flask("catalog", "import", str(file), "--json", *options)
    if not done.stdout:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout), f"{time.monotonic() - started:.1f}"


def buy_one_of(shop: RunningShop, report: dict) -> str:
    """Buy the newest product that can be had; its slug."""
    rows = shop.get_json("/api/v1/products?inStock=true&limit=100&sortBy=created_at")["data"]
    row = next(row for row in rows if row["price"] > 0)
    variant = next(variant for variant in row["variants"] if variant["available"])
    shopper = Shopper(shop.port, report["rows_read"])
    placed = shopper.place(shopper.fill_cart(row["id"], variant["id"]))
    paid = shopper.pay(placed.json()["data"])
    return row["slug"] if (placed.status, paid.status) == (201, 200) else ""


if __name__ == "__main__":
    raise SystemExit(main())
