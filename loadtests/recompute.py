"""Do the measures of a load run, or of a hostile rail, follow from its files? Computed again from them alone."""

from pathlib import Path
from typing import TypeVar

import msgspec

from gates.evidence.recomputed import Recomputed
from gates.evidence.statement import EvidenceKind, short_kind
from gates.schema.errors import UsageProblem
from loadtests.hostile.books import ThreeBooks
from loadtests.hostile.judge.late_writes import judge_overtaken
from loadtests.hostile.judge.verdict import Verdict, judge
from loadtests.hostile.one_process import BOOKS
from loadtests.hostile.record import Part, joined
from loadtests.hostile.runner import REPORT, HostileResult, Report
from loadtests.hostile.runner import standing_of as hostile_standing
from loadtests.hostile.two_processes import TAKEOVER, Record
from loadtests.run.folder import RunFolder
from loadtests.run.runner import reassess, standing_of

Value = TypeVar("Value")


def recompute(folder: Path) -> Recomputed:
    """What the files in `folder` give: a load run's where there is a plan, else a hostile rail's.

    Raises UsageProblem for a file that is missing or malformed.
    """
    run_folder = RunFolder(folder)
    if not run_folder.files.plan.exists():
        return _hostile(folder)
    run, assessment = reassess(run_folder)
    status, _ = standing_of(run, assessment)
    return Recomputed(short_kind(EvidenceKind.LOAD_RUN), assessment.measures, status)


def _hostile(folder: Path) -> Recomputed:
    report, verdicts = _read(folder / f"{REPORT}.json", Report), list(_verdicts(folder))
    if not verdicts:
        raise UsageProblem(f"{folder}: neither a load run nor a hostile rail", next_step="give the folder of a finished run")
    verdict = joined(tuple(Part(verdict) for verdict in verdicts))
    status, _ = hostile_standing(HostileResult(report, verdict))
    return Recomputed(short_kind(EvidenceKind.HOSTILE_RAIL), verdict.measures, status)


def _verdicts(folder: Path) -> list[Verdict]:
    found = []
    books, takeover = folder / f"{BOOKS}.json", folder / f"{TAKEOVER}.json"
    if books.exists():
        found.append(judge(_read(books, ThreeBooks)))
    if takeover.exists():
        record = _read(takeover, Record)
        found.append(judge_overtaken(record.taken, record.books))
    return found


def _read(path: Path, kind: type[Value]) -> Value:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file", next_step="give the folder of a finished run") from None
    except msgspec.MsgspecError as error:
        raise UsageProblem(f"{path}: cannot be read: {error}") from None
