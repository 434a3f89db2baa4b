"""The tables below the decision: gates counted, waivers and how long they hold, evidence and what it judges. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Literal

from gates.evidence.store import Held
from gates.schema.gate import Gate, label
from gates.schema.outcome import Outcome, Priority
from gates.schema.time import format_utc, parse_utc
from gates.schema.verdict import GateVerdict
from gates.schema.waiver import Waiver
from gates.waivers import is_of
from scorecards.schema import Count, EvidenceLine, WaiverLine

EXPIRES_SOON = dt.timedelta(days=7)


def counts(gates: Sequence[GateVerdict]) -> tuple[Count, ...]:
    """The gates of each priority, by outcome; a priority without gates has a row too."""
    return tuple(_count(priority, gates) for priority in Priority)


def waiver_lines(waivers: Iterable[Waiver], gates: Iterable[Gate], now: dt.datetime) -> tuple[WaiverLine, ...]:
    """Every waiver of these gates, the one that ends first on top."""
    by_id = {gate.id: gate for gate in gates}
    ordered = sorted(waivers, key=lambda item: (item.expires_at, item.gate))
    return tuple(_waiver_line(waiver, by_id.get(waiver.gate), now) for waiver in ordered)


def _count(priority: Priority, gates: Sequence[GateVerdict]) -> Count:
    mine = [gate for gate in gates if gate.priority is priority]
    by_outcome = {outcome: sum(gate.outcome is outcome for gate in mine) for outcome in Outcome}
    return Count(
        priority=priority,
        total=len(mine),
        passed=by_outcome[Outcome.PASS],
        warned=by_outcome[Outcome.WARN],
        failed=by_outcome[Outcome.FAIL],
        unknown=by_outcome[Outcome.UNKNOWN],
        waived=sum(gate.waived for gate in mine),
    )


def _waiver_line(waiver: Waiver, gate: Gate | None, now: dt.datetime) -> WaiverLine:
    left = parse_utc(waiver.expires_at) - now
    state: Literal["active", "expiring", "expired", "changed"] = "active"
    if left <= dt.timedelta():
        state = "expired"
    elif gate is None or not is_of(waiver, gate):
        state = "changed"
    elif left <= EXPIRES_SOON:
        state = "expiring"
    return WaiverLine(
        gate=waiver.gate,
        state=state,
        owner=waiver.owner,
        approver=waiver.approver,
        reason=waiver.reason,
        mitigation=waiver.mitigation,
        expires_at=format_utc(parse_utc(waiver.expires_at)),
        expires_in_s=left // dt.timedelta(seconds=1),
    )


def evidence_lines(held: Iterable[Held], gates: Sequence[GateVerdict]) -> tuple[EvidenceLine, ...]:
    """Every statement that a criterion was judged by, by kind; a statement that judged nothing is left out."""
    judges: dict[str, list[str]] = {}
    ages: dict[str, int] = {}
    for gate in gates:
        for item in gate.criteria:
            if item.evidence is not None:
                judges.setdefault(item.evidence, []).append(f"{label(gate.letter, gate.id)}.{item.criterion.id}")
                ages[item.evidence] = item.age_s if item.age_s is not None else 0
    found = [_evidence_line(item, judges[item.digest], ages[item.digest]) for item in held if item.digest in judges]
    return tuple(sorted(found, key=lambda line: (line.predicate_type, line.sha256)))


def _evidence_line(item: Held, judges: Sequence[str], age_s: int) -> EvidenceLine:
    predicate, subject = item.statement.predicate, item.statement.subject[0]
    return EvidenceLine(
        sha256=item.digest,
        predicate_type=item.statement.predicate_type,
        target=subject.name,
        build=subject.digest.get("build", ""),
        producer=predicate.producer.tool,
        status=predicate.status,
        finished_at=predicate.finished_at,
        age_s=age_s,
        judges=tuple(dict.fromkeys(judges)),
    )
