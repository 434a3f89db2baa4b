"""Is this log whole? Every line in its place, signed by a trusted key, and with what is known of it in it. Pure."""

from collections.abc import Sequence
from enum import StrEnum

from gates.evidence.dsse import TrustRoot
from gates.log.entry import GENESIS, PAYLOAD_TYPE, Head, Line, payload, read_line
from gates.schema.errors import UnverifiedProblem

RESTORE = "`gonogo state restore REVIEW_FOLDER...` rebuilds the log from review folders"


class Damage(StrEnum):
    """What was done to a log."""

    UNREADABLE = "unreadable"
    UNKNOWN_KEY = "unknown key"
    REPLACED = "replaced"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    FORKED = "forked"
    LOST = "lost"
    UNLISTED = "unlisted"


class LogProblem(UnverifiedProblem):
    """A log that is not whole: `damage` is what was done to it, the text names the entry."""

    def __init__(self, damage: Damage, origin: str, text: str, *, next_step: str = RESTORE) -> None:
        super().__init__(f"{origin}: {damage.value}: {text}", next_step=next_step)
        self.damage = damage
        self._origin, self._text = origin, text

    def with_more(self, text: str) -> "LogProblem":
        """The same problem with a further line."""
        return LogProblem(self.damage, self._origin, f"{self._text}\n  {text}", next_step=self.next_step)


def read_lines(data: bytes, origin: str) -> tuple[Line, ...]:
    """The lines of a log, each by itself; raises LogProblem naming the first that is none."""
    found = []
    for number, text in enumerate(data.split(b"\n")[:-1], 1):
        try:
            found.append(read_line(text, f"line {number}"))
        except UnverifiedProblem as problem:
            raise LogProblem(Damage.UNREADABLE, origin, problem.message) from None
    return tuple(found)


def check_signatures(lines: Sequence[Line], trust: TrustRoot, origin: str) -> None:
    """Every line is signed by a trusted key; raises LogProblem naming the first that is not."""
    for number, line in enumerate(lines, 1):
        signature = line.entry.signature
        known = signature.keyid in trust.keyids
        try:
            trust.check(PAYLOAD_TYPE, payload(line.entry), (signature,))
        except UnverifiedProblem as problem:
            damage = Damage.REPLACED if known else Damage.UNKNOWN_KEY
            raise LogProblem(damage, origin, f"line {number}, entry {line.entry.seq}: {problem.message}") from None


def check_order(lines: Sequence[Line], origin: str, *, from_start: bool = True) -> None:
    """Every entry is in its place and names the line before it; raises LogProblem naming the first that does not.

    A log begins with entry 1; a part of one (`from_start` False) with any.
    """
    if not lines:
        return
    first = 1 if from_start else lines[0].entry.seq
    before = None
    for place, line in enumerate(lines):
        if line.entry.seq != first + place:
            raise _misplaced(lines, place, first + place, origin)
        if before is None:
            if first == 1 and line.entry.previous != GENESIS:
                raise LogProblem(Damage.REPLACED, origin, "entry 1 names a line before it")
        elif line.entry.previous != before.sha256:
            text = f"entry {before.entry.seq} is not the one that entry {line.entry.seq} follows"
            raise LogProblem(Damage.REPLACED, origin, text)
        before = line


def check_known(lines: Sequence[Line], known: Head, origin: str) -> None:
    """The log holds a head that is known from elsewhere; raises LogProblem for one that ends before it or forked from it."""
    last = lines[-1].entry.seq if lines else 0
    if known.seq > last:
        raise LogProblem(Damage.TRUNCATED, origin, f"it ends with entry {last}, before the known head {known.seq}")
    first = lines[0].entry.seq
    if known.seq >= first and lines[known.seq - first].sha256 != known.sha256:
        raise LogProblem(Damage.FORKED, origin, f"its entry {known.seq} is not the known one: the logs part at it or before")


def check_common(lines: Sequence[Line], other: Sequence[Line], origin: str, other_origin: str) -> None:
    """Two logs, or parts of one, are equal wherever both have an entry; raises LogProblem naming the first where they differ."""
    mine = {line.entry.seq: line for line in lines}
    for line in other:
        found = mine.get(line.entry.seq)
        if found is not None and found.sha256 != line.sha256:
            text = f"its entry {line.entry.seq} is not that of {other_origin}: two logs of one store"
            raise LogProblem(
                Damage.FORKED, origin, text, next_step="find out which of the two is genuine, and keep the other for review"
            )


def check_log(data: bytes, trust: TrustRoot, origin: str) -> tuple[Line, ...]:
    """The lines of a whole log, all checks done."""
    lines = read_lines(data, origin)
    check_signatures(lines, trust, origin)
    check_order(lines, origin)
    return lines


def _misplaced(lines: Sequence[Line], place: int, expected: int, origin: str) -> LogProblem:
    line, seq = lines[place], lines[place].entry.seq
    twin = next((item for item in lines[:place] if item.entry.seq == seq), None)
    if twin is not None and twin.sha256 != line.sha256 and twin.entry.previous == line.entry.previous:
        return LogProblem(Damage.FORKED, origin, f"line {place + 1}: a second entry {seq} follows the same line as the first one")
    if twin is not None:
        return LogProblem(Damage.INSERTED, origin, f"line {place + 1}: entry {seq} is in the log already")
    if any(item.entry.seq == expected for item in lines[place + 1 :]):
        return LogProblem(Damage.REORDERED, origin, f"line {place + 1}: entry {seq} stands before entry {expected}")
    if seq > expected:
        gone = f"entry {expected} is" if seq == expected + 1 else f"entries {expected} to {seq - 1} are"
        return LogProblem(Damage.REMOVED, origin, f"line {place + 1}: {gone} missing before entry {seq}")
    return LogProblem(Damage.INSERTED, origin, f"line {place + 1}: entry {seq} stands after entry {expected - 1}")
