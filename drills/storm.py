"""The load run during a drill: its own process, followed through the history that it writes."""

import signal
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from drills.child import Child, spawn
from drills.schema import StormSpec
from drills.steady import Attempt
from gates.schema.rooms import room_argv

LOAD = tuple(room_argv("loadtests"))
"""The command that runs load tests, and checks them again."""

KEPT_ATTEMPTS = 20_000
STOP_GRACE_S = 5.0


def probe_argv(target: str) -> list[str]:
    """The command that probes a target."""
    return [*LOAD, "probe", "--target", target, "--format", "json"]


class Line(msgspec.Struct, frozen=True):
    """The members of a history line that a drill reads; times are nanoseconds of the machine's monotonic clock."""

    process: int
    type: str
    operation: str
    payment: int
    start_ns: int
    payment_id: str | None = None
    amount: str | None = None
    end_ns: int | None = None
    status: int | None = None
    code: str | None = None
    error: str | None = None
    phase: str = "storm"

    @property
    def answer(self) -> str:
        """The status and the error code of the response, "" if there was none."""
        return "" if self.status is None else f"{self.status} {self.code or ''}".strip()


class Follower:
    """Reads the new lines of a history, and keeps what a drill needs."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset = path, 0
        self.open: set[int] = set()
        self.settled: set[int] = set()
        self.holding: set[int] = set()  # payments with an acknowledged reserve and neither settle nor reverse
        self.attempts: deque[Attempt] = deque(maxlen=KEPT_ATTEMPTS)
        self._first_ns: dict[tuple[int, str], int] = {}

    def poll(self) -> None:
        """Read every complete new line."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        for raw in whole.splitlines():
            self._take(msgspec.json.decode(raw, type=Line))

    def _take(self, line: Line) -> None:
        if line.type == "invoke":
            self.open.add(line.process)
            self._first_ns.setdefault((line.payment, line.operation), line.start_ns)
            return
        self.open.discard(line.process)
        if line.phase != "storm":
            return
        if line.type == "ok" and line.operation == "settle":
            self.settled.add(line.payment)
        if line.type == "ok":
            (self.holding.add if line.operation == "reserve" else self.holding.discard)(line.payment)
        if line.error != "abandoned":  # the client closed the connection on purpose
            self.attempts.append(self._attempt(line))

    def _attempt(self, line: Line) -> Attempt:
        ended_ns = line.start_ns if line.end_ns is None else line.end_ns
        return Attempt(
            begun_s=line.start_ns / 1e9,
            ended_s=ended_ns / 1e9,
            bad=unanswered(line),
            answer=line.answer,
            operation=line.operation,
            acknowledged=line.type == "ok",
            status=line.status,
            first_s=self._first_ns.get((line.payment, line.operation), line.start_ns) / 1e9,
        )


def unanswered(line: Line) -> bool:
    """Whether the client got no usable response: unknown outcome, transport error, or a status of 500 and above."""
    return line.type == "info" or line.error is not None or (line.status is not None and line.status >= 500)


def in_flight(path: Path, moments_s: Sequence[float]) -> list[int]:
    """How many attempts were in flight at each time: begun before it, answered after it or never."""
    lines = [msgspec.json.decode(raw, type=Line) for raw in path.read_bytes().splitlines()]
    invoked = [line.start_ns for line in lines if line.type == "invoke"]
    ended = [line.end_ns or line.start_ns for line in lines if line.type != "invoke"]
    marks = [int(moment * 1e9) for moment in moments_s]
    return [sum(begun <= mark for begun in invoked) - sum(end <= mark for end in ended) for mark in marks]


class Storm:
    """A running load run."""

    def __init__(self, child: Child, out: Path, until: Path) -> None:
        self.child, self.out, self._until = child, out, until
        self.follower = Follower(out / "history.jsonl")

    @classmethod
    def start(cls, spec: StormSpec, target: str, out: Path, *, seed: int, environ: Mapping[str, str], log: Path) -> "Storm":
        """Start it; new payments begin until `enough`.

        If the drill is killed it gets SIGTERM, so that it ends its own processes.
        """
        until = out.with_name("storm-enough")
        argv = [*LOAD, "run", spec.profile, "--target", target, "--out", str(out)]
        argv += ["--seed", str(seed), "--payments", str(spec.payments), "--until", str(until), "--no-evidence"]
        return cls(spawn(argv, environ, log, on_parent_death=signal.SIGTERM), out, until)

    def enough(self) -> None:
        """Start no more payments than planned; those that have begun run to their end."""
        self._until.touch()

    def end(self) -> int:
        """End it, gracefully first; returns its exit code."""
        return self.child.end(STOP_GRACE_S)
