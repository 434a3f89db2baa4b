"""A drill's journal in Chaos Toolkit's format, held against Chaos Toolkit's own library."""

import json
import sys
from pathlib import Path

import drill_folder
import pytest
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.run import initialize_run_journal

from drills.chaostoolkit import export_bytes
from drills.journal import End
from drills.page.material import read_material
from gates.schema.errors import UnverifiedProblem, UsageProblem


@pytest.fixture
def exported(tmp_path):
    """The journal of a drill that ended in some way."""

    def make(**how):
        return json.loads(export_bytes(read_material(drill_folder.write_drill(tmp_path / "drill", **how))))

    return make


def test_chaos_toolkit_accepts_the_experiment_and_the_journal_has_all_of_its_members(exported, monkeypatch):
    """Its own validation, which looks for the program of the action, and its own empty journal."""
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    journal = exported()
    ensure_experiment_is_valid(journal["experiment"])
    assert journal.keys() >= initialize_run_journal(journal["experiment"]).keys()
    assert journal["experiment"]["method"][0]["provider"]["arguments"][:3] == ["drill", "run", "crash"]


def test_every_step_has_its_start_its_end_and_its_outcome(exported):
    """The method and the audit are the run, the rollback has its own list, and the readings are the steady states."""
    journal = exported()
    assert [(run["activity"]["name"], run["status"], run["duration"]) for run in journal["run"]] == [
        ("start service", "succeeded", 0.9),
        ("steady state", "succeeded", 1.9),
        ("kill-1", "succeeded", 0.6),
        ("audit", "succeeded", 0.4),
    ]
    assert [run["activity"]["name"] for run in journal["rollbacks"]] == ["restore service"]
    before, after = journal["steady_states"]["before"], journal["steady_states"]["after"]
    assert before["steady_state_met"] is after["steady_state_met"] is True
    assert {probe["activity"]["name"]: probe["output"] for probe in before["probes"]}["ready"] == "responds"


@pytest.mark.parametrize(
    ("how", "status", "deviated"),
    [
        ({}, "completed", False),
        ({"lost": 1}, "completed", True),
        ({"end": End.FAILED}, "failed", False),
        ({"end": End.ABORTED}, "aborted", False),
        ({"end": End.INTERRUPTED}, "interrupted", False),
        ({"end": None}, "interrupted", False),
    ],
)
def test_each_ending_has_the_status_that_chaos_toolkit_gives_it(exported, how, status, deviated):
    """A drill that was killed is interrupted; a service that lost something has deviated."""
    journal = exported(**how)
    assert (journal["status"], journal["deviated"]) == (status, deviated)


def test_the_command_prints_it_and_refuses_a_folder_whose_files_were_changed(cli, tmp_path):
    """Exit 8 names the file; a dry run has nothing to export (2)."""
    folder = drill_folder.write_drill(tmp_path / "drill")
    assert cli("export", str(folder)).stdout.encode() == export_bytes(read_material(folder))
    (folder / "storm" / "check.json").write_text("{}")
    with pytest.raises(UnverifiedProblem, match=r"check\.json was changed"):
        cli("export", str(folder))
    cli("run", "crash", "--dry-run", "--out", str(tmp_path / "dry"))
    with pytest.raises(UsageProblem, match="took no step"):
        cli("export", str(tmp_path / "dry"))
