"""What the bank does: take payments, give money back, quarrel about it, keep cards. Inside the store's transactions."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from shop.demo.bank.errors import BankError, invalid, missing, out_of_place
from shop.demo.bank.outcomes import OUTCOMES, Outcome
from shop.demo.bank.store import Store, Thing

CONFIRMABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
LARGEST_AMOUNT = 99_999_999
EVIDENCE_WITHIN = 7 * 24 * 3600
PERIOD = 30 * 24 * 3600
Params = dict[str, Any]


class Bank:
    """The rules, over one store. `slow_seconds`: how long what takes a while takes."""

    def __init__(self, store: Store, base_url: str, version: str, slow_seconds: float = 5) -> None:
        self.store = store
        self.base_url = base_url.rstrip("/")
        self.version = version
        self.slow_seconds = slow_seconds

    def get(self, kind: str, object_id: str, param: str = "id") -> Thing:
        """The object. Raises BankError 404."""
        found = self.store.find(kind, object_id)
        if found is None:
            raise missing(kind, object_id, param)
        return found

    # -- payments ----------------------------------------------------------------------------------------------------

    def create_intent(self, params: Params) -> Thing:
        amount = whole_number(params, "amount")
        currency = str(params.get("currency", "")).lower()
        if not (len(currency) == 3 and currency.isalpha()):
            raise invalid(f"Invalid currency: {currency}.", "currency")
        if not 0 < amount <= LARGEST_AMOUNT:
            raise invalid("Amount must be between 1 and 99999999.", "amount", "amount_too_small")
        automatic = params.get("automatic_payment_methods") or {}
        named = list((params.get("payment_method_types") or {"0": "card"}).values())
        if automatic and "payment_method_types" in params:
            raise invalid("You may only specify one of `automatic_payment_methods` and `payment_method_types`.")
        is_confirmed = params.get("confirm") == "true"
        may_redirect = "payment_method_types" not in params and automatic.get("allow_redirects") != "never"
        if is_confirmed and may_redirect and not params.get("return_url"):
            raise invalid("This PaymentIntent may redirect: provide a `return_url`.", "return_url")
        if customer := params.get("customer"):
            self.get("customer", customer, "customer")
        if method := params.get("payment_method"):
            method = self._method_of(method, customer)["id"]
        secret = secrets.token_hex(12)
        intent = self.store.add(
            "payment_intent",
            "pi",
            amount=amount,
            amount_capturable=0,
            amount_received=0,
            automatic_payment_methods={"enabled": automatic.get("enabled") == "true"} if automatic else None,
            canceled_at=None,
            cancellation_reason=None,
            capture_method="automatic",
            confirmation_method="automatic",
            currency=currency,
            customer=customer,
            description=params.get("description"),
            last_payment_error=None,
            latest_charge=None,
            metadata=params.get("metadata") or {},
            next_action=None,
            payment_method=method,
            payment_method_types=named,
            processing=None,
            receipt_email=params.get("receipt_email"),
            setup_future_usage=params.get("setup_future_usage"),
            status="requires_confirmation" if method else "requires_payment_method",
        )
        intent["client_secret"] = f"{intent['id']}_secret_{secret}"
        self.store.save(intent)
        self.tell("payment_intent.created", intent)
        return self._confirm(intent, params) if is_confirmed else intent

    def change_intent(self, intent_id: str, params: Params) -> Thing:
        """Say anew whose card pays and whether it is kept, while none has paid."""
        intent = self.get("payment_intent", intent_id, "intent")
        if intent["status"] not in CONFIRMABLE:
            raise _unexpected_state(intent, "updated")
        if customer := params.get("customer"):
            intent["customer"] = self.get("customer", customer, "customer")["id"]
        if "setup_future_usage" in params:
            intent["setup_future_usage"] = params["setup_future_usage"] or None
        self.store.save(intent)
        return intent

    def confirm_intent(self, intent_id: str, params: Params) -> Thing:
        intent = self.get("payment_intent", intent_id, "intent")
        if intent["status"] not in CONFIRMABLE:
            raise _unexpected_state(intent, "confirmed")
        if method := params.get("payment_method"):
            intent["payment_method"] = self._method_of(method, intent["customer"])["id"]
        if not intent["payment_method"]:
            raise invalid("You cannot confirm this PaymentIntent: it has no payment method.", "payment_method")
        return self._confirm(intent, params)

    def _confirm(self, intent: Thing, params: Params) -> Thing:
        method = self.get("payment_method", intent["payment_method"])
        outcome = OUTCOMES[method["_outcome"]]
        if params.get("setup_future_usage"):
            intent["setup_future_usage"] = params["setup_future_usage"]
        intent["last_payment_error"] = intent["next_action"] = None
        if outcome.is_asked:
            return self._ask(intent, str(params.get("return_url") or ""))
        if outcome.is_slow:
            intent |= {"status": "processing", "processing": {"type": "card"}, "_due_at": self._soon()}
            self.store.save(intent)
            return self.tell("payment_intent.processing", intent)
        if outcome.decline:
            raise self._decline(intent, method, outcome.decline)
        return self._capture(intent, method, outcome)

    def _ask(self, intent: Thing, return_url: str) -> Thing:
        if return_url and urlsplit(return_url).scheme not in {"http", "https"}:
            raise invalid("Not a valid URL", "return_url", "url_invalid")
        page = f"{self.base_url}/3ds/{intent['id']}?{urlencode({'client_secret': intent['client_secret']})}"
        intent |= {
            "status": "requires_action",
            "next_action": {
                "type": "redirect_to_url",
                "redirect_to_url": {"url": page, "return_url": return_url or None},
            },
        }
        self.store.save(intent)
        return self.tell("payment_intent.requires_action", intent)

    def answer_question(self, intent_id: str, client_secret: str, approves: bool) -> tuple[Thing, str]:
        """What the customer said on the 3-D Secure page: the payment, and where to send them."""
        intent = self.get("payment_intent", intent_id)
        if not secrets.compare_digest(client_secret.encode(), intent["client_secret"].encode()):
            raise missing("payment_intent", intent_id)
        if intent["status"] == "requires_action":
            return_url = intent["next_action"]["redirect_to_url"]["return_url"]
            intent["_return_url"], intent["next_action"] = return_url, None
            method = self.get("payment_method", intent["payment_method"])
            if approves:
                self._capture(intent, method, OUTCOMES[method["_outcome"]])
            else:
                sentence = "The bank could not make sure that it was you."
                self._decline(intent, method, ("payment_intent_authentication_failure", "", sentence))
        return intent, intent.get("_return_url") or ""

    def _capture(self, intent: Thing, method: Thing, outcome: Outcome) -> Thing:
        charge = self._charge(intent, method, status="succeeded", paid=True, captured=True)
        intent |= {
            "status": "succeeded",
            "amount_received": intent["amount"],
            "latest_charge": charge["id"],
            "processing": None,
            "last_payment_error": None,
            "_due_at": None,
        }
        self.store.save(intent)
        self.store.write("capture", charge, charge["id"], intent)
        if intent["setup_future_usage"] and intent["customer"]:
            self.attach(method["id"], intent["customer"])
        else:
            method["_is_used"] = True
            self.store.save(method)
        self.tell("charge.succeeded", charge)
        self.tell("payment_intent.succeeded", intent)
        if outcome.is_disputed:
            self.open_dispute(charge["id"])
        return intent

    def _decline(self, intent: Thing, method: Thing, decline: tuple[str, str, str]) -> BankError:
        """Write the refusal down; the error that tells it."""
        code, decline_code, sentence = decline
        charge = self._charge(
            intent,
            method,
            status="failed",
            paid=False,
            captured=False,
            failure_code=code,
            failure_message=sentence,
        )
        told = {"code": code, "decline_code": decline_code or None, "charge": charge["id"]}
        intent |= {
            "status": "requires_payment_method",
            "latest_charge": charge["id"],
            "payment_method": None,
            "processing": None,
            "last_payment_error": {
                "type": "card_error",
                "message": sentence,
                **{name: value for name, value in told.items() if value},
                "payment_method": shown(method),
            },
            "_due_at": None,
        }
        self.store.save(intent)
        self.tell("charge.failed", charge)
        self.tell("payment_intent.payment_failed", intent)
        return BankError(
            402,
            "card_error",
            sentence,
            is_kept=True,
            **told,
            payment_intent=shown(intent),
            payment_method=shown(method),
        )

    def _charge(self, intent: Thing, method: Thing, **fields: Any) -> Thing:
        given = {"failure_code": None, "failure_message": None, **fields}
        return self.store.add(
            "charge",
            "ch",
            amount=intent["amount"],
            amount_captured=intent["amount"] if fields["captured"] else 0,
            amount_refunded=0,
            currency=intent["currency"],
            customer=intent["customer"],
            disputed=False,
            metadata=intent["metadata"],
            payment_intent=intent["id"],
            payment_method=method["id"],
            payment_method_details={"type": "card", "card": method["card"]},
            refunded=False,
            **given,
        )

    def cancel_intent(self, intent_id: str, params: Params) -> Thing:
        intent = self.get("payment_intent", intent_id, "intent")
        if intent["status"] not in CONFIRMABLE:
            raise _unexpected_state(intent, "canceled")
        intent |= {
            "status": "canceled",
            "canceled_at": int(self.store.clock()),
            "cancellation_reason": params.get("cancellation_reason"),
            "next_action": None,
        }
        self.store.save(intent)
        return self.tell("payment_intent.canceled", intent)

    def complete_due(self) -> None:
        """Let happen what takes a while and whose time has come."""
        with self.store.transaction():
            for thing in self.store.list_due():
                if thing["object"] == "refund":
                    self._finish_refund(thing)
                else:
                    self._finish_intent(thing)

    def _finish_intent(self, intent: Thing) -> None:
        method = self.get("payment_method", intent["payment_method"])
        outcome = OUTCOMES[method["_outcome"]]
        if outcome.decline:
            self._decline(intent, method, outcome.decline)
        else:
            self._capture(intent, method, outcome)

    def _soon(self) -> float:
        return self.store.clock() + self.slow_seconds

    # -- refunds -----------------------------------------------------------------------------------------------------

    def create_refund(self, params: Params) -> Thing:
        intent, charge = self._paid(params)
        left = charge["amount"] - charge["amount_refunded"]
        amount = whole_number(params, "amount") if "amount" in params else left
        if charge["disputed"]:
            raise out_of_place(
                f"Charge {charge['id']} has been charged back; cannot issue a refund.", "charge_disputed"
            )
        if not left:
            raise out_of_place(f"Charge {charge['id']} has already been refunded.", "charge_already_refunded")
        if not 0 < amount <= left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise BankError(400, "invalid_request_error", message, is_kept=True, param="amount")
        ends = OUTCOMES[self.get("payment_method", charge["payment_method"])["_outcome"]].refunds
        refund = self.store.add(
            "refund",
            "re",
            amount=amount,
            charge=charge["id"],
            currency=charge["currency"],
            failure_reason=None,
            metadata=params.get("metadata") or {},
            payment_intent=intent["id"],
            reason=params.get("reason"),
            status="succeeded" if ends == "succeeded" else "pending",
            _ends=ends,
            _due_at=None if ends == "succeeded" else self._soon(),
        )
        self._count_back(charge, amount)
        if ends == "succeeded":
            self._write_refund(refund, intent)
        self.tell("refund.created", refund)
        self.tell("charge.refunded", charge)
        return refund

    def _finish_refund(self, refund: Thing) -> None:
        intent, charge = self.get("payment_intent", refund["payment_intent"]), self.get("charge", refund["charge"])
        refund["_due_at"] = None
        if refund["_ends"] == "failed":
            refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
            self._count_back(charge, -refund["amount"])
            self.store.save(refund)
            self.tell("refund.failed", refund)
        else:
            refund["status"] = "succeeded"
            self.store.save(refund)
            self._write_refund(refund, intent)
            self.tell("refund.updated", refund)

    def _paid(self, params: Params) -> tuple[Thing, Thing]:
        """The payment that a refund is for, with its charge."""
        if params.get("charge"):
            charge = self.get("charge", params["charge"], "charge")
            return self.get("payment_intent", charge["payment_intent"]), charge
        intent = self.get("payment_intent", str(params.get("payment_intent", "")), "payment_intent")
        if intent["status"] != "succeeded":
            raise invalid(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.", "payment_intent"
            )
        return intent, self.get("charge", intent["latest_charge"])

    def _count_back(self, charge: Thing, amount: int) -> None:
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.store.save(charge)

    def _write_refund(self, refund: Thing, intent: Thing) -> None:
        self.store.write("refund", refund, refund["id"], intent, refund["metadata"].get("refund_id", ""))

    # -- disputes ----------------------------------------------------------------------------------------------------

    def open_dispute(self, charge_id: str) -> Thing:
        """The customer's bank wants the money of a charge back, and takes it."""
        charge = self.get("charge", charge_id)
        if not charge["paid"] or charge["disputed"]:
            raise out_of_place("This charge cannot be disputed.", "charge_disputed")
        dispute = self.store.add(
            "dispute",
            "dp",
            amount=charge["amount"],
            charge=charge["id"],
            currency=charge["currency"],
            evidence_details={"due_by": int(self.store.clock()) + EVIDENCE_WITHIN, "has_evidence": False},
            is_charge_refundable=False,
            metadata={},
            payment_intent=charge["payment_intent"],
            reason="fraudulent",
            status="needs_response",
        )
        charge["disputed"] = True
        self.store.save(charge)
        self.store.write("dispute", dispute, dispute["id"], self.get("payment_intent", charge["payment_intent"]))
        self.tell("charge.dispute.created", dispute)
        return self.tell("charge.dispute.funds_withdrawn", dispute)

    def close_dispute(self, dispute_id: str, status: str) -> Thing:
        """Decide it: won by the shop, which gets the money back, or lost."""
        dispute = self.get("dispute", dispute_id)
        if dispute["status"] != "needs_response":
            raise out_of_place("This dispute is already closed.", "dispute_closed")
        dispute["status"] = status
        self.store.save(dispute)
        if status == "won":
            charge = self.get("charge", dispute["charge"])
            charge["disputed"] = False
            self.store.save(charge)
            intent = self.get("payment_intent", dispute["payment_intent"])
            self.store.write("dispute_won", dispute, f"{dispute['id']}_won", intent)
            self.tell("charge.dispute.funds_reinstated", dispute)
        return self.tell("charge.dispute.closed", dispute)

    # -- customers, cards, standing orders ---------------------------------------------------------------------------

    def create_customer(self, params: Params) -> Thing:
        given = {name: params.get(name) for name in ("email", "name", "description")}
        customer = self.store.add("customer", "cus", **given, metadata=params.get("metadata") or {})
        return self.tell("customer.created", customer)

    def _method_of(self, name: str, customer: str | None) -> Thing:
        """The payment method of that name; one that only names an outcome is made new, as for a card just typed."""
        if name in OUTCOMES:
            return self._make_method(OUTCOMES[name])
        method = self.get("payment_method", name, "payment_method")
        if method["customer"] and method["customer"] != customer:
            raise invalid("The payment method belongs to another customer.", "payment_method")
        if method["_is_used"] and not method["customer"]:
            raise invalid("The payment method was used before without being attached to a customer.", "payment_method")
        return method

    def _make_method(self, outcome: Outcome) -> Thing:
        card = {
            "brand": outcome.brand,
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": hashlib.sha256(outcome.method.encode()).hexdigest()[:16],
            "funding": "credit",
            "last4": outcome.last4,
        }
        fields: dict[str, Any] = {"type": "card", "card": card, "customer": None, "metadata": {}}
        return self.store.add("payment_method", "pm", **fields, _outcome=outcome.method, _is_used=False)

    def attach(self, method_id: str, customer: str) -> Thing:
        method = self._method_of(method_id, customer)
        method["customer"] = self.get("customer", customer, "customer")["id"]
        self.store.save(method)
        return self.tell("payment_method.attached", method)

    def detach(self, method_id: str) -> Thing:
        method = self.get("payment_method", method_id, "payment_method")
        if not method["customer"]:
            raise invalid("The payment method is not attached to a customer, so detachment is impossible.")
        method |= {"customer": None, "_is_used": True}
        self.store.save(method)
        return self.tell("payment_method.detached", method)

    def create_setup_intent(self, params: Params) -> Thing:
        """Keep a card without a payment; at once, since no outcome but a refusal stands against it."""
        customer = self.get("customer", str(params.get("customer", "")), "customer")["id"]
        method = self._method_of(str(params.get("payment_method", "")), customer)
        decline = OUTCOMES[method["_outcome"]].decline
        if decline:
            code, decline_code, sentence = decline
            raise BankError(402, "card_error", sentence, is_kept=True, code=code, decline_code=decline_code or None)
        self.attach(method["id"], customer)
        setup = self.store.add(
            "setup_intent", "seti", customer=customer, payment_method=method["id"], status="succeeded", metadata={}
        )
        return self.tell("setup_intent.succeeded", setup)

    def create_subscription(self, params: Params) -> Thing:
        customer = self.get("customer", str(params.get("customer", "")), "customer")
        end = int(self.store.clock()) + PERIOD
        item = {"object": "subscription_item", "current_period_end": end, "quantity": 1}
        subscription = self.store.add(
            "subscription",
            "sub",
            cancel_at_period_end=False,
            customer=customer["id"],
            items={"object": "list", "data": [item], "has_more": False},
            metadata=params.get("metadata") or {},
            status="active",
        )
        return self.tell("customer.subscription.created", subscription)

    def change_subscription(self, subscription_id: str, params: Params) -> Thing:
        subscription = self.get("subscription", subscription_id)
        subscription["cancel_at_period_end"] = params.get("cancel_at_period_end") == "true"
        self.store.save(subscription)
        return self.tell("customer.subscription.updated", subscription)

    def end_subscription(self, subscription_id: str) -> Thing:
        subscription = self.get("subscription", subscription_id)
        subscription["status"] = "canceled"
        self.store.save(subscription)
        return self.tell("customer.subscription.deleted", subscription)

    def tell(self, type_: str, thing: Thing) -> Thing:
        """Owe the shop an event about this; the thing itself."""
        self.store.emit(type_, thing, self.version)
        return thing


def shown(thing: Thing) -> Thing:
    """The object without what is the bank's own."""
    return {name: value for name, value in thing.items() if not name.startswith("_")}


def whole_number(params: Params, name: str) -> int:
    """An integer of the request. Raises BankError 400."""
    text = str(params.get(name, ""))
    if not text:
        raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    if not (text.isascii() and text.removeprefix("-").isdecimal()):
        raise invalid(f"Invalid integer: {text}", name, "parameter_invalid_integer")
    return int(text)


def _unexpected_state(intent: Thing, verb: str) -> BankError:
    message = f"This PaymentIntent could not be {verb} because it has a status of {intent['status']}."
    return out_of_place(message, "payment_intent_unexpected_state", payment_intent=shown(intent))
