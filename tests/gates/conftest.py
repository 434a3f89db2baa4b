"""A bench for judging: gates, criteria and signed evidence in one line each."""

import datetime as dt
import signal
from collections.abc import Iterable

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from statements import INSTANCE, Subject, hold, observation, predicate, reviewed, subject

from gates.build import make_reviewed
from gates.decide import decide
from gates.evidence.dsse import Signer
from gates.evidence.identity import Reviewed, make_subject
from gates.evidence.keys import load_signer
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.observation import observe
from gates.evidence.statement import EvidenceKind, Inputs, Measure
from gates.evidence.store import EvidenceStore, Held
from gates.schema.entry import run
from gates.schema.gate import Criterion, EvidenceSource, Gate
from gates.schema.outcome import Operator, Priority
from gates.schema.target import load_target
from gates.schema.time import format_utc
from gates.schema.verdict import CriterionVerdict, Review
from gates.schema.waiver import Waiver, waived_gate
from scorecards.cli import gonogo as gonogo_command


class Bench:
    """Makers whose defaults pass, so that a test says only what matters to it."""

    now = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)
    kind = "urn:gonogo:evidence:load-run:v2"
    build = "b" * 64
    other_build = "c" * 64
    signer = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))

    def criterion(self, **changes) -> Criterion:
        """A criterion `double_settles <= 0` that wants 200 samples."""
        source = EvidenceSource(self.kind, changes.pop("measure", "double_settles"), "gonogo load run smoke")
        base = {
            "id": "double_settles",
            "title": "No payment settled twice",
            "unit": "count",
            "threshold": "0",
            "min_samples": 200,
        }
        return Criterion(source=source, operator=Operator(changes.pop("operator", "lte")), **{**base, **changes})

    def gate(self, *criteria: Criterion, gate_id: str = "financial-integrity", letter: str = "C", **changes) -> Gate:
        """A P0 gate."""
        base = {
            "title": "Integrity",
            "priority": Priority.P0,
            "owner": "backend",
            "question": "Is it?",
            "runbook": "runbooks/x.md",
        }
        return Gate(id=gate_id, letter=letter, criteria=criteria or (self.criterion(),), **{**base, **changes})

    def measure(self, value: str | None = "0", unit: str = "count", samples: int = 412, **changes) -> Measure:
        """Nothing bad in 412."""
        return Measure(value, unit, samples=samples, **changes)

    def held(self, measure: Measure | None = None, name: str = "double_settles", **changes) -> Held:
        """A statement of one measure about `local` at the build under review, finished an hour ago."""
        ago = changes.pop("ago", dt.timedelta(hours=1))
        finished = changes.pop("finished_at", format_utc(self.now - ago))
        about = subject(changes.pop("build", self.build), changes.pop("target", "local"), changes.pop("instance", INSTANCE))
        kind = changes.pop("kind", self.kind)
        measures = changes.pop("measures", None)
        measures = {name: measure or self.measure()} if measures is None else measures
        if not changes.pop("given", False):
            changes.setdefault("build_observation", self.observed(about, changes.get("started_at", finished)).digest)
        return hold(self.signer, kind, about, predicate(kind, finished, measures, **changes))

    def observed(self, about: Subject, started_at: str) -> Held:
        """The observation that `held` cites: of the moment at which the run started, or of now where it names none."""
        at = started_at if started_at.endswith("Z") else format_utc(self.now)
        return observation(self.signer, about.digest.get("build", ""), at, about.name, about.digest["instance"])

    def cited(self, evidence: Iterable[Held]) -> list[Held]:
        """The evidence, with the observations that it cites."""
        held = list(evidence)
        observed = {one.digest: one for one in map(self._observed_for, held)}
        return [*held, *observed.values()]

    def _observed_for(self, item: Held) -> Held:
        return self.observed(item.statement.subject[0], item.statement.predicate.started_at)

    def under_review(self, build: str | None = None, **changes: str | None) -> Reviewed:
        """What is under review."""
        return reviewed(self.build if build is None else build, **changes)

    def waiver(self, gate: str = "sre-reliability", expires_at: str = "2026-12-01T00:00:00Z", **changes) -> Waiver:
        """A waiver that lasts into December."""
        base = {"owner": "ada", "approver": "grace", "reason": "known and small", "mitigation": "a second host by Friday"}
        return Waiver(gate=gate, expires_at=expires_at, **{**base, **changes})

    def review(self, gates: Iterable[Gate], evidence: Iterable[Held], waivers: Iterable[Waiver] = ()) -> Review:
        """The review of `local` at the build under review; a waiver that names no gate's digest is of the gate as it is here."""
        known = {gate.id: waived_gate(gate) for gate in gates}
        fitting = [
            waiver if waiver.gate_sha256 else msgspec.structs.replace(waiver, gate_sha256=known.get(waiver.gate, ""))
            for waiver in waivers
        ]
        return decide(tuple(gates), self.cited(evidence), {"local": self.under_review()}, self.now, fitting)

    def judge(self, criterion: Criterion, *evidence: Held) -> CriterionVerdict:
        """The verdict on one criterion."""
        return self.review([self.gate(criterion)], evidence).gates[0].criteria[0]


@pytest.fixture(scope="session")
def bench() -> Bench:
    """The bench; it holds no state."""
    return Bench()


@pytest.fixture
def gonogo(tmp_path, monkeypatch, capsys):
    """Run `gonogo ...` in this process with its own state folder; gives (exit code, stdout, stderr)."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    for name in ("GONOGO_BASE_URL", "GONOGO_AGENT_KEY"):
        monkeypatch.delenv(name, raising=False)

    before = signal.getsignal(signal.SIGTERM)

    def call(*argv):
        code = run(gonogo_command, [str(item) for item in argv])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def stored(bench, tmp_path):
    """Evidence of one clean load run in the state folder's store."""
    home = tmp_path / "home"
    store = EvidenceStore(home / "evidence")
    finished = format_utc(bench.now - dt.timedelta(hours=1))
    measures = {"double_settles": Measure("0", "count", samples=412)}
    kind, signer, named = EvidenceKind.LOAD_RUN, load_signer(home), load_target("local")
    observed = observe(store, signer, lambda: bench.now - dt.timedelta(hours=1), named, bench.build)
    under_review = make_reviewed(named, bench.build, "smoke")
    inputs, span = Inputs(target=under_review.target, profile=under_review.profile), Span(finished, finished, 0)
    said = make_predicate(kind, "gonogo load run smoke", span, inputs, Result(measures, {}), observed)
    return store.record(signer, kind, make_subject(named, bench.build), said)
