"""From an operation of a target file to the request on the wire: path, headers and body. Pure."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from gates.schema.amounts import minor_digits, write_amount
from gates.schema.credential import SentHeader
from gates.schema.operation import BodyFormat, Operation
from gates.schema.template import Filled, Value, fill_document, fill_text

if TYPE_CHECKING:
    from gates.schema.target import Target

AMOUNTS = ("amount", "more", "other_amount")
"""The fields that are amounts of money: given in minor units, sent in the service's format."""

CONTENT_TYPE: Mapping[BodyFormat, str] = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
_JSON = msgspec.json.Encoder(decimal_format="number")
_READ = msgspec.json.Decoder(float_hook=Decimal)


class Request(msgspec.Struct, frozen=True):
    """One request, ready to send."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None


def make_request(
    target: "Target",
    operation: Operation,
    fields: Mapping[str, str],
    *,
    credential: SentHeader | None = None,
    key: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Request:
    """The request of one operation; amounts among the fields are minor units as text.

    `key` is the idempotency key: it goes into the target's header, or into its field of the body. Raises UsageProblem naming a
    field of a template that the caller does not have, or a variable that is not set.
    """
    values = sent_values(target, fields)
    headers = {name: fill_text(text, values, environ) for name, text in operation.headers.items()}
    headers |= {} if credential is None else credential.line
    headers |= {} if key is None or target.idempotency_field else {target.idempotency_header: key}
    body = body_bytes(target, operation, values, key=key, environ=environ)
    if body is not None:
        headers["Content-Type"] = CONTENT_TYPE[operation.body_format]
    return Request(operation.method, sent_path(operation, values, environ), headers, body)


def sent_values(target: "Target", fields: Mapping[str, str]) -> dict[str, Value]:
    """The fields as the service takes them: amounts in its format, everything else as it is."""
    digits = minor_digits(target.currency) if target.minor_digits is None else target.minor_digits
    return {name: write_amount(text, target.amount_format, digits) if name in AMOUNTS else text for name, text in fields.items()}


def sent_path(operation: Operation, values: Mapping[str, Value], environ: Mapping[str, str] | None = None) -> str:
    """The path with its query; an id is quoted, so that none of its characters ends the path."""
    quoted = {name: quote(str(value), safe=":@!$'()*,;~") if name.endswith("_id") else value for name, value in values.items()}
    return fill_text(operation.path, quoted, environ)


def body_bytes(
    target: "Target",
    operation: Operation,
    values: Mapping[str, Value],
    *,
    key: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> bytes | None:
    """The body in its format, with the idempotency key where the target wants it there; None without one."""
    members: dict[str, Filled] = {}
    if operation.body is not None:
        members.update({name: fill_document(item, values, environ) for name, item in operation.body.items()})
    if key is not None and target.idempotency_field:
        members[target.idempotency_field] = key
    elif operation.body is None:
        return None
    return encode_body(members, operation.body_format)


def encode_body(members: Mapping[str, Filled], form: BodyFormat) -> bytes:
    """JSON, or a URL-encoded form: `a[b]` for a nested member, `a[]` for values in a list, `a[0][b]` for objects in one."""
    return _JSON.encode(members) if form == "json" else urlencode(list(_pairs(members))).encode()


def with_key(body: bytes | None, field: str, key: str | None) -> bytes | None:
    """A body that was made before, JSON or form, with another idempotency key in its field, or with none.

    A body that is neither is returned as it is.
    """
    try:
        members = _READ.decode(body or b"{}")
    except (msgspec.DecodeError, RecursionError):
        return _form_with_key(body or b"", field, key)
    if not isinstance(members, dict):
        return body
    rest = {name: item for name, item in members.items() if name != field}
    return body if body is None and key is None else _JSON.encode(rest if key is None else {**rest, field: key})


def _form_with_key(body: bytes, field: str, key: str | None) -> bytes:
    try:
        pairs = [(name, text) for name, text in parse_qsl(body.decode(), True, True) if name != field]
    except ValueError:
        return body
    return urlencode(pairs if key is None else [*pairs, (field, key)]).encode()


def _pairs(members: Mapping[str, Filled]) -> Iterator[tuple[str, str]]:
    for name, item in members.items():
        yield from _flat(name, item)


def _flat(name: str, item: Filled) -> Iterator[tuple[str, str]]:
    if isinstance(item, dict):
        for inner, value in item.items():
            yield from _flat(f"{name}[{inner}]", value)
    elif isinstance(item, list):
        for number, value in enumerate(item):
            yield from _flat(f"{name}[{number}]" if isinstance(value, dict | list) else f"{name}[]", value)
    elif item is not None:
        yield name, _form_text(item)


def _form_text(item: Filled) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    return f"{item:f}" if isinstance(item, Decimal) else str(item)
