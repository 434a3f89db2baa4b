"""A step that a review does not run leaves a signed statement that says why, so that nobody looks for the reason elsewhere."""

from collections.abc import Mapping

from gates.evidence.identity import OBSERVATION, make_subject, target_sha256
from gates.evidence.keys import load_signer
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.statement import EvidenceKind, Inputs
from gates.evidence.store import EvidenceStore
from gates.schema.gate import sought
from gates.schema.time import format_utc, system_clock
from scorecards.order import Order
from scorecards.plan import Step


def record_not_run(order: Order, step: Step, why: str, build: str, environ: Mapping[str, str]) -> None:
    """Sign that this step was not run on the service under review, for each source that it would have queried.

    It takes the place of evidence about something else, and never of a run on this build that came to a result.
    """
    now = format_utc(system_clock())
    result = Result(measures={}, facts={}, status="not_run", detail=why)
    store, signer, subject = EvidenceStore(order.evidence), load_signer(order.home), make_subject(order.named, build, environ)
    sources = {sought(item).source for gate in order.gates for item in gate.criteria}
    for source in sorted(sources - {None}, key=str) if step.evidence is EvidenceKind.ADAPTER else (None,):
        inputs = Inputs(target=target_sha256(order.named), source=source)
        tool, observation = f"gonogo review: {step.name}", environ.get(OBSERVATION)
        predicate = make_predicate(step.evidence, tool, Span(now, now, 0), inputs, result, observation)
        store.record(signer, step.evidence, subject, predicate)
