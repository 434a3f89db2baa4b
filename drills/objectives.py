"""How long was the service away, and what was lost? RTO and RPO from marks that clients wrote through it. Pure.

RTO: from a fault until clients get their marks acknowledged again, the last failing one before that included. RPO: the marks that
were acknowledged and cannot be read back, as a count, and as the age of the oldest of them at the next fault.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from drills.faults import Fault
from drills.markers import Marker
from drills.observations import Count
from drills.record import Check
from gates.evidence.statement import Measure
from gates.schema.outcome import UnknownReason

_NS = 1_000_000_000
_LOST = "lost_settle"  # the rule of the load test's checker


class Lives(msgspec.Struct, frozen=True):
    """The faults of a run, its marks, the operation that shows that the service works, and when the steady state held again.

    `counts` is what the steps of the drill counted, `drained_ns` the time from the end of the last fault to the last payout.
    """

    faults: tuple[Fault, ...]
    markers: tuple[Marker, ...]
    operation: str
    steady_again_ns: int | None
    counts: dict[str, Count] = {}
    drained_ns: int | None = None


NONE = Lives((), (), "settle", None)
"""Of a run in which nothing happened."""


def objectives(lives: Lives, check: Check | None, reason: UnknownReason, *, detecting: bool) -> dict[str, Measure]:
    """The times and losses of all faults together: the slowest of each. `detecting`: the drill's method looks for the fault."""
    found = {"rto_s": _rto(lives, reason), **_rpo(lives, check, reason)}
    if detecting:
        found["detect_s"] = _slowest(
            "injection to detection", [_span(one.at_ns, one.detected_ns) for one in lives.faults], reason
        )
        found["mitigate_s"] = _slowest(
            "detection to the end of the fault", [_span(one.detected_ns, one.cleared_ns) for one in lives.faults], reason
        )
    return found


def until_cleared(lives: Lives, what: str, reason: UnknownReason) -> Measure:
    """From each fault until it was taken back, the slowest: of a fault that clients do not feel, and that stays until then."""
    return _slowest(what, [_span(fault.at_ns, fault.cleared_ns) for fault in lives.faults], reason)


def _rto(lives: Lives, reason: UnknownReason) -> Measure:
    what = f"from the fault to the first {lives.operation} that is acknowledged again"
    return _slowest(what, [_span(fault.at_ns, back_ns) for fault, back_ns in returns(lives)], reason)


def returns(lives: Lives) -> Iterator[tuple[Fault, int | None]]:
    """Each fault, and when clients had their next mark acknowledged after the last one that failed because of it."""
    own = [marker for marker in lives.markers if marker.operation == lives.operation]
    begins = [fault.at_ns for fault in lives.faults]
    for number, fault in enumerate(lives.faults, 1):
        end_ns = begins[number] if number < len(begins) else lives.steady_again_ns
        if end_ns is None:
            yield fault, None
            continue
        failing = [one.begun_ns for one in own if one.bad and _because_of(fault, one, end_ns)]
        since = max([fault.at_ns, *failing])
        yield fault, min((one.ended_ns for one in own if one.acknowledged and one.begun_ns > since), default=None)


def _because_of(fault: Fault, mark: Marker, end_ns: int) -> bool:
    """Whether a failing mark is this fault's: one sent after its end and caught by the next fault is not."""
    begun_in_it = fault.cleared_ns is None or mark.begun_ns < fault.cleared_ns
    return fault.at_ns <= mark.begun_ns < end_ns and (begun_in_it or mark.ended_ns <= end_ns)


def _rpo(lives: Lives, check: Check | None, reason: UnknownReason) -> dict[str, Measure]:
    judged = None if check is None else check.measures.get(f"{_LOST}s")
    if check is None or judged is None or judged.value is None or not lives.faults:
        why, detail = (judged.unknown or reason, judged.detail) if judged is not None else (reason, "")
        return {
            "rpo_s": Measure(None, "s", unknown=why, detail=detail),
            "rpo_settles": Measure(None, "count", unknown=why, detail=detail),
        }
    lost = {item.payment_id for item in check.findings if item.rule == _LOST}
    written = [one for one in lives.markers if one.operation == "settle" and one.acknowledged]
    at_risk = sum(one.ended_ns < lives.faults[-1].at_ns for one in written)
    ages = [_age_ns(one.ended_ns, lives.faults) for one in written if one.payment_id in lost]
    counted = "settles that were acknowledged before the last fault were read back, one by one"
    none = Measure(None, "count", unknown=UnknownReason.TOO_FEW_SAMPLES, detail="no settle was acknowledged before the fault")
    if not at_risk:
        return {"rpo_s": msgspec.structs.replace(none, unit="s"), "rpo_settles": none}
    return {
        "rpo_s": Measure(_seconds(max(ages, default=0)), "s", samples=at_risk, statistic="max", detail=counted),
        "rpo_settles": Measure(judged.value, "count", samples=at_risk, detail=counted),
    }


def _age_ns(ended_ns: int, faults: Sequence[Fault]) -> int:
    """How old an acknowledged mark was at the next fault; 0 after the last one."""
    return min((fault.at_ns - ended_ns for fault in faults if fault.at_ns >= ended_ns), default=0)


def _slowest(what: str, spans: Iterable[int | None], reason: UnknownReason) -> Measure:
    """The largest, unknown if there is none or if one of them is not known."""
    all_spans = list(spans)
    known = [span for span in all_spans if span is not None]
    if not all_spans:
        return Measure(None, "s", unknown=reason)
    if len(known) < len(all_spans):
        missing = f"{what}: seen for {len(known)} of {len(all_spans)} faults"
        return Measure(None, "s", unknown=UnknownReason.MISSING, detail=missing)
    each = ", ".join(f"{_seconds(span)} s" for span in known)
    return Measure(_seconds(max(known)), "s", samples=len(known), statistic="max", detail=f"{what}, each: {each}")


def _span(begun_ns: int | None, ended_ns: int | None) -> int | None:
    return None if begun_ns is None or ended_ns is None else ended_ns - begun_ns


def _seconds(span_ns: int) -> str:
    return f"{span_ns // _NS}.{span_ns % _NS // 1_000_000:03d}"
