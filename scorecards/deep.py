"""Do the measures of a review's statements follow from their raw files? Each room computes its own again, as a child process."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gates.acts.store import read_complete
from gates.evidence.dsse import TrustRoot
from gates.evidence.keys import load_trust
from gates.evidence.making import Span, producer, settled
from gates.evidence.recomputed import Recomputed, read_recomputed
from gates.evidence.statement import EvidenceKind, Measure, Predicate
from gates.evidence.store import Held
from gates.schema.errors import Problem, UnknownProblem, UnverifiedProblem
from gates.schema.outcome import ExitCode
from gates.schema.printable import printable
from gates.schema.progress import progress
from gates.schema.rooms import room_argv
from gates.schema.source import ACT, DOCUMENT, REQUEST
from gates.signers.ring import Signers
from scorecards import folder
from scorecards.raw_files import candidates, lay_out
from scorecards.registers_part import newly_shown
from scorecards.verify import Checked, Level

CLAIM = "every measure follows from its raw files"
LIMIT_S = 1800
_LOAD, _DRILL = room_argv("loadtests", "recompute"), room_argv("drills", "recompute")
_RUNBOOK = room_argv("drills.runbook", "recompute")
_PROBE = room_argv("gates", "gate", "recompute")
_ADAPTER = room_argv("gates", "evidence", "recompute")
_SLO = room_argv("gates", "slo", "recompute")
ROOMS = {
    EvidenceKind.LOAD_RUN: _LOAD,
    EvidenceKind.HOSTILE_RAIL: _LOAD,
    EvidenceKind.CRASH_DRILL: _DRILL,
    EvidenceKind.POWER_DRILL: _DRILL,
    EvidenceKind.ROLLBACK_DRILL: _DRILL,
    EvidenceKind.DISK_FULL_DRILL: _DRILL,
    EvidenceKind.FSYNC_ERROR_DRILL: _DRILL,
    EvidenceKind.SLOW_FSYNC_DRILL: _DRILL,
    EvidenceKind.INCIDENT_DRILL: _DRILL,
    EvidenceKind.INCIDENT_KILL_DRILL: _DRILL,
    EvidenceKind.INCIDENT_FREEZE_DRILL: _DRILL,
    EvidenceKind.INCIDENT_LATENCY_DRILL: _DRILL,
    EvidenceKind.INCIDENT_RAIL_DRILL: _DRILL,
    EvidenceKind.NETWORK_DRILL: _DRILL,
    EvidenceKind.CLOCK_DRILL: _DRILL,
    EvidenceKind.PAUSE_DRILL: _DRILL,
    EvidenceKind.RAIL_OUTAGE_DRILL: _DRILL,
    EvidenceKind.KEY_ROTATION_DRILL: _DRILL,
    EvidenceKind.KEY_COMPROMISE_DRILL: _DRILL,
    EvidenceKind.RESTORE_DRILL: _DRILL,
    EvidenceKind.RESTORE_LITESTREAM_DRILL: _DRILL,
    EvidenceKind.OWN_DRILL: _DRILL,
    EvidenceKind.RUNBOOK_RUN: _RUNBOOK,
    EvidenceKind.RUNBOOK_REHEARSAL: _RUNBOOK,
    EvidenceKind.AUTHORIZATION_SWEEP: _PROBE,
    EvidenceKind.FAIL_CLOSED: _PROBE,
    EvidenceKind.POLICY_BINDING: _PROBE,
    EvidenceKind.SECRET_SCAN: _PROBE,
    EvidenceKind.RECEIPT_VERIFICATION: _PROBE,
    EvidenceKind.DETERMINISM: _PROBE,
    EvidenceKind.SETUP_JOURNAL: _PROBE,
    EvidenceKind.ONBOARDING_FUNNEL: _PROBE,
    EvidenceKind.RUNBOOK_RESOLUTION: _PROBE,
    EvidenceKind.SIGN_IN_CANARY: _PROBE,
    EvidenceKind.HOST_MATRIX: _PROBE,
    EvidenceKind.SLO_WINDOW: _SLO,
    EvidenceKind.ADAPTER: _ADAPTER,
}
"""The command that computes the measures of a kind of statement again from a folder of raw files."""


def deep_level(path: Path, trust: TrustRoot | None, places: Sequence[Path]) -> Level:
    """The level of `--deep`: a statement that does not follow fails it, one that nothing can compute again is not checked.

    Its statements are those that were judged, and those by which items of the registers were closed since the last official card.
    """
    try:
        root = trust or load_trust(path / folder.TRUST_FILE)
        held = {item.digest: item for item in (*folder.read_bundle(path, root), *newly_shown(path, root))}
        signers = folder.read_signers(path)
    except Problem:
        return Level(CLAIM, Checked.NOT_CHECKED, "it depends on a level that did not pass")
    claimed = [item for item in held.values() if item.statement.predicate.measures]
    wrong, unchecked = [], []
    with progress("measures", len(claimed)) as bar:
        for number, item in enumerate(claimed):
            bar.step(number, _name(item))
            try:
                require_following(item, places, signers)
            except UnverifiedProblem as problem:
                wrong.append(f"{_name(item)}: {problem.message}{_other_version(item.statement.predicate)}")
            except UnknownProblem as problem:
                unchecked.append(f"{_name(item)}: {problem.message}")
        bar.step(len(claimed))
    if wrong:
        return Level(CLAIM, Checked.FAIL, "; ".join(wrong))
    if unchecked:
        return Level(CLAIM, Checked.NOT_CHECKED, "; ".join(unchecked))
    files = [artifact for item in claimed for artifact in item.statement.predicate.artifacts]
    away = sum(not any(candidates(artifact.sha256, (path,))) for artifact in files)
    others = " and ".join(str(place) for place in places if place != path)
    found = f", {away} of them not of this folder but of {others}" if away else ""
    return Level(CLAIM, Checked.PASS, f"{len(claimed)} statements computed again from {len(files)} files{found}")


def require_following(item: Held, places: Sequence[Path], signers: Signers | None = None) -> None:
    """Compute the measures of one statement again; what it took from a person's act has to be signed by one of `signers`.

    Raises UnverifiedProblem naming the measure or the file that differs, UnknownProblem where that cannot be found out.
    """
    said = item.statement.predicate
    argv = _command(item)
    if argv is None:
        raise UnknownProblem(f"no command computes {said.kind} again")
    if not said.artifacts:
        raise UnknownProblem("it names no raw files")
    with tempfile.TemporaryDirectory(prefix="deep-") as scratch:
        lay_out(said.artifacts, places, Path(scratch))
        _require_signed(Path(scratch) / ACT, signers)
        found = _again([*argv, scratch])
    different = [*_of_another_source(said), *_differences(said, found), *_of_something_else(item, found)]
    if different:
        raise UnverifiedProblem("; ".join(different))


def _command(item: Held) -> Sequence[str] | None:
    """What computes the statement's measures again: its room, or the reading of a document that somebody signed."""
    kind = item.statement.predicate_type
    if kind in set(EvidenceKind):
        return ROOMS.get(EvidenceKind(kind))
    return _ADAPTER if any(artifact.name == DOCUMENT for artifact in item.statement.predicate.artifacts) else None


def _require_signed(act: Path, signers: Signers | None) -> None:
    """Raise UnverifiedProblem for an act that no person who may has signed; a statement without an act needs none."""
    if not act.exists():
        return
    if signers is None:
        raise UnverifiedProblem(f"{act.name}: no {folder.SIGNERS_FILE} says who may sign acts")
    try:
        read_complete(act.read_bytes(), signers, act.name)
    except Problem as problem:
        raise UnverifiedProblem(problem.message) from None


def _again(argv: Sequence[str]) -> Recomputed:
    try:
        done = subprocess.run(argv, capture_output=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise UnknownProblem(f"not computed again within {LIMIT_S} s") from None
    words = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
    if done.returncode in (ExitCode.USAGE, ExitCode.UNVERIFIED):  # a file is missing, or none of ours
        raise UnverifiedProblem(f"it does not follow from its raw files: {printable(words[0])}")
    try:
        if done.returncode == ExitCode.GREEN:
            return read_recomputed(done.stdout)
    except msgspec.MsgspecError as error:
        words = [str(error)]
    raise UnknownProblem(f"could not be computed again (exit {done.returncode}): {printable(words[0])}")


def _differences(said: Predicate, found: Recomputed) -> Iterator[str]:
    """What the statement says otherwise than its raw files."""
    if found.kind != said.kind:
        yield f"its raw files are those of a statement of kind {found.kind}"
        return
    status, _ = settled(Span(said.started_at, said.finished_at, said.duration_ms), found.status)
    if status != said.status:
        yield f"status is {said.status}, and its raw files give {status}"
    for name in sorted(said.measures.keys() | found.measures.keys()):
        before, again = said.measures.get(name), found.measures.get(name)
        if before != again:
            yield f"{name} is {_text(before, again)}, and its raw files give {_text(again, before)}"


def _of_another_source(said: Predicate) -> Iterator[str]:
    """The request lies with the answer: a statement names it by the same sha256."""
    names = {artifact.name: artifact.sha256 for artifact in said.artifacts}
    name = DOCUMENT if DOCUMENT in names and REQUEST not in names else REQUEST
    if said.inputs.source is not None and names.get(name) != said.inputs.source:
        yield f"{name} is not the source that the statement names"


def _of_something_else(item: Held, found: Recomputed) -> Iterator[str]:
    """What the raw files say of the time, the build and the cohort, otherwise than the statement."""
    said, build = item.statement.predicate, item.statement.subject[0].digest.get("build")
    for name, stated, again in (
        ("finished_at", said.finished_at, found.finished_at),
        ("build", build, found.build),
        ("cohort", said.cohort, found.cohort),
    ):
        if again is not None and stated != again:
            yield f"{name} is {stated}, and its raw files give {again}"


def _text(measure: Measure | None, other: Measure | None) -> str:
    """A measure by its value, and by each further member that differs from the other's."""
    if measure is None:
        return "absent"
    value = f"unknown ({measure.unknown})" if measure.value is None else f"{measure.value} {measure.unit}"
    members = [name for name in measure.__struct_fields__ if name not in ("value", "unit", "unknown")]
    differing = [name for name in members if other is not None and getattr(measure, name) != getattr(other, name)]
    return ", ".join([value, *(f"{name} {getattr(measure, name)!r}" for name in differing)])


def _name(item: Held) -> str:
    return f"{item.statement.predicate.kind} {item.digest[:12]}"


def _other_version(said: Predicate) -> str:
    if said.producer.sha256 == producer("").sha256:
        return ""
    return f" (made by gonogo {said.producer.version}, sources {said.producer.sha256[:12]}: compute it again with that release)"
