"""What about the keys is in a drill's folder and its journal, and what follows from it."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from drills.journal import Event, Status
from drills.keys import files
from drills.keys.history import acknowledged
from drills.keys.judging import Case, Forgeries, Judged, judge
from drills.keys.published import read_key_set
from drills.keys.receipts import read_receipts
from drills.keys.verifying import Verified

CUT_OFF = "cut_off"
"""The action of the journal's line about the moment at which the old key was seen to be replaced."""

Verify = Callable[[Path, Path], tuple[Verified, ...]]
"""Runs `gonogo receipt verify` on receipts in a file with the keys in another."""


class CutOff(msgspec.Struct, frozen=True):
    """The old key, when it was seen to be replaced (monotonic), and whether it was revoked."""

    old: str
    at_ns: int
    revoked: bool


def cut_off_of(events: Iterable[Event]) -> CutOff | None:
    """The cut-off in the journal, None where no key was replaced."""
    found = [event.facts for event in events if event.action == CUT_OFF and event.status is Status.SUCCEEDED]
    return msgspec.convert(found[-1], CutOff) if found else None


def judge_folder(out: Path, history: Path, cut: CutOff, verify: Verify) -> Judged:
    """What the files about keys in a drill's folder show."""
    early, receipts, forged = (read_receipts(out / name) for name in (files.EARLY, files.RECEIPTS, files.FORGED))
    pinned, before, published = (
        read_key_set((out / name).read_bytes(), name) for name in (files.PINNED, files.PUBLISHED_BEFORE, files.PUBLISHED)
    )
    case = Case(
        old=cut.old,
        cut_ns=cut.at_ns,
        revoked=cut.revoked,
        pinned=pinned,
        published_before=before,
        published=published,
        acknowledged=acknowledged(history),
        early=early,
        receipts=receipts,
        found=verify(out / files.RECEIPTS, out / files.PUBLISHED) if receipts else (),
    )
    forgeries = None
    if forged:
        by_pinned, by_published = (verify(out / files.FORGED, out / name) for name in (files.PINNED, files.PUBLISHED))
        forgeries = Forgeries(forged, by_pinned, by_published)
    return judge(case, forgeries)
