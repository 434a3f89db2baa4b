"""An interrupted write: what is left is completed, reported or refused, and nothing that was signed is dropped."""

import pytest

from gates.log.chain import Damage, LogProblem
from gates.log.entry import EntryKind
from gates.log.settle import settle


def _bytes(lines):
    return b"".join(line.data + b"\n" for line in lines)


def _objects(lines):
    return {line.entry.object for line in lines}


def test_a_whole_log_is_left_as_it_is(chain):
    """Also one whose pending line is its last one: only its removal was interrupted."""
    lines = chain(3)
    for pending in (None, lines[-1].data + b"\n"):
        settled = settle(_bytes(lines), pending, _objects(lines), "log")
        assert (settled.lines, settled.complete, settled.adopt, settled.torn, settled.notice) == (
            tuple(lines),
            None,
            "",
            False,
            "",
        )


@pytest.mark.parametrize("written", [0, 1, 60, 300])
def test_a_crash_after_the_object_is_completed_with_the_line_that_was_signed_for_it(chain, written):
    """However much of the line had been written."""
    lines = chain(3)
    data = _bytes(lines[:2]) + lines[2].data[:written]
    settled = settle(data, lines[2].data + b"\n", _objects(lines), "log")
    assert settled.all_lines == tuple(lines)
    assert settled.torn is (written > 0)
    assert "entry 3 (statement a30000000000) was interrupted: its line is completed" in settled.notice


def test_a_crash_before_the_object_leaves_nothing_and_is_reported(chain):
    """The statement never came to be: the step has to run again."""
    lines = chain(3)
    settled = settle(_bytes(lines[:2]), lines[2].data + b"\n", _objects(lines[:2]), "log")
    assert settled.all_lines == tuple(lines[:2])
    assert "was interrupted before it was stored: run that step again" in settled.notice


def test_the_object_of_a_line_that_was_begun_cannot_be_missing(chain):
    """The line is written after the object, so somebody removed it."""
    lines = chain(3)
    with pytest.raises(LogProblem, match=r"the object a3.* of the interrupted entry 3 is missing") as caught:
        settle(_bytes(lines[:2]) + lines[2].data[:9], lines[2].data + b"\n", _objects(lines[:2]), "log")
    assert caught.value.damage is Damage.REMOVED


def test_a_pending_line_that_does_not_follow_shows_a_truncated_log(chain):
    """The log was cut, or replaced, while an entry was being written."""
    lines = chain(4)
    with pytest.raises(LogProblem, match=r"ends with entry 2, and log\.pending holds entry 4 of another log") as caught:
        settle(_bytes(lines[:2]), lines[3].data + b"\n", _objects(lines), "log")
    assert caught.value.damage is Damage.TRUNCATED
    with pytest.raises(LogProblem, match=r"log\.pending: not an entry"):
        settle(_bytes(lines[:2]), b"{", _objects(lines), "log")


def test_a_last_line_without_its_line_end_is_completed(chain):
    """An editor, or a copy, removed it."""
    lines = chain(3)
    settled = settle(_bytes(lines)[:-1], None, _objects(lines), "log")
    assert (settled.all_lines, settled.torn) == (tuple(lines), True)


@pytest.mark.parametrize("left", [5, 60, 100, 200, 300])
def test_a_torn_last_line_lists_its_object_again(chain, left):
    """The one object that no line lists is the one that it listed: cutting a line hides no statement."""
    lines = chain(3)
    settled = settle(_bytes(lines[:2]) + lines[2].data[:left], None, _objects(lines), "log")
    assert (settled.lines, settled.adopt, settled.torn) == (tuple(lines[:2]), lines[2].entry.object, True)
    assert settled.adopt_kind is (EntryKind.STATEMENT if left >= 60 else None)


def test_a_torn_line_whose_object_is_gone_is_a_gap(chain):
    """As far as the rest of the line shows what it listed."""
    lines = chain(3)
    with pytest.raises(LogProblem, match=r"the torn last line lists the object a3.*, which is missing"):
        settle(_bytes(lines[:2]) + lines[2].data[:-30], None, _objects(lines[:2]), "log")
    settled = settle(_bytes(lines[:2]) + lines[2].data[:9], None, _objects(lines[:2]), "log")
    assert (settled.all_lines, settled.torn) == (tuple(lines[:2]), True)


def test_a_torn_line_among_several_unlisted_objects_adopts_none(chain):
    """One interrupted write leaves one object; more are another matter, which the store refuses."""
    lines = chain(4)
    settled = settle(_bytes(lines[:2]) + lines[2].data[:9], None, _objects(lines), "log")
    assert (settled.adopt, settled.torn) == ("", True)
