"""How a drill acts on the service: on a process that it starts, or through the target's commands."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from drills.child import Identity, Pause, spawn
from drills.inquiry import read_build, wait_answer
from drills.power import PowerDisk
from drills.process import Service
from drills.releases import release_environ
from gates.schema.errors import UnknownProblem, UsageProblem
from gates.schema.practice import seed_two_tenants
from gates.schema.target import Target, command_line
from gates.schema.time import monotonic_s

Note = Callable[[str, Identity], None]
_MODULE = "gateway"

DISK = "disk"
"""The sub-folder of a drill's folder on which the disk of a power drill is mounted."""


class Control(Protocol):
    """The service as a drill handles it; every call returns when its effect is complete, or raises UnknownProblem."""

    environ: dict[str, str]
    db: Path
    """The database of a service that the drill starts itself; a service that others run has none here."""

    def seed(self) -> None:
        """Create accounts and keys, if the target can."""

    def start(self, release: str, within_s: float) -> None:
        """Start the service for the first time."""

    def kill(self) -> float:
        """End it without warning; returns the time, in monotonic seconds."""

    def restore(self, within_s: float) -> bool:
        """Have it running and ready; False if it already was."""

    def deploy(self, release: str, within_s: float) -> None:
        """Replace the running release."""

    def roll_back(self, release: str, within_s: float) -> None:
        """Return to the release that ran before."""

    def build(self) -> str | None:
        """The sha256 of the running build, None if the service does not report it."""

    def finish(self) -> None:
        """End every process that the drill started."""


class ProcessControl:
    """A service that the drill starts itself, on a fresh database."""

    def __init__(self, target: Target, out: Path, environ: Mapping[str, str], pause: Pause, note: Note) -> None:
        self._target, self._out, self._note, self._pause = target, out, note, pause
        self.db = self._place(out) / "service.db"
        rail_book = out / "service-rail.db"
        self.service = Service(target, db=self.db, rail_book=rail_book, logs=out / "logs", environ=environ, pause=pause)
        self.environ = dict(self.service.environ)  # for the storm: with the seeded variables, without a release's PYTHONPATH

    def seed(self) -> None:
        """Two tenants on the fresh database."""
        assert self._target.process is not None, "made for a target with a process"
        variables = seed_two_tenants(self._target.process, self.db, self.environ)
        self.environ.update(variables)

    def start(self, release: str, within_s: float) -> None:
        """Start the process, from a release folder if one is named."""
        folder = self._out / "releases" / release if release else None
        self._note("service", self.service.spawn(environ=release_environ(folder) if folder else None, cwd=folder))
        self.service.wait_ready(within_s)

    def kill(self) -> float:
        """SIGKILL."""
        moment = monotonic_s()
        self.service.kill()
        return moment

    def restore(self, within_s: float) -> bool:
        """Start it again as it last ran, if it does not run."""
        if self.service.running:
            self.service.wait_ready(within_s)
            return False
        self.start("", within_s)
        return True

    def deploy(self, release: str, within_s: float) -> None:
        """Stop gracefully, start the other release on the same port and database."""
        self.service.stop()
        self.start(release, within_s)

    def roll_back(self, release: str, within_s: float) -> None:
        """Deploy the previous release in the same way."""
        self.deploy(release, within_s)

    def build(self) -> str | None:
        """The build in the status response, or in the process's ready line if there are no credentials."""
        line = self.service.ready_line()
        said = line.build if line and line.build else None
        try:
            return read_build(self._target, self.environ) or said
        except UsageProblem:
            return said

    def finish(self) -> None:
        """Stop gracefully."""
        self.service.stop()

    def _place(self, out: Path) -> Path:
        """The folder for the database."""
        return out


class PowerControl(ProcessControl):
    """The same on a disk whose power can be cut. Only the database is on it: the rail is another machine."""

    def __init__(self, target: Target, out: Path, environ: Mapping[str, str], pause: Pause, note: Note) -> None:
        super().__init__(target, out, environ, pause, note)
        self.disk = PowerDisk(self.db.parent, out / "logs" / "disk", environ, pause)

    def mount(self) -> Identity:
        """Mount the disk; raises UnknownProblem if this machine cannot."""
        return self.disk.mount()

    def finish(self) -> None:
        """Stop gracefully, and unmount the disk."""
        try:
            super().finish()
        finally:
            self.disk.unmount()

    def _place(self, out: Path) -> Path:
        return out / DISK


class CommandControl:
    """A service that others run, controlled by the target's `commands`."""

    def __init__(self, target: Target, out: Path, environ: Mapping[str, str], pause: Pause, note: Note) -> None:
        self._target, self._out, self._note, self._pause = target, out, note, pause
        self.environ = dict(environ)
        self.db = out / "service.db"
        self._count = 0

    def seed(self) -> None:
        """Accounts and keys come from the environment."""

    def start(self, release: str, within_s: float) -> None:  # noqa: ARG002  # what runs is the release that others chose
        """It runs already; check that it is ready."""
        self._wait_ready(within_s)

    def kill(self) -> float:
        """Run the kill command; returns the time of its start."""
        moment = monotonic_s()
        self._run(self._target.commands.kill, 60.0)
        return moment

    def restore(self, within_s: float) -> bool:
        """Run the restore command if the service is not ready."""
        if wait_answer(self._target, self.environ, 0.0, self._pause):
            return False
        self._run(self._target.commands.restore, within_s)
        self._wait_ready(within_s)
        return True

    def deploy(self, release: str, within_s: float) -> None:  # noqa: ARG002  # the command knows its candidate
        """Run the deploy command."""
        self._run(self._target.commands.deploy, within_s)
        self._wait_ready(within_s)

    def roll_back(self, release: str, within_s: float) -> None:  # noqa: ARG002  # the command knows where to return to
        """Run the rollback command."""
        self._run(self._target.commands.rollback, within_s)
        self._wait_ready(within_s)

    def build(self) -> str | None:
        """The build in the target's status response."""
        return read_build(self._target, self.environ)

    def finish(self) -> None:
        """Stop nothing: others run the service."""

    def _run(self, argv: tuple[str, ...], within_s: float) -> None:
        self._count += 1
        words = command_line(argv, {})
        child = spawn(words, self.environ, self._out / "logs" / f"command.{self._count}")
        self._note("command", child.identity)
        try:
            finished = child.wait(within_s, self._pause)
        finally:
            code = child.end()
        if not finished or code != 0:
            what = f"exit {code}" if finished else f"not done within {within_s:g} s"
            raise UnknownProblem(f"the target's command {words[0]!r} failed: {what}", next_step=f"see {child.stderr.name}")

    def _wait_ready(self, within_s: float) -> None:
        if not wait_answer(self._target, self.environ, within_s, self._pause):
            raise UnknownProblem(f"the service was not ready within {within_s:g} s")


def choose_control(evidence: str, name: str, target: Target) -> type[ProcessControl] | type[CommandControl]:
    """The control that fits this drill and target; raises UnknownProblem if the target allows neither."""
    commands = target.commands
    if evidence == "crash-drill":
        if target.process is not None:
            return ProcessControl
        if commands.kill and commands.restore:
            return CommandControl
        offers = "process, nor commands.kill and commands.restore"
    elif evidence == "power-drill":
        if target.process is not None:
            return PowerControl
        offers = "process, and the drill cannot cut its machine's power"
    else:
        if runs_the_gateway(target):
            return ProcessControl
        if commands.deploy and commands.rollback:
            return CommandControl
        offers = "process that runs the reference gateway, nor commands.deploy and commands.rollback"
    raise UnknownProblem(f"the target {name!r} has no {offers}: the drill cannot be run", next_step="add them to the target file")


def runs_the_gateway(target: Target) -> bool:
    """Whether the target's process is the reference gateway, whose package can be copied into releases."""
    start = target.process.start if target.process else ()
    return any(pair == ("-m", _MODULE) for pair in itertools.pairwise(start))
