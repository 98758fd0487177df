"""The shop's terms of sale: currency, tax, shipping table and limits, made once from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from shop.domain.addresses import country_names
from shop.domain.shipping import Area, ShippingMethod, ShippingTable, Zone
from shop.domain.tax import TaxRule
from shop.money import Money
from shop.settings import Settings

MAX_QUANTITY = 99  # of one variant in a cart (requirements CART-3)
MAX_LINES = 100
CART_DAYS = 30
RETURN_DAYS = 30  # after delivery; a promise of the page about returns


@dataclass(frozen=True)
class CardLimits:
    """How often the bank may refuse before the shop asks it no more (TRU-1): in an hour, the alarm in ten minutes."""

    begun: int  # payments by one browser, and by one shopper at one address
    refused_of_order: int
    refused_at_address: int
    refused_of_email: int
    refused_of_card: int
    alarm: int
    alarm_share_percent: int


@dataclass(frozen=True)
class Terms:
    """What operations need to know of the settings; passed in by the faces."""

    shop_name: str
    currency: str
    order_prefix: str
    tax: TaxRule
    shipping_methods: tuple[ShippingMethod, ...]
    countries: tuple[str, ...]
    hold: timedelta
    max_open_holds_per_address: int
    max_open_holds_per_customer: int
    max_open_cash_orders: int
    max_cash_on_delivery: Money
    takes_cards: bool
    card_limits: CardLimits
    order_token_secrets: tuple[bytes, ...] = field(repr=False)

    @property
    def home_country(self) -> str:
        """The country that is assumed until another is known: the first that is delivered to."""
        return self.countries[0]

    @property
    def shipping_table(self) -> ShippingTable:
        """The settings' shipping table, a zone for each country: what a shop has until staff make zones of its own."""
        named = {country for method in self.shipping_methods for country in method.countries}
        countries = (*self.countries, *sorted(named.difference(self.countries)))
        zones = (
            Zone(
                id=country,
                name=country_names().get(country, country),
                areas=(Area(country),),
                methods=tuple(method for method in self.shipping_methods if method.serves(country)),
                position=position,
            )
            for position, country in enumerate(countries)
        )
        return ShippingTable(tuple(zones))

    @classmethod
    def from_settings(cls, settings: Settings) -> Terms:
        currency = settings.shop_currency

        def money(value: object) -> Money:
            return Money.parse(str(value), currency)

        methods = tuple(
            ShippingMethod(
                id=rate.id,
                name=rate.name,
                description=rate.description,
                price=money(rate.price),
                free_from=None if rate.free_from is None else money(rate.free_from),
                min_days=rate.min_days,
                max_days=rate.max_days,
                countries=frozenset(rate.countries or settings.shipping_countries),
            )
            for rate in settings.shipping_methods
        )
        return cls(
            shop_name=settings.shop_name,
            currency=currency,
            order_prefix=settings.order_prefix,
            tax=TaxRule(settings.tax_rate_percent, settings.tax_included),
            shipping_methods=methods,
            countries=tuple(settings.shipping_countries),
            hold=timedelta(minutes=settings.hold_minutes),
            max_open_holds_per_address=settings.max_open_holds_per_address,
            max_open_holds_per_customer=settings.max_open_holds_per_customer,
            max_open_cash_orders=settings.max_open_cash_orders,
            max_cash_on_delivery=money(settings.max_cash_on_delivery),
            takes_cards=settings.takes_cards,
            card_limits=CardLimits(
                begun=settings.card_payments_per_hour,
                refused_of_order=settings.card_refusals_per_order,
                refused_at_address=settings.card_refusals_per_address,
                refused_of_email=settings.card_refusals_per_email,
                refused_of_card=settings.card_refusals_per_card,
                alarm=settings.card_alarm_refusals,
                alarm_share_percent=settings.card_alarm_share_percent,
            ),
            order_token_secrets=tuple(
                secret.get_secret_value().encode() for secret in (settings.secret_key, *settings.secret_key_fallbacks)
            ),
        )
