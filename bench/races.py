"""The races: what many do at one instant, and what may come of it. To add one: a function, and a line in RACES.

A race is given the shop and its turn (the number of the round, a dice of its own), and returns its outcome:
`outcome(answers, is_right, …)`. Whatever it is about, no answer may be a failure of the server, and the audit
afterwards has to be clean.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench.race_start import Outcome, Send, all_at_once, crowd, outcome
from bench.raced_shop import OwnShop, RacedShop
from bench.shopper import Answer, Shopper
from bench.staff import StaffForm, StaffMember

EQUAL = 50  # submissions of one cart
BUYERS = 40  # in the smaller races
CODES = 100  # carts with the same code of one use
SEATS = 6  # members of staff who press at one instant


@dataclass(frozen=True)
class Turn:
    """A round of a race: its number, the first is 1, and a dice that falls alike whenever it is run again."""

    number: int
    dice: random.Random


@dataclass(frozen=True)
class Race:
    """A race by its name; `needs_own` where it reaches into the shop's database or leaves an order that stays.

    `times` is how often it is run in each round that is asked for.
    """

    name: str
    run: Callable[[RacedShop, Turn], Outcome]
    needs_own: bool = False
    times: int = 1


def flash_sale(shop: RacedShop, turn: Turn, *, face: str, most: int, connections: int) -> Outcome:
    """Everybody wants one unit of the same variant: as many orders as units, a clear refusal for everybody else.

    In `most` rounds every stock from 1 to `most` has its turn.
    """
    stock = stock_of_round(turn.number, most)
    wish = shop.variant(stock)
    answers = crowd(shop, connections, partial(_ready_to_buy, wish, face))
    won = [answer for answer in answers if answer.status in {201, 303}]
    lost = [answer for answer in answers if answer.status == 409]
    [shop.note(answer) for answer in won]
    clear = all(b"Sold out" in answer.body or b"left" in answer.body for answer in lost)
    left = shop.available(*wish)
    is_right = len(won) == stock and len(won) + len(lost) == connections and clear and left == 0
    return outcome(answers, is_right, orders=len(won), left=left)


def stock_of_round(number: int, most: int) -> int:
    """The stocks from 1 to `most` in an order that is always the same, and mixes large and small."""
    return random.Random(most).sample(range(1, most + 1), most)[(number - 1) % most]


def _ready_to_buy(wish: tuple[str, str], face: str, shopper: Shopper, _place: int) -> Send:
    if face == "api":
        cart_id = shopper.fill_cart(*wish)
        return lambda ready: ready.place(cart_id)
    shopper.fill_cart_on_page(*wish)
    form = shopper.checkout_form()
    return lambda ready: ready.post_form("/checkout", form)


def equal_submissions(shop: RacedShop, turn: Turn, *, face: str) -> Outcome:
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
        key = {"Idempotency-Key": f"equal-{turn.dice.getrandbits(64):x}"} if face == "api with key" else {}
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


def two_tabs(shop: RacedShop, turn: Turn, *, rounds: int = 10) -> Outcome:
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


def opposite_order(shop: RacedShop, turn: Turn, *, stock: int = 10) -> Outcome:
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


def payment_against_expiry(shop: RacedShop, turn: Turn, *, variants: int = 6, stock: int = 4) -> Outcome:
    """Holds are over; their buyers pay while a few others want the same units and the sweep goes by: each unit to one.

    Whoever wants a unit ends all overdue holds on its variant, so there are several variants.
    """
    assert isinstance(shop, OwnShop)
    wishes = shop.variants(variants, stock)
    buyers = [shop.shopper() for _ in range(variants * 2)]
    carts = [buyer.fill_cart(*wishes[place % variants]) for place, buyer in enumerate(buyers)]  # while there is some
    holders = [shop.shopper() for _ in range(variants * stock)]
    orders = [_held_order(holder, wishes[place % variants]) for place, holder in enumerate(holders)]
    [shopper.close() for shopper in (*holders, *buyers)]
    shop.end_holds()
    works: list[tuple[Shopper, Send]] = [
        *((holder, partial(_pay, order)) for holder, order in zip(holders, orders, strict=True)),
        *((buyer, partial(_place, cart_id)) for buyer, cart_id in zip(buyers, carts, strict=True)),
    ]
    turn.dice.shuffle(works)
    answers = all_at_once([*works, (shop.shopper(), partial(_sweep, shop))])
    paid = sum(answer.status == 200 for answer in answers)
    placed = sum(answer.status == 201 for answer in answers)
    left = sum(shop.available(*wish) for wish in wishes)
    is_right = paid + placed + left == variants * stock
    is_right = is_right and all(answer.status in {200, 201, 204, 409} for answer in answers)
    return outcome(answers, is_right, orders=paid + placed, left=left)


def _held_order(shopper: Shopper, wish: tuple[str, str]) -> dict:
    return shopper.place(shopper.fill_cart(*wish)).json()["data"]


def cancel_against_payment(shop: RacedShop, turn: Turn, *, pairs: int = 10) -> Outcome:
    """Orders are paid and cancelled at one instant: what is cancelled keeps no unit, what is not keeps its own."""
    count = pairs if isinstance(shop, OwnShop) else 1
    wish = shop.variant(count)
    shoppers = [shop.shopper() for _ in range(count)]
    orders = [buyer.place(buyer.fill_cart(*wish)).json()["data"] for buyer in shoppers]
    works: list[tuple[Shopper, Send]] = []
    for buyer, order in zip(shoppers, orders, strict=True):
        works += [(buyer, partial(_pay, order)), (_same(shop, buyer), partial(_cancel, order))]
    turn.dice.shuffle(works)
    answers = all_at_once(works)
    read = [buyer.api("GET", f"/orders/{order['id']}", **_token(order)) for buyer, order in zip(shoppers, orders)]  # noqa: B905
    [buyer.close() for buyer in shoppers]
    kept = sum(answer.json()["data"]["status"] == "confirmed" for answer in read)
    left = shop.available(*wish)
    is_right = left == count - kept and all(answer.status in {200, 409} for answer in answers)
    return outcome(answers, is_right, orders=kept, left=left)


def one_use_code(shop: RacedShop, turn: Turn, *, face: str, carts: int = CODES) -> Outcome:
    """A hundred carts hold the same code of one use, and are all ordered: one has it, the others are told so."""
    assert isinstance(shop, OwnShop)
    wish, code = shop.variant(carts), shop.code(uses=1)
    answers = crowd(shop, carts, partial(_ready_with_code, wish, code, face))
    won = [answer for answer in answers if answer.status in {201, 303}]
    lost = [answer for answer in answers if answer.status == 410 and b"used up" in answer.body]
    left = shop.available(*wish)
    is_right = len(won) == 1 and len(lost) == carts - 1 and left == carts - 1
    return outcome(answers, is_right, orders=len(won), left=left)


def _ready_with_code(wish: tuple[str, str], code: str, face: str, shopper: Shopper, _place: int) -> Send:
    if face == "api":
        cart_id = shopper.fill_cart(*wish)
        entered = shopper.api("POST", "/checkout/discount", {"cartId": cart_id, "discountCode": code})
        assert entered.status == 200, entered.body
        return lambda ready: ready.place(cart_id)
    shopper.fill_cart_on_page(*wish)
    entered = shopper.post_form("/checkout/discount", {**shopper.checkout_form(), "discountCode": code})
    assert entered.status == 200, entered.body[:500]
    form = shopper.checkout_form()
    return lambda ready: ready.post_form("/checkout", form)


def cancelling_against_sending(shop: RacedShop, turn: Turn) -> Outcome:
    """Staff cancel a packed order while others send it: one of them does, and its unit is where that one put it."""
    assert isinstance(shop, OwnShop)
    wish, staff = shop.variant(2), shop.staff(SEATS)
    tries = [_staff_race(shop, staff, wish, ("pack",), _press_one_of("cancel", "ship"), sees) for sees in (True, False)]
    statuses = [order["status"] for _, _, order in tries]
    left = shop.available(*wish)
    is_right = set(statuses) <= {"cancelled", "shipped"} and left == statuses.count("cancelled")
    return _outcome_of_staff(tries, is_right, left)


def cancelling_against_packing(shop: RacedShop, turn: Turn) -> Outcome:
    """A customer cancels while staff begin to pack the order: one of them does."""
    assert isinstance(shop, OwnShop)
    wish, staff = shop.variant(2), shop.staff(SEATS)[: SEATS // 2]
    tries = [_staff_race(shop, staff, wish, (), _press_one_of("pack"), sees, cancels=3) for sees in (True, False)]
    statuses = [order["status"] for _, _, order in tries]
    left = shop.available(*wish)
    is_right = set(statuses) <= {"cancelled", "processing"} and left == statuses.count("cancelled")
    return _outcome_of_staff(tries, is_right, left)


def refunding_against_refunding(shop: RacedShop, turn: Turn) -> Outcome:
    """All that was paid is given back by several at once, some by the whole, some by its parts: it is, once."""
    assert isinstance(shop, OwnShop)
    wish, staff = shop.variant(2), shop.staff(SEATS)
    way = ("pack", "ship", "deliver", "collect")
    tries = [_staff_race(shop, staff, wish, way, _give_all_back, sees) for sees in (True, False)]
    is_right = all(order["paymentStatus"] == "refunded" for _, _, order in tries)
    return _outcome_of_staff(tries, is_right, shop.available(*wish))


Tried = tuple[list[Answer], int, dict]  # the answers, how many did it, and the order as it is afterwards
Press = Callable[[StaffMember, str, int], tuple[StaffForm, dict[str, str]]]


def _staff_race(
    shop: OwnShop,
    staff: list[StaffMember],
    wish: tuple[str, str],
    way: tuple[str, ...],
    prepare: Press,
    sees: bool,
    cancels: int = 0,
) -> Tried:
    """An order that went this way, and everybody at once at it: by forms that know what they saw, or that do not."""
    buyer = shop.shopper()
    order = buyer.place(buyer.fill_cart(*wish)).json()["data"]
    assert buyer.pay(order).status == 200
    buyer.close()
    staff[0].do(order["id"], *way)
    staff[0].browser.close()
    works: list[tuple[Shopper, Send]] = []
    for seat, member in enumerate(staff):
        form, fields = prepare(member, order["id"], seat)
        works.append((member.browser, partial(_press, form if sees else form.without_sight(), fields)))
        member.browser.close()
    works += [(_same(shop, buyer), partial(_cancel, order)) for _ in range(cancels)]
    answers = all_at_once(works)
    done = [_has_done_it(member, order["id"]) for member in staff]
    done += [answer.status == 200 for answer in answers[len(staff) :]]
    now = buyer.api("GET", f"/orders/{order['id']}", **_token(order)).json()["data"]
    buyer.close()
    return answers, sum(done), now


def _has_done_it(member: StaffMember, order_id: str) -> bool:
    is_done, _ = member.hear(order_id)
    member.browser.close()
    return is_done


def _press_one_of(*names: str) -> Press:
    def prepare(member: StaffMember, order_id: str, seat: int) -> tuple[StaffForm, dict[str, str]]:
        return member.open_form(order_id, names[seat % len(names)]), {}

    return prepare


def _give_all_back(member: StaffMember, order_id: str, seat: int) -> tuple[StaffForm, dict[str, str]]:
    form = member.open_form(order_id, "refund")
    parts = dict.fromkeys(form.units, "1") | {"shipping": "true"}
    return form, {"confirmed": "true", **({"everything": "true"} if seat % 2 else parts)}


def _press(form: StaffForm, fields: dict[str, str], browser: Shopper) -> Answer:
    return StaffMember(browser).press(form, **fields)


def _outcome_of_staff(tries: list[Tried], is_right: bool, left: int) -> Outcome:
    """One winner each; everybody else was led back to a page that says why not, or was refused with 409."""
    answers = [answer for each, _, _ in tries for answer in each]
    is_right = is_right and all(winners == 1 for _, winners, _ in tries)
    is_right = is_right and all(answer.status in {200, 303, 409} for answer in answers)
    return outcome(answers, is_right, orders=len(tries), left=left)


def _pay(order: dict, shopper: Shopper) -> Answer:
    return shopper.pay(order)


def _place(cart_id: str, shopper: Shopper) -> Answer:
    return shopper.place(cart_id)


def _sweep(shop: OwnShop, _shopper: Shopper) -> Answer:
    shop.sweep_holds()
    return Answer(204, {}, b"")


def _cancel(order: dict, shopper: Shopper) -> Answer:
    return shopper.api("POST", f"/orders/{order['id']}/cancel", {}, **_token(order))


def _token(order: dict) -> dict[str, str]:
    return {"X-Order-Token": order["token"]}


RACES = (
    Race("api 50 equal submissions", partial(equal_submissions, face="api"), times=2),
    Race("api with key 50 equal submissions", partial(equal_submissions, face="api with key"), times=2),
    Race("page 50 equal submissions", partial(equal_submissions, face="page"), needs_own=True, times=2),
    Race("api one-use code in 100 carts", partial(one_use_code, face="api"), needs_own=True),
    Race("page one-use code in 100 carts", partial(one_use_code, face="page"), needs_own=True),
    Race("two tabs", two_tabs),
    Race("two hot variants in opposite order", opposite_order),
    Race("cancelling against paying", cancel_against_payment),
    Race("paying against the end of the hold", payment_against_expiry, needs_own=True),
    Race("staff cancel against staff send", cancelling_against_sending, needs_own=True),
    Race("customer cancels against staff pack", cancelling_against_packing, needs_own=True),
    Race("refund against refund", refunding_against_refunding, needs_own=True),
)


def all_races(most: int, connections: int, faces: tuple[str, ...] = ("api", "page")) -> Iterator[Race]:
    """Flash sales of up to so many units by so many connections on each face, and every other race."""
    for face in faces:
        sale = partial(flash_sale, face=face, most=most, connections=connections)
        yield Race(f"{face} stock 1 to {most}, {connections} buyers", sale)
    yield from RACES
