"""The storm's own process: Locust runs one user, who starts every planned payment when it is due.

Importing Locust replaces the sockets, threads and sleeps of the whole process by cooperative ones, which is why nothing
else may import this file: `loadtests.supervise` starts it with `python -m locust`.
"""

from locust import User, events, task  # isort: skip  # first: it patches what the imports below use

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic_ns
from typing import Any

import gevent
import gevent.pool
import msgspec
from locust.env import Environment

from gates.schema.target import resolve
from loadtests.storm.driver import Driver
from loadtests.storm.history import Event, HistoryWriter
from loadtests.storm.manners import Manners, Order, Until
from loadtests.storm.plan import read_plan
from loadtests.storm.supervise import PARENT, RUN, StormEnd, StormFiles
from loadtests.storm.wire import Wire

_PR_SET_PDEATHSIG = 1
_CUT_SHORT = 4


class Greenlets:
    """The loom of the storm: one greenlet for everything that waits."""

    def __init__(self) -> None:
        self._group = gevent.pool.Group()

    def now_ns(self) -> int:
        """The machine's monotonic clock."""
        return monotonic_ns()

    def sleep_until(self, moment_ns: int) -> None:
        """Let the other greenlets run until then."""
        gevent.sleep(max(moment_ns - monotonic_ns(), 0) / 1e9)

    def spawn(self, work: Callable[..., None], *arguments: object) -> None:
        """Start a greenlet."""
        self._group.spawn(work, *arguments)

    def join(self) -> None:
        """Wait for all greenlets, and for those that they start."""
        while len(self._group):
            self._group.join(raise_error=True)

    def stop(self) -> None:
        """End them all where they wait."""
        self._group.kill()


@events.init.add_listener  # type: ignore[untyped-decorator]  # Locust has no types here
def die_with_parent(environment: Environment, **_: Any) -> None:  # noqa: ANN401, ARG001  # Locust's signature
    """Ask the kernel to end this process when the one that supervises it ends; if it is gone already, end now."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(os.environ[PARENT]):
        sys.exit("the supervising process has ended already")


class Storm(User):
    """The one user: all clients of the storm are greenlets of its task."""

    fixed_count = 1

    @task
    def storm(self) -> None:
        """Run the plan in the run's folder, note how it ended, and end Locust with a code that says so."""
        files = StormFiles(Path(os.environ[RUN]))
        loom = Greenlets()
        end = StormEnd(complete=False, done=0, detail="the storm failed; see its log")
        try:
            with HistoryWriter(files.history) as history:
                end = _press(files, history, loom, self.environment)
        finally:
            loom.stop()
            files.end.write_bytes(msgspec.json.encode(end))
            self.environment.process_exit_code = 0 if end.complete else _CUT_SHORT
            self.environment.runner.quit()


def _press(files: StormFiles, history: HistoryWriter, loom: Greenlets, environment: Environment) -> StormEnd:
    plan = read_plan(files.plan.read_bytes(), str(files.plan))
    order = msgspec.json.decode(files.order.read_bytes(), type=Order)
    profile = order.profile
    timeout_s = profile.client.timeout_ms / 1000
    wire = Wire(resolve(order.target.base_url), timeout_s=timeout_s, hurry_s=profile.abandoned.hurry_ms / 1000)
    driver = Driver(
        plan,
        profile,
        Manners(order.target, plan),
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
    return StormEnd(complete=not detail, done=driver.done, detail=detail, begun=driver.begun)


def _enough(until: Until | None) -> Callable[[int], bool]:
    if until is None:
        return lambda _: False
    return lambda begun: begun >= until.least and Path(until.file).exists()


def _tell_locust(environment: Environment, event: Event) -> None:
    """Keep Locust's own statistics right: response time from the due time; what we gave up is no failure of the service."""
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
