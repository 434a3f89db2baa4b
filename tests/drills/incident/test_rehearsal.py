"""An incident is rehearsed: the right page and no other arrives, at the right people, is acknowledged, and ends."""

import subprocess
import sys

import drill_stage
import msgspec
import pytest
from drill_stage import COMMAND
from kept import lay_out, secrets_in
from statements import only_result
from waiting import eventually
from watched_shop import DOWN, with_setup

from drills.incident import programs
from drills.journal import FILE, End, Ending, RolledBack, Status, read_journal
from drills.leftovers import carriers
from drills.recompute import recompute
from drills.record import read_plan
from drills.report import read_report
from gates.evidence.keys import own_trust
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UnverifiedProblem
from gates.schema.outcome import ExitCode
from gates.schema.paging import acknowledgements, read_page
from gates.schema.rooms import room_argv
from gates.schema.state import state_dir

COUNTS = ("pages_missing", "pages_off_time", "pages_unexpected", "pages_to_others", "pages_unresolved", "pages_without_runbook")
CALLED = ("commander", "finance", "operator", "security")
ALWAYS = {"alert": "Noisy", "expr": "vector(1)", "labels": {"severity": "page", "service": "shop"}}


@pytest.mark.process
def test_the_right_page_arrives_at_the_people_on_duty_and_its_evidence_can_be_computed_again(
    prometheus, alertmanager, rehearse, watched_spec, tmp_path
):
    """Real programs, a real kill: every count is zero, every time is measured, and only people's part is dry_run."""
    code, report, run = rehearse(watched_spec())
    assert code is ExitCode.GREEN, report
    assert report.ending == Ending(End.COMPLETED, deviated=False, rolled_back=RolledBack.VERIFIED)
    assert {name: report.measures[name].value for name in COUNTS} == dict.fromkeys(COUNTS, "0")
    assert report.measures["pages_to_others"].samples == len(CALLED)
    assert report.measures["pages_unexpected"].samples == 1
    assert int(report.measures["pages_unexpected"].made_of["control_scrapes"]) >= 1
    assert {name for name, measure in report.measures.items() if measure.value is None} == {"acknowledge_s"}
    assert report.measures["acknowledge_s"].unknown == "dry_run"
    page = read_page(run.out)
    assert (page.severity, tuple(sorted(page.called)), page.runbook) == ("S1", CALLED, "runbooks/rollback.md")
    assert [one.by_drill for one in acknowledgements(run.out)] == [True]
    store = EvidenceStore(tmp_path / "evidence")
    held = only_result(store.contents(own_trust(state_dir())).statements(own_trust(state_dir())))
    folder = lay_out(store, held, tmp_path / "again")
    assert recompute(folder).measures == held.statement.predicate.measures
    assert secrets_in(store, held, {}) == []
    lines = (folder / "watch-route/pages.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "watch-route/pages.jsonl").write_bytes(b"".join(line for line in lines if b'"/page/' not in line))
    assert recompute(folder).measures["pages_missing"].value == "1"
    (folder / "journal.jsonl").write_bytes((folder / "journal.jsonl").read_bytes().replace(b"control_run", b"control_jog"))
    with pytest.raises(UnverifiedProblem):
        recompute(folder)


@pytest.mark.process
def test_missing_programs_leave_the_drill_not_run_with_the_command_that_installs_them(rehearse, watched_spec, monkeypatch):
    """Unknown, exit 3; nothing was injected."""
    monkeypatch.setattr(programs, "find_program", lambda _names: None)
    code, report, _ = rehearse(watched_spec())
    assert code is ExitCode.UNKNOWN
    assert (report.status, report.ending.rolled_back) == ("not_run", RolledBack.NOT_NEEDED)
    assert "prometheus and prometheus-alertmanager are not installed (apt-get install prometheus" in report.detail
    assert {measure.unknown for measure in report.measures.values()} == {"not_run"}


@pytest.mark.nightly
@pytest.mark.process
def test_a_rehearsal_whose_rule_is_missing_is_red_and_says_which_page_did_not_arrive(
    prometheus, alertmanager, rehearse, watched_spec
):
    """The alert is left out of the rules: exit 1, one page missing, the service restored all the same."""
    other = {**DOWN, "alert": "ShopGone", "expr": "shop_gone > 0"}
    spec = with_setup(watched_spec(DOWN, other), without=["ShopDown"])
    spec["method"][2]["within"] = "10s"
    code, report, _ = rehearse(spec)
    assert code is ExitCode.RED
    assert report.ending == Ending(End.COMPLETED, deviated=True, rolled_back=RolledBack.VERIFIED)
    assert report.deviations[0] == "no page for alertname=ShopDown arrived within 10s from route"
    assert report.deviations[1].startswith("route: no page for alertname=ShopDown arrived; by the samples it was due 2.")
    assert (report.measures["pages_missing"].value, report.measures["pages_off_time"].unknown) == ("1", "too_few_samples")


@pytest.mark.nightly
@pytest.mark.process
def test_a_page_without_a_fault_is_red_before_anything_is_injected(prometheus, alertmanager, rehearse, watched_spec):
    """An alert that fires in the control run: exit 1, and the service is never killed."""
    code, report, run = rehearse(watched_spec(DOWN, ALWAYS))
    assert code is ExitCode.RED
    assert report.deviations[0] == "route: Noisy paged in the control run, without a fault"
    assert run.record.kills == []


@pytest.mark.nightly
@pytest.mark.process
def test_a_second_page_of_the_same_fault_is_red(prometheus, alertmanager, rehearse, watched_spec):
    """Of another service, so that nothing holds it back."""
    other = {**DOWN, "alert": "PayoutsDown", "labels": {"severity": "page", "service": "payouts"}}
    code, report, _ = rehearse(watched_spec(DOWN, other))
    assert code is ExitCode.RED
    assert "route: PayoutsDown paged, which is not the page of this fault" in report.deviations
    assert report.measures["pages_unexpected"].value == "1"
    assert msgspec.to_builtins(report.measures["pages_unexpected"])["samples"] == 2


@pytest.mark.nightly
@pytest.mark.process
def test_a_person_acknowledges_the_page_and_its_time_is_measured(
    prometheus, alertmanager, watched_spec, rooms, tmp_path, target_file
):
    """With --people the drill waits; it names who is called and the command, and the first acknowledgement counts."""
    drill = drill_stage.write_document(tmp_path, "Drill", "shop-down", watched_spec())
    out, log = tmp_path / "out", tmp_path / "drill.log"
    argv = [sys.executable, COMMAND, "run", drill, "--target", target_file(), "--out", str(out), "--no-evidence", "--people"]
    with log.open("wb") as file, subprocess.Popen(argv, stdout=file, stderr=file) as popen:
        assert eventually((out / "paged.json").exists, 120), log.read_text()
        for person, code in (("dan", 2), ("commander", 0), ("operator", 0)):
            ack = room_argv("scorecards", "incident", "ack", str(out), "--as", person)
            done = subprocess.run(ack, capture_output=True, check=False)
            assert done.returncode == code, done.stderr
        assert popen.wait(180) == 0, log.read_text()
    assert f"next: gonogo incident ack {out} --as commander" in log.read_text().replace(f"{sys.executable} ", "")
    measure = read_report(out).measures["acknowledge_s"]
    assert (measure.samples, measure.unknown) == (1, None)
    assert [one.person for one in acknowledgements(out)] == ["commander", "operator"]


STEPS = ("control_run", "await_page", "acknowledge_page", "restore_service", "await_resolved", "judge_pages")


@pytest.mark.nightly
@pytest.mark.process
@pytest.mark.parametrize("action", STEPS)
def test_a_rehearsal_that_is_killed_in_a_step_leaves_nothing_once_recovered(
    prometheus, alertmanager, watched_spec, rooms, tmp_path, target_file, action
):
    """SIGKILL for the runner as soon as the step has begun; recover ends what is left, and removes the databases."""
    drill = drill_stage.write_document(tmp_path, "Drill", "shop-down", watched_spec())
    out, log = tmp_path / "out", tmp_path / "drill.log"
    argv = [sys.executable, COMMAND, "run", drill, "--target", target_file(), "--out", str(out), "--no-evidence"]

    def begun():
        events = read_journal(out / FILE).events if (out / FILE).exists() else ()
        return any((event.action, event.status) == (action, Status.STARTED) for event in events)

    with log.open("wb") as file, subprocess.Popen(argv, stdout=file, stderr=file) as popen:
        assert eventually(begun, 180), log.read_text()
        popen.kill()
    done = subprocess.run([sys.executable, COMMAND, "recover", str(out)], capture_output=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    assert carriers(read_plan(out).run_id) == []
    assert not list(out.glob("watch-*/data"))
    assert read_journal(out / FILE).ending.end is End.INTERRUPTED
