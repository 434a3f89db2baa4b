"""How a restore drill acts on the service: on a process that it starts, or through the target's commands."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from drills.child import Pause
from drills.commanded import CommandControl
from drills.commands import CommandRunner, Note
from drills.control import ProcessControl
from drills.observed import Unobserved
from drills.process import Service
from gates.schema.errors import UnknownProblem
from gates.schema.practice import RAIL_URL
from gates.schema.target import Target, resolve
from gates.schema.time import monotonic_s

BACKUP, RESTORED, BOOK = "backup", "restored", "rail-book.jsonl"
"""In a drill's folder: the backup, the folder of the restored database, and the rail's book as it was reconciled."""

NO_FILE = "commands.restore_database left no database at {restored_db}"


class RestoreControl(Protocol):
    """What a restore drill needs of a service in addition to the rest."""

    rail_url: str
    """The rail of the service, "" where nobody knows it."""

    def back_up(self, within_s: float) -> None:
        """Back the database up while the service works on it."""

    def lose(self, within_s: float) -> float:
        """End the service and take its database away; returns the time before it. Raises Unobserved."""

    def restore_database(self, within_s: float) -> None:
        """Restore the backup elsewhere."""

    def inspected(self, within_s: float) -> AbstractContextManager[Mapping[str, str]]:
        """The environment in which the restored service can be read, before traffic comes to it, as a context."""

    def ask(self, name: str, within_s: float, codes: tuple[int, ...]) -> bytes:
        """What one of the target's commands prints; raises UnknownProblem for another exit code."""

    def bring_back(self, within_s: float) -> None:
        """Have the service running on the restored database, with traffic."""


class RestoreProcess(ProcessControl):
    """A service that the drill starts itself; `{backup}`, `{restored_db}` and `{book}` are in the drill's folder."""

    def __init__(self, target: Target, out: Path, environ: Mapping[str, str], pause: Pause, note: Note) -> None:
        super().__init__(target, out, environ, pause, note)
        self._restored = out / RESTORED / self.db.name
        self._commands.fields |= _places(out, self._restored)
        if self._restored.is_file() and not self.db.exists():  # a drill that was killed after its restore
            self._move()

    @property
    def rail_url(self) -> str:
        """Its own rail's."""
        return self.service.environ.get(RAIL_URL, "")

    def back_up(self, within_s: float) -> None:
        """The target's command, with `{db}` and `{backup}`."""
        self.command("backup", within_s)

    def adopt(self, copy: Path, within_s: float) -> None:
        """Make the backup of a copy of the database that lies elsewhere, in place of the database that is gone."""
        shutil.rmtree(self._out / BACKUP, ignore_errors=True)
        self._commands.fields["db"] = str(copy)
        self.command("backup", within_s)

    def lose(self, within_s: float) -> float:  # noqa: ARG002  # it takes no command
        """Kill it, and delete every file of its database."""
        moment = self.kill()
        for path in self._files():
            path.unlink()
        if left := self._files():
            raise Unobserved(f"the database was not seen to go: {left[0]} is still there")
        return moment

    def restore_database(self, within_s: float) -> None:
        """The target's command, with `{backup}` and `{restored_db}`; what an earlier try has left there is removed first."""
        shutil.rmtree(self._restored.parent, ignore_errors=True)
        self._restored.parent.mkdir()
        self.command("restore_database", within_s)
        if not self._restored.is_file():
            raise UnknownProblem(NO_FILE, next_step="correct it in the target file")
        self._move()

    @contextmanager
    def inspected(self, within_s: float) -> Iterator[Mapping[str, str]]:
        """A process on the restored database at another port, without its rail."""
        assert self._target.process is not None, "made for a target with a process"
        alone = msgspec.structs.replace(self._target.process, rail=())
        target = msgspec.structs.replace(self._target, process=alone)
        environ = {name: value for name, value in self.environ.items() if name != RAIL_URL}
        service = Service(target, db=self.db, logs=self._out / "logs", environ=environ, name="inspection", pause=self._pause)
        try:
            self._note("inspection", service.spawn())
            service.wait_ready(within_s)
            yield service.environ
        finally:
            service.stop()

    def ask(self, name: str, within_s: float, codes: tuple[int, ...]) -> bytes:
        """The target's command."""
        return self._commands.run(name, self.environ, within_s, self._pause, codes=codes)

    def bring_back(self, within_s: float) -> None:
        """Start it at its old port, and resume it if the target has a command for that."""
        self.restore(within_s)
        if self._target.commands.resume:
            self.command("resume", within_s)

    def _move(self) -> None:
        self.db = self._restored
        self.service.use_database(self.db)
        self._commands.fields["db"] = str(self.db)

    def _files(self) -> list[Path]:
        return [path for path in self.db.parent.glob(f"{self.db.name}*") if path.is_file()]


class RestoreCommands(CommandControl):
    """A service that others run: `lose_database` and `restore_database` of its commands lose it and have it back."""

    def __init__(self, target: Target, out: Path, environ: Mapping[str, str], pause: Pause, note: Note) -> None:
        super().__init__(target, out, environ, pause, note)
        self._commands = CommandRunner(target.commands, out / "logs", note, _places(out, out / RESTORED / "service.db"))

    @property
    def rail_url(self) -> str:
        """That of the target's file."""
        return "" if self._target.rail is None else resolve(self._target.rail.url, self.environ).rstrip("/")

    def back_up(self, within_s: float) -> None:
        """The target's command."""
        self.command("backup", within_s)

    def lose(self, within_s: float) -> float:
        """The target's command, and the service seen not ready meanwhile or after it."""
        return self.end_with("lose_database", within_s)

    def restore_database(self, within_s: float) -> None:
        """The target's command; then it is ready."""
        begun = monotonic_s()
        self.command("restore_database", within_s)
        self.wait_ready(max(1.0, within_s - (monotonic_s() - begun)))

    @contextmanager
    def inspected(self, within_s: float) -> Iterator[Mapping[str, str]]:
        """The service itself: its requests come from the storm too, and are separated by when they were sent."""
        self.wait_ready(within_s)
        yield self.environ

    def ask(self, name: str, within_s: float, codes: tuple[int, ...]) -> bytes:
        """The target's command."""
        return self._commands.run(name, self.environ, within_s, self._pause, codes=codes)

    def bring_back(self, within_s: float) -> None:
        """Have it ready, and resume it if the target has a command for that."""
        self.wait_ready(within_s)
        if self._target.commands.resume:
            self.command("resume", within_s)


def _places(out: Path, restored: Path) -> dict[str, str]:
    return {"backup": str(out / BACKUP), "restored_db": str(restored), "book": str(out / BOOK)}


def control_for_restores(target: Target) -> type[RestoreProcess] | type[RestoreCommands]:
    """The control for a target whose database is lost."""
    return RestoreCommands if target.process is None else RestoreProcess
