"""The way to a service, or to its rail, through a proxy of ours: started, ruled, counted and ended by a drill."""

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit, urlunsplit

import msgspec

from drills.child import Child, Identity, Pause, spawn
from drills.network.rule import Counts, Ready, Rule, State
from gates.schema.errors import UnknownProblem
from gates.schema.rooms import room_argv
from gates.schema.time import monotonic_s

_READY_S, _POLL_S, _ANSWER_S = 10.0, 0.01, 5.0
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}")


class NetworkPath:
    """A proxy in front of one http URL; `url` is the same address through it."""

    def __init__(self, upstream: str, log: Path, environ: Mapping[str, str], pause: Pause = sleep) -> None:
        """Start it. Raises UnknownProblem for an address that a proxy cannot stand in for, or if it does not start."""
        parts = urlsplit(upstream)
        if parts.scheme != "http":
            raise UnknownProblem(
                f"{upstream}: a proxy in front of {parts.scheme} would need the service's certificate",
                next_step="give the address behind TLS, over http",
            )
        argv = room_argv("drills.network.proxy", parts.hostname or "", str(parts.port or 80))
        self._child = spawn(argv, environ, log)
        try:
            ready = _await_ready(self._child, pause)
        except BaseException:
            self._child.end()
            raise
        self._control = ready.control
        self.url = urlunsplit(parts._replace(netloc=f"127.0.0.1:{ready.port}"))

    @property
    def identity(self) -> Identity:
        """Its process."""
        return self._child.identity

    def impose(self, rule: Rule) -> Counts:
        """Let a rule be in force; returns the counts so far. Raises UnknownProblem if the proxy does not confirm it."""
        state = self._ask(msgspec.json.encode(rule))
        if state.rule != rule:
            raise UnknownProblem(f"the proxy has another rule in force: {state.rule}")
        return state.counts

    def counts(self) -> Counts:
        """What it has done so far."""
        return self._ask(b"").counts

    def end(self) -> None:
        """End it, and every connection through it."""
        self._child.end(2.0)

    def _ask(self, line: bytes) -> State:
        try:
            with socket.create_connection(("127.0.0.1", self._control), timeout=_ANSWER_S) as connection:
                connection.sendall(line + b"\n")
                return msgspec.json.decode(connection.makefile("rb").readline(), type=State)
        except (OSError, msgspec.MsgspecError) as error:
            raise UnknownProblem(f"the network proxy does not answer: {error or type(error).__name__}") from None


def variable_of(base_url: str) -> str:
    """The variable that is the whole of a target's base URL, with or without a default.

    Raises UnknownProblem where there is none: clients could then not be led through a proxy.
    """
    match = _VARIABLE.fullmatch(base_url)
    if match is None:
        raise UnknownProblem(
            "spec.base_url names no variable, so that the clients cannot be led through a proxy",
            next_step="write it as base_url: ${GONOGO_BASE_URL:-http://...}",
        )
    return match[1]


def _await_ready(child: Child, pause: Pause) -> Ready:
    deadline = monotonic_s() + _READY_S
    while True:
        line, ended, _ = child.stdout.read_bytes().partition(b"\n")
        if ended:
            return msgspec.json.decode(line, type=Ready)
        if not child.alive() or monotonic_s() > deadline:
            raise UnknownProblem(f"the network proxy did not start: {child.stderr.read_text(errors='replace')[-400:]}")
        pause(_POLL_S)
