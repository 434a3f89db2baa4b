"""`gonogo setup` in a process of its own, at a real terminal or without one, for a user whose home is a folder of the test."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pexpect
import pyte
from fake_gateway import FakeGateway
from loopback import serving
from waiting import asleep

from gateway.clock import system_clock

ROWS, COLUMNS = 80, 400
WAIT_S = 60
ESCAPE = "\x1b"


def environ(home: Path, **more: str) -> dict[str, str]:
    """The variables of a user with an empty home."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH", "COVERAGE_PROCESS_START") if name in os.environ}
    return {**kept, "HOME": str(home), "TERM": "xterm", **more}


def argv(*words: str) -> list[str]:
    """`gonogo setup ...`."""
    return [sys.executable, "-P", "-m", "scorecards", "setup", *words]


class Terminal:
    """A command at a terminal: what it shows, and what is typed."""

    def __init__(self, words: list[str], environ: dict[str, str], cwd: Path) -> None:
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.Stream(self.screen)
        self.child = pexpect.spawn(
            words[0], words[1:], env=environ, cwd=str(cwd), dimensions=(ROWS, COLUMNS), encoding="utf-8", timeout=WAIT_S
        )
        self.child.delaybeforesend = None
        self.child.logfile_read = self
        self.raw = ""

    def write(self, text: str) -> None:
        """What the command has printed, as a terminal shows it."""
        self.raw += text
        self._stream.feed(text)

    def flush(self) -> None:
        """Nothing is buffered."""

    def until(self, words: str) -> None:
        """Wait until these words are shown and the command sleeps."""
        self.child.expect_exact(words)
        asleep(self.child.pid)

    def type(self, text: str) -> None:
        """Type this, and Enter."""
        self.child.sendline(text)

    def end(self) -> int:
        """Wait for its end; its exit code, or minus the signal."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        return self.child.exitstatus if self.child.exitstatus is not None else -self.child.signalstatus

    def shown(self) -> str:
        """The screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)


class Served:
    """A fake gateway as a service on loopback."""

    def __init__(self, gateway: FakeGateway) -> None:
        self.gateway = gateway
        self.holds = {}

    def answer(self, method, target, headers, body):
        """One request; a route that is held waits until the test lets it go."""
        if target in self.holds:
            reached, released = self.holds[target]
            reached.set()
            assert released.wait(WAIT_S)
        request = httpx.Request(method, f"http://gateway{target}", headers=dict(headers), content=body)
        answer = self.gateway.handle_request(request)
        return answer.status_code, dict(answer.headers), answer.content


@contextmanager
def fake_service():
    """A fake gateway that answers on a port of loopback, and its address."""
    served = Served(FakeGateway(system_clock))
    with serving(served) as url:
        served.gateway.base_url = url
        yield served, url
