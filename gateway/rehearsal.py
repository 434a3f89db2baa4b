"""The clock of a rehearsal: a file sets it, and nothing outside a rehearsal reads it.

The toolkit has the same rule and the same file (`gates.schema.time`), and this room imports no other: a test compares the two.
"""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path

from gateway.clock import Clock, system_clock
from gateway.errors import StartProblem

VARIABLE = "GONOGO_REHEARSAL_CLOCK"
_HOME, _STATE = "GONOGO_HOME", "state.json"
_RUNNING = " running"
_EXAMPLE = "it holds a moment, or `2026-11-27T12:05:00Z running`: the clock then runs on from there"


class RehearsalClock:
    """Now as the file `path` has it: `MOMENT`, at which it stands, or `MOMENT running`, on from when the file was written.

    Raises StartProblem where the file cannot be read at the start; while it cannot be read later, the clock stands.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._last = self._read()
        except (OSError, ValueError) as error:
            raise StartProblem(f"{path}: the rehearsal's clock cannot be read: {error}; {_EXAMPLE}") from None

    def __call__(self) -> dt.datetime:
        """The moment, in UTC."""
        try:
            self._last = self._read()
        except (OSError, ValueError):  # somebody is writing it
            return self._last
        return self._last

    def _read(self) -> dt.datetime:
        text = self.path.read_text(encoding="ascii").strip()
        began = dt.datetime.fromisoformat(text.removesuffix(_RUNNING))
        if began.tzinfo is None:
            raise ValueError(f"{text!r} names no time zone; write 2026-11-23T10:00:00Z")
        if text.endswith(_RUNNING):
            began += system_clock() - dt.datetime.fromtimestamp(self.path.stat().st_mtime, dt.UTC)
        return began.astimezone(dt.UTC)


def chosen_clock(environ: Mapping[str, str]) -> Clock:
    """The machine's clock; in a rehearsal the one of its file.

    Raises StartProblem where GONOGO_REHEARSAL_CLOCK is set and GONOGO_HOME does not name the state folder of a rehearsal: money
    outside one is never dated by a stepped clock.
    """
    file = environ.get(VARIABLE)
    if file is None:
        return system_clock
    home = Path(environ.get(_HOME) or ".gonogo").absolute()
    if not _is_rehearsal(home):
        raise StartProblem(
            f"{VARIABLE} is set, and {home} is no rehearsal: unset {VARIABLE}, "
            "or make a rehearsal: GONOGO_HOME=FOLDER gonogo state init --rehearsal"
        )
    return RehearsalClock(Path(file))


def _is_rehearsal(home: Path) -> bool:
    try:
        state = json.loads((home / _STATE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(state, dict) and state.get("rehearsal") is True
