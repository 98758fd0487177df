"""Reading what comes from outside: one pydantic model per operation, read alike from a JSON body and from a form.

JSON is read strictly and unknown fields are refused; a form bears the JSON names (nested ones with a dot), its
unknown fields are dropped, and an empty text is a missing value. Both refuse the same things in the same words.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from shop.errors import Detail, Invalid, Malformed

I = TypeVar("I", bound="Input")  # noqa: E741


class Input(BaseModel):
    """The base of every input model: camelCase names outside, nothing unknown, nothing mutable."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_alias=True, validate_by_name=False
    )


def _one_line(text: str) -> str:
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise ValueError("Remove line breaks and control characters.")
    return text


def _lines(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if any(unicodedata.category(char) == "Cc" and char not in "\n\t" for char in text):
        raise ValueError("Remove control characters.")
    return text


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, allow_smtputf8=False).normalized.lower()
    except EmailNotValidError:
        raise ValueError("Enter an e-mail address like name@example.com.") from None


def _phone(text: str) -> str:
    digits = sum(char.isascii() and char.isdigit() for char in text)
    if not 5 <= digits <= 15 or any(char not in "+0123456789 ()-./" for char in text) or text.rfind("+") > 0:
        raise ValueError("Enter a phone number like +962 7 9012 3456.")
    return text


BETWEEN = "\x1f"  # stands between the values of a repeated parameter; values have no control characters
MOST_VALUES = 20
MOST_NAMES = 10
LONGEST_VALUE, LONGEST_NAME = 255, 80


def _values(given: Any) -> tuple[str, ...]:
    """The values that can be meant, in order; the others are dropped, as unknown parameters are."""
    parts = given.split(BETWEEN) if isinstance(given, str) else given
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("Send a list of texts.")
    return tuple(sorted({part.strip() for part in parts if _can_be_meant(part.strip(), LONGEST_VALUE)})[:MOST_VALUES])


def _values_by_name(given: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    known = {name: given[name] for name in sorted(given) if given[name] and _can_be_meant(name, LONGEST_NAME)}
    return dict(list(known.items())[:MOST_NAMES])


def _can_be_meant(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and not any(unicodedata.category(char) in {"Cc", "Cs"} for char in text)


Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_one_line)]
Verbatim = Annotated[str, AfterValidator(_one_line)]  # spaces at its ends count
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(_lines)]
Lines = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_lines)]  # a field says how many
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_email)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=32), AfterValidator(_phone)]
# A parameter that may be repeated, and parameters such as attr.size that may: by read_query, or as lists in JSON.
Repeated = Annotated[
    tuple[str, ...],
    PlainValidator(_values),
    WithJsonSchema({"type": "array", "items": {"type": "string", "maxLength": LONGEST_VALUE}}),
]
RepeatedByName = Annotated[dict[str, Repeated], AfterValidator(_values_by_name)]
PublicId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,80}$")]
Quantity = Annotated[int, Field(ge=1, le=99)]


def read_json(model: type[I], body: bytes) -> I:
    """Read a JSON body. Raises Malformed when it is no JSON object, Invalid naming each wrong field."""
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise Malformed("The body is no JSON. Send one JSON object, UTF-8 encoded.") from None
        if first["loc"] == ():
            raise Malformed('Send one JSON object as the body, such as {"quantity": 1}.') from None
        raise Invalid("Some fields need another value.", describe(error, model)) from None


def read_form(model: type[I], pairs: Iterable[tuple[str, str]]) -> I:
    """Read form fields that bear the JSON names, of one sent twice the last. Raises Invalid naming each wrong field."""
    values: dict[str, Any] = {}
    for name, text in pairs:
        if text.strip():
            _put(values, model, name.split("."), text)
    try:
        return model.model_validate_strings(values)
    except ValidationError as error:
        raise Invalid("Some fields need another value.", describe(error, model)) from None


def read_query(model: type[I], values: Mapping[str, Any]) -> I:
    """Read query parameters; unknown ones are ignored. Raises Invalid naming each wrong parameter."""
    try:
        return model.model_validate_strings(_parameters(model, values))
    except ValidationError as error:
        raise Invalid("Some parameters need another value.", describe(error, model)) from None


def _parameters(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the model knows, as text; of a repeated one all values, of another the first."""
    getlist = getattr(values, "getlist", lambda name: [values[name]])
    found: dict[str, Any] = {}
    for name, field in ((field.alias or name, field) for name, field in model.model_fields.items()):
        if get_origin(field.annotation) is dict:
            inner = [key for key in values if key.startswith(f"{name}.")]
            found[name] = {key.removeprefix(f"{name}."): _joined(getlist(key)) for key in inner}
        elif values.get(name, "") != "":
            found[name] = _joined(getlist(name)) if get_origin(field.annotation) is tuple else values[name]
    return found


def _joined(texts: list[str]) -> str:
    return BETWEEN.join(text for text in texts if BETWEEN not in text)


def _put(values: dict[str, Any], model: type[BaseModel], path: list[str], text: str) -> None:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    field = fields.get(path[0])
    if field is None:
        return  # csrf_token, action and the like
    if len(path) == 1:
        values[path[0]] = text
        return
    inner = _model_of(field.annotation)
    nested = values.setdefault(path[0], {})
    if not isinstance(nested, dict):
        return
    if inner is not None:
        _put(nested, inner, path[1:], text)
    elif get_origin(field.annotation) is dict:
        nested[".".join(path[1:])] = text


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation, also inside of unions and Annotated."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_of(part))), None)


def describe(error: ValidationError, model: type[BaseModel]) -> list[Detail]:
    """The mistakes of a pydantic error as sentences for people, one a field; never the value that was sent."""
    details: dict[str, Detail] = {}
    for mistake in error.errors(include_url=False, include_input=False):
        path = [str(part) for part in mistake["loc"] if not _is_union_branch(part)]
        field = ".".join(path)
        details.setdefault(field, Detail(field, _sentence(dict(mistake), path, model)))
    return list(details.values())


def _is_union_branch(part: int | str) -> bool:
    return isinstance(part, str) and (part.startswith(("literal[", "function-")) or part[:1].isupper())


def _sentence(mistake: dict[str, Any], path: list[str], model: type[BaseModel]) -> str:
    kind, limits, name = mistake["type"], mistake.get("ctx", {}), _title(model, path)
    if kind == "missing":
        return f"Enter {name}."
    if kind == "value_error":
        return str(limits["error"])
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], _names(model, path[:-1]), n=1)
        return "There is no such field." + (f" Did you mean {near[0]}?" if near else " Leave it out.")
    if kind == "string_too_short" or (kind == "too_short" and limits["field_type"] == "Value"):
        return f"Enter {name}." if limits["min_length"] == 1 else f"Use at least {limits['min_length']} characters."
    if kind == "string_too_long" or (kind == "too_long" and limits["field_type"] == "Value"):
        return f"Use at most {limits['max_length']} characters."
    if kind in {"date_from_datetime_parsing", "date_parsing", "date_type", "date_from_datetime_inexact"}:
        return "Enter a day as 2026-12-31."
    if kind in {"int_parsing", "int_type", "int_from_float", "int_parsing_size"}:
        return "Enter a whole number."
    if kind in {"decimal_parsing", "decimal_type", "finite_number", "float_parsing", "float_type"}:
        return "Enter a number, such as 12.5."
    if kind == "decimal_max_places":
        return f"Use at most {limits['decimal_places']} digits after the point."
    if kind in {"decimal_max_digits", "decimal_whole_digits"}:
        return f"Use at most {limits.get('max_digits', limits.get('whole_digits'))} digits."
    if kind in {"greater_than_equal", "greater_than"}:
        return f"Enter {limits.get('ge', limits.get('gt'))} or more."
    if kind in {"less_than_equal", "less_than"}:
        return f"Enter {limits.get('le', limits.get('lt'))} or less."
    if kind in {"literal_error", "enum"}:
        return f"Choose one of: {limits['expected'].replace(chr(39), '')}."
    if kind == "string_type":
        return "Send a text."
    if kind in {"bool_parsing", "bool_type"}:
        return "Send true or false."
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        return "Send an object with the fields of the documentation."
    if kind == "string_pattern_mismatch":
        return f"This is not {name} of this shop."
    return str(mistake["msg"])


def _title(model: type[BaseModel], path: list[str]) -> str:
    inner: type[BaseModel] | None = model
    for part in path:
        fields = {f.alias or n: f for n, f in inner.model_fields.items()} if inner else {}
        if part not in fields:
            break
        if part == path[-1]:
            return fields[part].title or f"the {part}"
        inner = _model_of(fields[part].annotation)
    return "a value"


def _names(model: type[BaseModel], path: list[str]) -> list[str]:
    inner: type[BaseModel] | None = model
    for part in path:
        fields = {f.alias or n: f for n, f in inner.model_fields.items()} if inner else {}
        inner = _model_of(fields[part].annotation) if part in fields else None
    return [f.alias or n for n, f in inner.model_fields.items()] if inner else []
