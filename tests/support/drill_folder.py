"""The folder of a drill that never ran: journal, plan, record, history and check from fixed clocks, and the report."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import drill_stage
import msgspec

from drills.incident.exact import Down
from drills.incident.judge import Expected, Instants, Judged, Times
from drills.incident.measures import Case
from drills.journal import FILE, End, Ending, Journal, Phase, RolledBack, Status
from drills.measures import CRASH_CHECKS
from drills.record import PLAN_FILE, Check, Kill, Plan, Record, write_record
from drills.report import make_report, write_report
from drills.schema import Drill
from gates.evidence.statement import Measure

BEGAN_S = 1000.0
PAYMENTS, BROKEN = 60, (20, 26)  # the numbers of the payments that get no answer
_ZERO = {"value": "0", "unit": "count", "samples": 600}


class Hands:
    """A monotonic clock that is set by hand, and the wall clock that goes with it."""

    def __init__(self) -> None:
        self.at_s = BEGAN_S

    def monotonic_s(self) -> float:
        """The seconds."""
        return self.at_s

    def now(self) -> dt.datetime:
        """The same as a time of day."""
        return dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC) + dt.timedelta(seconds=self.at_s - BEGAN_S)


def plan_of(name: str = "crash", **changes: object) -> Plan:
    """The inputs of a crash drill on the small service."""
    drill = msgspec.convert(drill_stage.crash_spec(), Drill)
    given = {"payments": PAYMENTS, "seed": 7, "target_argument": "local", **changes}
    return Plan(run_id="ab" * 16, name=name, drill=drill, target_name="shop", target=drill_stage.target_of(), **given)


def write_drill(
    out: Path, *, end: End | None = End.COMPLETED, rolled_back: RolledBack = RolledBack.VERIFIED, lost: int = 0
) -> Path:
    """One kill that is seen, detected and taken back; `lost` settles are findings of the audit. Returns the folder."""
    (out / "storm").mkdir(parents=True)
    plan, hands = plan_of(), Hands()
    (out / PLAN_FILE).write_bytes(msgspec.json.encode(plan))
    (out / "storm" / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in _history()))
    check = _check(lost)
    (out / "storm" / "check.json").write_text(json.dumps(check))
    record = Record(
        builds={"service": "cd" * 32},
        kills=[Kill(BEGAN_S + 4, 19, 2.5)],
        in_flight=[3],
        steady_again_s=BEGAN_S + 9,
        check=msgspec.convert(check, Check),
        integrity="ok",
        deviations=["lost_settle: 1 found, the first: acknowledged, not booked"] if lost else [],
    )
    write_record(out, record)
    journal = Journal(out / FILE, hands.now, hands.monotonic_s)
    for at_s, phase, action, status, facts in _lines():
        hands.at_s = BEGAN_S + at_s
        journal.write(phase, action, status, step=str(facts.pop("step", "")), facts=facts)
    hands.at_s = BEGAN_S + 12
    if end is not None:
        reason = {"reason": "" if end is End.COMPLETED else "the service did not start (see logs/service.1.err)"}
        journal.write(Phase.DONE, "end", Status.SUCCEEDED, facts=reason, ending=Ending(end, bool(lost), rolled_back))
    journal.close()
    write_report(out, make_report(plan, out, record))
    return out


def _lines() -> Iterator[tuple[float, Phase, str, Status, dict[str, object]]]:
    begun_ns = int(BEGAN_S * 1e9)
    readings = {"ready": "responds", "error_ratio": "0.0000 (0 of 40 attempts in 2s, at most 0.05)"}
    fault = {"name": "kill-1", "at_ns": begun_ns + 4 * 10**9, "seen_ns": begun_ns + int(4.4 * 1e9), "seen": "it does not answer"}
    yield 0, Phase.PREFLIGHT, "start_service", Status.PLANNED, {}
    yield 0.1, Phase.PREFLIGHT, "start_service", Status.STARTED, {}
    yield 1, Phase.PREFLIGHT, "start_service", Status.SUCCEEDED, {}
    yield 1.1, Phase.STEADY, "steady_state", Status.STARTED, {}
    yield 3, Phase.STEADY, "steady_state", Status.SUCCEEDED, {"seen": "ready responds", "readings": readings}
    yield 3.9, Phase.INJECT, "sigkill", Status.STARTED, {"step": "kill-1"}
    yield 4.4, Phase.INJECT, "fault", Status.SUCCEEDED, {**fault, "step": "kill-1: it does not answer"}
    yield 4.5, Phase.INJECT, "sigkill", Status.SUCCEEDED, {"step": "kill-1"}
    yield 5, Phase.OBSERVE, "detected", Status.SUCCEEDED, {"faults": [0], "at_ns": begun_ns + 5 * 10**9}
    yield 6.5, Phase.INJECT, "cleared", Status.SUCCEEDED, {"faults": [0], "at_ns": begun_ns + int(6.5 * 1e9)}
    yield 7, Phase.ROLLBACK, "restore_service", Status.STARTED, {}
    yield 7.1, Phase.ROLLBACK, "restore_service", Status.SUCCEEDED, {}
    yield 9, Phase.STEADY, "steady_state", Status.SUCCEEDED, {"seen": "ready responds", "readings": readings}
    yield 9.1, Phase.VERIFY, "audit", Status.STARTED, {}
    yield 9.5, Phase.VERIFY, "audit", Status.SUCCEEDED, {}


def _history() -> Iterator[dict[str, object]]:
    """Five settles a second; those after the kill get no answer, and are answered at a second attempt."""
    for number in range(PAYMENTS):
        begun_ns = int((BEGAN_S + number / 5) * 1e9)
        bad = BROKEN[0] <= number < BROKEN[1]
        line = {"process": number, "operation": "settle", "payment": number, "payment_id": f"pay_{number}", "start_ns": begun_ns}
        end = {"end_ns": begun_ns + 30_000_000, "status": None if bad else 200, "error": "refused" if bad else None}
        yield {**line, "type": "invoke"}
        yield {**line, "type": "info" if bad else "ok", **end}


def _check(lost: int) -> dict[str, object]:
    measures = {name: dict(_ZERO) for name in CRASH_CHECKS}
    measures["lost_settles"]["value"] = str(lost)
    postings = [{"account": "payee/p1/payable", "amount": "500"}]
    proof = [{"ledger": {"seq": 18, "kind": "reserve", "entry_id": "e18", "postings": postings}}]
    found = [
        {"rule": "lost_settle", "payment_id": f"pay_{number}", "detail": "acknowledged, not booked", "witness": proof}
        for number in range(lost)
    ]
    assert msgspec.convert(measures, dict[str, Measure]), "as the load run writes them"
    return {"measures": measures, "findings": found}


def case() -> Case:
    """A page of one monitoring that came a second after each moment before it, and has not ended."""
    epoch_s = Hands().now().timestamp()
    injected, first_bad, firing, received, acknowledged, mitigated = (epoch_s + second for second in range(4, 10))
    judged = Judged(
        "route", Times(first_bad, received, firing, received, None), (), (), ("ada",), "", {}, 2, 30, without_runbook=False
    )
    expected = Expected({"alertname": "ShopDown"}, (({}, Down("up", "2s")),), 15.0)
    return Case(expected, ("ada",), Instants(injected, mitigated, acknowledged), (judged,))
