"""The races: what many do at one instant, and what may come of it. To add one: a function, and a line in RACES.

A race is given the shop and a dice of its own, and returns its outcome: `outcome(answers, is_right, …)`. Whatever it
is about, no answer may be a failure of the server, and the audit afterwards has to be clean.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench.race_start import Outcome, Send, all_at_once, crowd, outcome
from bench.raced_shop import OwnShop, RacedShop
from bench.shopper import Answer, Shopper

EQUAL = 50  # submissions of one cart
BUYERS = 40  # in the smaller races


@dataclass(frozen=True)
class Race:
    """A race by its name; `needs_own` where it reaches into the shop's database or leaves an order that stays."""

    name: str
    run: Callable[[RacedShop, random.Random], Outcome]
    needs_own: bool = False


def flash_sale(shop: RacedShop, dice: random.Random, *, face: str, stock: int, connections: int) -> Outcome:
    """Everybody wants one unit of the same variant: as many orders as units, a clear refusal for everybody else."""
    wish = shop.variant(stock)
    answers = crowd(shop, connections, partial(_ready_to_buy, wish, face))
    won = [answer for answer in answers if answer.status in {201, 303}]
    lost = [answer for answer in answers if answer.status == 409]
    [shop.note(answer) for answer in won]
    clear = all(b"Sold out" in answer.body or b"left" in answer.body for answer in lost)
    left = shop.available(*wish)
    is_right = len(won) == stock and len(won) + len(lost) == connections and clear and left == 0
    return outcome(answers, is_right, orders=len(won), left=left)


def _ready_to_buy(wish: tuple[str, str], face: str, shopper: Shopper, _place: int) -> Send:
    if face == "api":
        cart_id = shopper.fill_cart(*wish)
        return lambda ready: ready.place(cart_id)
    shopper.fill_cart_on_page(*wish)
    form = shopper.checkout_form()
    return lambda ready: ready.post_form("/checkout", form)


def equal_submissions(shop: RacedShop, dice: random.Random, *, face: str) -> Outcome:
    """One cart submitted fifty times: one order, which everybody is led to or told of."""
    wish = shop.variant(100 if isinstance(shop, OwnShop) else 3)
    before = shop.available(*wish)
    first = shop.shopper()
    if face == "page":
        first.fill_cart_on_page(*wish)
        form = first.checkout_form()
        answers = all_at_once([(_same(shop, first), lambda s: s.post_form("/checkout", form)) for _ in range(EQUAL)])
        is_one = len({answer.headers.get("location") for answer in answers}) == 1
        is_right = is_one and all(answer.status == 303 for answer in answers)
    else:
        cart_id = first.fill_cart(*wish)
        key = {"Idempotency-Key": f"equal-{dice.getrandbits(64):x}"} if face == "api with key" else {}
        answers = all_at_once([(_same(shop, first), lambda s: s.place(cart_id, **key)) for _ in range(EQUAL)])
        won = [answer for answer in answers if answer.status == 201]
        made = [answer for answer in won if "idempotent-replayed" not in answer.headers]
        [shop.note(answer) for answer in made]
        is_one = len({answer.json()["data"]["id"] for answer in won}) == len(made) == 1
        is_right = is_one and all(answer.status in {201, 409} for answer in answers)
    left = shop.available(*wish)
    return outcome(answers, is_right and left == before - 1, orders=before - left, left=left)


def _same(shop: RacedShop, shopper: Shopper) -> Shopper:
    """Another connection of the same person, with the same cookies."""
    return shop.shopper(cookies=dict(shopper.cookies), buyer=shopper.number)


def two_tabs(shop: RacedShop, dice: random.Random, *, rounds: int = 10) -> Outcome:
    """Two tabs order the cart while a third adds to it: one order, of the cart before or after, and never both."""
    count = rounds if isinstance(shop, OwnShop) else 1
    wishes = shop.variants(2 * count, 5)
    rounds_run = [_two_tabs_of(shop, *wishes[place : place + 2]) for place in range(0, 2 * count, 2)]
    answers = [answer for tabs, _ in rounds_run for answer in tabs]
    orders = sum(answer.status == 201 for answer in answers)
    return outcome(answers, all(is_right for _, is_right in rounds_run), orders=orders)


def _two_tabs_of(shop: RacedShop, one: tuple[str, str], other: tuple[str, str]) -> tuple[list[Answer], bool]:
    first = shop.shopper()
    cart_id = first.fill_cart(*one)
    wanted = {"productId": other[0], "variantId": other[1], "quantity": 1}
    placed, added, again = answers = all_at_once(
        [
            (first, lambda s: s.place(cart_id)),
            (_same(shop, first), lambda s: s.api("POST", f"/cart/{cart_id}/items", wanted)),
            (_same(shop, first), lambda s: s.place(cart_id)),
        ]
    )
    won = [answer for answer in (placed, again) if answer.status == 201]
    [shop.note(answer) for answer in won]
    lines = len(won[0].json()["data"]["items"]) if won else 0
    sold = (5 - shop.available(*one), 5 - shop.available(*other))
    # The line is in the order when, and only when, adding it was answered with yes.
    is_right = len(won) == 1 and lines == (2 if added.status == 200 else 1) and sold == (1, lines - 1)
    return answers, is_right


def opposite_order(shop: RacedShop, dice: random.Random, *, stock: int = 10) -> Outcome:
    """Two hot variants, bought in one order by half of the crowd and in the other by the rest: no deadlock is seen."""
    pair = shop.variants(2, stock)

    def prepare(shopper: Shopper, place: int) -> Send:
        one, other = pair if place % 2 else reversed(pair)
        cart_id = shopper.fill_cart(*one)
        shopper.add_to_cart(cart_id, *other)
        return lambda ready: ready.place(cart_id)

    answers = crowd(shop, BUYERS, prepare)
    won = [answer for answer in answers if answer.status == 201]
    [shop.note(answer) for answer in won]
    left = [shop.available(*wish) for wish in pair]
    is_right = len(won) == stock and left == [0, 0] and all(answer.status in {201, 409} for answer in answers)
    return outcome(answers, is_right, orders=len(won), left=sum(left))


def payment_against_expiry(shop: RacedShop, dice: random.Random, *, stock: int = 12) -> Outcome:
    """Holds are over; their buyers pay while others want the same units: each unit goes to one of them."""
    assert isinstance(shop, OwnShop)
    wish = shop.variant(stock * 2)  # carts can be filled only while there is something left
    holders = [shop.shopper() for _ in range(stock * 2)]
    carts = [holder.fill_cart(*wish) for holder in holders]
    buyers = [shop.shopper() for _ in range(stock * 2)]
    wanted = [buyer.fill_cart(*wish) for buyer in buyers]
    orders = [holder.place(cart_id).json()["data"] for holder, cart_id in zip(holders, carts, strict=True)]
    [shopper.close() for shopper in (*holders, *buyers)]
    shop.end_holds()
    works: list[tuple[Shopper, Send]] = [
        *((holder, partial(_pay, order)) for holder, order in zip(holders, orders, strict=True)),
        *((buyer, partial(_place, cart_id)) for buyer, cart_id in zip(buyers, wanted, strict=True)),
    ]
    dice.shuffle(works)
    answers = all_at_once(works)
    paid = sum(answer.status == 200 for answer in answers)
    placed = sum(answer.status == 201 for answer in answers)
    left = shop.available(*wish)
    is_right = paid + placed + left == stock * 2 and all(answer.status in {200, 201, 409} for answer in answers)
    return outcome(answers, is_right, orders=paid + placed, left=left)


def cancel_against_payment(shop: RacedShop, dice: random.Random, *, pairs: int = 10) -> Outcome:
    """Orders are paid and cancelled at one instant: what is cancelled keeps no unit, what is not keeps its own."""
    count = pairs if isinstance(shop, OwnShop) else 1
    wish = shop.variant(count)
    shoppers = [shop.shopper() for _ in range(count)]
    orders = [buyer.place(buyer.fill_cart(*wish)).json()["data"] for buyer in shoppers]
    works: list[tuple[Shopper, Send]] = []
    for buyer, order in zip(shoppers, orders, strict=True):
        works += [(buyer, partial(_pay, order)), (_same(shop, buyer), partial(_cancel, order))]
    dice.shuffle(works)
    answers = all_at_once(works)
    read = [buyer.api("GET", f"/orders/{order['id']}", **_token(order)) for buyer, order in zip(shoppers, orders)]  # noqa: B905
    [buyer.close() for buyer in shoppers]
    kept = sum(answer.json()["data"]["status"] == "confirmed" for answer in read)
    left = shop.available(*wish)
    is_right = left == count - kept and all(answer.status in {200, 409} for answer in answers)
    return outcome(answers, is_right, orders=kept, left=left)


def _pay(order: dict, shopper: Shopper) -> Answer:
    return shopper.pay(order)


def _place(cart_id: str, shopper: Shopper) -> Answer:
    return shopper.place(cart_id)


def _cancel(order: dict, shopper: Shopper) -> Answer:
    return shopper.api("POST", f"/orders/{order['id']}/cancel", {}, **_token(order))


def _token(order: dict) -> dict[str, str]:
    return {"X-Order-Token": order["token"]}


RACES = (
    Race("api 50 equal submissions", partial(equal_submissions, face="api")),
    Race("api with key 50 equal submissions", partial(equal_submissions, face="api with key")),
    Race("page 50 equal submissions", partial(equal_submissions, face="page"), needs_own=True),
    Race("two tabs", two_tabs),
    Race("two hot variants in opposite order", opposite_order),
    Race("cancelling against paying", cancel_against_payment),
    Race("paying against the end of the hold", payment_against_expiry, needs_own=True),
)


def all_races(stocks: list[int], connections: int, faces: tuple[str, ...] = ("api", "page")) -> Iterator[Race]:
    """Flash sales of these stocks by so many connections on each face, and every other race."""
    for face in faces:
        for stock in stocks:
            sale = partial(flash_sale, face=face, stock=stock, connections=connections)
            yield Race(f"{face} stock {stock}", sale)
    yield from RACES
