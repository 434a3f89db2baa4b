"""The probe setup-journal: do setups get on, and does each failure say what to do next? Journals, held against the gateway."""

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from gates.evidence.statement import Cohort, EvidenceKind
from gates.probes.client import TargetClient
from gates.probes.conduct import Probe, Result, reported_build
from gates.probes.onboarding.funnel import OURS, PAID, STARTED, VERIFIED, WINDOW, FunnelLine, cohorts_of, read_funnel
from gates.probes.onboarding.reading import exported_life, journal_files, life_of, read_files, saved_funnel, served_funnel
from gates.probes.onboarding.walked import MEASURES, Known, Sorted, judge, sort_out
from gates.probes.raw import raw_text, read_raw
from gates.schema.errors import UsageProblem
from gates.schema.time import Clock, format_utc, parse_utc

LIFE, FUNNEL, READ, FOLDER = "machine.json", "funnel.ndjson", "read.json", "journals"


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When and what was read: the build under test, the name of each journal by its file, and those that could not be kept."""

    read_at: str
    build: str
    names: dict[str, str]
    unread: tuple[tuple[str, str], ...]


def make_probe(paths: Sequence[Path], funnel: Path | None, build: str | None, clock: Clock) -> Probe:
    """The probe over these journals; with `funnel`, a saved file stands for what the gateway knows, and decides no P0 gate."""
    return Probe(
        "setup-journal",
        EvidenceKind.SETUP_JOURNAL,
        MEASURES,
        _run(paths, funnel, build, clock),
        is_told=funnel is not None,
        is_ruled=True,
    )


def _run(paths: Sequence[Path], funnel: Path | None, build: str | None, clock: Clock) -> Callable[[TargetClient], Result]:
    def run(client: TargetClient) -> Result:
        """Read the journals, the machine, and what the gateway knows of the same setups."""
        texts, unread = read_files(journal_files(paths))
        life = exported_life()
        known = served_funnel(client) if funnel is None else saved_funnel(funnel)
        files = {f"{number:05d}.jsonl": one for number, one in enumerate(texts, 1)}
        names = {file: name for file, (name, _) in files.items()}
        read = Read(format_utc(clock()), reported_build(client, build) or build or "", names, tuple(unread))
        raw = {
            LIFE: life,
            FUNNEL: known,
            READ: raw_text(read),
            **{f"{FOLDER}/{file}": _whole(data).decode() for file, (_, data) in files.items()},
        }
        judged = _judged(life, known, read, {file: data for file, (_, data) in files.items()})
        return msgspec.structs.replace(judged, raw=raw)

    return run


def _whole(data: bytes) -> bytes:
    """The lines that were ended, and a mark of one that was not: a torn line may end within a letter."""
    end = data.rfind(b"\n") + 1
    return data[:end] + (b"{" if data[end:] else b"")


def _judged(life_text: str, known: str, read: Read, files: dict[str, bytes]) -> Result:
    life, lines = life_of(life_text), read_funnel(known.encode())
    texts = [(read.names[file], _whole(files[file])) for file in sorted(files)]
    known_runs = Known(cohorts_of(lines), _paid(lines), _owed(lines, parse_utc(read.read_at)))
    found = sort_out(texts, known_runs, life.wanted, read.build)
    whole = msgspec.structs.replace(found, skipped=(*read.unread, *found.skipped))
    return msgspec.structs.replace(judge(life, whole), cohort=_cohort(whole, lines))


def _paid(lines: Sequence[FunnelLine]) -> frozenset[str]:
    return frozenset(line.run for line in lines if line.event == VERIFIED and line.step == PAID)


def _owed(lines: Sequence[FunnelLine], now: dt.datetime) -> frozenset[str]:
    """Our own setups that started in the last seven days: there has to be a journal of each, or the good ones could be chosen."""
    recent = {line.run for line in lines if line.event == STARTED and parse_utc(line.at) + WINDOW > now}
    return frozenset(run for run, cohort in cohorts_of(lines).items() if cohort in OURS and run in recent)


def _cohort(found: Sorted, lines: Sequence[FunnelLine]) -> Cohort:
    """The one cohort that the gateway names for all of these runs; `none` where there are several."""
    cohorts = cohorts_of(lines)
    named = {cohorts[one.journal.run] for one in found.counted}
    return named.pop() if len(named) == 1 else "none"


def again(folder: Path) -> Result:
    """The result of the raw files in a folder."""
    read = read_raw(folder / READ, Read)
    files = {file: _bytes(folder / FOLDER / file) for file in read.names}
    return _judged(_bytes(folder / LIFE).decode(), _bytes(folder / FUNNEL).decode(), read, files)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such file", next_step="give a folder with the raw files of a probe's statement") from None
