"""Every setting, typed, read once at start and checked together: the app starts complete or says all that is wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only-secret-never-use-it-in-production"  # noqa: S105
Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4)]
# A request that only names an unknown host is answered by Nginx (reliability.md D42); these are for the laptop.
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class SettingsError(Exception):
    """The settings cannot be used; the text lists every mistake, one a line."""


def _is_strong(secret: str) -> bool:
    return len(secret) >= 32 and secret != DEVELOPMENT_SECRET


class ShippingRate(BaseModel):
    """One row of the shipping table in SHIPPING_METHODS; prices are decimal strings in SHOP_CURRENCY."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    name: str = Field(min_length=1, max_length=80)
    description: str = ""
    price: Decimal = Field(ge=0)
    free_from: Decimal | None = Field(default=None, ge=0)
    min_days: int = Field(ge=0, le=90)
    max_days: int = Field(ge=0, le=90)
    countries: tuple[str, ...] = ()  # empty: every country of SHIPPING_COUNTRIES


STANDARD = ShippingRate(
    id="standard",
    name="Standard",
    description="To your door",
    price=Decimal("4.90"),
    free_from=Decimal("75"),
    min_days=3,
    max_days=5,
)
EXPRESS = ShippingRate(
    id="express", name="Express", description="By courier", price=Decimal("12.90"), min_days=1, max_days=2
)


class Settings(BaseSettings):
    """The settings, named as in the environment. `.env` is read in development only."""

    model_config = SettingsConfigDict(extra="ignore", case_sensitive=False)

    shop_env: Literal["production", "development"] = "production"
    host: str = "127.0.0.1"
    port: int = Field(default=5000, ge=1, le=65535)
    secret_key: SecretStr = SecretStr("")
    secret_key_fallbacks: list[SecretStr] = []
    public_base_url: str = ""
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    shop_name: str = Field(default="Flask Shop", min_length=1, max_length=80)
    shop_tagline: str = Field(default="", max_length=120)  # what is sold, in one line
    shop_intro: str = Field(default="", max_length=400)  # a sentence or two after it
    shop_address: str = Field(default="", max_length=400)  # who sells, for the foot of every page; ";" between lines
    shop_picture: str = Field(default="", max_length=255)  # a stored one, for the home page
    shop_currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    order_prefix: str = Field(default="SKN", pattern=r"^[A-Z]{2,8}$")
    review_request_days: int = Field(default=3, ge=0, le=60)  # from delivery to the letter that asks for a review

    database_url: str = ""
    database_pool_min: int = Field(default=5, ge=1)
    database_pool_max: int = Field(default=20, ge=1)
    redis_url: str = ""
    storage_url: str = "file:var/media"
    var_dir: str = "var"  # where caught mail is kept when there is no MAIL_URL
    mail_url: SecretStr = SecretStr("")
    mail_from: str = "shop@example.com"

    stripe_secret_key: SecretStr = SecretStr("")  # without it the shop takes no cards
    stripe_publishable_key: str = ""
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_api_base: str = "https://api.stripe.com"
    stripe_timeout_seconds: float = Field(default=10, gt=0)  # for each of its answers
    stripe_js_url: str = "https://js.stripe.com/v3/"

    card_payments_per_hour: int = Field(default=5, ge=1)  # begun by one browser, or one shopper at one address
    card_refusals_per_order: int = Field(default=5, ge=1)  # in an hour, as the following
    card_refusals_per_address: int = Field(default=5, ge=1)
    card_refusals_per_email: int = Field(default=5, ge=1)
    card_refusals_per_card: int = Field(default=3, ge=1)
    card_alarm_refusals: int = Field(default=12, ge=1)  # in ten minutes; from here on, and above the share, an attack
    card_alarm_share_percent: int = Field(default=50, ge=1, le=100)

    tax_rate_percent: Percent = Decimal(0)
    tax_included: bool = False
    shipping_methods: list[ShippingRate] = Field(default=[STANDARD, EXPRESS], min_length=1)
    shipping_countries: list[str] = ["US", "JO", "DE", "GB", "FR"]

    hold_minutes: int = Field(default=15, ge=1, le=60)
    max_open_holds_per_address: int = Field(default=10, ge=1)
    max_open_holds_per_customer: int = Field(default=3, ge=1)
    max_open_cash_orders: int = Field(default=3, ge=1)
    max_cash_on_delivery: Decimal = Field(default=Decimal(2000), gt=0)
    ratelimit_enabled: bool = True
    ratelimit_sign_in: str = "5 per 15 minutes"
    ratelimit_sign_in_per_address: str = "20 per 15 minutes"
    ratelimit_register: str = "10 per hour"
    ratelimit_forgot: str = "20 per hour"
    ratelimit_search: str = "60 per minute"
    ratelimit_order_link: str = "5 per 15 minutes"
    ratelimit_review: str = "20 per hour"
    ratelimit_wish_list: str = "60 per minute"
    ratelimit_codes: str = "10 per hour"  # discount codes that do not exist

    @field_validator("public_base_url")
    @classmethod
    def _is_base_url(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname):
            raise ValueError("write it as https://shop.example.com")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _is_known_database(cls, value: str) -> str:
        if value.startswith("postgres://"):
            value = "postgresql://" + value.removeprefix("postgres://")
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("use sqlite:///path/shop.db or postgresql://user:password@host/name")
        return value

    @field_validator("mail_url")
    @classmethod
    def _is_mail_url(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and urlsplit(value.get_secret_value()).scheme not in {"smtp", "smtps"}:
            raise ValueError("use smtp://user:password@host:587 or smtps://…:465")
        return value

    @field_validator("storage_url")
    @classmethod
    def _is_known_storage(cls, value: str) -> str:
        if not value.startswith("file:"):
            raise ValueError("use file:path of a folder (S3 comes with the image service)")
        return value

    @model_validator(mode="after")
    def _complete_for_its_environment(self) -> Settings:
        wrong: list[str] = []
        if self.shop_env == "development":
            self._fill_for_development()
        for name in ("secret_key", "public_base_url", "database_url", "redis_url"):
            value = getattr(self, name)
            if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
                wrong.append(f"{name.upper()} is required in production")
        secret = self.secret_key.get_secret_value()
        if self.shop_env == "production" and secret and not _is_strong(secret):
            wrong.append(
                "SECRET_KEY must be 32 random characters: python3 -c 'import secrets as s; print(s.token_hex(32))'"
            )
        weak = [old for old in self.secret_key_fallbacks if not _is_strong(old.get_secret_value())]
        if self.shop_env == "production" and weak:
            wrong.append("SECRET_KEY_FALLBACKS must be former SECRET_KEYs of 32 or more random characters")
        wrong += self._missing_for_cards()
        if self.database_pool_max < self.database_pool_min:
            wrong.append("DATABASE_POOL_MAX must not be below DATABASE_POOL_MIN")
        ids = [method.id for method in self.shipping_methods]
        if len(set(ids)) != len(ids):
            wrong.append("SHIPPING_METHODS: every id once")
        if any(method.max_days < method.min_days for method in self.shipping_methods):
            wrong.append("SHIPPING_METHODS: max_days must not be below min_days")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _missing_for_cards(self) -> list[str]:
        """Cards need three settings; without the webhook's secret nothing that is paid could be believed (D27)."""
        secrets = {
            "STRIPE_SECRET_KEY": self.stripe_secret_key.get_secret_value(),
            "STRIPE_PUBLISHABLE_KEY": self.stripe_publishable_key,
            "STRIPE_WEBHOOK_SECRET": self.stripe_webhook_secret.get_secret_value(),
        }
        if not any(secrets.values()):
            return []
        wrong = [f"{name} is missing: cards need all three" for name, value in secrets.items() if not value]
        if ("_live_" in secrets["STRIPE_SECRET_KEY"]) != ("_live_" in secrets["STRIPE_PUBLISHABLE_KEY"]) and not wrong:
            wrong.append("STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY: one is live and one is for tests")
        elsewhere = self.stripe_api_base != "https://api.stripe.com" or not self.stripe_js_url.startswith("https://")
        if self.shop_env == "production" and elsewhere:
            wrong.append("STRIPE_API_BASE and STRIPE_JS_URL are for development; leave them out in production")
        return wrong

    def _fill_for_development(self) -> None:
        if not self.secret_key.get_secret_value():
            self.secret_key = SecretStr(DEVELOPMENT_SECRET)
        self.database_url = self.database_url or "sqlite:///var/shop.db"
        self.public_base_url = self.public_base_url or f"http://{self.host}:{self.port}"
        self.redis_url = self.redis_url or "unix://var/valkey/valkey.sock"

    @property
    def is_development(self) -> bool:
        return self.shop_env == "development"

    @property
    def shop_address_lines(self) -> list[str]:
        return [line.strip() for line in self.shop_address.split(";") if line.strip()]

    @property
    def takes_cards(self) -> bool:
        return bool(self.stripe_secret_key.get_secret_value())

    @property
    def is_https(self) -> bool:
        return self.public_base_url.startswith("https://")

    @property
    def trusted_hosts(self) -> list[str]:
        host = urlsplit(self.public_base_url).hostname or ""
        return [host, *LOOPBACK_HOSTS] if self.is_development else [host]


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment (and `.env` in development); or raise SettingsError with every mistake."""
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
        if settings.is_development and not overrides:
            settings = Settings(_env_file=".env")
    except ValidationError as error:
        lines = []
        for mistake in error.errors(include_url=False, include_input=False):
            name = ".".join(str(part) for part in mistake["loc"]).upper()
            lines.append(f"{name}: {mistake['msg']}" if name else mistake["msg"].removeprefix("Value error, "))
        raise SettingsError("The settings are not complete:\n  " + "\n  ".join("; ".join(lines).split("; "))) from None
    return settings
