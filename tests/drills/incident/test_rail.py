"""The rail is out: its page arrives by its own rule alone, and the fault is taken back as the runbook says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from drills.leftovers import carriers
from drills.record import read_plan
from drills.report import read_report
from drills.schema import CATALOG

pytestmark = pytest.mark.process
OUTAGE = ("start_payouts", "cut_rail")
SILENT = "no page for alertname=ErrorBudgetBurn slo=rail arrived within 30s from route"
WALK = {"action": "walk_runbook", "name": "mitigate", "runbook": "rail-outage", "rail_back_after": "call-rail", "within": "240s"}


def rail_drill(**changes):
    """The shipped drill as one of its own; keyword arguments replace parts of it."""
    document = yaml.safe_load((CATALOG / "incident-rail.yaml").read_text())
    del document["spec"]["evidence"]
    document["spec"] |= changes
    return document


def run(tmp_path: Path, document):
    """Run it on the reference gateway; the exit code, the report, and what was printed."""
    path, out = tmp_path / "rail.yaml", tmp_path / "out"
    path.write_text(yaml.safe_dump(document))
    environ = {**os.environ, "GONOGO_HOME": str(tmp_path / "home")}
    argv = [sys.executable, "-m", "drills", "run", str(path), "--no-evidence", "--out", str(out)]
    done = subprocess.run(argv, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=1200)
    assert carriers(read_plan(out).run_id) == []
    assert not list(out.glob("runbooks/home"))
    return done.returncode, read_report(out), done.stdout + done.stderr


@pytest.mark.nightly(minutes=2)
def test_without_its_rule_the_outage_of_the_rail_pages_nobody_and_is_red(prometheus, alertmanager, promtool, tmp_path):
    """No other rule notices it: payments go on. The outage itself was there, and is taken back."""
    document = rail_drill()
    changes = {
        "start_monitoring": {"without": ["ErrorBudgetBurn"]},
        "control_run": {"lasting": "5s"},
        "await_page": {"within": "30s"},
    }
    for part in ("setup", "method"):
        document["spec"][part] = [step | changes.get(step["action"], {}) for step in document["spec"][part]]
    code, report, shown = run(tmp_path, document)
    assert (code, report.deviations[0]) == (1, SILENT), shown
    assert report.measures["faults"].value == "1"
    assert report.ending.rolled_back == "verified"


@pytest.mark.nightly(minutes=2)
@pytest.mark.parametrize(
    ("changes", "code", "deviations"),
    [
        ({}, 0, ()),
        ({"rail_back_after": "", "within": "20s"}, 1, ("the end of the runbook rail-outage: not within 20s",)),
    ],
    ids=["by the runbook", "nobody repairs the rail"],
)
def test_the_rail_comes_back_when_its_operator_is_called(tmp_path, changes, code, deviations):
    """Where nobody calls them the outage goes on until the rollback, and the drill is red."""
    full = rail_drill()["spec"]
    notice = {"action": "observe_mode", "mode": "trust_only", "within": "60s"}
    method = [step for step in full["method"] if step["action"] in OUTAGE]
    document = rail_drill(
        setup=[step for step in full["setup"] if step["action"] != "start_monitoring"],
        method=[*method, notice, {**WALK, **changes}],
        verify=[step for step in full["verify"] if step["action"] not in ("await_resolved", "judge_pages")],
    )
    found, report, shown = run(tmp_path, document)
    assert found == code, shown
    assert report.deviations == deviations
    assert report.ending.rolled_back == "verified"
