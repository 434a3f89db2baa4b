"""Reading back what the service says it did: ledger lines, receipts and the keys that sign them."""

import base64
from collections.abc import Iterable
from itertools import chain
from typing import TypeVar

import msgspec

from gates.evidence.dsse import Envelope
from gates.probes.client import Answer, NotRun, ServiceProblem, TargetClient
from gates.receipts.receipt import parse_receipt
from gates.schema.canonical import sha256_hex
from gates.schema.ledger import FORMAT, LedgerEntry, NoLedger
from gates.schema.ledger import read_ledger as read_pages
from gates.schema.target import Operation

Row = TypeVar("Row")


class ReceiptItem(msgspec.Struct, frozen=True):
    """One receipt of the listing, with its envelope."""

    receipt_id: str
    payment_id: str
    kind: str
    envelope: Envelope


class _ReceiptPage(msgspec.Struct, frozen=True):
    items: tuple[ReceiptItem, ...]
    next_cursor: str | None = None


def read_ledger(client: TargetClient, after: int = 0) -> list[LedgerEntry]:
    """Every ledger line after `after`, in order.

    Raises NotRun where the target has no `audit.ledger`, ServiceProblem for an answer that is not such a ledger.
    """
    operation = _section(client, "ledger")
    pages = read_pages(lambda position: _good(client.perform(operation, {"after": str(position)}), operation), after)
    try:
        return list(chain.from_iterable(pages))
    except NoLedger as error:
        raise ServiceProblem(f"GET {operation.path}: not a ledger in the format {FORMAT}: {error}") from None


def read_receipts(client: TargetClient) -> list[ReceiptItem]:
    """Every receipt of the target's tenant.

    Raises NotRun where the target has no `audit.receipts`, ServiceProblem for an answer that is not a page of receipts.
    """
    return _receipts(client, _section(client, "receipts"), {})


def read_payment_receipts(client: TargetClient, payment_id: str) -> list[ReceiptItem]:
    """The receipts of one payment, from `audit.payment_receipts`; raises as `read_receipts` does."""
    found = _receipts(client, _section(client, "payment_receipts"), {"payment_id": payment_id})
    return [item for item in found if item.payment_id == payment_id]


def _receipts(client: TargetClient, operation: Operation, fields: dict[str, str]) -> list[ReceiptItem]:
    items: list[ReceiptItem] = []
    cursor, seen = "", {""}
    while True:
        answer = client.perform(operation, {**fields, "cursor": cursor})
        page = _decode(_good(answer, operation), _ReceiptPage, operation.path)
        items.extend(page.items)
        if page.next_cursor is None:
            return items
        if page.next_cursor in seen:
            raise ServiceProblem(f"GET {operation.path}: the cursor {page.next_cursor!r} comes twice: the listing never ends")
        cursor = page.next_cursor
        seen.add(cursor)


def read_trust(client: TargetClient) -> bytes:
    """The JWKS document as it is served; raises NotRun where the target has no `audit.trust`."""
    operation = _section(client, "trust")
    return _good(client.perform(operation, {}), operation)


def read_policies(client: TargetClient, receipts: Iterable[ReceiptItem]) -> tuple[dict[str, bytes], list[str]]:
    """The policy documents that the receipts name, by their sha256, and the hashes for which there is none to be had.

    Both are empty where the target has no `audit.policy`: then decisions are not made again, and the verdict says so.
    """
    operation = client.target.audit.policy
    found: dict[str, bytes] = {}
    missing: list[str] = []
    if operation is None:
        return found, missing
    for digest in sorted({_policy_of(item) for item in receipts} - {"", sha256_hex(b"")}):
        answer = client.perform(operation, {"policy_sha256": digest})
        if answer.status == 200 and sha256_hex(answer.body) == digest:
            found[digest] = answer.body
        else:
            missing.append(digest)
    return found, missing


def _policy_of(item: ReceiptItem) -> str:
    """The hash of the policy that a receipt names; empty where it names none, or cannot be read: others report that."""
    try:
        policy = parse_receipt(base64.b64decode(item.envelope.payload, validate=True)).policy
    except ValueError:
        return ""
    return policy.policy_sha256 if policy else ""


def _section(client: TargetClient, name: str) -> Operation:
    operation: Operation | None = getattr(client.target.audit, name)
    if operation is None:
        raise NotRun(
            f"the target {client.name} does not say where its {name} can be read",
            next_step=f"add spec.audit.{name} (method, path, role) to the target file",
        )
    return operation


def _good(answer: Answer, operation: Operation) -> bytes:
    if answer.status == 204:
        return b""
    if answer.status != 200:
        code = f" ({answer.code})" if answer.code else ""
        raise ServiceProblem(f"{operation.method} {operation.path} answered {answer.status}{code}, not 200")
    return answer.body


def _decode(data: bytes, type_: type[Row], path: str) -> Row:
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.MsgspecError as error:
        raise ServiceProblem(f"GET {path}: not what the format says: {error}") from None
