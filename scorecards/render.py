"""The scorecard as one HTML file: no script, no network; the same bytes from the same scorecard. Pure but for its template."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gates.schema.outcome import Outcome, Priority
from gates.schema.verdict import CriterionVerdict, GateVerdict
from scorecards import charts, words
from scorecards.bar import describe
from scorecards.schema import Scorecard, ScorecardSpec

TEMPLATES = Path(__file__).parent / "templates"
SHOWN_ACTIONS = 6


def render_html(scorecard: Scorecard, yaml_sha256: str) -> bytes:
    """The page of a scorecard whose YAML has this sha256."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(w=words, c=charts, describe=describe)
    spec = scorecard.spec
    page = environment.get_template(
        "scorecard.html.j2"
    ).render(
        title=scorecard.metadata.title,
        s=spec,
        tone=_tone(spec),
        told=spec.sentence.removeprefix(f"{spec.decision.value}: "),
        css=Markup((TEMPLATES / "scorecard.css").read_text(encoding="utf-8")),  # noqa: S704  # our own file
        groups=_groups(spec),
        actions=spec.actions[:SHOWN_ACTIONS],
        later=spec.actions[SHOWN_ACTIONS:],
        passing=_passing,
        first=_first,
        opened=_opened,
        found=_found(spec),
        figures=[(gate, item) for gate in spec.gates for item in gate.criteria if charts.bullet(item)],
        yaml_sha256=yaml_sha256,
    )
    return page.encode()


def _tone(spec: ScorecardSpec) -> str:
    """The colour of the banner: a NO GO for want of evidence looks other than one where something failed."""
    if spec.exit_code == 0:
        return "warn" if spec.yellow else "pass"
    return "unknown" if spec.exit_code == 3 else "fail"


def _groups(spec: ScorecardSpec) -> list[tuple[Priority, list[GateVerdict]]]:
    groups = [(priority, [gate for gate in spec.gates if gate.priority is priority]) for priority in Priority]
    return [(priority, gates) for priority, gates in groups if gates]


def _passing(gate: GateVerdict) -> int:
    return sum(item.outcome in (Outcome.PASS, Outcome.WARN) for item in gate.criteria)


def _opened(gate: GateVerdict) -> bool:
    """Whether the page shows the criteria at once: where attention is due, and anything was measured at all."""
    return gate.outcome is not Outcome.PASS and any(item.evidence for item in gate.criteria)


def _first(gate: GateVerdict) -> list[CriterionVerdict]:
    """The criteria that need attention, failing ones on top; the others follow in the order of the gate set."""
    order = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN)
    return sorted((item for item in gate.criteria if item.outcome in order), key=lambda item: order.index(item.outcome))


def _found(spec: ScorecardSpec) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for finding in spec.findings:
        found.setdefault((finding.gate, finding.criterion), []).append(finding.text)
    return found
