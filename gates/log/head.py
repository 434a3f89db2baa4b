"""Where does the log of this state folder end, as far as this machine knows? Kept where the state folder does not reach.

A log that was cut together with the envelopes beyond the cut, and with the review folders that show them, looks whole by itself.
So each entry that is written is also kept as the head of the log, in the folder of private keys (`gates.signers.private`): one of
the user, outside the state folder. Whoever can only write to the state folder, which is copied, cached and shared, does not reach
it. Where that folder cannot be used the head is kept next to the evidence key.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from gates.log.chain import Damage, LogProblem
from gates.log.entry import Head, Line, head_of, parse_head
from gates.log.settle import Settled
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.durable import FULL, write_durably
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.output import show
from gates.schema.state import FILE as STATE_FILE
from gates.signers.private import keys_dir

FOLDER = "evidence"  # in a state folder; a store elsewhere keeps no head
INSIDE = "keys/evidence-log.head"
HINT = "`gonogo state restore REVIEW_FOLDER...` rebuilds the log from review folders, and keeps its head"


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The head of the log in `folder`, as `SEQ:SHA256`; "" while the log begins again in the place of another one.

    `lost` is the head of the log before it, which could not be brought back whole, until a note in the log says so.
    """

    folder: str
    head: str
    lost: str = ""


class HeadFile:
    """The kept head of one log. It is read and written with the lock of the log held.

    It belongs to the place of the state folder: a copy of the folder, or one on another machine, begins without a head, and a
    log that is put into the place of another is held against it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self) -> Path | None:
        """Where the head is kept, None where it is not."""
        return next(filter(Path.exists, self._places()), None) if self._is_kept() else None

    def read(self) -> Kept | None:
        """What is kept; None where nothing is, and for a store that is not a state folder's.

        Raises UnverifiedProblem for a file that cannot be read as written.
        """
        if not self._is_kept():
            return None
        found = [_read(place) for place in self._places() if place.exists()]
        return max(found, key=lambda kept: parse_head(kept.head).seq if kept.head else 0, default=None)

    def check(self, settled: Settled, origin: str) -> None:
        """The log holds the kept head; raises LogProblem for one that was cut before it, or that parted from it.

        Whether every line is in its place is another question, which `check_order` answers.
        A log that is ahead of it is one whose process ended between the line and the head. The one entry whose line is torn, and
        whose object counts, is not missing.
        """
        kept = self.read()
        if kept is None or not kept.head:
            return
        head, lines = parse_head(kept.head), settled.all_lines
        last = max((line.entry.seq for line in lines), default=0)
        if settled.adopt and head.seq == last + 1:
            return
        if head.seq > last:
            damage, text = Damage.TRUNCATED, f"it ends with entry {last}, before the known head {head.seq}"
        elif head.sha256 not in {line.sha256 for line in lines}:
            damage, text = Damage.FORKED, f"its entry {head.seq} is not the known one: the logs part at it or before"
        else:
            return
        raise LogProblem(damage, origin, text).with_more(f"its head is kept in {self.path()}")

    def begin(self) -> None:
        """A log is about to begin where another one may have been: what is kept of that one is remembered as lost."""
        if self._is_kept() and (lost := self.lost(())):
            self._write("", lost)

    def write(self, head: Head | None) -> None:
        """Keep the head of a log that holds the one before; the log itself was synced first."""
        if head is not None and self._is_kept():
            kept = self.read()
            self._write(str(head), "" if kept is None else kept.lost)

    def replace(self, lines: Sequence[Line]) -> None:
        """Keep the head of a log that took the place of another one; what that one had beyond it is remembered as lost."""
        head = head_of(tuple(lines))
        if head is None or not self._is_kept():
            return
        self._write(str(head), self.lost(lines))

    def lost(self, lines: Sequence[Line]) -> str:
        """The highest head that is known and not in these lines; "" if there is none. A file that cannot be read names none."""
        try:
            kept = self.read()
        except UnverifiedProblem:
            return ""
        known = [] if kept is None else [parse_head(text) for text in filter(None, (kept.head, kept.lost))]
        gone = [head for head in known if not _holds(lines, head)]
        return str(max(gone, key=lambda head: head.seq)) if gone else ""

    def unnoted(self) -> str:
        """The head of what was lost and is in no note yet; "" if nothing was."""
        kept = self.read()
        return "" if kept is None else kept.lost

    def noted(self) -> None:
        """The log says now what was lost."""
        kept = self.read()
        if kept is not None and kept.lost:
            self._write(kept.head, "")

    def _is_kept(self) -> bool:
        return self._folder.name == FOLDER and (self._folder.parent / STATE_FILE).exists()

    def _places(self) -> list[Path]:
        home = self._folder.parent
        name = f"evidence-log-{sha256_hex(str(home.resolve()).encode())[:16]}.head"
        try:
            return [keys_dir() / name, home / INSIDE]
        except UsageProblem:  # in a repository, or in the state folder: no place for it either
            return [home / INSIDE]

    def _write(self, head: str, lost: str) -> None:
        data = canonical_json(Kept(str(self._folder.parent.resolve()), head, lost)) + b"\n"
        places = self._places()
        for number, place in enumerate(places):
            try:
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_durably(place, data, mode=0o600)
            except OSError as error:
                if error.errno in FULL:
                    show(f"{place}: {error.strerror}: the head of the log is kept with the next entry", err=True)
                    return
                continue
            for other in places[number + 1 :]:
                other.unlink(missing_ok=True)
            return


def _holds(lines: Sequence[Line], head: Head) -> bool:
    return head.seq <= len(lines) and lines[head.seq - 1].sha256 == head.sha256


def _read(path: Path) -> Kept:
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Kept)
        for text in filter(None, (kept.head, kept.lost)):
            parse_head(text)
    except (OSError, ValueError, msgspec.MsgspecError, UsageProblem):
        raise UnverifiedProblem(f"{path}: does not hold the head of a log: it was changed", next_step=HINT) from None
    return kept
