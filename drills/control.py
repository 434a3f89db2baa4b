"""How a drill acts on the service: on a process that it starts, or through the target's commands."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from drills.child import Identity, Pause
from drills.commanded import CommandControl
from drills.commands import CommandRunner, Note
from drills.listeners import is_gone, require_listener
from drills.observed import GONE_S, InstanceWatch, Unobserved
from drills.power import PowerDisk
from drills.process import Service
from drills.releases import release_environ
from drills.schema import Drill
from gates.evidence.reported import read_build
from gates.schema.errors import UnknownProblem
from gates.schema.practice import seed_two_tenants
from gates.schema.target import Target, UnsetProblem
from gates.schema.time import monotonic_s

_MODULE = "gateway"

STABLE, CANDIDATE = "stable", "candidate"
"""The releases of the rollback drill, by their names in its document."""

DISK = "disk"
"""The sub-folder of a drill's folder on which the disk of a power drill is mounted."""


class Control(Protocol):
    """The service as a drill handles it; every call returns when its effect is complete, or raises UnknownProblem.

    Unobserved is raised where the effect itself cannot be shown: nothing that follows is then counted.
    """

    environ: dict[str, str]
    db: Path
    """The database of a service that the drill starts itself; a service that others run has none here."""
    makes_releases: bool
    """Whether a release is a folder that the drill makes, or something that the target's file knows."""

    def seed(self) -> None:
        """Create accounts and keys, if the target can."""

    def start(self, release: str, within_s: float) -> None:
        """Start the service for the first time."""

    def kill(self) -> float:
        """End it without warning, and see it gone; returns the time before it, in monotonic seconds. Raises Unobserved."""

    def restore(self, within_s: float) -> bool:
        """Have it running and ready; False if it already was."""

    def require_other(self) -> None:
        """Raise Unobserved unless another process answers than before the kill."""

    def deploy(self, release: str, within_s: float) -> None:
        """Replace the running release."""

    def roll_back(self, release: str, within_s: float) -> None:
        """Return to the release that ran before."""

    def build(self) -> str | None:
        """The sha256 of the running build, None if the service does not report it."""

    def command(self, name: str, within_s: float, fields: Mapping[str, str] | None = None) -> None:
        """Run one of the target's commands to its end, with these fields filled in.

        Raises UnknownProblem if it has none of that name, or it fails.
        """

    def finish(self) -> None:
        """End every process that the drill started."""


class ProcessControl:
    """A service that the drill starts itself, on a fresh database."""

    makes_releases = True

    def __init__(self, target: Target, out: Path, environ: Mapping[str, str], pause: Pause, note: Note) -> None:
        self._target, self._out, self._note, self._pause = target, out, note, pause
        self.db = self._place(out) / "service.db"
        rail_book = out / "service-rail.db"
        self.service = Service(target, db=self.db, rail_book=rail_book, logs=out / "logs", environ=environ, pause=pause)
        self._instances, self._killed = InstanceWatch(target), False
        self.process_environ: dict[str, str] = {}  # in addition, for the process alone
        fields = {"port": str(self.service.port), "db": str(self.db)}
        self._commands = CommandRunner(target.commands, out / "logs", note, fields)
        self.environ = dict(self.service.environ)  # for the storm: with the seeded variables, without a release's PYTHONPATH

    def seed(self) -> None:
        """Two tenants on the fresh database."""
        assert self._target.process is not None, "made for a target with a process"
        variables = seed_two_tenants(self._target.process, self.db, self.environ)
        self.environ.update(variables)

    def start(self, release: str, within_s: float) -> None:
        """Start the process, from a release folder if one is named; it has to own the port that is loaded."""
        self._note("service", self._spawn(release))
        self.service.wait_ready(within_s)
        require_listener(self.service.port, self.service.identity.pid)
        if not self._killed:
            self._instances.remember(self.environ)

    def kill(self) -> float:
        """SIGKILL for all of its processes; then none is left, and nobody listens at its port."""
        if not self.service.running:
            raise Unobserved("the service does not run: there was nothing to kill")
        self._instances.require_same(self.environ)
        moment, group = monotonic_s(), self.service.identity.pid
        self.service.kill()
        while not is_gone(self.service.port, group):
            if monotonic_s() - moment > GONE_S:
                raise Unobserved(
                    f"the service was not seen to go: port {self.service.port} or one of its processes is still there"
                )
            self._pause(0.002)
        self._killed = True
        return moment

    def restore(self, within_s: float) -> bool:
        """Start it again as it last ran, if it does not run."""
        if self.service.running:
            self.service.wait_ready(within_s)
            return False
        self.start("", within_s)
        return True

    def require_other(self) -> None:
        """Its start has shown a new process at the port; an id of the target's own must have changed too."""
        if self._killed:
            self._instances.require_other(self.environ)
        self._killed = False

    def deploy(self, release: str, within_s: float) -> None:
        """Stop gracefully, start the other release on the same port and database."""
        self.service.stop()
        self.start(release, within_s)

    def roll_back(self, release: str, within_s: float) -> None:
        """Deploy the previous release in the same way."""
        self.deploy(release, within_s)

    def build(self) -> str | None:
        """The build that the service reports, or that in the process's ready line if there are no credentials."""
        line = self.service.ready_line() if self.service.starts else None  # a drill that is recovered has started nothing
        said = line.build if line and line.build else None
        try:
            return read_build(self._target, self.environ) or said
        except UnsetProblem:
            return said

    def command(self, name: str, within_s: float, fields: Mapping[str, str] | None = None) -> None:
        """Run one of the target's commands, with the port and the database of this service."""
        self._commands.run(name, self.environ, within_s, self._pause, fields)

    def finish(self) -> None:
        """Stop gracefully."""
        self.service.stop()

    def _place(self, out: Path) -> Path:
        """The folder for the database."""
        return out

    def _spawn(self, release: str) -> Identity:
        folder = self._out / "releases" / release if release else None
        more = {**self.process_environ, **(release_environ(folder) if folder else {})}
        return self.service.spawn(environ=more, cwd=folder)


class CandidateControl(ProcessControl):
    """The same with the releases of the target's file: `process.start`, and `process.candidate` in its place."""

    makes_releases = False

    def _spawn(self, release: str) -> Identity:
        process = self._target.process
        assert process is not None, "made for a target with a process"
        starts = {CANDIDATE: process.candidate, STABLE: process.start}
        return self.service.spawn(environ=self.process_environ, start=starts.get(release))


class PowerControl(ProcessControl):
    """The same on a disk whose power can be cut. Only the database is on it: the rail is another machine."""

    def __init__(self, target: Target, out: Path, environ: Mapping[str, str], pause: Pause, note: Note) -> None:
        super().__init__(target, out, environ, pause, note)
        self.disk = PowerDisk(self.db.parent, out / "logs" / "disk", environ, pause)

    def mount(self, *, threads: bool) -> Identity:
        """Mount the disk; raises UnknownProblem if this machine cannot."""
        return self.disk.mount(threads=threads)

    def finish(self) -> None:
        """Stop gracefully, and unmount the disk."""
        try:
            super().finish()
        finally:
            self.disk.unmount()

    def _place(self, out: Path) -> Path:
        return out / DISK


def choose_control(drill: Drill, name: str, target: Target) -> type[ProcessControl] | type[CommandControl]:
    """The control that fits this drill's steps and the target; raises UnknownProblem if the target allows none."""
    if drill.has("deploy_release"):
        return _for_releases(name, target)
    if drill.has("lose_database"):
        from drills.restore.control import control_for_restores

        return control_for_restores(target)
    if drill.has("mount_disk"):
        if target.process is not None:
            return PowerControl
        raise _nothing_offered(name, "process, and the drill cannot act on its machine's disk")
    if target.process is not None:
        return ProcessControl
    if drill.has("freeze"):
        raise _nothing_offered(name, "process, and the drill cannot stop one of others")
    return _for_kills(name, target) if drill.has("sigkill", "restart") else CommandControl


def _for_kills(name: str, target: Target) -> type[CommandControl]:
    if not (target.commands.kill and target.commands.restore):
        raise _nothing_offered(name, "process, nor commands.kill and commands.restore")
    if target.instance is None:
        raise Unobserved(
            f"the target {name!r} does not say which process answers: nothing shows that it is another process after a kill",
            next_step="add spec.instance to the target file: an id that changes with each start",
        )
    return CommandControl


def _for_releases(name: str, target: Target) -> type[ProcessControl] | type[CommandControl]:
    """The control that can put another release into the place of the one that runs."""
    if runs_the_gateway(target):
        return ProcessControl
    has_candidate = target.process is not None and bool(target.process.candidate)
    if not has_candidate and not (target.commands.deploy and target.commands.rollback):
        raise _nothing_offered(name, "process.candidate, nor commands.deploy and commands.rollback")
    if target.build is None:
        raise Unobserved(
            f"the target {name!r} does not report its build: nothing would show that another release runs",
            next_step="add spec.build to the target file",
        )
    return CandidateControl if has_candidate else CommandControl


def _nothing_offered(name: str, what: str) -> UnknownProblem:
    return UnknownProblem(f"the target {name!r} has no {what}: the drill cannot be run", next_step="add them to the target file")


def runs_the_gateway(target: Target) -> bool:
    """Whether the target's process is the reference gateway, whose package can be copied into releases."""
    start = target.process.start if target.process else ()
    return any(pair == ("-m", _MODULE) for pair in itertools.pairwise(start))
