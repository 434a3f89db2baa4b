"""Whether a stale worker wrote anything, judged by the three books of a run with a takeover."""

from collections.abc import Iterator, Sequence

from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason
from loadtests.books.entries import Gap
from loadtests.hostile.books import FAILED, FINAL, SUCCEEDED, Overtaken, ThreeBooks
from loadtests.hostile.judge.findings import Finding, Line, Rule, finding
from loadtests.hostile.judge.verdict import Verdict, judge
from loadtests.hostile.play.faults import OVERTAKEN

LATE_WRITES = "late_writes"
"""Every difference from the state that the last owners wrote, after the first owners continued."""


def judge_overtaken(taken: Sequence[Overtaken] | Gap, books: ThreeBooks) -> Verdict:
    """One measure, and its findings: every finding of the books, and every payout with a late write.

    A run without a takeover proves nothing, whatever its books contain.
    """
    verdict = judge(books)
    if isinstance(taken, Gap):
        return Verdict({LATE_WRITES: _unknown(taken)}, (), verdict.rows)
    findings = (*_rewritten(taken, books), *verdict.findings)
    return Verdict({LATE_WRITES: _measure(taken, books, findings)}, findings, verdict.rows)


def _measure(taken: Sequence[Overtaken], books: ThreeBooks, findings: Sequence[Finding]) -> Measure:
    gap = next((part for part in (books.payouts, books.lines) if isinstance(part, Gap)), None)
    if gap is not None:
        return _unknown(gap)
    shown = sum(_shows(item) for item in taken)
    if not shown and not findings:
        return _unknown(Gap(UnknownReason.NOT_RUN, "every payout was decided while its first owner continued"))
    decided = sum(item.before in FINAL for item in taken)
    detail = f"{len(taken)} payouts taken over, {decided} of them decided before their first owner continued"
    return Measure(str(sum(item.count for item in findings)), "count", samples=shown, detail=detail)


def _shows(item: Overtaken) -> bool:
    """Whether the first owner continued clearly before or clearly after the decision; in between is undecided."""
    return item.before in FINAL or item.after != SUCCEEDED


def _unknown(gap: Gap) -> Measure:
    return Measure(None, "count", unknown=gap.reason, detail=gap.detail)


def _rewritten(taken: Sequence[Overtaken], books: ThreeBooks) -> Iterator[Finding]:
    """The rail's first response is a decline, its second a charge: a failed payout was written from the first response."""
    payouts = {} if isinstance(books.payouts, Gap) else {payout.payout_id: payout for payout in books.payouts}
    lines = () if isinstance(books.lines, Gap) else books.lines
    for item in taken:
        payout = payouts.get(item.payout_id)
        last = payout.state if payout else item.after
        seen = [item.before, item.after, last]
        final = [state for state in seen if state in FINAL]
        if FAILED not in final:
            continue
        proof: list[Line] = [] if payout is None else [payout]
        proof += [line for line in lines if payout and line.key == payout.rail_key]
        detail = f"{item.before or 'unknown'} when its first owner continued, then {item.after or 'unknown'}, {last} at the end"
        yield finding(Rule.LATE_WRITE, OVERTAKEN, item.payout_id, 1, detail, proof)
