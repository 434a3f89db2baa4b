"""A scorecard on stdout: text, YAML or JSON, and its exit code. Pure."""

from gates.schema.canonical import canonical_json
from gates.schema.outcome import ExitCode
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


def exit_code(scorecard: Scorecard, *, fail_on_yellow: bool) -> ExitCode:
    """The code of the decision, or 4 for a yellow one with `--fail-on yellow`."""
    return ExitCode.YELLOW if scorecard.spec.yellow and fail_on_yellow else ExitCode(scorecard.spec.exit_code)
