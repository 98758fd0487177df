"""What goes wrong between the shop and its bank: a WSGI wrapper for the calls, and a shuffler for the events."""

from __future__ import annotations

import collections
import contextlib
import io
import json
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shop.demo.bank.webhooks import sign

Kind = Literal[
    "delay",  # late, but right
    "timeout_before",  # nothing is done, and no answer comes in time
    "timeout_after",  # it is done, and no answer comes in time
    "error_before",  # 500, nothing is done
    "error_after",  # it is done, and the answer is a 500, which the same key gets again for ever (F15)
    "conflict",  # 409: somebody else holds the object
    "busy",  # 429
    "reset_before",  # the connection breaks, nothing is done
    "reset_after",  # it is done, and the connection breaks
    "garbage",  # 200 and a page of HTML
    "huge",  # 200 and no end
]
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
HUGE = 9 * 1024 * 1024


@dataclass
class Fault:
    """One thing to go wrong, for the next `times` calls whose "METHOD /path" matches `pattern`."""

    kind: Kind
    pattern: str = ""
    times: int = 1
    seconds: float = 0.6


@dataclass
class Faults:
    """Wraps a WSGI application. `calls` is everything that came, as "METHOD /path"; `done`, how often each thing
    went wrong."""

    app: App
    calls: list[str] = field(default_factory=list)
    done: collections.Counter[Kind] = field(default_factory=collections.Counter)

    def __post_init__(self) -> None:
        self._planned: list[Fault] = []
        self._odds: list[tuple[float, Fault]] = []
        self._random = random.Random(0)
        self._failed_keys: set[str] = set()
        self._lock = threading.Lock()

    def plan(self, kind: Kind, pattern: str = "", times: int = 1, seconds: float = 0.6) -> None:
        """Let the next matching calls go wrong in this way."""
        self._planned.append(Fault(kind, pattern, times, seconds))

    def chance(self, seed: int, odds: dict[Kind, float], pattern: str = "", seconds: float = 0.6) -> None:
        """Let every matching call go wrong with these odds; the same for the same seed and order of calls."""
        self._random = random.Random(seed)
        self._odds = [(share, Fault(kind, pattern, 1, seconds)) for kind, share in odds.items()]

    def stop(self) -> None:
        """Everything works again, but for the keys whose 500 is kept."""
        self._planned, self._odds = [], []

    def _next(self, call: str) -> Fault | None:
        with self._lock:
            self.calls.append(call)
            for fault in self._planned:
                if fault.times and re.search(fault.pattern, call):
                    fault.times -= 1
                    return fault
            drawn = self._random.random() if self._odds else 1.0
            for share, fault in self._odds:
                if drawn < share:
                    return fault if re.search(fault.pattern, call) else None
                drawn -= share
        return None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        key = environ.get("HTTP_IDEMPOTENCY_KEY", "")
        if key in self._failed_keys:
            return _error(start_response, 500, "api_error", should_retry=False)
        fault = self._next(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if fault is None:
            return self.app(environ, start_response)
        self.done[fault.kind] += 1
        _read_body(environ)
        if fault.kind in {"delay", "timeout_before"}:
            time.sleep(fault.seconds)
        if fault.kind == "delay":
            return self.app(environ, start_response)
        if fault.kind in {"timeout_after", "error_after", "reset_after"}:
            self._do_unheard(environ)
        if fault.kind == "timeout_after":
            time.sleep(fault.seconds)
        if fault.kind == "error_after" and key:
            self._failed_keys.add(key)
        if fault.kind.startswith("reset"):
            _break(environ)
        return _answer(fault.kind, start_response)

    def _do_unheard(self, environ: dict[str, Any]) -> None:
        answer = self.app(environ, lambda *_parts: lambda _data: None)
        for _part in answer:
            pass
        if hasattr(answer, "close"):
            answer.close()


def _read_body(environ: dict[str, Any]) -> None:
    """Take the body off the wire, so that it is there for whoever comes later."""
    environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def _answer(kind: Kind, start_response: Callable[..., Any]) -> Iterable[bytes]:
    if kind == "conflict":
        return _error(start_response, 409, "invalid_request_error", code="lock_timeout")
    if kind == "busy":
        return _error(start_response, 429, "invalid_request_error", code="rate_limit")
    if kind in {"garbage", "huge"}:
        body = b"<h1>Bad gateway</h1>" if kind == "garbage" else b" " * HUGE
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
        return [body]
    return _error(start_response, 500, "api_error")


def _error(
    start_response: Callable[..., Any],
    status: int,
    kind: str,
    code: str | None = None,
    should_retry: bool | None = None,
) -> Iterable[bytes]:
    body = json.dumps({"error": {"type": kind, "code": code, "message": "Something went wrong."}}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Request-Id", "req_fault")]
    if should_retry is not None:
        headers.append(("Stripe-Should-Retry", "true" if should_retry else "false"))
    start_response(f"{status} Fault", headers)
    return [body]


def _break(environ: dict[str, Any]) -> None:
    connection: socket.socket = environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("a fault broke the connection")


# -- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Delivery:
    """One post to /webhooks/stripe, and whether the shop may believe it."""

    body: bytes
    signature: str
    is_genuine: bool = True


def disturb(
    bodies: Sequence[bytes], secret: str, seed: int, *, copies: float = 0.3, drops: float = 0.0, forged: float = 0.2
) -> list[Delivery]:
    """The events in any order, some more than once, some never, and among them some that nobody may believe."""
    chance = random.Random(seed)
    found: list[Delivery] = []
    for body in bodies:
        if chance.random() < drops:
            continue
        times = 1 + (chance.random() < copies) + (chance.random() < copies / 2)
        found += [Delivery(body, sign(body, secret, int(time.time()))) for _ in range(times)]
        if chance.random() < forged:
            found.append(Delivery(body, chance.choice(list(forgeries(body, secret).values())), is_genuine=False))
    chance.shuffle(found)
    return found


def forgeries(body: bytes, secret: str) -> dict[str, str]:
    """Signatures that must be refused, by what is wrong with them."""
    now = int(time.time())
    return {
        "stale": sign(body, secret, now - 301),
        "future": sign(body, secret, now + 310),
        "wrong secret": sign(body, secret + "x", now),
        "other body": sign(body + b" ", secret, now),
        "no signature": f"t={now}",
        "old scheme alone": sign(body, secret, now).replace("v1=", "v0="),
        "empty": "",
    }
