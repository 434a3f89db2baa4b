"""Weeks whose pages are looked at: GO in weeks 1 and 2, a clean GO, CONDITIONAL GO, NO GO with a witness, findings, no users."""

from collections.abc import Callable

import msgspec
from setup_files import Funnel, Setup, completed, machine

from gates.evidence.statement import Artifact, EvidenceKind, Measure
from gates.evidence.store import Held
from gates.probes.onboarding.figures import figures, funnel_facts
from gates.probes.onboarding.funnel import cohorts_of, read_funnel
from gates.probes.onboarding.walked import Known, judge, sort_out
from gates.schema.canonical import sha256_hex
from gates.schema.gate import Criterion, Gate
from gates.schema.gateset import load_gates
from gates.schema.outcome import Decision, Operator, Priority
from gates.schema.register import OpenItem, Register, RegisterState
from gates.schema.source import RegisterSource
from gates.schema.time import parse_utc
from gates.schema.waiver import Waiver, waived_gate
from scorecards.build import BuildInputs, build
from scorecards.card import to_past
from scorecards.folder import scorecard_yaml
from scorecards.schema import Finding, Scorecard
from scorecards.weekly import WeekState

NAMES = ("go-week-1", "go-clean", "go-week-2", "conditional-go", "no-go-with-witness", "open-findings", "no-users-yet")
PAYMENT = "pay_01"
HELD, PAYABLE = "wallet/w1/held", "payee/p1/payable"


AT_MOST_0 = (Operator.LTE, "0")
OPEN = (
    OpenItem(
        "F-3fa9c1d204",
        Priority.P0,
        "py/clear-text-logging: a token is written to the log",
        "backend",
        "2026-11-24T08:00:00.000Z",
        "ada",
        "2026-11-24T09:30:00.000Z",
        "bob",
    ),
    OpenItem("F-77c01e55aa", Priority.P2, "js/missing-rate-limit: no limit", "web", "2026-11-27T11:20:00.000Z", "ada"),
)
REGISTERS = (
    RegisterState(Register.SECURITY, 9, "1" * 64, "2" * 64, "2026-11-25T10:00:00.000Z", "grace", 2, OPEN),
    RegisterState(Register.INCIDENTS, 0, "3" * 64, "3" * 64, "2026-11-26T10:00:00.000Z", "grace", 1, ()),
)


def entry(seq: int, kind: str) -> dict[str, object]:
    """One ledger line of a witness, as the checker writes it."""
    postings = [{"account": HELD, "amount": "-500", "currency": "USD"}, {"account": PAYABLE, "amount": "500", "currency": "USD"}]
    return {"ledger": {"seq": seq, "entry_id": f"e{seq}", "kind": kind, "postings": postings, "payment_id": PAYMENT}}


def attempt(operation: str, number: int, at_us: int, took_us: int | None, outcome: str, answer: str) -> dict[str, object]:
    """One attempt of a witness, as a load run writes it."""
    return {
        "operation": operation,
        "attempt": number,
        "at_us": at_us,
        "took_us": took_us,
        "outcome": outcome,
        "answer": answer,
    }


DOUBLE = {
    "rule": "double_settle",
    "measure": "double_settles",
    "payment_id": PAYMENT,
    "detail": "one settle was requested under one key, and 2 are in the ledger: 1000 in total",
    "witness": [
        {"history": {"index": 4}},
        entry(17, "settle"),
        entry(18, "settle"),
        {
            "settlement": {
                "id": "cap_9",
                "payment_id": PAYMENT,
                "effect": "settle",
                "amount": "500",
                "state": "captured",
                "page": 2,
            }
        },
    ],
    "attempts": [
        attempt("reserve", 1, 0, 8_100, "ok", "201"),
        attempt("settle", 1, 9_000, None, "open", ""),
        attempt("settle", 2, 31_400, 52_000, "info", "timeout"),
        attempt("settle", 3, 32_000, 61_300, "ok", "200"),
    ],
}
CLEAN = {
    "double_settles": Measure("0", "count", 412),
    "availability": Measure("1", "ratio", 2_240, failures=0),
    "reserve_latency": Measure("87.4", "ms", 412, statistic="p95 nearest-rank"),
}
LOGS = (
    Artifact("history.jsonl", "41" * 32, 1_440_012),
    Artifact("books.json", "42" * 32, 220_400),
    Artifact("check.json", "43" * 32, 4_711),
)
SHOWN_AND_CUT = ({**DOUBLE, "booked": 3}, {**DOUBLE, "witness": DOUBLE["witness"][:3], "booked": 4})
ORPHAN = {**DOUBLE, "payment_id": "pay_02", "attempts": [*DOUBLE["attempts"], attempt("settle", 4, 99_000, 2_000, "fail", "409")]}


def scene(
    name: str, make_inputs: Callable[..., BuildInputs], green: list[Held], gates: tuple[Gate, ...], hold: Callable[..., Held]
) -> Scorecard:
    """The scorecard of that name; `gates` can be all green by the evidence `green`."""
    if name == "no-users-yet":
        gates, green = (onboarding(), *gates[1:]), [*green, *setups(hold)]
    if name in ("go-week-1", "no-users-yet"):
        return build(make_inputs(gates=gates), green, None)
    if name == "go-clean":
        clean = hold(EvidenceKind.LOAD_RUN, CLEAN, at="2026-11-27T11:50:00.000Z")
        return build(make_inputs(gates=gates), [*green, clean], None)
    if name == "go-week-2":
        first = build(make_inputs(now="2026-11-20T12:05:00.000Z", week="2026-W47", gates=gates), (), None)
        done = to_past(first, sha256_hex(scorecard_yaml(first)))
        past = msgspec.structs.replace(done, state=WeekState.GREEN, decision=Decision.GO, not_passed=())
        return build(make_inputs(gates=gates, history=(past,)), green, first)
    if name == "conditional-go":
        return build(make_inputs(gates=(*gates, _third(gates)), waivers=(_mitigated(gates),)), [*green, _slow(hold)], None)
    if name == "open-findings":
        return build(make_inputs(gates=with_registers(gates), registers=REGISTERS, registers_sha256="ab" * 32), green, None)
    shown = {"count": 2, "shown": [ORPHAN, DOUBLE]}
    red = hold(
        EvidenceKind.LOAD_RUN, {"double_settles": Measure("2", "count", 412)}, at="2026-11-27T11:50:00.000Z", findings=shown
    )
    kept = tuple(one.sha256 for one in LOGS)
    return build(make_inputs(gates=gates, kept_logs=kept), [*green, _with_logs(red)], None)


def onboarding() -> Gate:
    """The shipped gate about new users, without its register and its canary."""
    gate = load_gates()[0]
    shown = tuple(one for one in gate.criteria if one.source.predicate_type.partition(":v2")[0].endswith(("journal", "funnel")))
    return msgspec.structs.replace(gate, criteria=shown)


def setups(hold: Callable[..., Held]) -> list[Held]:
    """Two setups of our own and one that gave up, and no external user who had seven days."""
    funnel = Funnel().user(3, "2026-11-26T09:00:00Z", cohort="external")
    for number, verified in ((1, 240.0), (2, None)):
        funnel.user(number, "2026-11-26T09:00:00Z", cohort="simulated", took_s=verified)
    lines = read_funnel(funnel.data)
    gave_up = Setup("run_" + "2".zfill(32)).walk("begin", "probe_ok", "address", "budget_spent")
    came_through = (
        completed(1).line(mono_ms=60_000, waiting_on="mail").line(mono_ms=95_000, waiting_on="user").line(mono_ms=99_000)
    )
    files = [("one", came_through.data), ("two", gave_up.data)]
    known = Known(cohorts_of(lines), frozenset({"run_" + "1".zfill(32)}), frozenset())
    walked = judge(machine(), sort_out(files, known, "completed", ""))
    users = figures(lines, parse_utc("2026-11-27T11:40:00.000Z"))
    return [
        hold(EvidenceKind.SETUP_JOURNAL, walked.measures, **walked.facts),
        hold(EvidenceKind.ONBOARDING_FUNNEL, users, funnel=funnel_facts(lines)),
    ]


def _with_logs(held: Held) -> Held:
    """The evidence with raw files."""
    predicate = msgspec.structs.replace(held.statement.predicate, artifacts=LOGS)
    return msgspec.structs.replace(held, statement=msgspec.structs.replace(held.statement, predicate=predicate))


def with_registers(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """The gates; that of security reads the registers of findings, of incidents and of onboarding defects too."""
    more = tuple(
        Criterion(f"open-{register.value}", f"No open P0 item ({register.value})", RegisterSource(register), "count", *AT_MOST_0)
        for register in Register
    )
    (security,) = (gate for gate in gates if gate.id == "security-baseline")
    wider = msgspec.structs.replace(security, criteria=(*security.criteria, *more))
    return tuple(wider if gate is security else gate for gate in gates)


def _slow(hold: Callable[..., Held]) -> Held:
    late = {"recover_s": Measure("1260", "s", 1, statistic="max")}
    return hold(EvidenceKind.ROLLBACK_DRILL, late, at="2026-11-27T11:50:00.000Z")


def _third(gates: tuple[Gate, ...]) -> Gate:
    """A third P1 gate, so that one that fails leaves two of three."""
    alike = next(gate for gate in gates if gate.id == "abuse-resilience")
    return msgspec.structs.replace(alike, id="hostile-traffic", letter="H", title="Hostile traffic")


def _mitigated(gates: tuple[Gate, ...]) -> Waiver:
    return Waiver(
        gate="sre-reliability",
        owner="ines (sre)",
        approver="the launch committee",
        reason="the rollback is slow on this database size",
        expires_at="2026-12-02T12:00:00Z",
        mitigation="two operators on call during each release",
        gate_sha256=waived_gate(next(gate for gate in gates if gate.id == "sre-reliability")),
    )


def hostile(card: Scorecard) -> Scorecard:
    """The same scorecard; its witness quotes an answer that is markup."""
    bad = "<script>alert(1)</script>"

    def quoted(one: Finding) -> Finding:
        if one.witness is None:
            return one
        attempts = tuple(msgspec.structs.replace(item, answer=bad, operation=bad) for item in one.witness.attempts)
        witness = msgspec.structs.replace(one.witness, payment=bad, books=(bad,), attempts=attempts)
        return msgspec.structs.replace(one, text=bad, witness=witness)

    spec = msgspec.structs.replace(card.spec, findings=tuple(quoted(one) for one in card.spec.findings))
    return msgspec.structs.replace(card, spec=spec)
