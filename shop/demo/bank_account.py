"""The shop's account at the bank of the demo, as settings: made without loading the bank, so that a start is quick."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping

from shop.demo.place import reachable


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the shop has no account anywhere else; half of one is a mistake to be told, not to be filled up."""
    return not any(value for name, value in environment.items() if name.startswith("STRIPE_"))


def open_account(base_url: str) -> dict[str, str]:
    """Keys for one run, and where the bank is."""
    return {
        "STRIPE_SECRET_KEY": f"sk_test_bank{secrets.token_hex(16)}",
        "STRIPE_PUBLISHABLE_KEY": f"pk_test_bank{secrets.token_hex(16)}",
        "STRIPE_WEBHOOK_SECRET": f"whsec_bank{secrets.token_hex(16)}",
        "STRIPE_API_BASE": base_url,
        "STRIPE_JS_URL": f"{base_url}/v3/",
    }


def wanted_port(shop_port: int) -> int:
    """Near the shop's own, so that two shops side by side have two banks."""
    return shop_port + 111 if shop_port + 211 <= 65535 else shop_port - 211


def webhook_url(environment: Mapping[str, str]) -> str:
    """Where the shop of this environment is told what happened."""
    return f"http://{reachable(environment['HOST'])}:{environment['PORT']}/webhooks/stripe"


def bank_command() -> list[str]:
    """The bank's process, in this Python."""
    return [sys.executable, "-m", "shop.demo.bank"]
