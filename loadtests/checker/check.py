"""The checker itself: one table of rules, applied to a plan, a history and the books; pure, and linear in their size."""

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from gates.evidence.statement import Measure
from loadtests.books.entries import Books, Gap
from loadtests.checker.balances import balance_mismatches
from loadtests.checker.case import Case
from loadtests.checker.effects import amount_mismatches, double_reserves, double_reversals, lost_reserves, lost_reversals
from loadtests.checker.findings import Finding, Ruling
from loadtests.checker.receipts import receipt_mismatches
from loadtests.checker.replays import replay_changes
from loadtests.checker.requests import Result
from loadtests.checker.settles import double_settles, lost_settles, stuck_credits, unknown_outcomes
from loadtests.storm.history import Event
from loadtests.storm.plan import Plan

Part = Literal["entries", "receipts", "balances"]


class Row(msgspec.Struct, frozen=True):
    """One measure: the books that it needs, and its rule."""

    measure: str
    needs: tuple[Part, ...]
    judge: Callable[[Case], Ruling]


RULES: tuple[Row, ...] = (
    Row("double_settles", ("entries",), double_settles),
    Row("lost_settles", ("entries",), lost_settles),
    Row("stuck_credits", ("entries",), stuck_credits),
    Row("receipt_mismatches", ("entries", "receipts"), receipt_mismatches),
    Row("replay_changes", (), replay_changes),
    Row("balance_mismatches", ("entries", "balances"), balance_mismatches),
    Row("unknown_outcome_violations", ("entries",), unknown_outcomes),
    Row("double_reserves", ("entries",), double_reserves),
    Row("lost_reserves", ("entries",), lost_reserves),
    Row("double_reversals", ("entries",), double_reversals),
    Row("lost_reversals", ("entries",), lost_reversals),
    Row("amount_mismatches", ("entries",), amount_mismatches),
)


class Counts(msgspec.Struct, frozen=True):
    """The counts behind the verdict."""

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


class Verdict(msgspec.Struct, frozen=True):
    """Every rule's measure, every finding in the order of the rules, and the counts."""

    measures: dict[str, Measure]
    findings: tuple[Finding, ...]
    counts: Counts


def check(plan: Plan, history: Iterable[Event], books: Books) -> Verdict:
    """Compare the clients' responses with the books. A rule without its books is unknown, with the reason; never zero."""
    case = Case(plan, history, books)
    measures: dict[str, Measure] = {}
    findings: list[Finding] = []
    for row in RULES:
        gap = next((part for name in row.needs if isinstance(part := getattr(books, name), Gap)), None)
        if gap is not None:
            measures[row.measure] = Measure(None, "count", unknown=gap.reason, detail=gap.detail)
            continue
        ruling = row.judge(case)
        measures[row.measure] = Measure(str(len(ruling.findings)), "count", samples=ruling.samples)
        findings.extend(ruling.findings)
    return Verdict(measures, tuple(findings), _count(case))


def idle(counts: Counts) -> str:
    """What is wrong with a run of which nothing took effect: nothing in it could have gone wrong. Empty for another."""
    if counts.acknowledged or not counts.mutations:
        return ""
    if counts.refused == counts.mutations:
        return f"every request was refused: {counts.refused} of {counts.mutations}"
    return f"no request was acknowledged: {counts.refused} refused, {counts.unknown} unknown"


def _count(case: Case) -> Counts:
    mutations = case.requests.mutations.values()
    told = [mutation.result for mutation in mutations]
    books = case.books
    return Counts(
        logical_payments=len(case.plan.payments),
        begun_payments=sum(bool(life.mutations) for life in case.requests.lives.values()),
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
    )
