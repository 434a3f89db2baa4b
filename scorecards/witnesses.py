"""What exactly was found, or skipped? The first findings of each failing criterion, from the facts of its evidence. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec

from gates.evidence.store import Held
from gates.schema.canonical import Json
from gates.schema.outcome import Outcome
from gates.schema.register import RegisterState
from gates.schema.verdict import CriterionVerdict, GateVerdict
from gates.schema.witness import Attempt, Proof, Witness, book_lines
from scorecards.open_items import open_texts
from scorecards.schema import Finding

SHOWN = 5
_Kind = TypeVar("_Kind")


class _ProbeFinding(msgspec.Struct, frozen=True):
    """A finding as probes write it."""

    measure: str
    where: str
    expected: str
    found: str


class _ProbeSkipped(msgspec.Struct, frozen=True):
    """What a probe could not look at, as it writes it."""

    measure: str
    where: str
    why: str


class _Attempt(msgspec.Struct, frozen=True):
    operation: str
    attempt: int
    at_us: int
    took_us: int | None
    outcome: Literal["ok", "fail", "info", "open"]
    answer: str


class _CheckerFinding(msgspec.Struct, frozen=True):
    """A finding as the load run's checker writes it."""

    measure: str
    detail: str
    payment_id: str | None = None
    witness: tuple[Proof, ...] = ()
    attempts: tuple[_Attempt, ...] = ()
    booked: int = 0


class _CheckerFindings(msgspec.Struct, frozen=True):
    shown: tuple[_CheckerFinding, ...]


def findings(
    gates: Sequence[GateVerdict], evidence: Iterable[Held], registers: Sequence[RegisterState] = ()
) -> tuple[Finding, ...]:
    """At most five findings for each failing criterion, or open items of its register; evidence that names none adds none.

    For one that is unknown they are what its probe skipped.
    """
    facts = {held.digest: held.statement.predicate.facts for held in evidence}
    return tuple(finding for gate in gates for item in gate.criteria for finding in _of(gate, item, facts, registers))


def _of(
    gate: GateVerdict, item: CriterionVerdict, facts: Mapping[str, dict[str, Json]], registers: Sequence[RegisterState]
) -> Iterator[Finding]:
    if item.evidence is None or not (item.outcome is Outcome.FAIL or (item.outcome is Outcome.UNKNOWN and item.skipped)):
        return
    read = read_findings if item.outcome is Outcome.FAIL else _skipped
    found = list(read(facts.get(item.evidence, {}), item.criterion.source.measure))
    found += [(text, None) for text in open_texts(item.criterion, registers)]
    shown = found[:SHOWN]
    shortest = min((one[1] for one in shown if one[1]), key=_length, default=None)
    for text, witness in shown:
        yield Finding(gate.id, item.criterion.id, item.evidence, text, witness if witness is shortest else None)
    if len(found) > SHOWN:
        yield Finding(gate.id, item.criterion.id, item.evidence, f"and {len(found) - SHOWN} more in the evidence")


def _length(witness: Witness) -> int:
    return len(witness.attempts) + len(witness.books)


def read_findings(facts: Mapping[str, Json], measure: str) -> Iterator[tuple[str, Witness | None]]:
    """The findings about this measure, each with its witness, in whichever of the known shapes the evidence has them."""
    found = facts.get("findings")
    for probed in _as(found, tuple[_ProbeFinding, ...], ()):
        if probed.measure == measure:
            yield f"{probed.where}: expected {probed.expected}, found {probed.found}", None
    for checked in _as(found, _CheckerFindings, _CheckerFindings(())).shown:
        if checked.measure == measure:
            yield f"{checked.payment_id or 'no payment'}: {checked.detail}", _witness(checked)
    for text in _as(facts.get("deviations"), tuple[str, ...], ()):
        yield text, None


def _skipped(facts: Mapping[str, Json], measure: str) -> Iterator[tuple[str, Witness | None]]:
    """What was not looked at, for which the criterion is unknown."""
    for one in _as(facts.get("skipped"), tuple[_ProbeSkipped, ...], ()):
        if one.measure == measure:
            yield f"skipped: {one.where}: {one.why}", None


def _witness(found: _CheckerFinding) -> Witness | None:
    books = tuple(line for proof in found.witness for line in book_lines(proof))
    if found.booked > len(books) > 0:
        books = (*books, f"{len(books)} of {found.booked} lines are shown; the load run's check.json and its books have them all")
    if not books and not found.attempts:
        return None
    attempts = tuple(Attempt(**msgspec.structs.asdict(one)) for one in found.attempts)
    return Witness(found.payment_id or "no single payment", attempts, books)


def _as(value: Json, kind: type[_Kind], otherwise: _Kind) -> _Kind:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return otherwise
