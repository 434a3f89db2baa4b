"""Read the three books after a run: when they no longer change, or when the time limit ends."""

from collections.abc import Callable
from time import sleep
from typing import TypeVar

import msgspec

from gates.schema.errors import UnknownProblem
from gates.schema.outcome import UnknownReason
from gates.schema.target import Operation
from gates.schema.time import monotonic_s
from loadtests.books.entries import Gap
from loadtests.books.read import read_entries, read_receipts
from loadtests.hostile.books import Ask, ThreeBooks, Wait, missing
from loadtests.hostile.judge.verdict import judge
from loadtests.hostile.play.payout_client import PayoutClient
from loadtests.hostile.play.rail_client import RailSide

_LONGEST_S, _POLL_S = 15.0, 0.5

Part = TypeVar("Part")


class Played(msgspec.Struct, frozen=True):
    """What the run itself recorded: the clients' book, and the payouts before the run."""

    asks: tuple[Ask, ...]
    waits: tuple[Wait, ...]
    lost: dict[str, int]
    earlier: frozenset[str]
    first_line: int


def read_books(
    client: PayoutClient, rail: RailSide, played: Played, patience_s: float, pause: Callable[[float], None] = sleep
) -> ThreeBooks:
    """The books. A late webhook may still arrive, so they are read again for a while as long as they disagree."""
    deadline = monotonic_s() + min(patience_s, _LONGEST_S)
    while True:
        books = _read(client, rail, played)
        if not judge(books).findings or monotonic_s() >= deadline:
            return books
        pause(_POLL_S)


def _read(client: PayoutClient, rail: RailSide, played: Played) -> ThreeBooks:
    audit, service = client.service.target.audit, client.service
    return ThreeBooks(
        asks=played.asks,
        waits=played.waits,
        payouts=_attempt(lambda: tuple(client.payouts()), audit.payouts, "payouts"),
        entries=_attempt(lambda: read_entries(service), audit.ledger, "a ledger"),
        receipts=_attempt(lambda: read_receipts(service), audit.receipts, "receipts"),
        lines=_attempt(rail.lines, None, "", asked=True),
        lost=played.lost,
        earlier=played.earlier,
        first_line=played.first_line,
    )


def _attempt(read: Callable[[], Part], operation: Operation | None, what: str, *, asked: bool = False) -> Part | Gap:
    if operation is None and not asked:
        return missing(what)
    try:
        return read()
    except (UnknownProblem, msgspec.MsgspecError, ValueError) as error:
        return Gap(UnknownReason.ADAPTER_ERROR, f"{what or 'the rail'} could not be read: {error}".partition("\n")[0])
