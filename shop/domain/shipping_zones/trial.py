"""The test box: what an order of some weight and worth is offered at some place, and why, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from shop.domain.places import Place
from shop.domain.shipping import Band, ShippingMethod, ShippingTable, Zone, days_in_words, grams_in_words
from shop.domain.shipping_zones.places import area_in_words
from shop.money import Money


@dataclass(frozen=True)
class TriedMethod:
    """A way to send: `price` and `arrives` (first and last day) where it is offered, and `why` in a sentence."""

    method: ShippingMethod
    price: Money | None
    arrives: tuple[date, date] | None
    why: str


@dataclass(frozen=True)
class Trial:
    """The zone that decides, if any; its methods; and of each other zone why it does not."""

    zone: Zone | None
    why: str
    methods: tuple[TriedMethod, ...]
    others: tuple[tuple[Zone, str], ...]

    @property
    def offered(self) -> list[TriedMethod]:
        return [each for each in self.methods if each.price is not None]

    @property
    def not_offered(self) -> list[TriedMethod]:
        return [each for each in self.methods if each.price is None]


def try_destination(table: ShippingTable, place: Place, goods: Money, weight: int, now: datetime) -> Trial:
    """What goods of this worth (after discount) and weight (grams) are offered at a place if they are ordered now."""
    chosen = table.zone_for(place)
    others = tuple((zone, _why_not(zone, place, chosen)) for zone in table.zones if zone is not chosen)
    if chosen is None:
        why = "No active zone covers this place: the checkout says that we do not deliver there."
        return Trial(None, why, (), others)
    area = chosen.area_for(place)
    assert area is not None
    tried = tuple(_try(method, place.country, goods, weight, now) for method in chosen.methods)
    why = f"“{chosen.name}” covers {area_in_words(area)}, and no other zone names the place more exactly."
    if all(each.price is None for each in tried):
        why += " It offers nothing for such an order: the checkout says that it cannot be sent."
    return Trial(chosen, why, tried, others)


def _why_not(zone: Zone, place: Place, chosen: Zone | None) -> str:
    area = zone.area_for(place)
    if area is None:
        return "It does not cover this place."
    if not zone.is_active:
        return f"It covers {area_in_words(area)}, but is switched off."
    best = chosen.area_for(place) if chosen else None
    if best and area.exactness < best.exactness:
        return f"It covers {area_in_words(area)}, but {area_in_words(best)} is more exact."
    return f"It covers {area_in_words(area)} as exactly, but comes later in the order of zones."


def _try(method: ShippingMethod, country: str, goods: Money, weight: int, now: datetime) -> TriedMethod:
    if not method.is_active:
        return TriedMethod(method, None, None, "It is switched off.")
    if not method.takes(weight):
        most = grams_in_words(method.max_weight or 0)
        return TriedMethod(method, None, None, f"It takes at most {most}; this weighs {grams_in_words(weight)}.")
    price = method.price_for(goods, weight)
    sentences = [_why_price(method, goods, weight), f"Days: {days_in_words(method.min_days, method.max_days)}."]
    if method.cut_off_hour is not None:
        hour = f"{method.cut_off_hour}:00 ({method.time_zone})"
        sentences.append(f"Ordered from {hour} on, they count from the next working day.")
    return TriedMethod(method, price, method.arrives(now, country), " ".join(sentences))


def _why_price(method: ShippingMethod, goods: Money, weight: int) -> str:
    if method.free_from is not None and goods >= method.free_from:
        return f"Free, because the goods are worth {method.free_from.format()} or more."
    rest = f" Free from {method.free_from.format()}." if method.free_from is not None else ""
    if method.has_one_price:
        return f"One price for every order.{rest}"
    return f"The price {_band_in_words(method, method.band_for(goods, weight))}.{rest}"


def _band_in_words(method: ShippingMethod, band: Band) -> str:
    end = next((each.start for each in method.bands if each.start > band.start), None)

    def written(measure: int) -> str:
        return grams_in_words(measure) if method.basis == "weight" else Money(measure, band.price.currency).format()

    what = "by weight" if method.basis == "weight" else "by the value of the goods"
    below = f" and below {written(end)}" if end is not None else ""
    return f"{what}, from {written(band.start)} on{below}"
