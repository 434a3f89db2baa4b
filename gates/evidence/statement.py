"""An evidence statement: in-toto v1, with measures that a gate can read without knowing the tool that took them."""

from enum import StrEnum
from typing import Literal

import msgspec

from gates.evidence.dsse import Envelope, Signer, TrustRoot
from gates.schema.canonical import Json, canonical_json
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.outcome import Operator, UnknownReason
from gates.schema.printable import printable
from gates.schema.source import ADAPTED
from gates.schema.strict_json import read_json
from gates.schema.time import parse_utc

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


class EvidenceKind(StrEnum):
    """The kinds of evidence that gonogo itself produces; the value is the in-toto predicateType."""

    LOAD_RUN = "urn:gonogo:evidence:load-run:v2"
    HOSTILE_RAIL = "urn:gonogo:evidence:hostile-rail:v2"
    CRASH_DRILL = "urn:gonogo:evidence:crash-drill:v2"
    POWER_DRILL = "urn:gonogo:evidence:power-drill:v2"
    ROLLBACK_DRILL = "urn:gonogo:evidence:rollback-drill:v2"
    DISK_FULL_DRILL = "urn:gonogo:evidence:disk-full-drill:v2"
    FSYNC_ERROR_DRILL = "urn:gonogo:evidence:fsync-error-drill:v2"
    SLOW_FSYNC_DRILL = "urn:gonogo:evidence:slow-fsync-drill:v2"
    INCIDENT_DRILL = "urn:gonogo:evidence:incident-drill:v2"
    INCIDENT_KILL_DRILL = "urn:gonogo:evidence:incident-kill-drill:v2"
    INCIDENT_FREEZE_DRILL = "urn:gonogo:evidence:incident-freeze-drill:v2"
    INCIDENT_LATENCY_DRILL = "urn:gonogo:evidence:incident-latency-drill:v2"
    INCIDENT_RAIL_DRILL = "urn:gonogo:evidence:incident-rail-drill:v2"
    NETWORK_DRILL = "urn:gonogo:evidence:network-drill:v2"
    CLOCK_DRILL = "urn:gonogo:evidence:clock-drill:v2"
    PAUSE_DRILL = "urn:gonogo:evidence:pause-drill:v2"
    RAIL_OUTAGE_DRILL = "urn:gonogo:evidence:rail-outage-drill:v2"
    KEY_ROTATION_DRILL = "urn:gonogo:evidence:key-rotation-drill:v2"
    KEY_COMPROMISE_DRILL = "urn:gonogo:evidence:key-compromise-drill:v2"
    RESTORE_DRILL = "urn:gonogo:evidence:restore-drill:v2"
    RESTORE_LITESTREAM_DRILL = "urn:gonogo:evidence:restore-litestream-drill:v2"
    OWN_DRILL = "urn:gonogo:evidence:own-drill:v2"
    RUNBOOK_RUN = "urn:gonogo:evidence:runbook-run:v2"
    RUNBOOK_REHEARSAL = "urn:gonogo:evidence:runbook-rehearsal:v2"
    AUTHORIZATION_SWEEP = "urn:gonogo:evidence:authorization-sweep:v2"
    FAIL_CLOSED = "urn:gonogo:evidence:fail-closed:v2"
    POLICY_BINDING = "urn:gonogo:evidence:policy-binding:v2"
    SECRET_SCAN = "urn:gonogo:evidence:secret-scan:v2"  # noqa: S105  # a URN, not a secret
    RECEIPT_VERIFICATION = "urn:gonogo:evidence:receipt-verification:v2"
    DETERMINISM = "urn:gonogo:evidence:determinism:v2"
    SETUP_JOURNAL = "urn:gonogo:evidence:setup-journal:v2"
    ONBOARDING_FUNNEL = "urn:gonogo:evidence:onboarding-funnel:v2"
    SIGN_IN_CANARY = "urn:gonogo:evidence:sign-in-canary:v2"
    RUNBOOK_RESOLUTION = "urn:gonogo:evidence:runbook-resolution:v2"
    HOST_MATRIX = "urn:gonogo:evidence:host-matrix:v2"
    SLO_WINDOW = "urn:gonogo:evidence:slo-window:v2"
    ADAPTER = ADAPTED
    BUILD_OBSERVATION = "urn:gonogo:evidence:build-observation:v2"
    SCORECARD = "urn:gonogo:scorecard:v2"


Status = Literal["complete", "not_run", "dry_run", "adapter_error", "invalid_generator", "interrupted"]
Cohort = Literal["none", "simulated", "canary", "external"]


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One measured value.

    `value` is a decimal string in `unit`, or None where nothing was measured (`unknown` is then the reason). `samples` is the
    number of opportunities to fail that it looked at, and `made_of` counts parts of them (`in_flight_together`, `acknowledged`,
    `refused`, `ambiguous`). For a ratio, `failures` are the bad ones and `skipped` the ones not tried: both count against it.
    `statistic` names how a distribution was reduced, with its method: "p95 nearest-rank". After `valid_until` it counts no more.
    """

    value: str | None
    unit: str
    samples: int = 0
    failures: int | None = None
    skipped: int = 0
    statistic: str | None = None
    unknown: UnknownReason | None = None
    detail: str = ""
    made_of: dict[str, int] = {}
    valid_until: str = ""


class Producer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The command that measured, the release it belongs to, and the sha256 of the toolkit's sources."""

    tool: str
    version: str
    sha256: str


class Limited(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A criterion that an adapter's answer was collected for, as GATE/CRITERION, with the limit that it had then."""

    criterion: str
    operator: Operator
    threshold: str
    upper: str | None = None
    min_samples: int = 1


class Inputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a tool was given: its seed, and by sha256 target file, load profile, adapter's source, probe's table, Signers, SLOs.

    `queried_at` is when an adapter queried its source: of two answers of one source the later query counts, however old they are.
    `judges` are the criteria that an adapter's answer was collected for: an edited source is not another criterion.
    """

    target: str
    profile: str | None = None
    source: str | None = None
    table: str | None = None
    signers: str | None = None
    seed: int | None = None
    queried_at: str | None = None
    judges: tuple[Limited, ...] = ()
    slos: tuple[str, ...] = ()


class Artifact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A raw file that a measure was computed from; the evidence store holds it by its sha256."""

    name: str
    sha256: str
    size: int


class Predicate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done, when, and what came out. `status` other than complete makes every measure unknown with that reason.

    `duration_ms` is monotonic. `cohort` says whose behaviour was measured. `rehearsal` is true only for a rehearsal key.
    `build_observation` is the digest of the statement that the service reported this build, None where --build gave it.
    Nothing is judged by `facts`: they are for people.
    """

    kind: str
    producer: Producer
    started_at: str
    finished_at: str
    duration_ms: int
    inputs: Inputs
    measures: dict[str, Measure]
    facts: dict[str, Json]
    status: Status = "complete"
    detail: str = ""
    cohort: Cohort = "none"
    rehearsal: bool = False
    build_observation: str | None = None
    artifacts: tuple[Artifact, ...] = ()
    version: Literal["2"] = "2"


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was tested: the target's name, and the sha256 of its `build` and of its `instance`, as far as they are known."""

    name: str
    digest: dict[str, str]


class Statement(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"type_": "_type", "predicate_type": "predicateType"},
):
    """An in-toto Statement v1."""

    type_: str
    subject: tuple[Subject, ...]
    predicate_type: str
    predicate: Predicate


def make_statement(kind: str, subject: Subject, predicate: Predicate) -> Statement:
    """Put facts about one subject into a statement."""
    assert predicate.kind == short_kind(kind), "a predicate names the kind of its statement"
    return Statement(STATEMENT_TYPE, (subject,), str(kind), predicate)


def short_kind(predicate_type: str) -> str:
    """The name of a kind: `load-run` for urn:gonogo:evidence:load-run:v2."""
    return predicate_type.removeprefix("urn:gonogo:").removeprefix("evidence:").rpartition(":")[0]


def sign_statement(signer: Signer, statement: Statement) -> Envelope:
    """The statement's RFC 8785 bytes in a DSSE envelope."""
    return signer.sign(PAYLOAD_TYPE, canonical_json(statement))


def open_statement(trust: TrustRoot, envelope: Envelope, origin: str) -> Statement:
    """The statement inside, once its signature holds.

    Raises UnverifiedProblem naming `origin` for a signature, payload type or statement that is not right: a doubled member, not
    exactly one subject, times that cannot be read or run backwards, a rehearsal's mark that is not its key's.
    """
    if envelope.payload_type != PAYLOAD_TYPE:
        raise UnverifiedProblem(f"{origin}: payloadType {envelope.payload_type!r} is not {PAYLOAD_TYPE!r}")
    try:
        signed = trust.verify(envelope)
    except UnverifiedProblem as problem:
        raise UnverifiedProblem(f"{origin}: {problem.message}") from None
    payload = signed.payload
    try:
        read_json(payload)
        _refuse_version_1(payload, origin)
        statement = msgspec.json.decode(payload, type=Statement)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnverifiedProblem(f"{origin}: not an evidence statement: {printable(str(error))}") from None
    if statement.type_ != STATEMENT_TYPE:
        raise UnverifiedProblem(f"{origin}: _type {statement.type_!r} is not {STATEMENT_TYPE!r}")
    count = len(statement.subject)
    if not count or (count > 1 and statement.predicate_type != EvidenceKind.SCORECARD):  # which is about its files
        raise UnverifiedProblem(f"{origin}: the statement is about {count} subjects, not about exactly one")
    if statement.predicate.kind != short_kind(statement.predicate_type):
        raise UnverifiedProblem(f"{origin}: kind {statement.predicate.kind!r} is not that of {statement.predicate_type}")
    if any((keyid in trust.marked) != statement.predicate.rehearsal for keyid in signed.keyids):
        what = "a rehearsal's, and its key is none" if statement.predicate.rehearsal else "no rehearsal's, and its key is one"
        raise UnverifiedProblem(f"{origin}: the statement is {what}: {', '.join(signed.keyids)}")
    _require_times(statement.predicate, origin)
    return statement


def _refuse_version_1(payload: bytes, origin: str) -> None:
    """Statements of earlier releases named no inputs and no instance, so nothing is judged by them."""
    if msgspec.json.decode(payload, type=_Typed).predicate_type.endswith(":v1"):
        raise StaleVersion(f"{origin}: a statement of version 1", next_step="collect the evidence again with this release")


class StaleVersion(UnverifiedProblem):
    """A statement of an earlier version: its signature holds, and it is stale."""


class _Typed(msgspec.Struct, rename={"predicate_type": "predicateType"}):
    predicate_type: str


def _require_times(predicate: Predicate, origin: str) -> None:
    moments = []
    for name in ("started_at", "finished_at"):
        try:
            moments.append(parse_utc(getattr(predicate, name)))
        except UsageProblem as problem:
            raise UnverifiedProblem(f"{origin}: {name}: {printable(problem.message)}") from None
    if moments[1] < moments[0]:
        raise UnverifiedProblem(f"{origin}: finished at {predicate.finished_at}, before it started at {predicate.started_at}")
