"""Rehearsals on a real gateway: the fault is there, the runbook ends it; and each way in which a rehearsal must not be green."""

import os
import signal
import subprocess

import msgspec
import pytest
from statements import only_result
from terminal import InTerminal
from waiting import eventually

from drills.child import MARKER
from drills.journal import FILE, Status, read_journal
from drills.recover import carriers
from drills.runbook.blocks import Human
from drills.runbook.faults import setup_failures
from drills.runbook.faults.failed_setups import FAILED_SETUPS
from drills.runbook.faults.table import FAULTS
from drills.runbook.places import shipped_pages
from drills.runbook.plan import PLAN_FILE, RunbookPlan
from drills.runbook.rehearse import GONE, SEEN
from drills.runbook.series import exit_code, rehearse_all
from drills.runbook.stage import staged
from gates.evidence.keys import own_trust
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import ExitCode, UnknownReason
from gates.schema.rooms import room_argv
from gates.schema.state import make_state
from gates.schema.target import load_target
from gates.schema.time import REHEARSAL_CLOCK

pytestmark = pytest.mark.process


class Silent:
    """A console that remembers."""

    def __init__(self):
        self.shown = []

    def begin(self, step):
        """A step."""
        self.shown.append(step.name)

    def line(self, text):
        """A line."""

    def note(self, message):
        """A message."""
        self.shown.append(message)


@pytest.fixture
def series(tmp_path, monkeypatch):
    """Rehearse these pages in this process, without a person."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))

    def go(*pages):
        return rehearse_all(pages, "local", tmp_path / "out", lambda _name: Silent(), None, None)

    return go


def shipped(name):
    """The shipped page of this name."""
    return next(page for page in shipped_pages() if page.name == name)


def without_step(page, name):
    """The page without one of its steps: what a person at night leaves out."""
    return msgspec.structs.replace(page, steps=tuple(step for step in page.steps if step.name != name))


def test_a_rehearsal_leaves_a_statement_that_follows_from_its_files(tmp_path):
    """As a command: the fault seen and gone, exit 0, evidence that is computed again, and nothing left of the stage."""
    out = tmp_path / "out"
    environ = {**os.environ, "GONOGO_HOME": str(tmp_path / "home")}
    argv = room_argv("drills.runbook", "rehearse", "rollback", "--yes", "--out", str(out))
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == ExitCode.GREEN, done.stdout + done.stderr
    events = read_journal(out / "rollback" / FILE).events
    assert [event.action for event in events if event.status is Status.SUCCEEDED and event.action in (SEEN, GONE)] == [SEEN, GONE]
    held = only_result(EvidenceStore(tmp_path / "home" / "evidence").load(own_trust(tmp_path / "home")))
    said = held.statement.predicate
    assert (held.statement.predicate_type, said.status, said.cohort) == (EvidenceKind.RUNBOOK_REHEARSAL, "complete", "simulated")
    assert held.statement.subject[0].digest.keys() == {"build", "instance"}
    assert (said.measures["runbooks_failed"].value, said.measures["runbooks_failed"].samples) == ("0", 1)
    assert said.measures["human_time"].unknown is UnknownReason.DRY_RUN
    again = subprocess.run(room_argv("drills.runbook", "recompute", str(out)), capture_output=True, timeout=120, check=True)
    assert msgspec.json.decode(again.stdout)["measures"] == msgspec.to_builtins(said.measures)
    assert not (out / "rollback" / "stage").exists()
    plan = msgspec.json.decode((out / "rollback" / PLAN_FILE).read_bytes(), type=RunbookPlan)
    assert carriers(plan.run_id) == []


@pytest.mark.parametrize(
    ("left_out", "word"),
    [
        pytest.param("start-previous", "other-build: ", marks=pytest.mark.nightly),
        ("resume", "the fault remains: POST /v1/payments: 503"),
    ],
)
def test_a_runbook_that_does_not_end_its_fault_fails(series, left_out, word):
    """A step is missing on the page: a later step finds it, or else the look at the end does."""
    found = series(without_step(shipped("rollback"), left_out))
    assert exit_code(found) == ExitCode.RED
    assert (found.measures["runbooks_failed"].value, found.outcomes[0].failed) == ("1", True)
    assert word in found.outcomes[0].reason, found.outcomes[0].reason


@pytest.mark.parametrize(
    ("left_out", "failed", "said"),
    [("", "0", ""), pytest.param("make-keys", "1", "the setup that goes on is paused", marks=pytest.mark.nightly)],
)
def test_failed_setups_go_on_and_each_code_is_counted_by_itself(series, monkeypatch, left_out, failed, said):
    """Two users of the real client; the statement names their codes, and none where an operator made no key for one of them."""
    some = {code: FAILED_SETUPS[code] for code in ("no_terminal", "bootstrap_key_invalid")}
    monkeypatch.setattr(setup_failures, "FAILED_SETUPS", some)
    page = shipped("setup-failures")
    found = series(without_step(page, left_out) if left_out else page)
    measure = found.measures["runbooks_failed"]
    assert (measure.value, said in measure.detail) == (failed, True), measure
    counted = ("setup-failures", *(f"setup-failures/{code}" for code in some))
    assert measure.made_of == ({} if left_out else dict.fromkeys(counted, 1))


def test_a_fault_that_is_not_seen_is_no_rehearsal(series, monkeypatch):
    """Unknown, whatever the steps would have done: none is taken."""

    def nothing(_fault, _stage):
        raise UnknownProblem("nothing is wrong")

    monkeypatch.setattr(FAULTS["rollback"], "seen", nothing)
    found = series(shipped("rollback"))
    assert exit_code(found) == ExitCode.UNKNOWN
    assert (found.status, found.measures["runbooks_failed"].unknown) == ("not_run", UnknownReason.NOT_RUN)
    assert all(step.status is Status.SKIPPED for step in found.outcomes[0].steps)


def test_a_fault_that_this_machine_cannot_make_is_skipped_with_the_reason(series, monkeypatch):
    """It is not among the samples, so a gate that requires all runbooks stays unknown."""
    monkeypatch.setattr(FAULTS["rollback"], "lacks", lambda _fault: ("/dev/nosuch (install it)",))
    found = series(shipped("rollback"))
    assert exit_code(found) == ExitCode.UNKNOWN
    assert found.outcomes[0].reason == "it needs /dev/nosuch (install it)"


def test_a_rehearsal_that_is_interrupted_leaves_nothing_running(tmp_path):
    """SIGTERM in the middle: exit 143, the statement says interrupted, the gateway and its rail are gone."""
    out = tmp_path / "out"
    environ = {**os.environ, "GONOGO_HOME": str(tmp_path / "home"), MARKER: str(tmp_path)}
    argv = room_argv("drills.runbook", "rehearse", "rollback", "--yes", "--out", str(out))
    popen = subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = out / "rollback" / FILE
    try:
        assert eventually(lambda: journal.exists() and b'"fault_seen"' in journal.read_bytes(), 120)
        popen.send_signal(signal.SIGTERM)
        assert popen.wait(120) == ExitCode.TERMINATED
    finally:
        popen.kill()
        popen.wait()
    plan = msgspec.json.decode((out / "rollback" / PLAN_FILE).read_bytes(), type=RunbookPlan)
    assert eventually(lambda: carriers(plan.run_id) == [], 60)
    held = only_result(EvidenceStore(tmp_path / "home" / "evidence").load(own_trust(tmp_path / "home")))
    assert held.statement.predicate.status == "interrupted"


@pytest.mark.nightly  # a whole rehearsal in a terminal; `runbook run` in one is tried by day
def test_persons_who_rehearse_leave_evidence_of_their_own(tmp_path):
    """In a terminal each step of theirs is timed: a statement about the runbook, next to the one about all rehearsals."""
    page = shipped("pause-and-resume")
    environ = {**os.environ, "GONOGO_HOME": str(tmp_path / "home")}
    terminal = InTerminal(room_argv("drills.runbook", "rehearse", page.name, "--out", str(tmp_path / "out")), environ, tmp_path)
    try:
        for step in page.steps:
            if step.needs_person:
                question = f"({step.info.who}): done?" if isinstance(step.info, Human) else ": run these commands?"
                terminal.until(f"{question} Type yes or no")
                terminal.type("yes")
        assert terminal.wait() == ExitCode.GREEN, terminal.shown
    finally:
        terminal.end()
    home = tmp_path / "home"
    held = {item.statement.predicate_type: item for item in EvidenceStore(home / "evidence").load(own_trust(home))}
    walked = held[EvidenceKind.RUNBOOK_RUN].statement.predicate
    late = walked.measures["human_steps_late"]
    assert (walked.status, late.value, late.samples, late.made_of) == ("complete", "0", 2, {"shipped": 2})
    rehearsed = held[EvidenceKind.RUNBOOK_REHEARSAL].statement.predicate
    assert rehearsed.measures["human_time"].samples == sum(step.needs_person for step in page.steps)


def test_a_stage_keeps_the_stepped_clock_of_the_rehearsal_that_it_is_part_of(tmp_path, monkeypatch):
    """The gateway refuses that clock outside of a rehearsal, and the state folder of a stage is its own."""
    clock, home = tmp_path / "clock", tmp_path / "home"
    clock.write_text("2026-12-04T12:05:00Z")
    make_state(home, rehearsal=True)
    folder = tmp_path / "stage"
    folder.mkdir()
    environ = {**os.environ, "GONOGO_HOME": str(home), REHEARSAL_CLOCK: str(clock)}
    with staged(load_target("local"), folder, environ, lambda _: None) as stage:
        assert stage.service.environ[REHEARSAL_CLOCK] == str(clock)
