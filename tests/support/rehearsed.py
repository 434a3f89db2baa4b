"""A rehearsal with Signers and a clock that the test sets, in which every command runs as it does outside one."""

import signal
from pathlib import Path

import pytest
from honest_state import Ending, State
from signing import document, first, put_signers

from gates.schema.entry import ENDING, run
from gates.schema.time import REHEARSAL_CLOCK
from scorecards.cli import gonogo as command

LONG_AGO = "2020-01-01T00:00:00Z"


class Rehearsed:
    """The state folder of a rehearsal; the private keys of Ada and Grace are here."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._clock = capsys, folder / "clock"
        monkeypatch.setenv("GONOGO_HOME", str(folder / "home"))
        monkeypatch.setenv("GONOGO_KEYS", str(folder / "keys"))
        monkeypatch.setenv(REHEARSAL_CLOCK, str(self._clock))
        self.set(LONG_AGO)
        assert self("state", "init", "--rehearsal").code == 0
        put_signers(folder / "home", first(document(at=LONG_AGO)), keys=folder / "keys")
        self.state = State(folder / "home", folder, self)

    def set(self, now: str) -> None:
        """Set the clock."""
        self._clock.write_text(now)

    def __call__(self, *argv: object) -> Ending:
        """Run `gonogo ...` in this process."""
        before = {number: signal.getsignal(number) for number in ENDING}
        code = run(command, [str(item) for item in argv])
        for number, handler in before.items():
            signal.signal(number, handler)
        shown = self._capsys.readouterr()
        return Ending(code, shown.out, shown.err)
