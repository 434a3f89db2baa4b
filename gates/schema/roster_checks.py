"""What the types of a roster cannot say: unknown people, hours without anybody, two shifts at once, addresses that are none."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gates.schema.errors import UsageProblem
from gates.schema.roster_week import clock_minutes, gaps, in_words, overlaps
from gates.schema.severity import Duty, round_the_clock
from gates.schema.time import parse_utc
from gates.schema.zone import zone_fault

if TYPE_CHECKING:
    from gates.schema.roster import Roster, Shift

_PERSON = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_VARIABLE = re.compile(r"\$\{[A-Z][A-Z0-9_]*\}")


def roster_faults(roster: "Roster") -> Iterator[str]:
    """Every fault, each with its path."""
    if fault := zone_fault(roster.zone):
        yield f"$.spec.zone: {fault}"
    if roster.expires and not _is_moment(roster.expires):
        yield f"$.spec.expires: {roster.expires!r} is not a moment such as 2026-12-14T00:00:00Z"
    if fault := address_fault(roster.watchdog):
        yield f"$.spec.watchdog: {fault}"
    for person, entry in roster.people.items():
        yield from _person_faults(person, entry.name, entry.page)
    for duty in Duty:
        yield from _duty_faults(roster, duty)


def address_fault(text: str) -> str:
    """What is wrong with the address of a webhook; "" for a variable `${NAME}`, or an http or https URL without a password."""
    if _VARIABLE.fullmatch(text):
        return ""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return "is no URL"
    if parts.username is not None or parts.password is not None:
        return "has a user name or a password; write ${NAME}, and keep the address in that variable"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not text.isascii() or not text.isprintable():
        return "is neither an http or https URL nor a variable of the environment such as ${PAGE_URL}"
    return "contains a space" if " " in text else ""


def _person_faults(person: str, name: str, page: str) -> Iterator[str]:
    path = f"$.spec.people.{person}"
    if not _PERSON.fullmatch(person):
        yield f"{path}: an id has up to 64 lower-case letters, digits and . _ @ -, and begins with a letter or digit"
    if not name.strip():
        yield f"{path}.name: is empty"
    if fault := address_fault(page):
        yield f"{path}.page: {fault}"


def _duty_faults(roster: "Roster", duty: Duty) -> Iterator[str]:
    shifts = roster.duties.get(duty, ())
    path = f"$.spec.duties.{duty}"
    found = [text for number, shift in enumerate(shifts) for text in _shift_faults(roster, shift, f"{path}[{number}]")]
    yield from found
    if found:  # hours that cannot be read cannot be added up
        return
    covered = [span for shift in shifts for span in shift.spans]
    for span in overlaps(covered):
        yield f"{path}: two shifts at one time, {in_words(span)}"
    if duty in round_the_clock():
        for span in gaps(covered):
            yield f"{path}: nobody is on duty {in_words(span)}"


def _shift_faults(roster: "Roster", shift: "Shift", path: str) -> Iterator[str]:
    if not shift.chain:
        yield f"{path}.chain: is empty, so that nobody would be called"
    for number, person in enumerate(shift.chain):
        if person not in roster.people:
            known = ", ".join(roster.people) or "nobody"
            yield f"{path}.chain[{number}]: {person!r} is unknown; spec.people has {known}"
    if len(set(shift.chain)) < len(shift.chain):
        yield f"{path}.chain: names somebody twice"
    if not shift.days or len(set(shift.days)) < len(shift.days):
        yield f"{path}.days: is empty, or names a day twice"
    if clock_minutes(shift.begin) in (None, 24 * 60):
        yield f"{path}.from: {shift.begin!r} is not a time from 00:00 to 23:59"
    if clock_minutes(shift.until) is None:
        yield f"{path}.until: {shift.until!r} is not a time from 00:00 to 24:00"


def _is_moment(text: str) -> bool:
    try:
        parse_utc(text)
    except UsageProblem:
        return False
    return True
