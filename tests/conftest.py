"""Fixtures: one application per database engine, a fresh migrated database for each test, and makers of things.

Tests below tests/domain run on SQLite and on PostgreSQL; the others on SQLite, unless they ask for `both_databases`.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event

from shop import create_app
from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.carts.operations import AddToCart, add_to_cart, create_cart
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import Image, Product, Variant
from shop.domain.checkout import PlaceOrder, place_order
from shop.domain.customers import passwords
from shop.domain.customers.operations import create_user, save_staff_role
from shop.domain.inventory.models import StockItem, StockMovement
from shop.domain.orders.models import Order
from shop.domain.payments.operations import CashOnDelivery, confirm_cash_on_delivery
from shop.domain.search.index import index_products
from shop.domain.terms import Terms
from shop.money import Money
from shop.settings import Settings, load_settings
from tests import servers
from tests.bank import RunningBank, running_bank

_databases: dict[str, str] = {}  # by engine; a session fixture would be made anew at each change of engine
_applications: dict[str, Flask] = {}  # by database
THOROUGH = "takes long: .ci/run runs it"
SHOPPER = Actor("customer", address="127.0.0.1")
TEST_ENVIRONMENT = {"shop_env": "development", "public_base_url": "http://localhost", "log_level": "ERROR"}
# One-line settings that would make every test slow or order-dependent; tests of limits turn them on.
QUIET = {
    "ratelimit_enabled": False,
    "max_open_holds_per_address": 1000,
    "max_open_cash_orders": 1000,
    "database_pool_max": 60,  # more than any test has threads
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "both_databases: runs on SQLite and on PostgreSQL")
    config.addinivalue_line("markers", "thorough: takes long, and is left to .ci/run where SHOP_TESTS is quick")
    config.addinivalue_line("markers", "breaks_invariants: breaks rows on purpose, so the audit after it is skipped")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are processors: a test often waits for Chromium or for another process."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else 4


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        wants_both = "tests/domain/" in metafunc.definition.nodeid or metafunc.definition.get_closest_marker(
            "both_databases"
        )
        engines = ["sqlite", "postgresql"] if wants_both else ["sqlite"]
        metafunc.parametrize("database", engines, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("SHOP_TESTS") == "quick":
        for item in items:
            if item.get_closest_marker("thorough"):
                item.add_marker(pytest.mark.skip(reason=THOROUGH))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    left = [report for report in terminalreporter.stats.get("skipped", []) if THOROUGH in str(report.longrepr)]
    if left:
        terminalreporter.write_line(f"LEFT TO .ci/run, which runs everything: {len(left)} tests that take long")
    for reason in servers.skip_reasons():
        terminalreporter.write_line(f"NOT RUN HERE: {reason}")


def test_settings(**changes: Any) -> Settings:
    """Settings for tests; `changes` override."""
    return load_settings(**{**TEST_ENVIRONMENT, **QUIET, **changes})


test_settings.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """The same algorithm with as little work as it takes."""
    passwords.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """The URL of this run's database on the engine asked for, migrated."""
    if request.param not in _databases:
        _databases[request.param] = _migrated(_new_database(request.param))
    return _databases[request.param]


def _new_database(engine: str) -> str:
    if engine == "sqlite":
        folder = tempfile.mkdtemp(prefix="shop-test-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return f"sqlite:///{folder}/shop.db"
    base = servers.postgres_url()
    if base is None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("PostgreSQL is required here and missing")
        pytest.skip("no PostgreSQL: set TEST_DATABASE_URL or install its server")
    return servers.new_postgres_database(base)


def _migrated(url: str) -> str:
    app = create_app(test_settings(database_url=url))
    with app.app_context():
        upgrade()
        db.session.remove()
        db.engine.dispose()
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        shutil.copy(path, path.with_suffix(".template"))
    return url


@pytest.fixture(scope="session")
def application(database: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One application per engine and run; making it anew for each test would be most of their time."""
    if database not in _applications:
        media = tmp_path_factory.mktemp("media")
        settings = test_settings(
            database_url=database, storage_url=f"file:{media}", redis_url=f"unix://{media}/none", var_dir=str(media)
        )
        _applications[database] = create_app(settings)
    return _applications[database]


@pytest.fixture
def app(application: Flask, database: str, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application with its context pushed and its tables empty; the invariants are checked after the test."""
    with application.app_context():
        empty_database(database)
        yield application
        db.session.rollback()
        if request.node.get_closest_marker("breaks_invariants") is None and _has_traded(database):
            assert_invariants()
        db.session.remove()


def empty_database(url: str) -> None:
    """Bring the database back to how the migrations left it."""
    if url.startswith("sqlite"):
        db.session.remove()
        db.engine.dispose()
        path = Path(url.removeprefix("sqlite:///"))
        for leftover in (Path(f"{path}-wal"), Path(f"{path}-shm")):
            leftover.unlink(missing_ok=True)
        shutil.copy(path.with_suffix(".template"), path)
        return
    with db.engine.begin() as connection:
        # Quicker than TRUNCATE, which makes new files; the append-only triggers are off for this transaction alone.
        deletes = "; ".join(f'DELETE FROM "{name}"' for name in db.metadata.tables)
        connection.exec_driver_sql(
            f"SET LOCAL session_replication_role = replica; SET LOCAL synchronous_commit = off; {deletes}"
        )


def _has_traded(url: str) -> bool:
    """Whether there is anything to audit. On PostgreSQL, where it costs most, only once something was ordered."""
    return url.startswith("sqlite") or db.session.scalar(db.select(db.func.count()).select_from(Order)) > 0


def assert_invariants() -> None:
    from shop.domain.audit_checks.run import run_audit

    findings = [finding for finding in run_audit(with_lateness=False) if finding.rows]
    assert not findings, f"flask shop audit: {findings}"


@pytest.fixture
def terms(app: Flask) -> Terms:
    """The shop's terms as the application has them."""
    return app.extensions["shop_terms"]


class ShopClient(FlaskClient):
    """A browser on our own pages: sends Sec-Fetch-Site, and ends the test's own read around each request."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        headers = dict(kwargs.pop("headers", None) or {})
        headers.setdefault("Sec-Fetch-Site", "same-origin")
        db.session.rollback()
        try:
            with self.application.app_context():  # a `g` of its own, as every real request has
                return super().open(*args, headers={k: v for k, v in headers.items() if v is not None}, **kwargs)
        finally:
            db.session.rollback()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that behaves as a browser on the shop's own pages. `headers={"Sec-Fetch-Site": None}` leaves it out."""
    app.test_client_class = ShopClient
    return app.test_client()


# -- makers -----------------------------------------------------------------------------------------------------------

_numbers = itertools.count(1)


def make_product(name: str = "", **wanted: Any) -> Product:
    """A product on sale; `variants` are names such as ["30 ml", "50 ml"], each with this price and stock."""
    product = _write_product(name, **wanted)
    db.session.expunge(product)
    return product


@operation
def _write_product(
    name: str = "",
    *,
    price: str = "20.00",
    stock: int = 10,
    compare_at: str | None = None,
    variants: list[str] | None = None,
    option_names: list[str] | None = None,
    status: str = "active",
    category_id: int | None = None,
    currency: str = "USD",
    **columns: Any,
) -> Product:
    number = next(_numbers)
    name = name or f"Product {number}"
    amount = Money.parse(price, currency).amount
    product = Product(
        name=name,
        slug=columns.pop("slug", f"product-{number}"),
        currency=currency,
        from_price_amount=amount,
        status=status,
        category_id=category_id,
        option_names=option_names or (["Size"] if variants else []),
        **columns,
    )
    db.session.add(product)
    db.session.flush()
    for position, variant_name in enumerate(variants or ["Default"]):
        values = variant_name.split(" / ") if variants else []
        variant = Variant(
            product_id=product.id,
            sku=f"SKU-{number}-{position}",
            name=variant_name,
            option_values=values,
            option_key=" / ".join(values),
            position=position,
            price_amount=amount,
            compare_at_amount=Money.parse(compare_at, currency).amount if compare_at else None,
            currency=currency,
            weight_grams=100,
        )
        db.session.add(variant)
        db.session.flush()
        db.session.add(StockItem(variant_id=variant.id, on_hand=stock))
        if stock:
            db.session.add(
                StockMovement(
                    variant_id=variant.id,
                    kind="receipt",
                    quantity=stock,
                    reference=f"test:{variant.id}",
                    actor="system",
                )
            )
    db.session.flush()
    refresh_listings([product.id])
    index_products([product.id])
    return product


@operation
def add_picture(product: Product, file_name: str, alt_text: str, width: int, height: int) -> None:
    """Give the product a stored picture."""
    db.session.add(
        Image(product_id=product.id, file_name=file_name, alt_text=alt_text, width=width, height=height, position=0)
    )


def variants_of(product: Product) -> list[Variant]:
    """The product's variants with their stock, as they are now."""
    db.session.rollback()
    statement = db.select(Variant).filter_by(product_id=product.id).order_by(Variant.position)
    found = list(db.session.scalars(statement.options(db.joinedload(Variant.stock), db.joinedload(Variant.product))))
    for thing in [*found, *(v.stock for v in found), *{v.product for v in found}]:
        db.session.expunge(thing)  # a test keeps what it saw; the next operation would expire it
    return found


def stock_of(variant: Variant) -> tuple[int, int]:
    """(on hand, reserved) of a variant, as they are now."""
    db.session.rollback()
    row = db.session.execute(db.select(StockItem.on_hand, StockItem.reserved).filter_by(variant_id=variant.id)).one()
    return row.on_hand, row.reserved


ADDRESS = {
    "firstName": "Lina",
    "lastName": "Haddad",
    "email": "lina@example.com",
    "phone": "+962 7 9012 3456",
    "country": "US",
    "region": "NY",
    "city": "New York",
    "postalCode": "10001",
    "street": "1 Rainbow Street",
}


def address(**changes: Any) -> dict[str, Any]:
    """A whole address as JSON has it; None leaves a field out."""
    return {name: value for name, value in {**ADDRESS, **changes}.items() if value is not None}


def cart_with(terms: Terms, *wanted: tuple[Variant, int], actor: Actor = SHOPPER) -> str:
    """The public id of a new cart with these variants (loaded with their product) in it."""
    cart = create_cart(terms, actor)
    for variant, quantity in wanted:
        ids = {"productId": variant.product.public_id, "variantId": variant.public_id, "quantity": quantity}
        add_to_cart(cart.public_id, AddToCart.model_validate(ids), actor)
    return cart.public_id


def order_wish(cart_id: str, **changes: Any) -> PlaceOrder:
    """A valid PlaceOrder for a cart; `changes` by JSON name."""
    values: dict[str, Any] = {
        "cartId": cart_id,
        "shippingAddress": address(),
        "shippingMethod": "standard",
        "paymentMethod": "cash_on_delivery",
    }
    return PlaceOrder.model_validate({**values, **changes})


def placed_order(terms: Terms, *wanted: tuple[Variant, int], confirm: bool = False, actor: Actor = SHOPPER) -> Order:
    """An order of these variants: pending with a hold, or confirmed in cash."""
    order = place_order(order_wish(cart_with(terms, *wanted, actor=actor)), actor, terms)
    return confirm_cash_on_delivery(order.id, CashOnDelivery(), actor, terms) if confirm else order


def make_customer(email: str = "lina@example.com", password: str = "correct horse battery") -> Actor:
    """A customer who can sign in, as the actor they are."""
    user = create_user(email=email, password=password, first_name="Lina", last_name="Haddad")
    return Actor("customer", user_id=user.id, address="127.0.0.1")


def make_staff(*permissions: str, email: str = "staff@example.com") -> Actor:
    """A member of staff with these permissions (all, when none is named), as the actor they are."""
    held = list(permissions) or ["all"]
    save_staff_role("Test role", held)
    user = create_user(email=email, password="correct horse battery", staff_role="Test role")
    return Actor("staff", user_id=user.id, address="127.0.0.1", permissions=frozenset(held))


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The SQL statements sent inside the block, without BEGIN and COMMIT."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def statements() -> Callable[[], Any]:
    """`with statements() as sent:` collects the SQL sent."""
    return counted_statements


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[RunningBank]:
    """The payment stand-in, listening; its ledger is what was really paid (tests/bank.py)."""
    with running_bank(tmp_path) as running:
        yield running
