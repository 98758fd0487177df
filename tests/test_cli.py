"""The `flask …` commands: plain sentences, exit codes, help with an example."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select, text

from shop import ROOT, create_app
from shop.db import db, operation
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.models import Product
from shop.domain.customers.models import User
from shop.domain.customers.operations import Credentials, authenticate
from shop.domain.outbox import claim_email, dispatch_events, mark_failed, unasked_emails, undispatched_events
from shop.domain.terms import Terms
from tests.conftest import make_product, placed_order, test_settings, variants_of

COMMANDS = [
    ("shop", "seed"),
    ("shop", "audit"),
    ("shop", "create-staff"),
    ("shop", "revive-emails"),
    ("user", "create-staff"),
    ("catalog", "import"),
    ("catalog", "refresh"),
    ("search", "rebuild"),
    ("search", "report"),
    ("worker",),
    ("scheduler",),
]
CSV = """Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Status
rose-toner,Rose Toner,Size,100 ml,RT-100,20.00,7,active
rose-toner,,,200 ml,RT-200,not a price,5,active
"""


@pytest.fixture
def run(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    file = tmp_path / "products.csv"
    file.write_text(CSV)
    return file


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(run: FlaskCliRunner, words: tuple[str, ...]) -> None:
    result = run.invoke(args=[*words, "--help"])

    assert result.exit_code == 0
    assert "Example: flask " in result.output


# -- audit ------------------------------------------------------------------------------------------------------------


def test_the_audit_of_a_sound_shop_says_ok_line_by_line(run: FlaskCliRunner, terms: Terms) -> None:
    placed_order(terms, (variants_of(make_product())[0], 1), confirm=True)

    result = run.invoke(args=["shop", "audit"])

    assert result.exit_code == 0
    assert all("  ok  " in line for line in result.output.splitlines())
    assert "I17  ok  Reserved units" in result.output


@pytest.mark.breaks_invariants
def test_the_audit_of_a_broken_shop_names_the_rows_and_fails(run: FlaskCliRunner) -> None:
    product = make_product()
    break_from_price()

    lines = run.invoke(args=["shop", "audit"])
    values = run.invoke(args=["shop", "audit", "--json"])

    assert (lines.exit_code, values.exit_code) == (1, 1)
    assert "X01  1 broken  A product's from-price is the lowest price" in lines.output
    assert product.public_id in lines.output
    found = json.loads(values.output)
    assert found["is_clean"] is False
    assert [check["id"] for check in found["checks"] if check["rows"]] == ["X01"]


@operation
def break_from_price() -> None:
    db.session.execute(text("UPDATE products SET from_price_amount = 1"))


@pytest.mark.breaks_invariants
def test_lists_are_made_anew(run: FlaskCliRunner) -> None:
    make_product("Amber")
    forget_listings()

    result = run.invoke(args=["catalog", "refresh"])

    assert (result.exit_code, result.output) == (0, "1 products are listed as they are now.\n")
    assert run.invoke(args=["shop", "audit"]).exit_code == 0


@operation
def forget_listings() -> None:
    db.session.execute(text("DELETE FROM listings"))


def test_a_database_without_tables_is_a_sentence(tmp_path: Path) -> None:
    app = create_app(test_settings(database_url=f"sqlite:///{tmp_path}/empty.db", var_dir=str(tmp_path)))

    result = app.test_cli_runner().invoke(args=["shop", "audit"])

    assert result.exit_code == 1
    assert result.output == "Error: The database has no tables yet, or old ones. Run: flask db upgrade\n"


# -- staff ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["user", "shop"])
def test_a_member_of_staff_is_made_and_can_sign_in(run: FlaskCliRunner, group: str) -> None:
    result = run.invoke(args=[group, "create-staff", "Anna@Example.com"], input="a long password\n")

    person = authenticate(Credentials.model_validate({"email": "anna@example.com", "password": "a long password"}))
    assert result.output == "anna@example.com can sign in now, with the role Owner.\n"
    assert person.permissions == {"all"}
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.after) == ("staff.created", {"email": "(changed)", "role": "Owner"})


@pytest.mark.parametrize(
    ("arguments", "password", "sentence"),
    [
        (["anna@example.com"], "short", "password: Use at least 10 characters."),
        (["anna@example.com"], "", "password: Enter a password."),
        (["nobody"], "a long password", "email: Enter an e-mail address like name@example.com."),
        (["anna@example.com", "--role", "King"], "a long password", "There is no role King. Choose one of: Owner."),
    ],
)
def test_what_is_wrong_with_a_new_member_of_staff_is_a_sentence(
    run: FlaskCliRunner, arguments: list[str], password: str, sentence: str
) -> None:
    result = run.invoke(args=["user", "create-staff", *arguments], input=password + "\n")

    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert db.session.scalars(select(User)).all() == []


def test_an_address_that_has_an_account_is_refused(run: FlaskCliRunner) -> None:
    arguments = ["user", "create-staff", "anna@example.com"]
    run.invoke(args=arguments, input="a long password\n")

    result = run.invoke(args=arguments, input="a long password\n")

    assert result.exit_code == 1
    assert "There is an account with this e-mail address." in result.output


# -- catalogue --------------------------------------------------------------------------------------------------------


def test_an_import_reports_its_rows_and_succeeds(run: FlaskCliRunner, csv: Path) -> None:
    result = run.invoke(args=["catalog", "import", str(csv)])

    assert result.exit_code == 0, result.output
    assert "2 rows read: 1 imported, 1 reported." in result.output
    assert "1 created" in result.output
    header, row = result.output.splitlines()[-2:]
    assert header.split() == ["Row", "Handle", "Column", "Problem"]
    assert row.startswith("3    rose-toner  Variant Price  ")


def test_a_dry_run_writes_nothing_and_json_is_one_object(run: FlaskCliRunner, csv: Path) -> None:
    result = run.invoke(args=["catalog", "import", str(csv), "--dry-run", "--json"])

    report = json.loads(result.output)
    assert (report["is_dry_run"], report["rows_read"], report["products_created"]) == (True, 2, 1)
    assert [problem["row"] for problem in report["problems"]] == [3]
    assert db.session.scalars(select(Product)).all() == []


def test_the_stock_of_what_is_there_is_set_only_when_asked(run: FlaskCliRunner, csv: Path) -> None:
    run.invoke(args=["catalog", "import", str(csv)])
    csv.write_text(CSV.replace(",7,", ",4,"))

    run.invoke(args=["catalog", "import", str(csv)])
    left_alone = on_hand()
    run.invoke(args=["catalog", "import", str(csv), "--set-stock"])

    assert (left_alone, on_hand()) == (7, 4)


def on_hand() -> int:
    db.session.rollback()
    return int(db.session.execute(text("SELECT on_hand FROM stock_items")).scalar_one())


def test_a_file_that_is_none_is_refused_with_a_sentence(run: FlaskCliRunner, csv: Path) -> None:
    csv.write_bytes(b"\xff\xfe\x00")

    result = run.invoke(args=["catalog", "import", str(csv)])

    assert result.exit_code == 1
    assert result.output.startswith("Error: This file is not text in UTF-8.")


# -- mail, demo, settings ---------------------------------------------------------------------------------------------


def test_mail_that_was_given_up_can_be_revived(run: FlaskCliRunner, terms: Terms) -> None:
    order = placed_order(terms, (variants_of(make_product())[0], 1), confirm=True)
    dispatch_events(undispatched_events(), lambda _ids: {order.public_id: order.email})
    claim = claim_email(unasked_emails()[0])
    assert claim is not None
    mark_failed(claim, "no", for_good=True)

    result = run.invoke(args=["shop", "revive-emails"])

    assert result.output == "1 e-mails are due again.\n"
    assert unasked_emails() == [claim.id]


def test_demo_data_is_refused_in_production(tmp_path: Path) -> None:
    production = create_app(
        test_settings(
            shop_env="production",
            secret_key="k" * 40,
            public_base_url="https://shop.example.com",
            database_url=f"sqlite:///{tmp_path}/shop.db",
            redis_url="redis://127.0.0.1:1/0",
            var_dir=str(tmp_path),
        )
    )

    result = production.test_cli_runner().invoke(args=["shop", "seed"])

    assert result.exit_code == 1
    assert result.output == "Error: Demo data is for development only, and SHOP_ENV says production.\n"


def test_settings_that_cannot_be_used_are_listed_without_a_traceback() -> None:
    environment = {"PATH": os.environ["PATH"], "SHOP_ENV": "production", "SECRET_KEY": "short"}

    result = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "shop", "audit"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 4
    assert result.stderr.startswith("The settings are not complete:\n")
    assert "DATABASE_URL is required in production" in result.stderr
    assert "Traceback" not in result.stderr
