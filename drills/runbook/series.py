"""A series of rehearsals from its names to its evidence: each in its own folder, one statement about all of them."""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from drills.runbook import perform
from drills.runbook.console import Brief
from drills.runbook.faults.table import FAULTS
from drills.runbook.page import Page
from drills.runbook.person import Person
from drills.runbook.rehearsals import FILE, Agenda, Outcome, measures_of, outcomes_of, standing_of, write_agenda
from drills.runbook.rehearse import Attempt, rehearse
from drills.runbook.report import raw_files
from drills.runbook.walk import Console
from gates.evidence.identity import make_subject, target_sha256
from gates.evidence.making import Result, Span, make_predicate
from gates.evidence.observation import cite
from gates.evidence.recording import Recording
from gates.evidence.statement import EvidenceKind, Inputs, Measure
from gates.evidence.statement import Status as Standing
from gates.schema.canonical import Json
from gates.schema.outcome import ExitCode
from gates.schema.target import NamedTarget
from gates.schema.time import format_utc, monotonic_s, system_clock


class Series(msgspec.Struct, frozen=True):
    """What came of all rehearsals; `signal` is the one that ended the series, None if none did."""

    outcomes: tuple[Outcome, ...]
    measures: dict[str, Measure]
    status: Standing
    detail: str
    span: Span
    build: str | None
    signal: int | None = None


def rehearse_all(
    pages: Sequence[Page],
    target: str,
    folder: Path,
    console_of: Callable[[str], Console],
    person: Person | None,
    store: Path | None,
) -> Series:
    """Rehearse one after the other; the rest is left out once a signal has come."""
    begun_at, begun_s = format_utc(system_clock()), monotonic_s()
    not_begun: dict[str, str] = {}
    build, signal_number = None, None
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        fault = FAULTS[page.name]()
        lacks = ", ".join(fault.lacks())
        if lacks or signal_number is not None:
            not_begun[page.name] = f"it needs {lacks}" if lacks else "the series was interrupted"
            console_of(page.name).note(f"not rehearsed: {not_begun[page.name]}")
            continue
        plan = perform.make_plan(page, target, by_program=person is None, fault=fault.title)
        if person is not None and store is not None:
            plan = perform.listed(plan, store)
        attempt = Attempt(page, plan, fault, folder / page.name, console_of(page.name), person)
        build = rehearse(attempt, os.environ).build or build
        signal_number = attempt.signal
    interrupted = "" if signal_number is None else f"signal {signal_number}"
    write_agenda(folder, Agenda(tuple(page.name for page in pages), not_begun, interrupted))
    outcomes, known = outcomes_of(folder)
    status, detail = standing_of(outcomes, interrupted=interrupted)
    span = Span(begun_at, format_utc(system_clock()), round((monotonic_s() - begun_s) * 1000))
    return Series(outcomes, measures_of(outcomes, known), status, detail, span, build, signal_number)


def sign(series: Series, named: NamedTarget, recording: Recording, folder: Path) -> None:
    """Sign the statement about all of them."""
    observed = cite(recording.store, recording.signer, system_clock, named, series.build)
    facts: dict[str, Json] = {"runbooks": msgspec.to_builtins(series.outcomes)}
    files = {FILE: folder / FILE}
    for item in series.outcomes:
        if (folder / item.runbook).is_dir():
            files |= {f"{item.runbook}/{name}": path for name, path in raw_files(folder / item.runbook).items()}
    result = Result(series.measures, facts, series.status, series.detail, "simulated", recording.keep(dict(files)))
    kind = EvidenceKind.RUNBOOK_REHEARSAL
    inputs = Inputs(target=target_sha256(named))
    predicate = make_predicate(kind, "gonogo runbook rehearse", series.span, inputs, result, observed)
    recording.sign(kind, make_subject(named, series.build), predicate)


def exit_code(series: Series) -> ExitCode:
    """The documented exit code of a series that ended so."""
    if series.signal is not None:
        return ExitCode.INTERRUPTED if series.signal == signal.SIGINT else ExitCode.TERMINATED
    if any(item.failed for item in series.outcomes):
        return ExitCode.RED
    return ExitCode.UNKNOWN if series.status != "complete" or any(not item.judged for item in series.outcomes) else ExitCode.GREEN


def text(series: Series) -> str:
    """The series as text, a line for each runbook."""
    lines = []
    for item in series.outcomes:
        word = "failed" if item.failed else "rehearsed" if item.judged else "unknown"
        took = f"{item.mitigate_s} s from fault seen to fault gone" if item.mitigate_s and not item.failed else item.reason
        lines.append(f"  {word:10}{item.runbook:24}{took}")
    lines += ["", "measures"]
    for name, measure in series.measures.items():
        value = f"unknown: {measure.unknown}" if measure.value is None else f"{measure.value} {measure.unit}"
        lines.append(f"  {name:28}{value:15} {f'n={measure.samples} ' if measure.samples else ''}{measure.detail}".rstrip())
    return "\n".join(lines)


def brief(name: str) -> Console:
    """The console of one rehearsal of several."""
    return Brief(name)
