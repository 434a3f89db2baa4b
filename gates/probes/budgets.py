"""Was every decision made with the counters after the decisions before it? Counted again from the receipts alone."""

import re
from collections.abc import Iterator, Sequence

from gates.probes.conduct import Finding
from gates.receipts.receipt import PolicyBlock, Receipt

COUNTERS = "counters_out_of_step"
_NAME = re.compile(r"(tenant|agent|wallet)_(hour|day|month)(_count)?")
_STAMP = {"hour": 13, "day": 10, "month": 7}

Counter = tuple[str, ...]
"""Name, whose, and the calendar window in which it counts."""


class _Books:
    """What each counter must hold by now, and which payments it counts."""

    def __init__(self) -> None:
        self.held: dict[Counter, int] = {}
        self._payments: dict[str, tuple[list[Counter], int, bool]] = {}

    def take(self, receipt: Receipt) -> None:
        """Count a new hold; give back what a payment releases, and its place in the count once nothing of it was paid."""
        totals = receipt.money.totals
        counters, released, counts = self._payments.get(receipt.subject.id, ([], 0, False))
        if not counters and receipt.journal.entry_ids and receipt.policy is not None and receipt.kind in ("reserve", "approve"):
            counters, counts = [counter for counter, _ in _read(receipt, receipt.policy)], True
            for counter in counters:
                self._add(counter, 1 if _is_count(counter) else int(receipt.money.amount))
        back = int(totals.released) - released
        gone = counts and int(totals.open) == 0 and int(totals.settled) == 0
        for counter in counters:
            self._add(counter, -int(gone) if _is_count(counter) else -back)
        self._payments[receipt.subject.id] = (counters, released + back, counts and not gone)

    def _add(self, counter: Counter, amount: int) -> None:
        self.held[counter] = self.held.get(counter, 0) + amount


def budget_findings(receipts: Sequence[Receipt]) -> tuple[int, tuple[Finding, ...]]:
    """How many counters were looked at, and those that a decision found otherwise than its predecessors had left them."""
    books = _Books()
    looked, findings = 0, []
    for receipt in sorted(receipts, key=lambda item: item.journal.seq):
        if receipt.policy is not None and receipt.kind in ("reserve", "denial", "escalation", "approve"):
            for counter, stated in _read(receipt, receipt.policy):
                looked += 1
                expected = books.held.get(counter, 0)
                if stated != expected:
                    findings.append(Finding(COUNTERS, receipt.receipt_id, f"{counter[0]} {expected}", str(stated)))
        books.take(receipt)
    return looked, tuple(findings)


def _read(receipt: Receipt, policy: PolicyBlock) -> Iterator[tuple[Counter, int]]:
    """The counters that a decision was made with; names of another format than ours are passed over."""
    now = policy.inputs.get("now")
    whose = {"tenant": receipt.parties.tenant_id, "agent": receipt.parties.agent_id, "wallet": receipt.parties.wallet_id or ""}
    for name, value in policy.counters_before.items():
        match = _NAME.fullmatch(name)
        if match is not None and isinstance(now, str):
            window = now[: _STAMP[match[2]]] + (now[23:] if match[2] == "hour" else "")
            yield (name, whose[match[1]], window), int(value)


def _is_count(counter: Counter) -> bool:
    return counter[0].endswith("_count")
