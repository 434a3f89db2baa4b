"""The verdict as metrics in Prometheus' text format, in base units; for a textfile collector or a push gateway."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gates.outputs.report import Report, judged
from gates.schema.gate import Criterion
from gates.schema.outcome import Decision, Operator, Outcome
from gates.schema.time import parse_utc

_BASE_UNITS = {
    "us": ("seconds", Decimal("1e-6")),
    "ms": ("seconds", Decimal("1e-3")),
    "s": ("seconds", Decimal(1)),
    "min": ("seconds", Decimal(60)),
    "h": ("seconds", Decimal(3600)),
    "d": ("seconds", Decimal(86_400)),
}
_LOWER, _UPPER, _EXACT = "lower", "upper", "exact"
_BOUNDS = {
    Operator.LT: _UPPER,
    Operator.LTE: _UPPER,
    Operator.GT: _LOWER,
    Operator.GTE: _LOWER,
    Operator.EQ: _EXACT,
    Operator.BETWEEN: _LOWER,
}


def render_prometheus(report: Report) -> str:
    """The report as gauges; ends with a line end. What was not measured has no `launch_gate_value`: there is no number for it."""
    registry = CollectorRegistry()
    registry.register(_Metrics(report))
    return generate_latest(registry).decode()


class _Metrics(Collector):
    def __init__(self, report: Report) -> None:
        self._report = report

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every family, those of the whole verdict first."""
        yield from _of_verdict(self._report)
        yield from _of_gates(self._report)
        yield from _of_criteria(self._report)


def _family(name: str, text: str, labels: Sequence[str] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=["target", *labels])


def _of_verdict(report: Report) -> Iterator[GaugeMetricFamily]:
    decision = _family("launch_scorecard_decision", "1 for the decision, 0 for each other one.", ["decision"])
    for one in Decision:
        decision.add_metric([report.target, one.value], one is report.decision)
    code = _family("launch_scorecard_exit_code", "The exit code of the verdict: 0 is GO.")
    code.add_metric([report.target], report.exit_code)
    at = _family("launch_scorecard_evaluated_timestamp_seconds", "When the gates were judged.")
    at.add_metric([report.target], _timestamp(report.at))
    yield from (decision, code, at)
    if report.card is None:
        return
    official = _family("launch_scorecard_official", "1 for the week's official scorecard, 0 for a preview.")
    official.add_metric([report.target], report.card.standing == "official")
    weeks = _family("launch_scorecard_consecutive_green_weeks", "Adjacent official green weeks up to this scorecard.")
    weeks.add_metric([report.target], report.card.green_weeks)
    yield from (official, weeks)


def _of_gates(report: Report) -> Iterator[GaugeMetricFamily]:
    verdict = _family("launch_gate_verdict", "1 for the verdict on a gate, 0 for each other.", ["gate", "priority", "verdict"])
    waived = _family("launch_gate_waived", "Whether a waiver of the gate is in force; it changes no verdict.", ["gate"])
    for gate in report.gates:
        for one in Outcome:
            verdict.add_metric([report.target, gate.id, gate.priority.value, one.value], one is gate.outcome)
        waived.add_metric([report.target, gate.id], gate.waived)
    ends = _family("launch_waiver_expiry_timestamp_seconds", "When the waiver of a gate ends.", ["gate"])
    for gate_id, moment in sorted(report.waivers.items()):
        ends.add_metric([report.target, gate_id], _timestamp(moment))
    yield from (verdict, waived, ends)


def _of_criteria(report: Report) -> Iterator[GaugeMetricFamily]:
    names = ["gate", "criterion"]
    verdict = _family("launch_gate_criterion_verdict", "1 for the verdict on a criterion, 0 for each other.", [*names, "verdict"])
    value = _family("launch_gate_value", "The judged value of a criterion, in base units.", [*names, "unit"])
    threshold = _family("launch_gate_threshold", "What a criterion holds its value against.", [*names, "unit", "bound"])
    age = _family("launch_gate_evidence_age_seconds", "How old the evidence was when it was judged.", names)
    for gate, item, _ in judged(report):
        labels = [report.target, gate.id, item.criterion.id]
        for one in Outcome:
            verdict.add_metric([*labels, one.value], one is item.outcome)
        unit, factor = _BASE_UNITS.get(item.criterion.unit, (item.criterion.unit, Decimal(1)))
        if item.value is not None:
            value.add_metric([*labels, unit], float(Decimal(item.value) * factor))
        for bound, limit in _limits(item.criterion):
            threshold.add_metric([*labels, unit, bound], float(Decimal(limit) * factor))
        if item.age_s is not None:
            age.add_metric(labels, item.age_s)
    yield from (verdict, value, threshold, age)


def _limits(criterion: Criterion) -> Iterator[tuple[str, str]]:
    yield _BOUNDS[criterion.operator], criterion.threshold
    if criterion.upper is not None:
        yield _UPPER, criterion.upper


def _timestamp(moment: str) -> float:
    return parse_utc(moment).timestamp()
