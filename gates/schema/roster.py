"""Who is called? A Roster names people, what they are on duty for at which hours, and in which order they are called."""

import datetime as dt
from pathlib import Path

import msgspec

from gates.schema.documents import load_document
from gates.schema.errors import UsageProblem
from gates.schema.folder import documents_in
from gates.schema.roster_checks import roster_faults
from gates.schema.roster_week import ALL_DAYS, Day, Span, spans
from gates.schema.severity import Duty, Severity, calling
from gates.schema.time import format_utc, parse_utc
from gates.schema.zone import load_zone

KIND = "Roster"
NEXT = "give one Roster file with --roster; `gonogo roster check --roster FILE` names its faults"


class OnCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person who can be called: the name that is shown, and the http(s) address of a webhook that reaches this person.

    `page` is best a variable of the environment, `${NAME}`: such an address often is a secret.
    """

    name: str
    page: str


class Shift(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"begin": "from"}):
    """The people on duty at these hours, in the order in which they are called.

    It begins at `from` on each of `days`, in the roster's zone; with an `until` at or before `from` it ends on the next day.
    """

    chain: tuple[str, ...]
    days: tuple[Day, ...] = ALL_DAYS
    begin: str = "00:00"
    until: str = "24:00"

    @property
    def spans(self) -> tuple[Span, ...]:
        """Its minutes of the week."""
        return spans(self.days, self.begin, self.until)


class Roster(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """People by id, and for each duty the shifts of a week.

    Every duty but support has somebody at every hour, and never two shifts at once.

    `zone` is the IANA time zone of the wall times. `watchdog` is the http(s) address that the monitoring calls each minute, or
    `${NAME}`. From `expires` (RFC 3339) on nobody is called by this roster; "" for one that does not expire.
    """

    zone: str
    people: dict[str, OnCall]
    duties: dict[Duty, tuple[Shift, ...]]
    watchdog: str
    expires: str = ""


class Call(msgspec.Struct, frozen=True):
    """One person to call, and for which duty."""

    duty: Duty
    person: str


def load_roster(path: Path) -> Roster:
    """The roster in a file, or in a folder that holds exactly one.

    Raises UsageProblem naming the file and every fault: unknown people, hours without anybody, two shifts at one time; and for a
    folder with no roster or with two.
    """
    if path.is_dir():
        path = _only(path)
    roster = load_document(path, KIND, Roster).spec
    found = list(roster_faults(roster))
    if found:
        raise UsageProblem(
            "\n".join(f"{path}: {text}" for text in found), next_step=f"correct it, then: gonogo roster check --roster {path}"
        )
    return roster


def _only(folder: Path) -> Path:
    files = documents_in(folder, "roster")
    if not files:
        raise UsageProblem(f"{folder}: holds no roster (*.yaml)", next_step=NEXT)
    if len(files) > 1:
        names = ", ".join(item.name for item in files)
        raise UsageProblem(f"{folder}: holds {len(files)} rosters, and only one can say who is called: {names}", next_step=NEXT)
    return files[0]


def on_duty(roster: Roster, duty: Duty, at: dt.datetime) -> tuple[str, ...]:
    """The people on this duty at a moment, in the order in which they are called; none outside of support's hours.

    Raises UsageProblem for a roster that has expired by then.
    """
    require_current(roster, at)
    local = at.astimezone(load_zone(roster.zone))
    minute = local.weekday() * 24 * 60 + local.hour * 60 + local.minute
    shifts = roster.duties.get(duty, ())
    return next((shift.chain for shift in shifts if any(span.begin <= minute < span.end for span in shift.spans)), ())


def to_call(roster: Roster, severity: Severity, at: dt.datetime, waited_s: float = 0.0) -> tuple[Call, ...]:
    """Everybody who has to be called by now, `waited_s` after a page that nobody acknowledged.

    The first of each duty's chain is called at once; the next one each time that the time to acknowledge has passed, twice; then
    all. Somebody who has several duties is called once, for the first. Raises UsageProblem for a roster that has expired by then.
    """
    row = calling(severity)
    rounds = int(waited_s // row.acknowledge_s)
    every_duty = rounds > 2
    begun = [*((0, duty) for duty in row.at_once), *row.later]
    calls: dict[str, Call] = {}
    for after_s, duty in begun:
        if waited_s < after_s and not every_duty:
            continue
        chain = on_duty(roster, duty, at)
        count = len(chain) if every_duty else 1 + int((waited_s - after_s) // row.acknowledge_s)
        for person in chain[:count]:
            calls.setdefault(person, Call(duty, person))
    return tuple(calls.values())


def require_current(roster: Roster, at: dt.datetime) -> None:
    """Raise UsageProblem for a roster that has expired at this moment."""
    if roster.expires and at >= parse_utc(roster.expires):
        what = f"the roster expired at {roster.expires}: it does not say who is called at {format_utc(at)}"
        raise UsageProblem(what, next_step="write the roster of the weeks that follow, with a later spec.expires")


def require_person(roster: Roster, person: str) -> str:
    """The id of a person of the roster; raises UsageProblem naming those it has."""
    if person not in roster.people:
        raise UsageProblem(f"the roster has nobody with the id {person!r}", next_step=f"use one of {', '.join(roster.people)}")
    return person
