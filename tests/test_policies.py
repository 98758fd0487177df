"""Every view declares who may call it, and the address of every import is allowed."""

from __future__ import annotations

import pytest

from shop import create_app
from shop.policies import check_every_view, policy, policy_of
from tests.conftest import test_settings as settings_for_tests

# A form on a public page carries no token: its defence is the origin alone. Nothing else may leave its token out.
WITHOUT_FORM_TOKEN = {"/cart/items", "/order-links", "/wish-list/items"}


def test_a_view_without_a_policy_stops_the_start(tmp_path):
    app = create_app(settings_for_tests(database_url=f"sqlite:///{tmp_path}/x.db"))
    app.add_url_rule("/forgotten", "forgotten", lambda: "")
    with pytest.raises(RuntimeError, match="forgotten"):
        check_every_view(app)


def test_a_staff_policy_names_its_permission():
    with pytest.raises(ValueError):
        policy("staff")
    with pytest.raises(ValueError):
        policy("guest", "orders:read")


def test_only_what_public_pages_post_to_goes_without_form_token(app):
    unguarded = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.methods & {"POST", "PUT", "PATCH", "DELETE"}
        and not rule.rule.startswith("/api/")
        and not policy_of(app, rule.endpoint).form_token
    }
    assert unguarded <= WITHOUT_FORM_TOKEN


def test_the_development_pages_are_not_there_in_production(tmp_path):
    app = create_app(
        settings_for_tests(
            shop_env="production",
            secret_key="k" * 40,
            public_base_url="https://shop.example.com",
            redis_url="redis://127.0.0.1:1",
            database_url=f"sqlite:///{tmp_path}/x.db",
        )
    )
    paths = {rule.rule for rule in app.url_map.iter_rules()}
    assert not any(path.startswith(("/dev", "/styleguide")) for path in paths)
    assert app.config["SESSION_COOKIE_NAME"] == "__Host-session" and app.config["SESSION_COOKIE_SECURE"]
