"""What about a target's requests cannot be sent, or would be sent otherwise than meant? Each fault with its field."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from gates.schema.credential import TOKEN, Credential, credential_faults
from gates.schema.operation import Operation
from gates.schema.printable import printable
from gates.schema.template import fields_in, gap_faults

if TYPE_CHECKING:
    from gates.schema.target import Target

_PATH = re.compile("/[!-~]*")
_GIVEN = ("wallet_id", "payee_id", "amount", "currency", "key", "reference")
_FIELDS: dict[str, tuple[str, ...]] = {
    "reserve": _GIVEN,
    "settle": (*_GIVEN, "payment_id"),
    "reverse": (*_GIVEN, "payment_id"),
    "refund": (*_GIVEN, "payment_id"),
    "payout": _GIVEN,
}
"""What gonogo fills in for each operation, in addition to the target's own variables."""

_OWN_HEADERS = ("authorization", "content-type", "content-length", "host", "transfer-encoding", "connection")


def sending_faults(target: "Target") -> Iterator[tuple[str, str]]:
    """Every fault of the members that describe how to send, with the member's place in the spec."""
    yield from _member_faults(target)
    for role, credential in target.credentials.items():
        yield from ((f"credentials.{role}", text) for text in _credential_faults(credential))
    for name, operation in target.operations.items():
        yield from _operation_faults(target, f"operations.{name}", operation)
        yield from _field_faults(target, name, operation)
    for place in target.audit.__struct_fields__:
        if isinstance(read := getattr(target.audit, place), Operation):
            yield from _operation_faults(target, f"audit.{place}", read)
    if target.audit.settlements is not None:
        yield from _operation_faults(target, "audit.settlements", target.audit.settlements.operation)


def _member_faults(target: "Target") -> Iterator[tuple[str, str]]:
    if not TOKEN.fullmatch(target.idempotency_header):
        yield "idempotency_header", f"{printable(target.idempotency_header)!r} is not a name of a header"
    if target.idempotency_field is not None and not target.idempotency_field:
        yield "idempotency_field", "is empty; leave it out to send the key in idempotency_header"
    if target.ready_role is not None and target.ready_role not in target.credentials:
        yield "ready_role", f"{target.ready_role!r} is not one of credentials"
    others = {"rail.url": target.rail and target.rail.url, "rail.listener": target.rail and target.rail.listener}
    for where, url in {**others, "prometheus": target.prometheus}.items():
        if url and "@" in url.partition("//")[2].partition("/")[0]:
            yield where, "holds a user name or a password, which would be shown with it"
    for where, texts in (("base_url", [target.base_url]), ("variables", list(target.variables.values()))):
        yield from ((where, text) for text in gap_faults(texts, fields=False))


def _field_faults(target: "Target", name: str, operation: Operation) -> Iterator[tuple[str, str]]:
    known = {*_FIELDS[name], *target.variables}
    for field in dict.fromkeys(fields_in([operation.path, operation.body, *operation.headers.values()])):
        if field not in known:
            yield f"operations.{name}", _unknown_field(field, known)


def path_fault(path: str) -> str:
    """Why a path cannot be sent, "" where it can."""
    if not path.startswith("/"):
        return f"{printable(path)!r} does not begin with a slash"
    if not _PATH.fullmatch(path):
        return f"{printable(path)!r} holds a space, a control character or one that is not ASCII: write %20 for a space"
    return f"{path!r} holds a fragment, which is never sent" if "#" in path else ""


def _credential_faults(credential: Credential | str) -> Iterator[str]:
    """The faults of a credential as it is written; a value that is written into the file is not repeated."""
    yield from credential_faults(credential)
    values = [credential] if isinstance(credential, str) else [credential.user, credential.password, credential.value]
    if any(True for value in values if value for _ in gap_faults(value, fields=False)):
        yield "only ${NAME} and ${NAME:-default} are filled in, with the name in capitals"


def _operation_faults(target: "Target", where: str, operation: Operation) -> Iterator[tuple[str, str]]:
    if fault := path_fault(operation.path):
        yield f"{where}.path", fault
    if not TOKEN.fullmatch(operation.method):
        yield f"{where}.method", f"{printable(operation.method)!r} is not a method of HTTP"
    if not operation.success:
        yield f"{where}.success", "is empty: no answer would acknowledge the effect"
    for status in operation.success:
        if not 100 <= status <= 599:
            yield f"{where}.success", f"{status} is not a status of HTTP"
    for name, texts in (("path", operation.path), ("body", operation.body), ("headers", list(operation.headers.values()))):
        yield from ((f"{where}.{name}", text) for text in gap_faults(texts))
    yield from _header_faults(target, where, operation)


def _header_faults(target: "Target", where: str, operation: Operation) -> Iterator[tuple[str, str]]:
    others = {item.header.lower() for item in target.credentials.values() if isinstance(item, Credential) and item.header}
    for name in operation.headers:
        if not TOKEN.fullmatch(name):
            yield f"{where}.headers", f"{printable(name)!r} is not a name of a header"
        elif name.lower() in {*_OWN_HEADERS, *others}:
            yield f"{where}.headers", f"{name} is set by gonogo; a credential belongs in credentials, the type in body_format"
        elif name.lower() == target.idempotency_header.lower() and not target.idempotency_field:
            yield f"{where}.headers", f"{name} is idempotency_header, whose value is the key of each request"


def _unknown_field(field: str, known: set[str]) -> str:
    near = get_close_matches(field, sorted(known), 1)
    meant = f"; did you mean {{{near[0]}}}?" if near else ""
    return f"{{{field}}} is filled in by nothing: it is none of {', '.join(sorted(known))}{meant}"
