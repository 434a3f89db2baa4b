"""Journals that the real client writes: what the evidence reads in them is what their reports say."""

import shutil
import tempfile
from pathlib import Path

import pytest
from setup_files import machine
from setup_stage import QUICK, RUN, Answering, Stage

from gates.probes.onboarding.journal import read_journal
from gates.probes.onboarding.walked import DEAD_ENDS, DECISIONS, NO_NEXT, ROUTES, Known, judge, sort_out
from gateway.setup.choices import Choices
from gateway.setup.report import waits

KNOWN = Known({RUN: "simulated"}, frozenset({RUN}), frozenset({RUN}))


_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of its own is made in it


@pytest.fixture
def stage(monkeypatch):
    """A user's machine and a fake gateway, in memory where the system has one: a journal syncs each line."""
    folder = Path(tempfile.mkdtemp(prefix="gonogo-setup-", dir=_MEMORY if _MEMORY.is_dir() else None))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "xdg"))
    yield Stage(folder)
    shutil.rmtree(folder)


def judged(stage):
    """What the journal of the run shows."""
    data = stage.local.journal_file(RUN).read_bytes()
    return judge(machine(), sort_out([("journal.jsonl", data)], KNOWN, "completed", ""))


@pytest.mark.parametrize("end", ["completed", "trust_only", "paused", "blocked"])
def test_each_end_of_the_client_shows_no_dead_end_and_no_silent_failure(stage, end):
    """Completed, trust-only, paused at the code and blocked: every line is read, and each end has its way on."""
    if end == "completed":
        stage.gateway.funds, stage.gateway.demo_money = "100000", True
    if end == "blocked":
        stage.gateway.mode = "managed"
    report = stage.walk(QUICK if end != "paused" else Choices())
    assert report.outcome == end
    journal = read_journal(stage.local.journal_file(RUN).read_bytes())
    assert (len(journal.lines), journal.run, journal.mode) == (len(stage.lines), RUN, "quick")
    found = judged(stage)
    assert (found.findings, found.skipped) == ((), ())
    assert (found.measures[DEAD_ENDS].value, found.measures[NO_NEXT].value) == ("0", "0")
    came_through = end in ("completed", "trust_only")
    assert found.measures[DECISIONS].value == (str(report.decisions) if came_through else None)
    assert found.facts["ends"] == {end: 1}


def test_a_setup_that_was_resumed_decides_nothing_twice(stage):
    """It paused at the code, and came through in a second walk."""
    stage.walk(Choices(address=QUICK.address, hosts=("none",), pay=True))
    report = stage.walk(QUICK)
    found = judged(stage)
    assert (found.findings, found.measures[DECISIONS].value) == ((), str(report.decisions))
    assert int(found.measures[DECISIONS].value) <= 6


def test_requests_that_were_answered_are_samples_and_the_waits_are_those_of_the_report(stage):
    """A request that is only planned is none; the sums of the waits are the same as in the client's own report."""
    stage.walk(Choices(address=QUICK.address, hosts=("none",)), Answering(code=QUICK.code))
    found = judged(stage)
    assert found.measures[ROUTES].samples > 0
    assert found.measures[ROUTES].failures == 0
    sums: dict[str, int] = {}
    for _, whom, ms in waits(stage.lines):
        sums[whom] = sums.get(whom, 0) + ms
    assert {one["waiting_on"]: one["ms"] for one in found.facts["waits"]} == sums
