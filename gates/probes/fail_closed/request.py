"""From a row of the fail-closed table to the request on the wire: a payment in the state that the row needs, then the request."""

from collections.abc import Mapping, Sequence

import msgspec

from gates.probes.client import OTHER, Answer, NotRun, ServiceProblem, TargetClient, acknowledges
from gates.probes.fail_closed.table import OperationName, Row, Table
from gates.schema.canonical import Json
from gates.schema.operation import Operation
from gates.schema.pointer import id_at
from gates.schema.sending import CONTENT_TYPE, body_bytes, sent_path, sent_values
from gates.schema.template import fill_text

NOBODY = "nobody"
_LONG_KEY = "k" * 256
_USUAL = "application/json"
_NESTED = "[" * 5000
_STEPS: dict[str, tuple[OperationName, ...]] = {
    "nothing": (),
    "held": ("reserve",),
    "settled": ("reserve", "settle"),
    "released": ("reserve", "reverse"),
}


class Request(msgspec.Struct, frozen=True):
    """A request to send; `role` is a name of the target's credentials, or `nobody` for none."""

    method: str
    path: str
    role: str
    keys: tuple[str, ...]
    body: bytes | None
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}
    chunked: bool = False


class Stage(msgspec.Struct, frozen=True):
    """A payment in the state that a row needs: the fields it gives, and each request that led there with its answer."""

    fields: dict[str, str]
    made: dict[str, tuple[Request, Answer]]


def send(client: TargetClient, request: Request) -> Answer:
    """Send the request."""
    credential = None if request.role == NOBODY else client.credential(request.role)
    return client.send(
        request.method,
        request.path,
        credential=credential,
        keys=request.keys,
        body=request.body,
        content_type=request.content_type,
        headers=request.headers,
        chunked=request.chunked,
    )


def prepare(client: TargetClient, table: Table) -> dict[str, str]:
    """Make what the rows need once, and the fields that name it."""
    amount = int(table.amount)
    fields = {**client.fields, "amount": table.amount, "more": str(amount + 1), "other_amount": str(amount // 2)}
    fields.update({"long_key": _LONG_KEY, "nested": _NESTED})
    for item in table.prepare:
        answer = client.perform(item.request, fields)
        found = id_at(answer.json(), item.request.id_pointer or f"/{item.capture}")
        if found is None or not acknowledges(item.request, answer):
            raise ServiceProblem(
                f"{item.request.method} {item.request.path}, to prepare, answered {answer.status} {answer.code or ''}"
            )
        fields[item.capture] = found
    fields.update({f"unknown_{name}": unlike(fields[name]) for name in ("wallet_id", "payee_id") if name in fields})
    return fields


def make_stage(client: TargetClient, row: Row, fields: Mapping[str, str]) -> Stage:
    """Make a new payment in the row's state.

    Raises NotRun where the target lacks an operation, ServiceProblem where the service refuses one.
    """
    mine = dict(fields)
    made: dict[str, tuple[Request, Answer]] = {}
    for name in _STEPS[row.given]:
        operation = client.target.operations.get(name)
        if operation is None:
            raise NotRun(f"the target has no operation {name}", next_step=f"add spec.operations.{name} to the target file")
        key = client.fresh_key()
        request = _of_operation(client, _changed(operation, row.given_set if name == "reserve" else {}), mine, (key,))
        answer = send(client, request)
        if not acknowledges(operation, answer):
            raise ServiceProblem(f"the {name} that the row needs was answered {answer.status} {answer.code or ''}".rstrip())
        if name == "reserve":
            payment_id = id_at(answer.json(), operation.id_pointer or "/payment_id") or ""
            mine.update({"payment_id": payment_id, "unknown_payment_id": unlike(payment_id)})
        mine[f"{name}_key"] = key
        made[name] = (request, answer)
    return Stage({**mine, "key": client.fresh_key(), "key2": client.fresh_key()}, made)


def build(client: TargetClient, row: Row, stage: Stage) -> Request:
    """The row's request."""
    if row.repeat is not None:
        request = stage.made[row.repeat][0]
        return msgspec.structs.replace(request, keys=_keys(row, stage)) if row.keys is not None else request
    operation = row.request or client.target.operations.get(row.operation or "reserve")
    if operation is None:
        raise NotRun(f"the target has no operation {row.operation}", next_step=f"add spec.operations.{row.operation}")
    fields = {**stage.fields, **{name: fill_text(text, stage.fields) for name, text in row.fields.items()}}
    keys = ("{key}",) if row.keys is None else row.keys
    request = _of_operation(client, _changed(operation, row.set, row.drop), fields, tuple(fill_text(key, fields) for key in keys))
    return msgspec.structs.replace(
        request,
        role=row.role or request.role,
        body=_body(client, row, request.body, fields),
        content_type=request.content_type if row.content_type == _USUAL else row.content_type,
        chunked=row.chunked,
    )


def needs(row: Row) -> str | None:
    """The credential that a row needs beyond the target's own operations."""
    return row.role if row.role not in (None, NOBODY) else None


def is_foreign(row: Row) -> bool:
    """Whether the row's request is sent as another tenant."""
    return (row.role or "").startswith(OTHER)


def unlike(identifier: str) -> str:
    """An id of the same shape that does not exist: its last digits and letters, each replaced by the next."""
    tail = "".join(_moved(character) for character in identifier[-8:])
    return identifier[:-8] + tail


def _moved(character: str) -> str:
    for line in ("0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ"):
        if character in line:
            return line[(line.index(character) + 1) % len(line)]
    return character


def _of_operation(client: TargetClient, operation: Operation, fields: Mapping[str, str], keys: tuple[str, ...]) -> Request:
    values = sent_values(client.target, fields)
    return Request(
        operation.method,
        sent_path(operation, values, client.environ),
        operation.role,
        keys,
        body_bytes(client.target, operation, values, environ=client.environ),
        CONTENT_TYPE[operation.body_format],
        {name: fill_text(text, values, client.environ) for name, text in operation.headers.items()},
    )


def _changed(operation: Operation, members: Mapping[str, Json], dropped: Sequence[str] = ()) -> Operation:
    """The operation with other members in its body, and without some."""
    if not members and not dropped:
        return operation
    body = {name: item for name, item in {**(operation.body or {}), **members}.items() if name not in dropped}
    return msgspec.structs.replace(operation, body=body)


def _body(client: TargetClient, row: Row, filled: bytes | None, fields: Mapping[str, str]) -> bytes | None:
    if row.raw is not None:
        return fill_text(row.raw, sent_values(client.target, fields), client.environ).encode()
    return filled.ljust(row.pad_to) if filled is not None and row.pad_to is not None else filled


def _keys(row: Row, stage: Stage) -> tuple[str, ...]:
    return tuple(fill_text(key, stage.fields) for key in row.keys or ())
