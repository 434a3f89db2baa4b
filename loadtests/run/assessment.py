"""The assessment of a run from its plan, its history and the books: measures, findings and percentiles."""

from collections.abc import Mapping, Sequence

import msgspec

from gates.evidence.statement import Measure
from gates.schema.canonical import Json, to_builtins
from gates.schema.outcome import ExitCode
from gates.schema.target import Retry, Target
from loadtests.books.entries import Books, Opening
from loadtests.checker.check import Counts, check
from loadtests.checker.findings import Finding, spread
from loadtests.histogram import SIGNIFICANT_DIGITS, encode_histogram, percentiles_ms
from loadtests.run.samples import StormSamples, storm_measures, storm_samples
from loadtests.run.story import attempts
from loadtests.schema import Limits
from loadtests.storm.history import Event
from loadtests.storm.plan import Plan

_SHOWN_FINDINGS, _SHOWN_WITNESSES = 20, 4


class Assessment(msgspec.Struct, frozen=True):
    """The results of a run: measures, findings, counts, percentiles by operation, histograms."""

    measures: dict[str, Measure]
    findings: tuple[Finding, ...]
    counts: Counts
    latency: dict[str, Json]
    histograms: dict[str, Json]


def assess(
    plan: Plan,
    history: Sequence[Event],
    books: Books,
    limits: Limits,
    *,
    opening: Opening | None = None,
    target: Target | None = None,
) -> Assessment:
    """Judge a run; pure, so that it can be judged again from its folder.

    The target's file says who else uses the accounts, and which codes ask for a repeat.
    """
    verdict = check(plan, history, books, opening, shared=target is not None and target.other_writers)
    storm = storm_samples(plan, history, Retry().codes if target is None else target.retry.codes)
    counts = verdict.counts
    settles = {event.key for event in history if event.operation == "settle" and event.type == "ok"}
    measures = {
        "logical_payments": Measure(str(counts.begun_payments), "count", counts.begun_payments),
        "acknowledged_settles": Measure(str(len(settles)), "count", len(settles)),
        **verdict.measures,
        **storm_measures(storm, limits),
    }
    return Assessment(measures, verdict.findings, counts, _latency(storm), _histograms(storm))


def exit_code(measures: Mapping[str, Measure], findings: Sequence[Finding], *, complete: bool) -> ExitCode:
    """Red for findings; unknown if the run is incomplete, had no effect, or a measure could not be taken."""
    if findings:
        return ExitCode.RED
    missing = [name for name, measure in measures.items() if measure.value is None]
    return ExitCode.UNKNOWN if missing or not complete else ExitCode.GREEN


def finding_facts(findings: Sequence[Finding], history: Sequence[Event]) -> Json:
    """Findings for the evidence: their number, and the first of them with the first lines of their witness and their attempts."""
    shown: list[Json] = []
    for item in spread(findings)[:_SHOWN_FINDINGS]:
        short = msgspec.structs.replace(item, witness=item.witness[:_SHOWN_WITNESSES])
        shown.append(to_builtins({**msgspec.to_builtins(short), "attempts": attempts(history, item)}))
    return {"count": len(findings), "shown": shown}


def _latency(storm: StormSamples) -> dict[str, Json]:
    """Percentiles in milliseconds, by nearest rank over raw samples."""
    found: dict[str, Json] = {"method": "nearest-rank over raw samples, milliseconds"}
    for name, samples in sorted(storm.responses.items()):
        found[f"response_{name}"] = {**percentiles_ms(samples), "samples": len(samples)}
    for name, samples in sorted(storm.services.items()):
        found[f"service_{name}"] = {**percentiles_ms(samples), "samples": len(samples)}
    found["generator_lag"] = {**percentiles_ms(storm.lags), "samples": len(storm.lags)}
    milliseconds = storm.span_ns // 1_000_000
    found["attempts_per_s"] = str(storm.attempts * 1000 // milliseconds) if milliseconds else "0"
    found["storm_ms"] = milliseconds
    return found


def _histograms(storm: StormSamples) -> dict[str, Json]:
    precision = f"HdrHistogram V2, microseconds, {SIGNIFICANT_DIGITS} significant digits"
    found: dict[str, Json] = {"encoding": precision}
    for name, samples in sorted(storm.responses.items()):
        found[f"response_{name}"] = encode_histogram(samples)
    for name, samples in sorted(storm.services.items()):
        found[f"service_{name}"] = encode_histogram(samples)
    found["generator_lag"] = encode_histogram(storm.lags)
    return found
