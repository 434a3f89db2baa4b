"""A drill from its name to its evidence: plan, folder, run, report, statement."""

import os
import re
from pathlib import Path

from drills import journal as journals
from drills.endings import exit_code
from drills.journal import Journal, Phase, Status
from drills.record import Plan
from drills.rehearsal import Console, Rehearsal
from drills.report import PLAN_FILE, Report, make_report, predicate, write_report
from drills.runner import announce, rehearse
from drills.schema import load_drill
from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.keys import load_signer
from gates.evidence.observation import cite
from gates.evidence.statement import EvidenceKind, Inputs
from gates.evidence.store import EvidenceStore
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import UsageProblem
from gates.schema.outcome import ExitCode
from gates.schema.state import made_state_dir
from gates.schema.target import NamedTarget, check_environment, load_target, resolve_base_url
from gates.schema.time import format_utc, monotonic_s, system_clock

_SHA256 = re.compile(r"[0-9a-f]{64}")


def make_plan(name: str, target: str, seed: int, payments: int | None, build: str | None = None) -> Plan:
    """All inputs of a run; raises UsageProblem for a drill or target that is missing or invalid."""
    document, named = load_drill(name), load_target(target)
    check_environment(named.target)
    if named.target.process is None:
        resolve_base_url(named.target)  # nothing that the drill starts would set its variable
    drill = document.spec
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
    )


def _sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise UsageProblem(f"--build {text!r} is not a sha256 of 64 lower-case hex digits")
    return text


def begin(plan: Plan, out: Path, console: Console) -> Rehearsal:
    """Open the folder and the journal; raises UsageProblem if the folder is not empty."""
    if out.exists() and any(out.iterdir()):
        next_step = f"give another --out; if a drill was killed in it: gonogo drill recover {out}"
        raise UsageProblem(f"{out}: is not empty", next_step=next_step)
    out.mkdir(parents=True, exist_ok=True)
    out = out.absolute()
    (out / PLAN_FILE).write_bytes(canonical_json(plan) + b"\n")
    journal = Journal(out / journals.FILE, system_clock, monotonic_s)
    return Rehearsal(plan, out, journal, console)


def perform(run: Rehearsal, *, dry_run: bool = False) -> ExitCode:
    """Run the drill, or only write its plan; returns the documented exit code."""
    if dry_run:
        announce(run)
        run.journal.write(Phase.DONE, "dry_run", Status.SKIPPED)
        return ExitCode.UNKNOWN
    ending = rehearse(run, dict(os.environ))
    report = make_report(run.plan, run.out, run.record)
    return exit_code(ending, run.signal, any(measure.value is None for measure in report.measures.values()))


def conclude(run: Rehearsal, evidence: Path | None) -> Report:
    """Close the journal, write the report, and sign it as evidence into the store at `evidence`, if given."""
    run.journal.close()
    report = make_report(run.plan, run.out, run.record)
    write_report(run.out, report)
    if evidence is not None:
        _record(report, NamedTarget(run.plan.target_name, run.plan.target), evidence)
    return report


def _record(report: Report, named: NamedTarget, folder: Path) -> None:
    store, signer = EvidenceStore(folder), load_signer(made_state_dir())
    observed = cite(store, signer, system_clock, named, report.build)
    inputs = Inputs(target=target_sha256(named), seed=report.seed)
    statement = predicate(report, inputs, observed)
    store.record(signer, EvidenceKind(report.evidence), make_subject(named, report.build), statement)
