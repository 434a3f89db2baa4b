"""The commands of a target's file, run one at a time, each to its end."""

from collections.abc import Callable, Mapping
from pathlib import Path

from drills.child import MARKER, Identity, Pause, spawn
from drills.deployable import LetThrough, require_let_through
from gates.schema.errors import UnknownProblem
from gates.schema.target import Commands, command_line

Note = Callable[[str, Identity], None]
DEPLOY = "deploy"


class CommandRunner:
    """Runs the commands of one target; `fields` fills in what a process of the drill's own has, such as `{db}`."""

    def __init__(self, commands: Commands, logs: Path, note: Note, fields: Mapping[str, str]) -> None:
        self._commands, self._logs, self._note, self.fields = commands, logs, note, dict(fields)
        self._count = 0
        self.let_through = LetThrough(any_build=False, builds=())

    def run(
        self,
        name: str,
        environ: Mapping[str, str],
        within_s: float,
        pause: Pause,
        fields: Mapping[str, str] | None = None,
        codes: tuple[int, ...] = (0,),
    ) -> bytes:
        """Run one to its end, and return what it prints; `fields` fills in what this one needs in addition.

        `deploy` runs only where no freeze refuses it; `let_through` then says which builds.

        Raises UnknownProblem naming the command where the target's file has none, where it ends with none of `codes`, and where
        it takes too long, RefusedProblem for a deployment in a freeze.
        """
        argv: tuple[str, ...] = getattr(self._commands, name)
        if not argv:
            raise UnknownProblem(f"the target has no commands.{name}", next_step=f"add spec.commands.{name} to its file")
        if name == DEPLOY:
            self.let_through = require_let_through(environ)
        self._count += 1
        words = command_line(argv, {**self.fields, **(fields or {})})
        own = {key: value for key, value in environ.items() if key != MARKER}  # what it starts is not the drill's
        child = spawn(words, own, self._logs / f"command.{self._count}")
        self._note("command", child.identity)
        try:
            finished = child.wait(within_s, pause)
        finally:
            code = child.end()
        if not finished or code not in codes:
            what = f"exit {code}" if finished else f"not done within {within_s:g} s"
            raise UnknownProblem(f"the target's command {words[0]!r} failed: {what}", next_step=f"see {child.stderr.name}")
        return child.stdout.read_bytes()
