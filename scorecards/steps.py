"""Running one step of a review: a child process, its output in a log, its progress on stderr, and always ended."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGTERM
from time import sleep

import msgspec

from drills.child import Child, Pause, spawn
from gates.schema.outcome import EXIT_MEANING, ExitCode
from gates.schema.time import monotonic_s
from scorecards.voice import Voice

_POLL_S = 0.1
_MORE, _LONGEST = 1, 300
_PROBLEM = re.compile(
    r"(?:\s*[0-9.]+ s\s+)?((?:error|internal error|failed|aborted by a guard|ROLLBACK FAILED): .*|interrupted.*|terminated.*)"
)
_SAID = tuple(map(re.compile, (r"^FOUND ", r"^  deviation: ", r"^[a-z-]+: (?:not_run|adapter_error): ", r"\bunknown\b")))
GRACE_S = 30.0
_WORDS = {ExitCode.GREEN: "clean", ExitCode.RED: "findings", ExitCode.UNKNOWN: "not everything could be judged"}


class StepResult(msgspec.Struct, frozen=True):
    """How one step ended; `exit_code` is None if it was not run, and then `note` has the reason."""

    name: str
    command: tuple[str, ...]
    exit_code: int | None
    elapsed_ms: int
    note: str


def run_command(
    argv: Sequence[str], environ: Mapping[str, str], log: Path, voice: Voice, number: int, title: str, pause: Pause = sleep
) -> tuple[int, int]:
    """Run one command to its end; returns its exit code and the milliseconds that it took.

    However this ends, the child and all that it started are gone: it gets SIGTERM and the time that a drill needs to roll
    back, then its session is killed. If this process dies first, the kernel sends the SIGTERM.
    """
    begun = monotonic_s()
    child = spawn(argv, environ, log, on_parent_death=SIGTERM)
    try:
        tail = _Tail(child.stderr)
        while not child.wait(_POLL_S, pause):
            is_new = tail.read()
            voice.progress(number, title, monotonic_s() - begun, tail.latest, is_new=is_new)
        code = child.end()
    except BaseException:
        _end(child, voice, title)
        raise
    return code, round((monotonic_s() - begun) * 1000)


def outcome_in_words(exit_code: int) -> str:
    """What an exit code of a step means."""
    if exit_code < 0:
        return f"ended by signal {-exit_code}"
    try:
        code = ExitCode(exit_code)
    except ValueError:
        return f"exit {exit_code}"
    return _WORDS.get(code, EXIT_MEANING[code])


def cause(log: Path) -> str:
    """Why a step did not end clean, in its own words: its last problem, else its first finding, else what it does not know.

    Progress is no cause; "" where it gives none.
    """
    err, out = (Path(f"{log}.{name}").read_text(errors="replace").splitlines() for name in ("err", "out"))
    problems = [(number, match[1]) for number, line in enumerate(err) if (match := _PROBLEM.fullmatch(line))]
    if problems:
        number, first = problems[-1]
        return " / ".join([first, *(line.strip() for line in err[number + 1 :][:_MORE] if line.startswith("  next: "))])
    found = [line.strip() for pattern in _SAID for line in out if pattern.search(line)]
    return found[0][:_LONGEST] if found else ""


def _end(child: Child, voice: Voice, title: str) -> None:
    if child.alive():
        voice.say(f"ending: {title}")
    try:
        child.end(GRACE_S)
    except BaseException:
        # A second signal: no more patience, but still nothing left behind.
        child.end()
        raise


class _Tail:
    """The last line of a child's stderr so far."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._rest = path, 0, b""
        self.latest = ""

    def read(self) -> bool:
        """Read on; True where a new line has come."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        self._offset += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        news = [line for line in whole if line.strip()]
        if news:
            self.latest = news[-1].decode(errors="replace").strip()
        return bool(news)
