"""A load run that could not begin: its statement says that nothing was measured, and why, so that a scorecard can say it."""

from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.observation import cite
from gates.evidence.recording import Recorder
from gates.evidence.statement import EvidenceKind, Inputs
from gates.schema.errors import Problem
from gates.schema.target import NamedTarget
from gates.schema.time import format_utc, system_clock
from loadtests.schema import NamedProfile
from loadtests.service import Service


def record_not_run(recorder: Recorder, named: NamedTarget, profile: NamedProfile, seed: int, problem: Problem) -> None:
    """List the run and sign the statement that ends it: status not_run, no measures, and the problem with its next step."""
    build, now = _build(named), format_utc(system_clock())
    subject = make_subject(named, build)
    recorder.begin()
    recording = recorder.recording
    assert recording is not None, "begin has listed the run"
    detail = f"{problem.message} ({problem.next_step})" if problem.next_step else problem.message
    result = Result({}, {"profile": profile.name, "seed": seed}, "not_run", f"not run: {detail}", "simulated")
    observed = cite(recording.store, recording.signer, system_clock, named, build)
    inputs = Inputs(target=target_sha256(named), profile=profile.sha256, seed=seed)
    predicate = make_predicate(
        EvidenceKind.LOAD_RUN, f"gonogo load run {profile.name}", Span(now, now, 0), inputs, result, observed
    )
    recording.sign(EvidenceKind.LOAD_RUN, subject, predicate)


def _build(named: NamedTarget) -> str | None:
    """The build of the service, None if it does not answer, or the environment does not let it be requested."""
    try:
        with Service(named) as service:
            return service.known_build()
    except Problem:
        return None
