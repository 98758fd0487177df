"""The demo's bank as those meet it who do not speak through the gateway: its wire, pages, script, events and books."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from shop import ROOT
from shop.demo import bank_account
from shop.demo.bank import __main__ as process
from shop.money import Money
from shop.payment_provider import IntentWish
from tests.bank import PUBLISHABLE_KEY, SECRET_KEY, QuietHandler, RunningBank, running_bank
from tests.servers import free_port

INTENT = {"amount": "5495", "currency": "usd", "metadata[order_id]": "order_abc"}
CHARGE = {**INTENT, "confirm": "true", "return_url": "https://shop.example.com/return"}


def ask(bank: RunningBank, path: str, form: dict[str, str] | None = None, key: str = "", **headers: str) -> Any:
    """The answer to a call with the secret key: a POST when there is a form."""
    headers = {"Authorization": f"Bearer {SECRET_KEY}", **({"Idempotency-Key": key} if key else {}), **headers}
    method = "GET" if form is None else "POST"
    return requests.request(method, f"{bank.url}/v1/{path}", data=form, headers=headers, timeout=10)


class TestTheWire:
    def test_answers_name_the_request_and_errors_have_stripes_shape(self, bank: RunningBank):
        made = ask(bank, "payment_intents", INTENT, **{"Stripe-Version": "2026-10-28.endive"})
        assert made.status_code == 200 and made.json()["object"] == "payment_intent"
        assert made.headers["Request-Id"].startswith("req_")
        assert made.headers["Stripe-Version"] == "2026-10-28.endive"
        assert not [name for name in made.json() if name.startswith("_")]

        for path, form, status, kind, code in [
            ("payment_intents", {"amount": "x", "currency": "usd"}, 400, "invalid_request_error", "parameter_invalid_"),
            ("payment_intents", {"currency": "usd"}, 400, "invalid_request_error", "parameter_missing"),
            ("payment_intents", {**CHARGE, "payment_method": "pm_none"}, 404, "invalid_request_error", "resource_miss"),
            ("payment_intents", {**CHARGE, "payment_method": "pm_card_decline_generic"}, 402, "card_error", "card_dec"),
            ("nothing", None, 404, "invalid_request_error", ""),
            ("refunds", {"payment_intent": made.json()["id"]}, 400, "invalid_request_error", ""),
        ]:
            answer = ask(bank, path, form)
            error = answer.json()["error"]
            assert (answer.status_code, error["type"]) == (status, kind), path
            assert error.get("code", "").startswith(code)

    def test_a_decline_tells_how_the_payment_stands(self, bank: RunningBank):
        error = ask(bank, "payment_intents", {**CHARGE, "payment_method": "pm_card_decline_insufficient_funds"}).json()
        intent = error["error"]["payment_intent"]
        assert error["error"]["decline_code"] == "insufficient_funds"
        assert intent["last_payment_error"]["payment_method"]["card"]["last4"] == "9995"
        assert intent["payment_method"] is None and intent["status"] == "requires_payment_method"

    def test_a_key_is_answered_again_and_refused_for_something_else(self, bank: RunningBank):
        charge = {**CHARGE, "payment_method": "pm_card_approve"}
        first, again = ask(bank, "payment_intents", charge, "key"), ask(bank, "payment_intents", charge, "key")
        other = ask(bank, "payment_intents", {**charge, "amount": "1"}, "key")

        assert first.json() == again.json()
        assert "Idempotent-Replayed" not in first.headers and again.headers["Idempotent-Replayed"] == "true"
        assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
        assert len(bank.ledger()) == 1

    def test_a_key_that_is_being_worked_on_is_a_conflict(self, bank: RunningBank):
        with ThreadPoolExecutor(1) as pool:
            with bank.bank.store.transaction():  # so that the first one has to wait
                first = pool.submit(ask, bank, "payment_intents", INTENT, "key")
                while not bank.faults.calls:
                    time.sleep(0.01)
                time.sleep(0.1)
                second = ask(bank, "payment_intents", INTENT, "key")
            assert first.result().status_code == 200
        assert (second.status_code, second.json()["error"]["code"]) == (409, "idempotency_key_in_use")

    def test_a_request_that_was_wrong_does_not_use_up_its_key(self, bank: RunningBank):
        assert ask(bank, "payment_intents", {**INTENT, "currency": "dollars"}, "key").status_code == 400
        assert ask(bank, "payment_intents", INTENT, "key").status_code == 200

    def test_a_browser_may_ask_for_one_payment_by_its_secret_alone(self, bank: RunningBank):
        intent = ask(bank, "payment_intents", INTENT).json()
        own = {"key": PUBLISHABLE_KEY, "client_secret": intent["client_secret"]}

        def look(path: str, **params: str) -> int:
            return requests.get(f"{bank.url}/v1/{path}", params=params, timeout=10).status_code

        assert look(f"payment_intents/{intent['id']}", **own) == 200
        assert look(f"payment_intents/{intent['id']}", **{**own, "client_secret": "guessed"}) == 404
        assert look(f"payment_intents/{intent['id']}", key=PUBLISHABLE_KEY) == 403
        assert look("payment_intents", **own) == 403
        assert look(f"payment_intents/{intent['id']}", key="pk_test_other") == 401

    def test_events_are_listed_by_type(self, bank: RunningBank):
        ask(bank, "payment_intents", {**CHARGE, "payment_method": "pm_card_approve"})
        found = ask(bank, "events?type=payment_intent.succeeded").json()
        assert [event["data"]["object"]["status"] for event in found["data"]] == ["succeeded"]
        assert ask(bank, f"events/{found['data'][0]['id']}").json() == found["data"][0]


class TestPages:
    @pytest.fixture
    def charge(self, bank: RunningBank) -> str:
        form = {**CHARGE, "payment_method": "pm_card_approve"}
        return str(ask(bank, "payment_intents", form).json()["latest_charge"])

    def test_the_books_show_what_moved_and_the_events(self, bank: RunningBank, charge: str):
        page = requests.get(bank.url, timeout=10)
        for words in ("$54.95", charge, "order_abc", "payment_intent.succeeded", "Open a dispute"):
            assert words in page.text
        assert "script" not in page.headers["Content-Security-Policy"]
        assert SECRET_KEY not in page.text and "_secret_" not in page.text

    def test_a_dispute_is_opened_and_decided_by_buttons(self, bank: RunningBank, charge: str):
        assert "The shop wins" in requests.post(f"{bank.url}/disputes", {"charge": charge}, timeout=10).text
        (dispute,) = bank.bank.store.list_after("dispute")
        page = requests.post(f"{bank.url}/disputes/{dispute['id']}", {"winner": "customer"}, timeout=10)

        assert "lost" in page.text
        assert [line["kind"] for line in bank.ledger()] == ["capture", "dispute"]

    def test_no_other_site_presses_the_buttons(self, bank: RunningBank, charge: str):
        for origin in ("https://evil.example", "null"):
            answer = requests.post(f"{bank.url}/disputes", {"charge": charge}, headers={"Origin": origin}, timeout=10)
            assert answer.status_code == 403
        assert len(bank.ledger()) == 1

    def test_the_question_is_asked_of_whoever_has_the_secret_and_once(self, bank: RunningBank):
        intent = ask(bank, "payment_intents", {**CHARGE, "payment_method": "pm_card_3ds"}).json()
        page = intent["next_action"]["redirect_to_url"]["url"]
        assert "Approve" in requests.get(page, timeout=10).text
        assert requests.get(page.replace("secret=", "secret=x"), timeout=10).status_code == 404

        form = {"client_secret": intent["client_secret"], "answer": "approve"}
        back = [
            requests.post(page.partition("?")[0], form, allow_redirects=False, timeout=10).headers["Location"]
            for _ in range(2)
        ]

        assert back[0].startswith(f"https://shop.example.com/return?payment_intent={intent['id']}&")
        assert back[0] == back[1] and back[0].endswith("redirect_status=succeeded")
        assert len(bank.ledger()) == 1

    def test_the_script_may_be_loaded_from_the_shop_and_needs_no_eval(self, bank: RunningBank):
        script = requests.get(f"{bank.url}/v3/", timeout=10)
        assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert script.headers["Content-Type"].startswith("text/javascript")
        assert '"pm_card_3ds"' in script.text
        for banned in ("eval(", "new Function", "innerHTML", ".style", "document.write"):
            assert banned not in script.text


class Shop:
    """A shop that takes events, when it likes to."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        self.port = free_port()
        self.server = make_server("127.0.0.1", self.port, self.answer, request_handler=QuietHandler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @Request.application
    def answer(self, request: Request) -> Response:
        self.taken.append((request.get_data(), request.headers["Stripe-Signature"]))
        return Response("", self.answers.pop(0) if self.answers else 200)


class TestEvents:
    @pytest.fixture
    def shop(self) -> Iterator[Shop]:
        made = Shop()
        yield made
        made.server.shutdown()
        made.server.server_close()

    def test_they_are_signed_and_sent_until_they_are_taken(self, shop: Shop, tmp_path: Path):
        with running_bank(tmp_path, f"http://127.0.0.1:{shop.port}/webhooks/stripe") as bank:
            provider = bank.provider()
            provider.create_intent(IntentWish(Money(100, "USD"), "o", "p", "n", "e@example.com"), "key")
            shop.answers = [500]
            bank.courier.deliver_owed()
            bank.courier.deliver_owed()  # not yet
            assert len(shop.taken) == 1

            bank.pass_time(5)
            bank.courier.deliver_owed()
            bank.courier.deliver_owed()

            told = [provider.read_event(body, signature) for body, signature in shop.taken]
        assert len(told) == 2 and told[0] == told[1] and told[0].type == "payment_intent.created"

    def test_a_shop_that_is_away_is_told_later(self, tmp_path: Path):
        with running_bank(tmp_path, f"http://127.0.0.1:{free_port()}/webhooks/stripe") as bank:
            ask(bank, "payment_intents", INTENT)
            bank.courier.deliver_owed()
            (delivery,) = bank.bank.store.list_deliveries(10)
        assert delivery["attempts"] == 1 and delivery["due_at"] is not None
        assert delivery["last_status"] == "ConnectionRefusedError"


def test_the_ledger_takes_no_changes(bank: RunningBank, tmp_path: Path):
    ask(bank, "payment_intents", {**CHARGE, "payment_method": "pm_card_approve"})
    with sqlite3.connect(tmp_path / "bank.db") as connection:
        for statement in ("UPDATE ledger SET amount = 1", "DELETE FROM ledger"):
            with pytest.raises(sqlite3.IntegrityError, match="append only"):
                connection.execute(statement)


def test_no_card_number_stands_anywhere_in_it():
    for file in (ROOT / "shop" / "demo" / "bank").rglob("*.*"):
        if file.suffix in {".py", ".js", ".html"}:
            assert not re.search(r"\d(?:[ -]?\d){11,18}", file.read_text(encoding="utf-8")), file


class TestTheProcess:
    @pytest.mark.parametrize("environment", [{"SHOP_ENV": "production"}, {"STRIPE_SECRET_KEY": ""}])
    def test_it_refuses_production_and_a_start_by_hand(
        self, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        for name, value in {"SHOP_ENV": "development", **environment}.items():
            monkeypatch.setenv(name, value)
        assert process.main() == 1
        assert "make run" in capsys.readouterr().err

    def test_a_shop_with_any_setting_of_its_own_gets_no_bank(self):
        assert bank_account.is_wanted({"PORT": "5000", "STRIPE_SECRET_KEY": ""})
        assert not bank_account.is_wanted({"STRIPE_SECRET_KEY": "sk_test_own"})
        assert not bank_account.is_wanted({"STRIPE_WEBHOOK_SECRET": "whsec_own"})

    def test_its_account_is_complete_and_new_each_time(self):
        one, other = (bank_account.open_account("http://127.0.0.1:5111") for _ in range(2))
        assert one["STRIPE_JS_URL"] == "http://127.0.0.1:5111/v3/"
        assert one["STRIPE_SECRET_KEY"] != other["STRIPE_SECRET_KEY"]
        assert 1024 < bank_account.wanted_port(65535) < 65436
