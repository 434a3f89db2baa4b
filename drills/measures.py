"""From the record of a run to the measures that gates read: pure, and unknown wherever nothing was measured."""

from collections.abc import Iterable

from drills.objectives import NONE, Lives, objectives, until_cleared
from drills.observations import measures_of_counts
from drills.record import Check, Record
from drills.restore.measures import COUNTED as RESTORED
from gates.evidence.statement import EvidenceKind, Measure
from gates.schema.outcome import UnknownReason

CRASH_CHECKS = (
    "double_settles",
    "lost_settles",
    "stuck_credits",
    "receipt_mismatches",
    "replay_changes",
    "balance_mismatches",
    "unknown_outcome_violations",
    "unexplained_entries",
)
ROLLBACK_CHECKS = ("double_settles", "lost_settles", "balance_mismatches", "unexplained_entries")
RAIL_CHECKS = ("extra_charges", "missing_charges", "wrong_outcomes", "unresolved", "rail_book_mismatches")
_OF_KEYS = {
    "receipts_by_old_key": "receipts of the storm that the old key signed",
    "receipts_by_new_key": "receipts of the storm that another key signed",
    "signed_late": "receipts by the old key, of operations first sent after the new key was published",
    "without_receipt": "acknowledged reserves and settles that have no receipt",
    "unverified_receipts": "receipts that do not verify with the keys published at the end",
    "continuity_faults": "keys that were published or pinned before, and are gone or have another past",
    "receipts_changed": "receipts from before that the service no longer returns with the same bytes",
}
_KEYS_BACK = {
    EvidenceKind.KEY_ROTATION_DRILL: "from the rotation to another key published",
    EvidenceKind.KEY_COMPROMISE_DRILL: "from the theft to a new key published and the old one revoked",
}
"""Clients feel nothing of these: what has to come back is a key that verifiers can trust."""

COUNTED: dict[EvidenceKind, dict[str, str]] = {
    EvidenceKind.DISK_FULL_DRILL: {
        "refused_writes": "writes that the disk refused for lack of room",
        "refusals": "attempts that the service answered with an error while the disk was full",
        "failed_reads": "reads that failed while the disk was full",
        "acknowledgements": "attempts that were acknowledged once there was room again",
    },
    EvidenceKind.FSYNC_ERROR_DRILL: {
        "failed_syncs": "syncs that failed with EIO",
        "failures": "attempts without an acknowledgement while syncs failed",
        "acknowledgements": "attempts that were acknowledged after the restart, before the power was cut",
    },
    EvidenceKind.PAUSE_DRILL: {
        "refused_reserves": "reserves that were refused before the pause counted as seen",
        "settled_while_paused": "settles of holds that were open at the pause",
    },
    EvidenceKind.KEY_ROTATION_DRILL: {
        **_OF_KEYS,
        "old_receipts_refused": "receipts from before the rotation that no longer verify",
    },
    EvidenceKind.KEY_COMPROMISE_DRILL: {
        **_OF_KEYS,
        "forged_accepted_before": "forged receipts that verify with the keys pinned before, as they do for whoever keeps those",
        "forged_accepted": "forged receipts that verify with the keys published after the revocation",
        "forged_in_books": "forged receipts that the service lists as its own",
        "genuine_refused": "honest receipts of the revoked key, which no longer verify either: nothing in them shows who signed",
        "chains_cut": "payments whose later receipts verify, and whose earlier ones are by the revoked key",
    },
    EvidenceKind.RAIL_OUTAGE_DRILL: {
        "payouts_meanwhile": "payouts that were accepted while the rail was away",
    },
    EvidenceKind.RESTORE_DRILL: RESTORED,
    EvidenceKind.RESTORE_LITESTREAM_DRILL: RESTORED,
    EvidenceKind.SLOW_FSYNC_DRILL: {
        "delayed_syncs": "syncs that took longer",
        "acknowledgements": "attempts that were acknowledged while syncs were slow",
        "failed_reads": "reads that failed while syncs were slow",
    },
}
"""What the steps of a drill count, by its kind: the measure, and what it is."""

_WITH_RAIL = (EvidenceKind.RAIL_OUTAGE_DRILL, EvidenceKind.INCIDENT_RAIL_DRILL)
_ACCOUNTING = ("double_settles", "lost_settles", "stuck_credits", "unknown_outcome_violations")


def measures_of(
    kind: EvidenceKind, record: Record, rolled_back: bool, reason: UnknownReason, lives: Lives = NONE, *, detecting: bool = False
) -> dict[str, Measure]:
    """The measures of this kind of drill; what the run did not reach is unknown for `reason`.

    `lives` are its faults and marks; `detecting`: its method looks for the fault.
    """
    found = objectives(lives, record.check, reason, detecting=detecting)
    if kind is EvidenceKind.CRASH_DRILL:
        return found | _crash(record, reason)
    if kind is EvidenceKind.POWER_DRILL:
        return found | _power(record, reason)
    if kind is EvidenceKind.ROLLBACK_DRILL:
        return found | _rollback(record, rolled_back, reason)
    found |= _faulty(record, rolled_back, reason, lives)
    found |= measures_of_counts(COUNTED.get(kind, {}), lives.counts, reason)
    if kind in _KEYS_BACK:
        found["rto_s"] = until_cleared(lives, _KEYS_BACK[kind], reason)
    if kind in _WITH_RAIL:
        drained_s = None if lives.drained_ns is None else lives.drained_ns / 1e9
        found["drain_s"] = _seconds(drained_s, reason, 1, "from the rail's return until every payout is decided")
        found |= _checked(record.payouts, RAIL_CHECKS, reason)
    return found


def _faulty(record: Record, rolled_back: bool, reason: UnknownReason, lives: Lives) -> dict[str, Measure]:
    """Of any drill: how many faults were observed, the steady state after them, and the audit."""
    count = len(lives.faults)
    seen = "; ".join(f"{fault.name}: {fault.seen}" for fault in lives.faults)
    return {
        "faults": Measure(str(count), "count", count, detail=seen) if count else Measure(None, "count", unknown=reason),
        "steady_state_restored": _flag(record.steady_again_s is not None, bool(count), reason),
        "rollback_verified": _flag(rolled_back, bool(count), reason),
        **_checked(record.check, CRASH_CHECKS, reason),
    }


def _crash(record: Record, reason: UnknownReason) -> dict[str, Measure]:
    count = len(record.kills)
    return {
        "kills": Measure(str(count), "count", count) if count else Measure(None, "count", unknown=reason),
        **_checked(record.check, CRASH_CHECKS, reason),
        "recover_s": _recovered(record, reason),
        "in_flight_at_kill": _total(record.in_flight, reason, "attempts without a response at each kill"),
    }


def _power(record: Record, reason: UnknownReason) -> dict[str, Measure]:
    lost = [kill.unsynced for kill in record.kills]
    return {
        "power_losses": _losses(lost, reason),
        "unsynced_writes": _total(lost, reason, "writes that the disk had not synced at each loss"),
        **_checked(record.check, CRASH_CHECKS, reason),
        "recover_s": _recovered(record, reason),
    }


def _losses(lost: list[int], reason: UnknownReason) -> Measure:
    """The cuts that lost writes; a cut of a disk that had synced everything proves nothing."""
    count = sum(writes > 0 for writes in lost)
    if count:
        return Measure(str(count), "count", count)
    detail = "everything was synced at each cut, so nothing could be lost" if lost else ""
    return Measure(None, "count", unknown=UnknownReason.MISSING if lost else reason, detail=detail)


def _total(counts: list[int], reason: UnknownReason, label: str) -> Measure:
    if not counts:
        return Measure(None, "count", unknown=reason)
    return Measure(str(sum(counts)), "count", len(counts), detail=f"{label}: {', '.join(map(str, counts))}")


def _recovered(record: Record, reason: UnknownReason) -> Measure:
    recovered = [kill.recover_s for kill in record.kills if kill.recover_s is not None]
    every = bool(recovered) and len(recovered) == len(record.kills)
    return _seconds(max(recovered) if every else None, reason, len(recovered), _each(recovered), "max")


def _rollback(record: Record, rolled_back: bool, reason: UnknownReason) -> dict[str, Measure]:
    restored = record.steady_again_s is not None
    reached = record.deploy_s is not None
    since_deploy = _span(record.deploy_s, record.steady_again_s)
    recover = _span(record.detected_s, record.steady_again_s)
    detail = (
        "" if since_deploy is None else f"from detection to steady state; {since_deploy:.3f} s from the start of the deployment"
    )
    return {
        "detect_s": _seconds(_span(record.serving_s, record.detected_s), reason, 1, "from the candidate serving to detection"),
        "recover_s": _seconds(recover, reason, 1, detail),
        "steady_state_restored": _flag(restored, reached, reason),
        "rollback_verified": _flag(rolled_back, reached, reason),
        "payments_unaccounted": _unaccounted(record.check, reason),
        **_checked(record.check, ROLLBACK_CHECKS, reason),
    }


def _checked(check: Check | None, names: Iterable[str], reason: UnknownReason) -> dict[str, Measure]:
    absent = Measure(None, "count", unknown=reason if check is None else UnknownReason.MISSING)
    return {name: absent if check is None else check.measures.get(name, absent) for name in names}


def _unaccounted(check: Check | None, reason: UnknownReason) -> Measure:
    """How many payments differ between the books and the clients' responses; unknown if one of these rules could not judge."""
    judged = _checked(check, _ACCOUNTING, reason)
    open_rules = [name for name, measure in judged.items() if measure.value is None]
    if check is None or open_rules:
        return Measure(None, "count", unknown=reason if check is None else UnknownReason.MISSING, detail=", ".join(open_rules))
    named = {item.payment_id for item in check.findings if item.payment_id is not None}
    nameless = sum(item.payment_id is None for item in check.findings)
    return Measure(str(len(named) + nameless), "count", samples=max(measure.samples for measure in judged.values()))


def _seconds(value: float | None, reason: UnknownReason, samples: int, detail: str, statistic: str | None = None) -> Measure:
    if value is None:
        return Measure(None, "s", unknown=reason)
    return Measure(f"{value:.3f}", "s", samples=samples, statistic=statistic, detail=detail)


def _flag(yes: bool, known: bool, reason: UnknownReason) -> Measure:
    return Measure(str(int(yes)), "count", samples=1) if known else Measure(None, "count", unknown=reason)


def _span(begun: float | None, ended: float | None) -> float | None:
    return None if begun is None or ended is None else ended - begun


def _each(values: Iterable[float]) -> str:
    return "from the kill to ready, each: " + ", ".join(f"{value:.3f} s" for value in values)
