"""The statement that a service reported its build, which other statements cite."""

import datetime as dt
import os
from collections.abc import Mapping

from gates.evidence.dsse import Signer
from gates.evidence.identity import OBSERVATION, make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.statement import EvidenceKind, Inputs, Statement
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UsageProblem
from gates.schema.target import NamedTarget
from gates.schema.time import Clock, format_utc, parse_utc

LONGEST_BEFORE = dt.timedelta(hours=24)
"""How long before the start of a run its build may have been observed. A review observes the build once, before its first step,
and takes hours at most; a service that stays up for longer may be deployed again meanwhile."""


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
    is_offline: bool = False,
    environ: Mapping[str, str] | None = None,
) -> str | None:
    """The observation to cite: the one that the review names in the environment, or else one made now.

    None for a build that nobody knows, and for one that was `given` with --build and not read from the service in this step: an
    observation from before does not show what runs now. What is read `is_offline`, from artifacts of the review, cites the
    review's all the same.
    """
    env = os.environ if environ is None else environ
    if env.get(OBSERVATION) and (is_offline or not given):
        return env[OBSERVATION]
    return None if given or not build else observe(store, signer, clock, named, build, env)


def observed_too_early(statement: Statement, observation: Statement) -> str:
    """Why an observation does not show the build of the run that cites it: it is too old, or undated; "" where it is neither."""
    seen, started = observation.predicate.finished_at, statement.predicate.started_at
    try:
        before = parse_utc(started) - parse_utc(seen)
    except UsageProblem as problem:
        return f"when the build was read from the service is not known: {problem.message}"
    if before <= LONGEST_BEFORE:
        return ""
    hours = LONGEST_BEFORE // dt.timedelta(hours=1)
    return f"the build was read from the service at {seen}, more than {hours} h before the run started at {started}"
