"""The chain: whatever is done to a log is named, with the entry that it was done to."""

import msgspec
import pytest

from gates.log.chain import Damage, LogProblem, check_common, check_known, check_log, check_order
from gates.log.entry import EntryKind, Head, head_of, parse_head, read_line, sign_line
from gates.schema.errors import UnverifiedProblem, UsageProblem


def _bytes(lines):
    return b"".join(line.data + b"\n" for line in lines)


def _damage(data, trust):
    with pytest.raises(LogProblem) as caught:
        check_log(data, trust, "log.jsonl")
    return caught.value


def test_a_correct_log_has_a_head_that_names_all_of_it(chain, trust):
    """Read back it is what was signed, and its head names the last line by sha256."""
    lines = chain(5)
    assert check_log(_bytes(lines), trust, "log.jsonl") == tuple(lines)
    assert head_of(tuple(lines)) == Head(5, lines[-1].sha256)
    assert (check_log(b"", trust, "log.jsonl"), head_of(())) == ((), None)


def test_the_lines_are_canonical_json_that_others_can_verify(chain, trust):
    """Each is RFC 8785, and the signature covers the line without its own member."""
    from gates.schema.canonical import canonical_json

    (line,) = chain(1)
    members = msgspec.json.decode(line.data)
    assert canonical_json(members) == line.data
    del members["signature"]
    trust.check("application/vnd.gonogo.log-entry.v1+json", canonical_json(members), (line.entry.signature,))


@pytest.mark.parametrize(
    ("order", "damage", "text"),
    [
        ((0, 1, 3, 4), Damage.REMOVED, "line 3: entry 3 is missing before entry 4"),
        ((0, 3, 4), Damage.REMOVED, "line 2: entries 2 to 3 are missing before entry 4"),
        ((1, 2, 3), Damage.REMOVED, "line 1: entry 1 is missing before entry 2"),
        ((0, 1, 1, 2), Damage.INSERTED, "line 3: entry 2 is in the log already"),
        ((0, 1, 2, 1, 3), Damage.INSERTED, "line 4: entry 2 is in the log already"),
        ((0, 2, 1, 3), Damage.REORDERED, "line 2: entry 3 stands before entry 2"),
        ((4, 3, 2, 1, 0), Damage.REORDERED, "line 1: entry 5 stands before entry 1"),
    ],
)
def test_a_line_that_was_removed_inserted_or_moved_is_named(chain, trust, order, damage, text):
    """By somebody without the key, who can only use the lines that there are."""
    lines = chain(5)
    problem = _damage(_bytes(lines[index] for index in order), trust)
    assert (problem.damage, problem.exit_code) == (damage, 8)
    assert text in problem.message
    assert "gonogo state restore" in problem.next_step


def test_a_line_that_was_changed_is_named(chain, trust):
    """One digit of the object, in the canonical form: the signature does not hold."""
    lines = chain(4)
    data = _bytes(lines).replace(lines[2].entry.object.encode(), b"f" * 64)
    problem = _damage(data, trust)
    assert problem.damage is Damage.REPLACED
    assert "line 3, entry 3: the signature by" in problem.message


def test_a_line_replaced_by_somebody_with_the_key_does_not_fit_the_next(chain, trust, signer):
    """The line after it names the line that was there."""
    lines = chain(4)
    lines[1] = sign_line(signer, head=Head(1, lines[0].sha256), kind=EntryKind.STATEMENT, sha256="f" * 64, at=lines[1].entry.at)
    problem = _damage(_bytes(lines), trust)
    assert problem.damage is Damage.REPLACED
    assert "entry 2 is not the one that entry 3 follows" in problem.message


def test_a_second_entry_of_one_number_is_a_fork(chain, trust):
    """Both follow the same line and both are signed: two histories in one file."""
    mine, other = chain(4), chain(4, other=3)
    problem = _damage(_bytes([*mine[:3], other[2], mine[3]]), trust)
    assert problem.damage is Damage.FORKED
    assert "a second entry 3 follows the same line" in problem.message


def test_a_line_by_an_unknown_key_is_named(chain, trust, outsider):
    """However well it fits and verifies."""
    lines = chain(3)
    head = Head(3, lines[-1].sha256)
    problem = _damage(
        _bytes([*lines, sign_line(outsider, head=head, kind=EntryKind.CARD, sha256="f" * 64, at=lines[0].entry.at)]), trust
    )
    assert problem.damage is Damage.UNKNOWN_KEY
    assert f"line 4, entry 4: signed by {outsider.keyid}" in problem.message


def test_a_log_that_ends_before_a_known_head_was_truncated(chain):
    """It looks whole by itself; who wrote the head down finds out."""
    lines = chain(5)
    head = head_of(tuple(lines))
    check_known(lines, head, "log.jsonl")
    check_known(lines, Head(2, lines[1].sha256), "log.jsonl")
    for cut in (lines[:3], []):
        with pytest.raises(LogProblem, match=f"truncated: it ends with entry {len(cut)}, before the known head 5"):
            check_known(cut, head, "log.jsonl")


def test_a_log_with_another_entry_at_a_known_head_forked(chain):
    """Somebody with the key truncated it and went on: as long as before, and another."""
    lines = chain(5)
    with pytest.raises(LogProblem, match="forked: its entry 5 is not the known one"):
        check_known(chain(6, other=3), head_of(tuple(lines)), "log.jsonl")


def test_two_logs_that_fork_are_named_with_the_first_entry_that_differs(chain):
    """Parts of one log agree wherever they overlap."""
    mine, other = chain(6), chain(6, other=4)
    check_common(mine, mine[2:4], "mine", "theirs")
    with pytest.raises(LogProblem, match="mine: forked: its entry 4 is not that of theirs"):
        check_common(mine, other[2:], "mine", "theirs")


def test_a_part_of_a_log_is_checked_from_its_first_entry(chain):
    """As review folders carry it."""
    lines = chain(6)
    check_order(lines[2:], "part", from_start=False)
    with pytest.raises(LogProblem, match="removed"):
        check_order([lines[2], lines[4]], "part", from_start=False)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"{}",
        lambda _: b"",
        lambda data: data.replace(b'"seq":1', b'"seq":1.5'),
        lambda data: data.replace(b'"seq":1', b'"seq":1,"seq":2'),
        lambda data: data.replace(b'"seq":1', b'"seq": 1'),
        lambda data: data.replace(b'"kind":"statement"', b'"kind":"verdict"'),
        lambda data: data.replace(b'"object":"a1', b'"object":"../'),
        lambda data: data.replace(b"2026-11-23", b"2026-11-99"),
        lambda data: data + b"\xff",
    ],
)
def test_a_line_that_is_not_exactly_what_is_written_is_unreadable(chain, trust, change):
    """Another form, another member, a digest that is a path: named by its line."""
    (line,) = chain(1)
    changed = change(line.data)
    assert changed != line.data
    problem = _damage(changed + b"\n", trust)
    assert problem.damage is Damage.UNREADABLE
    assert "line 1: " in problem.message
    with pytest.raises(UnverifiedProblem):
        read_line(changed, "line 1")


@pytest.mark.parametrize(
    "text", ["", "12", "0:" + "a" * 64, "1:" + "A" * 64, "1:" + "a" * 63, f"1:{'a' * 64}\n", "-1:" + "a" * 64]
)
def test_what_is_no_head_is_refused(text):
    """With how to find one."""
    with pytest.raises(UsageProblem, match="neither the head of a log") as caught:
        parse_head(text)
    assert "evidence verify" in caught.value.next_step


def test_a_head_is_read_as_it_is_written():
    """For people who write it down."""
    head = Head(12, "a" * 64)
    assert parse_head(str(head)) == head
