"""A scorecard as the report that every output format is written from. Pure."""

from collections.abc import Iterator

from gates.outputs.report import Card, Found, Report, ToDo, clean
from scorecards.loosening import loosened_text
from scorecards.runs import run_lines
from scorecards.schema import Scorecard, ScorecardSpec


def report_of(scorecard: Scorecard) -> Report:
    """The report; raises UsageProblem for a scorecard whose numbers are none."""
    spec = scorecard.spec
    return clean(
        Report(
            target=spec.target,
            build=spec.builds.get(spec.target, ""),
            at=spec.evaluated_at,
            decision=spec.decision,
            exit_code=spec.exit_code,
            yellow=spec.yellow,
            sentence=spec.sentence,
            why=tuple(_why(spec)),
            gates=spec.gates,
            waivers={line.gate: line.expires_at for line in sorted(spec.waivers, key=lambda line: line.expires_at)},
            findings=tuple(Found(one.gate, one.criterion, one.text) for one in spec.findings),
            actions=tuple(_actions(spec)),
            card=Card(spec.week, spec.standing.value, spec.standing_reason, spec.streak.length),
        )
    )


def _why(spec: ScorecardSpec) -> Iterator[str]:
    yield f"May we launch? {spec.launch.sentence}"
    yield from spec.reasons
    yield spec.streak.sentence
    if spec.streak.broken_by:
        yield f"Held back by: {spec.streak.broken_by}."
    yield spec.changes.sentence
    yield spec.bar.sentence
    yield from map(loosened_text, spec.bar.loosened)
    yield from run_lines(spec)


def _actions(spec: ScorecardSpec) -> Iterator[ToDo]:
    """What to do next, the next official scorecard last: it is no gate's."""
    yield from (ToDo(one.gate, one.owner, one.do, one.command) for one in spec.actions)
    yield ToDo("", "", spec.launch.next, spec.launch.command)
