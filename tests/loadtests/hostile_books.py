"""Synthetic runs of the hostile-rail kit: three books that agree, in which a test may then spoil one line."""

from dataclasses import dataclass, field

from gates.schema.ledger import LedgerEntry, Posting
from loadtests.books.entries import Receipt
from loadtests.hostile.books import Ask, Payout, RailLine, ThreeBooks, Wait

CLEARING = "system/rail_clearing"


@dataclass
class Run:
    """The three books as lists; `books` closes them."""

    asks: list[Ask] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    payouts: dict[str, Payout] = field(default_factory=dict)
    entries: list[LedgerEntry] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    lines: list[RailLine] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)

    def ask(self, intent, fault, answer="ok", payout_id=None):
        """A request for the debt of an intent, and what was answered."""
        status = {"ok": 202, "fail": 409, "info": None}[answer]
        number = len(self.asks)
        debt = ("p1", str(100 + intent), "USD")
        self.asks.append(Ask(number, fault, intent, f"key-{number}", *debt, answer, status, None, payout_id))

    def payout(self, intent, fault, state, *, charged, answer="ok", waited_ms=400):
        """A payout of an intent in a state, with its entries and receipts; `charged` is how often the rail took the money."""
        identity = f"pyo{len(self.payouts) + 1}"
        self.ask(intent, fault, answer, identity if answer == "ok" else None)
        made = Payout(identity, "p1", str(100 + intent), "USD", state, f"rail-{identity}")
        self.payouts[identity] = made
        self.waits.append(Wait(identity, intent, state, waited_ms))
        self.book("payout", made, {"payee/p1/payable": -1, "payee/p1/paying": 1})
        if state == "succeeded":
            self.book("payout_success", made, {"payee/p1/paying": -1, CLEARING: 1})
        if state == "failed":
            self.book("payout_failure", made, {"payee/p1/paying": -1, "payee/p1/payable": 1})
        for _ in range(charged):
            self.charge(made)
        return made

    def book(self, kind, payout, sides):
        """An entry and its receipt."""
        seq = len(self.entries) + 1
        postings = tuple(Posting(account, str(sign * int(payout.amount)), "USD") for account, sign in sides.items())
        entry = LedgerEntry(seq, f"e{seq}", kind, postings, payment_id=payout.payout_id)
        self.entries.append(entry)
        self.receipts.append(
            Receipt(f"r{seq}", "payout", payout.payout_id, payout.amount, "USD", (entry.entry_id,), entry.postings_sha256)
        )

    def charge(self, payout, status="succeeded", rail_id=None, key=None):
        """A line in the rail's book."""
        seq = len(self.lines) + 1
        debt = (payout.payee_id, payout.amount, payout.currency)
        self.lines.append(RailLine(seq, rail_id or f"chg{seq}", key or payout.rail_key or "", *debt, status))

    def books(self, **parts):
        """The three books; keyword arguments replace a part, such as by the reason why it is absent."""
        made = {
            "payouts": tuple(self.payouts.values()),
            "entries": tuple(self.entries),
            "receipts": tuple(self.receipts),
            "lines": tuple(self.lines),
        }
        return ThreeBooks(tuple(self.asks), tuple(self.waits), lost=dict(self.lost), **{**made, **parts})


def sound_run():
    """Six debts on a lossy rail, each paid once: simply, after a decline, after lost replies, late out of a failure."""
    run = Run(lost={"lost_after": 4})
    run.payout(0, "ok", "succeeded", charged=1)
    declined = run.payout(1, "decline", "failed", charged=0)
    run.charge(declined, "failed")
    run.payout(1, "decline", "succeeded", charged=1)
    run.payout(2, "lost_after", "succeeded", charged=1, waited_ms=1500)
    run.payout(3, "lost_after", "succeeded", charged=1, waited_ms=900)
    late = run.payout(4, "late_success", "failed", charged=0)
    run.charge(late, "failed", rail_id="chg-late")
    run.charge(late, "succeeded", rail_id="chg-late")
    run.book("payout_suspense", late, {"system/suspense": -1, CLEARING: 1})
    run.payout(5, "mixed", "manual_review", charged=1)
    return run
