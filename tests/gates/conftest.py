"""A bench for judging: gates, criteria and signed evidence in one line each."""

import datetime as dt
import signal
from collections.abc import Iterable

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.cli import main
from gates.decide import decide
from gates.evidence.dsse import Signer
from gates.evidence.keys import load_signer
from gates.evidence.statement import STATEMENT_TYPE, EvidenceKind, Measure, Predicate, Statement, Subject, sign_statement
from gates.evidence.store import EvidenceStore, Held
from gates.schema.canonical import sha256_hex
from gates.schema.entry import run
from gates.schema.gate import Criterion, EvidenceSource, Gate
from gates.schema.outcome import Operator, Priority
from gates.schema.time import format_utc
from gates.schema.verdict import CriterionVerdict, Review
from gates.schema.waiver import Waiver


class Bench:
    """Makers whose defaults pass, so that a test says only what matters to it."""

    now = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)
    kind = "urn:gonogo:evidence:load-run:v1"
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
        build = changes.pop("build", self.build)
        subject = Subject(changes.pop("target", "local"), {"sha256": build} if build else {})
        kind = changes.pop("kind", self.kind)
        measures = changes.pop("measures", None)
        measures = {name: measure or self.measure()} if measures is None else measures
        predicate = Predicate(finished, finished, "a test", measures, changes.pop("facts", {}), **changes)
        envelope = sign_statement(self.signer, statement := Statement(STATEMENT_TYPE, (subject,), kind, predicate))
        return Held(sha256_hex(msgspec.json.encode(envelope)), envelope, statement)

    def waiver(self, gate: str = "sre-reliability", expires_at: str = "2026-12-01T00:00:00Z", **changes) -> Waiver:
        """A waiver that lasts into December."""
        base = {"owner": "ada", "approver": "grace", "reason": "known and small", "mitigation": "a second host by Friday"}
        return Waiver(gate=gate, expires_at=expires_at, **{**base, **changes})

    def review(self, gates: Iterable[Gate], evidence: Iterable[Held], waivers: Iterable[Waiver] = ()) -> Review:
        """The review of `local` at the build under review."""
        return decide(tuple(gates), evidence, {"local": self.build}, self.now, waivers)

    def judge(self, criterion: Criterion, *evidence: Held) -> CriterionVerdict:
        """The verdict on one criterion."""
        return self.review([self.gate(criterion)], evidence).gates[0].criteria[0]


@pytest.fixture(scope="session")
def bench() -> Bench:
    """The bench; it holds no state."""
    return Bench()


@pytest.fixture
def gonogo(tmp_path, monkeypatch, capsys):
    """Run `python -m gates ...` in this process with its own state folder; gives (exit code, stdout, stderr)."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    for name in ("GONOGO_BASE_URL", "GONOGO_AGENT_KEY"):
        monkeypatch.delenv(name, raising=False)

    before = signal.getsignal(signal.SIGTERM)

    def call(*argv):
        code = run(main, [str(item) for item in argv])
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
    predicate = Predicate(finished, finished, "gonogo load run smoke", measures, {})
    return store.record(load_signer(home), EvidenceKind.LOAD_RUN, Subject("local", {"sha256": bench.build}), predicate)
