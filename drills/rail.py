"""The rail that a service pays through, as a child process: it survives the kills of the service, and its book survives it."""

from collections.abc import Mapping
from pathlib import Path

from drills.child import Child, Identity, Pause, spawn
from gates.schema.errors import UnknownProblem
from gates.schema.practice import RAIL_URL, rail_argv, ready_url, shared_secret
from gates.schema.target import Process
from gates.schema.time import monotonic_s

_READY_S, _GRACE_S, _POLL_S = 20.0, 5.0, 0.01


class RailProcess:
    """The rail of one target's process; it can be started several times with one book file."""

    def __init__(self, process: Process, *, book: Path, log: Path, environ: Mapping[str, str], pause: Pause) -> None:
        self._process, self._book, self._log, self._pause = process, book, log, pause
        self._environ, self._secret = dict(environ), shared_secret()
        self._child: Child | None = None

    def start(self) -> dict[str, str]:
        """Have it running; returns the variables by which a service finds it.

        Raises UnknownProblem with the end of its log if it does not become ready, and then ends it.
        """
        if self._child is None or not self._child.alive():
            self._child = spawn(rail_argv(self._process, self._book), {**self._environ, **self._secret}, self._log)
        try:
            url = self._await_ready(self._child)
        except BaseException:
            self.stop()
            raise
        return {**self._secret, RAIL_URL: url}

    @property
    def identity(self) -> Identity:
        """Its process."""
        assert self._child is not None, "never started"
        return self._child.identity

    def stop(self) -> None:
        """SIGTERM, then SIGKILL if it still runs."""
        if self._child is not None:
            self._child.end(_GRACE_S, self._pause)

    def _await_ready(self, child: Child) -> str:
        deadline = monotonic_s() + _READY_S
        while True:
            url = ready_url(child.stdout.read_bytes())
            if url is not None:
                return url
            if not child.alive() or monotonic_s() > deadline:
                words = "".join(f"\n  {line}" for line in child.stderr.read_text(errors="replace").splitlines()[-5:])
                raise UnknownProblem(f"the rail did not become ready{words}")
            self._pause(_POLL_S)
