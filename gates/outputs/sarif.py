"""The verdict as SARIF 2.1.0: a rule and a result for the decision, and for each criterion."""

from collections.abc import Iterator, Mapping

import msgspec

from gates.outputs.report import Mark, Report, judged, name, reason, waived_text
from gates.schema.canonical import Json, canonical_json
from gates.schema.outcome import EXIT_MEANING, Decision, ExitCode
from gates.schema.runbook import is_address, is_link
from gates.schema.verdict import CriterionVerdict, GateVerdict

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
DECISION = "decision"
_SCORECARD = "scorecard.yaml"
_KINDS = {
    Mark.PASS: ("pass", "none"),
    Mark.WARN: ("fail", "warning"),
    Mark.FAIL: ("fail", "error"),
    Mark.UNKNOWN: ("open", "none"),
}
_ESCAPES = str.maketrans({"{": "{{", "}": "}}", "[": "\\[", "]": "\\]"})


def render_sarif(report: Report) -> str:
    """The report as one run; ends with a line end. What is waived keeps its own kind and level, with an accepted suppression."""
    found = list(judged(report))
    rules = [_rule(DECISION, "May we launch?", {}), *(_criterion_rule(gate, item) for gate, item, _ in found)]
    results = [_decision(report), *(_result(number, *one) for number, one in enumerate(found, 1))]
    about: dict[str, Json] = {"decision": report.decision.value, "target": report.target, "build": report.build}
    run: dict[str, Json] = {
        "tool": {"driver": {"name": "gonogo", "rules": list(rules)}},
        "automationDetails": {"id": "/".join(["gonogo", report.target, report.card.week if report.card else "review"])},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "properties": {**about, "evaluatedAt": report.at},
        "results": list(results),
    }
    log: dict[str, Json] = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(canonical_json(log), indent=2).decode() + "\n"


def _invocation(report: Report) -> dict[str, Json]:
    """The tool did its work: a verdict that is not GO is no fault of the tool."""
    meaning = EXIT_MEANING[ExitCode(report.exit_code)]
    return {"executionSuccessful": True, "exitCode": report.exit_code, "exitCodeDescription": meaning}


def _rule(rule: str, title: str, properties: Mapping[str, Json]) -> dict[str, Json]:
    return {"id": rule, "shortDescription": {"text": _text(title)}, "properties": dict(properties)}


def _criterion_rule(gate: GateVerdict, item: CriterionVerdict) -> dict[str, Json]:
    properties: dict[str, Json] = {"priority": gate.priority.value, "owner": gate.owner, "runbook": gate.runbook}
    rule = _rule(name(gate, item), item.criterion.title, properties)
    rule["help"] = {"text": _text(f"{gate.question} Runbook: {gate.runbook}")}
    return {**rule, "helpUri": gate.runbook} if is_address(gate.runbook) else rule


def _decision(report: Report) -> dict[str, Json]:
    if report.decision is Decision.GO:
        kind, level = _KINDS[Mark.PASS]
    elif report.decision is Decision.CONDITIONAL_GO:
        kind, level = _KINDS[Mark.WARN]
    else:
        kind, level = _KINDS[Mark.UNKNOWN if report.exit_code == ExitCode.UNKNOWN else Mark.FAIL]
    text = " ".join([report.sentence, *report.why])
    return _written(DECISION, 0, kind, level, text, _SCORECARD)


def _result(number: int, gate: GateVerdict, item: CriterionVerdict, mark: Mark) -> dict[str, Json]:
    kind, level = _KINDS[Mark(item.outcome.value)]
    where = gate.runbook.partition("#")[0] if is_link(gate.runbook) and not is_address(gate.runbook) else _SCORECARD
    text = f"{item.criterion.title}: {reason(item)}"
    result = _written(name(gate, item), number, kind, level, text, where)
    result["properties"] = dict(_properties(item))
    if mark is Mark.WAIVED:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": waived_text(gate)}]
    return result


def _written(rule: str, number: int, kind: str, level: str, text: str, where: str) -> dict[str, Json]:
    return {
        "ruleId": rule,
        "ruleIndex": number,
        "kind": kind,
        "level": level,
        "message": {"text": _text(text)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": where}, "region": {"startLine": 1}}}],
    }


def _properties(item: CriterionVerdict) -> Iterator[tuple[str, Json]]:
    yield "outcome", item.outcome.value
    yield "samples", item.samples
    for key, value in (("value", item.value), ("unit", item.criterion.unit), ("evidence", item.evidence)):
        if value is not None:
            yield key, value
    if item.unknown:
        yield "unknown", item.unknown.value


def _text(text: str) -> str:
    """Text without the two things that a SARIF message gives a meaning to: placeholders in braces, links in brackets."""
    return text.translate(_ESCAPES)
