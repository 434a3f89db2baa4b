"""The verdict on a drill with the limits of the gates that read it, and the report with this verdict as text and as JSON."""

from functools import cache
from pathlib import Path

import msgspec

from drills.limits import held_to_limits, limits_of
from drills.report import Report, text
from drills.verdict import Verdict, verdict
from gates.evidence.statement import EvidenceKind
from gates.schema.canonical import canonical_json
from gates.schema.catalogs import rules_path
from gates.schema.gate import Gate
from gates.schema.gateset import load_gates


def gates_of(target: str) -> tuple[Gate, ...]:
    """The shipped gates that judge a target, by its name or path on the command line."""
    return _shipped(rules_path(None, target))


@cache  # each drill of a series is judged by them, in its table and on its page
def _shipped(path: Path) -> tuple[Gate, ...]:
    return load_gates(path)


def judged_by_gates(report: Report, target: str) -> Verdict:
    """The verdict by the gates of a target, by its name or path on the command line: a missed limit is no pass."""
    limits = limits_of(EvidenceKind(report.evidence), gates_of(target))
    return held_to_limits(verdict(report), report.measures, limits)


def shown_text(report: Report, found: Verdict) -> str:
    """The report as text: which drill, the verdict, and how it ended with its measures."""
    title, rest = text(report).split("\n", 1)
    return f"{title}\n{found.word}: {found.sentence}\n{rest}"


def shown_json(report: Report, found: Verdict) -> bytes:
    """The report as JSON with the member `verdict`, which report.json does not have: it is measured, not judged."""
    members = msgspec.to_builtins(report)
    return canonical_json({**members, "verdict": {"word": found.word, "sentence": found.sentence}})
