"""Which sign-ins did earlier runs of the canary start? From their signed statements, on the same target and build."""

from collections.abc import Callable, Iterator
from functools import partial

from gates.evidence.dsse import TrustRoot
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import EvidenceStore, Held
from gates.probes.raw import read_raw
from gates.probes.sign_in.points import attempt_of
from gates.probes.sign_in.seen import FILE, Earlier, Seen
from gates.schema.errors import UsageProblem
from gates.schema.output import show

MOST = 2_000
"""The newest runs that are looked at: one each minute of a day, and more."""


def reader(store: EvidenceStore, trust: TrustRoot) -> Callable[[str, str], tuple[Earlier, ...]]:
    """What reads them for a target's name and a build."""
    return partial(earlier_runs, store, trust)


def earlier_runs(store: EvidenceStore, trust: TrustRoot, target: str, build: str) -> tuple[Earlier, ...]:
    """The attempts of statements that verify, oldest first; one whose raw file is gone or altered is reported and left out."""
    held = [item for item in store.load(trust) if _fits(item, target, build)]
    return tuple(found for item in held[-MOST:] for found in _attempt(store, item))


def _fits(held: Held, target: str, build: str) -> bool:
    statement = held.statement
    subject = statement.subject[0]
    is_canary = statement.predicate_type == EvidenceKind.SIGN_IN_CANARY and statement.predicate.status == "complete"
    return is_canary and subject.name == target and subject.digest.get("build") == build


def _attempt(store: EvidenceStore, held: Held) -> Iterator[Earlier]:
    for artifact in held.statement.predicate.artifacts:
        if artifact.name != FILE:
            continue
        fault = store.check_artifact(artifact)
        if fault:
            show(f"an earlier run is left out: {fault}", err=True)
            continue
        try:
            yield Earlier(held.digest, attempt_of(read_raw(store.artifact_path(artifact.sha256), Seen)))
        except UsageProblem as problem:
            show(f"an earlier run is left out: {problem.message}", err=True)
