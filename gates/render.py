"""A review as text, JSON or YAML; each from the same values."""

from collections.abc import Callable, Iterator, Sequence

from gates.outputs.formats import FORMATS as REPORTS
from gates.outputs.report import of_review
from gates.rule import OPERATOR_WORDS
from gates.schema.canonical import canonical_json, canonical_yaml
from gates.schema.describe import describe
from gates.schema.gate import Criterion, EvidenceSource, Gate, full_label
from gates.schema.outcome import EXIT_MEANING, ExitCode, Outcome
from gates.schema.verdict import CriterionVerdict, GateVerdict, Review

_MARGIN = "  "
_NOT_PRODUCED = "no command collects this kind of evidence yet"
_DAY_S, _HOUR_S, _MINUTE_S = 86_400, 3_600, 60


def render(review: Review, output_format: str) -> str:
    """The review in one of FORMATS, or of those of gates.outputs; ends with a line end."""
    if output_format in REPORTS:
        return REPORTS[output_format](of_review(review))
    return FORMATS[output_format](review)


def render_value(value: object, output_format: str) -> str:
    """Any value of the toolkit as `json` or `yaml`; ends with a line end."""
    return canonical_yaml(value).decode() if output_format == "yaml" else canonical_json(value).decode() + "\n"


def render_text(review: Review) -> str:
    """The decision and its reasons, then each gate with its criteria, then what is missing and how to get it."""
    return "\n".join([*_decision(review), "", *_gates(review.gates), *_missing(review)]) + "\n"


def render_gate(gate: Gate) -> str:
    """One gate as it is written: its question, its owner, and where each number comes from."""
    lines = [f"{full_label(gate.letter, gate.id)}  ({gate.priority}, owner {gate.owner})", f"   {gate.question}", ""]
    for criterion in gate.criteria:
        lines += [f"   {criterion.title}", *(f"      {line}" for line in _explained(criterion)), ""]
    waivable = "it can be waived" if gate.waivable else "it cannot be waived"
    return "\n".join([*lines, f"   runbook {gate.runbook}; {waivable}"]) + "\n"


def table(rows: Sequence[Sequence[str]], margin: str = "") -> list[str]:
    """Rows with their columns aligned, the last one free to run on."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)] if rows else []
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return [(margin + "  ".join(row)).rstrip() for row in padded]


def age(seconds: int | None) -> str:
    """An age in one unit: `3 min`, `5 h`, `2 d`."""
    if seconds is None:
        return ""
    for unit, size in (("d", _DAY_S), ("h", _HOUR_S), ("min", _MINUTE_S)):
        if abs(seconds) >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _decision(review: Review) -> Iterator[str]:
    decision = review.decision
    yield f"{decision.decision}   as of {review.now}"
    yield from (f"{_MARGIN}{reason}" for reason in decision.reasons)
    for target, build in review.builds.items():
        yield f"{_MARGIN}Target {target}, build {build or 'not known'}."
    yellow = "; 4 with --fail-on yellow" if decision.yellow and decision.exit_code == 0 else ""
    yield f"{_MARGIN}Exit code {decision.exit_code}: {EXIT_MEANING[ExitCode(decision.exit_code)]}{yellow}."


def _gates(gates: Sequence[GateVerdict]) -> Iterator[str]:
    rows = [_row(item) for gate in gates for item in gate.criteria]
    lines = iter(table(rows, margin=_MARGIN * 2))
    for gate in gates:
        waived = f", waived until {gate.waived_until} by {gate.waived_by}" if gate.waived else ""
        outcome = gate.outcome.upper()
        yield f"{outcome:<8}{gate.priority}  {full_label(gate.letter, gate.id)}: {gate.question} (owner {gate.owner}{waived})"
        for item, following in zip(gate.criteria, (*gate.criteria[1:], None), strict=True):
            yield next(lines)
            why = _why(item)
            if not isinstance(item.criterion.source, EvidenceSource):
                yield f"{_MARGIN * 4}from {describe(item.criterion.source)}"
            if why and (following is None or _why(following) != why):  # once for neighbours with the same reason
                yield f"{_MARGIN * 4}{why}"
        if gate.outcome is not Outcome.PASS:
            yield f"{_MARGIN * 2}runbook {gate.runbook}"
        yield ""


def _why(item: CriterionVerdict) -> str:
    if item.outcome is Outcome.PASS:
        return ""
    return f"{item.unknown}: {item.detail}" if item.unknown else item.detail


def _row(item: CriterionVerdict) -> tuple[str, ...]:
    value = "-" if item.value is None else _with_unit(item.value, item.criterion.unit)
    old = f"{age(item.age_s)} old" if item.age_s is not None else "no evidence"
    digest = (item.evidence or "")[:12]
    return item.outcome, item.criterion.id, value, _limits(item.criterion), f"n {item.samples}", old, digest, item.bound_text


def _missing(review: Review) -> Iterator[str]:
    commands: dict[str, list[str]] = {}
    for item in review.decision.missing:
        commands.setdefault(item.produced_by, []).append(f"{item.gate}/{item.criterion}: {item.reason}")
    if not commands:
        return
    yield "Not judged, and the command that collects the evidence:"
    for command in sorted(commands, key=lambda text: (not text, text)):
        yield f"{_MARGIN}{command or _NOT_PRODUCED}"
        yield from (f"{_MARGIN * 2}{name}" for name in commands[command])


def _explained(criterion: Criterion) -> Iterator[str]:
    yield f"{criterion.id}: {_limits(criterion)}" + (f" ({criterion.statistic})" if criterion.statistic else "")
    yield f"from {_from(criterion)}, not older than {criterion.max_age}"
    yield f"collected by `{criterion.source.produced_by}`" if criterion.source.produced_by else _NOT_PRODUCED
    extra = [f"min_samples {criterion.min_samples}"]
    extra += [f"confidence {criterion.confidence} (Clopper-Pearson)"] if criterion.confidence else []
    extra += ["a failure is an automatic NO GO"] if criterion.automatic_no_go else []
    yield "; ".join(extra)


def _from(criterion: Criterion) -> str:
    source = criterion.source
    return f"{source.measure} in {source.predicate_type}" if isinstance(source, EvidenceSource) else describe(source)


def _limits(criterion: Criterion) -> str:
    upper = f" and {criterion.upper}" if criterion.upper is not None else ""
    return f"{OPERATOR_WORDS[criterion.operator]} {_with_unit(criterion.threshold + upper, criterion.unit)}"


def _with_unit(number: str, unit: str) -> str:
    return number if unit in ("count", "ratio") else f"{number} {unit}"


FORMATS: dict[str, Callable[[Review], str]] = {
    "text": render_text,
    "json": lambda review: render_value(review, "json"),
    "yaml": lambda review: render_value(review, "yaml"),
}
