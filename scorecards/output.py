"""A scorecard on stdout: text, YAML or JSON, and its exit code. Pure."""

from gates.schema.canonical import canonical_json
from gates.schema.outcome import ExitCode, ending
from scorecards.folder import scorecard_yaml
from scorecards.schema import Scorecard
from scorecards.text import render_text


def shown(scorecard: Scorecard, output_format: str) -> str:
    """The scorecard in one of the formats `text`, `yaml` and `json`; all have the same content."""
    if output_format == "yaml":
        return scorecard_yaml(scorecard).decode()
    if output_format == "json":
        return canonical_json(scorecard).decode() + "\n"
    return render_text(scorecard)


def exit_code(scorecard: Scorecard, *, fail_on: str | None, accept: str | None) -> ExitCode:
    """The code that `--fail-on` and `--accept` make of the decision's own."""
    return ending(ExitCode(scorecard.spec.exit_code), yellow=scorecard.spec.yellow, fail_on=fail_on, accept=accept)
