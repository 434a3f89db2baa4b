"""Statements as the tools sign them, for tests that judge: every member has a value that fits what is under review."""

import msgspec

from gates.evidence.identity import Reviewed
from gates.evidence.statement import (
    STATEMENT_TYPE,
    EvidenceKind,
    Inputs,
    Measure,
    Predicate,
    Producer,
    Statement,
    Subject,
    make_statement,
    short_kind,
    sign_statement,
)
from gates.evidence.store import Held
from gates.schema.canonical import sha256_hex

INSTANCE, TARGET, TOOL, PROFILE = (sha256_hex(name.encode()) for name in ("instance", "target file", "tool", "profile"))


def reviewed(build: str, **changes: str | None) -> Reviewed:
    """What is under review, fitting every statement of this module about this build."""
    fitting = Reviewed(build=build, instance=INSTANCE, target=TARGET, tool=TOOL, profile=PROFILE)
    return msgspec.structs.replace(fitting, **changes)


def subject(build: str, name: str = "local", instance: str = INSTANCE) -> Subject:
    """A subject; without a build it names its instance alone."""
    return Subject(name, {**({"build": build} if build else {}), "instance": instance})


def predicate(kind: str, finished_at: str, measures: dict[str, Measure], **changes: object) -> Predicate:
    """A complete predicate of an instant's measurement; every member can be replaced."""
    members = {
        "kind": short_kind(kind),
        "producer": Producer("a test", "0", TOOL),
        "started_at": finished_at,
        "finished_at": finished_at,
        "duration_ms": 0,
        "inputs": Inputs(target=TARGET),
        "measures": measures,
        "facts": {},
        **changes,
    }
    return Predicate(**members)  # type: ignore[arg-type]  # a test's own members


def hold(signer, kind: str, about: Subject, said: Predicate) -> Held:
    """Sign a statement; it need not be one that the tools would make."""
    statement = Statement(STATEMENT_TYPE, (about,), kind, said)
    envelope = sign_statement(signer, statement)
    return Held(sha256_hex(msgspec.json.encode(envelope)), envelope, statement)


def observation(signer, build: str, at: str, name: str = "local", instance: str = INSTANCE) -> Held:
    """The observation of a build that statements cite."""
    kind = EvidenceKind.BUILD_OBSERVATION
    statement = make_statement(kind, subject(build, name, instance), predicate(kind, at, {}))
    envelope = sign_statement(signer, statement)
    return Held(sha256_hex(msgspec.json.encode(envelope)), envelope, statement)


def only_result(held: list[Held]) -> Held:
    """The one statement among them that is no observation of a build."""
    (found,) = [item for item in held if item.statement.predicate_type != EvidenceKind.BUILD_OBSERVATION]
    return found
