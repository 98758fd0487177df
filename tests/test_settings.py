"""Settings are complete or the application does not start, and says all that is wrong at once."""

from __future__ import annotations

import pytest

from shop.settings import SettingsError, load_settings

GOOD = {
    "shop_env": "production",
    "secret_key": "x" * 40,
    "public_base_url": "https://shop.example.com",
    "database_url": "postgresql://shop@db/shop",
    "redis_url": "redis://redis",
}


def test_production_settings_that_are_complete_are_taken():
    settings = load_settings(**GOOD)
    assert settings.is_https and settings.trusted_hosts == ["shop.example.com"]


def test_everything_that_production_lacks_is_said_at_once(monkeypatch):
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PUBLIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError) as caught:
        load_settings(shop_env="production")
    for name in ("SECRET_KEY", "PUBLIC_BASE_URL", "DATABASE_URL", "REDIS_URL"):
        assert f"{name} is required in production" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"secret_key": "short"}, "SECRET_KEY"),
        ({"secret_key": "development-only-secret-never-use-it-in-production"}, "SECRET_KEY"),
        ({"secret_key_fallbacks": ["x"]}, "SECRET_KEY_FALLBACKS"),
        ({"database_url": "mysql://x"}, "DATABASE_URL"),
        ({"public_base_url": "shop.example.com"}, "PUBLIC_BASE_URL"),
        ({"mail_url": "http://mail"}, "MAIL_URL"),
        ({"port": 0}, "PORT"),
        ({"shop_currency": "dollars"}, "SHOP_CURRENCY"),
        ({"tax_rate_percent": 101}, "TAX_RATE_PERCENT"),
        ({"database_pool_max": 1}, "DATABASE_POOL_MAX"),
        (
            {"shipping_methods": [{"id": "a", "name": "A", "price": -1, "min_days": 1, "max_days": 2}]},
            "SHIPPING_METHODS",
        ),
    ],
)
def test_a_mistake_is_named(change, word):
    with pytest.raises(SettingsError, match=word):
        load_settings(**{**GOOD, **change})


def test_a_secret_is_never_shown():
    assert "x" * 40 not in repr(load_settings(**GOOD))


def test_keys_of_two_kinds_do_not_go_together():
    keys = {"stripe_webhook_secret": "whsec_x", "stripe_publishable_key": "pk_test_x"}
    assert load_settings(**GOOD, **keys, stripe_secret_key="sk_test_x").takes_cards
    with pytest.raises(SettingsError, match="one is live and one is for tests"):
        load_settings(**GOOD, **keys, stripe_secret_key="sk_live_x")
