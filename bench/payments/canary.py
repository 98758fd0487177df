"""A shop lives through all of card payments with canaries, and none is found where it may not be (I42, I45, S48).

Looked through are the logs of every process at DEBUG, every column of every table, Redis and the e-mails.
"""

from __future__ import annotations

import argparse
import collections
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import redis
from sqlalchemy import MetaData, create_engine

from bench.hands import PASSWORD
from bench.payments import buying
from bench.payments.card_shop import CardShop, card_shop
from bench.payments.case import Case
from bench.payments.events import ask, work_off
from bench.payments.post import post
from bench.running_shop import RunningShop
from bench.shopper import Answer, Shopper, hidden_fields
from bench.staff import sign_in
from tests.bank import SECRET_KEY, WEBHOOK_SECRET
from tests.bank_faults import forgeries

CARD_NUMBER = "4111111111111111"
APPROVE, DECLINE, SECURE = "pm_card_approve", "pm_card_decline_generic", "pm_card_3ds"
SHORTEST = 12  # characters of a canary; what is shorter, as a cookie of "1", tells nothing
PLACES = ("logs", "database", "redis", "e-mails")
# In which of the places a canary of this kind may be.
MAY_BE_IN: dict[str, set[str]] = {
    "card number": set(),
    "secret of the shop": set(),
    "client secret": set(),
    "password": set(),
    "session": set(),
    "order token": {"e-mails"},  # the links of the customer's own letters
    "payment method": {"database"},  # as the bank's events name it
}


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    for engine in asked.engines:
        yield Case(f"{engine}, canaries", partial(prove, engine))


@dataclass
class Life:
    """A shop, and the canaries that were let out in it, by kind."""

    own: CardShop
    wish: buying.Wish
    canaries: dict[str, set[str]] = field(default_factory=lambda: collections.defaultdict(set))
    wrong: list[str] = field(default_factory=list)

    def let_out(self, kind: str, *canaries: str) -> None:
        self.canaries[kind].update(each for each in canaries if len(each) >= SHORTEST)

    def expect(self, what: str, answer: Answer, *statuses: int) -> Answer:
        """Note an answer that should not be."""
        if answer.status not in statuses:
            self.wrong.append(f"{what}: {answer.status} {answer.body[:200]!r}")
        return answer

    def card(self, outcome: str) -> str:
        method = buying.type_card(self.own.bank, outcome, secrets.token_hex(8))
        self.let_out("payment method", method)
        return method


def prove(engine: str) -> dict[str, Any]:
    master = secrets.token_hex(32)
    more = {"roles": ("web", "worker", "scheduler"), "LOG_LEVEL": "DEBUG", "SECRET_KEY": master}
    with card_shop(engine, **more) as own:
        life = Life(own, tuple(own.shop.hands.do("make_products", 1, 1000)[0]))
        life.let_out("card number", CARD_NUMBER)
        life.let_out("secret of the shop", SECRET_KEY, WEBHOOK_SECRET, master)
        life.let_out("password", PASSWORD)
        for live in (_buy_by_api, _send_card_numbers, _buy_on_page, _keep_a_card, _forge):
            live(life)
        left = work_off(own, f"{engine}, canaries")
        planted = _plant(own.shop)
        texts = {"logs": _logs(own.shop), "database": _database(own.shop), "redis": _redis(own.shop)}
        texts["e-mails"] = "".join(file.read_text(errors="replace") for file in own.shop.folder.glob("mail/*.eml"))
        audit = own.shop.hands.do("audit")
    wrong = life.wrong + find(texts, life.canaries)
    wrong += [f"what was planted in {place} was not found" for place in PLACES if planted not in texts[place]]
    wrong += [f"no canary of this kind: {kind}" for kind in MAY_BE_IN if not life.canaries[kind]]
    wrong += [f"left undone: {left}"] if left else []
    wrong += [f"audit: {audit}"] if audit != "clean" else []
    if wrong:
        print("  WRONG:", *wrong[:20], sep="\n    ", flush=True)
    return {
        "canaries": sum(len(each) for each in life.canaries.values()),
        "characters looked through": {place: f"{len(text):,}" for place, text in texts.items()},
        "planted and found": sum(planted in text for text in texts.values()),
        "verdict": "FAILED" if wrong else "ok",
    }


def find(texts: dict[str, str], canaries: dict[str, set[str]]) -> list[str]:
    """Each canary that is somewhere it may not be, with what stands around it."""
    found = []
    for kind, each in canaries.items():
        for place in sorted(set(texts) - MAY_BE_IN[kind]):
            hits = [canary for canary in each if canary in texts[place]]
            if hits:
                at = texts[place].index(hits[0])
                around = texts[place][max(at - 160, 0) : at + 60]
                found.append(f"{kind} in {place}, {len(hits)} of {len(each)}: …{around!r}…")
    return found


# -- a life with cards -------------------------------------------------------------------------------------------------


def _buy_by_api(life: Life) -> None:
    """Approved, declined and then approved, asked first, told twice, given back, cancelled."""
    orders = []
    for number, cards in enumerate(([APPROVE], [DECLINE, APPROVE], [SECURE], [""], [APPROVE])):
        shopper = Shopper(life.own.shop.port, 100 + number)
        order = life.expect("order", buying.order_by_api(shopper, life.wish), 201).json()["data"]
        life.let_out("order token", order["token"])
        orders.append(order)
        for turn, card in enumerate(cards):
            key = {"Idempotency-Key": f"canary-{number}-{turn}"}
            method = life.card(card) if card else ""
            for _ in range(2):
                paid = buying.pay_by_api(shopper, order, method, headers=key)
                _note_secret(life, life.expect("payment", paid, 200, 402))
        shopper.api("GET", f"/orders/{order['id']}?token={order['token']}", **{"X-Order-Token": order["token"]})
        shopper.request("GET", f"/orders/{order['id']}?token={order['token']}")
        life.let_out("session", *shopper.cookies.values())
        shopper.close()
    ask(life.own, "give_back", [orders[0]["id"]], 300)
    ask(life.own, "cancel_orders", [orders[3]["id"], orders[4]["id"]])


def _note_secret(life: Life, answer: Answer) -> None:
    if answer.status == 200:
        life.let_out("client secret", answer.json()["data"].get("paymentIntent", {}).get("clientSecret", ""))


def _send_card_numbers(life: Life) -> None:
    """Whoever sends a card's number to the shop itself is refused."""
    shopper = Shopper(life.own.shop.port, 200)
    order = buying.order_by_api(shopper, life.wish).json()["data"]
    path = f"/orders/{order['id']}/payment"
    token = {"X-Order-Token": order["token"]}
    for more in (
        {"card": {"number": CARD_NUMBER, "cvc": "987"}},
        {"card[number]": CARD_NUMBER},
        {"paymentMethodId": CARD_NUMBER},
        {"paymentMethodId": {"number": CARD_NUMBER}},
        {"paymentMethod": CARD_NUMBER},
        {CARD_NUMBER: True},
    ):
        answer = shopper.api("POST", path, {"paymentMethod": "stripe", **more}, **token)
        life.expect(f"a card's number as {next(iter(more))}", answer, 400, 422)
    cut_short = f'{{"paymentMethod": "stripe", "card": "{CARD_NUMBER}'.encode()
    json_type = {"Content-Type": "application/json"}
    life.expect("no JSON", shopper.request("POST", f"/api/v1{path}", cut_short, **json_type, **token), 400)
    in_query = f"/api/v1{path}?card[number]={CARD_NUMBER}"
    life.expect("in the query", shopper.request("POST", in_query, b"{}", **json_type, **token), 200, 400, 422)
    shopper.close()


def _buy_on_page(life: Life) -> None:
    """By the checkout and the provider's script; a form with a card's number in it is a form with a stray field."""
    for number, outcome in enumerate((APPROVE, DECLINE, SECURE)):
        shopper = Shopper(life.own.shop.port, 300 + number)
        stray = {"card[number]": CARD_NUMBER} if number else {}
        answer = life.expect("checkout", buying.order_on_page(shopper, life.wish, **stray), 200)
        told = answer.json()
        life.let_out("client secret", told["clientSecret"])
        buying.confirm_in_browser(life.own.bank, told["clientSecret"], life.card(outcome))
        back = shopper.request("GET", told["returnUrl"].partition(str(life.own.shop.port))[2])
        there = back.headers.get("location", "")
        life.let_out("order token", there.partition("token=")[2].partition("&")[0])
        life.expect("the order's page", shopper.request("GET", there), 200)
        life.let_out("session", *shopper.cookies.values())
        shopper.close()


def _keep_a_card(life: Life) -> None:
    """A customer signs in, keeps a card, looks at it and has it forgotten; staff look at the order."""
    email = life.own.shop.hands.do("make_staff", 1)[0]
    customer = Shopper(life.own.shop.port, 400)
    form = hidden_fields(customer.request("GET", "/sign-in").body.decode())
    life.expect("sign in", customer.post_form("/sign-in", {**form, "email": email, "password": PASSWORD}), 303)
    answer = life.expect("checkout", buying.order_on_page(customer, life.wish, savePaymentMethod="true"), 200)
    life.let_out("client secret", answer.json()["clientSecret"])
    kept = buying.type_card(life.own.bank, APPROVE, "kept")  # in the address of its page, so no canary: no secret
    buying.confirm_in_browser(life.own.bank, answer.json()["clientSecret"], kept)
    customer.request("GET", answer.json()["returnUrl"].partition(str(life.own.shop.port))[2])
    page = customer.request("GET", "/account/cards").body.decode()
    if kept not in page:
        life.wrong.append("the card was not kept")
    removal = customer.post_form(f"/account/cards/{kept}/removal", hidden_fields(page))
    life.expect("forget the card", removal, 303)
    staff = sign_in(Shopper(life.own.shop.port, 401), email)
    for _, order_id, _ in life.own.shop.hands.do("orders"):
        staff.browser.request("GET", f"/admin/orders/{order_id}")
    life.let_out("session", *customer.cookies.values(), *staff.browser.cookies.values())


def _forge(life: Life) -> None:
    """Webhooks that nobody may believe, with a card's number in them."""
    body = f'{{"id": "evt_canary", "type": "charge.updated", "card": "{CARD_NUMBER}"}}'.encode()
    sender = Shopper(life.own.shop.port, 500)
    for name, signature in forgeries(body, WEBHOOK_SECRET).items():
        life.expect(f"forged: {name}", post(sender, body, signature), 400)


# -- where it is looked for --------------------------------------------------------------------------------------------


def _plant(shop: RunningShop) -> str:
    """Something that has to be found in every place, so that it is known that each is looked through."""
    planted = f"planted-{secrets.token_hex(8)}"
    ask_notes = {"cartId": "", "notes": planted}
    shopper = Shopper(shop.port, 600)
    product_id, variant_id = shop.hands.do("make_products", 1, 10)[0]
    ask_notes["cartId"] = shopper.fill_cart(product_id, variant_id)
    address = {"shippingAddress": shopper.contact, "shippingMethod": "standard", "paymentMethod": "cash_on_delivery"}
    placed = shopper.api("POST", "/orders", {**ask_notes, **address})
    assert placed.status == 201, placed.body
    for file in (shop.folder / "web.log", shop.folder / "mail" / "planted.eml"):
        with file.open("a") as end:
            end.write(f"{planted}\n")
    assert shop.store is not None
    redis.Redis.from_url(shop.store.url).set("planted", planted)
    return planted


def _logs(shop: RunningShop) -> str:
    return "".join(file.read_text(errors="replace") for file in sorted(shop.folder.glob("*.log")))


def _database(shop: RunningShop) -> str:
    """Every value of every table."""
    engine = create_engine(shop.environment["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        rows = [str(tuple(row)) for table in tables.sorted_tables for row in connection.execute(table.select())]
    engine.dispose()
    return "\n".join(rows)


def _redis(shop: RunningShop) -> str:
    """Every key with all that it holds."""
    assert shop.store is not None
    store = redis.Redis.from_url(shop.store.url)
    ways = {
        b"string": store.get,
        b"hash": store.hgetall,
        b"set": store.smembers,
        b"list": lambda key: store.lrange(key, 0, -1),
        b"zset": lambda key: store.zrange(key, 0, -1),
    }
    return "\n".join(f"{key!r} {ways[kind](key)!r}" for key in store.scan_iter() if (kind := store.type(key)) in ways)
