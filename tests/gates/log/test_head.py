"""The head of a state folder's log is kept outside of it: a log that was cut with everything that shows it is named."""

import json
import resource
import shutil
from pathlib import Path

import pytest
from log_processes import run_together, start

from gates.evidence.keys import load_signer, own_trust
from gates.evidence.store import EvidenceStore
from gates.log.chain import Damage, LogProblem
from gates.log.head import INSIDE, HeadFile
from gates.schema.errors import UnverifiedProblem
from gates.schema.state import make_state


@pytest.fixture
def keys(tmp_path, monkeypatch) -> Path:
    """The folder of private keys, outside the state folder."""
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    return tmp_path / "keys"


@pytest.fixture
def home(keys, tmp_path) -> Path:
    """A state folder whose log has five entries."""
    return filled(tmp_path / "home")


def filled(home: Path) -> Path:
    load_signer(home)
    for number in range(4):
        _run(home, number)
    return home


def _store(home: Path) -> EvidenceStore:
    return EvidenceStore(home / "evidence", own=own_trust(home))


def _run(home: Path, number: int) -> str:
    return _store(home).begin_run(load_signer(home), step="load", target="local", seed=number)


def _contents(home: Path):
    return _store(home).contents(own_trust(home))


def _log(home: Path) -> Path:
    return home / "evidence" / "log.jsonl"


def _kept(home: Path) -> str:
    return HeadFile(home / "evidence").read().head


def _cut(home: Path, lines: int) -> None:
    """The log and the store as they were, with nothing left that shows it."""
    kept = _log(home).read_bytes().splitlines(keepends=True)[:lines]
    listed = {json.loads(line)["object"] for line in kept}
    for path in (home / "evidence" / "objects").glob("*/*"):
        if path.name.partition(".")[0] not in listed:
            path.unlink()
    _log(home).write_bytes(b"".join(kept))


def test_every_entry_is_kept_as_the_head_outside_the_state_folder(home, keys):
    """In a file that its owner alone can read."""
    (path,) = keys.glob("evidence-log-*.head")
    assert (path.stat().st_mode & 0o777, _kept(home)) == (0o600, str(_contents(home).head))
    _run(home, 9)
    assert (_kept(home), _contents(home).head.seq) == (str(_contents(home).head), 6)
    assert list(home.rglob("*.head")) == []


@pytest.mark.parametrize("lines", [0, 1, 4])
def test_a_log_that_was_cut_with_all_that_shows_it_is_refused(home, keys, lines):
    """For reading and for writing, naming the file; the next step is `state restore`."""
    before = _kept(home)
    _cut(home, lines)
    for use in (lambda: _contents(home), lambda: _run(home, 9)):
        with pytest.raises(LogProblem, match=f"it ends with entry {lines}, before the known head 5") as caught:
            use()
        assert (caught.value.damage, "gonogo state restore" in caught.value.next_step) == (Damage.TRUNCATED, True)
        assert f"its head is kept in {next(keys.glob('*.head'))}" in caught.value.message
    assert _kept(home) == before


def test_a_log_that_was_cut_and_continued_is_refused(home, keys):
    """Whoever has the evidence key writes as many entries as there were; the head is not among them."""
    (path,) = keys.glob("*.head")
    kept = path.read_bytes()
    _cut(home, 4)
    path.unlink()
    for number in range(3):
        _run(home, 20 + number)
    path.write_bytes(kept)
    with pytest.raises(LogProblem, match="forked: its entry 5 is not the known one"):
        _contents(home)


def test_a_process_that_ended_between_line_and_head_is_caught_up(home, keys):
    """The log is ahead of its head: that is no damage, and the next entry keeps the newer one."""
    (path,) = keys.glob("*.head")
    behind = path.read_bytes()
    _run(home, 9)
    path.write_bytes(behind)
    assert _contents(home).head.seq == 6
    _run(home, 10)
    assert _kept(home) == str(_contents(home).head)


@pytest.mark.parametrize("left", [1, 70, 250])
def test_a_torn_last_line_still_heals(home, left):
    """What it listed counts and is listed again, under a line of its own; without its object it is a gap."""
    *whole, last = _log(home).read_bytes().splitlines(keepends=True)
    digest = json.loads(last)["object"]
    _log(home).write_bytes(b"".join(whole) + last[:left])
    assert _contents(home).adopted == digest
    _run(home, 9)
    assert ({run.entry.object for run in _contents(home).runs()} >= {digest}, _kept(home)[:2]) == (True, "6:")


def test_a_torn_last_line_whose_object_was_removed_is_refused(home):
    """Cut to so little that it shows no digest, it would have been a line that listed nothing."""
    *whole, last = _log(home).read_bytes().splitlines(keepends=True)
    digest = json.loads(last)["object"]
    _log(home).write_bytes(b"".join(whole) + last[:9])
    (home / "evidence" / "objects" / digest[:2] / f"{digest}.intoto.json").unlink()
    with pytest.raises(LogProblem, match="it ends with entry 4, before the known head 5"):
        _contents(home)


def test_a_disk_that_is_full_for_the_head_alone_says_so_and_catches_up(tmp_path, keys, capsys):
    """The entry is listed; the next one keeps the head. A long path makes the head's file longer than a short log."""
    home = filled(tmp_path.joinpath(*["d" * 200] * 12))
    before = _kept(home)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2450, hard))
    try:
        _run(home, 9)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "File too large: the head of the log is kept with the next entry" in capsys.readouterr().err
    assert (_contents(home).head.seq, _kept(home)) == (6, before)
    _run(home, 10)
    assert _kept(home) == str(_contents(home).head)


@pytest.mark.process
def test_processes_that_write_at_once_keep_the_last_head(keys, tmp_path, signer, trust):
    """Line and head are written under one lock."""
    home = tmp_path / "shared"
    make_state(home)
    ends = run_together([start("notes", home / "evidence", name, 10) for name in ("a", "b", "c")])
    assert [code for code, _, _ in ends] == [0] * 3, ends
    assert (_kept(home), _kept(home)[:3]) == (str(EvidenceStore(home / "evidence").contents(trust).head), "30:")


def test_a_copy_of_the_folder_begins_without_a_head(home, tmp_path):
    """In another place, or on another machine: it goes on from what it holds."""
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    assert (HeadFile(copy / "evidence").read(), _contents(copy).head.seq) == (None, 5)
    _run(copy, 9)
    assert (_kept(copy)[:2], _kept(home)[:2]) == ("6:", "5:")


def test_a_folder_that_was_removed_begins_anew_and_says_so(home, capsys):
    """On stderr, and in the log for every scorecard."""
    known = _kept(home)
    shutil.rmtree(home)
    load_signer(home)
    assert "log.jsonl: begins again: an earlier state folder in this place had a log of 5 entries" in capsys.readouterr().err
    (note,) = _contents(home).restored()
    assert (note.head, note.known, note.missing, _kept(home)[:2]) == ("", known, 5, "2:")
    load_signer(home)
    assert len(_contents(home).restored()) == 1


@pytest.mark.parametrize("left", ["signers.json", "signers.pin"])
def test_a_folder_with_signers_does_not_begin_anew(home, left):
    """Without log, keys and reviews, whoever emptied it would have a week without its red runs made official."""
    shutil.rmtree(home / "evidence")
    shutil.rmtree(home / "keys")
    (home / left).write_bytes(b"x")
    with pytest.raises((LogProblem, UnverifiedProblem)) as caught:
        _run(home, 9)
    assert caught.value.exit_code == 8
    with pytest.raises(LogProblem, match="lost"):
        _contents(home)


def test_without_a_folder_outside_the_head_lies_next_to_the_evidence_key(tmp_path, monkeypatch):
    """The folder of private keys is in a repository, or cannot be made."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "file").touch()
    for number, place in enumerate((tmp_path / "repository" / "keys", tmp_path / "file" / "keys")):
        monkeypatch.setenv("GONOGO_KEYS", str(place))
        home = filled(tmp_path / f"home-{number}")
        assert ((home / INSIDE).exists(), _kept(home)[:2]) == (True, "5:")
        _cut(home, 4)
        with pytest.raises(LogProblem, match="before the known head 5"):
            _contents(home)


def test_a_rehearsal_has_a_head_of_its_own(home, keys, tmp_path):
    """Its folder is in another place."""
    rehearsal = tmp_path / "home" / "rehearsal"
    make_state(rehearsal, rehearsal=True)
    filled(rehearsal)
    assert len(list(keys.glob("*.head"))) == 2
    _cut(rehearsal, 4)
    with pytest.raises(LogProblem, match="before the known head 5"):
        _contents(rehearsal)
    assert _contents(home).head.seq == 5


def test_a_head_that_cannot_be_read_is_refused(home, keys):
    """Exit 8 with the file and the next step, whatever is in it."""
    (path,) = keys.glob("*.head")
    for data in (b"", b"{}", b'{"folder":"x","head":"0:1","lost":""}', bytes(range(128, 148))):
        path.write_bytes(data)
        with pytest.raises(UnverifiedProblem, match="does not hold the head of a log: it was changed") as caught:
            _contents(home)
        assert (caught.value.exit_code, "gonogo state restore" in caught.value.next_step) == (8, True)


def test_a_store_outside_a_state_folder_keeps_no_head(keys, tmp_path, signer, trust):
    """Such as the evidence of another machine."""
    store = EvidenceStore(tmp_path / "evidence")
    store.begin_run(signer, step="load", target="local")
    assert (store.contents(trust).head.seq, keys.exists()) == (1, False)
