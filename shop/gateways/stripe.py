"""Stripe: the one place that speaks to it. Every call has one of the three ends of shop.payment_provider."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import stripe
import structlog
import urllib3

from shop.db import refuse_inside_operation
from shop.money import Money, exponent_of
from shop.patience import seconds_left
from shop.payment_provider import (
    BadSignature,
    Card,
    CardDeclined,
    Intent,
    IntentStatus,
    IntentWish,
    OutcomeUnknown,
    PaymentProvider,
    ProviderDispute,
    ProviderRefund,
    ProviderRefused,
    ProviderSubscription,
    RefundStatus,
    SignedEvent,
    UnknownCard,
    UnknownCustomer,
)
from shop.settings import LOOPBACK_HOSTS, Settings

API_VERSION = "2026-10-28.endive"  # what is read below was read in this version
CONNECT_TIMEOUT = 3.0  # seconds
TIMEOUT = (CONNECT_TIMEOUT, 10.0)  # to connect, and for each answer
HURRIED = (2.0, 6.0)  # the same while a request is waited for
CALL = 20.0  # seconds of one call with all its tries; in a request all its calls have shop.edge.WAITS
LEAST = 1.5  # seconds without which another try is not worth it
RETRIES = 2
LARGEST_ANSWER = 8 * 1024 * 1024  # bytes; a hundred payments are about half a megabyte
READ_AT_ONCE = 64 * 1024
TOLERANCE = 300  # seconds that an event's stamp may be away from our clock, before or after it
PAGE = 100
# Where Stripe counts other minor units than ISO 4217 does (Stripe, "Currencies", special cases).
EXPONENTS = {"ISK": 2, "UGX": 2, "MGA": 0}
METHODS = ["card"]  # which answer at once: stock is not held for days (D11); static/js/card.js names the same
ON_SESSION = "on_session"  # a kept card is never charged while the customer is away
WITH_CARD = ["payment_method", "latest_charge"]

INTENT_STATUSES: dict[str, IntentStatus] = {
    "requires_payment_method": "requires_payment_method",
    "requires_confirmation": "requires_payment_method",
    "requires_action": "requires_action",
    "processing": "processing",
    "requires_capture": "processing",  # never ours: the shop captures at once
    "succeeded": "succeeded",
    "canceled": "cancelled",
}
REFUND_STATUSES: dict[str, RefundStatus] = {
    "pending": "processing",
    "requires_action": "processing",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}
CLOSED_DISPUTES = frozenset({"won", "lost", "warning_closed", "prevented"})
DECLINED = "The bank declined the card. Try another card or ask the bank."

log = structlog.get_logger("shop.stripe")
T = TypeVar("T")


def make_provider(settings: Settings) -> PaymentProvider | None:
    """Stripe by the shop's keys; None for a shop that takes no cards."""
    if not settings.takes_cards:
        return None
    return StripeProvider(
        settings.stripe_secret_key.get_secret_value(),
        settings.stripe_webhook_secret.get_secret_value(),
        settings.stripe_api_base,
        timeout=(CONNECT_TIMEOUT, settings.stripe_timeout_seconds),
    )


class StripeProvider:
    """Payments at Stripe, as shop.payment_provider.PaymentProvider describes them."""

    name = "stripe"

    def __init__(
        self,
        secret_key: str,
        webhook_secret: str,
        api_base: str = "https://api.stripe.com",
        *,
        timeout: tuple[float, float] = TIMEOUT,
        retries: int = RETRIES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not secret_key or not webhook_secret:
            raise ValueError("without both secrets anybody could say what was paid")
        logging.getLogger("stripe").setLevel(logging.WARNING)  # below that it writes whole bodies
        stripe.enable_telemetry = False
        self._webhook_secret = webhook_secret.encode()
        self._clock = clock
        client = stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_base},
            max_network_retries=retries,
            http_client=_BoundedClient(timeout, is_local=urlsplit(api_base).netloc.startswith(LOOPBACK_HOSTS)),
        )
        self._v1 = client.v1

    # -- payments ----------------------------------------------------------------------------------------------------

    def create_intent(self, wish: IntentWish, key: str) -> Intent:
        """Begin a payment; with a payment method, charge it. Raises CardDeclined, ProviderRefused, OutcomeUnknown."""
        with _outcomes("create_intent"):
            return _intent(self._v1.payment_intents.create(_wished(wish), {"idempotency_key": key}))

    def fetch_intent(self, intent_id: str) -> Intent:
        """The payment as it is now. Raises ProviderRefused, OutcomeUnknown."""
        with _outcomes("fetch_intent"):
            return _intent(self._v1.payment_intents.retrieve(intent_id, {"expand": WITH_CARD}))

    def confirm_intent(self, intent_id: str, payment_method: str, return_url: str, key: str) -> Intent:
        """Charge another card for a payment that has begun. Raises CardDeclined, ProviderRefused, OutcomeUnknown."""
        params: Any = {"payment_method": payment_method, "expand": WITH_CARD}
        if return_url:
            params["return_url"] = return_url
        with _outcomes("confirm_intent"):
            return _intent(self._v1.payment_intents.confirm(intent_id, params, {"idempotency_key": key}))

    def change_keeping(self, intent_id: str, customer: str | None, keeps_card: bool) -> Intent:
        """Have the card that will pay kept for this customer, or not. Raises ProviderRefused, OutcomeUnknown."""
        params: Any = {"setup_future_usage": ON_SESSION if keeps_card else "", "expand": WITH_CARD}
        if customer:
            params["customer"] = customer
        with _outcomes("change_keeping"):
            return _intent(self._v1.payment_intents.update(intent_id, params))

    def cancel_intent(self, intent_id: str) -> Intent:
        """End a payment; one that cannot be ended any more is answered as it is. Raises ProviderRefused,
        OutcomeUnknown."""
        params: Any = {"cancellation_reason": "abandoned", "expand": WITH_CARD}
        try:
            with _outcomes("cancel_intent"):
                return _intent(self._v1.payment_intents.cancel(intent_id, params))
        except ProviderRefused as error:
            if error.code != "payment_intent_unexpected_state":
                raise
            return self.fetch_intent(intent_id)

    def list_intents(self, since: datetime) -> Iterator[Intent]:
        """All payments begun since then, the newest first. Raises ProviderRefused, OutcomeUnknown while it is read."""
        params = _since(since) | {"expand": [f"data.{name}" for name in WITH_CARD]}
        with _outcomes("list_intents"):
            yield from _readable(self._v1.payment_intents.list(params).auto_paging_iter(), _intent)

    # -- refunds, disputes, standing orders --------------------------------------------------------------------------

    def create_refund(self, intent_id: str, amount: Money, refund_id: str, key: str) -> ProviderRefund:
        """Give money back. Raises ProviderRefused, OutcomeUnknown."""
        params: Any = {
            "payment_intent": intent_id,
            "amount": _to_stripe(amount),
            "metadata": {"refund_id": refund_id},
        }
        with _outcomes("create_refund"):
            return _refund(self._v1.refunds.create(params, {"idempotency_key": key}))

    def fetch_refund(self, provider_refund_id: str) -> ProviderRefund:
        """The refund as it is now. Raises ProviderRefused, OutcomeUnknown."""
        with _outcomes("fetch_refund"):
            return _refund(self._v1.refunds.retrieve(provider_refund_id))

    def list_refunds(self, since: datetime) -> Iterator[ProviderRefund]:
        """All refunds made since then, the newest first. Raises ProviderRefused, OutcomeUnknown while it is read."""
        with _outcomes("list_refunds"):
            yield from _readable(self._v1.refunds.list(_since(since)).auto_paging_iter(), _refund)

    def fetch_dispute(self, dispute_id: str) -> ProviderDispute:
        """The dispute as it is now. Raises ProviderRefused, OutcomeUnknown."""
        with _outcomes("fetch_dispute"):
            return _dispute(self._v1.disputes.retrieve(dispute_id))

    def fetch_subscription(self, subscription_id: str) -> ProviderSubscription:
        """The standing order as it is now. Raises ProviderRefused, OutcomeUnknown."""
        with _outcomes("fetch_subscription"):
            return _subscription(self._v1.subscriptions.retrieve(subscription_id))

    # -- customers and their cards -----------------------------------------------------------------------------------

    def create_customer(self, email: str, user_id: str, key: str) -> str:
        """A customer whose cards are kept; its id. Raises ProviderRefused, OutcomeUnknown."""
        params: Any = {"email": email, "metadata": {"user_id": user_id}}
        with _outcomes("create_customer"):
            return str(self._v1.customers.create(params, {"idempotency_key": key})["id"])

    def list_cards(self, customer: str) -> list[Card]:
        """The cards that are kept for them. Raises ProviderRefused, OutcomeUnknown."""
        with _outcomes("list_cards"):
            found = self._v1.customers.payment_methods.list(customer, {"type": "card", "limit": PAGE})
            return [card for method in found.auto_paging_iter() if (card := _card(method))]

    def forget_card(self, payment_method: str) -> None:
        """Keep this card no longer; one that is not kept is left so. Raises ProviderRefused, OutcomeUnknown."""
        try:
            with _outcomes("forget_card"):
                self._v1.payment_methods.detach(payment_method)
        except ProviderRefused:
            if self._is_kept(payment_method):
                raise

    def _is_kept(self, payment_method: str) -> bool:
        try:
            with _outcomes("fetch_card"):
                return _at(self._v1.payment_methods.retrieve(payment_method), "customer") is not None
        except ProviderRefused as error:
            return error.code != "resource_missing"

    # -- events ------------------------------------------------------------------------------------------------------

    def read_event(self, body: bytes, signature: str) -> SignedEvent:
        """The event in this body, whose bytes are as they came. Raises BadSignature."""
        self._check_signature(body, signature)
        try:
            event = json.loads(body)
            if event["object"] != "event":
                raise ValueError("no event of the kind that is asked for")
            subject = event["data"]["object"]
            return SignedEvent(
                _text(event["id"]), _text(event["type"]), _subject_id(subject), _moment(event["created"])
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BadSignature("The body is signed but holds no event.") from None

    def _check_signature(self, body: bytes, header: str) -> None:
        """Compare with every v1 signature: while a secret is changed there are two. Raises BadSignature."""
        parts = [part.partition("=")[::2] for part in header.split(",")]
        stamps = [value for name, value in parts if name.strip() == "t"]
        if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdecimal() and len(stamps[0]) <= 12):
            raise BadSignature("The signature has no time.")
        signed = hmac.new(self._webhook_secret, stamps[0].encode() + b"." + body, hashlib.sha256).hexdigest().encode()
        given = [value.encode(errors="replace") for name, value in parts if name.strip() == "v1"]
        if not any([hmac.compare_digest(signed, candidate) for candidate in given]):
            raise BadSignature("The signature is not ours.")
        if abs(self._clock() - int(stamps[0])) > TOLERANCE:
            raise BadSignature("The signature's time is too far from now.")


# -- how a call ends --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _outcomes(call: str) -> Iterator[None]:
    """Turn what Stripe's library raises into the three ends of a call, and write down the ends that are no answer.

    No exception of the library gets out of here: they carry whole bodies.
    """
    refuse_inside_operation("asking Stripe")
    try:
        yield
    except stripe.CardError as error:
        raise _as_refusal(call, error) from None
    except stripe.InvalidRequestError as error:
        raise _as_refusal(call, error) from None
    except stripe.StripeError as error:
        # Also IdempotencyError: something else was done under this key before, so that nobody may say "nothing was".
        # Also a key of the shop's that is refused: of what was asked with a good one before, that says nothing.
        _write_down("stripe.outcome_unknown", call, error)
        raise OutcomeUnknown(f"Stripe did not say how {call} ended ({type(error).__name__})") from None
    except (KeyError, TypeError, ValueError, AttributeError, UnicodeError, OSError) as error:
        log.warning("stripe.unreadable_answer", call=call, error=type(error).__name__)
        raise OutcomeUnknown(f"Stripe's answer to {call} cannot be read ({type(error).__name__})") from None


def _as_refusal(call: str, error: stripe.StripeError) -> ProviderRefused | OutcomeUnknown:
    _write_down("stripe.refused", call, error)
    told = _at(error.json_body, "error") or {}
    code = str(_at(told, "code") or "")
    if code in {"lock_timeout", "rate_limit", "idempotency_key_in_use"}:
        return OutcomeUnknown(f"Stripe is busy with what {call} is about ({code})")
    if _at(told, "type") != "card_error":
        param = _at(told, "param")
        is_customer = code == "resource_missing" and param == "customer"
        kind = UnknownCustomer if is_customer else UnknownCard if param == "payment_method" else ProviderRefused
        return kind(str(_at(told, "message") or "Stripe refused."), code or type(error).__name__)
    reason = str(_at(told, "decline_code") or code)
    intent = _at(told, "payment_intent")
    try:
        return CardDeclined(str(_at(told, "message") or DECLINED), reason, _intent(intent) if intent else None)
    except (KeyError, TypeError, ValueError):
        return CardDeclined(str(_at(told, "message") or DECLINED), reason)


def _write_down(event: str, call: str, error: stripe.StripeError) -> None:
    """Names and numbers alone: Stripe's support asks for the request's id, and nothing else is fit for a log."""
    told = _at(error.json_body, "error")
    log.warning(
        event,
        call=call,
        error=type(error).__name__,
        status=error.http_status,
        code=_at(told, "code"),
        decline_code=_at(told, "decline_code"),
        stripe_request=error.request_id,
    )


class _BoundedClient(stripe.RequestsClient):
    """Stripe's HTTP client with an end to what it reads and waits for; a bank on this machine has no proxy."""

    def __init__(self, timeout: tuple[float, float], *, is_local: bool) -> None:
        super().__init__(timeout=timeout)
        self._is_local = is_local

    def request_with_retries(self, *args: Any, **more: Any) -> tuple[Any, int, Any]:
        self._thread_local.until = time.monotonic() + min(CALL, seconds_left())
        return super().request_with_retries(*args, **more)

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> tuple[Any, int, Any]:
        if getattr(self._thread_local, "session", None) is None:
            session = requests.Session()
            session.trust_env = not self._is_local
            for scheme in ("https://", "http://"):
                session.mount(scheme, _BoundedAdapter(self._left))
            self._thread_local.session = session
        return super().request(method, url, headers, post_data, **more)

    def _should_retry(self, *args: Any, **more: Any) -> bool:
        return self._left() > LEAST and super()._should_retry(*args, **more)

    def _left(self) -> float:
        return float(self._thread_local.until - time.monotonic())


class _BoundedAdapter(requests.adapters.HTTPAdapter):
    """Reads the whole answer here, up to a limit, and gives up when no time is left."""

    def __init__(self, left: Callable[[], float]) -> None:
        super().__init__()
        self._left = left

    def send(self, request: requests.PreparedRequest, *args: Any, timeout: Any, **more: Any) -> requests.Response:
        most = (min(pair) for pair in zip(timeout, HURRIED, strict=True)) if seconds_left() < CALL else timeout
        connect, read = (min(each, self._still()) for each in most)
        response = super().send(request, *args, timeout=(connect, read), **more)
        body = bytearray()
        try:
            while part := response.raw.read1(READ_AT_ONCE, decode_content=True):
                body += part
                if len(body) > LARGEST_ANSWER:
                    response.close()
                    raise requests.exceptions.ContentDecodingError("the answer is too large")
                self._still()
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ConnectionError(type(error).__name__) from None
        response._content = bytes(body)
        response._content_consumed = True
        response.raw.release_conn()
        return response

    def _still(self) -> float:
        left = self._left()
        if left <= 0:
            raise requests.exceptions.Timeout("no time is left for an answer")
        return left


# -- our values from Stripe's, and back -------------------------------------------------------------------------------


def _wished(wish: IntentWish) -> Any:
    """The parameters of a new payment. Without a receipt's address: the shop sends its own letters."""
    params: dict[str, Any] = {
        "amount": _to_stripe(wish.amount),
        "currency": wish.amount.currency.lower(),
        "payment_method_types": METHODS,
        "description": f"Order {wish.number}",
        "metadata": {"order_id": wish.order_id, "payment_id": wish.payment_id},
        "expand": WITH_CARD,
    }
    if wish.customer:
        params["customer"] = wish.customer
    if wish.save_card:
        params["setup_future_usage"] = ON_SESSION
    if wish.payment_method:
        params |= {"payment_method": wish.payment_method, "confirm": True}
        if wish.return_url:
            params["return_url"] = wish.return_url
    return params


def _since(since: datetime) -> Any:
    return {"created": {"gte": int(since.timestamp())}, "limit": PAGE}


def _at(thing: Any, *names: str) -> Any:
    """What is found by these names, one in the other; None where one is missing. Stripe's objects are no dicts."""
    for name in names:
        try:
            thing = thing[name]
        except (KeyError, TypeError):
            return None
    return thing


def amount_for_script(money: Money) -> int:
    """The amount as Stripe's script on the page counts it."""
    return _to_stripe(money)


def _to_stripe(money: Money) -> int:
    """The amount in Stripe's minor units. Raises ProviderRefused for one that has none."""
    shift = EXPONENTS.get(money.currency, exponent_of(money.currency)) - exponent_of(money.currency)
    if shift < 0 and money.amount % 10**-shift:
        raise ProviderRefused(f"Stripe takes no parts of a {money.currency}.", "invalid_amount")
    return int(money.amount * 10**shift if shift >= 0 else money.amount // 10**-shift)


def _from_stripe(amount: Any, currency: Any) -> Money:
    code = _text(currency).upper()
    shift = EXPONENTS.get(code, exponent_of(code)) - exponent_of(code)
    if type(amount) is not int:
        raise TypeError("an amount is an integer")
    return Money(amount // 10**shift if shift >= 0 else amount * 10**-shift, code)


def _readable(things: Iterator[Any], read: Callable[[Any], T]) -> Iterator[T]:
    """Of a list what can be read; one thing of a kind that is not known does not hide all the others."""
    for found in things:
        try:
            value = read(found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.error("stripe.unreadable_object", id=_at(found, "id"), error=type(error).__name__)
        else:
            yield value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("a text is missing")
    return value


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _intent(found: Any) -> Intent:
    currency = found["currency"]
    error = _at(found, "last_payment_error")
    status = INTENT_STATUSES[found["status"]]
    return Intent(
        id=_text(found["id"]),
        status=status,
        amount=_from_stripe(found["amount"], currency),
        captured=_from_stripe(_at(found, "amount_received") or 0, currency),
        refunded=_from_stripe(_at(found, "latest_charge", "amount_refunded") or 0, currency),
        order_id=str(_at(found, "metadata", "order_id") or ""),
        payment_id=str(_at(found, "metadata", "payment_id") or ""),
        client_secret=str(_at(found, "client_secret") or ""),
        card=_card(_at(found, "payment_method")) or _card(_at(error, "payment_method")),
        failure="" if status == "succeeded" else str(_at(error, "message") or ""),
        failure_code="" if status == "succeeded" else str(_at(error, "decline_code") or _at(error, "code") or ""),
        created_at=_moment(found["created"]),
        customer=str(_at(found, "customer") or ""),
        keeps_card=bool(_at(found, "setup_future_usage")),
    )


def _card(method: Any) -> Card | None:
    """The card of a payment method; None for another kind, and for one of which only the id is told."""
    card = _at(method, "card")
    if card is None:
        return None
    return Card(
        id=_text(method["id"]),
        brand=str(_at(card, "brand") or ""),
        last4=str(_at(card, "last4") or ""),
        expires=f"{_at(card, 'exp_month') or 0:02d}/{_at(card, 'exp_year') or 0}",
        fingerprint=str(_at(card, "fingerprint") or ""),
    )


def _refund(found: Any) -> ProviderRefund:
    return ProviderRefund(
        id=_text(found["id"]),
        status=REFUND_STATUSES[found["status"]],
        amount=_from_stripe(found["amount"], found["currency"]),
        intent_id=str(_at(found, "payment_intent") or ""),
        refund_id=str(_at(found, "metadata", "refund_id") or ""),
        failure=str(_at(found, "failure_reason") or ""),
        created_at=_moment(found["created"]),
    )


def _dispute(found: Any) -> ProviderDispute:
    due = _at(found, "evidence_details", "due_by")
    return ProviderDispute(
        id=_text(found["id"]),
        status=_text(found["status"]),
        reason=str(_at(found, "reason") or ""),
        amount=_from_stripe(found["amount"], found["currency"]),
        intent_id=str(_at(found, "payment_intent") or ""),
        evidence_due_at=_moment(due) if due else None,
        is_closed=found["status"] in CLOSED_DISPUTES,
    )


def _subscription(found: Any) -> ProviderSubscription:
    ends = [end for item in _at(found, "items", "data") or [] if (end := _at(item, "current_period_end"))]
    return ProviderSubscription(
        id=_text(found["id"]),
        status=_text(found["status"]),
        customer=str(_at(found, "customer") or ""),
        current_period_ends_at=_moment(max(ends)) if ends else None,
        ends_with_period=bool(_at(found, "cancel_at_period_end")),
    )


def _subject_id(subject: Any) -> str:
    """What an event is about: of a charge its payment, of an invoice its standing order, else the object itself.

    A charge or an invoice cannot be fetched by shop.payment_provider; what they belong to can.
    """
    told = {"charge": ("payment_intent",), "invoice": ("parent", "subscription_details", "subscription")}
    owner = _at(subject, *told.get(str(_at(subject, "object")), ("",)))
    return str(owner or _at(subject, "id") or "")
