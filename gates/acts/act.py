"""One human act as a signed statement: what it is about, who did it, why, and until when."""

import datetime as dt
from enum import StrEnum

import msgspec

from gates.evidence.statement import STATEMENT_TYPE
from gates.schema.canonical import canonical_json
from gates.schema.errors import UnverifiedProblem
from gates.schema.printable import printable
from gates.schema.strict_json import read_json
from gates.signers.document import Role

PREDICATE_TYPE = "urn:gonogo:act:v1"


class ActKind(StrEnum):
    """What people can do by signature."""

    WAIVER = "waiver"
    ATTESTATION = "attestation"
    EXPLANATION = "explanation"
    LATE_REVIEW = "late_review"
    LOOSENING = "loosening"
    CHANGE = "change"
    FREEZE_EXCEPTION = "freeze_exception"


class ActRule(msgspec.Struct, frozen=True):
    """The role that an act needs, how many different people have to sign it, and how long it may last (None: it does not end)."""

    role: Role
    people: int
    longest: dt.timedelta | None
    subject: str


RULES: dict[ActKind, ActRule] = {
    ActKind.WAIVER: ActRule(Role.WAIVER, 1, dt.timedelta(days=14), "the id of a gate"),
    ActKind.ATTESTATION: ActRule(Role.ATTESTATION, 1, dt.timedelta(days=90), "GATE/CRITERION"),
    ActKind.EXPLANATION: ActRule(Role.EXPLANATION, 2, None, "the sha256 of a statement"),
    ActKind.LATE_REVIEW: ActRule(Role.LATE_REVIEW, 2, None, "the sha256 of a scorecard"),
    ActKind.LOOSENING: ActRule(Role.LOOSEN, 2, None, "GATE/CRITERION"),
    ActKind.CHANGE: ActRule(Role.CHANGE, 1, None, "`build` or `commits`"),
    ActKind.FREEZE_EXCEPTION: ActRule(Role.FREEZE_EXCEPTION, 2, dt.timedelta(hours=4), "`build` or `commits`"),
}


class Sha256(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A digest as in-toto writes it."""

    sha256: str


class ActSubject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the act is about, by name and by the sha256 of what it was when it was signed."""

    name: str
    digest: Sha256


class Deployed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a change record or a freeze exception lets through: whose work, and the full ids of its Git commits.

    A change record also has the class of the change, P0 to P2, and the sha256 of the statement of the rollback drill that
    rehearsed its rollback plan.
    """

    author: str
    commits: tuple[str, ...] = ()
    change_class: str = ""
    rollback: str = ""


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The act itself. `by` is the id of the person who began it and `signers` the sha256 of the Signers document then in force.

    `expires_at` is for acts that end, `ticket`, `owner` and `mitigation` are a waiver's, `deployed` is for change records and
    freeze exceptions.
    """

    act: ActKind
    by: str
    at: str
    reason: str
    signers: str
    expires_at: str = ""
    ticket: str = ""
    owner: str = ""
    mitigation: str = ""
    deployed: Deployed | None = None


class ActStatement(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={"type_": "_type", "predicate_type": "predicateType"},
):
    """An in-toto Statement v1 about exactly one subject."""

    type_: str
    subject: tuple[ActSubject]
    predicate_type: str
    predicate: Act

    @property
    def about(self) -> ActSubject:
        """The one subject."""
        return self.subject[0]


def make_act(name: str, sha256: str, act: Act) -> ActStatement:
    """An act about one thing."""
    return ActStatement(STATEMENT_TYPE, (ActSubject(name, Sha256(sha256)),), PREDICATE_TYPE, act)


def statement_bytes(statement: ActStatement) -> bytes:
    """The act as it is signed: RFC 8785."""
    return canonical_json(statement)


def read_act(payload: bytes, origin: str) -> ActStatement:
    """The act in these bytes; raises UnverifiedProblem naming `origin` for anything else."""
    try:
        read_json(payload)
        statement = msgspec.json.decode(payload, type=ActStatement)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnverifiedProblem(f"{origin}: not a human act: {printable(str(error))}") from None
    if (statement.type_, statement.predicate_type) != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise UnverifiedProblem(f"{origin}: not a human act: {printable(statement.predicate_type)}")
    return statement
