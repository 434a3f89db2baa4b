"""What other programs read out of each output format: the decision, and a mark for each gate and criterion that it names."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import NamedTuple

import yaml
from prometheus_client.parser import text_string_to_metric_families


class Seen(NamedTuple):
    """The decision (or GO alone, as `True`), and what is said of gates and of criteria (`gate/criterion`)."""

    decision: object
    gates: dict[str, str]
    criteria: dict[str, str]


def of_document(value: dict) -> Seen:
    """A scorecard, or a review, as its own document."""
    spec = value.get("spec", value)
    decision = spec["decision"] if isinstance(spec["decision"], str) else spec["decision"]["decision"]
    gates = {gate["id"]: _marked(gate, gate["outcome"]) for gate in spec["gates"]}
    criteria = {
        f"{gate['id']}/{item['criterion']['id']}": _marked(gate, item["outcome"])
        for gate in spec["gates"]
        for item in gate["criteria"]
    }
    return Seen(decision, gates, criteria)


def _marked(gate: dict, outcome: str) -> str:
    return "waived" if gate["waived"] and outcome in ("fail", "unknown") else outcome


def of_json(text: str) -> Seen:
    """JSON."""
    return of_document(json.loads(text))


def of_yaml(text: str) -> Seen:
    """YAML."""
    return of_document(yaml.safe_load(text))


MARKS = {"✅": "pass", "⚠️": "warn", "❌": "fail", "❔": "unknown", "📝": "waived"}


def of_markdown(text: str) -> Seen:
    """The tables of the Markdown, read as GitHub reads them: cells between bars that are not escaped."""
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| ")]
    cells = [[re.sub(r"\\(.)", r"\1", cell).strip() for cell in row] for row in rows]
    gates = {row[1].partition(":")[0]: MARKS[row[0].split()[0]] for row in cells if len(row) == 6 and row[0][0] in "✅⚠❌❔📝"}
    criteria = {f"{row[1]}/{row[2]}": MARKS[row[0].split()[0]] for row in cells if len(row) == 7 and row[0][0] in "✅⚠❌❔📝"}
    decision = re.match(r"# (?:REHEARSAL.*?\. )?(GO|NO GO|CONDITIONAL GO)\b", text)
    assert decision is not None, text[:100]
    return Seen(decision[1], gates, criteria)


def of_junit(text: str) -> Seen:
    """JUnit, as a test reporter sees it."""
    root = ET.fromstring(text)  # noqa: S314  # what the test itself rendered
    gates: dict[str, str] = {}
    criteria: dict[str, str] = {}
    decision: object = None
    for suite in root:
        about = {one.get("name"): one.get("value") for one in suite.find("properties")}
        if suite.get("name") == "decision":
            decision = about["decision"]
            green = not any(suite.findall(f"testcase/{tag}") for tag in ("failure", "error", "skipped"))
            assert green == (decision == "GO")
            continue
        gates[suite.get("name")] = _marked({"waived": "waiver" in about}, about["outcome"])
        for case in suite.findall("testcase"):
            criteria[f"{case.get('classname')}/{case.get('name')}"] = _case(case)
    for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(root.get(attribute)) == len(root.findall(f".//{tag}"))
    assert int(root.get("tests")) == len(root.findall(".//testcase"))
    return Seen(decision, gates, criteria)


def _case(case: ET.Element) -> str:
    found = {child.tag for child in case} & {"failure", "error", "skipped"}
    assert len(found) <= 1
    if not found:
        return "warn" if case.find("system-out") is not None else "pass"
    return {"failure": "fail", "error": "unknown", "skipped": "waived"}[found.pop()]


KINDS = {("pass", "none"): "pass", ("fail", "warning"): "warn", ("fail", "error"): "fail", ("open", "none"): "unknown"}


def of_sarif(text: str) -> Seen:
    """SARIF results, by kind, level and suppression."""
    (run,) = json.loads(text)["runs"]
    marks: dict[str, str] = {}
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        found = KINDS[result["kind"], result["level"]]
        accepted = any(one["status"] == "accepted" for one in result.get("suppressions", []))
        marks[result["ruleId"]] = "waived" if accepted else found
    decision = run["properties"]["decision"]
    assert (marks.pop("decision") == "pass") == (decision == "GO")
    return Seen(decision, {}, marks)


COMMAND = re.compile(r"::(error|warning|notice) (?:file=([^,:]*),)?title=([^,:]*)::(.*)")
LEVELS = {"fail": "error", "unknown": "warning", "warn": "warning", "waived": "notice"}


def of_github(text: str) -> Seen:
    """Annotations, read as the runner reads them."""
    marks: dict[str, str] = {}
    for line in text.removesuffix("\n").split("\n"):
        command = COMMAND.fullmatch(line)
        assert command is not None, line
        key, _, said = command[3].replace("%3A", ":").replace("%2C", ",").replace("%25", "%").rpartition(": ")
        marks[key] = said
        assert key == "decision" or command[1] == LEVELS[said]
    return Seen(marks.pop("decision"), {}, marks)


def of_prometheus(text: str) -> Seen:
    """The series whose value is 1."""
    families = {family.name: family.samples for family in text_string_to_metric_families(text)}
    decided = [one.labels["decision"] for one in families["launch_scorecard_decision"] if one.value == 1]
    assert len(decided) == 1
    waived = {one.labels["gate"] for one in families["launch_gate_waived"] if one.value == 1}
    gates = {one.labels["gate"]: one.labels["verdict"] for one in families["launch_gate_verdict"] if one.value == 1}
    criteria = {
        (one.labels["gate"], one.labels["criterion"]): one.labels["verdict"]
        for one in families["launch_gate_criterion_verdict"]
        if one.value == 1
    }
    return Seen(
        decided[0],
        {gate: _marked({"waived": gate in waived}, outcome) for gate, outcome in gates.items()},
        {f"{gate}/{name}": _marked({"waived": gate in waived}, outcome) for (gate, name), outcome in criteria.items()},
    )


READERS: dict[str, Callable[[str], Seen]] = {
    "json": of_json,
    "yaml": of_yaml,
    "md": of_markdown,
    "junit": of_junit,
    "sarif": of_sarif,
    "github": of_github,
    "prometheus": of_prometheus,
}
"""How each format is read back."""

NO_GATES = ("sarif", "github")
"""Formats that list criteria alone."""


def expected(output_format: str, whole: Seen) -> Seen:
    """What a format shows of all that there is: annotations leave out what passes."""
    gates = {} if output_format in NO_GATES else whole.gates
    criteria = {name: mark for name, mark in whole.criteria.items() if output_format != "github" or mark != "pass"}
    return Seen(whole.decision, gates, criteria)
