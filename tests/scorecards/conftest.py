"""A synthetic week: gates, evidence of every kind, a waiver and an official scorecard of the week before."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import statements
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from loopback import serving
from other_tools import Service, Tools
from statements import observation, predicate, reviewed, subject

from gates.evidence.dsse import Signer
from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import Held
from gates.schema.canonical import sha256_hex
from gates.schema.documents import load_document
from gates.schema.gate import Gate, GateSet
from gates.schema.outcome import UnknownReason
from gates.schema.waiver import Waiver, waived_gate
from scorecards.build import BuildInputs, build
from scorecards.card import to_past
from scorecards.folder import scorecard_yaml
from scorecards.schema import Scorecard
from scorecards.weekly import PastWeek

HERE = Path(__file__).parent
BUILD = "5f" * 32
STAMP = "2026-11-27T11:40:00.000Z"
Hold = Callable[..., Held]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Tools]:
    """A working folder, a service that reports its build, and a state folder."""
    work, service = tmp_path / "work", Service()
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    before = signal.getsignal(signal.SIGTERM)
    with serving(service) as url:
        yield Tools(work, service, url, capsys)
    signal.signal(signal.SIGTERM, before)


def _zero(samples: int) -> Measure:
    return Measure("0", "count", samples)


LOAD = {
    "double_settles": _zero(412),
    "rail_book_mismatches": Measure(
        None, "count", unknown=UnknownReason.NOT_RUN, detail="the rail and its book are not built yet"
    ),
    "availability": Measure("0.9991", "ratio", 2_240, failures=2),
    "reserve_latency": Measure("187.4", "ms", 412, statistic="p95 nearest-rank"),
}
FOUND = [{"measure": "findings", "where": "storm/history.jsonl:88", "expected": "no secret", "found": "a bearer token"}]
TIMELINE = [
    {"at_s": "0.000", "phase": "steady", "what": "steady state holds", "status": "succeeded"},
    {"at_s": "2.100", "phase": "inject", "what": "candidate release takes over", "status": "succeeded"},
    {"at_s": "4.850", "phase": "observe", "what": "steady state check fails", "status": "failed"},
    {"at_s": "5.020", "phase": "rollback", "what": "previous release comes back", "status": "succeeded"},
    {"at_s": "7.940", "phase": "verify", "what": "steady state holds again", "status": "succeeded"},
]


def _observed_at(at: str) -> str:
    """When the build was observed for a measurement of this moment."""
    return f"{at[:10]}T09:00:00.000Z"


@pytest.fixture(scope="session")
def signer() -> Signer:
    """A signer whose key is the same in every run: golden files depend on it."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture(scope="session")
def hold(signer: Signer) -> Hold:
    """Make one signed piece of evidence: `hold(kind, {measure: Measure})`."""

    def make(kind: str, measures: dict[str, Measure], at: str = STAMP, build_sha: str = BUILD, **facts: object) -> Held:
        cited = observation(signer, build_sha, _observed_at(at)).digest
        said = predicate(kind, at, measures, facts=facts, build_observation=cited)
        return statements.hold(signer, kind, subject(build_sha), said)

    return make


@pytest.fixture(scope="session")
def gates() -> tuple[Gate, ...]:
    """The synthetic gate set."""
    return load_document(HERE / "gates.yaml", "GateSet", GateSet).spec.gates


@pytest.fixture(scope="session")
def evidence(hold: Hold, signer: Signer) -> list[Held]:
    """Evidence of a week in which a secret was found in a log and everything else that was tried went well."""
    secret = Measure("1", "count", 214, detail="storm/history.jsonl:88 holds a bearer token")
    return [
        observation(signer, BUILD, _observed_at(STAMP)),
        hold(EvidenceKind.LOAD_RUN, LOAD),
        hold(EvidenceKind.CRASH_DRILL, {"lost_settles": _zero(318)}, timeline=TIMELINE[:3]),
        hold(EvidenceKind.ROLLBACK_DRILL, {"recover_s": Measure("2.92", "s", 1, statistic="max")}, timeline=TIMELINE),
        hold(EvidenceKind.POLICY_BINDING, {"settlements_without_policy": _zero(380)}),
        hold(EvidenceKind.SECRET_SCAN, {"findings": secret}, findings=FOUND),
        hold(EvidenceKind.AUTHORIZATION_SWEEP, {"role_violations": _zero(168)}),
        hold(EvidenceKind.FAIL_CLOSED, {"unexpected_answers": _zero(64)}),
    ]


@pytest.fixture(scope="session")
def green_evidence(evidence: list[Held], hold: Hold) -> list[Held]:
    """Evidence that makes every gate of `green_gates` pass."""
    kept = [item for item in evidence if item.statement.predicate_type != EvidenceKind.SECRET_SCAN]
    return [*kept, hold(EvidenceKind.SECRET_SCAN, {"findings": _zero(214)})]


@pytest.fixture(scope="session")
def green_gates(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """The synthetic gates whose evidence exists: a set that can be all green."""
    kept = []
    for gate in gates:
        criteria = tuple(item for item in gate.criteria if item.source.produced_by)
        if criteria:
            kept.append(msgspec.structs.replace(gate, criteria=criteria))
    return tuple(kept)


@pytest.fixture(scope="session")
def waiver(gates: tuple[Gate, ...]) -> Waiver:
    """A waiver that ends within the week."""
    (gate,) = [gate for gate in gates if gate.id == "operator-controls"]
    return Waiver(
        gate="operator-controls",
        owner="ines (sre)",
        approver="the launch committee",
        reason="the pause drill is scheduled for the rehearsal on Wednesday",
        expires_at="2026-12-02T12:00:00Z",
        mitigation="two operators on call who have paused the service by hand",
        gate_sha256=waived_gate(gate),
    )


@pytest.fixture(scope="session")
def make_inputs(gates: tuple[Gate, ...]) -> Callable[..., BuildInputs]:
    """Inputs of an evaluation on Friday 2026-11-27 after the cut-off; every member can be replaced."""

    def make(**replaced: object) -> BuildInputs:
        inputs = BuildInputs(
            now="2026-11-27T12:05:00.000Z",
            week="2026-W48",
            target="local",
            reviewed={"local": reviewed(BUILD)},
            preview_because="",
            gates=gates,
            waivers=(),
            history=(),
        )
        return msgspec.structs.replace(inputs, **replaced)

    return make


@pytest.fixture(scope="session")
def last_week(make_inputs: Callable[..., BuildInputs], gates: tuple[Gate, ...], hold: Hold, signer: Signer) -> Scorecard:
    """The official scorecard of the week before: a rollback that took too long, and a stricter bar for latency."""
    at = "2026-11-20T11:50:00.000Z"
    slow = {**LOAD, "reserve_latency": Measure("212.9", "ms", 400, statistic="p95 nearest-rank")}
    evidence = [
        observation(signer, BUILD, _observed_at(at)),
        hold(EvidenceKind.LOAD_RUN, slow, at=at),
        hold(EvidenceKind.ROLLBACK_DRILL, {"recover_s": Measure("1260", "s", 1, statistic="max")}, at=at),
        hold(EvidenceKind.SECRET_SCAN, {"findings": _zero(198)}, at=at),
        hold(EvidenceKind.AUTHORIZATION_SWEEP, {"role_violations": _zero(160)}, at=at),
        hold(EvidenceKind.POLICY_BINDING, {"settlements_without_policy": _zero(371)}, at=at),
        hold(EvidenceKind.FAIL_CLOSED, {"unexpected_answers": Measure("3", "count", 60)}, at=at),
    ]
    stricter = tuple(_stricter(gate) for gate in gates)
    return build(make_inputs(now="2026-11-20T12:01:00.000Z", week="2026-W47", gates=stricter), evidence, None)


def _stricter(gate: Gate) -> Gate:
    if gate.id != "sre-reliability":
        return gate
    criteria = tuple(
        msgspec.structs.replace(item, threshold="250") if item.id == "reserve-p95" else item for item in gate.criteria
    )
    return msgspec.structs.replace(gate, criteria=criteria)


@pytest.fixture(scope="session")
def past(last_week: Scorecard) -> PastWeek:
    """What the history keeps of last week."""
    return to_past(last_week, sha256_hex(scorecard_yaml(last_week)))


@pytest.fixture(scope="session")
def week_inputs(make_inputs: Callable[..., BuildInputs], past: PastWeek, waiver: Waiver) -> BuildInputs:
    """The inputs of the week that the golden files show."""
    return make_inputs(history=(past,), waivers=(waiver,))


@pytest.fixture(scope="session")
def week(week_inputs: BuildInputs, evidence: list[Held], last_week: Scorecard) -> Scorecard:
    """The scorecard that the golden files show."""
    return build(week_inputs, evidence, last_week)
