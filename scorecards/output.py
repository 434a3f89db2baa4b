"""A scorecard on stdout in each format, and its exit code. Pure."""

from gates.outputs.formats import FORMATS
from gates.schema.canonical import canonical_json
from gates.schema.outcome import ExitCode, ending
from scorecards.folder import scorecard_yaml
from scorecards.report import report_of
from scorecards.schema import Scorecard
from scorecards.text import render_text


def shown(scorecard: Scorecard, output_format: str) -> str:
    """The scorecard as `text`, `yaml` or `json`, or in a format of gates.outputs; all report the same verdicts."""
    if output_format in FORMATS:
        return FORMATS[output_format](report_of(scorecard))
    if output_format == "yaml":
        return scorecard_yaml(scorecard).decode()
    if output_format == "json":
        return canonical_json(scorecard).decode() + "\n"
    return render_text(scorecard)


def exit_code(scorecard: Scorecard, *, fail_on: str | None, accept: str | None) -> ExitCode:
    """The code that `--fail-on` and `--accept` make of the decision's own."""
    return ending(ExitCode(scorecard.spec.exit_code), yellow=scorecard.spec.yellow, fail_on=fail_on, accept=accept)
