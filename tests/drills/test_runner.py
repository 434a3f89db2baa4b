"""The order of a drill, on a small service and a small storm that are real processes."""

import signal
import socket
import subprocess
import sys

import msgspec
import pytest
from drill_stage import SERVICE, SLEEPER, service_argv, target_of
from statements import only_result

from drills.endings import exit_code
from drills.journal import End, Ending, Phase, RolledBack, Status, read_journal
from drills.leftovers import carriers
from drills.perform import begin, conclude, make_plan, perform
from gates.evidence.keys import own_trust
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.state import state_dir

pytestmark = pytest.mark.each_python

AWAY = "http://127.0.0.1:9"
CLEAN = Ending(End.COMPLETED, deviated=False, rolled_back=RolledBack.VERIFIED)


@pytest.mark.parametrize(
    ("ending", "signal_number", "unknown", "code"),
    [
        (CLEAN, None, False, ExitCode.GREEN),
        (CLEAN, None, True, ExitCode.UNKNOWN),
        (msgspec.structs.replace(CLEAN, deviated=True), None, True, ExitCode.RED),
        (msgspec.structs.replace(CLEAN, end=End.ABORTED), None, True, ExitCode.ABORTED),
        (msgspec.structs.replace(CLEAN, end=End.FAILED), None, True, ExitCode.UNKNOWN),
        (msgspec.structs.replace(CLEAN, end=End.FAILED, rolled_back=RolledBack.NOT_NEEDED), None, True, ExitCode.UNKNOWN),
        (msgspec.structs.replace(CLEAN, end=End.INTERRUPTED), signal.SIGINT, True, ExitCode.INTERRUPTED),
        (msgspec.structs.replace(CLEAN, end=End.INTERRUPTED), signal.SIGTERM, True, ExitCode.TERMINATED),
        (msgspec.structs.replace(CLEAN, rolled_back=RolledBack.FAILED), None, False, ExitCode.ROLLBACK_FAILED),
        (Ending(End.ABORTED, True, RolledBack.FAILED), None, True, ExitCode.ROLLBACK_FAILED),
        (Ending(End.INTERRUPTED, False, RolledBack.FAILED), signal.SIGINT, True, ExitCode.ROLLBACK_FAILED),
    ],
)
def test_every_ending_has_its_documented_exit_code(ending, signal_number, unknown, code):
    """A failed rollback outranks everything; unknown is never green."""
    assert exit_code(ending, signal_number, unknown) is code


@pytest.fixture
def run_drill(rooms, tmp_path, console):
    """Perform a drill file against a target file; returns exit code, report and the run."""

    def run(drill, target, payments=None, dry_run=False, before=None):
        run = begin(make_plan(drill, target, 1, payments), tmp_path / "out", console, tmp_path / "evidence")
        if before:
            before(run)
        code = perform(run, dry_run=dry_run)
        report = conclude(run)
        assert carriers(run.plan.run_id) == []
        return code, report, run

    return run


def _steps(report):
    return [(item.phase, item.what, item.status) for item in report.timeline if item.status != "started"]


@pytest.mark.process
def test_a_crash_drill_goes_through_all_phases_and_leaves_signed_evidence(run_drill, drill_file, target_file, console, tmp_path):
    """Steady state, kill, restart, rollback, steady state again, audit; every measure has a value. A long step says how long."""
    verify = [{"action": "wait_storm", "within": "2m"}, {"action": "audit"}]
    code, report, _ = run_drill(drill_file(verify=verify), target_file())
    assert code is ExitCode.GREEN
    assert {"verify: wait_storm (at most 2m)", "verify: audit"} <= set(console.said)
    assert report.ending == CLEAN
    phases = [phase for phase, _, _ in _steps(report)]
    assert phases == ["preflight"] * 3 + ["steady"] + ["inject"] * 4 + ["rollback", "steady"] + ["verify"] * 2 + ["done"]
    assert all(measure.value is not None for measure in report.measures.values())
    assert report.measures["kills"].value == "1"
    assert report.measures["rpo_settles"].value == "0"
    assert report.measures["rpo_settles"].samples > 0
    assert float(report.measures["rto_s"].value) > 0
    held = only_result(EvidenceStore(tmp_path / "evidence").load(own_trust(state_dir())))
    assert held.statement.subject[0].digest["build"] == "ab" * 32
    assert held.statement.predicate.measures == report.measures


@pytest.mark.process
def test_a_process_that_a_drill_leaves_behind_is_exit_7(run_drill, drill_file, target_file):
    """All went well, and a process that the service started in a session of its own is still there: it is named, and removed."""
    code, report, _ = run_drill(drill_file(), target_file("littering"))
    assert code is ExitCode.ROLLBACK_FAILED
    assert report.ending.rolled_back is RolledBack.FAILED
    (left,) = [item for item in report.timeline if item.what == "leftovers"]
    assert left.status == "failed"


@pytest.mark.process
def test_a_finding_of_the_audit_makes_the_drill_red(run_drill, drill_file, target_file):
    """The drill can fail: the storm's check found a lost settle."""
    code, report, _ = run_drill(drill_file(storm={"profile": "leaky", "payments": 200}), target_file())
    assert code is ExitCode.RED
    assert report.deviations == ("lost_settle: 1 found, the first: acknowledged, not booked",)
    assert report.measures["lost_settles"].value == "1"


@pytest.mark.process
def test_without_a_steady_state_nothing_is_injected(run_drill, drill_file, target_file, tmp_path):
    """A service that is not well is not killed on top; the evidence says not_run."""

    def put_down(run):
        (run.out / "service.db.mode").write_text("down")

    state = {"within": "1s", "probes": [{"probe": "error_ratio", "window": "300ms", "at_most": "0.05", "min_samples": 5}]}
    drill = drill_file(steady_state=state, setup=[{"action": "start_storm"}])
    code, report, _ = run_drill(drill, target_file(), before=put_down)
    assert code is ExitCode.UNKNOWN
    assert report.status == "not_run"
    assert report.ending.rolled_back is RolledBack.NOT_NEEDED
    assert "inject" not in {phase for phase, _, _ in _steps(report)}
    assert report.measures["double_settles"].unknown == "not_run"


@pytest.mark.process
def test_a_guard_aborts_and_the_rollback_is_verified(run_drill, drill_file, target_file):
    """The service is back and steady, exit 6, and nothing counts as measured."""
    method = [{"action": "sigkill"}, {"action": "wait_for_settles", "share": ["1", "1"]}]
    drill = drill_file(method=method, guards=[{"guard": "duration", "at_most": "8s"}])
    code, report, _ = run_drill(drill, target_file(), payments=600)
    assert code is ExitCode.ABORTED
    assert report.ending == Ending(End.ABORTED, deviated=False, rolled_back=RolledBack.VERIFIED)
    assert report.status == "not_run"
    assert "longer than 8s" in report.detail


@pytest.mark.process
def test_a_rollback_that_fails_is_exit_7(run_drill, drill_file, target_file):
    """The service cannot come back: the restart deviates, and so does the rollback."""
    method = [{"action": "sigkill"}, {"action": "restart", "within": "1s"}]
    drill = drill_file(method=method, storm={"profile": "fake", "payments": 200})
    code, report, _ = run_drill(drill, target_file("fragile"))
    assert code is ExitCode.ROLLBACK_FAILED
    assert report.ending.rolled_back is RolledBack.FAILED
    assert any("did not come back" in item for item in report.deviations)


def test_a_dry_run_writes_the_plan_and_is_unknown(run_drill, drill_file, target_file):
    """Every step is planned, none started, and no measure has a value."""
    code, report, run = run_drill(drill_file(), target_file(), dry_run=True)
    events = read_journal(run.journal.path).events
    assert code is ExitCode.UNKNOWN
    assert report.status == "dry_run"
    assert {event.status for event in events[:-1]} == {Status.PLANNED}
    assert [event.phase for event in events][-1] is Phase.DONE
    assert all(measure.unknown == "dry_run" for measure in report.measures.values())


def test_a_target_that_offers_no_way_is_unknown_and_told_why(run_drill, drill_file, target_file, console):
    """Neither process nor commands: not_run evidence, exit 3, and what to add."""
    code, report, _ = run_drill(drill_file(), target_file(process=None, base_url=AWAY))
    assert code is ExitCode.UNKNOWN
    assert report.status == "not_run"
    assert "has no process, nor commands.kill and commands.restore" in report.detail
    assert any("add them to the target file" in item for item in console.said)


@pytest.mark.process
def test_a_port_that_belongs_to_another_process_is_not_loaded(run_drill, drill_file, target_file, tmp_path):
    """The process of the target is ready, but a kill of it would not reach the service: unknown before any load."""
    try:
        code, report, _ = run_drill(drill_file(), target_file("outside"))
    finally:
        subprocess.run([sys.executable, str(SERVICE), "down", "--db", str(tmp_path / "out" / "service.db")], check=True)
    assert code is ExitCode.UNKNOWN
    assert report.status == "not_run"
    assert "belongs to a process that the drill does not kill" in report.detail
    assert not (tmp_path / "out" / "storm").exists()
    assert {measure.value for measure in report.measures.values()} == {None}


@pytest.mark.process
def test_a_port_that_is_in_use_ends_the_drill_before_any_load(run_drill, drill_file, target_file, tmp_path, monkeypatch):
    """Exit 3 names the port and how to find the program that has it; nothing was injected, and nothing is left."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("drills.process.free_port", lambda: port)
        code, report, _ = run_drill(drill_file(), target_file())
    assert (code, report.status, report.ending.rolled_back) == (ExitCode.UNKNOWN, "not_run", RolledBack.NOT_NEEDED)
    assert f"another program listens at the port 127.0.0.1:{port} (end that program (ss -ltnp" in report.detail
    assert not (tmp_path / "out" / "storm").exists()


@pytest.mark.process
def test_a_port_that_is_still_open_after_the_kill_was_not_killed(run_drill, drill_file, target_file, tmp_path, monkeypatch):
    """Another process holds the same socket: no kill counts, and no audit either."""
    monkeypatch.setattr("drills.control.GONE_S", 0.5)
    try:
        code, report, _ = run_drill(drill_file(), target_file("heir"))
    finally:
        subprocess.run([sys.executable, str(SERVICE), "down", "--db", str(tmp_path / "out" / "service.db")], check=True)
    assert code is ExitCode.ROLLBACK_FAILED, "the service cannot come back at a port that is taken"
    assert report.status == "not_run"
    assert "the service was not seen to go: port" in report.detail
    assert {measure.value for measure in report.measures.values()} == {None}


@pytest.mark.process
def test_a_seed_command_that_names_another_address_is_refused(run_drill, drill_file, target_file, tmp_path):
    """The storm would load the service there."""
    process = msgspec.structs.replace(target_of().process, seed=service_argv("elsewhere"))
    code, report, _ = run_drill(drill_file(), target_file(process=process))
    assert code is ExitCode.UNKNOWN
    assert "'base_url', which is not its to set" in report.detail
    assert not (tmp_path / "out" / "storm").exists()


def test_a_process_at_an_address_of_its_own_is_refused_before_anything_starts(target_file, drill_file, tmp_path, console):
    """What is loaded at another address is another service than the one that is killed: exit 2 names the field."""
    target = target_file(base_url=AWAY, process=SLEEPER)
    with pytest.raises(UsageProblem, match=r"fake\.yaml: spec\.base_url: .*GONOGO_BASE_URL"):
        make_plan(drill_file(), target, 1, None)


def test_a_service_of_others_whose_address_is_not_set_is_refused_before_anything_starts(target_file, drill_file, monkeypatch):
    """Exit 2 names the variable; nobody could be asked, and nothing could be loaded."""
    monkeypatch.delenv("GONOGO_BASE_URL", raising=False)
    with pytest.raises(UsageProblem, match="GONOGO_BASE_URL"):
        make_plan(drill_file(), target_file(process=None), 1, None)


@pytest.mark.process
def test_a_process_that_listens_nowhere_is_not_killed(run_drill, drill_file, target_file):
    """It never becomes ready, so nothing is injected and nothing counts."""
    drill = drill_file(setup=[{"action": "start_service", "within": "1s"}, {"action": "start_storm"}])
    code, report, _ = run_drill(drill, target_file(process=SLEEPER))
    assert code is ExitCode.UNKNOWN
    assert report.status == "not_run"
    assert "was not ready within 1 s" in report.detail
    assert {measure.value for measure in report.measures.values()} == {None}


@pytest.mark.process
@pytest.mark.parametrize(
    ("setup", "method", "why"),
    [
        (["seed", "start_service", "start_storm"], ["restart"], "nothing was killed before this step"),
        (["seed", "start_storm"], ["sigkill"], "there was nothing to kill"),
    ],
    ids=["restart without kill", "kill without service"],
)
def test_a_drill_whose_steps_inject_nothing_is_unknown(run_drill, drill_file, target_file, setup, method, why):
    """A step that cannot have an effect is no fault, and no defect of ours."""
    state = {"within": "5s", "probes": [{"probe": "error_ratio", "window": "300ms", "at_most": "1", "min_samples": 1}]}
    steps = {name: [{"action": action} for action in actions] for name, actions in {"setup": setup, "method": method}.items()}
    code, report, _ = run_drill(drill_file(steady_state=state, **steps), target_file())
    assert code is ExitCode.UNKNOWN
    assert why in report.detail
    assert report.measures["kills"].value is None


def test_a_drill_that_could_not_run_is_about_the_build_that_was_named(rooms, drill_file, target_file, tmp_path, console):
    """Nobody could be asked for it, and the statement is still about this build."""
    run = begin(make_plan(drill_file(), target_file(process=None, base_url=AWAY), 1, None, "ef" * 32), tmp_path / "out", console)
    perform(run)
    assert conclude(run).build == "ef" * 32


def test_a_folder_that_holds_something_is_not_written_into(tmp_path, console):
    """Another drill may have died there."""
    (tmp_path / "journal.jsonl").touch()
    with pytest.raises(UsageProblem, match="is not empty"):
        begin(make_plan("crash", "local", 1, None), tmp_path, console)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": [{"action": "sigkil"}]}, r"Invalid value 'sigkil'"),
        ({"method": [{"action": "sigkill", "wihtin": "5s"}]}, r"unknown key 'wihtin'"),
        ({"guards": [{"guard": "prayer"}]}, r"Invalid value 'prayer'"),
    ],
)
def test_a_misspelt_drill_is_refused_with_its_path(drill_file, changes, message):
    """Before anything is started."""
    with pytest.raises(UsageProblem, match=message):
        make_plan(drill_file(**changes), "local", 1, None)
