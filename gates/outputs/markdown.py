"""The verdict as Markdown for a job's summary: the decision, why, what to do next, gates, criteria; the most important first."""

import itertools
from collections.abc import Callable, Sequence
from typing import TypeVar

from gates.outputs.markdown_text import code_block, cut, plain, row
from gates.outputs.report import Found, Mark, Report, ToDo, judged, mark, reason, waived_text
from gates.rule import limit as threshold
from gates.rule import with_unit
from gates.schema.outcome import EXIT_MEANING, ExitCode
from gates.schema.verdict import CriterionVerdict, GateVerdict

LIMIT = 1024 * 1024 - 1024
"""Bytes: GitHub drops a summary above 1 MiB. The rest is for the line that says what was left out."""

SHOWN = {
    Mark.PASS: "✅ pass",
    Mark.WARN: "⚠️ warn",
    Mark.FAIL: "❌ fail",
    Mark.UNKNOWN: "❔ unknown",
    Mark.WAIVED: "📝 waived",
}
_WORST_FIRST = (Mark.FAIL, Mark.UNKNOWN, Mark.WAIVED, Mark.WARN, Mark.PASS)
_TITLE = 200

_Item = TypeVar("_Item")


def render_markdown(report: Report, limit: int = LIMIT) -> str:
    """The report in at most `limit` bytes and 1 KiB; a last line says what was left out. Ends with a line end."""
    page = _Page(limit)
    page.head(_head(report))
    page.section("reasons", ("## Why", ""), report.why, lambda text: [f"- {plain(text)}"])
    page.section("actions", ("", "## What to do next", ""), list(enumerate(report.actions, 1)), _to_do)
    page.section("gates", ("", "## Gates", "", *_GATE_HEAD), report.gates, _gate)
    page.section("findings", ("", "## Findings", ""), report.findings, _finding)
    found = sorted(judged(report), key=lambda one: _WORST_FIRST.index(one[2]))
    page.section("criteria", ("", "## Criteria", "", *_CRITERION_HEAD), found, _criterion)
    return page.text()


class _Page:
    """Lines up to a number of bytes, and what did not fit."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._lines: list[str] = []
        self._left_out: dict[str, int] = {}

    def head(self, lines: Sequence[str]) -> None:
        """The first lines, which always fit: each text in them is cut."""
        self._take(lines)

    def section(self, what: str, head: Sequence[str], items: Sequence[_Item], write: Callable[[_Item], Sequence[str]]) -> None:
        """A section: its head, then items, each whole, up to the first that does not fit; none without items."""
        if not items:
            return
        self._take(head)
        fitting = sum(1 for _ in itertools.takewhile(lambda item: self._take(write(item)), items))
        if fitting < len(items):
            self._left_out[what] = len(items) - fitting

    def text(self) -> str:
        """The whole page."""
        if self._left_out:
            counts = ", ".join(f"{count} {what}" for what, count in self._left_out.items())
            self._lines += ["", f"**Left out, because a summary holds at most 1 MiB: {counts}.** The scorecard has them all."]
        return "\n".join(self._lines) + "\n"

    def _take(self, lines: Sequence[str]) -> bool:
        size = sum(len(line.encode()) + 1 for line in lines)
        if size > self._left:
            return False
        self._left -= size
        self._lines += lines
        return True


def _head(report: Report) -> list[str]:
    lines = [
        f"# {plain(report.sentence)}",
        "",
        f"Exit code {report.exit_code}: {plain(EXIT_MEANING[ExitCode(report.exit_code)])}.",
    ]
    about = f"Target {plain(report.target)}, build {plain(report.build or 'not known')}, judged {plain(report.at)}."
    if report.card is not None:
        card = report.card
        lines.append(f"{plain(card.week)}, **{plain(card.standing)}**: {plain(card.standing_reason)}.")
    return [*lines, about, ""]


def _to_do(numbered: tuple[int, ToDo]) -> list[str]:
    number, one = numbered
    whose = f"{plain(one.gate)} ({plain(one.owner)}): " if one.gate else ""
    line = f"{number}. {whose}{plain(one.do)}"
    return [line, "", *code_block(cut(one.command), "   "), ""] if one.command else [line]


_GATE_HEAD = (row("outcome", "gate", "priority", "owner", "criteria that pass", "runbook"), row(*["---"] * 6))
_CRITERION_HEAD = (row("outcome", "gate", "criterion", "measured", "threshold", "samples", "why"), row(*["---"] * 7))


def _gate(gate: GateVerdict) -> list[str]:
    passed = sum(mark(gate, item.outcome) in (Mark.PASS, Mark.WARN) for item in gate.criteria)
    found = mark(gate, gate.outcome)
    shown = SHOWN[found]
    if gate.waived:
        shown = f"{shown.partition(' ')[0] if found is Mark.WAIVED else shown + ';'} {plain(waived_text(gate))}"
    title = f"{plain(gate.id)}: {plain(gate.title)}"
    share = f"{passed} of {len(gate.criteria)}"
    return [row(shown, title, gate.priority.value, plain(gate.owner), share, plain(gate.runbook))]


def _finding(one: Found) -> list[str]:
    return [f"- {plain(one.gate)}/{plain(one.criterion)}: {plain(one.text)}"]


def _criterion(one: tuple[GateVerdict, CriterionVerdict, Mark]) -> list[str]:
    gate, item, shown = one
    why = "" if shown is Mark.PASS else f"{plain(item.criterion.title)}: {plain(reason(item))}"
    value = "" if item.value is None else with_unit(item.value, item.criterion.unit)
    limit = threshold(item.criterion, item.criterion.threshold)
    names = plain(gate.id), plain(item.criterion.id)
    return [row(SHOWN[shown], *names, plain(value), plain(limit), str(item.samples), why)]
