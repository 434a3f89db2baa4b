"""A walk of a run from outside: which run, its journal, the lock, and the report that is left whatever happens."""

import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gateway.errors import StartProblem
from gateway.ids import SystemIds
from gateway.machines.onboarding import OnboardingState
from gateway.rehearsal import chosen_clock
from gateway.setup.choices import Choices, Person, at_a_terminal
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.hosts.ask import ask, version_of
from gateway.setup.journal import Journal, read_journal
from gateway.setup.lines import Line
from gateway.setup.local import LocalState, local_state
from gateway.setup.receipts import verify_in_child
from gateway.setup.report import SetupReport, report_bytes, report_of
from gateway.setup.talk import Talk
from gateway.setup.walk import Step, Surroundings, Walk, go
from gateway.setup.wire import Wire

REPORT = "report.json"
EXIT_CODES = {"completed": 0, "trust_only": 3, "paused": 3, "blocked": 1}
_RUN = re.compile(r"run_[0-9a-f]{16,64}")

Steps = Mapping[OnboardingState, tuple[str, Step]]


class Setup(msgspec.Struct, frozen=True):
    """What a walk is begun with. `run` None begins a new run."""

    run: str | None
    base_url: str
    choices: Choices
    steps: Steps


def walk_through(setup: Setup, local: LocalState | None = None, talk: Talk | None = None) -> SetupReport:
    """Walk to an end, and leave the report in the run's folder, also where the walk is interrupted.

    Raises SetupProblem where the setup's own folder cannot be used, or another setup is in it.
    """
    local, talk = local or local_state(os.environ), talk or Talk()
    around = surroundings()
    with local.locked():
        run = setup.run or f"run_{SystemIds().suffix()}"
        if setup.run is None:
            local.begin(run, setup.base_url)
        wire = Wire(setup.base_url)
        journal = Journal(local.journal_file(run), run, around.clock, around.monotonic)
        try:
            walk = Walk(local, journal, wire, setup.choices, Person(terminal=at_a_terminal()), talk, around)
            if journal.torn:
                talk.say(f"the last line of the journal was not whole: its {journal.torn} bytes are left out")
            go(walk, setup.steps)
        except BaseException:  # whoever stopped it finds a report, too
            if journal.lines:
                with contextlib.suppress(SetupProblem):
                    keep_report(local, run, journal.lines)
            raise
        finally:
            wire.close()
            journal.close()
        return keep_report(local, run, journal.lines)


def keep_report(local: LocalState, run: str, lines: Sequence[Line]) -> SetupReport:
    """Make the report of a run and keep it next to the journal."""
    report = report_of(lines)
    local.keep(run, REPORT, report_bytes(report))
    return report


def surroundings() -> Surroundings:
    """This machine. Raises SetupProblem where a rehearsal's clock is set and cannot be read."""
    try:
        clock = chosen_clock(os.environ)
    except StartProblem as problem:
        raise SetupProblem(SetupCode.CLOCK_SKEW, str(problem)) from None
    program = shutil.which("gonogo") or str(Path(sys.argv[0]).absolute())
    return Surroundings(clock, time.monotonic, os.environ, Path.home(), sys.platform, program, verify_in_child, ask, version_of)


def known_run(local: LocalState, run: str | None) -> str:
    """The run of that id, else the last one; raises SetupProblem(no_run)."""
    if run is None:
        pointer = local.pointer()
        if pointer is None:
            raise SetupProblem(SetupCode.NO_RUN, "no setup was begun here")
        return pointer.run
    if _RUN.fullmatch(run) is None:
        raise SetupProblem(SetupCode.NO_RUN, f"{run!r} is no run's id")
    return run


def lines_of(local: LocalState, run: str) -> tuple[Line, ...]:
    """A run's journal; raises SetupProblem(no_run) where it has no line."""
    lines = read_journal(local.journal_file(run)).lines
    if not lines:
        raise SetupProblem(SetupCode.NO_RUN, f"{run} has no line in its journal")
    return lines
