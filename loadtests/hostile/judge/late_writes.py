"""Did whoever came back too late write anything? Judged by the three books of a run in which owners were overtaken."""

from collections.abc import Iterator, Sequence

from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason
from loadtests.books.entries import Gap
from loadtests.hostile.books import FAILED, FINAL, SUCCEEDED, Overtaken, ThreeBooks
from loadtests.hostile.judge.findings import Finding, Line, Rule, finding
from loadtests.hostile.judge.verdict import Verdict, judge
from loadtests.hostile.play.faults import OVERTAKEN

LATE_WRITES = "late_writes"
"""Everything that is not as the payouts' last owners left it, after their first ones came back."""


def judge_overtaken(taken: Sequence[Overtaken] | Gap, books: ThreeBooks) -> Verdict:
    """One measure, and the findings that it counts: all that the books say, and every payout that was written to too late.

    A run in which nobody was overtaken proves nothing, whatever its books say.
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
        return _unknown(Gap(UnknownReason.NOT_RUN, "every payout was decided while its first owner was on its way back"))
    decided = sum(item.before in FINAL for item in taken)
    detail = f"{len(taken)} payouts overtaken, {decided} of them decided before their first owner came back"
    return Measure(str(sum(item.count for item in findings)), "count", samples=shown, detail=detail)


def _shows(item: Overtaken) -> bool:
    """Whether it is known that the first owner came back to it before it was decided, or after: in between says nothing."""
    return item.before in FINAL or item.after != SUCCEEDED


def _unknown(gap: Gap) -> Measure:
    return Measure(None, "count", unknown=gap.reason, detail=gap.detail)


def _rewritten(taken: Sequence[Overtaken], books: ThreeBooks) -> Iterator[Finding]:
    """The rail declined in its first word and charges in its second: a payout that failed was written from the first."""
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
        detail = f"{item.before or 'unknown'} when its first owner came back, then {item.after or 'unknown'}, {last} at the end"
        yield finding(Rule.LATE_WRITE, OVERTAKEN, item.payout_id, 1, detail, proof)
