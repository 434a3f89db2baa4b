"""A state folder on which a GO is earned, and makers that change one thing about it: gates, statements, documents."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from statements import predicate

from gates.build import make_reviewed
from gates.evidence.dsse import Signer, jwks_bytes
from gates.evidence.identity import Reviewed, make_subject
from gates.evidence.keys import load_signer, own_trust
from gates.evidence.making import producer
from gates.evidence.statement import (
    EvidenceKind,
    Inputs,
    Measure,
    Predicate,
    Statement,
    Subject,
    make_statement,
    sign_statement,
)
from gates.evidence.store import EvidenceStore, Held
from gates.log.entry import EntryKind
from gates.schema.canonical import sha256_hex
from gates.schema.target import load_target

BUILD, OTHER_BUILD = "b" * 64, "c" * 64
NOW, EARLIER = "2026-11-23T10:00:00.000Z", "2026-11-23T08:00:00.000Z"
KIND = EvidenceKind.LOAD_RUN
TOOL = "gonogo load run smoke"
CLEAN = Measure("0", "count", samples=412)

CRITERION: dict[str, object] = {
    "id": "double_settles",
    "title": "No payment settled twice",
    "source": {"adapter": "evidence", "predicate_type": KIND.value, "measure": "double_settles", "produced_by": TOOL},
    "unit": "count",
    "operator": "lte",
    "threshold": "0",
    "min_samples": 200,
}
GATE: dict[str, object] = {
    "id": "money",
    "letter": "C",
    "title": "Money",
    "priority": "P0",
    "owner": "backend",
    "question": "Can a payment settle twice?",
    "runbook": "runbooks/money.md",
}


class Ending(msgspec.Struct, frozen=True):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All of it, without line ends: some outputs are wrapped."""
        return " ".join((self.out + " " + self.err).split())


def criterion(measure: str = "double_settles", **changes: object) -> dict[str, object]:
    """A criterion as a gate file has it; a change to None leaves the member out."""
    source = {**CRITERION["source"], "measure": measure}  # type: ignore[dict-item]  # a mapping, as it stands above
    return _without_none({**CRITERION, "id": measure.replace(" ", "_"), "source": source, **changes})


def gate(*criteria: dict[str, object], **changes: object) -> dict[str, object]:
    """A gate as a gate file has it, by default with one criterion."""
    return _without_none({**GATE, "criteria": list(criteria) or [criterion()], **changes})


def _without_none(members: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


class State:
    """A state folder with its own key; `folder` is a place for other files, `gonogo` runs commands on it."""

    def __init__(self, home: Path, folder: Path, gonogo: Callable[..., Ending]) -> None:
        self.home, self.folder, self._gonogo = home, folder, gonogo
        self.signer: Signer = load_signer(home)
        self.store = EvidenceStore(home / "evidence")
        self.named = load_target("local")
        self._made = 0

    def statements(self) -> list[Predicate]:
        """What the stored statements say, oldest first."""
        return [held.statement.predicate for held in self.store.load(own_trust(self.home))]

    # --- gates ---

    def gate_file(self, *gates: dict[str, object], name: str = "mine.yaml") -> Path:
        """A folder with one gate file, and with the runbook that it names."""
        path = self.folder / "gates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        runbook = self.folder / "gates" / "runbooks" / "money.md"
        runbook.parent.mkdir(exist_ok=True)
        runbook.touch()
        document = {"apiVersion": "gonogo/v1", "kind": "GateSet", "metadata": {"name": "mine"}, "spec": {"gates": list(gates)}}
        path.write_bytes(msgspec.yaml.encode(document))
        return self.folder / "gates"

    def judge(
        self, *gates: dict[str, object], build: str = BUILD, now: str | None = NOW, more: tuple[object, ...] = ()
    ) -> Ending:
        """`gonogo gate run` with these gates, by default with one P0 gate of one criterion; by the clock without `now`."""
        path = self.gate_file(*(gates or (gate(),)))
        moment = () if now is None else ("--now", now)
        return self._gonogo("gate", "run", "--gates", path, "--build", build, *moment, *more)

    def judge_one(self, measure: Measure, more: tuple[object, ...] = (), **changes: object) -> Ending:
        """The judgement of one criterion, with these changes, on evidence of one measure."""
        self.record({"double_settles": measure})
        return self.judge(gate(criterion(**changes)), more=more)

    def review(self, name: str = "review", now: str = NOW, more: tuple[object, ...] = ()) -> Path:
        """The folder of a scorecard over clean evidence."""
        self.clean()
        out = self.folder / name
        gates = self.gate_file(gate())
        done = self._gonogo("scorecard", "build", "--gates", gates, "--build", BUILD, "--now", now, "--out", out, *more)
        assert done.code == 0, done.text
        return out

    # --- evidence ---

    def reviewed(self, build: str = BUILD) -> Reviewed:
        """What `judge` has under review."""
        return make_reviewed(self.named, build, "smoke")

    def subject(self, build: str = BUILD) -> Subject:
        """The subject of a statement about `local`."""
        return make_subject(self.named, build)

    def observe(self, about: Subject, at: str = EARLIER) -> str:
        """The observation of a build that statements cite."""
        kind = EvidenceKind.BUILD_OBSERVATION
        return self.store.record(self.signer, kind, about, self._fitting(kind, at, {}, {})).digest

    def said(self, measures: dict[str, Measure], at: str = "", kind: str = KIND, **changes: object) -> Predicate:
        """A predicate that fits what `judge` has under review, a minute after the last one; every member can be replaced."""
        self._made += 1
        at = at or f"2026-11-23T09:{self._made:02}:00.000Z"
        if "build_observation" not in changes:
            changes["build_observation"] = self.observe(self.subject(), str(changes.get("started_at", at)))
        return self._fitting(kind, at, measures, changes)

    def _fitting(self, kind: str, at: str, measures: dict[str, Measure], changes: dict[str, object]) -> Predicate:
        one = self.reviewed()
        fits = {"producer": producer("a test"), "inputs": Inputs(target=one.target, profile=one.profile)}
        return predicate(kind, at, measures, **{**fits, **changes})

    def record(
        self,
        measures: dict[str, Measure],
        at: str = "",
        kind: EvidenceKind = KIND,
        about: Subject | None = None,
        **changes: object,
    ) -> Held:
        """Sign, store and list a statement; by default about what is under review."""
        subject = about or self.subject()
        if about is not None:
            changes.setdefault("build_observation", self.observe(about, at or EARLIER))
        return self.store.record(self.signer, kind, subject, self.said(measures, at, kind, **changes))

    def clean(self, **changes: object) -> Held:
        """Evidence on which `judge` gives GO."""
        return self.record({"double_settles": CLEAN}, **changes)  # type: ignore[arg-type]  # a test's own members

    def list_bytes(self, data: bytes) -> str:
        """List any envelope in the log under the true key, as somebody with the key could; returns its digest."""
        return self.store.append(self.signer, EntryKind.STATEMENT, data).object

    def signed(self, statement: Statement, by: Signer | None = None) -> bytes:
        """Any statement under a key, by default the state folder's own."""
        return msgspec.json.encode(sign_statement(by or self.signer, statement))

    def statement(self, measures: dict[str, Measure] | None = None, **changes: object) -> Statement:
        """A statement that is not stored."""
        return make_statement(KIND, self.subject(), self.said(measures or {"double_settles": CLEAN}, **changes))  # type: ignore[arg-type]  # a test's own members

    def path_of(self, digest: str) -> Path:
        """The file of a stored envelope."""
        return self.store.objects / digest[:2] / f"{digest}.intoto.json"

    def trust_file(self, *signers: Signer) -> Path:
        """A file of keys to trust, by default the state folder's own."""
        path = self.folder / "trust.json"
        path.write_bytes(jwks_bytes(*(one.jwk for one in signers or (self.signer,))))
        return path


def renamed(path: Path, data: bytes) -> Path:
    """Write changed bytes under their new digest, in the place of the old file."""
    digest = sha256_hex(data)
    path.unlink()
    new = path.parents[1] / digest[:2] / f"{digest}.intoto.json"
    new.parent.mkdir(exist_ok=True)
    new.write_bytes(data)
    return new
