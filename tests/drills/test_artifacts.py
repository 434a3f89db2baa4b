"""A drill is listed before it starts, keeps the files that its measures come from, and they give the measures again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from drill_stage import COMMAND
from kept import lay_out, secrets_in
from statements import only_result
from waiting import eventually

from drills.journal import FILE, Status, read_journal
from drills.perform import begin, catch_up, conclude, make_plan, perform
from drills.recompute import recompute
from gates.evidence.keys import own_trust
from gates.evidence.store import EvidenceStore
from gates.evidence.unfinished import unfinished
from gates.schema.errors import UnknownProblem, UnverifiedProblem
from gates.schema.state import state_dir
from gates.schema.time import parse_utc

LONG = [{"action": "sigkill"}, {"action": "wait_for_settles", "share": ["1", "1"], "within": "60s"}]
BEGINNING = parse_utc("2020-01-01T00:00:00Z")


@pytest.fixture
def store(tmp_path):
    """The evidence store of these drills."""
    return EvidenceStore(tmp_path / "evidence")


@pytest.fixture
def begun(rooms, tmp_path, drill_file, target_file, console, store):
    """Begin a drill whose statement goes to the store."""

    def make(**changes):
        return begin(make_plan(drill_file(**changes), target_file(), 1, None), tmp_path / "out", console, store.folder)

    return make


@pytest.fixture
def done(begun, store):
    """A drill that came to its end: its run, and the statement that it left."""
    run = begun()
    perform(run)
    conclude(run)
    return run, only_result(_contents(store).statements(own_trust(state_dir())))


def _contents(store):
    return store.contents(own_trust(state_dir()))


def test_a_drill_is_listed_before_it_starts_and_its_statement_names_the_run(begun, store):
    """While it runs it is a run without a statement; afterwards it is none any more."""
    run = begun(storm={"profile": "crash", "payments": 200})
    (open_run,) = unfinished(_contents(store), BEGINNING)
    assert (open_run.step, open_run.target, open_run.profile, open_run.seed) == ("crash-drill", "fake", "crash", 1)
    assert run.plan.evidence.run == open_run.run
    assert unfinished(_contents(store), parse_utc("2990-01-01T00:00:00Z")) == ()
    perform(run, dry_run=True)
    conclude(run)
    assert unfinished(_contents(store), BEGINNING) == ()


def test_a_drill_without_evidence_lists_nothing(rooms, tmp_path, drill_file, target_file, console, store):
    """Neither a run nor a statement."""
    run = begin(make_plan(drill_file(), target_file(), 1, None), tmp_path / "out", console)
    perform(run, dry_run=True)
    conclude(run)
    assert not store.folder.exists()
    assert run.plan.evidence is None


@pytest.mark.process
def test_the_artifacts_of_a_drill_give_its_measures_again_and_hold_no_secret(done, store, tmp_path):
    """All files that the measures were computed from are in the store, and enough to compute them."""
    _, held = done
    said = held.statement.predicate
    names = [artifact.name for artifact in said.artifacts]
    assert names == ["journal.jsonl", "plan.json", "record.json", "storm/check.json", "storm/history.jsonl", "storm/plan.json"]
    assert [store.check_artifact(artifact) for artifact in said.artifacts] == [""] * 6
    found = recompute(lay_out(store, held, tmp_path / "again"))
    assert found.measures == said.measures
    assert found.status == said.status == "complete"
    assert secrets_in(store, held, {}) == []


@pytest.mark.process
def test_a_record_that_is_not_the_journals_is_named(done, store, tmp_path):
    """Kills, writes and times are in both."""
    _, held = done
    folder = lay_out(store, held, tmp_path / "again")
    record = json.loads((folder / "record.json").read_text())
    (kill,) = record["kills"]
    for kills, word in [
        ([kill, kill], "2 kills that are not the 1"),
        ([{**kill, "unsynced": 3}], "other unsynced writes"),
        ([{**kill, "recover_s": 0.001}], "other times to recover"),
    ]:
        (folder / "record.json").write_text(json.dumps({**record, "kills": kills}))
        with pytest.raises(UnverifiedProblem, match=word):
            recompute(folder)


@pytest.mark.process
def test_a_check_that_the_load_test_does_not_make_again_is_no_pass(done, store, tmp_path):
    """Its measures come from the storm's files, never from the check that lies beside them."""
    _, held = done
    folder = lay_out(store, held, tmp_path / "again")
    plan = json.loads((folder / "storm/plan.json").read_text())
    (folder / "storm/plan.json").write_text(json.dumps({**plan, "profile": "leaky"}))
    assert recompute(folder).measures["lost_settles"].value == "1"
    (folder / "storm/plan.json").unlink()
    with pytest.raises(UnknownProblem, match="cannot check its run again"):
        recompute(folder)


@pytest.mark.process
def test_a_drill_that_was_killed_is_a_run_without_a_statement_until_it_is_recovered(
    rooms, tmp_path, drill_file, target_file, store
):
    """SIGKILL hides nothing: recover signs that it was interrupted, for the run that was listed, once."""
    out = tmp_path / "out"
    argv = ["run", drill_file(method=LONG), "--target", target_file(), "--out", str(out), "--payments", "2000"]
    whole = [sys.executable, COMMAND, *argv, "--evidence", str(store.folder)]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(whole, stdout=log, stderr=log) as popen:
        assert eventually(lambda: _reached(out, "wait_for_settles"), 20), (tmp_path / "log").read_text()
        popen.kill()
    (open_run,) = unfinished(_contents(store), BEGINNING)
    for _ in range(2):
        recovered = subprocess.run([sys.executable, COMMAND, "recover", str(out)], capture_output=True, check=False, timeout=180)
        assert recovered.returncode == 0, recovered.stderr
    contents = _contents(store)
    assert unfinished(contents, BEGINNING) == ()
    held = only_result(contents.statements(own_trust(state_dir())))
    (run,) = contents.runs()
    assert (run.entry.object, run.statement) == (open_run.run, held.digest)
    said = held.statement.predicate
    assert (said.status, said.measures["kills"].value) == ("interrupted", None)
    assert recompute(lay_out(store, held, tmp_path / "again")).measures == said.measures


@pytest.mark.process
def test_a_drill_that_ended_and_was_killed_before_it_signed_is_signed_by_recover(begun, store):
    """With its measures: they were written before the last line of its journal."""
    run = begun()
    perform(run)
    run.journal.close()
    run.lock.release()  # as the kernel does for a process that was killed
    assert len(unfinished(_contents(store), BEGINNING)) == 1
    assert catch_up(run.out)
    assert not catch_up(run.out)
    said = only_result(_contents(store).statements(own_trust(state_dir()))).statement.predicate
    assert (said.status, said.measures["kills"].value) == ("complete", "1")


def _reached(out: Path, action: str) -> bool:
    if not (out / FILE).exists():
        return False
    return any((event.action, event.status) == (action, Status.STARTED) for event in read_journal(out / FILE).events)
