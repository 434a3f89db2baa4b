"""The scorecard as text for a terminal: decision, why, gates, what to do next. Pure."""

import textwrap
from collections.abc import Iterator, Sequence

from gates.page.words import LABELS, SYMBOLS, counted, moment, short, threshold
from gates.schema.describe import describe
from gates.schema.gate import label
from gates.schema.outcome import Outcome
from gates.schema.source import EvidenceSource
from gates.schema.verdict import CriterionVerdict, GateVerdict
from scorecards.loosening import loosened_text
from scorecards.runs import run_lines
from scorecards.schema import Finding, Scorecard, ScorecardSpec, WaiverLine
from scorecards.words import age, detail_beside, measured

WIDTH = 110
SHOWN_ACTIONS = 8


def render_text(scorecard: Scorecard) -> str:
    """The scorecard in a page of text; ends with a line feed."""
    spec = scorecard.spec
    parts = (_head(spec), _gates(spec), _todo(spec), _foot(spec))
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(spec: ScorecardSpec) -> list[str]:
    lines = _wrap(spec.sentence)
    lines += _wrap(f"May we launch? {spec.launch.sentence}")
    lines += [f"{spec.target}, {spec.week}, {spec.standing.value} ({spec.standing_reason}), {moment(spec.evaluated_at)}", ""]
    for reason in spec.reasons:
        lines += _wrap(reason, "- ", "  ")
    if spec.streak.broken_by:
        lines += _wrap(f"Held back by: {spec.streak.broken_by}.", "- ", "  ")
    lines += _wrap(spec.changes.sentence, "- ", "  ")
    for text in (spec.bar.sentence, *(loosened_text(line) for line in spec.bar.loosened)):
        lines += _wrap(text, "- ", "  ")
    for text in run_lines(spec):
        lines += _wrap(text, "- ", "  ")
    return lines


def _gates(spec: ScorecardSpec) -> list[str]:
    width = max(len(_titled(gate)) for gate in spec.gates)
    found = {gate.id: [one for one in spec.findings if one.gate == gate.id] for gate in spec.gates}
    return [line for gate in spec.gates for line in _gate(gate, width, found[gate.id])]


def _gate(gate: GateVerdict, width: int, found: Sequence[Finding]) -> Iterator[str]:
    passed = sum(item.outcome in (Outcome.PASS, Outcome.WARN) for item in gate.criteria)
    waived = f", waived until {gate.waived_until}" if gate.waived else ""
    title, outcome = _titled(gate), LABELS[gate.outcome.value]
    share = f"{passed} of {len(gate.criteria)} criteria{waived}"
    yield f"{SYMBOLS[gate.outcome.value]} {title:<{width}}  {gate.priority.value}  {outcome:<10}  {share}"
    alike: dict[tuple[Outcome, str], list[CriterionVerdict]] = {}
    for item in gate.criteria:
        if item.outcome is not Outcome.PASS:
            alike.setdefault((item.outcome, item.detail), []).append(item)
    for first, *others in alike.values():
        if others:
            yield from _several([first, *others])
        else:
            yield from _criterion(first, [one for one in found if one.criterion == first.criterion.id])


def _titled(gate: GateVerdict) -> str:
    return gate.title if gate.letter is None else f"{gate.letter} {gate.title}"


def _several(items: Sequence[CriterionVerdict]) -> list[str]:
    first = items[0]
    return _wrap(f"{len(items)} criteria: {first.detail}", f"    {SYMBOLS[first.outcome.value]} ", "      ")


def _criterion(item: CriterionVerdict, found: Sequence[Finding]) -> list[str]:
    basis = f", {counted(item.samples, 'sample')}, evidence {short(item.evidence)} {age(item.age_s)}" if item.evidence else ""
    text = f"{item.criterion.title}: {measured(item)}, threshold {threshold(item.criterion)}{basis}"
    detail = detail_beside(item)
    lines = _wrap(f"{text}; {detail}" if detail else text, f"    {SYMBOLS[item.outcome.value]} ", "      ")
    if not isinstance(item.criterion.source, EvidenceSource):
        lines += _wrap(describe(item.criterion.source), "      from ", "        ")
    return lines + [line for finding in found for line in _wrap(finding.text, "      > ", "        ")]


def _todo(spec: ScorecardSpec) -> list[str]:
    if not spec.actions:
        return ["Next: every gate passes.", *_upcoming(spec)]
    lines = ["Next:"]
    for number, action in enumerate(spec.actions[:SHOWN_ACTIONS], 1):
        lines += _wrap(f"{label(action.letter, action.gate)} ({action.owner}) {action.do}", f"{number:>3}. ", "     ")
        if action.command:
            lines.append(f"     $ {action.command}")
        if action.runbook:
            lines.append(f"     runbook {action.runbook}")
    more = len(spec.actions) - SHOWN_ACTIONS
    return [*lines, *([f"     and {more} more in scorecard.yaml"] if more > 0 else []), *_upcoming(spec)]


def _upcoming(spec: ScorecardSpec) -> list[str]:
    """The next official scorecard, and the command that makes it."""
    return [*_wrap(spec.launch.next, "  -  ", "     "), f"     $ {spec.launch.command}"]


def _foot(spec: ScorecardSpec) -> list[str]:
    return [*(_waiver(line) for line in spec.waivers if line.state != "active"), spec.launch.freeze]


def _waiver(line: WaiverLine) -> str:
    if line.state == "changed":
        return f"Waiver of {line.gate} ended: its gate changed after it was signed."
    return f"Waiver of {line.gate} {line.state}: {moment(line.expires_at)}."


def _wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
