"""Proof of the flash sale: many buyers at the same instant, on pages and API, on both databases.

200 connections from 4 processes are opened, then released together, against 2 web processes: exactly as many orders as
there is stock, every loser a clear 409, no 5xx. Then 50 equal submissions of one cart: one order. After each the audit.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import random
import threading
import time

from bench.record import Record
from bench.running_shop import RunningShop, running_shop
from bench.shopper import Answer, Shopper

PROCESSES = 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--stocks", type=int, nargs="*", default=[1, 10, 50])
    parser.add_argument("--engines", nargs="*", default=["postgresql", "sqlite"])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    asked = parser.parse_args()
    random.seed(asked.seed)
    record = Record("races", asked.fresh)
    for engine in asked.engines:
        with running_shop(engine) as shop:
            for face in ("api", "page"):
                for stock in asked.stocks:
                    run_case(record, f"{engine} {face} stock {stock}", flash_sale, shop, face, stock, asked.connections)
            for face in ("api", "api with key", "page"):
                run_case(record, f"{engine} {face} 50 equal submissions", equal_submissions, shop, face)
    failed = [case for case, result in record.results.items() if result["verdict"] != "ok"]
    print(record.table())
    if failed:
        print("FAILED:", *failed, sep="\n  ")
        return 1
    record.publish(
        "Races (`make prove-races`)", f"Seed {asked.seed}, {asked.connections} connections, 2 web processes."
    )
    return 0


def run_case(record: Record, case: str, prove, shop: RunningShop, *arguments) -> None:
    if case in record:
        return
    started = time.monotonic()
    result = prove(shop, *arguments)
    result["seconds"] = f"{time.monotonic() - started:.1f}"
    result["audit"] = shop.audit()
    result["verdict"] = "ok" if result.pop("ok") and result["audit"] == "clean" else "FAILED"
    record.keep(case, result)
    print(f"{case}: {result}", flush=True)


def flash_sale(shop: RunningShop, face: str, stock: int, connections: int) -> dict:
    """Everybody wants one unit of the same variant at the same instant."""
    product_id, variant_id = make_variant(shop, stock)
    answers = released_together(shop.port, face, [(product_id, variant_id)] * connections)
    statuses = collections.Counter(status for status, _ in answers)
    won = statuses[201] + statuses[303]
    clear = all(
        status in {201, 303} or (status == 409 and "Sold out" in text or "left" in text) for status, text in answers
    )
    availability = shop.get_json(f"/api/v1/inventory/{product_id}/variants/{variant_id}")["data"]["inventoryCount"]
    return {
        "orders": won,
        "statuses": dict(statuses),
        "left": availability,
        "ok": won == stock and statuses[409] == connections - stock and clear and availability == 0,
    }


def equal_submissions(shop: RunningShop, face: str) -> dict:
    """One cart, fifty submissions of it at the same instant."""
    product_id, variant_id = make_variant(shop, 100)
    shopper = Shopper(shop.port, random.randrange(10**6))
    if face == "page":
        shopper.fill_cart_on_page(product_id, variant_id)
        form, cookies = shopper.checkout_form(), dict(shopper.cookies)
        answers = _at_once(50, lambda s: s.post_form("/checkout", form), shop.port, cookies)
        targets = {answer.headers.get("location") for answer in answers}
        good = all(answer.status == 303 for answer in answers) and len(targets) == 1
    else:
        cart_id = shopper.fill_cart(product_id, variant_id)
        key = {"Idempotency-Key": f"equal-{random.randrange(10**9)}"} if face == "api with key" else {}
        answers = _at_once(50, lambda s: s.place(cart_id, **key), shop.port, {})
        ids = {answer.json()["data"]["id"] for answer in answers if answer.status == 201}
        made = [answer for answer in answers if answer.status == 201 and "idempotent-replayed" not in answer.headers]
        good = len(ids) == 1 and len(made) == 1 and all(answer.status in {201, 409} for answer in answers)
    statuses = collections.Counter(answer.status for answer in answers)
    left = shop.get_json(f"/api/v1/inventory/{product_id}/variants/{variant_id}")["data"]["inventoryCount"]
    return {"orders": 100 - left, "statuses": dict(statuses), "left": left, "ok": good and left == 99}


def _at_once(count: int, send, port: int, cookies: dict[str, str]) -> list[Answer]:
    barrier, answers = threading.Barrier(count), []

    def run(number: int) -> None:
        shopper = Shopper(port, number, cookies=dict(cookies), buyer=1)
        shopper.connect()
        barrier.wait(30)
        answers.append(send(shopper))
        shopper.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


def released_together(port: int, face: str, wishes: list[tuple[str, str]]) -> list[tuple[int, str]]:
    """Each wish by a shopper of its own: cart filled, connection open, then all of them released at once."""
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(len(wishes)), context.Queue()
    share = -(-len(wishes) // PROCESSES)
    parts = [list(enumerate(wishes))[start : start + share] for start in range(0, len(wishes), share)]
    processes = [context.Process(target=_buyers, args=(port, face, part, barrier, results)) for part in parts]
    [process.start() for process in processes]
    answers = [results.get(timeout=180) for _ in wishes]
    [process.join() for process in processes]
    return answers


def _buyers(port: int, face: str, part: list, barrier, results) -> None:
    shoppers = [(Shopper(port, number), *wish) for number, wish in part]
    prepared = [_prepare(shopper, face, product_id, variant_id) for shopper, product_id, variant_id in shoppers]

    def run(shopper: Shopper, ready) -> None:
        barrier.wait(120)  # until everybody's cart is filled: an idle connection would keep a server's thread waiting
        shopper.connect()
        barrier.wait(120)
        try:
            answer = shopper.place(ready) if face == "api" else shopper.post_form("/checkout", ready)
            results.put((answer.status, answer.body.decode(errors="replace")))
        except OSError as error:
            results.put((0, repr(error)))
        shopper.close()

    threads = [
        threading.Thread(target=run, args=(shopper, ready))
        for (shopper, *_), ready in zip(shoppers, prepared, strict=True)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def _prepare(shopper: Shopper, face: str, product_id: str, variant_id: str):
    if face == "api":
        ready = shopper.fill_cart(product_id, variant_id)
    else:
        shopper.fill_cart_on_page(product_id, variant_id)
        ready = shopper.checkout_form()
    shopper.close()
    return ready


def make_variant(shop: RunningShop, stock: int) -> tuple[str, str]:
    """A new product of one variant with that much stock; its ids."""
    product_id, variant_id = shop.python("-m", "bench.products", "--stock", str(stock)).split()[-2:]
    return product_id, variant_id


if __name__ == "__main__":
    raise SystemExit(main())
