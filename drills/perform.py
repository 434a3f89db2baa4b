"""A drill from its name to its evidence: plan, folder, run, report, statement."""

import os
import re
from pathlib import Path

import msgspec

from drills import journal as journals
from drills.complete import complete
from drills.endings import exit_code
from drills.journal import DRY_RUN, Journal, Phase, Status
from drills.lock import TargetLock
from drills.page.make import write_page
from drills.record import PLAN_FILE, Evidence, Plan, Record, read_plan, read_record, write_record
from drills.rehearsal import Console, Rehearsal
from drills.report import Report, files_of, make_report, predicate, write_report
from drills.runner import announce, rehearse
from drills.schema import Drill, load_drill
from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.keys import own_trust
from gates.evidence.observation import cite
from gates.evidence.recording import Recording, begin_recording, resume_recording
from gates.evidence.statement import EvidenceKind, Inputs, Measure
from gates.evidence.store import EvidenceStore
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode, UnknownReason
from gates.schema.state import made_state_dir
from gates.schema.target import NamedTarget, check_environment, load_target, require_operations, resolve_base_url
from gates.schema.time import format_utc, monotonic_s, system_clock
from gates.schema.tls import CA_FILE, ca_environment

_SHA256 = re.compile(r"[0-9a-f]{64}")


def make_plan(name: str, target: str, seed: int, payments: int | None, build: str | None = None, *, people: bool = False) -> Plan:
    """All inputs of a run; raises UsageProblem for a drill or target that is missing or invalid."""
    document, named = load_drill(name), load_target(target)
    check_environment(named.target)
    require_operations(named.target)
    if named.target.process is None:
        resolve_base_url(named.target)  # nothing that the drill starts would set its variable
    _require_own_kind(document.spec, name)
    drill = complete(document.spec, name)
    unique = {"at": format_utc(system_clock()), "drill": document.metadata.name, "moment": str(monotonic_s()), "pid": os.getpid()}
    return Plan(
        run_id=sha256_hex(canonical_json(unique))[:32],
        name=document.metadata.name,
        drill=drill,
        target_name=named.name,
        target_argument=target,
        target=named.target,
        seed=seed,
        payments=drill.storm.payments if payments is None else payments,
        build=_sha256(build) if build else None,
        people=people,
        ca_file=ca_environment(named).get(CA_FILE),
        title=document.metadata.title,
    )


def _require_own_kind(drill: Drill, name: str) -> None:
    """Gates read the other kinds, and a drill of one's own can be weaker than the shipped one; raises UsageProblem."""
    if drill.evidence != "own-drill" and drill != _shipped(drill.evidence.removesuffix("-drill")):
        raise UsageProblem(
            f"{name}: $.spec.evidence: {drill.evidence} is the evidence of a shipped drill, which differs from this one",
            next_step="leave evidence out: the statement is then an own-drill",
        )


def _shipped(name: str) -> Drill:
    return load_drill(name).spec


def _sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise UsageProblem(f"--build {text!r} is not a sha256 of 64 lower-case hex digits")
    return text


def begin(plan: Plan, out: Path, console: Console, evidence: Path | None = None, *, dry_run: bool = False) -> Rehearsal:
    """Lock the target, list the run in the evidence store at `evidence`, if given, and open the folder and the journal.

    Raises UsageProblem if the folder is not empty, RefusedProblem while another drill has the target.
    """
    if out.exists() and any(out.iterdir()):
        next_step = f"give another --out; if a drill was killed in it: gonogo drill recover {out}"
        raise UsageProblem(f"{out}: is not empty", next_step=next_step)
    lock = None if dry_run else TargetLock(plan, out, {**os.environ, **plan.environment})
    try:
        run = _begin(plan, out, console, evidence)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    run.lock = lock
    return run


def _begin(plan: Plan, out: Path, console: Console, evidence: Path | None) -> Rehearsal:
    out.mkdir(parents=True, exist_ok=True)
    out = out.absolute()
    if evidence is not None:
        kind, profile, store = plan.drill.kind, plan.drill.storm.profile, evidence.absolute()
        recording = begin_recording(store, made_state_dir(), kind, plan.target_name, profile=profile, seed=plan.seed)
        plan = msgspec.structs.replace(plan, evidence=Evidence(str(store), recording.run))
    (out / PLAN_FILE).write_bytes(canonical_json(plan) + b"\n")
    journal = Journal(out / journals.FILE, system_clock, monotonic_s)
    return Rehearsal(plan, out, journal, console)


def perform(run: Rehearsal, *, dry_run: bool = False) -> ExitCode:
    """Run the drill, or only write its plan; returns the documented exit code."""
    if dry_run:
        announce(run)
        write_record(run.out, run.record)
        run.journal.write(Phase.DONE, DRY_RUN, Status.SKIPPED)
        return ExitCode.UNKNOWN
    ending = rehearse(run, {**os.environ, **run.plan.environment})
    report = make_report(run.plan, run.out, run.record)
    code = exit_code(ending, run.signal, any(map(_is_unknown, report.measures.values())))
    if code is not ExitCode.UNKNOWN:
        return code
    return ExitCode.REFUSED if run.refused else ExitCode.USAGE if run.misdescribed else code


def _is_unknown(measure: Measure) -> bool:
    """Whether the drill could not measure it; a person's part that it played itself is not measured, and says so."""
    return measure.value is None and measure.unknown is not UnknownReason.DRY_RUN


def conclude(run: Rehearsal) -> Report:
    """Close the journal, write record and report, and sign the statement that ends the run, if the plan names a store.

    Then another drill may have the target.
    """
    run.journal.close()
    try:
        return _conclude(run.plan, run.out, run.record)
    finally:
        if run.lock is not None:
            run.lock.release()


def catch_up(out: Path) -> bool:
    """Sign the statement of a drill that ended and was killed before it left one; False if there is nothing to do."""
    plan = read_plan(out)
    if plan.evidence is None:
        return False
    runs = EvidenceStore(Path(plan.evidence.folder)).contents(own_trust(made_state_dir())).runs()
    if not any(item.entry.object == plan.evidence.run and not item.statement for item in runs):
        return False
    _conclude(plan, out, read_record(out))
    return True


def _conclude(plan: Plan, out: Path, record: Record) -> Report:
    write_record(out, record)
    report = make_report(plan, out, record)
    write_report(out, report)
    if plan.evidence is not None:
        recording = resume_recording(Path(plan.evidence.folder), made_state_dir(), plan.evidence.run)
        _sign(report, NamedTarget(plan.target_name, plan.target), recording, out)
    write_page(out)  # last: whatever goes wrong with the page, the statement is signed
    return report


def _sign(report: Report, named: NamedTarget, recording: Recording, out: Path) -> None:
    given = not report.builds
    observed = cite(recording.store, recording.signer, system_clock, named, report.build, given=given)
    artifacts = recording.keep({path: out / path for path in files_of(out).values()})
    inputs = Inputs(target=target_sha256(named), seed=report.seed)
    statement = predicate(report, inputs, observed, artifacts)
    recording.sign(EvidenceKind(report.evidence), make_subject(named, report.build), statement)
