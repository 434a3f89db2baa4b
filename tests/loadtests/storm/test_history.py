"""A history is written line by line and read back as it was, a torn last line left out."""

import msgspec
import pytest

from gates.schema.errors import UsageProblem
from loadtests.storm.history import Event, HistoryWriter, read_history

EVENT = Event(
    index=0,
    process=3,
    type="invoke",
    operation="settle",
    key="load-r-s1-p000001-settle",
    payment=1,
    attempt=1,
    amount="100",
    payment_id="pay_1",
    intended_ns=1,
    start_ns=2,
)
MEMBERS = {
    "index",
    "process",
    "type",
    "operation",
    "key",
    "payment",
    "attempt",
    "amount",
    "payment_id",
    "intended_ns",
    "start_ns",
    "end_ns",
    "status",
    "code",
    "body_sha256",
    "replayed",
    "error",
    "media",
    "differs",
    "phase",
}


def test_what_is_written_is_read_back_numbered_in_order(tmp_path):
    """Each line is handed over before the next; indices are the writer's."""
    path = tmp_path / "history.jsonl"
    with HistoryWriter(path) as writer:
        for kind in ("invoke", "ok"):
            writer.write(msgspec.structs.replace(EVENT, type=kind))
            assert len(path.read_bytes().splitlines()) == (1 if kind == "invoke" else 2)
    events = read_history(path)
    assert [(event.index, event.type) for event in events] == [(0, "invoke"), (1, "ok")]


def test_every_line_carries_every_member(tmp_path):
    """A reader in another language finds all members on each line, absent ones as null."""
    path = tmp_path / "history.jsonl"
    with HistoryWriter(path) as writer:
        writer.write(EVENT)
    assert set(msgspec.json.decode(path.read_bytes())) == MEMBERS


def test_a_torn_last_line_is_left_out(tmp_path):
    """A kill in the middle of a write costs that line, nothing else."""
    path = tmp_path / "history.jsonl"
    with HistoryWriter(path) as writer:
        writer.write(EVENT)
        writer.write(EVENT)
    path.write_bytes(path.read_bytes()[:-5])
    assert len(read_history(path)) == 1


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"index":0}\n', b'{"index":0,"surprise":1}\n', b"\n"])
def test_a_line_that_is_no_event_is_refused_by_its_number(tmp_path, line):
    """A changed history is not read as a shorter one."""
    path = tmp_path / "history.jsonl"
    with HistoryWriter(path) as writer:
        writer.write(EVENT)
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(UsageProblem, match="line 2: not an event"):
        read_history(path)


def test_an_absent_history_is_a_usage_problem(tmp_path):
    """The problem names the file that is not there."""
    with pytest.raises(UsageProblem, match="no such history"):
        read_history(tmp_path / "history.jsonl")


def test_numbers_go_on_where_the_file_ends(tmp_path):
    """The storm's process continues the history that the preflight began."""
    path = tmp_path / "history.jsonl"
    for _ in range(2):
        with HistoryWriter(path) as writer:
            writer.write(EVENT)
    assert [event.index for event in read_history(path)] == [0, 1]
