"""Which runs left no statement? Whoever ends a run before it can be judged does not make it disappear. Pure."""

import datetime as dt

import msgspec

from gates.evidence.contents import Contents
from gates.evidence.set_back import set_back
from gates.schema.time import parse_utc


class UnfinishedRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run that began and left no statement: what ran on which target, when it began, and the sha256 of its note.

    `step` is the kind of statement that it would have left; `profile` is "" for what has none.
    """

    step: str
    target: str
    profile: str
    seed: int
    begun_at: str
    run: str


def unfinished(contents: Contents, since: dt.datetime | None = None) -> tuple[UnfinishedRun, ...]:
    """The runs that began at `since` or later by the clock, if given, and left no statement; in the log's order.

    Where the clock had gone backwards, it is the latest moment that the log shows before the run.
    """
    late = {item.object: parse_utc(item.after) for item in set_back(contents.lines)} if since else {}
    return tuple(
        UnfinishedRun(run.note.step, run.note.target, run.note.profile, run.note.seed, run.note.at, run.entry.object)
        for run in contents.runs()
        if not run.statement and (since is None or late.get(run.entry.object, parse_utc(run.note.at)) >= since)
    )
