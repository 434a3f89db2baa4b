"""The monitoring of one rehearsal: receiver, Alertmanager and Prometheus, each a child process, in a folder of their own.

monitoring = Monitoring(folder, Plan(scrape, rules, roster), environ, pause, note)
monitoring.start()   # returns when all three are ready
...                  # monitoring.pages.poll(), monitoring.prometheus.alerts()
monitoring.stop()    # ends them and removes their data; configuration, pages and logs stay
"""

import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import sleep

import msgspec

from drills.child import Child, Identity, Pause, spawn
from drills.incident.asking import Asking
from drills.incident.config import Scrape, prometheus_bytes
from drills.incident.pages import FILE as PAGES
from drills.incident.pages import Follower
from drills.incident.programs import require_programs
from drills.listeners import require_listener
from drills.observed import Unobserved
from gates.schema.errors import UnknownProblem
from gates.schema.ports import free_port
from gates.schema.practice import ready_url
from gates.schema.rooms import room_argv
from gates.schema.time import monotonic_s

DATA = "data"
"""The sub-folder that holds the databases of both programs; it is removed when they have ended."""

READY_S = 60.0
_GRACE_S, _POLL_S, _ATTEMPTS, _TOOL_S = 5.0, 0.02, 3, 120
_TAKEN = "address already in use"

Note = Callable[[str, Identity], None]


class Watched(msgspec.Struct, frozen=True):
    """What is watched, by which rules, and who is called: a folder of rule files, and the file of a roster."""

    scrape: Scrape
    rules: Path
    roster: Path


class Monitoring:
    """The three processes; `note` gets the identity of each when it has started, `ports` gives free ports."""

    def __init__(
        self,
        folder: Path,
        watched: Watched,
        environ: Mapping[str, str],
        note: Note,
        pause: Pause = sleep,
        ports: Callable[[], int] = free_port,
    ) -> None:
        self.folder, self._watched = folder, watched
        self._environ, self._note, self._pause, self._ports = dict(environ), note, pause, ports
        self.pages = Follower(folder / PAGES)
        self.prometheus = Asking("")
        self._children: list[Child] = []

    @property
    def database(self) -> Path:
        """The folder of Prometheus' database; what is put there before the start is history."""
        return self.folder / DATA / "tsdb"

    def start(self, within_s: float = READY_S) -> None:
        """Start all three, and wait until each is ready; none is left where one does not get ready.

        Raises UnknownProblem naming the program that is missing, refuses its configuration, ends, or is not ready in time.
        """
        programs = require_programs()
        try:
            self._start(*programs, within_s)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End them, the one that sends first, and remove their data."""
        while self._children:
            self._children.pop().end(_GRACE_S)
        remove_data(self.folder)

    def _start(self, prometheus: str, alertmanager: str, within_s: float) -> None:
        (self.folder / DATA).mkdir(parents=True, exist_ok=True)
        shutil.copytree(self._watched.rules, self.folder / "rules")
        receiver = self._receiver(within_s)
        self._write("alertmanager.yml", self._routes(receiver))
        alert_port = self._serve("alertmanager", within_s, lambda port: self._alertmanager_argv(alertmanager, port))
        port = self._serve("prometheus", within_s, lambda port: self._prometheus_argv(prometheus, port, alert_port))
        self.prometheus = Asking(f"http://127.0.0.1:{port}")

    def _receiver(self, within_s: float) -> str:
        child = self._spawn("receiver", room_argv("drills.incident.receiver", "--out", str(self.folder / PAGES)))
        self._await(child, "receiver", within_s, lambda: ready_url(child.stdout.read_bytes()) is not None)
        url = ready_url(child.stdout.read_bytes())
        assert url is not None, "it was just there"
        return url

    def _routes(self, url: str) -> bytes:
        argv = room_argv("gates", "roster", "routes", "--roster", str(self._watched.roster), "--rehearse", url)
        try:
            done = subprocess.run(argv, env=self._environ, capture_output=True, timeout=_TOOL_S, check=False)
        except subprocess.TimeoutExpired:
            raise UnknownProblem(f"the roster gave no routes within {_TOOL_S} s") from None
        if done.returncode:
            raise UnknownProblem(f"the roster gives no routes: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def _alertmanager_argv(self, program: str, port: int) -> list[str]:
        data = self.folder / DATA / "alertmanager"
        config = f"--config.file={self.folder / 'alertmanager.yml'}"
        return [program, config, f"--storage.path={data}", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]

    def _prometheus_argv(self, program: str, port: int, alert_port: int) -> list[str]:
        self._write("prometheus.yml", prometheus_bytes(self._watched.scrape, port, alert_port))
        config, data = f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={self.database}"
        # An alert that fires before the Alertmanager is discovered is sent again after this delay; its default is a minute.
        return [program, config, data, f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s"]

    def _serve(self, name: str, within_s: float, argv: Callable[[int], Sequence[str]]) -> int:
        """Have a program ready on a free port; returns the port. Another one is tried where somebody took it meanwhile."""
        for _ in range(_ATTEMPTS - 1):
            port = self._ports()
            child = self._spawn(name, argv(port))
            try:
                self._await_at(child, name, within_s, port)
            except UnknownProblem:
                if _TAKEN not in _log(child):
                    raise
                self._children.pop().end()
            else:
                return port
        port = self._ports()
        self._await_at(self._spawn(name, argv(port)), name, within_s, port)
        return port

    def _await_at(self, child: Child, name: str, within_s: float, port: int) -> None:
        asking = Asking(f"http://127.0.0.1:{port}")
        self._await(child, name, within_s, lambda: asking.ready() and _listens(child, port))

    def _spawn(self, name: str, argv: Sequence[str]) -> Child:
        child = spawn(argv, self._environ, self.folder / "logs" / name)
        self._children.append(child)
        self._note(f"{self.folder.name} {name}", child.identity)
        return child

    def _await(self, child: Child, name: str, within_s: float, ready: Callable[[], bool]) -> None:
        begun = monotonic_s()
        while not (child.alive() and ready() and child.alive()):
            if not child.alive():
                raise UnknownProblem(f"{name} ended before it was ready{_tail(child)}", next_step=f"see {child.stderr}")
            if monotonic_s() - begun > within_s:
                raise UnknownProblem(f"{name} was not ready within {within_s:g} s{_tail(child)}", next_step=f"see {child.stderr}")
            self._pause(_POLL_S)

    def _write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)


def remove_data(folder: Path) -> None:
    """Remove the databases of a monitoring; does nothing where there are none."""
    shutil.rmtree(folder / DATA, ignore_errors=True)


def _listens(child: Child, port: int) -> bool:
    """Whether it is this process that responds at the port: another Prometheus may have been there before."""
    try:
        require_listener(port, child.identity.pid)
    except Unobserved:
        return False
    return True


def _log(child: Child) -> str:
    return child.stderr.read_text(errors="replace")


def _tail(child: Child) -> str:
    lines = _log(child).splitlines()
    return "".join(f"\n  {line}" for line in ([line for line in lines if "level=error" in line] or lines)[-5:])
