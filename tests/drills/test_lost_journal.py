"""A journal that cannot be written any more: its disk is full, or gone. The fault is taken back all the same."""

import errno
from pathlib import Path

import pytest

from drills.journal import read_journal
from drills.leftovers import carriers
from drills.perform import begin, make_plan, perform
from drills.process import Service

pytestmark = pytest.mark.process


class FullDisk:
    """The drill's console; at the step whose name it has been given, the journal's disk becomes full: a real ENOSPC."""

    def __init__(self, at):
        self.at, self.run, self.said = at, None, []

    def step(self, note):
        self.note(note)
        if note.endswith(self.at):
            self.run.journal._file.close()
            self.run.journal._file = Path("/dev/full").open("ab", buffering=0)  # noqa: SIM115  # the journal closes it

    def note(self, message):
        self.said.append(message)


@pytest.mark.parametrize(
    ("at", "ending", "taken_back"),
    [
        ("start_storm", "there was no fault yet", False),
        ("kill-once", "rollback verified", True),
        ("rollback: restore_service", "rollback verified", True),
        ("verify: audit", "rollback verified", True),
    ],
)
def test_a_journal_without_a_disk_ends_the_drill_with_its_fault_taken_back(
    rooms, drill_file, target_file, tmp_path, monkeypatch, at, ending, taken_back
):
    """The error names the journal; no process is left; what was written before still verifies, and says nothing of an end."""
    restored, stopped = [], []
    restore, stop = Service.wait_ready, Service.stop
    monkeypatch.setattr(Service, "wait_ready", lambda *args: (restored.append(args), restore(*args))[1])
    monkeypatch.setattr(Service, "stop", lambda *args, **more: (stopped.append(args), stop(*args, **more))[1])
    method = [{"action": "wait_for_settles", "share": ["0.1", "0.2"]}, {"action": "sigkill", "name": "kill-once"}]
    console = FullDisk(at)
    run = console.run = begin(make_plan(drill_file(method=method), target_file(), 1, None), tmp_path / "out", console)
    try:
        with pytest.raises(OSError, match="No space left on device") as caught:
            perform(run)
    finally:
        run.journal.close()
        run.lock.release()
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "out" / "journal.jsonl"))
    assert f"the journal could not be written: {ending}" in console.said[-1]
    assert (len(restored) >= 2) is taken_back
    assert stopped
    assert carriers(run.plan.run_id) == []
    assert read_journal(tmp_path / "out" / "journal.jsonl").ending is None
