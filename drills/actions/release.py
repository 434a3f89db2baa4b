"""Steps that replace the running release, and return to the one before."""

from drills.observed import Unobserved
from drills.rehearsal import Deviated, Facts, Rehearsal
from drills.releases import load_release, make_release
from drills.steps.base import label_of
from drills.steps.release import DeployRelease, MakeRelease, RollbackRelease
from gates.schema.errors import UnknownProblem
from gates.schema.time import monotonic_s, parse_duration_s


def make_release_folder(run: Rehearsal, step: MakeRelease) -> Facts:
    """Copy the package and apply the release's changes; a service that is not the gateway has its own releases."""
    if not run.service.makes_releases:
        return {"made": False}
    from gateway import package_dir  # the only import of the gateway: where its sources are

    release = load_release(step.release)
    make_release(package_dir(), release, run.out / "releases" / step.release)
    return {"made": True, "changes": [f"{change.file}: {change.why}" for change in release.changes]}


def deploy_release(run: Rehearsal, step: DeployRelease) -> Facts:
    """Replace the running release by the candidate, and check that another build runs."""
    before = run.service.build()
    if before is None:
        raise Unobserved("the service does not report its build: nothing shows which release runs", next_step="add spec.build")
    deploy_s = monotonic_s()
    run.record.deploy_s = deploy_s
    try:
        run.service.deploy(step.release, parse_duration_s(step.within))
    except Unobserved:
        raise
    except UnknownProblem as problem:
        raise Deviated(f"release {step.release} did not become ready: {problem.message}") from None
    run.record.serving_s = run.since_s = monotonic_s()
    build = run.remember_build(step.release)
    if build in (None, before):
        seen = "the same build runs as before" if build else "the service reports no build"
        raise Unobserved(f"after the deployment of {step.release} {seen}: the drill rehearsed nothing")
    run.note_fault(label_of(step), run.record.serving_s, f"build {str(build)[:12]} serves")
    return {"build": build, "deploy_s": f"{run.record.serving_s - deploy_s:.3f}"}


def rollback_release(run: Rehearsal, step: RollbackRelease) -> Facts:
    """Return to the previous release, and check that its build runs."""
    known = run.record.builds.get(step.release)
    if known is not None and _runs(run, known):  # a runbook has done it
        run.note_cleared()
        return {"build": known, "was_back": True}
    run.service.roll_back(step.release, parse_duration_s(step.within))
    run.since_s = monotonic_s()
    build = run.service.build()
    if known is not None and build != known:
        raise UnknownProblem(f"after the rollback build {build} runs, not {step.release}'s {known}")
    run.note_cleared()
    return {"build": build}


def _runs(run: Rehearsal, build: str) -> bool:
    """Whether this build runs now; a service that is down, as after a candidate that did not start, runs none."""
    try:
        return run.service.build() == build
    except UnknownProblem:
        return False
