"""A load run and a hostile rail are listed before they start, keep the files of their measures, and follow from them."""

import json
import os
import subprocess
import sys

import pytest
from kept import artifact_of, contents, lay_out, secrets_in, signed_again
from statements import only_result
from waiting import eventually

from gates.evidence.keys import load_signer, own_trust
from gates.evidence.statement import Measure
from gates.evidence.store import EvidenceStore
from gates.evidence.unfinished import unfinished
from gates.schema.errors import UnverifiedProblem, UsageProblem
from loadtests.recompute import recompute
from scorecards.deep import require_following

pytestmark = pytest.mark.process
LOAD_FILES = ["before.json", "books.json", "check.json", "history.jsonl", "order.json", "plan.json", "run.json"]


@pytest.fixture
def home(tmp_path):
    """The state folder of these runs."""
    return tmp_path / "home"


@pytest.fixture
def store(home):
    """Its evidence store."""
    return EvidenceStore(home / "evidence")


@pytest.fixture
def storm(load, fake_service, here, tmp_path):
    """A function that runs the quick storm against the sound fake."""

    def run(*more, target=None):
        argv = ("run", here / "quick.yaml", "--target", target or here / "fake-target.yaml", "--out", tmp_path / "run")
        return load(*argv, "--payments", "60", "--seed", "3", *more, environ=fake_service("none"))

    return run


def _runs(store):
    return store.contents(own_trust(store.folder.parent)).runs()


def test_the_measures_of_a_load_run_follow_from_its_files_which_hold_no_secret(storm, store, home, tmp_path):
    """The log lists the run, the statement ends it, and a child process computes its measures from the store alone."""
    done = storm()
    assert done.returncode == 0, done.stdout + done.stderr
    held = only_result(store.load(own_trust(home)))
    (run,) = _runs(store)
    assert (run.statement, run.note.step, run.note.target, run.note.seed) == (held.digest, "load-run", "fake", 3)
    assert run.note.profile == "quick"
    assert [name for name, _ in contents(store, held)] == LOAD_FILES
    assert secrets_in(store, held, {"FAKE_TOKEN": "agent-of-the-fake"}) == []
    folder = lay_out(store, held, tmp_path / "again")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    found = recompute(folder)
    said = held.statement.predicate
    assert (found.kind, found.measures, found.status) == (said.kind, said.measures, said.status)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    require_following(held, [store.folder])

    edited = {**said.measures, "retry_amplification": Measure("1.000", "ratio", 60)}
    with pytest.raises(UnverifiedProblem, match=r"retry_amplification is 1\.000 ratio, "):
        require_following(signed_again(load_signer(home), held, measures=edited), [store.folder])
    history = artifact_of(store, held, "history.jsonl")
    history.write_bytes(history.read_bytes().replace(b'"settle"', b'"refund"', 1))
    with pytest.raises(UnverifiedProblem, match=r"history\.jsonl: .* was changed"):
        require_following(held, [store.folder])


@pytest.mark.parametrize("option", ["--no-evidence", "--no-check"])
def test_a_run_that_leaves_no_statement_on_purpose_lists_nothing(storm, store, option):
    """Neither a run nor a statement."""
    storm(option)
    assert not store.folder.exists()


def test_a_target_file_that_is_refused_before_the_storm_is_no_run(storm, here, store, home, tmp_path):
    """Nothing was loaded, so nothing was left out: what the log lists ends with a statement that says why."""
    target = tmp_path / "wrong.yaml"
    target.write_text((here / "fake-target.yaml").read_text().replace("id_pointer: /transfer/id", "id_pointer: /nowhere"))
    assert storm(target=target).returncode == 2
    contents = store.contents(own_trust(home))
    assert unfinished(contents) == ()
    (said,) = [item.statement.predicate for item in contents.statements(own_trust(home))]
    assert (said.status, "id_pointer" in said.detail) == ("not_run", True)


def test_a_storm_that_was_killed_is_a_run_without_a_statement(fake_service, here, store, home, tmp_path):
    """SIGKILL leaves the log's entry: whoever ends a run that goes badly does not make it disappear."""
    out = tmp_path / "run"
    argv = [sys.executable, "-m", "loadtests", "run", "rollback", "--target", str(here / "fake-target.yaml"), "--out", str(out)]
    environ = {**fake_service("none"), "GONOGO_HOME": str(home)}
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        history = out / "history.jsonl"
        assert eventually(lambda: history.exists() and history.stat().st_size > 10_000)
        process.kill()
    (left,) = unfinished(store.contents(own_trust(home)))
    assert (left.step, left.profile, left.target) == ("load-run", "rollback", "fake")


def test_two_processes_list_their_runs_in_one_store(fake_service, here, store, home, tmp_path):
    """Each statement ends its own run."""
    environ = {**fake_service("none"), "GONOGO_HOME": str(home)}
    argv = [sys.executable, "-m", "loadtests", "run", str(here / "quick.yaml"), "--target", str(here / "fake-target.yaml")]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    more = ("--payments", "40", "--seed", "{}", "--run-id", "r{}", "--out", f"{tmp_path}/r{{}}")
    both = [subprocess.Popen([*argv, *(word.format(seed) for word in more)], env=environ, **quiet) for seed in (1, 2)]
    for process in both:
        process.wait(120)
    contents_now = store.contents(own_trust(home))
    seeds = {item.digest: item.statement.predicate.inputs.seed for item in contents_now.statements(own_trust(home))}
    assert sorted(run.note.seed for run in contents_now.runs()) == [1, 2]
    assert all(seeds[run.statement] == run.note.seed for run in contents_now.runs())


def test_the_measures_of_a_hostile_rail_follow_from_its_files(load, here, store, home, tmp_path):
    """Its books, and the reason why nothing was taken over, are in the store; a book that is changed is named."""
    text = (here / "payer-target.yaml").read_text()
    target = tmp_path / "payer.yaml"
    target.write_text(text.replace("${PAYER}", str(here / "fake_payer.py")).replace("${PAYER_WAY}", "careful"))
    argv = ("hostile-rail", "--target", target, "--out", tmp_path / "run", "--payouts", "2", "--patience", "5")
    faults = [word for name in ("ok", "lost_after", "overtaken") for word in ("--fault", name)]
    done = load(*argv, *faults, environ={**os.environ, "GONOGO_RAIL_URL": ""})
    assert done.returncode == 3, done.stdout + done.stderr
    held = only_result(store.load(own_trust(home)))
    (run,) = _runs(store)
    assert (run.statement, run.note.step) == (held.digest, "hostile-rail")
    assert [name for name, _ in contents(store, held)] == ["asks.jsonl", "books.json", "check.json", "run.json", "takeover.json"]
    assert secrets_in(store, held, {}) == []
    assert held.statement.predicate.measures["late_writes"].unknown == "not_run"
    require_following(held, [store.folder])
    folder = lay_out(store, held, tmp_path / "again")
    books = json.loads((folder / "books.json").read_text())
    books["lines"].append({**books["lines"][0], "seq": 9_999, "rail_id": "chg_twice"})
    (folder / "books.json").write_text(json.dumps(books))
    assert recompute(folder).measures["extra_charges"].value == "1"
    (folder / "books.json").unlink()
    (folder / "takeover.json").unlink()
    with pytest.raises(UsageProblem, match="neither a load run nor a hostile rail"):
        recompute(folder)
