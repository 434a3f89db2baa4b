"""A load run from start to evidence: plan, storm, audit, verdict."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.statement import EvidenceKind, Inputs
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.outcome import UnknownReason
from gates.schema.progress import progress
from gates.schema.target import NamedTarget
from gates.schema.time import Clock, format_utc, monotonic_s, system_clock
from gates.schema.tls import ca_environment
from loadtests.books.entries import NOT_LISTED, Books, Gap, unopened
from loadtests.books.read import audit_books, read_opening
from loadtests.books.read_list import ReadList
from loadtests.books.settlements import Expected
from loadtests.checker.check import check
from loadtests.checker.listing import expected_of
from loadtests.checker.requests import index_history
from loadtests.run.assessment import Assessment, assess, finding_facts
from loadtests.run.folder import CheckReport, RunFolder, RunReport
from loadtests.run.preflight import preflight
from loadtests.run.skew import comparable
from loadtests.run.whole import Status, fault_of, status_of
from loadtests.schema import NamedProfile
from loadtests.service import Service
from loadtests.storm.history import Event
from loadtests.storm.manners import Manners, Order, Until
from loadtests.storm.mix import fitted
from loadtests.storm.plan import Plan, make_plan
from loadtests.storm.supervise import StormEnd, run_storm
from loadtests.storm.wire import require_sendable

if TYPE_CHECKING:
    from gates.evidence.recording import Recording

_READY_S, _READY_AFTER_S = 2.0, 30.0
LONGEST = 5  # times the payments of its profile: the maximum of a storm that continues until a file exists


def nothing() -> None:
    """A run that no log lists."""


class LoadResult(msgspec.Struct, frozen=True):
    """The result of a run or a check; `assessment` is None if it was not checked."""

    run: RunReport
    assessment: Assessment | None


def run_load(
    profile: NamedProfile,
    named: NamedTarget,
    folder: RunFolder,
    *,
    seed: int,
    run_id: str,
    clock: Clock,
    until: Path | None = None,
    begin: Callable[[], None] = nothing,
) -> RunReport:
    """Run the storm and record it; nothing is judged yet.

    With `until`, payments beyond the profile's number start until that file exists, at most LONGEST times as many; the
    plan in the folder is then reduced to what began. The books are read before the first request, and the first payments show
    whether the target's file describes the service. `begin` is called after those and before the storm: from then on it is a run.

    Raises UnknownProblem if the target cannot be reached or answers 5xx, UsageProblem if its file or the environment is
    incomplete or does not fit the service.
    """
    folder.require_new()
    with Service(named) as service:
        least = profile.profile.payments
        planned, left_out = _fitted(profile if until is None else _longer(profile), named)
        plan = make_plan(planned, seed, run_id, service.accounts(), left_out)
        manners = Manners(named.target, plan)
        _try_requests(manners, plan)
        service.await_ready(_READY_S)
        build, started, begun_s = service.build(), clock(), monotonic_s()
        opening = read_opening(service, plan)
        tried = preflight(service, plan, manners, opening, clock=comparable(clock))
        begin()
        goal = None if until is None else Until(str(until.absolute()), least)
        folder.begin(plan, Order(named.name, named.target, profile.profile, goal), opening, tried)
        report = RunReport(
            profile=profile.name,
            seed=seed,
            run_id=run_id,
            target=named.name,
            base_url=service.base_url,
            builds=(build, None),
            started_at=format_utc(started),
            finished_at=format_utc(started),
            duration_ms=0,
            profile_sha256=profile.sha256,
            left_out=left_out,
            storm=StormEnd(complete=False, done=0, detail="the run was ended before its storm was", cause="interrupted"),
        )
        folder.write(folder.run, report)  # so that a run that is interrupted can be checked
        with progress(f"storm {profile.name}", least) as bar:
            end = run_storm(folder.folder, profile.profile.limits.duration_s, bar, extra=ca_environment(named))
        if goal is not None and end.begun is not None:
            folder.cut(plan, end.begun)
        finished, duration_ms = format_utc(clock()), round((monotonic_s() - begun_s) * 1000)
        builds = (build, _build_after(service))
    report = msgspec.structs.replace(report, builds=builds, finished_at=finished, duration_ms=duration_ms, storm=end)
    folder.write(folder.run, report)
    return report


def judge(folder: RunFolder, named: NamedTarget | None) -> LoadResult:
    """Check a run: against the target's books as they are now, or, without a target, as they were when last read."""
    if named is not None:
        plan = folder.read_plan()
        folder.write_books(*audit(named, plan, expected_of(index_history(plan, _history(folder)))))
    run, assessment = reassess(folder)
    folder.write(folder.run, run)
    folder.write(folder.check, CheckReport(assessment.measures, assessment.findings))
    folder.write(folder.metrics, assessment.histograms)
    return LoadResult(run, assessment)


def reassess(folder: RunFolder) -> tuple[RunReport, Assessment]:
    """Judge a run by the files in its folder alone; writes nothing."""
    run, plan, order = folder.read_run(), folder.read_plan(), folder.read_order()
    history = _history(folder)
    books = folder.read_books(expected_of(index_history(plan, history)))
    assessment = assess(plan, history, books, order.profile.limits, opening=folder.read_opening(), target=order.target)
    if run.storm.complete and (fault := fault_of(plan, history)):
        torn = msgspec.structs.replace(run.storm, complete=False, detail=fault, cause="invalid_generator")
        run = msgspec.structs.replace(run, storm=torn)
    return msgspec.structs.replace(run, counts=assessment.counts, latency=assessment.latency), assessment


def unchecked(folder: RunFolder) -> LoadResult:
    """A run that is compared with no books: only what its clients saw is counted."""
    gap = Gap(UnknownReason.NOT_RUN, "the run was not checked")
    counts = check(folder.read_plan(), _history(folder), Books(gap, gap, gap), unopened(gap)).counts
    run = msgspec.structs.replace(folder.read_run(), counts=counts)
    folder.write(folder.run, run)
    return LoadResult(run, None)


def _history(folder: RunFolder) -> list[Event]:
    return folder.read_history() if folder.files.history.exists() else []


def audit(named: NamedTarget, plan: Plan, expected: Expected) -> tuple[Books, ReadList | None]:
    """The target's books, when it is ready; all of them gaps if it does not become ready."""
    with Service(named) as service:
        try:
            service.await_ready(_READY_AFTER_S)
        except (UnknownProblem, UsageProblem) as problem:
            gap = Gap(UnknownReason.ADAPTER_ERROR, problem.message)
            listed = NOT_LISTED if named.target.audit.settlements is None else gap
            return Books(gap, gap, gap, listed, named.target.audit.settlements), None
        return audit_books(service, plan, expected)


def record_evidence(result: LoadResult, named: NamedTarget, folder: RunFolder, recording: "Recording") -> str:
    """Keep the run's files, and sign the statement that ends it; returns the evidence's digest.

    A storm that is incomplete, saw two builds or had no effect proves nothing: its measures become unknown.
    """
    from gates.evidence.observation import cite

    assert result.assessment is not None, "only a checked run becomes evidence"
    run, assessment = result.run, result.assessment
    status, detail = standing_of(run, assessment)
    build = run.builds[1] or run.builds[0]
    outcome = Result(
        measures=assessment.measures,
        facts={
            "profile": run.profile,
            "seed": run.seed,
            "run_id": run.run_id,
            "counts": msgspec.structs.asdict(assessment.counts),
            "latency": assessment.latency,
            **({"left_out": dict(run.left_out)} if run.left_out else {}),
            "findings": finding_facts(assessment.findings, _history(folder)),
        },
        status=status,
        detail=detail,
        cohort="simulated",
        artifacts=recording.keep({path.name: path for path in folder.measured}),
    )
    observed = cite(recording.store, recording.signer, system_clock, named, build)
    span = Span(run.started_at, run.finished_at, run.duration_ms)
    inputs = Inputs(target=target_sha256(named), profile=run.profile_sha256, seed=run.seed)
    predicate = make_predicate(EvidenceKind.LOAD_RUN, f"gonogo load run {run.profile}", span, inputs, outcome, observed)
    return recording.sign(EvidenceKind.LOAD_RUN, make_subject(named, build), predicate).digest


def standing_of(run: RunReport, assessment: Assessment) -> tuple[Status, str]:
    """The status of the run's evidence, and why."""
    return status_of(run.storm, run.builds, assessment.counts, len(assessment.findings))


def _fitted(profile: NamedProfile, named: NamedTarget) -> tuple[NamedProfile, dict[str, str]]:
    fit, left_out = fitted(profile.profile, named.target)
    return msgspec.structs.replace(profile, profile=fit), left_out


def _longer(profile: NamedProfile) -> NamedProfile:
    longer = msgspec.structs.replace(profile.profile, payments=LONGEST * profile.profile.payments)
    return msgspec.structs.replace(profile, profile=longer)


def _try_requests(manners: Manners, plan: Plan) -> None:
    """Fill every template once, so that an error in the target is reported before the storm."""
    done = set()
    for payment in plan.payments:
        for step in payment.steps:
            if step.operation not in done:
                done.add(step.operation)
                require_sendable(manners.request(payment, step, "pay_example"))


def _build_after(service: Service) -> str | None:
    try:
        service.await_ready(_READY_AFTER_S)
    except UnknownProblem:  # it was ready before
        return None
    return service.known_build()
