"""What every output format shows: the verdict of a review, as texts that hold nothing but printable characters."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from gates.schema.canonical import Json
from gates.schema.errors import UsageProblem
from gates.schema.outcome import Decision, Outcome
from gates.schema.printable import printable
from gates.schema.soundness import DECIMAL
from gates.schema.verdict import CriterionVerdict, GateVerdict, Review

STATED = (Outcome.PASS, Outcome.WARN)
"""Outcomes that a waiver has nothing to add to."""


class Mark(StrEnum):
    """An outcome as formats show it: `waived` in place of what did not pass in a gate with a waiver in force."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"


class Found(msgspec.Struct, frozen=True):
    """One fault, in the words of the failing criterion's evidence."""

    gate: str
    criterion: str
    text: str


class ToDo(msgspec.Struct, frozen=True):
    """One thing to do next: for which gate and by whom ("" where it is no gate's), and the command ("" if there is none)."""

    gate: str
    owner: str
    do: str
    command: str


class Card(msgspec.Struct, frozen=True):
    """What a scorecard has in addition to a verdict: its week, whether it counts and why, and the weeks of its streak."""

    week: str
    standing: str
    standing_reason: str
    green_weeks: int


class Report(msgspec.Struct, frozen=True):
    """A verdict on one target, ready to be written in any format.

    `sentence` is the decision in one sentence, `why` the sentences behind it. `waivers` are the moments (RFC 3339) at which the
    waiver of a gate ends, by gate. `card` is None for a verdict that is on no scorecard.
    """

    target: str
    build: str
    at: str
    decision: Decision
    exit_code: int
    yellow: bool
    sentence: str
    why: tuple[str, ...]
    gates: tuple[GateVerdict, ...]
    waivers: dict[str, str] = {}
    findings: tuple[Found, ...] = ()
    actions: tuple[ToDo, ...] = ()
    card: Card | None = None


def of_review(review: Review) -> Report:
    """The report of a review; what to do next are the commands that collect missing evidence."""
    decision, (target, build) = review.decision, next(iter(sorted(review.builds.items())))
    return clean(
        Report(
            target=target,
            build=build,
            at=review.now,
            decision=decision.decision,
            exit_code=decision.exit_code,
            yellow=decision.yellow,
            sentence=f"{decision.decision}: {decision.reasons[0]}",
            why=decision.reasons,
            gates=review.gates,
            waivers={gate.id: gate.waived_until for gate in review.gates if gate.waived and gate.waived_until},
            actions=tuple(_to_collect(review)),
        )
    )


def clean(report: Report) -> Report:
    """The report without control characters, line ends and changes of writing direction: each is written as an escape.

    Raises UsageProblem naming the criterion whose number is none: the scorecard was not written by gonogo.
    """
    for gate in report.gates:
        for item in gate.criteria:
            _require_numbers(gate.id, item)
    return msgspec.convert(_printable(msgspec.to_builtins(report)), Report)


def mark(gate: GateVerdict, outcome: Outcome) -> Mark:
    """How the outcome of this gate, or of one of its criteria, is shown."""
    return Mark.WAIVED if gate.waived and outcome not in STATED else Mark(outcome.value)


def judged(report: Report) -> Iterator[tuple[GateVerdict, CriterionVerdict, Mark]]:
    """Every criterion with its gate and its mark, in the order of the gate set."""
    for gate in report.gates:
        for item in gate.criteria:
            yield gate, item, mark(gate, item.outcome)


def name(gate: GateVerdict, item: CriterionVerdict) -> str:
    """The name of a criterion in every format: `financial-integrity/storm_double_settles`."""
    return f"{gate.id}/{item.criterion.id}"


def reason(item: CriterionVerdict) -> str:
    """Why the outcome is what it is, in one line; never empty."""
    detail = item.detail or "no detail"
    return f"{item.unknown.value}: {detail}" if item.unknown else detail


def waived_text(gate: GateVerdict) -> str:
    """The waiver of a gate in one line."""
    return f"waived until {gate.waived_until} by {gate.waived_by}: {gate.waiver_reason}"


def _to_collect(review: Review) -> Iterator[ToDo]:
    owners = {gate.id: gate.owner for gate in review.gates}
    commands: dict[tuple[str, str], list[str]] = {}
    for item in review.decision.missing:
        commands.setdefault((item.gate, item.produced_by), []).append(item.title)
    for (gate, command), titles in commands.items():
        verb = "Collect evidence" if command else "No command measures this yet"
        yield ToDo(gate, owners.get(gate, ""), f"{verb}: {_listed(titles)}.", command)


def _listed(titles: Sequence[str]) -> str:
    return titles[0] if len(titles) == 1 else f"{titles[0]}; and {len(titles) - 1} more"


def _require_numbers(gate: str, item: CriterionVerdict) -> None:
    criterion = item.criterion
    for member, text in (("value", item.value), ("threshold", criterion.threshold), ("upper", criterion.upper)):
        if text is not None and not DECIMAL.fullmatch(text):
            raise UsageProblem(
                f"{gate}/{criterion.id}: {member} {text!r} is not a decimal number",
                next_step="gonogo scorecard verify shows whether the scorecard is the one that was written",
            )


def _printable(value: Json) -> Json:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value
