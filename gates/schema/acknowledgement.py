"""Does an answer with a success status acknowledge the effect? By its id, its state, and that it is no web page."""

from typing import Literal

import msgspec

from gates.schema.canonical import Json
from gates.schema.operation import Operation
from gates.schema.pointer import id_at, read_pointer


class Standing(msgspec.Struct, frozen=True):
    """What such an answer says: the effect happened (`ok`), was refused for good (`fail`), or is not known (`info`).

    `state` is what stands at the operation's `state.pointer`, and `identity` at its `id_pointer`.
    """

    type: Literal["ok", "fail", "info"]
    state: str | None = None
    identity: str | None = None


def standing(operation: Operation, body: bytes, media: str | None) -> Standing:
    """What an answer with one of the operation's success statuses says."""
    document = decoded(body)
    identity = None if operation.id_pointer is None else id_at(document, operation.id_pointer)
    state = None if operation.state is None else _scalar(read_pointer(document, operation.state.pointer))
    if operation.state is not None and state in operation.state.refused:
        return Standing("fail", state, identity)
    done = operation.state is None or state in operation.state.done
    page = operation.id_pointer is None and operation.state is None and bool(body) and media == "text/html"
    known = operation.id_pointer is None or identity is not None
    return Standing("ok" if done and known and not page else "info", state, identity)


def decoded(body: bytes) -> Json:
    """The JSON document, or None for anything else."""
    try:
        document: Json = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return document


def _scalar(value: Json) -> str | None:
    """A state as the target file writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
