"""Stripe's HTTP for what the shop uses: forms in, JSON out, keys, and errors in their shape."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import Any, cast

from flask import Blueprint, Response, current_app, request

from shop.demo.bank.errors import BankError, invalid, missing
from shop.demo.bank.payments import Bank, Params, shown, whole_number
from shop.demo.bank.store import Thing

api = Blueprint("api", __name__, url_prefix="/v1")
RELATED = {"payment_method": "payment_method", "latest_charge": "charge", "customer": "customer", "charge": "charge"}
LISTED = {"payment_intents": "payment_intent", "refunds": "refund", "disputes": "dispute", "events": "event"}
FETCHED = LISTED | {
    "charges": "charge",
    "customers": "customer",
    "payment_methods": "payment_method",
    "setup_intents": "setup_intent",
    "subscriptions": "subscription",
}
FILTERS = {
    "payment_intent": ("customer",),
    "refund": ("payment_intent", "charge"),
    "dispute": ("payment_intent", "charge"),
    "payment_method": ("customer", "type"),
    "event": ("type",),
}
PUBLIC_ENDPOINTS = frozenset({"api.fetch", "api.confirm_intent"})  # with the client's secret a browser may ask these
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Stripe-Version",
    "Access-Control-Allow-Methods": "GET, POST",
}
Work = Callable[[Bank, Params], Thing]
_running: tuple[set[tuple[int, str]], threading.Lock] = (set(), threading.Lock())  # by bank and key


# -- around every call ------------------------------------------------------------------------------------------------


@api.before_request
def authenticate() -> Response | None:
    """The secret key opens everything; the publishable one, with the payment's own secret, that payment."""
    if request.method == "OPTIONS":
        return _json({}, 200)
    given = request.authorization
    key = (given.token or given.username) if given else request.values.get("key")
    if key and secrets.compare_digest(key.encode(), _secret("secret_key")):
        return None
    if key and secrets.compare_digest(key.encode(), _secret("publishable_key")):
        if request.endpoint in PUBLIC_ENDPOINTS and request.values.get("client_secret"):
            return None
        return _refuse(
            BankError(403, "invalid_request_error", "This needs the secret key.", code="secret_key_required")
        )
    return _refuse(BankError(401, "invalid_request_error", "Invalid API Key provided."))


@api.after_request
def finish(response: Response) -> Response:
    response.headers["Request-Id"] = f"req_{secrets.token_hex(7)}"
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", _bank().version)
    response.headers.update(CORS)
    return response


@api.errorhandler(404)
@api.errorhandler(405)
def not_known(_error: Exception) -> Response:
    message = f"Unrecognized request URL ({request.method}: {request.path})."
    return _refuse(BankError(404, "invalid_request_error", message))


def _answer(work: Work) -> Response:
    """Do it, once for each idempotency key, and answer."""
    bank = _bank()
    try:
        params = read_form([*request.args.items(multi=True), *request.form.items(multi=True)])
        key = request.headers.get("Idempotency-Key", "")
        if request.method == "GET" or not key:
            status, body = _do(bank, work, params)
            return _json(body, status)
        if len(key) > 255:
            raise BankError(400, "idempotency_error", "Keys have at most 255 characters.")
        with _alone(key):
            return _answer_once(bank, work, params, key)
    except BankError as error:
        return _refuse(error)


def _answer_once(bank: Bank, work: Work, params: Params, key: str) -> Response:
    asked = json.dumps([request.method, request.path, params], sort_keys=True)
    fingerprint = hashlib.sha256(asked.encode()).hexdigest()
    with bank.store.transaction():
        if kept := bank.store.find_answer(key):
            if kept[0] != fingerprint:
                message = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                raise BankError(400, "idempotency_error", message)
            response = _json(kept[2], kept[1])
            response.headers["Idempotent-Replayed"] = "true"
            return response
        status, body = _try(bank, work, params)
        bank.store.keep_answer(key, fingerprint, status, body)
    return _json(body, status)


def _do(bank: Bank, work: Work, params: Params) -> tuple[int, Thing]:
    with bank.store.transaction():
        return _try(bank, work, params)


def _try(bank: Bank, work: Work, params: Params) -> tuple[int, Thing]:
    """What came of it; a refusal that is itself a result is no reason to undo anything."""
    try:
        return 200, _expanded(bank, shown(work(bank, params)), _texts(params.get("expand")))
    except BankError as error:
        if not error.is_kept:
            raise
        return error.status, error.body


@contextmanager
def _alone(key: str) -> Any:
    """Raises BankError 409 while another request with this key is being worked on."""
    running, lock = _running
    mine = (id(_bank()), key)
    with lock:
        if mine in running:
            message = "There is currently another in-progress request using this Idempotent Key."
            raise BankError(409, "idempotency_error", message, code="idempotency_key_in_use")
        running.add(mine)
    try:
        yield
    finally:
        with lock:
            running.discard(mine)


def read_form(pairs: Iterable[tuple[str, str]]) -> Params:
    """`a[b][c]=d` as nested dicts; `a[]` and `a[0]` are numbered alike. Raises BankError 400."""
    params: Params = {}
    for name, value in pairs:
        first, *rest = name.replace("]", "").split("[")
        path = [first, *rest]
        target = params
        for step in path[:-1]:
            target = target.setdefault(step, {})
            if not isinstance(target, dict):
                raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")
        target[path[-1] or str(len(target))] = value
    return params


def _texts(value: Any) -> list[str]:
    return [str(text) for text in value.values()] if isinstance(value, dict) else []


def _expanded(bank: Bank, thing: Thing, names: list[str]) -> Thing:
    """The object with these ids replaced by what they name."""
    for name in names:
        first, _, rest = name.partition(".")
        if first == "data" and rest:
            thing["data"] = [_expanded(bank, item, [rest]) for item in thing["data"]]
        elif first in RELATED and isinstance(thing.get(first), str):
            thing[first] = shown(bank.get(RELATED[first], thing[first]))
    return thing


def _json(body: Thing, status: int) -> Response:
    return Response(json.dumps(body, indent=2) + "\n", status, mimetype="application/json")


def _refuse(error: BankError) -> Response:
    return _json(error.body, error.status)


def _bank() -> Bank:
    return cast(Bank, current_app.extensions["bank"])


def _secret(name: str) -> bytes:
    return str(getattr(current_app.extensions["bank_config"], name)).encode()


# -- what can be asked ------------------------------------------------------------------------------------------------


@api.get("/<kinds>")
def list_things(kinds: str) -> Response:
    return _answer(lambda bank, params: _list(bank, _kind(LISTED, kinds), params, request.path))


@api.get("/customers/<customer>/payment_methods")
def list_cards(customer: str) -> Response:
    def work(bank: Bank, params: Params) -> Thing:
        bank.get("customer", customer, "customer")
        return _list(bank, "payment_method", {**params, "customer": customer}, request.path)

    return _answer(work)


@api.get("/<kinds>/<object_id>")
def fetch(kinds: str, object_id: str) -> Response:
    def work(bank: Bank, params: Params) -> Thing:
        found = bank.get(_kind(FETCHED, kinds), object_id)
        return _if_told(found, params)

    return _answer(work)


def _list(bank: Bank, kind: str, params: Params, url: str) -> Thing:
    limit = min(max(whole_number({"limit": 10, **params}, "limit"), 1), 100)
    created = params.get("created")
    since = whole_number(created, "gte") if isinstance(created, dict) else 0
    wanted = {name: params[name] for name in FILTERS.get(kind, ()) if name in params}
    found = []
    for thing in bank.store.list_after(kind, since, params.get("starting_after", "")):
        if all(thing.get(name) == value for name, value in wanted.items()):
            found.append(shown(thing))
        if len(found) > limit:
            break
    return {"object": "list", "data": found[:limit], "has_more": len(found) > limit, "url": url}


def _kind(known: dict[str, str], kinds: str) -> str:
    if kinds not in known:
        raise BankError(404, "invalid_request_error", f"Unrecognized request URL ({request.method}: {request.path}).")
    return known[kinds]


def _if_told(found: Thing, params: Params) -> Thing:
    """The object; to a browser only with its own secret. Raises BankError 404."""
    told = params.get("client_secret")
    if told is not None and told != found.get("client_secret"):
        raise missing(found["object"], found["id"])
    return found


@api.post("/payment_intents")
def create_intent() -> Response:
    return _answer(lambda bank, params: bank.create_intent(params))


@api.post("/payment_intents/<intent_id>")
def change_intent(intent_id: str) -> Response:
    return _answer(lambda bank, params: bank.change_intent(intent_id, params))


@api.post("/payment_intents/<intent_id>/confirm")
def confirm_intent(intent_id: str) -> Response:
    def work(bank: Bank, params: Params) -> Thing:
        _if_told(bank.get("payment_intent", intent_id, "intent"), params)
        return bank.confirm_intent(intent_id, params)

    return _answer(work)


@api.post("/payment_intents/<intent_id>/cancel")
def cancel_intent(intent_id: str) -> Response:
    return _answer(lambda bank, params: bank.cancel_intent(intent_id, params))


@api.post("/refunds")
def create_refund() -> Response:
    return _answer(lambda bank, params: bank.create_refund(params))


@api.post("/disputes/<dispute_id>/close")
def close_dispute(dispute_id: str) -> Response:
    return _answer(lambda bank, _params: bank.close_dispute(dispute_id, "lost"))


@api.post("/customers")
def create_customer() -> Response:
    return _answer(lambda bank, params: bank.create_customer(params))


@api.post("/payment_methods/<method_id>/attach")
def attach_card(method_id: str) -> Response:
    return _answer(lambda bank, params: bank.attach(method_id, str(params.get("customer", ""))))


@api.post("/payment_methods/<method_id>/detach")
def detach_card(method_id: str) -> Response:
    return _answer(lambda bank, _params: bank.detach(method_id))


@api.post("/setup_intents")
def create_setup_intent() -> Response:
    return _answer(lambda bank, params: bank.create_setup_intent(params))


@api.post("/subscriptions")
def create_subscription() -> Response:
    return _answer(lambda bank, params: bank.create_subscription(params))


@api.post("/subscriptions/<subscription_id>")
def change_subscription(subscription_id: str) -> Response:
    return _answer(lambda bank, params: bank.change_subscription(subscription_id, params))


@api.delete("/subscriptions/<subscription_id>")
def end_subscription(subscription_id: str) -> Response:
    return _answer(lambda bank, _params: bank.end_subscription(subscription_id))
