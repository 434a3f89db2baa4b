"""`scorecard verify --deep`: the measures of a real drill are computed again from its raw files, or it is no pass."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import drill_stage
import msgspec
import pytest
from kept import artifact_of
from statements import only_result

from gates.evidence.keys import load_signer, own_trust
from gates.evidence.statement import EvidenceKind, Measure, Predicate
from gates.evidence.store import EvidenceStore, Held
from gates.log.file import LogFile
from gates.schema.errors import UnverifiedProblem
from scorecards import deep
from scorecards.cli import gonogo

BUILD = "ab" * 32
HISTORY = "storm/history.jsonl"
Verify = Callable[..., tuple[int, dict[str, str]]]


@pytest.fixture(scope="module")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the state folder in which a drill of the small service has left its evidence, and with its target file."""
    folder = tmp_path_factory.mktemp("drilled")
    drill = drill_stage.write_document(folder, "Drill", "small", drill_stage.crash_spec())
    target = drill_stage.write_document(folder, "Target", "fake", drill_stage.target_of())
    argv = [sys.executable, drill_stage.COMMAND, "run", drill, "--target", target, "--out", str(folder / "drill")]
    environ = {**os.environ, "GONOGO_HOME": str(folder / "home")}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def place(drilled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in use; drills compute their measures again with the small storm."""
    shutil.copytree(drilled, tmp_path / "place")
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "place" / "home"))
    monkeypatch.setitem(deep.ROOMS, EvidenceKind.CRASH_DRILL, [sys.executable, str(drill_stage.COMMAND), "recompute"])
    return tmp_path / "place"


@pytest.fixture
def store(place: Path) -> EvidenceStore:
    return EvidenceStore(place / "home" / "evidence")


@pytest.fixture
def verify(place: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Build a scorecard from the store and verify it; gives the exit code and each level's result and detail."""

    def call(*options: str, build: bool = True) -> tuple[int, dict[str, str]]:
        review = place / "review"
        if build:
            shutil.rmtree(review, ignore_errors=True)
            argv = ["scorecard", "build", "--draft", "--target", str(place / "fake.yaml"), "--build", BUILD, "--out", str(review)]
            gonogo.main(argv, standalone_mode=False)
        capsys.readouterr()
        code = gonogo.main(["scorecard", "verify", str(review), *options, "--format", "json"], standalone_mode=False)
        levels = json.loads(capsys.readouterr().out)["levels"]
        return code or 0, {level["claim"]: f"{level['checked']}: {level['detail']}" for level in levels}

    return call


def _statement(store: EvidenceStore) -> Held:
    return only_result(store.load(own_trust(store.folder.parent)))


def _sign_again(store: EvidenceStore, change: Callable[[Predicate], Predicate]) -> None:
    """Put a changed statement under the true key into the store, in the place of the genuine one."""
    held = _statement(store)
    home = store.folder.parent
    shutil.move(store.folder, home / "before")
    shutil.copytree(home / "before" / "artifacts", store.folder / "artifacts")
    LogFile(store.folder).begin()
    changed = change(held.statement.predicate)
    store.begin_run(load_signer(home), step="crash-drill", target="fake")
    store.record(load_signer(home), EvidenceKind.CRASH_DRILL, held.statement.subject[0], changed)


@pytest.mark.process
def test_measures_that_follow_from_their_raw_files_pass(verify: Verify, store: EvidenceStore) -> None:
    """Only with --deep is the level there."""
    assert deep.CLAIM not in verify()[1]
    code, levels = verify("--deep")
    assert code == 0, levels[deep.CLAIM]
    assert levels[deep.CLAIM].startswith("pass: 1 statements computed again from 6 files, ")


@pytest.mark.process
def test_an_edited_history_in_the_store_is_named(verify: Verify, store: EvidenceStore) -> None:
    """By `--deep` and by `evidence verify`, with 8."""
    path = artifact_of(store, _statement(store), HISTORY)
    path.write_bytes(path.read_bytes().replace(b'"info"', b'"ok"  ', 1))
    code, levels = verify("--deep")
    assert code == 8
    assert levels[deep.CLAIM].startswith("FAIL: crash-drill ")
    assert f"{HISTORY}: {path} is not the file with the sha256" in levels[deep.CLAIM]
    with pytest.raises(UnverifiedProblem, match=HISTORY):
        gonogo.main(["evidence", "verify"], standalone_mode=False)


@pytest.mark.process
def test_an_edited_measure_under_a_true_signature_is_named(verify: Verify, store: EvidenceStore) -> None:
    """Every other level passes; --deep ends with 8, naming statement and measure, old and new."""

    def edit(said: Predicate) -> Predicate:
        measures = {**said.measures, "kills": Measure("9", "count", 9)}
        return msgspec.structs.replace(said, measures=measures, status="complete")

    _sign_again(store, edit)
    assert verify()[0] == 0
    code, levels = verify("--deep")
    assert code == 8
    assert "kills is 9 count, samples 9, and its raw files give 1 count, samples 1" in levels[deep.CLAIM]
    assert f"crash-drill {_statement(store).digest[:12]}: " in levels[deep.CLAIM]
    assert [claim for claim, result in levels.items() if not result.startswith("pass")] == [deep.CLAIM]


@pytest.mark.process
def test_a_missing_raw_file_is_named(verify: Verify, store: EvidenceStore, place: Path) -> None:
    """8 for --deep, and for the store itself; a copy at another place will do."""
    path = artifact_of(store, _statement(store), HISTORY)
    (place / "elsewhere").mkdir()
    shutil.move(path, place / "elsewhere" / path.name)
    code, levels = verify("--deep")
    assert (code, levels[deep.CLAIM].partition(": ")[0]) == (8, "FAIL")
    assert f"{HISTORY} is missing: no place has a file with the sha256 {path.name}" in levels[deep.CLAIM]
    with pytest.raises(UnverifiedProblem, match=f"{HISTORY}: .* is missing"):
        gonogo.main(["evidence", "verify"], standalone_mode=False)
    assert verify("--deep", "--artifacts", str(place / "elsewhere"))[0] == 0
    shutil.copytree(store.folder / "artifacts", place / "review" / "artifacts")
    shutil.copy(place / "elsewhere" / path.name, place / "review" / "artifacts")
    shutil.rmtree(store.folder / "artifacts")
    assert verify("--deep", build=False)[0] == 0


@pytest.mark.process
@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda _: {"artifacts": ()}, 3, "it names no raw files"),
        (lambda said: {"artifacts": tuple(item for item in said.artifacts if item.name != HISTORY)}, 8, "does not follow from"),
        (lambda said: {"artifacts": tuple(item for item in said.artifacts if item.name != "record.json")}, 8, "record.json"),
        (lambda said: {"artifacts": (*said.artifacts, said.artifacts[0])}, 8, "journal.jsonl is named twice"),
        (
            lambda said: {"artifacts": (msgspec.structs.replace(said.artifacts[0], name="../x"), *said.artifacts[1:])},
            8,
            "'../x' is not the name of an artifact",
        ),
        (lambda _: {"status": "interrupted"}, 8, "status is interrupted, and its raw files give complete"),
        (lambda said: {"measures": {**said.measures, "extra": Measure("0", "count", 1)}}, 8, "extra is 0 count, and"),
        (
            lambda said: {"measures": {"kills": said.measures["kills"]}},
            8,
            "lost_settles is absent, and its raw files give 0 count",
        ),
    ],
    ids=["no files", "no history", "no record", "named twice", "outside", "status", "added", "left out"],
)
def test_a_statement_that_names_less_or_more_than_its_raw_files_give_is_no_pass(
    verify: Verify, store: EvidenceStore, change: Callable[[Predicate], dict[str, object]], code: int, words: str
) -> None:
    """Each way is named; only what cannot be computed at all is not checked."""
    _sign_again(store, lambda said: msgspec.structs.replace(said, **change(said)))
    found, levels = verify("--deep")
    assert (found, words in levels[deep.CLAIM]) == (code, True), levels[deep.CLAIM]


@pytest.mark.process
def test_a_packed_review_verifies_deeply_without_the_store(verify: Verify, place: Path) -> None:
    """On a machine that has nothing but the pack and the keys; no key and no database is in it."""
    verify()
    review = place / "review"
    for name, data in (("logs/x.db", b"SQLite format 3\x00"), ("service/receipt.key", b"k" * 32), ("storm/history.jsonl", b"{}")):
        (review / name).parent.mkdir(exist_ok=True)
        (review / name).write_bytes(data)
    (review / "logs" / "away.json").symlink_to("/etc/passwd")
    packed = place / "packed"
    assert gonogo.main(["scorecard", "pack", str(review), "--out", str(packed)], standalone_mode=False) == 0
    shutil.rmtree(place / "home" / "evidence" / "artifacts")
    shutil.rmtree(review)
    shutil.copytree(packed, review)
    code, levels = verify("--deep", build=False)
    assert (code, levels[deep.CLAIM]) == (0, "pass: 1 statements computed again from 6 files")
    assert "not of this folder" not in levels[deep.CLAIM]
    names = {str(path.relative_to(packed)) for path in packed.rglob("*") if path.is_file()}
    assert "storm/history.jsonl" in names
    assert not [name for name in names if name.endswith((".db", ".key")) or "away" in name]


@pytest.mark.process
def test_a_packed_copy_is_verified_by_its_own_files_alone(verify: Verify, place: Path, store: EvidenceStore) -> None:
    """The state folder has the file that the copy lacks: still exit 8; a review without files of its own says where they are."""
    _, levels = verify("--deep")
    assert levels[deep.CLAIM].endswith(f" from 6 files, 6 of them not of this folder but of {store.folder}"), levels[deep.CLAIM]
    packed, lost = place / "packed", _statement(store).statement.predicate.artifacts[0]
    gonogo.main(["scorecard", "pack", str(place / "review"), "--out", str(packed)], standalone_mode=False)
    (packed / "artifacts" / lost.sha256[:2] / lost.sha256).unlink()
    shutil.rmtree(place / "review")
    shutil.copytree(packed, place / "review")
    code, levels = verify("--deep", build=False)
    assert (code, f"{lost.name} is missing" in levels[deep.CLAIM]) == (8, True), levels[deep.CLAIM]
    code, levels = verify("--deep", "--artifacts", str(store.folder), build=False)
    assert (code, f"1 of them not of this folder but of {store.folder}" in levels[deep.CLAIM]) == (0, True), levels[deep.CLAIM]


@pytest.mark.process
def test_a_read_only_folder_is_verified_deeply_and_left_as_it_is(verify: Verify, place: Path) -> None:
    """Nothing is written into it, also where nothing could be: on a read-only disk, or of another user."""
    verify()
    packed = place / "packed"
    gonogo.main(["scorecard", "pack", str(place / "review"), "--out", str(packed)], standalone_mode=False)
    shutil.rmtree(place / "review")
    shutil.copytree(packed, place / "review")
    everything = [place / "review", *(place / "review").rglob("*")]
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in everything}
    try:
        code, levels = verify("--deep", build=False)
        assert (code, levels[deep.CLAIM].startswith("pass: 1 statements")) == (0, True), levels
        assert {path: path.stat().st_mtime_ns for path in [place / "review", *(place / "review").rglob("*")]} == before
    finally:
        for path in everything:
            path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.process
def test_a_raw_file_that_is_gone_or_a_database_is_named_by_pack(
    verify: Verify, place: Path, store: EvidenceStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest is packed, and the exit code is 3."""
    verify()
    artifact_of(store, _statement(store), HISTORY).unlink()
    argv = ["scorecard", "pack", str(place / "review"), "--out", str(place / "packed")]
    assert gonogo.main(argv, standalone_mode=False) == 3
    assert f"not packed: {HISTORY} is missing: sha256 " in capsys.readouterr().out
