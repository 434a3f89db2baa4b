"""The report of a load run as text."""

from collections.abc import Iterator, Mapping

from gates.evidence.statement import Measure
from gates.schema.outcome import ExitCode
from loadtests.books.lines import ledger_line, receipt_line, settlement_line
from loadtests.checker.check import barren, idle
from loadtests.checker.findings import Finding, Witness, spread
from loadtests.run.assessment import exit_code
from loadtests.run.folder import RunReport
from loadtests.run.runner import LoadResult

_TITLES: dict[str, str] = {
    "double_settles": "settled more often than requested",
    "lost_settles": "acknowledged settles that are missing in the books",
    "stuck_credits": "credits that left a hold and did not reach the payee",
    "receipt_mismatches": "effects without exactly one matching receipt",
    "replay_changes": "keys with two different responses",
    "balance_mismatches": "balances that differ from the sum of their entries",
    "unknown_outcome_violations": "unknown outcomes that broke their payment",
    "double_reserves": "reserved more often than requested",
    "lost_reserves": "acknowledged reserves that are missing in the books",
    "double_reversals": "reversed more often than requested",
    "lost_reversals": "acknowledged reverses that are missing in the books",
    "amount_mismatches": "effects with another amount than requested",
    "unexplained_entries": "entries on the run's accounts that no planned payment explains",
    "conservation_breaks": "accounts that changed by more or less than the responses explain",
}
_SHOWN, _FEWEST = 10, 30  # below that many samples a bound says nothing


def text_report(result: LoadResult) -> str:
    """Verdict first, then the counts behind it, then each finding with its proof."""
    return "\n".join(_lines(result)) + "\n"


def verdict_of(result: LoadResult) -> ExitCode:
    """The exit code of a run or a check."""
    if result.assessment is None:
        return ExitCode.UNKNOWN
    usable = result.run.storm.complete and not idle(result.assessment.counts)
    return exit_code(result.assessment.measures, result.assessment.findings, complete=usable)


def _lines(result: LoadResult) -> Iterator[str]:
    run, assessment = result.run, result.assessment
    nothing = idle(run.counts) if run.counts else ""
    if nothing:
        yield nothing
    else:
        yield from barren(run.counts) if run.counts else ()
    yield f"load run {run.profile}, seed {run.seed}, against {run.target} ({run.base_url})"
    yield f"verdict: {'not checked' if assessment is None else _VERDICTS[verdict_of(result)]}"
    for script, why in run.left_out.items():
        yield f"left out of the mix: {script}: {why}"
    if not run.storm.complete:
        yield f"the storm is not complete: {run.storm.detail}"
    if assessment is None:
        yield f"{run.storm.done} payments run; not checked (`gonogo load check` does that)"
        return
    counts = assessment.counts
    yield (
        f"{counts.begun_payments} payments, {counts.mutations} mutations in {counts.attempts} attempts: {counts.acknowledged} "
        f"acknowledged, {counts.refused} refused, {counts.unknown} unknown at the end"
    )
    yield f"{counts.lost_replies} attempts without a definite response; {counts.replayed_answers} responses were stored ones"
    for answer, number in sorted(counts.unclear.items()):
        yield f"  {number} were answered with {answer}, which settles nothing"
    yield ""
    yield from _rules(assessment.measures)
    yield ""
    yield from _storm_measures(run, assessment.measures)
    yield from _findings(assessment.findings)


def _rules(measures: Mapping[str, Measure]) -> Iterator[str]:
    for name, title in _TITLES.items():
        measure = measures[name]
        if measure.value is None:
            yield f"  unknown  {title}: {measure.unknown}: {measure.detail}"
        elif measure.value != "0":
            yield f"  {measure.value:>7}  {title}, of {measure.samples} checked{_together(measure)}"
        else:
            bound = f" (95 % confidence: at most {_percent(measure.samples)} %)" if measure.samples >= _FEWEST else ""
            yield f"        0  {title}, of {measure.samples} checked{_together(measure)}{bound}"


def _together(measure: Measure) -> str:
    """How many of the opportunities had two attempts in flight at the same time."""
    together = measure.made_of.get("in_flight_together", 0)
    return f", {together} in flight together" if together else ""


def _storm_measures(run: RunReport, measures: Mapping[str, Measure]) -> Iterator[str]:
    for name in ("availability", "reserve_latency", "settle_latency", "retry_amplification", "generator_lag"):
        measure = measures[name]
        statistic = f" {measure.statistic}" if measure.statistic else ""
        value = f"unknown: {measure.unknown}: {measure.detail}" if measure.value is None else f"{measure.value} {measure.unit}"
        yield f"  {name}{statistic}: {value}, n = {measure.samples}"
    for name, figures in run.latency.items():
        if isinstance(figures, dict) and "p50" in figures:
            values = ", ".join(f"{key} {value}" for key, value in figures.items() if key != "samples")
            yield f"  {name} (ms): {values}"


def _findings(findings: tuple[Finding, ...]) -> Iterator[str]:
    for item in spread(findings)[:_SHOWN]:
        yield ""
        yield f"FOUND {item.rule}: {item.payment_id or 'no single payment'}: {item.detail}"
        for line in item.witness:
            yield f"    {_witness(line)}"
    if len(findings) > _SHOWN:
        yield f"\nand {len(findings) - _SHOWN} more: see check.json"


def _witness(line: Witness) -> str:
    if line.history is not None:
        event = line.history
        return f"history {event.index}: {event.type} {event.operation} {event.key} attempt {event.attempt}, status {event.status}"
    if line.ledger is not None:
        return ledger_line(line.ledger)
    if line.receipt is not None:
        return receipt_line(line.receipt)
    if line.settlement is not None:
        return settlement_line(line.settlement)
    assert line.balance is not None, "a witness has one source"
    return f"balance {line.balance.account}: reported {line.balance.reported}, expected {line.balance.derived}"


def _percent(samples: int) -> str:
    """3/N in percent, rounded up to two places."""
    hundredths = -(-30_000 // samples)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


_VERDICTS: dict[ExitCode, str] = {
    ExitCode.GREEN: "clean",
    ExitCode.RED: "FINDINGS",
    ExitCode.UNKNOWN: "unknown: no finding, but something could not be judged",
}
