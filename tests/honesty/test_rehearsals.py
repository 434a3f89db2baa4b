"""Rehearsals whose green would not be earned: by nobody, over a limit, or of an alert that would not have arrived."""

from pathlib import Path

import drill_folder
import drill_stage
import msgspec
import pytest
from drill_stage import target_of
from monitored import write_rules
from runbook_pages import SOUND
from watched_shop import DOWN, rehearsal_spec, with_setup
from ways import way

from drills.incident import programs
from drills.report import read_report, write_report

ALWAYS = {"alert": "Noisy", "expr": "vector(1)", "labels": {"severity": "page", "service": "shop"}}
OTHER = {**DOWN, "alert": "ShopGone", "expr": "shop_gone > 0"}


def watched(folder: Path, *rules: dict[str, object]) -> dict[str, object]:
    """The rehearsal of an incident on the small service, by these rules."""
    return rehearsal_spec(write_rules(folder / "rules", *rules))


@way("D11")
@pytest.mark.process
def test_steps_of_persons_that_yes_answered_are_a_dry_run(gonogo, state, monkeypatch) -> None:
    """The walk is unknown, whatever its commands did; nobody's time was measured."""
    monkeypatch.chdir(state.folder)
    Path("mine.md").write_text(SOUND)
    ending = gonogo("runbook", "run", "./mine.md", "--target", "local", "--yes", "--no-evidence")
    gonogo.refused(ending, 3, "dry_run")


@way("D12")
@pytest.mark.process
def test_a_process_that_a_drill_leaves_has_its_own_exit_code(gonogo, stage) -> None:
    """Everything else went well: the process is named and ended, and the drill's rollback has failed."""
    gonogo.refused(stage.drill(drill_stage.crash_spec(), target_of("littering")), 7, "rollback failed")


@way("D13")
def test_a_weaker_drill_does_not_pass_as_the_shipped_one(gonogo, state) -> None:
    """Its evidence is that of a drill of one's own, which no shipped gate reads."""
    drill = drill_stage.write_document(state.folder, "Drill", "crash", drill_stage.crash_spec(method=[{"action": "audit"}]))
    reason = "crash-drill is the evidence of a shipped drill, which differs from this one"
    gonogo.refused(gonogo("drill", "run", drill, "--target", "local", "--dry-run"), 2, reason)


@way("D14")
@pytest.mark.process
def test_a_second_drill_on_the_same_target_is_refused(gonogo, stage, monkeypatch) -> None:
    """It would take the other one's fault for its own."""
    monkeypatch.setattr("drills.perform._require_own_kind", lambda *_: None)
    with stage.running_drill():
        second = ("drill", "run", stage.folder / "small.yaml", "--target", stage.folder / "fake.yaml", "--no-evidence")
        gonogo.refused(gonogo(*second, "--out", stage.folder / "second"), 5, "another drill runs on the target 'fake'")


@way("D15")
def test_a_drill_that_misses_a_limit_is_not_called_passed(gonogo, state) -> None:
    """By what it expected itself all went well; the gate that reads it wants a kill."""
    out = drill_folder.write_drill(state.folder / "drill")
    gonogo.refused(gonogo("drill", "report", out), 0, "PASSED: The fault was seen and taken back")
    report = read_report(out)
    kills = msgspec.structs.replace(report.measures["kills"], value="0")
    write_report(out, msgspec.structs.replace(report, measures={**report.measures, "kills": kills}))
    gonogo.refused(gonogo("drill", "report", out), 0, "OVER A LIMIT: The drill went as expected, but misses a limit: kills.")


@way("D16")
def test_a_file_of_a_drill_that_was_changed_has_no_report(gonogo, state) -> None:
    """Its numbers were computed from other bytes."""
    out = drill_folder.write_drill(state.folder / "drill")
    path = out / "storm" / "check.json"
    path.write_bytes(path.read_bytes() + b" ")
    gonogo.refused(gonogo("drill", "report", out), 8, "was changed after")


@way("A1")
@pytest.mark.process
def test_an_alert_without_its_rule_makes_the_rehearsal_red(gonogo, stage, prometheus, alertmanager) -> None:
    """The fault was there and was taken back; the page of it did not arrive."""
    spec = with_setup(watched(stage.folder, DOWN, OTHER), without=["ShopDown"])
    method = msgspec.convert(spec["method"], list[dict[str, object]])
    spec["method"] = [step | ({"within": "6s"} if step["action"] == "await_page" else {}) for step in method]
    gonogo.refused(stage.drill(spec, target_of(), "--no-evidence"), 1, "no page for alertname=ShopDown arrived within 6s")


@way("A2")
@pytest.mark.process
def test_an_alert_that_fires_without_a_fault_makes_the_rehearsal_red(gonogo, stage, prometheus, alertmanager) -> None:
    """It would have arrived whatever was injected: nothing is."""
    ending = stage.drill(watched(stage.folder, DOWN, ALWAYS), target_of(), "--no-evidence")
    gonogo.refused(ending, 1, "Noisy paged in the control run, without a fault")


@way("A3")
@pytest.mark.process
def test_a_rehearsal_without_its_programs_was_not_run(gonogo, stage, monkeypatch) -> None:
    """Unknown, with the command that installs them."""
    monkeypatch.setattr(programs, "find_program", lambda _names: None)
    ending = stage.drill(watched(stage.folder, DOWN), target_of(), "--no-evidence")
    gonogo.refused(ending, 3, "prometheus and prometheus-alertmanager are not installed (apt-get install prometheus")
