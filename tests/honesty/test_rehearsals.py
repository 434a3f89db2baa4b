"""Rehearsals whose green would not be earned: by nobody, over a limit, or of an alert that would not have arrived."""

import os
from pathlib import Path

import drill_folder
import drill_stage
import msgspec
import pytest
from drill_stage import target_of
from honest_state import BUILD, gate
from loopback import serving
from monitored import write_rules
from other_tools import Service
from promised import Promised
from runbook_pages import SOUND, page
from watched_shop import DOWN, rehearsal_spec, with_setup
from watched_slos import WatchedShop, write_document
from ways import way

from drills.incident import programs
from drills.report import read_report, write_report
from drills.runbook import perform
from drills.runbook.console import Brief
from drills.runbook.page import parse_page
from drills.runbook.person import Reply
from drills.runbook.walk import walk
from gates.schema.catalogs import LAUNCH_PLAN, catalog
from gates.schema.gateset import load_gates

ALWAYS = {"alert": "Noisy", "expr": "vector(1)", "labels": {"severity": "page", "service": "shop"}}
STEP = "```human step=NAME who=owner timeout=1h\nNothing.\n```"
NOTHING = page(STEP.replace("NAME", "one"), STEP.replace("NAME", "two"))
OTHER = {**DOWN, "alert": "ShopGone", "expr": "shop_gone > 0"}


class Obliging:
    """A person who says yes to everything, at once."""

    def confirm(self, _question, _limit_s, _meanwhile) -> Reply:
        """Yes."""
        return Reply(True, 0.5)


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


@way("D17")
def test_a_check_that_cannot_fail_is_no_verification(gonogo, tmp_path) -> None:
    """A command whose end is thrown away, and an output that the page prints itself."""
    for check in ("test -f repaired || true", "gonogo drill list || echo yes"):
        (tmp_path / "mine.md").write_text(SOUND.replace("test -f repaired", check))
        gonogo.refused(gonogo("runbook", "lint", tmp_path / "mine.md"), 1, "step=works cannot fail: it ends as expected whatever")


@way("D18")
def test_a_page_of_ones_own_shows_nothing_about_the_shipped_ones(gonogo, state, monkeypatch) -> None:
    """Two steps that ask a person for nothing; the gate wants those of a shipped runbook."""
    monkeypatch.chdir(state.folder)
    found = parse_page(Path("pause-and-resume.md"), NOTHING)
    plan = perform.listed(perform.make_plan(found, "local"), gonogo.home / "evidence")
    journal, variables = perform.open_folder(state.folder / "run"), perform.variables_of(plan, state.folder / "run", os.environ)
    walk(perform.make_walk(found, plan, journal, Brief("it"), Obliging(), variables))
    assert perform.conclude(journal, plan, BUILD).measures["human_steps_late"].value == "0"
    (wanted,) = (
        one for item in load_gates(catalog(LAUNCH_PLAN)) for one in item.criteria if one.id == "runbook_human_steps_late"
    )
    people = gate(msgspec.to_builtins(wanted), id="people", priority="P1", letter="G")
    state.clean()
    gonogo.refused(state.judge(gate(), people, now=None), 3, "too_few_samples: 0 shipped, 2 are needed")


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


@way("A4")
@pytest.mark.process
def test_slos_that_are_chosen_for_the_measurement_are_read_by_no_gate(gonogo, tmp_path) -> None:
    """A softer document of the same name, a document that was edited for a moment, and a Prometheus that was made for it."""
    with serving(Service()) as service, serving(Promised(bad="2000")) as real, serving(Promised()) as made:
        document = write_document(tmp_path, "steady")
        shop = WatchedShop(tmp_path, service, real)
        judge = ("gate", "run", "--gates", shop.gate("steady_7d"), "--target", shop.target)
        (tmp_path / "soft").mkdir()
        softer = write_document(tmp_path / "soft", "steady")
        softer.write_text(softer.read_text().replace('outcome="bad"', 'outcome="worst"'))
        measure = ("slo", "measure", "--target", shop.target)
        reason = "other SLO documents than the target file names"
        gonogo.refused(gonogo(*measure, softer), 0, "no gate reads this, for in the target file of shop spec.slos does not name")
        gonogo.refused(gonogo(*judge), 3, reason)
        written = document.read_text()
        document.write_text(softer.read_text())
        assert gonogo(*measure).code == 0
        document.write_text(written)
        gonogo.refused(gonogo(*judge), 3, reason)
        elsewhere = ("--evidence", tmp_path / "elsewhere")
        assert gonogo(*measure, "--prometheus", made, *elsewhere).code == 0
        gonogo.refused(gonogo(*judge, *elsewhere), 3, "another content of the target file")
        gonogo.refused(gonogo(*measure), 1, "NOT MET steady_7d")
        gonogo.refused(gonogo(*judge), 1, "0.98, threshold at least 0.99")
