"""The results of a drill: report.json, the signed statement, and a text for people."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from drills import journal
from drills.faults import drained_ns, faults_of
from drills.incident.case import case_of
from drills.incident.files import incident_files
from drills.incident.measures import incident_measures
from drills.journal import End, Ending, Event, RolledBack, Status, is_dry_run, read_journal
from drills.keys.files import KEY_FILES
from drills.markers import read_markers
from drills.measures import measures_of
from drills.objectives import Lives
from drills.observations import observations
from drills.record import FILE as RECORD_FILE
from drills.record import PLAN_FILE, Plan, Record
from drills.restore.compare import Comparison
from drills.restore.measures import losses_in_words, restore_measures
from drills.restore.read import LEDGER, comparison_of
from drills.steps.restore import CompareRestored
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.statement import Artifact, EvidenceKind, Inputs, Measure, Predicate
from gates.evidence.statement import Status as Standing
from gates.schema.canonical import Json, canonical_json, sha256_hex
from gates.schema.errors import UnverifiedProblem, UsageProblem
from gates.schema.outcome import UnknownReason

FILE = "report.json"
STORM, PAYOUTS = "storm", "payouts"
_STORM_FILES = ("plan", "order", "before", "books", "run", "check")
FILES = {
    "journal": journal.FILE,
    "plan": PLAN_FILE,
    "record": RECORD_FILE,
    "history": f"{STORM}/history.jsonl",
    **{name if name == "check" else f"storm_{name}": f"{STORM}/{name}.json" for name in _STORM_FILES},
    **{f"payouts_{name}": f"{PAYOUTS}/{name}.json" for name in ("books", "run", "check")},
    "payouts_asks": f"{PAYOUTS}/asks.jsonl",
    **KEY_FILES,
    "restored_ledger": LEDGER,
    "storm_readback": f"{STORM}/readback.jsonl",  # of a target that shows a list of settlements
}
"""What a report's numbers were made from: its name in `Report.digests`, and its path in the drill's folder."""


def files_of(out: Path) -> dict[str, str]:
    """The same for a drill's folder: FILES, and those of a rehearsal's monitorings."""
    return FILES | incident_files(out)


_REASONS = {"complete": UnknownReason.MISSING, "interrupted": UnknownReason.NOT_RUN}


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the timeline: seconds since the drill began."""

    at_s: str
    phase: str
    what: str
    status: str


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole drill, before any judgement."""

    drill: str
    evidence: str
    target: str
    build: str | None
    builds: dict[str, str]
    seed: int
    payments: int
    started_at: str
    finished_at: str
    duration_ms: int
    status: Standing
    detail: str
    ending: Ending | None
    measures: dict[str, Measure]
    deviations: tuple[str, ...]
    integrity: str | None
    timeline: tuple[Moment, ...]
    digests: dict[str, str]
    lost: tuple[str, ...] = ()


def make_report(plan: Plan, out: Path, record: Record) -> Report:
    """Build the report from the journal, the record and the files."""
    history = read_journal(out / journal.FILE)
    status, detail = _standing(history.events)
    rolled_back = history.ending is not None and history.ending.rolled_back is RolledBack.VERIFIED
    return Report(
        drill=plan.name,
        evidence=plan.drill.kind.value,
        target=plan.target_name,
        build=record.builds.get("stable") or record.builds.get("service") or plan.build,
        builds=record.builds,
        seed=plan.seed,
        payments=plan.payments,
        started_at=history.events[0].at,
        finished_at=history.events[-1].at,
        duration_ms=(history.events[-1].monotonic_ns - history.events[0].monotonic_ns) // 1_000_000,
        status=status,
        detail=detail,
        ending=history.ending,
        measures=_measures(
            plan, out, record, history.events, lives_of(plan, out, record, history.events), rolled_back, (status, detail)
        ),
        deviations=tuple(record.deviations),
        integrity=record.integrity,
        timeline=timeline(history.events),
        digests=_digests(out),
        lost=losses_in_words(compared(plan, out, history.events)),
    )


def lives_of(plan: Plan, out: Path, record: Record, events: tuple[Event, ...]) -> Lives:
    """The faults that the journal has, and the marks that the storm's history has."""
    again_ns = None if record.steady_again_s is None else int(record.steady_again_s * 1e9)
    return Lives(
        faults=faults_of(events),
        markers=read_markers(out / FILES["history"]),
        operation=plan.drill.marker,
        steady_again_ns=again_ns,
        counts=observations(events),
        drained_ns=drained_ns(events),
    )


def _measures(
    plan: Plan,
    out: Path,
    record: Record,
    events: tuple[Event, ...],
    lives: Lives,
    rolled_back: bool,
    standing: tuple[Standing, str],
) -> dict[str, Measure]:
    """In alphabetical order; where the fault was not observed nothing is measured, and each measure says why."""
    status, detail = standing
    reason, kind, detecting = _REASONS.get(status) or UnknownReason(status), plan.drill.kind, plan.drill.detecting
    paging, comparing = plan.drill.has("await_page"), plan.drill.has("compare_restored")
    if events[-1].facts.get(journal.UNOBSERVED):
        nothing = measures_of(kind, Record(), False, reason, detecting=detecting)
        nothing |= incident_measures(None, reason) if paging else {}
        nothing |= restore_measures(None, reason) if comparing else {}
        return {name: msgspec.structs.replace(nothing[name], detail=detail) for name in sorted(nothing)}
    found = measures_of(kind, record, rolled_back, reason, lives, detecting=detecting)
    if paging:
        found |= incident_measures(case_of(plan.drill, out, events), reason)
    if comparing:
        found |= restore_measures(compared(plan, out, events), reason)
    why = why_unmeasured(events[-1].ending, record.deviations, _why_not_back(events))
    unsaid = {name: one for name, one in found.items() if why and one.value is None and not one.detail}
    found |= {name: msgspec.structs.replace(one, detail=why) for name, one in unsaid.items()}
    return dict(sorted(found.items()))


def _why_not_back(events: Sequence[Event]) -> str:
    """The reason that the journal has for a rollback that failed."""
    failed = [event for event in events if (event.action, event.status) == ("rollback", Status.FAILED)]
    return str(failed[-1].facts.get("reason", "")) if failed else ""


def why_unmeasured(ending: Ending | None, deviations: Sequence[str], not_back: str = "") -> str:
    """Why a drill that ended so left measures without a value, and what to do; "" where its status already says so.

    `not_back` is why its rollback failed.
    """
    first = next((text.splitlines()[0] for text in (not_back, *deviations) if text), "")
    if ending is not None and ending.rolled_back is RolledBack.FAILED:
        why = f" ({first})" if first else ""
        return f"not measured, because the drill's rollback failed{why}: see that the service runs well, then repeat the drill"
    return f"not measured: {first}" if first else ""


def compared(plan: Plan, out: Path, events: tuple[Event, ...]) -> Comparison | None:
    """What a drill that lost its database has compared; None for another, and for one that did not get so far."""
    step = next((step for step in plan.drill.steps if isinstance(step, CompareRestored)), None)
    return comparison_of(out, step, events)


def _digests(out: Path) -> dict[str, str]:
    return {name: sha256_hex((out / path).read_bytes()) for name, path in files_of(out).items() if (out / path).exists()}


def check_files(out: Path, report: Report) -> None:
    """Raise UnverifiedProblem naming each file of the drill that is no longer the one that the report was made from."""
    now = _digests(out)
    words = dict.fromkeys(now, "was changed")
    words |= dict.fromkeys(report.digests.keys() - now.keys(), "is missing")
    words |= dict.fromkeys(now.keys() - report.digests.keys(), "was added")
    files = files_of(out) | {name: name for name in report.digests if name not in FILES}  # those of a monitoring are their paths
    wrong = [f"{out / path} {words[name]}" for name, path in files.items() if now.get(name) != report.digests.get(name)]
    if wrong:
        raise UnverifiedProblem(
            f"{', '.join(wrong)} after {out / FILE} was written",
            next_step=f"run the drill again: gonogo drill run {report.drill}",
        )


def timeline(events: tuple[Event, ...]) -> tuple[Moment, ...]:
    """Every line about something that happened; of a dry run, what would have."""
    begun, dry = events[0].monotonic_ns, is_dry_run(events)
    return tuple(
        Moment(f"{(event.monotonic_ns - begun) / 1e9:.3f}", event.phase, what_of(event), event.status)
        for event in events
        if (dry or event.status is not Status.PLANNED) and event.action != "process"
    )


def what_of(event: Event) -> str:
    """The name of a step, or its action; of one that is only planned both, since its name alone says little."""
    planned = event.status is Status.PLANNED and event.step
    return f"{event.action} ({event.step})" if planned else event.step or event.action


def write_report(out: Path, report: Report) -> None:
    """DIR/report.json, canonical."""
    (out / FILE).write_bytes(canonical_json(report) + b"\n")


def read_report(out: Path) -> Report:
    """Read DIR/report.json; raises UsageProblem if it is missing or malformed."""
    path = out / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except FileNotFoundError:
        step = (
            f"if the drill was killed: gonogo drill recover {out}" if out.is_dir() else "name the folder that `drill run` printed"
        )
        raise UsageProblem(f"{path}: no such report", next_step=step) from None
    except msgspec.MsgspecError as error:
        raise UsageProblem(f"{path}: not a drill report: {error}") from None


def predicate(report: Report, inputs: Inputs, build_observation: str | None, artifacts: tuple[Artifact, ...] = ()) -> Predicate:
    """The report as evidence about one build of one target, with the files that its measures were computed from."""
    facts: dict[str, Json] = {
        "drill": report.drill,
        "seed": report.seed,
        "payments": report.payments,
        "builds": dict(report.builds),
        "deviations": list(report.deviations),
        "integrity": report.integrity,
        "digests": dict(report.digests),
        "lost": list(report.lost),
        "ending": msgspec.to_builtins(report.ending),
        "timeline": msgspec.to_builtins(report.timeline),
    }
    kind = EvidenceKind(report.evidence)
    span = Span(report.started_at, report.finished_at, report.duration_ms)
    result = Result(report.measures, facts, report.status, report.detail, "simulated", artifacts)
    return make_predicate(kind, f"gonogo drill run {report.drill}", span, inputs, result, build_observation)


def text(report: Report) -> str:
    """The report as text."""
    lines = [
        f"drill {report.drill} on {report.target}, build {(report.build or 'unknown')[:12]}, seed {report.seed}",
        _verdict(report),
    ]
    lines += [f"  deviation: {item}" for item in report.deviations]
    lines += ["", f"lost in the restore: {len(report.lost)} acknowledged operations"] if report.lost else []
    lines += [f"  {item}" for item in report.lost]
    lines += ["", "measures"]
    for name, measure in report.measures.items():
        value = f"unknown: {measure.unknown}" if measure.value is None else f"{measure.value} {measure.unit}"
        lines.append(f"  {name:28}{value:15} {f'n={measure.samples} ' if measure.samples else ''}{measure.detail}".rstrip())
    lines += ["", "timeline"]
    lines += [f"  {item.at_s:>9} s  {item.phase:10}{item.status:10}{item.what}" for item in report.timeline]
    return "\n".join(lines)


def _verdict(report: Report) -> str:
    if report.ending is None:
        return f"{report.status}: {report.detail}"
    ending = report.ending
    words = [ending.end.value]
    if ending.deviated:
        words.append("deviated")
    elif ending.end is End.COMPLETED:  # a drill that did not come to its end showed nothing
        words.append("as expected")
    words.append(f"rollback {ending.rolled_back.replace('_', ' ')}")
    return ", ".join(words) + (f": {report.detail}" if report.detail else "")


def _standing(events: tuple[Event, ...]) -> tuple[Standing, str]:
    """Whether the measures may be judged, and the reason if not."""
    last = events[-1]
    reason = str(last.facts.get("reason", ""))
    if last.ending is None:
        return ("dry_run", "dry run: no step was run") if is_dry_run(events) else ("interrupted", "the drill was killed")
    if last.ending.end is End.COMPLETED:
        return "complete", ""
    if last.ending.end is End.INTERRUPTED:
        return "interrupted", f"interrupted: {reason}"
    if last.facts.get(journal.UNOBSERVED):
        return "not_run", f"not observed: {reason}"
    if last.ending.end is End.FAILED and last.ending.rolled_back is not RolledBack.NOT_NEEDED:
        return "adapter_error", reason
    return "not_run", f"{'not run' if last.ending.end is End.FAILED else last.ending.end}: {reason}"
