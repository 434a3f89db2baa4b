"""Following a storm through its history."""

import msgspec
import pytest

from drills.storm import Follower, in_flight


def _line(process, kind, start_ns, end_ns=None, **more):
    line = {"process": process, "type": kind, "operation": "settle", "payment": process, "start_ns": start_ns, "end_ns": end_ns}
    return msgspec.json.encode({**line, "key": "k", "index": 0, **more}) + b"\n"


@pytest.fixture
def path(tmp_path):
    """Where the history will be."""
    return tmp_path / "history.jsonl"


def test_only_whole_lines_are_taken_and_the_rest_when_it_is_there(path):
    """A line that is being written is not misread."""
    follower = Follower(path)
    follower.poll()
    whole, cut = _line(1, "ok", 1, 2, status=200), _line(2, "ok", 3, 4, status=200)
    path.write_bytes(whole + cut[:30])
    follower.poll()
    assert follower.settled == {1}
    path.write_bytes(whole + cut)
    follower.poll()
    assert follower.settled == {1, 2}


def test_a_payment_settled_by_two_acknowledged_attempts_counts_once(path):
    """Duplicates and replays are the storm's business, not progress."""
    path.write_bytes(_line(1, "ok", 1, 2, payment=7) + _line(2, "ok", 1, 2, payment=7))
    follower = Follower(path)
    follower.poll()
    assert follower.settled == {7}


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        (_line(1, "ok", 1, 2, status=200), [False]),
        (_line(1, "fail", 1, 2, status=409), [False]),
        (_line(1, "info", 1, 2, status=500), [True]),
        (_line(1, "info", 1, 2, error="refused"), [True]),
        (_line(1, "info", 1, 2, error="timeout"), [True]),
        (_line(1, "info", 1, 2, error="abandoned"), []),
        (_line(1, "ok", 1, 2, status=200, phase="replay"), []),
        (_line(1, "invoke", 1), []),
    ],
    ids=["acknowledged", "refused by rule", "500", "connection refused", "timeout", "abandoned", "replay", "invoke"],
)
def test_what_counts_as_an_error_is_what_the_client_could_not_use(path, line, bad):
    """A reply that the client gave up on purpose says nothing about the service."""
    path.write_bytes(line)
    follower = Follower(path)
    follower.poll()
    assert [item.bad for item in follower.attempts] == bad


def test_attempts_under_way_are_counted_at_a_moment(path):
    """Begun before it, answered after it, or never."""
    path.write_bytes(
        _line(1, "invoke", 1_000_000_000)
        + _line(1, "ok", 1_000_000_000, 2_000_000_000)
        + _line(2, "invoke", 1_500_000_000)
        + _line(3, "invoke", 4_000_000_000)
        + _line(3, "info", 4_000_000_000, 5_000_000_000)
    )
    assert in_flight(path, [0.5, 1.6, 3.0, 4.5, 6.0]) == [0, 2, 1, 2, 1]
