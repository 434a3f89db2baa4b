"""One run of a drill while it happens: its files, the service, what it measured, and what may stop it."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import sleep
from typing import Protocol

from drills.child import MARKER, Identity
from drills.control import Control
from drills.fake_clock import FakeClockFile
from drills.faults import CLEARED, DETECTED, FAULT
from drills.incident.monitoring import Monitoring
from drills.inquiry import read_clock, wait_answer
from drills.journal import Journal, Phase, Status
from drills.lock import TargetLock
from drills.network.path import NetworkPath
from drills.payouts import PayoutRun
from drills.record import Plan, Record
from drills.restore.payer import Payer
from drills.restore.replica import Replica
from drills.schema import ClockProbe, DiskFreeGuard, DurationGuard, ErrorRatioProbe, Guard, Probe, ReadyProbe, StormAliveGuard
from drills.steady import Judgement, Reading, judge_clock, judge_error_ratio, judge_ready
from drills.storm import Storm
from gates.schema.canonical import Json
from gates.schema.errors import Problem, UnknownProblem
from gates.schema.outcome import ExitCode
from gates.schema.time import monotonic_s, parse_duration_s, system_clock

Facts = dict[str, Json]


class Console(Protocol):
    """Where a drill shows its progress."""

    def step(self, note: str) -> None:
        """One more step has begun."""

    def note(self, message: str) -> None:
        """A message that must not be missed."""


class Interrupted(Exception):
    """A signal to end the drill; raised where the drill waits, never in the middle of an effect."""


class Aborted(Exception):
    """A guard tripped."""


class Deviated(Exception):
    """The service did not behave as the drill expects, so the rest of the method is skipped."""


class TimedOut(Problem):
    """A step did not finish within its time."""

    exit_code = ExitCode.UNKNOWN


class Rehearsal:
    """The state that actions share."""

    def __init__(self, plan: Plan, out: Path, journal: Journal, console: Console) -> None:
        self.plan, self.out, self.journal, self.console = plan, out, journal, console
        self.record = Record()
        self.control: Control | None = None
        self.storm: Storm | None = None
        self.phase = Phase.PREFLIGHT
        self.begun_s = monotonic_s()
        self.since_s = self.begun_s
        self.signal: int | None = None
        self.shielded = False
        self.misdescribed = False  # the target's file does not describe the service
        self.refused = False  # by a freeze
        self.lock: TargetLock | None = None
        self.path_environ: dict[str, str] = {}  # the variables that lead clients through a proxy
        self.changed_s = self.begun_s  # when a fault was last observed, or taken back
        self.monitorings: dict[str, Monitoring] = {}
        self.paths: dict[str, NetworkPath] = {}
        self.clock: FakeClockFile | None = None
        self.paused_s: float | None = None
        self.signing_key = ""  # the id of the key that signed receipts when the keys were pinned
        self.payouts: PayoutRun | None = None
        self.rail_url = ""  # without the proxy
        self.accepted_before = 0  # payouts before the rail was taken away
        self.replica: Replica | None = None
        self.payer: Payer | None = None
        self.backed_up_s: float | None = None  # when the last backup ended
        self.payouts_at_risk = 0  # that were charged after the backup
        self.tidying = ExitStack()  # what a step has started, to be ended with the drill
        self._faults: list[bool] = []  # each fault so far, and whether it is cleared

    @property
    def service(self) -> Control:
        """The control, once preflight has chosen it."""
        assert self.control is not None, "preflight chooses the control"
        return self.control

    @property
    def client_environ(self) -> dict[str, str]:
        """The environment of the service's clients: the service's, and the way to it."""
        return {**self.service.environ, **self.path_environ}

    def running_storm(self) -> Storm:
        """The storm, once a step has started it; raises UnknownProblem for a drill whose steps are in the wrong order."""
        if self.storm is None:
            raise UnknownProblem("this step needs a storm", next_step="put start_storm before it")
        return self.storm

    def running_payouts(self) -> PayoutRun:
        """The payout run, once a step has started it; raises UnknownProblem for a drill whose steps are in the wrong order."""
        if self.payouts is None:
            raise UnknownProblem("this step needs payouts", next_step="put start_payouts before it")
        return self.payouts

    def elapsed_s(self) -> float:
        """Seconds since the drill began."""
        return monotonic_s() - self.begun_s

    def note_process(self, name: str, identity: Identity) -> None:
        """Record a started process, so that `recover` can end it if the drill is killed."""
        facts: Facts = {"name": name, "pid": identity.pid, "started": identity.started}
        self.journal.write(self.phase, "process", Status.SUCCEEDED, facts=facts)

    def note_scratch(self, folder: Path) -> None:
        """Record a folder or a file that must be gone when the drill ends, before it is made."""
        self.journal.write(self.phase, "scratch", Status.STARTED, facts={"path": str(folder)})

    def note_fault(self, name: str, at_s: float, seen: str) -> None:
        """Record a fault that was injected after `at_s` and is observed now; `seen` says what was observed."""
        self._faults.append(False)
        self.changed_s = monotonic_s()
        facts: Facts = {"name": name, "at_ns": int(at_s * 1e9), "seen_ns": int(monotonic_s() * 1e9), "seen": seen}
        self.journal.write(self.phase, FAULT, Status.SUCCEEDED, step=f"{name}: {seen}", facts=facts)

    def note_detected(self) -> None:
        """Record that the probes, or the service itself, report the fault now."""
        self._note_of_faults(DETECTED, self._faults[-1:] and [len(self._faults) - 1])

    def note_cleared(self) -> None:
        """Record that every fault so far has been taken back now."""
        self._note_of_faults(CLEARED, [number for number, cleared in enumerate(self._faults) if not cleared])
        self._faults = [True for _ in self._faults]
        self.changed_s = monotonic_s()

    def _note_of_faults(self, action: str, numbers: Sequence[int]) -> None:
        if numbers:
            facts: Facts = {"faults": list(numbers), "at_ns": int(monotonic_s() * 1e9)}
            self.journal.write(self.phase, action, Status.SUCCEEDED, facts=facts)

    def remember_build(self, name: str) -> str | None:
        """Read the build of the running service, and keep it under this name; None if the service does not report it."""
        build = self.service.build()
        if build is not None:
            self.record.builds[name] = build
        return build

    def deviate(self, what: str) -> None:
        """Record that the service did not behave as the drill expects."""
        self.record.deviations.append(what)
        self.console.note(f"deviation: {what}")

    def pause(self, seconds: float) -> None:
        """Wait. Signals take effect here, except in a rollback; guards too, until the method is over."""
        sleep(seconds)
        if self.storm is not None:
            self.storm.follower.poll()
        if self.shielded:
            return
        if self.signal is not None:
            raise Interrupted(f"signal {self.signal}")
        if self.phase is Phase.VERIFY:
            return
        for guard in self.plan.drill.guards:
            reason = self._tripped(guard)
            if reason:
                raise Aborted(reason)

    def wait_until(self, condition: Callable[[], bool], within: str, what: str, *, poll_s: float = 0.02) -> float:
        """Wait for a condition; returns the seconds it took. Raises TimedOut."""
        begun, limit = monotonic_s(), parse_duration_s(within)
        while not condition():
            if monotonic_s() - begun > limit:
                raise TimedOut(f"{what}: not within {within}")
            self.pause(poll_s)
        return monotonic_s() - begun

    def judge(self) -> Judgement:
        """Read every probe of the steady state now."""
        return Judgement(tuple(self._read(probe) for probe in self.plan.drill.steady_state.probes))

    def clock_apart_s(self) -> float | None:
        """How far the service's clock is ahead of the machine's, in seconds; None where the service returned no time."""
        try:
            there = read_clock(self.plan.target, self.service.environ)
        except UnknownProblem:
            return None
        return (there - system_clock()).total_seconds()

    def _read(self, probe: Probe) -> Reading:
        match probe:
            case ReadyProbe():
                timeout_s = parse_duration_s(probe.timeout)
                return judge_ready(probe, wait_answer(self.plan.target, self.client_environ, 0.0, sleep, timeout_s))
            case ClockProbe():
                return judge_clock(probe, parse_duration_s(probe.at_most), self.clock_apart_s())
            case ErrorRatioProbe():
                if self.storm is None:
                    return Reading("error_ratio", None, None, 0, "no storm runs")
                self.storm.follower.poll()
                attempts = self.storm.follower.attempts
                return judge_error_ratio(probe, parse_duration_s(probe.window), attempts, monotonic_s(), self.since_s)

    def _tripped(self, guard: Guard) -> str:
        match guard:
            case DurationGuard(at_most) if self.elapsed_s() > parse_duration_s(at_most):
                return f"the drill has taken longer than {at_most}"
            case StormAliveGuard() if self.storm is not None and not self.storm.child.alive():
                return "the storm ended before the method did"
            case DiskFreeGuard(at_least_mb) if shutil.disk_usage(self.out).free < at_least_mb * 1_000_000:
                return f"less than {at_least_mb} MB of disk are free"
            case _:
                return ""


def marked(run_id: str, environ: dict[str, str]) -> dict[str, str]:
    """The environment of everything that a drill starts."""
    return {**environ, MARKER: run_id}
