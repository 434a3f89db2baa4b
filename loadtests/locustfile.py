"""The storm's own process: Locust runs one user, which starts every planned payment when it is due.

Importing Locust replaces the sockets, threads and sleeps of the whole process by cooperative ones. So nothing
else may import this file: `loadtests.supervise` starts it with `python -m locust`.
"""

from locust import User, events, task  # isort: skip  # first: it patches what the imports below use

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns
from typing import Any, Literal

import gevent
import gevent.pool
import msgspec
from locust.env import Environment

from gates.schema.secret import redact
from gates.schema.target import resolve_base_url
from gates.schema.tls import tls_for
from loadtests.storm.driver import Driver
from loadtests.storm.history import Event, HistoryWriter
from loadtests.storm.manners import Manners, Order, Until
from loadtests.storm.plan import Plan, read_plan
from loadtests.storm.supervise import PARENT, RUN, StormEnd, StormFiles
from loadtests.storm.wire import Wire

_PR_SET_PDEATHSIG = 1
_CUT_SHORT = 4


class Greenlets:
    """The storm's Loom: one greenlet for each client.

    The first exception in one of them is raised in the greenlet that created the Loom, at its next wait.
    """

    def __init__(self) -> None:
        self._group = gevent.pool.Group()
        self._maker, self._ending = gevent.getcurrent(), False

    def now_ns(self) -> int:
        """The machine's monotonic clock."""
        return monotonic_ns()

    def sleep_until(self, moment_ns: int) -> None:
        """Let the other greenlets run until then."""
        gevent.sleep(max(moment_ns - monotonic_ns(), 0) / 1e9)

    def spawn(self, work: Callable[..., None], *arguments: object) -> None:
        """Start a greenlet."""
        self._group.spawn(self._run, work, *arguments)

    def join(self) -> None:
        """Wait for all greenlets, and for those that they start."""
        while len(self._group):
            self._group.join(raise_error=True)

    def stop(self) -> None:
        """End all of them at their next wait."""
        self._ending = True
        self._group.kill()

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001  # raised again in the maker, who would wait for this greenlet otherwise
            if not self._ending:
                self._ending = True
                gevent.kill(self._maker, error)


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust has no types here
def die_with_parent(environment: Environment, **_: Any) -> None:  # noqa: ANN401, ARG001  # Locust's signature
    """Ask the kernel to end this process when its supervisor ends; if that has ended already, end now."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(os.environ[PARENT]):
        sys.exit("the supervising process has ended already")


class Storm(User):
    """The one user: all clients of the storm are greenlets of its task."""

    fixed_count = 1

    @task
    def storm(self) -> None:
        """Run the plan in the run's folder, record how it ended, and end Locust with the matching exit code."""
        files = StormFiles(Path(os.environ[RUN]))
        loom = Greenlets()
        end = StormEnd(complete=False, done=0, detail="the storm was stopped", cause="interrupted")
        try:
            end = _run_plan(files, loom, self.environment)
        finally:
            loom.stop()
            self.environment.process_exit_code = 0 if end.complete else _CUT_SHORT
            try:
                files.end.write_bytes(msgspec.json.encode(end))
            finally:
                self.environment.runner.quit()


def _run_plan(files: StormFiles, loom: Greenlets, environment: Environment) -> StormEnd:
    """How the storm ended; what stops it is its detail, and with its traceback in the log. Neither shows a credential."""
    secrets: tuple[str, ...] = ()
    try:
        plan = read_plan(files.plan.read_bytes(), str(files.plan))
        order = msgspec.json.decode(files.order.read_bytes(), type=Order)
        manners = Manners(order.target, plan)
        secrets = manners.credentials
        with HistoryWriter(files.history) as history:
            return _press(plan, order, manners, history, loom, (files, environment))
    except Exception as error:  # noqa: BLE001  # whatever it is ends the storm, and is its detail
        sys.stderr.write(redact(traceback.format_exc(), secrets))
        cause = redact(f"{type(error).__name__}: {error}", secrets)
        done = files.read_progress()
        return StormEnd(complete=False, done=done, detail=f"the storm failed: {cause}", cause="invalid_generator")


def _press(
    plan: Plan, order: Order, manners: Manners, history: HistoryWriter, loom: Greenlets, around: tuple[StormFiles, Environment]
) -> StormEnd:
    files, environment = around
    profile = order.profile
    timeout_s = profile.client.timeout_ms / 1000
    url = resolve_base_url(order.target)
    wire = Wire(url, timeout_s=timeout_s, hurry_s=profile.abandoned.hurry_ms / 1000, tls=tls_for(url, order.target))
    driver = Driver(
        plan,
        profile,
        manners,
        wire,
        history,
        loom,
        on_attempt=lambda event: _tell_locust(environment, event),
        on_done=files.note_progress,
    )
    detail = f"cut short after {profile.limits.duration_s} s"
    with gevent.Timeout(profile.limits.duration_s, False):
        driver.storm(_enough(order.until))
        driver.replay()
        wire.close()
        detail = ""
    cause: Literal["", "interrupted"] = "interrupted" if detail else ""
    return StormEnd(complete=not detail, done=driver.done, detail=detail, begun=driver.begun, cause=cause)


def _enough(until: Until | None) -> Callable[[int], bool]:
    if until is None:
        return lambda _: False
    return lambda begun: begun >= until.least and Path(until.file).exists()


def _tell_locust(environment: Environment, event: Event) -> None:
    """Report to Locust's statistics: response time from the due time; an abandoned reply is no failure of the service."""
    given_up = event.error == "abandoned"
    broken = (event.error is not None and not given_up) or (event.status or 0) >= 500
    environment.events.request.fire(  # type: ignore[no-untyped-call]  # Locust has no types here
        request_type="POST",
        name=f"{event.operation} (reply abandoned)" if given_up else event.operation,
        response_time=((event.end_ns or event.start_ns) - event.intended_ns) / 1e6,
        response_length=0,
        exception=RuntimeError(event.error or f"status {event.status}") if broken else None,
        context={},
    )
