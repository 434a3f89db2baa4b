"""Writing: several processes at once, a process that is killed, a disk that is full; nothing is lost, and the chain is whole."""

import os
import resource
import signal

import msgspec
import pytest
from log_processes import run_together, start

from gates.evidence.contents import kind_of
from gates.evidence.store import EvidenceStore
from gates.log.chain import LogProblem
from gates.log.entry import EntryKind, Head, read_line, sign_line
from gates.schema.errors import UnknownProblem


def _steps(store, trust):
    return sorted((run.note.step, run.note.seed) for run in store.contents(trust).runs())


def _cut(store, left):
    """Cut the last line of the log to so many bytes; gives what it listed."""
    path = store.folder / "log.jsonl"
    *whole, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole) + last[:left])
    return msgspec.json.decode(last)["object"]


@pytest.mark.process
def test_processes_that_write_at_once_make_one_correct_chain(store, trust):
    """Every entry of each is in it, and none twice."""
    names = ("a", "b", "c", "d")
    ends = run_together([start("notes", store.folder, name, 15) for name in names])
    assert [code for code, _, _ in ends] == [0] * 4, ends
    assert _steps(store, trust) == [(name, number) for name in names for number in range(15)]
    assert store.contents(trust).head.seq == 60


@pytest.mark.process
def test_a_process_that_is_killed_loses_nothing_that_it_reported(store, signer, trust, capsys):
    """SIGKILL wherever it stands: what was listed is listed, the rest of a write is put right, and the log goes on."""
    for attempt in range(4):
        process = start("notes", store.folder, f"killed-{attempt}", 2000)
        process.stdin.write("\n")
        process.stdin.flush()
        for _ in range(3 + attempt):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        reported = 3 + attempt + len(process.stdout.read().splitlines())  # `communicate` would lose what is buffered
        process.communicate(timeout=60)
        listed = [number for step, number in _steps(store, trust) if step == f"killed-{attempt}"]
        assert reported <= len(listed) <= reported + 1
        assert listed == list(range(len(listed)))
    store.begin_run(signer, step="after", target="local")
    assert ("after", 0) in _steps(store, trust)
    assert not (store.folder / "log.pending").exists()


@pytest.mark.process
def test_a_disk_that_is_full_between_object_and_line_ends_with_the_path_and_loses_nothing(store, signer, trust, capsys):
    """The limit lets the object in and not the line: the next command completes it."""
    for number in range(8):
        store.begin_run(signer, step="before", target="local", seed=number)
    log = store.folder / "log.jsonl"
    room = log.stat().st_size + 40

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    ((code, out, err),) = run_together([start("notes", store.folder, "full", 1, preexec_fn=limit)])
    assert (code, out) == (1, "")
    assert f"UnknownProblem: {log}: File too large: the run" in err
    assert "is stored, but not its line in the log" in err
    assert "free some space; the next gonogo command that uses this folder completes the log" in err
    assert log.stat().st_size == room - 40
    assert ("full", 0) in _steps(store, trust)
    assert "was interrupted: its line is completed" in capsys.readouterr().err
    assert log.stat().st_size > room
    assert store.contents(trust).head.seq == 9
    assert capsys.readouterr().err == ""


def test_a_disk_that_is_full_before_the_object_stores_nothing_and_says_so(store, signer, trust):
    """Exit 3 names the file; the log and the store are as before."""
    store.begin_run(signer, step="before", target="local")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(UnknownProblem, match=r"log\.pending: File too large: nothing was stored") as caught:
            store.begin_run(signer, step="full", target="local")
        with pytest.raises(UnknownProblem, match=r"File too large: the artifact big was not stored"):
            store.keep_artifact("big", b"x" * 200)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code == 3
    assert "free some space, then run this step again" in caught.value.next_step
    assert _steps(store, trust) == [("before", 0)]
    assert [path.name for path in store.folder.rglob("*") if path.name.startswith(".") or path.name == "log.pending"] == []


@pytest.mark.parametrize("left", [1, 70, 130, 250, 350])
def test_a_torn_last_line_hides_nothing_and_the_next_entry_repairs_it(store, signer, trust, capsys, left):
    """Its object counts at once, is reported, and the next writer lists it again."""
    for number in range(3):
        store.begin_run(signer, step="torn", target="local", seed=number)
    digest = _cut(store, left)
    contents = store.contents(trust)
    assert (contents.adopted, contents.adopted_kind, len(contents.lines)) == (digest, EntryKind.RUN, 2)
    assert f"the last line is torn: the object {digest[:12]} that it listed is listed again" in capsys.readouterr().err
    store.begin_run(signer, step="after", target="local")
    assert "the last line is torn" in capsys.readouterr().err
    assert _steps(store, trust) == [("after", 0), ("torn", 0), ("torn", 1), ("torn", 2)]
    assert capsys.readouterr().err == ""


def test_a_torn_line_of_a_red_statement_still_counts(store, signer, trust, bench, capsys):
    """Cutting a line is no way to lose a statement, and removing its file as well is a gap."""
    held = bench.held(bench.measure("1"))
    store.add(msgspec.json.encode(held.envelope), trust, "e.json", signer)
    store.begin_run(signer, step="load", target="local")
    store.append(signer, EntryKind.STATEMENT, msgspec.json.encode(bench.held(bench.measure("2")).envelope))
    digest = _cut(store, 200)
    assert {item.digest for item in store.load(trust)} == {held.digest, digest}
    (store.objects / digest[:2] / f"{digest}.intoto.json").unlink()
    with pytest.raises(LogProblem, match=f"the torn last line lists the object {digest}"):
        store.load(trust)


def test_a_folder_that_cannot_be_written_to_can_be_read(store, signer, trust, tmp_path):
    """Evidence on a read-only disk, after an interrupted write: it is counted and reported, not repaired."""
    store.begin_run(signer, step="one", target="local")
    _cut(store, 100)
    if os.geteuid() != 0:
        store.folder.chmod(0o500)
    try:
        assert store.contents(trust).adopted
    finally:
        store.folder.chmod(0o700)


def test_a_reader_waits_for_no_lock_that_it_cannot_have(tmp_path, trust):
    """A store that does not exist is an empty one, and is not made."""
    absent = EvidenceStore(tmp_path / "none")
    assert absent.load(trust) == []
    assert not absent.folder.exists()


def test_the_kind_of_an_envelope_is_found_where_no_line_shows_it(bench, store, signer):
    """From its own words: notes, statements, cards and acts of people."""
    from gates.evidence.statement import PAYLOAD_TYPE

    def envelope(predicate_type, facts="{}"):
        text = f'{{"predicateType":"{predicate_type}","predicate":{{"facts":{facts}}}}}'
        return msgspec.json.encode(signer.sign(PAYLOAD_TYPE, text.encode()))

    store.begin_run(signer, step="one", target="local")
    (path,) = store.objects.glob("*/*.intoto.json")
    assert kind_of(path.read_bytes(), "e") is EntryKind.RUN
    assert kind_of(msgspec.json.encode(bench.held().envelope), "e") is EntryKind.STATEMENT
    assert kind_of(envelope("urn:gonogo:act:v1"), "e") is EntryKind.HUMAN
    assert kind_of(envelope("urn:somebody:else:v1"), "e") is EntryKind.STATEMENT
    card = "urn:gonogo:scorecard:v2"
    assert kind_of(envelope(card, '{"standing":"official"}'), "e") is EntryKind.CARD
    assert kind_of(envelope(card), "e") is EntryKind.PREVIEW


def test_a_pending_line_of_an_unknown_key_is_refused_and_not_made_part_of_the_log(store, signer, outsider, trust):
    """Whoever can write to the folder, without the key, adds nothing to the log in this way."""
    store.begin_run(signer, step="one", target="local")
    log = store.folder / "log.jsonl"
    before = log.read_bytes()
    line = read_line(before.rstrip(b"\n"), "line 1")
    head = Head(1, line.sha256)
    forged = sign_line(outsider, head=head, kind=EntryKind.RUN, sha256=line.entry.object, at=line.entry.at)
    (store.folder / "log.pending").write_bytes(forged.data + b"\n")
    with pytest.raises(LogProblem, match=r"log\.pending: unknown key"):
        store.contents(trust)
    assert log.read_bytes() == before


def test_a_run_on_a_damaged_log_does_not_begin(store, signer):
    """Nothing was measured, so nothing is kept."""
    store.begin_run(signer, step="one", target="local")
    (store.folder / "log.jsonl").write_bytes(b"no log\n")
    with pytest.raises(LogProblem, match="unreadable"):
        store.begin_run(signer, step="two", target="local")
    assert len(list(store.objects.glob("*/*.intoto.json"))) == 1
