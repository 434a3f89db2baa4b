"""Commands of `gonogo` in the process of a test, in a state folder of its own."""

import io
import signal
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from honest_state import Ending

from gates.schema.entry import ENDING, run
from scorecards.cli import gonogo as command


def caller(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ending]:
    """Run `gonogo ...` in this process; state and private keys are below `folder`."""
    monkeypatch.setenv("GONOGO_HOME", str(folder / "home"))
    monkeypatch.setenv("GONOGO_KEYS", str(folder / "keys"))

    def call(*argv: object) -> Ending:
        before = {number: signal.getsignal(number) for number in ENDING}
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        try:
            with redirect_stdout(out), redirect_stderr(err):
                code = run(command, [str(item) for item in argv])
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return Ending(code, _text(out), _text(err))

    return call


def _text(shown: io.TextIOWrapper) -> str:
    shown.seek(0)
    return shown.read()
