"""What a drill leaves behind is found: processes, mounts, scratch folders."""

import sys
from pathlib import Path

import pytest

from drills.child import MARKER, spawn
from drills.journal import Journal, Phase, Status, read_journal
from drills.leftovers import clear, leftovers, mounts_below
from drills.perform import begin, make_plan
from gates.schema.time import monotonic_s, system_clock


@pytest.fixture
def journal(tmp_path):
    """An open journal."""
    journal = Journal(tmp_path / "journal.jsonl", system_clock, monotonic_s)
    yield journal
    journal.close()


@pytest.mark.process
def test_a_process_with_the_runs_mark_is_found_named_and_ended(journal, environ, tmp_path, monkeypatch):
    """Whether the journal has it or not."""
    monkeypatch.setattr("drills.leftovers.GONE_S", 0.0)
    child = spawn([sys.executable, "-c", "import time; time.sleep(60)"], {**environ, MARKER: "run-1"}, tmp_path / "child")
    try:
        left = leftovers("run-1", (), tmp_path)
        assert left.processes == (child.identity,)
        assert f"process {child.identity.pid} (python" in left.text()
        clear(left)
        assert child.wait(60)
    finally:
        child.end()
    assert not leftovers("run-1", (), tmp_path)


def test_a_scratch_folder_that_is_still_there_is_found(rooms, drill_file, target_file, tmp_path, console, monkeypatch):
    """An action notes it before it makes it."""
    monkeypatch.setattr("drills.leftovers.GONE_S", 0.0)
    run = begin(make_plan(drill_file(), target_file(), 1, None), tmp_path / "out", console)
    kept, gone = tmp_path / "kept", tmp_path / "gone"
    for folder in (kept, gone):
        run.note_scratch(folder)
    kept.mkdir()
    left = leftovers(run.plan.run_id, read_journal(run.journal.path).events, run.out)
    assert left.text() == f"folder {kept}"
    clear(left)
    assert not kept.exists()
    run.journal.close()
    run.lock.release()


def test_a_mount_point_in_the_drills_folder_is_found_by_the_kernels_table(tmp_path):
    """Also one whose path has a space; none elsewhere counts."""
    table = tmp_path / "mountinfo"
    rows = [f"36 35 0:30 / {tmp_path}/out/disk\\0401 rw - fuse fs rw", "37 35 0:31 / /elsewhere rw - fuse fs rw"]
    table.write_text("\n".join(rows) + "\n")
    assert mounts_below(tmp_path / "out", table) == (Path(f"{tmp_path}/out/disk 1"),)
    assert mounts_below(tmp_path / "other", table) == ()


def test_a_journal_without_faults_or_processes_leaves_nothing(journal, tmp_path):
    """Nothing is invented."""
    journal.write(Phase.PREFLIGHT, "seed", Status.SUCCEEDED)
    assert not leftovers("no-such-run", read_journal(journal.path).events, tmp_path)
