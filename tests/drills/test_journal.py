"""The journal of a drill."""

import datetime as dt

import pytest

from drills.journal import End, Ending, Journal, Phase, RolledBack, Status, read_journal
from gates.schema.errors import UnverifiedProblem
from gates.schema.time import fixed_clock

NOON = fixed_clock(dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC))


@pytest.fixture
def path(tmp_path):
    """A journal of three lines."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, NOON, lambda: 1.5)
    journal.write(Phase.INJECT, "sigkill", Status.STARTED, step="kill-1", facts={"pid": 7})
    journal.write(Phase.INJECT, "sigkill", Status.SUCCEEDED, step="kill-1")
    journal.write(Phase.DONE, "end", Status.SUCCEEDED, ending=Ending(End.COMPLETED, False, RolledBack.VERIFIED))
    journal.close()
    return path


def test_a_line_is_on_disk_before_the_effect_that_it_announces(tmp_path):
    """Another reader sees the event as soon as write returns, with the journal still open."""
    journal = Journal(tmp_path / "j", NOON, lambda: 1.5)
    journal.write(Phase.INJECT, "sigkill", Status.STARTED)
    assert read_journal(tmp_path / "j").events[0].action == "sigkill"
    journal.close()


def test_what_was_written_is_read_back_with_its_ending(path):
    """Sequence, times, facts and the ending survive."""
    history = read_journal(path)
    assert [event.seq for event in history.events] == [1, 2, 3]
    assert history.events[0].facts == {"pid": 7}
    assert history.events[0].at == "2026-11-23T12:00:00.000Z"
    assert history.events[0].monotonic_ns == 1_500_000_000
    assert history.ending == Ending(End.COMPLETED, False, RolledBack.VERIFIED)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda lines: [lines[0].replace(b'"pid":7', b'"pid":8'), *lines[1:]],
        lambda lines: [lines[0], lines[2]],
        lambda lines: [lines[1], lines[0], lines[2]],
        lambda lines: [lines[0], lines[0], *lines[1:]],
        lambda lines: [b"{}", *lines[1:]],
    ],
    ids=["changed", "removed", "swapped", "doubled", "replaced"],
)
def test_a_journal_that_was_touched_does_not_verify(path, tamper):
    """The chain names the line."""
    path.write_bytes(b"".join(line + b"\n" for line in tamper(path.read_bytes().splitlines())))
    with pytest.raises(UnverifiedProblem, match=r"journal\.jsonl:\d"):
        read_journal(path)


@pytest.mark.parametrize("kept", [1, 20, 60])
def test_a_torn_last_line_is_told_and_the_rest_is_kept(path, kept):
    """A crash in the middle of a write costs that line alone."""
    data = path.read_bytes()
    cut = data.rindex(b"\n", 0, -1) + 1 + kept
    path.write_bytes(data[:cut])
    history = read_journal(path)
    assert len(history.events) == 2
    assert len(history.torn) == kept
    assert history.ending is None


def test_a_journal_goes_on_after_a_crash_without_breaking_its_chain(path):
    """Resuming cuts the torn line off and continues the numbers."""
    with path.open("ab") as file:
        file.write(b'{"seq":4,"prev')
    journal, history = Journal.resume(path, NOON, lambda: 2.5)
    journal.write(Phase.ROLLBACK, "recover", Status.STARTED, facts={"torn_bytes": len(history.torn)})
    journal.close()
    events = read_journal(path).events
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert events[-1].facts == {"torn_bytes": 14}


def test_an_empty_journal_has_no_events(tmp_path):
    """A drill that died before its first line leaves an empty history, not an error."""
    (tmp_path / "j").touch()
    assert read_journal(tmp_path / "j").events == ()
