"""From three books to measures, findings and the table: pure, and unknown wherever a book is missing."""

from collections.abc import Mapping, Sequence

import msgspec

from gates.evidence.statement import Measure
from gates.schema.outcome import ExitCode, UnknownReason
from loadtests.books.entries import Gap
from loadtests.hostile.books import FINAL, REVIEW, ThreeBooks, Wait
from loadtests.hostile.judge.findings import Finding, Rule, Ruling
from loadtests.hostile.judge.join import Intent, intents_of
from loadtests.hostile.judge.outcomes import extra_charges, missing_charges, unresolved, wrong_outcomes
from loadtests.hostile.judge.rail_book import rail_book_mismatches
from loadtests.hostile.play.faults import FAULTS

PER_LOST_REPLY = "extra_charges_per_lost_reply"
"""The main ratio of a lossy rail: the k + 1 charges of a naive caller are a ratio of 1."""


class Row(msgspec.Struct, frozen=True):
    """One line of the table: counts, `ratio` as a decimal string, milliseconds; None if nothing was measured."""

    fault: str
    title: str
    payouts: int
    lost_replies: int
    charges: int
    extra: int
    ratio: str | None
    missing: int
    wrong: int
    unresolved: int
    people: int
    p50_ms: int | None
    max_ms: int | None


class Verdict(msgspec.Struct, frozen=True):
    """Measures for the gates, findings with their proof, and a row for each fault."""

    measures: dict[str, Measure]
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]


def judge(books: ThreeBooks) -> Verdict:
    """Reconcile the three books."""
    intents = intents_of(books)
    rulings = {
        "extra_charges": _unless(extra_charges(intents), books.lines),
        "missing_charges": _unless(missing_charges(intents), books.lines, books.payouts),
        "wrong_outcomes": _unless(wrong_outcomes(intents), books.lines, books.payouts),
        "unresolved": _unless(unresolved(intents), books.payouts),
        "rail_book_mismatches": _settlement(books),
    }
    findings = tuple(item for ruling in rulings.values() if isinstance(ruling, Ruling) for item in ruling.findings)
    measures = {name: _measure(ruling) for name, ruling in rulings.items()}
    measures[PER_LOST_REPLY] = _per_lost_reply(rulings["extra_charges"], books.lost)
    return Verdict(measures, findings, _rows(intents, findings, books))


def exit_code(verdict: Verdict) -> ExitCode:
    """Red for findings; unknown if a measure could not be taken."""
    if verdict.findings:
        return ExitCode.RED
    return ExitCode.UNKNOWN if any(measure.value is None for measure in verdict.measures.values()) else ExitCode.GREEN


def _unless(ruling: Ruling, *books: object) -> Ruling | Gap:
    return next((book for book in books if isinstance(book, Gap)), ruling)


def _settlement(books: ThreeBooks) -> Ruling | Gap:
    payouts, entries, receipts, lines = books.payouts, books.entries, books.receipts, books.lines
    if isinstance(payouts, Gap) or isinstance(entries, Gap) or isinstance(receipts, Gap) or isinstance(lines, Gap):
        return next(part for part in (payouts, entries, receipts, lines) if isinstance(part, Gap))
    return rail_book_mismatches(payouts, entries, receipts, lines)


def _measure(ruling: Ruling | Gap) -> Measure:
    if isinstance(ruling, Gap):
        return Measure(None, "count", unknown=ruling.reason, detail=ruling.detail)
    if not ruling.samples:
        return Measure(None, "count", unknown=UnknownReason.TOO_FEW_SAMPLES, detail="there was nothing of this kind to check")
    return Measure(str(ruling.count), "count", samples=ruling.samples)


def _per_lost_reply(extra: Ruling | Gap, lost: Mapping[str, int]) -> Measure:
    replies = sum(lost.values())
    if isinstance(extra, Gap):
        return Measure(None, "ratio", unknown=extra.reason, detail=extra.detail)
    if not replies:
        return Measure(None, "ratio", unknown=UnknownReason.TOO_FEW_SAMPLES, detail="the rail lost no reply")
    detail = f"{extra.count} extra charges, {replies} lost replies"
    return Measure(_ratio(extra.count, replies), "ratio", samples=replies, detail=detail)


def _rows(intents: Sequence[Intent], findings: Sequence[Finding], books: ThreeBooks) -> tuple[Row, ...]:
    rows = []
    for fault in FAULTS:
        mine = [intent for intent in intents if intent.fault == fault.name]
        if not mine:
            continue
        counts = {rule: sum(item.count for item in findings if (item.rule, item.fault) == (rule, fault.name)) for rule in Rule}
        lost, extra = books.lost.get(fault.name, 0), counts[Rule.EXTRA_CHARGE]
        waits = sorted(wait.waited_ms for intent in mine for wait in intent.waits if _is_final(wait))
        rows.append(
            Row(
                fault=fault.name,
                title=fault.title,
                payouts=sum(len(intent.payouts) for intent in mine),
                lost_replies=lost,
                charges=sum(len(intent.taken) for intent in mine),
                extra=extra,
                ratio=_ratio(extra, lost) if lost else None,
                missing=counts[Rule.MISSING_CHARGE],
                wrong=counts[Rule.WRONG_OUTCOME],
                unresolved=counts[Rule.UNRESOLVED],
                people=sum(len(intent.in_state(REVIEW)) for intent in mine),
                p50_ms=waits[(len(waits) - 1) // 2] if waits else None,
                max_ms=waits[-1] if waits else None,
            )
        )
    return tuple(rows)


def _is_final(wait: Wait) -> bool:
    return wait.state in FINAL


def _ratio(bad: int, total: int) -> str:
    """Three decimal places, rounded up: a ratio of defects never looks better than it is."""
    thousandths = -(-bad * 1000 // total)
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"
