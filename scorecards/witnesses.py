"""What exactly was found? The first findings of each failing criterion, from the facts of its evidence. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from gates.evidence.store import Held
from gates.schema.canonical import Json
from gates.schema.outcome import Outcome
from gates.schema.verdict import CriterionVerdict, GateVerdict
from scorecards.schema import Finding

SHOWN = 5
_Kind = TypeVar("_Kind")


class _ProbeFinding(msgspec.Struct, frozen=True):
    """A finding as probes write it."""

    measure: str
    where: str
    expected: str
    found: str


class _CheckerFinding(msgspec.Struct, frozen=True):
    """A finding as the load run's checker writes it."""

    measure: str
    detail: str
    payment_id: str | None = None


class _CheckerFindings(msgspec.Struct, frozen=True):
    shown: tuple[_CheckerFinding, ...]


def findings(gates: Sequence[GateVerdict], evidence: Iterable[Held]) -> tuple[Finding, ...]:
    """At most five findings for each failing criterion; evidence that names none adds none."""
    facts = {held.digest: held.statement.predicate.facts for held in evidence}
    return tuple(finding for gate in gates for item in gate.criteria for finding in _of(gate, item, facts))


def _of(gate: GateVerdict, item: CriterionVerdict, facts: Mapping[str, dict[str, Json]]) -> Iterator[Finding]:
    if item.outcome is not Outcome.FAIL or item.evidence is None:
        return
    found = list(_read(facts.get(item.evidence, {}), item.criterion.source.measure))
    for text in found[:SHOWN]:
        yield Finding(gate.id, item.criterion.id, item.evidence, text)
    if len(found) > SHOWN:
        yield Finding(gate.id, item.criterion.id, item.evidence, f"and {len(found) - SHOWN} more in the evidence")


def _read(facts: Mapping[str, Json], measure: str) -> Iterator[str]:
    """The findings about this measure, in whichever of the known shapes the evidence has them."""
    found = facts.get("findings")
    for probed in _as(found, tuple[_ProbeFinding, ...], ()):
        if probed.measure == measure:
            yield f"{probed.where}: expected {probed.expected}, found {probed.found}"
    for checked in _as(found, _CheckerFindings, _CheckerFindings(())).shown:
        if checked.measure == measure:
            yield f"{checked.payment_id or 'no payment'}: {checked.detail}"
    yield from _as(facts.get("deviations"), tuple[str, ...], ())


def _as(value: Json, kind: type[_Kind], otherwise: _Kind) -> _Kind:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return otherwise
