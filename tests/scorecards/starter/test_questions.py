"""The questions of `gonogo init` on a real terminal: typed answers, defaults, and what Ctrl-C leaves."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select
from time import monotonic

import pytest
import yaml
from waiting import asleep

from gates.schema.gateset import load_gates
from gates.schema.target import load_target

pytestmark = pytest.mark.process
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LIMIT_S = 120


class Terminal:
    """`gonogo init` with a terminal for its keyboard and screen."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._ours, theirs = pty.openpty()
        own = {name: value for name, value in os.environ.items() if not name.startswith("GONOGO_")}
        environ = own | {"COLUMNS": "200", "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)}
        argv = [sys.executable, "-P", "-m", "scorecards", "init", "shop", *options]
        every = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        self.process = subprocess.Popen(argv, cwd=folder, env=environ, start_new_session=True, **every)
        os.close(theirs)
        self.seen = ""

    def wait_for(self, text: str) -> None:
        """Read until the screen shows a text that was not there before."""
        begun, end = len(self.seen), monotonic() + _LIMIT_S
        while text not in self.seen[begun:]:
            assert monotonic() < end, f"{text!r} was not shown:\n{self.seen}"
            if select([self._ours], [], [], 1)[0] and not self._read():
                break
        assert text in self.seen[begun:], f"it ended without {text!r}:\n{self.seen}"

    def answer(self, question: str, typed: str) -> None:
        """Wait for a question, and type an answer; "" takes the default."""
        self.wait_for(question)
        os.write(self._ours, f"{typed}\n".encode())

    def interrupt(self) -> None:
        """Ctrl-C, as the terminal hands it on, once the command waits for an answer."""
        asleep(self.process.pid)
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> int:
        """Read to the end; the exit code."""
        end = monotonic() + _LIMIT_S
        while not select([self._ours], [], [], 1)[0] or self._read():
            assert monotonic() < end, f"it did not end:\n{self.seen}"
        return self.process.wait(_LIMIT_S)

    def close(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _read(self) -> bool:
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += _CONTROL.sub("", data.decode()).replace("\r", "")
        return bool(data)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start one in an empty folder; whatever it started is ended."""
    started: list[Terminal] = []

    def start(*options: str) -> Terminal:
        started.append(Terminal(tmp_path, *options))
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_the_questions_lead_to_a_folder_of_ones_own(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    """A service elsewhere with a kill command: what does not apply is not asked, and an empty line takes the default."""
    init = terminal()
    init.answer("OpenAPI document", "")
    init.answer("Name of the service [shop]", "")
    init.answer("Who owns its launch gates [backend]", "team payments")
    init.answer("Command that starts it here", "")
    init.answer("Its address", "http://127.0.0.1:9100")
    init.answer("kills it with SIGKILL", "ssh pay kill -9 1")
    init.answer("starts it again", "ssh pay start")
    init.answer("deploys the release", "")
    init.answer("When it is launched", "2999-04-30T09:00")
    init.answer("IANA time zone", "Europe/Berlin")
    init.answer("JUnit files", "reports/*.xml")
    init.answer("k6 script", "")
    init.answer("Prometheus that watches it", "")
    assert init.end() == 0, init.seen
    folder = tmp_path / "shop"
    target = load_target(str(folder / "target.yaml"))
    assert (target.name, target.target.commands.kill) == ("shop", ("ssh", "pay", "kill", "-9", "1"))
    assert {gate.owner for gate in load_gates(folder / "gates")} == {"team payments"}
    assert "tests" in {gate.id for gate in load_gates(folder / "gates")}
    assert yaml.safe_load((folder / "freeze.yaml").read_text())["spec"]["zone"] == "Europe/Berlin"
    for not_asked in ("makes its accounts", "another release, one that fails", "rolls back to the previous", "Query:"):
        assert not_asked not in init.seen


def test_what_an_option_gives_is_not_asked(terminal: Callable[..., Terminal]) -> None:
    """Each option answers its question; --no-input asks nothing at all."""
    init = terminal("--openapi", "", "--name", "pay", "--start", "./serve {port} {db}", "--launch", "", "--junit", "")
    init.answer("Who owns its launch gates [backend]", "")
    init.answer("makes its accounts", "")
    init.answer("another release, one that fails", "")
    init.answer("k6 script", "")
    init.answer("Prometheus that watches it", "")
    assert init.end() == 0, init.seen
    silent = terminal("--no-input", "--force")
    assert silent.end() == 0, silent.seen
    assert "Name of the service" not in silent.seen


def test_ctrl_c_at_a_question_writes_nothing(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    """It ends with 130, without a traceback."""
    init = terminal()
    init.answer("OpenAPI document", "")
    init.wait_for("Name of the service [shop]")
    init.interrupt()
    assert init.end() == 130, init.seen
    assert "Traceback" not in init.seen
    assert not (tmp_path / "shop").exists()
