"""One request to a payment service, as a target file describes it, and what its answers mean."""

from typing import Annotated, Literal

import msgspec

from gates.schema.canonical import Json

Role = str
Pointer = Annotated[str, msgspec.Meta(pattern="^/")]
BodyFormat = Literal["json", "form"]


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which states in an answer with a success status say that the effect happened.

    `pointer` (RFC 6901) leads to a text, a whole number, true or false; `done` lists the values that acknowledge the effect, and
    `refused` those that refuse it for good. Every other value, and none, leaves the outcome unknown: it is sent again under the
    same key. True and false are written as texts, such as "true".
    """

    pointer: Pointer
    done: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    refused: tuple[str, ...] = ()


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One request: `{field}` in path, body and headers is filled in per call, `${ENV}` from the environment.

    A placeholder that is the whole of a value keeps its JSON type. `body_format: form` sends the body URL-encoded, a nested
    member as `a[b]`. `headers` are sent in addition to the credential of `role`, the idempotency key and the content type.

    `success` are the statuses that acknowledge the effect; every other status outside `Target.retry` is a definite refusal.
    `id_pointer` is the RFC 6901 pointer to the resource's id in the answer: a text or a whole number. `state` says which answers
    with a success status acknowledge nothing, because the effect did not happen or not yet.
    """

    path: str
    method: str = "POST"
    body: dict[str, Json] | None = None
    body_format: BodyFormat = "json"
    headers: dict[str, str] = {}
    role: Role = "agent"
    success: tuple[int, ...] = (200, 201)
    id_pointer: str | None = None
    state: State | None = None


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Answers after which the outcome is unknown: retry with the same key. `codes` are values at `code_pointer` in a 4xx body."""

    statuses: tuple[int, ...] = (408, 425, 429, 500, 502, 503, 504)
    code_pointer: str = "/code"
    codes: tuple[str, ...] = ("idempotency_in_flight",)


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Places (RFC 6901) that may differ between two answers under one key, such as a time; without any, no byte may differ."""

    ignore: tuple[Pointer, ...] = ()
