"""A step that a review does not run leaves a signed statement that says why, so that nobody looks for the reason elsewhere."""

from collections.abc import Mapping

from gates.evidence.identity import OBSERVATION, make_subject, target_sha256
from gates.evidence.keys import load_signer
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.statement import Inputs
from gates.evidence.store import EvidenceStore
from gates.schema.time import format_utc, system_clock
from scorecards.order import Order
from scorecards.plan import Step


def record_not_run(order: Order, step: Step, why: str, build: str, environ: Mapping[str, str]) -> str:
    """Sign that this step was not run on the service under review; returns the digest of the statement.

    It takes the place of evidence about something else, and never of a run on this build that came to a result.
    """
    now = format_utc(system_clock())
    result = Result(measures={}, facts={}, status="not_run", detail=why)
    inputs, observation = Inputs(target=target_sha256(order.named)), environ.get(OBSERVATION)
    predicate = make_predicate(step.evidence, f"gonogo review: {step.name}", Span(now, now, 0), inputs, result, observation)
    store = EvidenceStore(order.evidence)
    return store.record(load_signer(order.home), step.evidence, make_subject(order.named, build, environ), predicate).digest
