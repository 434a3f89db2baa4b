"""A drill that passed and misses a limit of a gate says so wherever its verdict is shown: page, text, JSON and the table."""

import json

import drill_folder
import msgspec
import pytest

from drills.chaostoolkit import export_bytes
from drills.judged import judged_by_gates, shown_json, shown_text
from drills.page.material import read_material
from drills.report import read_report
from gates.evidence.statement import EvidenceKind, Measure
from gates.schema.outcome import ExitCode


@pytest.fixture
def report(tmp_path):
    """The report of a crash drill that passed."""
    return read_report(drill_folder.write_drill(tmp_path / "drill"))


def _without_kills(report):
    kills = msgspec.structs.replace(report.measures["kills"], value="0")
    return msgspec.structs.replace(report, measures={**report.measures, "kills": kills})


def test_text_and_json_say_that_a_limit_is_missed(report):
    """The word and the measure are in both; the same drill within its limits is PASSED in both."""
    over = _without_kills(report)
    found = judged_by_gates(over, "local")
    assert "OVER A LIMIT: The drill went as expected, but misses a limit: kills." in shown_text(over, found).splitlines()
    assert json.loads(shown_json(over, found))["verdict"]["word"] == "OVER A LIMIT"
    fine = judged_by_gates(report, "local")
    assert shown_text(report, fine).splitlines()[1].startswith("PASSED: ")
    assert json.loads(shown_json(report, fine))["verdict"]["word"] == "PASSED"


def test_another_targets_gates_have_other_limits(report):
    """The launch plan limits how long a network's fault may be felt; the gates of any service do not read that drill."""
    slow = {**report.measures, "rto_s": Measure("900.000", "s", samples=2, statistic="max")}
    slow_network = msgspec.structs.replace(report, evidence=EvidenceKind.NETWORK_DRILL.value, measures=slow)
    words = [judged_by_gates(slow_network, target).word for target in ("local", "my-service.yaml")]
    assert words == ["OVER A LIMIT", "PASSED"]


def test_report_prints_the_verdict_and_leaves_report_json_without_it(report, cli, tmp_path):
    """What is measured stays apart from what is judged; the export for other tools has the verdict, too."""
    folder = tmp_path / "drill"
    for name, option in (("text", "text"), ("json", "json")):
        done = cli("report", str(folder), "--format", option)
        assert (done.exit_code, "PASSED" in done.stdout) == (ExitCode.GREEN, True), name
    assert "verdict" not in json.loads((folder / "report.json").read_bytes())
    assert json.loads(export_bytes(read_material(folder)))["experiment"]["extensions"][0]["verdict"] == "PASSED"
