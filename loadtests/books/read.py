"""Read the books of a target by URL: journal entries, receipts, and balances at the same time."""

from collections.abc import Callable
from itertools import chain
from time import sleep
from typing import TypeVar
from urllib.parse import quote

import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.ledger import LedgerEntry, Minor, read_ledger
from gates.schema.outcome import UnknownReason
from gates.schema.target import Operation
from gates.schema.time import monotonic_s
from loadtests.books.entries import NOT_LISTED, Balance, Books, Gap, Opening, Receipt, journal_sha256, receipt_in
from loadtests.books.read_list import ReadList, read_list, settlements_of
from loadtests.books.settlements import Expected
from loadtests.service import Service
from loadtests.storm.plan import Plan

_POLL_S = 0.5
_ROUNDS = 8  # how often balances are read again if the journal grew in the meantime

Part = TypeVar("Part")


class _WalletView(msgspec.Struct):
    available: Minor
    held: Minor


class _PayeeView(msgspec.Struct):
    payable: Minor


class _ReceiptItem(msgspec.Struct):
    envelope: msgspec.Raw


class _ReceiptPage(msgspec.Struct):
    items: list[_ReceiptItem]
    next_cursor: str | None = None


def read_books(service: Service, plan: Plan, expected: Expected | None = None) -> Books:
    """Everything that the target can be read for; a missing part or a failed read is a gap with its reason.

    It ends once what is expected is there: no proof that nothing happened twice.
    """
    return audit_books(service, plan, expected, hasty=True)[0]


def audit_books(
    service: Service,
    plan: Plan,
    expected: Expected | None = None,
    pause: Callable[[float], None] = sleep,
    *,
    hasty: bool = False,
) -> tuple[Books, ReadList | None]:
    """The books, and the answers of a list of settlements, if the target has one.

    `expected` is what the clients know. The reader waits as long as the target's file says that the books may lag behind, `hasty`
    only until they have it.
    """
    reader, known, shape = _Reader(service, plan), expected or Expected(), service.target.audit.settlements
    read = None if shape is None else read_list(service, shape, known, pause, hasty=hasty)
    waited_ms = read.waited_ms if read else _await_ledger(reader, known, service.target.audit.lag_s, pause, hasty=hasty)
    entries, balances = _together(reader, service)
    receipts = _attempt(reader.receipts, service.target.audit.receipts, "receipts")
    listed = NOT_LISTED if read is None else settlements_of(read, known)
    return Books(entries, receipts, balances, listed, shape, waited_ms), read


def _await_ledger(
    reader: "_Reader", expected: Expected, lag_s: int, pause: Callable[[float], None], *, hasty: bool = False
) -> int:
    """Wait until the ledger's lag has passed, `hasty` only until it has each acknowledged settle and no longer grows.

    Returns the time in milliseconds for which something was missing, 0 if nothing is.
    """
    begun, seq, paused_s = monotonic_s(), 0, 0.0
    missing = set(expected.settled)
    while lag_s:
        try:
            more = reader.entries(seq)
        except (UnknownProblem, ValueError):
            more = ()  # the reading that counts names what is wrong
        seq = more[-1].seq if more else seq
        missing -= {entry.payment_id for entry in more if entry.kind == "settle"}
        waited_s = max(monotonic_s() - begun, paused_s)
        if waited_s >= lag_s or (hasty and not (missing or more)):
            return round(waited_s * 1000) if missing else 0
        rest_s = max(lag_s - waited_s, 0.05)
        paused_s += (step_s := min(_POLL_S, rest_s) if missing or more else rest_s)
        pause(step_s)
    return 0


def read_opening(service: Service, plan: Plan, pause: Callable[[float], None] = sleep, *, hasty: bool = False) -> Opening:
    """The books before a run: where the journal ends, the balances of the plan's accounts at that time, and what is listed.

    A list is read when its lag has passed, `hasty` at once: what was settled before has to be in it.
    """
    listed = _listed(service, pause, hasty=hasty)
    entries, balances = _together(_Reader(service, plan), service)
    if isinstance(entries, Gap):
        return Opening(seq=entries, balances=balances, listed=listed)
    last = entries[-1].seq if entries else 0
    return Opening(seq=last, balances=balances, entries=len(entries), sha256=journal_sha256(entries), listed=listed)


def _listed(service: Service, pause: Callable[[float], None], *, hasty: bool) -> tuple[str, ...] | Gap:
    """The ids of the settlements in the target's list."""
    shape = service.target.audit.settlements
    if shape is None:
        return NOT_LISTED
    found = settlements_of(read_list(service, shape, Expected(), pause, hasty=hasty), Expected())
    return found if isinstance(found, Gap) else tuple(item.id for item in found)


def _together(reader: "_Reader", service: Service) -> tuple[tuple[LedgerEntry, ...] | Gap, tuple[Balance, ...] | Gap]:
    """Journal and balances, at one moment where both can be read."""
    audit = service.target.audit
    entries, balances = _attempt(reader.entries, audit.ledger, "a ledger"), _attempt(reader.balances, audit.wallet, "balances")
    if isinstance(entries, Gap) or isinstance(balances, Gap):
        return entries, balances
    return reader.at_one_moment(entries, balances)


def read_entries(service: Service, after: int = 0) -> tuple[LedgerEntry, ...]:
    """The journal after one position, to its end; raises NoLedger for an answer that is not in the format."""
    where = service.target.audit.ledger
    assert where is not None, "the target names a ledger"
    pages = read_ledger(lambda position: service.get(where, {"after": str(position)}).content, after)
    return tuple(chain.from_iterable(pages))


def read_receipts(service: Service) -> tuple[Receipt, ...]:
    """Every receipt, page by page."""
    where = service.target.audit.receipts
    assert where is not None, "the target names receipts"
    found: list[Receipt] = []
    cursor = ""
    while True:
        page = msgspec.json.decode(service.get(where, {"cursor": quote(cursor, safe="")}).content, type=_ReceiptPage)
        found.extend(receipt_in(bytes(item.envelope)) for item in page.items)
        if not page.next_cursor or page.next_cursor == cursor:
            return tuple(found)
        cursor = page.next_cursor


def _attempt(read: Callable[[], Part], operation: Operation | None, what: str) -> Part | Gap:
    if operation is None:
        return Gap(UnknownReason.MISSING, f"the target does not define where {what} can be read")
    try:
        return read()
    except (UnknownProblem, msgspec.MsgspecError, ValueError) as error:
        return Gap(UnknownReason.ADAPTER_ERROR, f"{what} could not be read: {error}".partition("\n")[0])


class _Reader:
    def __init__(self, service: Service, plan: Plan) -> None:
        self._service, self._plan = service, plan
        self._audit = service.target.audit

    def entries(self, after: int = 0) -> tuple[LedgerEntry, ...]:
        """The journal after one position, to its end."""
        return read_entries(self._service, after)

    def balances(self) -> tuple[Balance, ...]:
        """The balances of the plan's wallet, and of its payees if they can be read."""
        assert self._audit.wallet is not None, "the target names a wallet"
        wallet_id = self._plan.wallet_id
        wallet = self._view(self._audit.wallet, {"wallet_id": wallet_id}, _WalletView)
        found = [
            Balance(f"wallet/{wallet_id}/available", wallet.available),
            Balance(f"wallet/{wallet_id}/held", wallet.held),
        ]
        if self._audit.payee is not None:
            for payee_id in self._plan.payee_ids:
                payee = self._view(self._audit.payee, {"payee_id": payee_id}, _PayeeView)
                found.append(Balance(f"payee/{payee_id}/payable", payee.payable))
        return tuple(found)

    def at_one_moment(
        self, entries: tuple[LedgerEntry, ...], balances: tuple[Balance, ...]
    ) -> tuple[tuple[LedgerEntry, ...], tuple[Balance, ...] | Gap]:
        """Balances that were read while the journal did not grow, and the journal at that time."""
        for _round in range(_ROUNDS):
            try:
                more = self.entries(entries[-1].seq if entries else 0)
                if not more:
                    return entries, balances
                entries, balances = entries + more, self.balances()
            except (UnknownProblem, msgspec.MsgspecError, ValueError) as error:
                return entries, Gap(UnknownReason.ADAPTER_ERROR, f"balances could not be read: {error}".partition("\n")[0])
        return entries, Gap(UnknownReason.ADAPTER_ERROR, f"the journal grew each of the {_ROUNDS} times that balances were read")

    def receipts(self) -> tuple[Receipt, ...]:
        """Every receipt."""
        return read_receipts(self._service)

    def _view(self, operation: Operation, fields: dict[str, str], kind: type[Part]) -> Part:
        return msgspec.json.decode(self._service.get(operation, fields).content, type=kind)
