"""What the proof of the bank's events, of the shield and of the canaries calls wrong; each on a small scale."""

from __future__ import annotations

import collections
import itertools
import json
import random
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.payments import bank_stories, canary, shield, stripe_data
from bench.payments.buying import type_card
from bench.payments.events import Told, verdict
from bench.payments.post import deliver
from bench.payments.state import differences
from bench.payments.two_shops import copy_file
from shop.demo.bank.webhooks import sign
from shop.gateways.stripe import StripeProvider
from shop.payment_provider import BadSignature
from tests.bank import SECRET_KEY, WEBHOOK_SECRET, running_bank

EVENT = b'{"id": "evt_1", "object": "event", "type": "x", "created": 1, "data": {"object": {"id": "y"}}}'
STORED = '{"object_id": "xx_strange_1", "status": "parked"}'


@pytest.fixture
def bank(tmp_path):
    with running_bank(tmp_path) as bank:
        yield bank


def told(**changes):
    state = {"orders": collections.Counter(["a"]), "provider_events": collections.Counter([STORED]),
             "e-mails sent": collections.Counter(), "the bank's ledger": collections.Counter()}  # fmt: skip
    return Told(1, collections.Counter({200: 1}), {**state, **changes.pop("state", {})}, 1.0, "clean", **changes)


def judged(**changes):
    return verdict(1, [b"{}"], {"xx_strange_1"}, told(), told(**changes))["verdict"]


def test_two_shops_that_end_alike_are_right():
    assert judged() == "ok"


@pytest.mark.parametrize(
    "changes",
    [
        {"state": {"orders": collections.Counter(["b"])}},
        {"state": {"orders": collections.Counter(["a", "a"])}},
        {"state": {"provider_events": collections.Counter([STORED, STORED])}},
        {"state": {"the bank's ledger": collections.Counter(["capture"])}},
        {"left": "{'due': 1}"},
    ],
)
def test_another_end_is_wrong(changes, capsys):
    assert judged(**changes) == "FAILED"
    assert "WRONG" in capsys.readouterr().out


def test_an_answer_that_is_not_200_and_a_parked_event_that_is_ours_are_wrong():
    other = told()
    other.statuses[503] += 1
    assert verdict(1, [b"{}"], {"xx_strange_1"}, told(), other)["verdict"] == "FAILED"
    assert verdict(1, [b"{}"], set(), told(), told())["verdict"] == "FAILED"


def test_differences_say_what_is_there_and_what_is_not():
    one, other = {"orders": collections.Counter(["a", "b"])}, {"orders": collections.Counter(["b", "c"])}
    assert differences(one, other) == ["orders - a", "orders + c"]
    assert differences(one, one) == []


def test_every_fate_ends_and_the_bank_tells_of_it(bank):
    teller, dice = bank_stories.Teller(bank), random.Random(7)
    fates = list(bank_stories.FATES.values())
    wish = {"amount": "5000", "currency": "usd"}
    intents = [teller.do(teller.bank.create_intent, wish)["id"] for _ in fates]
    stories = [fate.story(teller, intent, dice) for fate, intent in zip(fates, intents, strict=True)]
    bank_stories.mix([*stories, *(bank_stories.subscribe(teller, dice) for _ in range(5))], dice)
    bank.pass_time()
    strangers = bank_stories.be_strange(teller, 10)

    told = collections.Counter(event["type"] for event in teller.store.list_after("event"))

    assert sum(fate.share for fate in fates) > 99 and len(strangers) == 15
    assert told["payment_intent.payment_failed"] >= 7 and told["charge.refunded"] >= 2
    assert {"payment_intent.canceled", "payment_intent.processing", "charge.dispute.updated"} <= set(told)
    assert {"customer.subscription.created", "invoice.payment_succeeded"} <= set(told)


def test_every_copy_is_posted_and_every_answer_counted():
    class Teapot(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(500 if body == b"bad" else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Teapot) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        statuses = deliver(server.server_port, [b"good"] * 20 + [b"bad"] * 2, 4, "test")
        server.shutdown()
    assert statuses == {200: 20, 500: 2}


def test_a_database_is_copied_with_what_is_only_in_its_log(tmp_path):
    with sqlite3.connect(tmp_path / "one.db") as one:
        one.execute("PRAGMA journal_mode = WAL")
        one.execute("CREATE TABLE t (n)")
        one.execute("INSERT INTO t VALUES (7)")
        one.commit()
        copy_file(tmp_path / "one.db", tmp_path / "two.db")
    assert sqlite3.connect(tmp_path / "two.db").execute("SELECT n FROM t").fetchall() == [(7,)]
    with pytest.raises(AssertionError):
        copy_file(tmp_path / "none.db", tmp_path / "three.db")


@pytest.mark.parametrize("name", list(stripe_data.forged(EVENT)))
def test_every_forgery_is_one(name):
    provider = StripeProvider(SECRET_KEY, WEBHOOK_SECRET)
    body, signature = stripe_data.forged(EVENT)[name]
    with pytest.raises(BadSignature):
        provider.read_event(body, signature)


def test_the_event_that_is_forged_would_be_taken_with_a_right_signature():
    body, _ = stripe_data.forged(EVENT)["stale"]
    found = StripeProvider(SECRET_KEY, WEBHOOK_SECRET).read_event(body, sign(body, WEBHOOK_SECRET, int(time.time())))
    assert found.id == "evt_forged"


def test_events_are_read_from_files_and_made_of_examples(tmp_path):
    for name in ("events", "composed-newest"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.json").write_text('{"id": "evt_000", "type": "a"}')
    (tmp_path / "event_test_signature.json").write_text('{"id": "evt_123"}')
    (tmp_path / "fixtures3.json").write_text('{"resources": {"event": {"id": "evt_9"}, "charge": {"id": "ch_1"}}}')

    found = [json.loads(body) for body in stripe_data.read_events(tmp_path)]

    assert len({event["id"] for event in found}) == len(found) == 6
    assert {"type": "charge.updated", "id": "ch_1"} in [
        {"type": event.get("type"), "id": event.get("data", {}).get("object", {}).get("id")} for event in found
    ]


def test_ordinary_people_share_an_address_as_the_limits_allow():
    homes = collections.Counter(itertools.islice(shield.addresses(random.Random(7)), 1000))
    assert 1 in homes.values() and 2 <= max(homes.values()) <= 8
    assert shield.USUAL["CARD_ALARM_REFUSALS"] == "12" and shield.USUAL["RATELIMIT_ENABLED"] == "true"


def test_a_card_that_is_typed_is_one_of_its_own(bank):
    names = [type_card(bank, "pm_card_approve", name) for name in ("a", "b", "a")]
    prints = [bank.bank.get("payment_method", name)["card"]["fingerprint"] for name in names]
    assert prints[0] == prints[2] != prints[1] and len(set(names)) == 3


@pytest.mark.parametrize("place", canary.PLACES)
def test_a_canary_is_found_where_it_may_not_be(place):
    texts = {name: "nothing" for name in canary.PLACES} | {place: "a token-1 here"}
    assert canary.find(texts, {"card number": {"token-1"}})
    assert bool(canary.find(texts, {"order token": {"token-1"}})) == (place != "e-mails")
    assert not canary.find(texts, {"card number": {"token-2"}})
