"""Which entries on the plan's accounts does something explain: the plan's payments, or the end of what began earlier?"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import msgspec

from gates.schema.ledger import EntryKind, LedgerEntry
from loadtests.checker.booked import KINDS
from loadtests.checker.requests import Requests, Result
from loadtests.storm.plan import Plan

_OF_A_PAYOUT: tuple[EntryKind, ...] = ("payout_success", "payout_failure", "payout_suspense")


class Since(msgspec.Struct, frozen=True):
    """The entries since the run began that touch the plan's accounts: all, those without an explanation, and `ended`.

    `ended` are the ends of what began before the run (a hold that expired, a payout that was decided), and holds of the run that
    expired: no client requested them, and they change balances.
    """

    touching: tuple[LedgerEntry, ...]
    unexplained: tuple[LedgerEntry, ...]
    ended: tuple[LedgerEntry, ...]


def explain(plan: Plan, requests: Requests, entries: Sequence[LedgerEntry], opened: int, named: Collection[str | None]) -> Since:
    """Explain every entry after position `opened`; `named` are payments that another rule has found already."""
    accounts = {("wallet", plan.wallet_id), *(("payee", payee) for payee in plan.payee_ids)}
    touching = [entry for entry in entries if entry.seq > opened and _touches(entry, accounts)]
    earlier, ambiguous = _Earlier(entries, opened), _Ambiguous(plan, requests)
    unexplained: list[LedgerEntry] = []
    ended: list[LedgerEntry] = []
    for entry in touching:
        if entry.payment_id in requests.ids or ambiguous.takes(entry):
            (ended if entry.kind == "expire" else [] if entry.kind in KINDS else unexplained).append(entry)
        elif earlier.ends(entry):
            ended.append(entry)
        elif entry.kind != "reserve" or entry.payment_id not in named:
            unexplained.append(entry)
    return Since(tuple(touching), tuple(unexplained), tuple(ended))


def _touches(entry: LedgerEntry, accounts: Collection[tuple[str, str]]) -> bool:
    return any(tuple(posting.account.split("/")[:2]) in accounts for posting in entry.postings)


class _Earlier:
    """What was open before the run: holds by payment, and payouts with the amount that they set aside."""

    def __init__(self, entries: Iterable[LedgerEntry], opened: int) -> None:
        self._held: dict[str, int] = defaultdict(int)
        self._payouts: dict[str, int] = {}
        for entry in entries:
            if entry.seq > opened or entry.payment_id is None:
                continue
            self._held[entry.payment_id] += entry.moved_by_suffix("wallet/", "/held")
            if entry.kind == "payout":
                self._payouts[entry.payment_id] = -entry.moved_by_suffix("payee/", "/payable")

    def ends(self, entry: LedgerEntry) -> bool:
        """Whether the entry gives back exactly what an earlier hold has, or decides an earlier payout; each only once."""
        if entry.payment_id is None:
            return False
        if entry.kind == "expire":
            held = self._held.pop(entry.payment_id, 0)
            freed, back = -entry.moved_by_suffix("wallet/", "/held"), entry.moved_by_suffix("wallet/", "/available")
            return held > 0 and freed == back == held
        if entry.kind in _OF_A_PAYOUT and entry.payment_id in self._payouts:
            back = entry.moved_by_suffix("payee/", "/payable")
            return back in (0, self._payouts[entry.payment_id]) and (not back or self._payouts.pop(entry.payment_id) == back)
        return False


class _Ambiguous:
    """Reserves whose outcome no client knows: each explains one hold of its amount under an id that no client received."""

    def __init__(self, plan: Plan, requests: Requests) -> None:
        self._wallet = plan.wallet_id
        self._open: dict[int, int] = defaultdict(int)
        self._taken: set[str] = set()
        for life in requests.lives.values():
            reserve = life.mutations.get("reserve")
            if reserve is not None and reserve.result is Result.UNKNOWN:
                self._open[int(life.planned.amount)] += 1

    def takes(self, entry: LedgerEntry) -> bool:
        """Whether the entry is such a hold, or its expiry."""
        if entry.payment_id is None:
            return False
        if entry.payment_id in self._taken:
            return entry.kind == "expire"
        amount = entry.moved(f"wallet/{self._wallet}/held")
        if entry.kind != "reserve" or not self._open.get(amount) or entry.moved(f"wallet/{self._wallet}/available") != -amount:
            return False
        self._open[amount] -= 1
        self._taken.add(entry.payment_id)
        return True
