"""What has the reader to know of a scorecard's log? That it was restored, its clock went back, or statements were added. Pure."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from gates.evidence.contents import Contents, Held
from gates.evidence.set_back import SetBack, set_back
from gates.log.entry import parse_head
from gates.log.notes import RestoredNote
from gates.page.words import moment, short
from gates.relevant import later_text

SHOWN = 3


class Restored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the log was rebuilt, up to which head, and how many envelopes beyond it were listed again.

    `known` is the head that had been known of it, `missing` how many entries could not be brought back, and `lost` the objects of
    those of which that much is known. Without a `head` the log began again where another one had been.
    """

    at: str
    head: str
    listed_again: int
    known: str
    missing: int
    lost: tuple[str, ...]


class LogNotes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened to the log since the last official scorecard, as far as it shows.

    `left_out` are statements of later than the moment that was chosen with --now: nothing was judged by them. `added` are
    statements that no run of this log left: whoever measured them chose what to add.
    """

    restored: tuple[Restored, ...] = ()
    set_back: tuple[SetBack, ...] = ()
    left_out: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def log_notes(contents: Contents, since_seq: int = 1) -> LogNotes:
    """What the log shows, from an entry on."""
    lines = [line for line in contents.lines if line.entry.seq >= since_seq]
    restored = tuple(map(_restored, contents.restored(since_seq)))
    return LogNotes(restored, set_back(lines), added=contents.added(since_seq))


def redated(evidence: Iterable[Held], notes: LogNotes) -> Iterator[Held]:
    """The evidence, each with the moment before which it was not listed, and marked where it is left out."""
    late = {item.object: item.after for item in notes.set_back}
    for item in evidence:
        yield msgspec.structs.replace(item, not_before=late.get(item.digest, ""), left_out=item.digest in notes.left_out)


def note_lines(notes: LogNotes) -> Iterator[str]:
    """The same in sentences."""
    yield from map(_sentence, notes.restored)
    if notes.set_back:
        first, count = notes.set_back[0], len(notes.set_back)
        entries = f"{count} {'entry stands' if count == 1 else 'entries stand'}"
        what = f"{entries} after one of {moment(first.after)}, the first is entry {first.seq} of {moment(first.at)}"
        yield f"The log's clock went backwards: {what}. Failing runs among them count for the weeks of both."
    if notes.added:
        what = "1 statement was" if len(notes.added) == 1 else f"{len(notes.added)} statements were"
        names = _names(notes.added)
        yield f"{what} added, not measured under this log ({names}): what failed elsewhere and was not added is not known here."
    if notes.left_out:
        yield f"{later_text(notes.left_out)}."


def _restored(note: RestoredNote) -> Restored:
    return Restored(note.at, note.head, len(note.listed_again), note.known, note.missing, note.lost)


def _names(digests: Sequence[str]) -> str:
    return ", ".join(map(short, digests[:SHOWN])) + (" and others" if len(digests) > SHOWN else "")


def _sentence(item: Restored) -> str:
    if not item.head:
        return f"The log began again on {moment(item.at)}: one of {item.missing} entries, which had been in its place, is gone."
    text = f"The log was restored on {moment(item.at)}, up to entry {parse_head(item.head).seq}"
    if item.listed_again:
        text += f"; {item.listed_again} envelopes beyond it were listed again"
    if not item.missing:
        return f"{text}."
    names = _names(item.lost)
    entries = "1 entry" if item.missing == 1 else f"{item.missing} entries"
    return f"{text}; {entries} could not be brought back{f' ({names})' if names else ''}: failing runs may be among them."
