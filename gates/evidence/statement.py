"""An evidence statement: in-toto v1, with measures that a gate can read without knowing the tool that took them."""

from enum import StrEnum
from typing import Literal

import msgspec

from gates.evidence.dsse import Envelope, Signer, TrustRoot
from gates.schema.canonical import Json, canonical_json
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.outcome import UnknownReason
from gates.schema.printable import printable
from gates.schema.strict_json import read_json
from gates.schema.time import parse_utc

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"


class EvidenceKind(StrEnum):
    """The kinds of evidence that gonogo itself produces; the value is the in-toto predicateType."""

    LOAD_RUN = "urn:gonogo:evidence:load-run:v1"
    HOSTILE_RAIL = "urn:gonogo:evidence:hostile-rail:v1"
    CRASH_DRILL = "urn:gonogo:evidence:crash-drill:v1"
    POWER_DRILL = "urn:gonogo:evidence:power-drill:v1"
    ROLLBACK_DRILL = "urn:gonogo:evidence:rollback-drill:v1"
    AUTHORIZATION_SWEEP = "urn:gonogo:evidence:authorization-sweep:v1"
    FAIL_CLOSED = "urn:gonogo:evidence:fail-closed:v1"
    POLICY_BINDING = "urn:gonogo:evidence:policy-binding:v1"
    SECRET_SCAN = "urn:gonogo:evidence:secret-scan:v1"  # noqa: S105  # a URN, not a secret
    RECEIPT_VERIFICATION = "urn:gonogo:evidence:receipt-verification:v1"
    DETERMINISM = "urn:gonogo:evidence:determinism:v1"
    SCORECARD = "urn:gonogo:scorecard:v1"


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One measured value.

    `value` is a decimal string in `unit`, or None where nothing was measured (`unknown` is then the reason). `samples` is the
    number of observations that it was computed from. For a ratio, `failures` are the bad ones and `skipped` the ones not tried:
    both count against it. `statistic` names how a distribution was reduced, with its method: "p95 nearest-rank".
    """

    value: str | None
    unit: str
    samples: int = 0
    failures: int | None = None
    skipped: int = 0
    statistic: str | None = None
    unknown: UnknownReason | None = None
    detail: str = ""


class Artifact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A raw file that a measure was computed from; the evidence store holds it by its sha256."""

    name: str
    sha256: str
    size: int


class Predicate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What was done, when, and what came out. `status` other than complete makes every measure unknown with that reason."""

    started_at: str
    finished_at: str
    producer: str
    measures: dict[str, Measure]
    facts: dict[str, Json]
    status: Literal["complete", "not_run", "dry_run", "adapter_error", "invalid_generator"] = "complete"
    detail: str = ""
    artifacts: tuple[Artifact, ...] = ()


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was tested: the target's name and the sha256 of its build."""

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


def make_statement(kind: EvidenceKind, subject: Subject, predicate: Predicate) -> Statement:
    """Put facts about one subject into a statement."""
    return Statement(STATEMENT_TYPE, (subject,), kind.value, predicate)


def sign_statement(signer: Signer, statement: Statement) -> Envelope:
    """The statement's RFC 8785 bytes in a DSSE envelope."""
    return signer.sign(PAYLOAD_TYPE, canonical_json(statement))


def open_statement(trust: TrustRoot, envelope: Envelope, origin: str) -> Statement:
    """The statement inside, once its signature holds.

    Raises UnverifiedProblem naming `origin` for a signature, payload type or statement that is not right: a doubled member, not
    exactly one subject, times that cannot be read or run backwards.
    """
    if envelope.payload_type != PAYLOAD_TYPE:
        raise UnverifiedProblem(f"{origin}: payloadType {envelope.payload_type!r} is not {PAYLOAD_TYPE!r}")
    try:
        payload = trust.verify(envelope).payload
    except UnverifiedProblem as problem:
        raise UnverifiedProblem(f"{origin}: {problem.message}") from None
    try:
        read_json(payload)
        statement = msgspec.json.decode(payload, type=Statement)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnverifiedProblem(f"{origin}: not an evidence statement: {printable(str(error))}") from None
    if statement.type_ != STATEMENT_TYPE:
        raise UnverifiedProblem(f"{origin}: _type {statement.type_!r} is not {STATEMENT_TYPE!r}")
    count = len(statement.subject)
    if not count or (count > 1 and statement.predicate_type != EvidenceKind.SCORECARD):  # which is about its files
        raise UnverifiedProblem(f"{origin}: the statement is about {count} subjects, not about exactly one")
    _require_times(statement.predicate, origin)
    return statement


def _require_times(predicate: Predicate, origin: str) -> None:
    moments = []
    for name in ("started_at", "finished_at"):
        try:
            moments.append(parse_utc(getattr(predicate, name)))
        except UsageProblem as problem:
            raise UnverifiedProblem(f"{origin}: {name}: {printable(problem.message)}") from None
    if moments[1] < moments[0]:
        raise UnverifiedProblem(f"{origin}: finished at {predicate.finished_at}, before it started at {predicate.started_at}")
