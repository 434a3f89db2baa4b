"""The checker itself: one table of rules, applied to a plan, a history and the books; pure, and linear in their size."""

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason
from loadtests.books.entries import Books, Gap, Opening, unopened
from loadtests.checker.amounts import amount_mismatches
from loadtests.checker.balances import balance_mismatches
from loadtests.checker.case import Case, Part
from loadtests.checker.conservation import conservation
from loadtests.checker.effects import (
    double_reserves,
    double_reversals,
    lost_reserves,
    lost_reversals,
    two_payments_under_one_key,
)
from loadtests.checker.findings import Finding, Ruling
from loadtests.checker.listed import LISTED, why_not
from loadtests.checker.outcomes import unknown_outcomes
from loadtests.checker.receipts import receipt_mismatches
from loadtests.checker.replays import replay_changes
from loadtests.checker.requests import Mutation, Result
from loadtests.checker.settles import double_settles, lost_settles, stuck_credits
from loadtests.checker.unexplained import unexplained_entries
from loadtests.storm.history import Event
from loadtests.storm.plan import Plan, Script


class Row(msgspec.Struct, frozen=True):
    """One measure: the books that it needs, its rule, and what to change where nothing could have broken it.

    `alone` is what the history proves without those books. `scripts` are those without which nothing can break it: where the
    target cannot run any of them, that is the reason.
    """

    measure: str
    needs: tuple[Part, ...]
    judge: Callable[[Case], Ruling]
    lacking: str
    alone: Callable[[Case], Ruling] | None = None
    scripts: tuple[Script, ...] = ()


_AGAIN = "took effect and was sent more than once; raise duplicates, abandoned or replays in the profile"
_NO_ENTRIES = "the ledger has no entry of a payment of this run; see why nothing took effect"

RULES: tuple[Row, ...] = (
    Row("double_settles", ("entries",), double_settles, f"no settle {_AGAIN}"),
    Row("lost_settles", ("entries",), lost_settles, "no settle was acknowledged; see how the target answers them"),
    Row("stuck_credits", ("entries",), stuck_credits, "the ledger has no settle of this run; see how the target answers them"),
    Row("receipt_mismatches", ("entries", "receipts"), receipt_mismatches, _NO_ENTRIES),
    Row("replay_changes", (), replay_changes, "no key has two definite responses; raise duplicates or replays in the profile"),
    Row("balance_mismatches", ("entries", "balances"), balance_mismatches, _NO_ENTRIES),
    Row(
        "unknown_outcome_violations",
        ("entries",),
        unknown_outcomes,
        "every attempt got a definite response; raise abandoned in the profile",
    ),
    Row("double_reserves", ("entries",), double_reserves, f"no reserve {_AGAIN}", alone=two_payments_under_one_key),
    Row("lost_reserves", ("entries",), lost_reserves, "no reserve was acknowledged; see how the target answers them"),
    Row(
        "double_reversals",
        ("entries",),
        double_reversals,
        f"no reverse {_AGAIN}, or add reverse or refund to its mix",
        scripts=(Script.REVERSE, Script.REFUND),
    ),
    Row(
        "lost_reversals",
        ("entries",),
        lost_reversals,
        "no reverse was acknowledged; add reverse or refund to the profile's mix",
        scripts=(Script.REVERSE, Script.REFUND),
    ),
    Row("amount_mismatches", ("entries",), amount_mismatches, _NO_ENTRIES),
    Row("unexplained_entries", ("entries", "opened"), unexplained_entries, _NO_ENTRIES),
    Row(
        "conservation_breaks",
        ("balances", "opening balances"),
        conservation,
        "nothing was acknowledged; see how the target answers",
    ),
)


class Counts(msgspec.Struct, frozen=True):
    """The counts behind the verdict: mutations by their result, in total and by operation, and attempts without a response.

    `unclear` counts the answers that settle nothing, by status and media type, such as a redirect or a web page.
    """

    logical_payments: int
    begun_payments: int
    mutations: int
    attempts: int
    acknowledged: int
    refused: int
    unknown: int
    lost_replies: int
    replayed_answers: int
    reserves_without_id: int
    ledger_entries: int
    foreign_entries: int
    receipts: int
    by_operation: dict[str, dict[str, int]] = {}
    unclear: dict[str, int] = {}
    settlements: int = 0


class Verdict(msgspec.Struct, frozen=True):
    """Every rule's measure, every finding in the order of the rules, and the counts."""

    measures: dict[str, Measure]
    findings: tuple[Finding, ...]
    counts: Counts


def check(plan: Plan, history: Iterable[Event], books: Books, opening: Opening | None = None, *, shared: bool = False) -> Verdict:
    """Compare the clients' responses with the books. A rule without its books is unknown, with the reason; never zero.

    So is a rule that nothing in the run could have broken. A service that shows a list of settlements is judged by that, as far
    as one goes.
    """
    events = list(history)
    case = Case(plan, events, books, opening or unopened(), shared=shared)
    measures: dict[str, Measure] = {}
    findings: list[Finding] = []
    for row in RULES:
        ruling, gap = _ruling(row, case)
        measures[row.measure] = _measure(_explained(row, plan), ruling, gap)
        findings.extend(msgspec.structs.replace(item, measure=row.measure) for item in ruling.findings)
    return Verdict(measures, tuple(findings), _count(case, events))


def _explained(row: Row, plan: Plan) -> Row:
    """The row, whose measure lacks opportunities because of what was left out, if none of its scripts was planned."""
    reasons = list(dict.fromkeys(plan.left_out[script] for script in row.scripts if script in plan.left_out))
    if not reasons or any(payment.script in row.scripts for payment in plan.payments):
        return row
    return msgspec.structs.replace(row, lacking=f"left out of the profile's mix: {'; '.join(reasons)}")


def _ruling(row: Row, case: Case) -> tuple[Ruling, Gap | None]:
    """The row's ruling by the books that there are, and what it lacks."""
    gap, listed = case.gap(row.needs), case.books.settlements
    if gap is None:
        return row.judge(case), None
    if case.books.shape is not None and "entries" in row.needs:
        if row.measure in LISTED and not isinstance(listed, Gap):
            return LISTED[row.measure](case), None
        gap = listed if row.measure in LISTED and isinstance(listed, Gap) else Gap(gap.reason, why_not(row.measure))
    return row.alone(case) if row.alone else Ruling(0, ()), gap


def _measure(row: Row, ruling: Ruling, gap: Gap | None) -> Measure:
    """A finding is a fact, whatever is missing; without one, a missing book and a lack of opportunities are unknown."""
    parts = ruling.made_of
    if ruling.findings:
        return Measure(str(len(ruling.findings)), "count", samples=ruling.samples, made_of=parts)
    if gap is not None:
        return Measure(None, "count", unknown=gap.reason, detail=gap.detail)
    if ruling.open:
        return Measure(None, "count", ruling.samples, made_of=parts, unknown=UnknownReason.MISSING, detail=ruling.open)
    if not ruling.samples:
        return Measure(None, "count", made_of=parts, unknown=UnknownReason.TOO_FEW_SAMPLES, detail=row.lacking)
    return Measure("0", "count", samples=ruling.samples, made_of=parts)


def idle(counts: Counts) -> str:
    """What is wrong with a run of which nothing took effect: nothing in it could have gone wrong. Empty for another."""
    if counts.acknowledged or not counts.mutations:
        return ""
    if counts.refused == counts.mutations:
        return f"every request was refused: {counts.refused} of {counts.mutations}"
    return f"no request was acknowledged: {counts.refused} refused, {counts.unknown} unknown"


def barren(counts: Counts) -> list[str]:
    """For each operation that was requested and never acknowledged, what became of the requests."""
    return [
        f"no {name} was acknowledged: {results[Result.REFUSED]} refused, {results[Result.UNKNOWN]} unknown"
        for name, results in counts.by_operation.items()
        if not results[Result.ACKNOWLEDGED]
    ]


def _count(case: Case, events: Iterable[Event]) -> Counts:
    mutations = case.requests.mutations.values()
    told = [mutation.result for mutation in mutations]
    books = case.books
    return Counts(
        logical_payments=len(case.plan.payments),
        begun_payments=sum(bool(case.requests.lives[payment.number].mutations) for payment in case.plan.payments),
        mutations=len(mutations),
        attempts=sum(mutation.attempts for mutation in mutations),
        acknowledged=told.count(Result.ACKNOWLEDGED),
        refused=told.count(Result.REFUSED),
        unknown=told.count(Result.UNKNOWN),
        lost_replies=sum(mutation.unsure for mutation in mutations),
        replayed_answers=sum(answer.replayed is True for mutation in mutations for answer in mutation.answers),
        reserves_without_id=sum(bool(life.mutations) and not life.payment_ids for life in case.requests.lives.values()),
        ledger_entries=0 if isinstance(books.entries, Gap) else len(books.entries),
        foreign_entries=0 if isinstance(books.entries, Gap) else len(case.booked.foreign),
        receipts=0 if isinstance(books.receipts, Gap) else len(books.receipts),
        by_operation=_by_operation(mutations),
        settlements=0 if isinstance(books.settlements, Gap) else len(books.settlements),
        unclear=dict(Counter(filter(None, map(_unclear, events)))),
    )


def _by_operation(mutations: Iterable[Mutation]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for mutation in mutations:
        results = found.setdefault(mutation.operation, {result.value: 0 for result in Result})
        results[mutation.result.value] += 1
    return found


def _unclear(event: Event) -> str:
    """The status and the media type of an answer that settles nothing; "" for every other event."""
    if event.type != "info" or event.status is None:
        return ""
    return f"{event.status} {event.code or event.media or 'without a media type'}"
