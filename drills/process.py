"""A service run here as a child process: seeded, started, killed and started again on the same port and database.

environ = {**os.environ, **seed_two_tenants(target.process, db, os.environ)}
with Service(target, db=db, logs=out / "logs", environ=environ) as service:   # starts, waits until ready
    ...  # children get service.environ, with GONOGO_BASE_URL and the seeded variables
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import Self

import httpx
import msgspec

from drills.child import Child, Identity, Pause, spawn
from drills.inquiry import ready_headers
from drills.rail import RailProcess
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.ports import free_port, is_free, require_free
from gates.schema.practice import RAIL_URL
from gates.schema.reach import ready_member
from gates.schema.target import Target, command_line, resolve_base_url
from gates.schema.time import monotonic_s
from gates.schema.tls import tls_for

_POLL_S, _DYING_S = 0.01, 5.0


class NeverReady(UsageProblem):
    """The service answers, and the target's file names no path at which it says that it is ready."""


class Ready(msgspec.Struct, frozen=True):
    """The line that a service may print when it serves; further members are ignored."""

    event: str
    url: str = ""
    build: str = ""


class Service:
    """One service on one port and one database, which can be started several times."""

    def __init__(
        self,
        target: Target,
        *,
        db: Path,
        logs: Path,
        environ: Mapping[str, str],
        rail_book: Path | None = None,
        port: int | None = None,
        cwd: Path | None = None,
        name: str = "service",
        pause: Pause = sleep,
    ) -> None:
        """`logs` receives NAME.1.out, NAME.1.err for the first start, and so on; `cwd` None means the caller's.

        The rail's own book is in the database's folder unless `rail_book` is given.
        """
        assert target.process is not None, "the target has a process"
        self._process, self._target, self._db, self._logs = target.process, target, db, logs
        self._start, self._was_ready = target.process.start, False
        self.port = free_port() if port is None else port
        self.environ = {**environ, "GONOGO_BASE_URL": f"http://127.0.0.1:{self.port}"}
        self.url = resolve_base_url(target, self.environ)
        self._tls = tls_for(self.url, target, self.environ)
        self._cwd, self._name, self._pause = cwd, name, pause
        self._child: Child | None = None
        self._rail: RailProcess | None = None
        self.lead_to_rail: Callable[[str], str] = lambda url: url
        """The way to the rail at this URL; a drill may lead the service through a proxy."""
        if self._process.rail:
            book, log = rail_book or db.with_name(f"{db.stem}-rail.db"), logs / f"{name}-rail"
            self._rail = RailProcess(self._process, book=book, log=log, environ=environ, pause=pause)
        self.starts = 0

    @property
    def running(self) -> bool:
        """Whether the process runs, ready or not."""
        return self._child is not None and self._child.alive()

    @property
    def identity(self) -> Identity:
        """The process of the current or last start."""
        assert self._child is not None, "never started"
        return self._child.identity

    @property
    def rail_identity(self) -> Identity | None:
        """The process of its rail, None for a service without one."""
        return None if self._rail is None else self._rail.identity

    def spawn(
        self, *, environ: Mapping[str, str] | None = None, cwd: Path | None = None, start: tuple[str, ...] | None = None
    ) -> Identity:
        """Start the process without waiting; `environ`, `cwd` and `start` replace the service's for this and later starts.

        Its rail, if the target has one, is started first unless it runs; it survives a kill of the service. Raises UnknownProblem
        where another program has the port.
        """
        assert not self.running, "it runs already"
        self._await_port()
        found = {} if self._rail is None else self._rail.start()
        if RAIL_URL in found:
            found[RAIL_URL] = self.lead_to_rail(found[RAIL_URL])
        self.environ = {**self.environ, **found, **(environ or {})}
        self._cwd = cwd or self._cwd
        self.starts += 1
        fields = {"port": str(self.port), "db": str(self._db)}
        fields |= {"rail_url": self.environ[RAIL_URL]} if self._rail else {}
        self._start = start or self._start
        argv = command_line(self._start, fields)
        self._child = spawn(argv, self.environ, self._logs / f"{self._name}.{self.starts}", cwd=self._cwd)
        return self._child.identity

    def _await_port(self) -> None:
        """The processes of the last start may need a moment to die; raises UnknownProblem for a port that stays taken."""
        begun = monotonic_s()
        while not is_free(self.port) and monotonic_s() - begun < _DYING_S:
            self._pause(_POLL_S)
        require_free(self.port, self._name)

    def use_database(self, db: Path) -> None:
        """Have the next starts use another database."""
        assert not self.running, "it runs on the other one"
        self._db = db

    def wait_ready(self, timeout_s: float = 30.0) -> float:
        """Wait until `ready_path` responds 2xx; returns the seconds waited.

        Raises UnknownProblem with the end of its log if the process ends or `timeout_s` passes first; NeverReady naming the
        member of the target's file if it has never been ready, and answers that it has no such path, or lets nobody in.
        """
        begun = monotonic_s()
        headers = ready_headers(self._target, self.environ)
        with httpx.Client(timeout=1.0, trust_env=False, headers=headers, verify=self._tls) as client:
            while (status := _status(client, self.url + self._target.ready_path)) is None or not 200 <= status < 300:
                self._check_waiting(begun, timeout_s, status)
                self._pause(_POLL_S)
        self._was_ready = True
        return monotonic_s() - begun

    def start(self, timeout_s: float = 30.0) -> float:
        """Start, and wait until ready; returns the seconds. A service that does not become ready is ended."""
        begun = monotonic_s()
        self.spawn()
        try:
            self.wait_ready(timeout_s)
        except BaseException:
            self.kill()
            self._end_rail()
            raise
        return monotonic_s() - begun

    def ready_line(self) -> Ready | None:
        """The service's ready line on stdout, if it printed one in JSON."""
        assert self._child is not None, "never started"
        for line in self._child.stdout.read_bytes().splitlines():
            try:
                line_found = msgspec.json.decode(line, type=Ready)
            except msgspec.MsgspecError:
                continue
            if line_found.event == "ready":
                return line_found
        return None

    def stop(self, *, with_rail: bool = True) -> int:
        """SIGTERM, `stop_timeout_s` to drain, then SIGKILL; then its rail. Returns the exit code, negative for a signal."""
        code = 0 if self._child is None else self._child.end(self._process.stop_timeout_s, self._pause)
        if with_rail:
            self._end_rail()
        return code

    def kill(self) -> int:
        """SIGKILL; its rail continues."""
        return 0 if self._child is None else self._child.end()

    def restart(self, timeout_s: float = 30.0) -> float:
        """Stop gracefully if it runs, then start; returns the seconds from stopping to ready."""
        begun = monotonic_s()
        self.stop()
        self.start(timeout_s)
        return monotonic_s() - begun

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _end_rail(self) -> None:
        if self._rail is not None:
            self._rail.stop()

    def _check_waiting(self, begun: float, timeout_s: float, status: int | None) -> None:
        assert self._child is not None, "never started"
        if not self._child.alive():
            raise UnknownProblem(f"{self._name} ended before it was ready (exit {self._child.end()}){self._log_tail()}")
        if monotonic_s() - begun <= timeout_s:
            return
        said = "" if status is None else f": {self._target.ready_path} returned {status}"
        member = "" if self._was_ready else ready_member(self._target, status)
        if member:
            text = f"{self._name} was not ready within {timeout_s:g} s{said}"
            raise NeverReady(text, next_step=f"correct {member} in the target file")
        raise UnknownProblem(f"{self._name} was not ready within {timeout_s:g} s{said}{self._log_tail()}")

    def _log_tail(self) -> str:
        assert self._child is not None, "never started"
        lines = self._child.stderr.read_text(errors="replace").splitlines()[-5:]
        return "".join(f"\n  {line}" for line in lines)


def _status(client: httpx.Client, url: str) -> int | None:
    try:
        return client.get(url).status_code
    except httpx.TransportError:
        return None
