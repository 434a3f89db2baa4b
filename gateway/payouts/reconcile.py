"""Do the rail's own book and the payouts agree, one by one? A restored ledger knows nothing of what was paid after its backup."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from gateway.machines.payout import PayoutState
from gateway.store.payout_rows import PayoutRow


class BookLine(msgspec.Struct, frozen=True):
    """One line of the rail's book (format `gonogo-rail-book-v1`): a charge became final."""

    seq: int
    rail_id: str
    key: str
    payee: str
    amount: str
    currency: str
    status: str
    at: str = ""


class Gap(StrEnum):
    """How the two books differ."""

    ONLY_AT_RAIL = "only_at_rail"
    CHARGED_TWICE = "charged_twice"
    ONLY_HERE = "only_here"
    OTHER_AMOUNT = "other_amount"
    FAILED_HERE = "failed_here"


class Difference(msgspec.Struct, frozen=True):
    """One charge or payout that the other book does not have, or has otherwise; a charge's members are the rail's."""

    gap: Gap
    rail_id: str | None
    rail_key: str
    payout_id: str | None
    payee: str
    amount: str
    currency: str
    at: str


class Reconciliation(msgspec.Struct, frozen=True):
    """How many charges have their payout, how many payouts the rail has not decided, and every difference."""

    matched: int
    open: int
    differences: tuple[Difference, ...]


def reconcile(payouts: Iterable[PayoutRow], book: Iterable[BookLine]) -> Reconciliation:
    """Hold each charge that succeeded against the payout with its key, and each payout that succeeded against its charge."""
    rows = {row.rail_key: row for row in payouts}
    seen: set[str] = set()
    differences: list[Difference] = []
    matched = 0
    for line in (line for line in book if line.status == "succeeded"):
        found = _at_rail(line, rows.get(line.key), again=line.key in seen)
        seen.add(line.key)
        matched += found is None
        differences += [] if found is None else [found]
    differences += [_here(row) for row in rows.values() if row.state is PayoutState.SUCCEEDED and row.rail_key not in seen]
    return Reconciliation(matched, sum(_is_open(row) for row in rows.values()), tuple(differences))


def _at_rail(line: BookLine, row: PayoutRow | None, *, again: bool) -> Difference | None:
    gap = None
    if row is None:
        gap = Gap.ONLY_AT_RAIL
    elif again:
        gap = Gap.CHARGED_TWICE
    elif (str(row.amount), row.currency, row.payee_id) != (line.amount, line.currency, line.payee):
        gap = Gap.OTHER_AMOUNT
    elif row.state is PayoutState.FAILED:
        gap = Gap.FAILED_HERE
    payout = None if row is None else row.payout_id
    return (
        None if gap is None else Difference(gap, line.rail_id, line.key, payout, line.payee, line.amount, line.currency, line.at)
    )


def _here(row: PayoutRow) -> Difference:
    said = (row.payee_id, str(row.amount), row.currency, row.updated_at)
    return Difference(Gap.ONLY_HERE, row.rail_id, row.rail_key, row.payout_id, *said)


def _is_open(row: PayoutRow) -> bool:
    """Whether the rail has not decided it; the worker that takes it over sends or asks with the same key."""
    return row.state not in (PayoutState.SUCCEEDED, PayoutState.FAILED)
