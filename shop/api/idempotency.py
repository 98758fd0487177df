"""Idempotency-Key: the same key and body replays the first answer (api.md; reliability.md D23)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from flask import Response, json, request

from shop.domain.idempotency import Claim, claim_key, drop_claim, store_answer
from shop.errors import Detail, Invalid, ShopError

KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
Body = dict[str, Any]
HEADER = {"Idempotency-Key": "1-255 visible ASCII characters; the same key and body within 24 hours is one effect"}


def once(
    principal: str,
    run: Callable[[Claim | None], Response],
    *,
    resume: Callable[[str], Response] | None = None,
    hide: Callable[[Body], Body] = lambda answer: answer,
    reveal: Callable[[Body], Body] = lambda answer: answer,
) -> Response:
    """Run at most once per key of the principal; a repetition gets the first answer with `Idempotent-Replayed: true`.

    `resume` answers for the thing that an earlier run made when that run crashed before its answer was stored. Answers
    are stored without their secrets: `hide` takes them out, `reveal` computes them anew for a replay. Raises Invalid
    for a bad key or another body, Conflict while the first is running.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return run(None)
    if not KEY.fullmatch(key):
        raise Invalid("This Idempotency-Key cannot be used.", [Detail("Idempotency-Key", HEADER["Idempotency-Key"])])
    claim = claim_key(principal, key, _fingerprint())
    if claim.answer is not None:
        return _replayed(Response(json.dumps(reveal(claim.answer)), claim.status_code, mimetype="application/json"))
    if claim.resource_id is not None and resume is not None:
        response = resume(claim.resource_id)
        store_answer(claim, response.status_code, hide(response.get_json()))
        return _replayed(response)
    try:
        response = run(claim)
    except ShopError:
        drop_claim(claim)
        raise
    store_answer(claim, response.status_code, hide(response.get_json()))
    return response


def _fingerprint() -> str:
    body = json.dumps(request.get_json(silent=True), sort_keys=True).encode()
    return hashlib.sha256(b"\n".join([request.method.encode(), request.path.encode(), body])).hexdigest()


def _replayed(response: Response) -> Response:
    response.headers["Idempotent-Replayed"] = "true"
    return response
