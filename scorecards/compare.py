"""Two scorecards side by side: what changed from one to the other."""

from pathlib import Path

from gates.page.words import LABELS, quantity
from gates.schema.canonical import canonical_json
from gates.schema.errors import UsageProblem
from gates.schema.gate import full_label
from scorecards.bar_changes import describe
from scorecards.changes import find_changes
from scorecards.folder import YAML_FILE, read_file, read_scorecard, require_review
from scorecards.schema import Scorecard
from scorecards.weekly import Changes


def compare(before: Path, now: Path) -> Changes:
    """The changes from the scorecard at `before` to the one at `now`: folders, or YAML files."""
    last, spec = _read(before).spec, _read(now).spec
    return find_changes(last, spec.gates, spec.bar.parts)


def comparison_text(changes: Changes, output_format: str) -> str:
    """The changes as text, or as JSON."""
    if output_format == "json":
        return canonical_json(changes).decode() + "\n"
    lines = [changes.sentence]
    for gate in changes.gates:
        before = LABELS[gate.before.value] if gate.before else "absent"
        lines.append(f"  {full_label(gate.letter, gate.gate)}: {gate.move.value} ({before} -> {LABELS[gate.now.value]})")
    lines += [f"  {describe(change)}" for change in changes.bar]
    for value in changes.values:
        was, is_now = quantity(value.before, value.unit), quantity(value.now, value.unit)
        lines.append(f"  {value.gate} {value.criterion}: {was} -> {is_now}")
    return "\n".join(lines) + "\n"


def _read(path: Path) -> Scorecard:
    if not path.exists():
        raise UsageProblem(
            f"{path}: no such file or folder", next_step="give the folder of a finished review, or a scorecard.yaml"
        )
    file = require_review(path) / YAML_FILE if path.is_dir() else path
    return read_scorecard(read_file(file), str(file))
