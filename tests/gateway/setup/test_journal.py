"""The journal of a setup: chained, synced, for its owner alone; what is torn is left out, what was changed is refused."""

import os
import stat

import msgspec
import pytest
from setup_stage import QUICK, RUN
from ticking import Ticking

from gateway.setup import journal as journal_module
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.journal import NAME, Journal, JournalUnwritable, read_journal
from gateway.setup.lines import FIRST_PREV, Line, hash_of, line_bytes
from gateway.setup.local import LocalState, Pointer
from gateway.setup.private import write_private
from gateway.setup.replay import faults, states
from gateway.setup.report import report_of

MEMBERS = tuple(
    "seq prev run at mono_ms step phase state event next attempt waiting_on code next_command request file receipt_id mode build "  # noqa: SIM905  # one line to read
    "found".split()
)


@pytest.fixture
def path(stage):
    """The journal of a setup that ended."""
    stage.walk()
    return stage.local.journal_file(RUN)


def test_a_line_has_the_members_that_are_promised_and_names_the_one_before(path):
    """Compact JSON; `prev` is the sha256 of the line before without its line feed, zeros for the first."""
    assert list(Line.__struct_fields__) == list(MEMBERS)
    raw = path.read_bytes().split(b"\n")[:-1]
    lines = read_journal(path).lines
    assert [line.prev for line in lines] == [FIRST_PREV, *(hash_of(text) for text in raw[:-1])]
    assert [line.seq for line in lines] == list(range(1, len(raw) + 1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_effect_is_planned_before_it(path):
    """A line with the request, without a status, comes before the line with its status, with the same key."""
    lines = [line for line in read_journal(path).lines if line.request is not None and line.request.key_sha256]
    for planned, done in zip(lines[::2], lines[1::2], strict=True):
        assert (planned.phase, planned.request.status) == ("planned", None)
        assert done.request.status is not None
        assert planned.request.key_sha256 == done.request.key_sha256


def test_a_torn_last_line_is_left_out_and_written_over(path):
    """At each of its bytes: the lines before it stay."""
    raw = path.read_bytes()
    last = raw[:-1].rindex(b"\n") + 1
    for end in range(last, len(raw)):
        path.write_bytes(raw[:end])
        assert len(read_journal(path).lines) == raw.count(b"\n") - 1
    clock = Ticking()
    journal = Journal(path, RUN, clock, clock.monotonic)
    assert journal.torn > 0
    journal.add(step="x", phase="skipped", state=None)
    journal.close()
    assert read_journal(path).torn == 0


@pytest.mark.parametrize("change", ["flip", "drop", "swap", "spaces", "unknown member", "other run"])
def test_a_journal_that_was_changed_is_refused_with_its_line(path, change):
    """Nothing goes on from it: journal_broken."""
    lines = path.read_bytes().split(b"\n")
    if change == "flip":
        lines[3] = lines[3].replace(b'"attempt":1', b'"attempt":2')
    elif change == "drop":
        del lines[3]
    elif change == "swap":
        lines[3], lines[4] = lines[4], lines[3]
    elif change == "spaces":
        lines[3] = lines[3].replace(b",", b", ")
    elif change == "unknown member":
        lines[3] = lines[3].replace(b"{", b'{"a":1,', 1)
    else:
        lines[-2] = lines[-2].replace(RUN.encode(), b"run_" + b"9" * 32)
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(SetupProblem) as caught:
        read_journal(path)
    assert caught.value.code is SetupCode.JOURNAL_BROKEN


def test_no_effect_happens_where_its_line_cannot_be_written(stage, monkeypatch):
    """A full disk at each sync: the setup ends with local_state_unwritable, and what was not planned was not done."""
    sync, left = os.fsync, [0]

    def full(descriptor):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(journal_module.os, "fsync", full)
    for room in (0, 1, 3, 8, 20):
        left[0], before = room, len(stage.gateway.calls)
        with pytest.raises(SetupProblem) as caught:
            stage.walk()
        assert caught.value.code is SetupCode.LOCAL_STATE_UNWRITABLE
        planned = len(stage.gateway.calls) - before
        assert planned <= room
    monkeypatch.undo()
    assert stage.walk().outcome == "trust_only"


def test_a_folder_that_cannot_be_written_is_named(memory):
    """With the variable in the row of its code."""
    blocked = memory / "file"
    blocked.write_text("")
    clock = Ticking()
    with pytest.raises(JournalUnwritable) as caught:
        Journal(blocked / "journal.jsonl", RUN, clock, clock.monotonic)
    assert "GONOGO_SETUP_STATE" in caught.value.row.next.text
    with pytest.raises(SetupProblem), LocalState(blocked / "state").locked():
        pass


def test_two_setups_at_once_are_refused(memory):
    """The second one ends with setup_running, and nothing was changed."""
    local = LocalState(memory / "state")
    with local.locked():
        with pytest.raises(SetupProblem) as caught, LocalState(memory / "state").locked():
            pass
        assert caught.value.code is SetupCode.SETUP_RUNNING
    with LocalState(memory / "state").locked():
        pass


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"version":2,"run":"run_1","base_url":"http://x"}', SetupCode.STATE_NEWER),
        (b'{"version":2,"runs":[]}', SetupCode.STATE_NEWER),
        (b"{", SetupCode.JOURNAL_BROKEN),
        (b'{"version":1}', SetupCode.JOURNAL_BROKEN),
    ],
)
def test_a_state_of_a_newer_release_is_refused(memory, content, code):
    """It is not read as if it were ours, and stays as it is."""
    local = LocalState(memory)
    (memory / "state.json").write_bytes(content)
    with pytest.raises(SetupProblem) as caught:
        local.pointer()
    assert caught.value.code is code
    assert (memory / "state.json").read_bytes() == content


def test_what_is_kept_is_for_its_owner_alone(stage):
    """Journal, state, session, keys and receipts: mode 0600; and no other file is left."""
    stage.walk()
    stage.local.save_session("http://x", "gns_x")
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in stage.folder.rglob("*") if path.is_file()}
    assert {name for name, mode in found.items() if mode != 0o600} == set()
    assert {"journal.jsonl", "state.json", "session", "api.key", "receipt.json"} <= set(found)
    assert stage.local.session("http://other") is None


def test_a_journal_holds_no_secret_and_no_path_of_a_home(stage):
    """Codes, sessions, keys, the address, folders: none of them is in the journal or the report."""
    stage.walk()
    raw = stage.local.journal_file(RUN).read_text()
    report = repr(report_of(stage.lines))
    for secret in (*stage.gateway.secrets, QUICK.address, str(stage.folder)):
        assert secret not in raw
        assert secret not in report
        assert secret not in stage.said.getvalue() or secret == str(stage.folder)


def test_replay_finds_a_move_that_the_machine_does_not_have(stage):
    """Each state follows from the one before."""
    stage.walk()
    assert list(faults(stage.lines)) == []
    assert "started --probe_ok--> service_ok" in list(states(stage.lines))
    moves = [line for line in stage.lines if line.event is not None]
    assert list(faults(moves[:1] + moves[2:]))
    assert list(faults([moves[0], msgspec.structs.replace(moves[1], next="completed")]))


def test_the_last_run_and_its_gateway_are_remembered(memory):
    """A new run with the same gateway keeps the address and the key files; another gateway does not get the address."""
    local = LocalState(memory)
    local.begin("run_1", "http://a")
    local.save_address("ada@example.org")
    local.save_key(memory / "k", "gng_agent_x", "http://a")
    local.begin("run_2", "http://a")
    assert local.pointer() == Pointer(1, "run_2", "http://a", "ada@example.org", {str(memory / "k"): "http://a"})
    local.begin("run_3", "http://b")
    assert local.address("http://b") is None


def test_line_bytes_are_canonical(stage):
    """What is hashed is what is written."""
    stage.walk()
    raw = stage.local.journal_file(RUN).read_bytes()
    assert raw == b"".join(line_bytes(line) + b"\n" for line in stage.lines)


def test_a_link_next_to_a_private_file_is_not_written_through(tmp_path):
    """Somebody has put a link, or a file that all may read, where the new content is written first: the user alone gets it."""
    for name, plant in (
        ("linked", lambda path: path.symlink_to(tmp_path / "theirs")),
        ("open", lambda path: path.write_bytes(b"old")),
    ):
        plant(tmp_path / f"{name}.new")
        write_private(tmp_path / name, b"gns_secret")
        assert (tmp_path / name).read_bytes() == b"gns_secret"
        assert stat.S_IMODE((tmp_path / name).lstat().st_mode) == 0o600
        assert not (tmp_path / name).is_symlink()
    assert not (tmp_path / "theirs").exists()


def test_a_state_that_is_nested_too_deeply_is_broken(tmp_path):
    """journal_broken, for the journal and for the pointer to it; a session like that is none."""
    nested = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    for name in (NAME, "state.json", "session"):
        (tmp_path / name).write_bytes(nested + b"\n")
    local = LocalState(tmp_path)
    for read in (lambda: read_journal(tmp_path / NAME), local.pointer):
        with pytest.raises(SetupProblem) as told:
            read()
        assert told.value.code is SetupCode.JOURNAL_BROKEN
    assert local.session("http://x") is None
