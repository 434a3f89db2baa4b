"""What can no run judge with this target file, and why? By measure and by drill, with the criteria of the shipped gates. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from gates.evidence.statement import EvidenceKind, Measure
from gates.schema.gate import Gate, label
from gates.schema.outcome import UnknownReason
from gates.schema.target import Target
from loadtests.probe.schema import Unjudged
from loadtests.storm.mix import refunding

_NO_BOOKS = (UnknownReason.MISSING, UnknownReason.ADAPTER_ERROR)


def unjudged(target: Target, measures: Mapping[str, Measure], gates: Iterable[Gate]) -> Iterator[Unjudged]:
    """Each reason once: what the load run's rules lack, then what the file does not offer to drills and probes of these gates."""
    known = list(gates)
    yield from _by_measure(measures, known)
    if "reverse" not in target.operations and refunding(target) is None:
        names = ("double_reversals", "lost_reversals")
        because = "no spec.operations.reverse, and no refund"
        yield Unjudged("reversals", because, _criteria(known, EvidenceKind.LOAD_RUN, names), names)
    if target.build is None:
        yield Unjudged("every gate", "no spec.build: no evidence can say which build it is about", ())
    for kinds, what, because in _lacking(target):
        criteria = tuple(name for kind in kinds for name in _criteria(known, kind))
        if criteria:
            yield Unjudged(what, because, criteria)


def _by_measure(measures: Mapping[str, Measure], gates: list[Gate]) -> Iterator[Unjudged]:
    reasons: dict[str, list[str]] = {}
    for name, measure in measures.items():
        if measure.unknown in _NO_BOOKS:
            reasons.setdefault(measure.detail, []).append(name)
    for because, names in reasons.items():
        what = f"{len(names)} measures of a load run" if len(names) > 1 else f"{names[0]} of a load run"
        yield Unjudged(what, because, _criteria(gates, EvidenceKind.LOAD_RUN, names), tuple(names))


def _lacking(target: Target) -> Iterator[tuple[tuple[EvidenceKind, ...], str, str]]:
    commands, audit = target.commands, target.audit
    if target.process is None and not (commands.kill and commands.restore):
        yield (EvidenceKind.CRASH_DRILL,), "crash drill", "no spec.process, and no spec.commands.kill and restore"
    if target.process is None:
        yield (EvidenceKind.POWER_DRILL,), "power-loss drill", "no spec.process that could run on a disk that loses power"
    if target.process is None and not (commands.deploy and commands.rollback):
        yield (EvidenceKind.ROLLBACK_DRILL,), "rollback drill", "no spec.process, and no spec.commands.deploy and rollback"
    if target.rail is None:
        yield (EvidenceKind.HOSTILE_RAIL,), "hostile rail", "no spec.rail that a test can script"
    if target.authorization is None:
        yield (EvidenceKind.AUTHORIZATION_SWEEP,), "authorization sweep", "no spec.authorization that says who may call what"
    if audit.receipts is None or audit.trust_file is None:
        kinds = (EvidenceKind.RECEIPT_VERIFICATION, EvidenceKind.POLICY_BINDING)
        yield kinds, "receipts", "no spec.audit.receipts, or no spec.audit.trust_file with the keys that you trust"


def _criteria(gates: Iterable[Gate], kind: EvidenceKind, measures: Collection[str] | None = None) -> tuple[str, ...]:
    """The criteria that need this kind of evidence, and one of these measures in it, as GATE.CRITERION."""
    return tuple(
        f"{label(gate.letter, gate.id)}.{criterion.id}"
        for gate in gates
        for criterion in gate.criteria
        if criterion.source.predicate_type == kind and (measures is None or criterion.source.measure in measures)
    )
