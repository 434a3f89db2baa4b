"""The verdict as JUnit XML: a suite for the decision, and one for each gate with its criteria as test cases."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gates.outputs.report import Mark, Report, mark, reason, waived_text
from gates.schema.outcome import Decision
from gates.schema.verdict import CriterionVerdict, GateVerdict

DECISION = "decision"
"""The suite, and its test case, that fails for every decision but GO: a lowered bar fails no criterion."""


def render_junit(report: Report) -> str:
    """The report as XML; ends with a line end.

    pass: a passed case. warn: passed, with a property and its text in system-out. fail: a failure. unknown: an **error**, so that
    no reader takes it for a pass. waived: skipped, with the end of the waiver.
    """
    root = Element("testsuites", name="gonogo")
    _decision(root, report)
    for gate in report.gates:
        _gate(root, gate)
    for suite in root:
        _count(suite, [suite])
    _count(root, list(root))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _decision(root: Element, report: Report) -> None:
    suite = SubElement(root, "testsuite", name=DECISION)
    about = {
        "decision": report.decision.value,
        "exit_code": str(report.exit_code),
        "target": report.target,
        "build": report.build,
        "evaluated_at": report.at,
    }
    if report.card is not None:
        about |= {"week": report.card.week, "standing": report.card.standing, "standing_reason": report.card.standing_reason}
    _properties(suite, about)
    case = SubElement(suite, "testcase", classname=DECISION, name="may_we_launch")
    text = "\n".join([report.sentence, *report.why])
    if report.decision is Decision.GO:
        SubElement(case, "system-out").text = text
    else:
        nothing_failed = report.decision is Decision.NO_GO and report.exit_code == 3
        kind = "error" if nothing_failed else "failure"
        SubElement(case, kind, type=report.decision.value, message=report.sentence).text = text


def _gate(root: Element, gate: GateVerdict) -> None:
    suite = SubElement(root, "testsuite", name=gate.id)
    about = {
        "title": gate.title,
        "question": gate.question,
        "priority": gate.priority.value,
        "owner": gate.owner,
        "outcome": gate.outcome.value,
        "runbook": gate.runbook,
    }
    _properties(suite, {**about, "waiver": waived_text(gate)} if gate.waived else about)
    for item in gate.criteria:
        _case(suite, gate, item)


def _case(suite: Element, gate: GateVerdict, item: CriterionVerdict) -> None:
    case = SubElement(suite, "testcase", classname=gate.id, name=item.criterion.id)
    shown, why = mark(gate, item.outcome), f"{item.criterion.title}: {reason(item)}"
    if shown is Mark.WARN:
        _properties(case, {"outcome": "warn"})
        SubElement(case, "system-out").text = why
    elif shown is Mark.FAIL:
        SubElement(case, "failure", type="fail", message=why).text = _basis(item)
    elif shown is Mark.UNKNOWN:
        SubElement(case, "error", type=item.unknown.value if item.unknown else "unknown", message=why).text = _basis(item)
    elif shown is Mark.WAIVED:
        SubElement(case, "skipped", message=f"{waived_text(gate)}; {item.outcome.value}: {why}")


def _basis(item: CriterionVerdict) -> str:
    command = item.criterion.source.produced_by
    evidence = f"evidence {item.evidence}" if item.evidence else "no evidence"
    return f"{evidence}, {item.samples} samples" + (f"; collected by: {command}" if command else "")


def _properties(parent: Element, values: dict[str, str]) -> None:
    listed = SubElement(parent, "properties")
    for key, value in values.items():
        SubElement(listed, "property", name=key, value=value)


def _count(element: Element, within: list[Element]) -> None:
    element.set("tests", str(sum(len(suite.findall("testcase")) for suite in within)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(len(suite.findall(f"testcase/{tag}")) for suite in within)))
