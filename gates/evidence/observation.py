"""The statement that a service reported its build, which other statements cite."""

import os
from collections.abc import Mapping

from gates.evidence.dsse import Signer
from gates.evidence.identity import OBSERVATION, make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.statement import EvidenceKind, Inputs
from gates.evidence.store import EvidenceStore
from gates.schema.target import NamedTarget
from gates.schema.time import Clock, format_utc


def observe(
    store: EvidenceStore, signer: Signer, clock: Clock, named: NamedTarget, build: str, environ: Mapping[str, str] | None = None
) -> str:
    """Sign and store that the service reported this build just now; returns the digest of the statement."""
    now = format_utc(clock())
    result = Result(measures={}, facts={"build": build})
    inputs = Inputs(target=target_sha256(named))
    kind, tool = EvidenceKind.BUILD_OBSERVATION, "the build that the service reports"
    predicate = make_predicate(kind, tool, Span(now, now, 0), inputs, result, None)
    return store.record(signer, kind, make_subject(named, build, environ), predicate).digest


def cite(
    store: EvidenceStore,
    signer: Signer,
    clock: Clock,
    named: NamedTarget,
    build: str | None,
    *,
    given: bool = False,
    environ: Mapping[str, str] | None = None,
) -> str | None:
    """The observation to cite: the one that the review names in the environment, or else one made now.

    None for a build that nobody knows, and for one that was given with --build and not read from the service.
    """
    env = os.environ if environ is None else environ
    if env.get(OBSERVATION):
        return env[OBSERVATION]
    return None if given or not build else observe(store, signer, clock, named, build, env)
