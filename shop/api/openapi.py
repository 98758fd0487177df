"""The thin layer: an endpoint declares its input and output models, and the same models make the OpenAPI document."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Flask, Response, request
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.exceptions import UnsupportedMediaType

from shop.api.schemas import ErrorAnswer
from shop.domain.inputs import Input, read_json, read_query

F = TypeVar("F", bound=Callable[..., Any])
PREFIX = "/api/v1"
MEANINGS = {
    200: "Done",
    201: "Made",
    202: "Taken; shown later",
    204: "Done; no body",
    304: "Not modified",
    400: "Malformed JSON, or a reference in the body that names nothing",
    401: "Credentials are missing or wrong",
    402: "The bank refused; its reason is the message, and the order can be paid again",
    403: "Not allowed",
    404: "Not found, or not yours",
    405: "Another method is needed; see Allow",
    409: "In conflict with the present state",
    410: "Ended",
    413: "The body is too large",
    415: "Send application/json",
    422: "A field's value is wrong",
    429: "Too many; see Retry-After",
    503: "Try again soon; see Retry-After",
}


@dataclass(frozen=True)
class Endpoint:
    """What an endpoint takes and answers."""

    summary: str
    body: type[Input] | None = None
    body_required: bool = True
    query: type[Input] | None = None
    answers: Mapping[int, type[BaseModel] | None] = field(default_factory=dict)
    errors: Sequence[int] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    by_order_token: bool = False  # beside everything below /orders/
    by_token: bool = False  # a customer's own: without an access token it is 401


def endpoint(summary: str, **declared: Any) -> Callable[[F], F]:
    """Declare an API endpoint: its query and body are read by their models before the view is called.

    The view takes `query` and `body` by name, and returns a pydantic model, or (model, status), or a Response.
    """
    description = Endpoint(summary, **declared)

    def declare(view: F) -> F:
        @functools.wraps(view)
        def run(*args: Any, **kwargs: Any) -> Response:
            if description.query is not None:
                kwargs["query"] = read_query(description.query, request.args)
            if description.body is not None:
                kwargs["body"] = _read_body(description)
            return _to_response(view(*args, **kwargs))

        run.__endpoint__ = description  # type: ignore[attr-defined]
        return run  # type: ignore[return-value]

    return declare


def _read_body(description: Endpoint) -> Input:
    assert description.body is not None
    raw = request.get_data(cache=True)
    if not raw and not description.body_required:
        raw = b"{}"
    elif not request.is_json:
        raise UnsupportedMediaType("Send the body as JSON with the header Content-Type: application/json.")
    return read_json(description.body, raw)


def _to_response(result: Any) -> Response:
    model, status = result if isinstance(result, tuple) else (result, 200)
    if isinstance(model, Response):
        return model
    if model is None:
        return Response(status=204)
    return Response(model.model_dump_json(by_alias=True), status, mimetype="application/json")


# -- the document -----------------------------------------------------------------------------------------------------


def build_document(app: Flask, *, title: str, server: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of every declared endpoint."""
    found = [(rule, _declared(app.view_functions[rule.endpoint])) for rule in app.url_map.iter_rules()]
    rules = sorted(((rule, described) for rule, described in found if described), key=lambda pair: pair[0].rule)
    pairs: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ErrorAnswer, "serialization"): None}
    for _, described in rules:
        if described.body:
            pairs[(described.body, "validation")] = None
        for answer in described.answers.values():
            if answer is not None:
                pairs[(answer, "serialization")] = None
    refs, schemas = models_json_schema(list(pairs), ref_template="#/components/schemas/{model}")
    paths: dict[str, dict[str, Any]] = {}
    for rule, described in rules:
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for method in sorted(rule.methods & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
            paths.setdefault(path, {})[method.lower()] = _operation(rule, method, described, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1.0.0", "description": DESCRIPTION},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "orderToken": {"type": "apiKey", "in": "header", "name": "X-Order-Token"},
                "orderTokenInQuery": {"type": "apiKey", "in": "query", "name": "token"},
            },
        },
    }


DESCRIPTION = (
    "The same operations as the pages of the shop. Amounts are integers in minor units of the currency beside them "
    "(USD 54.95 is 5495, JPY 500 is 500, JOD 84.200 is 84200). Times are RFC 3339 UTC. Ids are opaque."
)


def _declared(view: Any) -> Endpoint | None:
    while view is not None:
        if hasattr(view, "__endpoint__"):
            return view.__endpoint__
        view = getattr(view, "__wrapped__", None)
    return None


def _operation(rule: Any, method: str, described: Endpoint, refs: Mapping[Any, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": rule.endpoint.rpartition(".")[2],
        "summary": described.summary,
        "tags": [rule.rule.removeprefix(PREFIX).strip("/").split("/")[0] or "documents"],
        "parameters": _parameters(rule, method, described),
        "responses": {},
    }
    if described.body is not None:
        content = {"application/json": {"schema": refs[(described.body, "validation")]}}
        made["requestBody"] = {"required": described.body_required, "content": content}
    for status, answer in described.answers.items():
        made["responses"][str(status)] = _answer(status, refs[(answer, "serialization")] if answer else None)
    for status in sorted({*described.errors, 429, 503}):
        made["responses"][str(status)] = _answer(status, refs[(ErrorAnswer, "serialization")])
    if rule.rule.startswith(f"{PREFIX}/orders/") or described.by_order_token:
        made["security"] = [{"orderToken": []}, {"orderTokenInQuery": []}, {"accessToken": []}]
    if described.by_token:
        made["security"] = [{"accessToken": []}]
    return made


def _answer(status: int, schema: Any) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": MEANINGS[status]}
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema}}
    answer["headers"] = {"X-Request-ID": {"schema": {"type": "string"}, "description": "Quote it when asking for help"}}
    return answer


def _parameters(rule: Any, method: str, described: Endpoint) -> list[dict[str, Any]]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in sorted(rule.arguments)
    ]
    if described.query is not None:
        schema = described.query.model_json_schema(by_alias=True)
        for name, value in schema["properties"].items():
            if value.get("type") == "object":
                parameters.append(_parameters_by_name(name, value))
                continue
            parameters.append(
                {"name": name, "in": "query", "required": name in schema.get("required", []), **_plain(value)}
            )
    for name, text in described.headers.items():
        parameters.append(
            {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        )
    return parameters


def _parameters_by_name(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Parameters such as attr.size: in this style each property of the object is a parameter of its own."""
    inner = {"type": "object", "patternProperties": {rf"^{name}\..+$": schema["additionalProperties"]}}
    return {
        "name": name,
        "in": "query",
        "required": False,
        "style": "form",
        "explode": True,
        "description": f"By any facet of the answer, such as {name}.size=30%20ml; repeat it for “or”.",
        "schema": {**inner, "additionalProperties": False},
        "example": {f"{name}.size": ["30 ml", "50 ml"]},
    }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter cannot be null: the null branch of an optional one is left out."""
    branches = [branch for branch in schema.pop("anyOf", []) if branch.get("type") != "null"]
    merged = {**(branches[0] if branches else {}), **schema}
    merged.pop("title", None)
    if merged.get("default", 0) is None:
        merged.pop("default")
    return {"schema": merged}
