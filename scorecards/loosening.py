"""Was a criterion that alone stops a launch loosened, and did two people sign that? Pure.

An unsigned loosening is carried from scorecard to scorecard until two people sign it or it is undone: waiting does not make it
the bar. A signed one is shown for eight weeks.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.gate import Criterion, Gate
from gates.schema.time import parse_utc
from gates.schema.verdict import GateVerdict
from scorecards.bar import Required, criterion_bar, required
from scorecards.bar_changes import compare_criterion, compare_standing, describe
from scorecards.weekly import BarEffect, PastWeek
from scorecards.weeks import plus

SHOWN_WEEKS = 8
SIGNERS_NEEDED = 2
_LOOSER = (BarEffect.LOOSENED, BarEffect.REMOVED, BarEffect.CHANGED)
_Key = tuple[str, str]
_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


class Loosening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signed act: these persons allow one change of a criterion, by its sha256 (`change_sha256`)."""

    gate: str
    criterion: str
    change: str
    persons: tuple[str, ...]
    at: str


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A criterion as a gate holds it; `gate` is the gate without its other criteria."""

    gate: Required
    criterion: Criterion


class Loosened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An automatic NO GO that was loosened: since which week, what in words, and who signed it ("" of persons: nobody yet).

    `before` is what it required; `from_bar` and `to_bar` are the sha256 of what it required and requires, and what an act names.
    `to_bar` is "" where the criterion is gone.
    """

    week: str
    gate: str
    criterion: str
    change: str
    before: Stop
    from_bar: str
    to_bar: str
    persons: tuple[str, ...]


def change_sha256(line: "Loosened") -> str:
    """What people sign: this criterion requires `to_bar` in place of `from_bar`."""
    return sha256_hex(f"{line.from_bar}:{line.to_bar}".encode())


def loosen_command(line: "Loosened") -> str:
    """The command with which two people sign a loosening."""
    return f"gonogo gate loosen {line.gate}/{line.criterion} --change {change_sha256(line)} --reason WHY --as PERSON --as PERSON"


def find_loosened(
    carried: Sequence[Loosened],
    before: Sequence[GateVerdict],
    now: Sequence[Gate],
    acts: Sequence[Loosening],
    week: str,
    history: Sequence[PastWeek],
) -> tuple[Loosened, ...]:
    """What the scorecard of `week` has to show: signed loosenings of the last eight weeks, and each one that is not signed.

    `carried` and `before` are the lines and the gates of the last official scorecard, `history` the official ones of the weeks
    before. An act covers a change only if it was signed after the last official scorecard that had the strict bar: once undone,
    the same change needs new signatures.
    """
    there = {key: stop for gate in now for key, stop in _stops(required(gate))}
    unsigned_before = {(line.gate, line.criterion): line for line in carried if not line.persons}
    found = [line for line in carried if line.persons and plus(line.week, SHOWN_WEEKS) > week]
    for key, old, since in _held_to(before, unsigned_before, week):
        if changes := _loosening(old, there.get(key)):
            later = _signed_since(acts, history, since)
            found.append(_line(old, there.get(key), changes, later, since, week))
    return tuple(sorted(found, key=lambda line: (line.week, line.gate, line.criterion, line.from_bar)))


def unsigned(lines: Sequence[Loosened]) -> tuple[Loosened, ...]:
    """Those that nobody has signed: each makes the scorecard a NO GO."""
    return tuple(line for line in lines if not line.persons)


def why_blocked(lines: Sequence[Loosened]) -> tuple[str, ...]:
    """A sentence without its full stop for each unsigned loosening."""
    return tuple(
        f"{line.gate} {line.criterion} alone stops a launch, and since {line.week} it is loosened ({line.change}) without the "
        f"signatures of {SIGNERS_NEEDED} people: undo it, or sign it with `gonogo gate loosen`"
        for line in unsigned(lines)
    )


def loosened_text(line: Loosened) -> str:
    """One line of the scorecard: what was loosened, since when, and who signed it."""
    signed = f"signed by {', '.join(line.persons)}" if line.persons else "NOT SIGNED by two people"
    return f"Automatic NO GO loosened since {line.week}: {line.gate} {line.criterion}: {line.change}; {signed}."


def _held_to(
    before: Sequence[GateVerdict], unsigned_before: Mapping[_Key, Loosened], week: str
) -> Iterator[tuple[_Key, Stop, str]]:
    """What each automatic NO GO is compared with, and since when: what it required before an unsigned loosening, or last week."""
    yield from ((key, line.before, line.week) for key, line in unsigned_before.items())
    for gate in before:
        for key, stop in _stops(required(gate)):
            if stop.criterion.automatic_no_go and key not in unsigned_before:
                yield key, stop, week


def _signed_since(acts: Sequence[Loosening], history: Sequence[PastWeek], since: str) -> tuple[Loosening, ...]:
    """The acts that were signed after the last official scorecard before the week `since`: it had the strict bar."""
    strict = max((parse_utc(past.evaluated_at) for past in history if past.week < since), default=_NEVER)
    return tuple(act for act in acts if parse_utc(act.at) > strict)


def _stops(gate: Required) -> Iterator[tuple[_Key, Stop]]:
    alone = msgspec.structs.replace(gate, criteria=())
    for criterion in gate.criteria:
        yield (gate.id, criterion.id), Stop(alone, criterion)


def _loosening(old: Stop, new: Stop | None) -> str:
    """The changes that loosen it or cannot be compared, in words; "" where there are none."""
    if new is None:
        return "removed"
    changes = (*compare_standing(old.gate.id, old.gate, new.gate), *compare_criterion(old.gate.id, old.criterion, new.criterion))
    return "; ".join(describe(change).partition(": ")[2] for change in changes if change.effect in _LOOSER)


def _line(old: Stop, new: Stop | None, change: str, acts: Sequence[Loosening], since: str, week: str) -> Loosened:
    from_bar, to_bar = _sha256(old), "" if new is None else _sha256(new)
    gate, criterion = old.gate.id, old.criterion.id
    line = Loosened(since, gate, criterion, change, old, from_bar, to_bar, ())
    persons = _signed_by(acts, (gate, criterion, change_sha256(line)))
    return msgspec.structs.replace(line, week=week, persons=persons) if persons else line


def _signed_by(acts: Sequence[Loosening], wanted: tuple[str, str, str]) -> tuple[str, ...]:
    """The persons of an act that names exactly this loosening; none where they are too few."""
    for act in acts:
        persons = sorted({person.strip().casefold(): person for person in act.persons if person.strip()}.items())
        if (act.gate, act.criterion, act.change) == wanted and len(persons) >= SIGNERS_NEEDED:
            return tuple(person for _, person in persons)
    return ()


def _sha256(stop: Stop) -> str:
    return sha256_hex(canonical_json(criterion_bar(stop.gate, stop.criterion)))
