"""The report as text: the table, the measures, and each finding with its proof."""

from collections.abc import Iterator, Mapping, Sequence

from gates.evidence.statement import Measure
from gates.schema.outcome import ExitCode
from loadtests.books.lines import ledger_line, receipt_line
from loadtests.hostile.judge.findings import Finding, Witness
from loadtests.hostile.judge.verdict import PER_LOST_REPLY, Row, Verdict, exit_code

_HEAD = (
    "the rail",
    "payouts",
    "lost replies",
    "charges",
    "extra",
    "per lost reply",
    "missing",
    "wrong",
    "open",
    "people",
    "p50",
    "max",
)
_TITLES = {
    "extra_charges": "charges beyond the one owed",
    "missing_charges": "payouts reported as succeeded that the rail never charged",
    "wrong_outcomes": "final states that contradict the rail",
    "unresolved": "payouts without an outcome at the end",
    "rail_book_mismatches": "differences between the rail's book, ledger and receipts",
    "late_writes": "errors after a stale worker continued",
}
_VERDICTS: dict[ExitCode, str] = {
    ExitCode.GREEN: "clean",
    ExitCode.RED: "FINDINGS",
    ExitCode.UNKNOWN: "unknown: no finding, but something could not be judged",
}
_SHOWN = 10


def text_report(heading: str, verdict: Verdict) -> str:
    """Verdict first, then the table, the measures, and the proof of each finding."""
    return "\n".join(_lines(heading, verdict)) + "\n"


def _lines(heading: str, verdict: Verdict) -> Iterator[str]:
    yield heading
    yield f"verdict: {_VERDICTS[exit_code(verdict)]}"
    yield ""
    yield from _table(verdict.rows)
    yield ""
    yield from _measures(verdict.measures)
    yield from _findings(verdict.findings)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(_HEAD))]
    for row in cells:
        first, *numbers = (text.ljust(widths[0]) if not at else text.rjust(widths[at]) for at, text in enumerate(row))
        yield "  ".join((first, *numbers)).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    counts = (row.payouts, row.lost_replies, row.charges, row.extra)
    judged = (row.missing, row.wrong, row.unresolved, row.people)
    times = (_seconds(row.p50_ms), _seconds(row.max_ms))
    return (row.title, *map(str, counts), row.ratio or "-", *map(str, judged), *times)


def _seconds(milliseconds: int | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds // 1000}.{milliseconds % 1000 // 100} s"


def _measures(measures: Mapping[str, Measure]) -> Iterator[str]:
    for name, title in _TITLES.items():
        measure = measures.get(name)
        if measure is None:
            continue
        if measure.value is None:
            yield f"  unknown  {title}: {measure.unknown}: {measure.detail}"
        else:
            yield f"  {measure.value:>7}  {title}, of {measure.samples} checked"
    if PER_LOST_REPLY not in measures:
        return
    ratio = measures[PER_LOST_REPLY]
    shown = f"unknown: {ratio.unknown}: {ratio.detail}" if ratio.value is None else f"{ratio.value} ({ratio.detail})"
    yield f"extra charges per lost reply: {shown}"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    for item in findings[:_SHOWN]:
        where = f" ({item.fault})" if item.fault else ""
        yield ""
        yield f"FOUND {item.rule}{where}: {item.payout_id or 'no single payout'}: {item.detail}"
        for line in item.witness:
            yield f"    {_witness(line)}"
    if len(findings) > _SHOWN:
        yield f"\nand {len(findings) - _SHOWN} more: see check.json"


def _witness(line: Witness) -> str:
    if line.asked is not None:
        ask = line.asked
        return f"request {ask.index}: {ask.type} {ask.status} {ask.key}: {ask.amount} {ask.currency} to {ask.payee_id}"
    if line.payout is not None:
        payout = line.payout
        return f"payout {payout.payout_id}: {payout.state} {payout.amount} {payout.currency} to {payout.payee_id}"
    if line.ledger is not None:
        return ledger_line(line.ledger)
    if line.receipt is not None:
        return receipt_line(line.receipt)
    assert line.rail is not None, "a witness has one source"
    rail = line.rail
    return f"rail {rail.seq}: {rail.status} {rail.rail_id}: {rail.amount} {rail.currency} to {rail.payee} under {rail.key}"
