"""A service that others run, as a drill handles it: through the target's commands, and what the service reports about itself."""

from collections.abc import Mapping
from pathlib import Path

from drills.child import Pause
from drills.commands import DEPLOY, CommandRunner, Note
from drills.deployable import require_build
from drills.inquiry import wait_answer
from drills.observed import GONE_S, InstanceWatch, Unobserved
from gates.evidence.reported import read_build
from gates.schema.errors import UnknownProblem
from gates.schema.target import Target
from gates.schema.time import monotonic_s


class CommandControl:
    """A service that others run, controlled by the target's `commands`."""

    makes_releases = False

    def __init__(self, target: Target, out: Path, environ: Mapping[str, str], pause: Pause, note: Note) -> None:
        self._target, self._pause = target, pause
        self.environ = dict(environ)
        self.db = out / "service.db"
        self._instances = InstanceWatch(target)
        self._gone = False
        self._commands = CommandRunner(target.commands, out / "logs", note, {})

    def seed(self) -> None:
        """Accounts and keys come from the environment."""

    def start(self, release: str, within_s: float) -> None:  # noqa: ARG002  # what runs is the release that others chose
        """It runs already; check that it is ready."""
        self.wait_ready(within_s)
        self._instances.remember(self.environ)

    def kill(self) -> float:
        """Run the kill command, and see the service not ready meanwhile or after it; returns the time of its start."""
        return self.end_with("kill", 60.0)

    def end_with(self, name: str, within_s: float) -> float:
        """The same with another command that ends the service."""
        self._instances.require_same(self.environ)
        self._gone = False
        moment = monotonic_s()
        self._commands.run(name, self.environ, within_s, self._look)
        ended = monotonic_s()
        while not self._gone:
            if monotonic_s() - ended > GONE_S:
                what = f"{self._target.ready_path} responded 2xx until {GONE_S:g} s after commands.{name}"
                raise Unobserved(
                    f"the service was not seen to go: {what}", next_step=f"have commands.{name} end what base_url serves"
                )
            self._look(0.01)
        return moment

    def _look(self, pause_s: float) -> None:
        self._gone = self._gone or not wait_answer(self._target, self.environ, 0.0, self._pause)
        self._pause(pause_s)

    def restore(self, within_s: float) -> bool:
        """Run the restore command if the service is not ready."""
        if wait_answer(self._target, self.environ, 0.0, self._pause):
            return False
        self.command("restore", within_s)
        self.wait_ready(within_s)
        return True

    def require_other(self) -> None:
        """The target's own id of its instance must have changed."""
        self._instances.require_other(self.environ)

    def deploy(self, release: str, within_s: float) -> None:  # noqa: ARG002  # the command knows its candidate
        """Run the deploy command; in a freeze the build that then runs has to be one that a signed act names."""
        self.command(DEPLOY, within_s)
        self.wait_ready(within_s)
        require_build(self._commands.let_through, self.build())

    def roll_back(self, release: str, within_s: float) -> None:  # noqa: ARG002  # the command knows where to return to
        """Run the rollback command."""
        self.command("rollback", within_s)
        self.wait_ready(within_s)

    def build(self) -> str | None:
        """The build that the service reports."""
        return read_build(self._target, self.environ)

    def finish(self) -> None:
        """Stop nothing: others run the service."""

    def command(self, name: str, within_s: float, fields: Mapping[str, str] | None = None) -> None:
        """Run one of the target's commands."""
        self._commands.run(name, self.environ, within_s, self._pause, fields)

    def wait_ready(self, within_s: float) -> None:
        """Wait until it is ready; raises UnknownProblem if it is not within the time."""
        if not wait_answer(self._target, self.environ, within_s, self._pause):
            raise UnknownProblem(f"the service was not ready within {within_s:g} s")
