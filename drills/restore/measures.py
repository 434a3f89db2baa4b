"""From the comparison of a restore to its measures, to what was lost, and to what the losses explain. Pure."""

from collections.abc import Iterable

import msgspec

from drills.record import Check, Finding
from drills.restore.compare import Comparison, Loss
from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason

_NS = 1_000_000_000
EXPLAINED = ("lost_settle", "lost_reserve", "lost_reverse", "replay_change", "double_reserve")
"""Findings of the load test's checker that the loss of a payment brings with it, when its clients come back with its keys."""

_TOTALS = ("conservation",)
"""Findings about totals, which every loss changes."""

COUNTED = {
    "charges_lost": "charges at the rail whose payouts the restore has lost, each named by the reconciliation",
    "charges_unaccounted": "charges at the rail that the reconciliation neither matched nor named",
    "second_charges": "second charges at the rail, once the lost payouts had been requested again under their old keys",
}
"""What the steps of a restore drill count, and what it is."""

_NAMES = {
    "losses_unexplained": "count",
    "restored_odd": "count",
    "restored_operations": "count",
    "rpo_s": "s",
    "rpo_settles": "count",
    "settles_at_risk": "count",
}


def restore_measures(found: Comparison | None, reason: UnknownReason) -> dict[str, Measure]:
    """The measures of a comparison; unknown for `reason` without one, and where nothing could have been lost."""
    if found is None:
        return {name: Measure(None, unit, unknown=reason) for name, unit in _NAMES.items()}
    at_risk, exposed = found.settles_at_risk, found.exposed
    ages = [loss.age_ns for loss in found.lost_settles]
    oldest = max(ages, default=0)
    measures = {
        "losses_unexplained": _count(len(found.unexplained), found.acknowledged, "acknowledged operations, compared one by one"),
        "restored_odd": _count(len(found.odd), found.entries, "restored entries that no request explains, or that are not whole"),
        "restored_operations": _count(found.acknowledged - len(found.losses), found.acknowledged, "acknowledged and restored"),
        "rpo_s": Measure(_seconds(oldest), "s", exposed, statistic="max", detail="the age of the oldest lost settle at the loss"),
        "rpo_settles": _count(len(ages), exposed, f"acknowledged settles that the restored ledger lacks; {_first(found)}"),
        "settles_at_risk": _count(at_risk, at_risk, "settles that were acknowledged and sent after the backup"),
    }
    if at_risk:
        return measures
    nothing = "no settle was acknowledged after the backup: nothing could be lost"
    for name in ("rpo_s", "rpo_settles", "settles_at_risk"):
        measures[name] = Measure(None, _NAMES[name], unknown=UnknownReason.TOO_FEW_SAMPLES, detail=nothing)
    return measures


def losses_in_words(found: Comparison | None) -> tuple[str, ...]:
    """What was lost, one line for each operation, the oldest first."""
    if found is None:
        return ()
    return tuple(loss_in_words(loss) for loss in sorted(found.losses, key=lambda item: item.acknowledged_ns))


def unexplained(check: Check, found: Comparison) -> Check:
    """The check without what the losses explain; each measure counts what is left."""
    lost = found.lost_payments
    left = tuple(item for item in check.findings if not is_explained(item.rule, item.payment_id, lost))
    gone = [item for item in check.findings if is_explained(item.rule, item.payment_id, lost)]
    return Check({name: _less(name, measure, gone) for name, measure in check.measures.items()}, left)


def is_explained(rule: str, payment_id: str | None, lost: frozenset[str]) -> bool:
    """Whether a finding of the checker follows from the loss of these payments."""
    return (rule in EXPLAINED and payment_id in lost) or (rule in _TOTALS and bool(lost))


def _less(name: str, measure: Measure, gone: Iterable[Finding]) -> Measure:
    count = sum(item.measure == name for item in gone)
    if not count or measure.value is None:
        return measure
    detail = f"{count} more follow from the losses of the restore, which losses_unexplained judges"
    return msgspec.structs.replace(measure, value=str(int(measure.value) - count), detail=detail)


def _count(value: int, samples: int, detail: str) -> Measure:
    if not samples:
        return Measure(None, "count", unknown=UnknownReason.TOO_FEW_SAMPLES, detail=detail)
    return Measure(str(value), "count", samples=samples, detail=detail)


def _first(found: Comparison) -> str:
    lost = sorted(found.lost_settles, key=lambda item: item.acknowledged_ns)
    return f"the oldest: {lost[0].payment_id}" if lost else "none"


def loss_in_words(loss: Loss) -> str:
    """One lost operation, and whether the objective covers it."""
    text = f"{loss.operation} of {loss.payment_id}: acknowledged {_seconds(loss.age_ns)} s before the loss, not restored"
    return f"{text}: UNEXPLAINED, {loss.unexplained}" if loss.unexplained else f"{text}; inside of the objective"


def _seconds(span_ns: int) -> str:
    return f"{span_ns // _NS}.{span_ns % _NS // 1_000_000:03d}"
