"""The verdict as annotations of a GitHub workflow: one line for the decision, one for each criterion that does not pass."""

from collections.abc import Iterator

from gates.outputs.report import Mark, Report, judged, name, reason, waived_text
from gates.schema.outcome import Decision
from gates.schema.runbook import is_address, is_link

COMMANDS = {Mark.FAIL: "error", Mark.UNKNOWN: "warning", Mark.WARN: "warning", Mark.WAIVED: "notice"}
"""GitHub shows the first ten of each kind in a step, so the worst come first."""
_ORDER = tuple(COMMANDS)
_DECISIONS = {Decision.GO: "notice", Decision.CONDITIONAL_GO: "warning", Decision.NO_GO: "error"}


def render_github(report: Report) -> str:
    """The report as workflow commands, one a line; ends with a line end.

    `file` is the gate's runbook, where that is a file; it is where a person has to look next. A failing criterion's line
    ends with the first fault that its evidence names.
    """
    found = [one for one in judged(report) if one[2] in COMMANDS]
    found.sort(key=lambda one: (_ORDER.index(one[2]), one[0].priority))
    first = {(one.gate, one.criterion): one.text for one in reversed(report.findings)}
    lines = [_line(_DECISIONS[report.decision], f"decision: {report.decision}", "", report.sentence)]
    for gate, item, mark in found:
        waiver = f"{waived_text(gate)}; " if mark is Mark.WAIVED else ""
        title = f"{name(gate, item)}: {mark}"
        fault = first.get((gate.id, item.criterion.id), "")
        text = f"{waiver}{item.criterion.title}: {reason(item)}{f'; the first: {fault}' if fault else ''}"
        lines.append(_line(COMMANDS[mark], title, gate.runbook, text))
    return "\n".join(lines) + "\n"


def _line(command: str, title: str, runbook: str, text: str) -> str:
    is_file = is_link(runbook) and not is_address(runbook)
    values = {"file": runbook.partition("#")[0] if is_file else "", "title": title}
    properties = ",".join(f"{key}={_property(value)}" for key, value in values.items() if value)
    return f"::{command} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return "".join(_escapes(text, {"%": "%25", "\r": "%0D", "\n": "%0A"}))


def _property(text: str) -> str:
    return "".join(_escapes(text, {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"}))


def _escapes(text: str, escapes: dict[str, str]) -> Iterator[str]:
    return (escapes.get(letter, letter) for letter in text)
