"""A person with an empty home who sets up against a real gateway, and what that person reads: mails, screens, receipts."""

import base64
import json
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import msgspec
from gateway_process import run, running
from mail_server import CODE
from setup_terminal import WAIT_S, Terminal, argv, environ
from waiting import eventually

from gateway.setup.local import LocalState

ADDRESS = "ada@example.org"
NOTED = "children"

# Each Python process of the user adds a line to a file: its parent, and how it was started.
_NOTING = """
import json, os, pathlib, sys
with pathlib.Path(__file__).with_name("children").open("a") as noted:
    print(json.dumps([os.getppid(), sys.orig_argv]), file=noted)
"""
_PLACES = (
    (r"run_[0-9a-f]{32}", "run_..."),
    (r"(ten|wal|pye|pay|rcp)_[0-9a-zA-Z]+", r"\1_..."),
    (r"[0-9a-f]{12,64}", "..."),
    (r"http://127\.0\.0\.1:[0-9]+", "http://127.0.0.1:8080"),
    (r" *[0-9]+\.[0-9] s\b", " 1.0 s"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", "2026-12-01T00:00:00.000Z"),
    (r"\b[0-9]{8}\b", "12345678"),
    (r'"[^"]*/gonogo"', '"/usr/bin/gonogo"'),
)


def until(found):
    """What there is, once there is something."""
    assert eventually(lambda: bool(found()), WAIT_S)
    return found()


class User:
    """A person with an empty home and an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.home, self.state, self.here = folder / "home", folder / "state", folder / "here"
        self.here.mkdir()
        self.environ = environ(self.home, GONOGO_SETUP_STATE=str(self.state))
        assert [*self.home.iterdir(), *self.here.iterdir()] == []
        self._noting = folder / "noting"

    def at_terminal(self, *words: str) -> Terminal:
        """`gonogo setup ...` at a terminal."""
        return Terminal(argv(*words), self.environ, self.here)

    def gonogo(self, *words: str, **given) -> subprocess.CompletedProcess[str]:
        """A command to its end, without a terminal."""
        line = [sys.executable, "-P", "-m", "scorecards", *words]
        return subprocess.run(
            line, env=self.environ, cwd=self.here, capture_output=True, text=True, timeout=WAIT_S, check=False, **given
        )

    def report(self) -> dict[str, object]:
        """The last run's report, after it was replayed."""
        replayed = self.gonogo("setup", "replay")
        assert replayed.returncode == 0, replayed.stdout + replayed.stderr
        return json.loads(self.gonogo("setup", "report", "--format", "json").stdout)

    @property
    def run_folder(self) -> Path:
        """Where the last run is kept."""
        local = LocalState(self.state)
        return local.run_folder(local.pointer().run)

    def receipt(self) -> dict[str, object]:
        """What the receipt that the setup checked last claims."""
        envelope = json.loads((self.run_folder / "receipt.json").read_bytes())
        return json.loads(base64.b64decode(envelope["payload"]))

    def note_children(self) -> None:
        """Have every Python process of this user noted from now on."""
        self._noting.mkdir()
        (self._noting / "sitecustomize.py").write_text(_NOTING)
        paths = [str(self._noting), *filter(None, [self.environ.get("PYTHONPATH")])]
        self.environ["PYTHONPATH"] = ":".join(paths)

    def children_of(self, parent: int) -> list[list[str]]:
        """How each Python process that this one started was started, without the interpreter."""
        noted = [msgspec.json.decode(line) for line in self._noting_lines()]
        return [words[1:] for of, words in noted if of == parent]

    def _noting_lines(self) -> list[bytes]:
        return (self._noting / NOTED).read_bytes().splitlines()

    def as_recorded(self, *screens: str) -> str:
        """What terminals showed, with what differs from run to run replaced."""
        text = "\n".join(line for screen in screens for line in screen.rstrip().splitlines()) + "\n"
        text = text.replace(str(self.home), "~").replace(str(self.state), "STATE")
        for pattern, placed in _PLACES:
            text = re.sub(pattern, placed, text)
        return text


def smtp(port: int, ca: Path) -> tuple[str, ...]:
    """The options of a gateway that sends its codes there."""
    return ("--mail", "smtp", "--smtp", f"smtp://127.0.0.1:{port}", "--smtp-ca", str(ca), "--mail-from", "gateway@example.com")


def code_of(server) -> str:
    """The code of the newest mail, once it is there."""
    text = until(lambda: server.texts()[-1:])[0]
    return re.search(CODE, text)[1]


def operate(*words: str) -> str:
    """A command of the gateway's operator; what it printed."""
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def recording(folder: Path, *options: str):
    """A gateway that writes its mails into a folder, and what reads the code of an address from there."""
    mails = folder / "mails"

    def code(address: str = ADDRESS) -> str:
        found = until(lambda: [text for file in mails.glob("*.eml") if address in (text := file.read_text())])
        return re.search(CODE, found[0])[1]

    with running(folder / "gateway.db", "--dev", "--mail", "record", "--mail-folder", str(mails), *options) as gateway:
        yield gateway, code
