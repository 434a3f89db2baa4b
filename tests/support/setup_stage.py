"""A setup in this process: a folder of its own, a fake gateway, a user whose answers are written down."""

import io
from pathlib import Path

import click
from fake_gateway import ADDRESS, CODE, URL, FakeGateway
from ticking import Ticking

from gateway.setup.choices import Choices, Person
from gateway.setup.hosts.ask import Seen
from gateway.setup.journal import Journal
from gateway.setup.lines import LevelFound
from gateway.setup.local import LocalState
from gateway.setup.report import report_of
from gateway.setup.steps.table import STEPS
from gateway.setup.talk import Talk
from gateway.setup.walk import Surroundings, Verification, Walk, go
from gateway.setup.wire import Wire

RUN = "run_0123456789abcdef0123456789abcdef"
QUICK = Choices(address=ADDRESS, code=CODE, hosts=("none",), apply=True, pay=True)
VERIFIED = Verification(True, (LevelFound("signature", "pass"), LevelFound("chain", "pass")), "verified")


class Killed(BaseException):
    """The process ends here: nothing after this line is done."""


class Mortal(Journal):
    """A journal whose process is ended at a line: before it is written, after it, or in the middle of it."""

    at, how = 0, "after"

    def add(self, **members):
        """Write the next line, unless this is where it ends."""
        number = len(self.lines) + 1
        if self.at and number > self.at:
            raise Killed
        if number == self.at and self.how == "before":
            raise Killed
        line = super().add(**members)
        if number == self.at:
            if self.how == "torn":
                whole = self._path.read_bytes()
                self._path.write_bytes(whole[:-7])
            raise Killed
        return line


class Answering(Person):
    """A user who answers each question by its flag; None closes the terminal, and what is not written down is Enter."""

    def __init__(self, terminal=True, **answers):
        super().__init__(terminal=terminal)
        self.answers = {f"--{name.replace('_', '-')}": value for name, value in answers.items()}
        self.asked = []

    def text(self, question, flag, default=None, *, hidden=False):  # noqa: ARG002  # what a person would read
        """The answer that is written down."""
        self.require(flag)
        self.asked.append(flag.split()[0])
        answer = self.answers.get(flag.split()[0], default)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if answer is None:
            raise click.Abort
        return answer

    def yes(self, question, flag, *, default=True):  # noqa: ARG002  # the same
        """The same, as yes or no."""
        self.require(flag)
        self.asked.append(flag)
        return self.answers.get(flag, default)

    def line(self, what):  # noqa: ARG002  # the same
        """The next line of standard input."""
        return self.answers["--stdin"].pop(0)


class Stage:
    """A user's machine, and what walks on it."""

    def __init__(self, folder: Path, gateway=None, **environ):
        self.folder, self.clock = folder, Ticking()
        self.gateway = gateway or FakeGateway(self.clock)
        self.local = LocalState(folder / "state")
        self.environ = {"GONOGO_KEY_FILE": str(folder / "keys" / "api.key"), **environ}
        self.verification, self.said = VERIFIED, io.StringIO()
        self.seen = (Seen.SEEN, "listed")
        self.host_version = None
        self.patience_s = None

    def walk(self, choices=QUICK, person=None, *, at=0, how="after", steps=STEPS, run=RUN):
        """One walk to its end; returns the report."""
        pointer = self.local.pointer()
        if pointer is None or pointer.run != run:
            self.local.begin(run, URL)
        journal = Mortal(self.local.journal_file(run), run, self.clock, self.clock.monotonic)
        journal.at, journal.how = at, how
        wire = Wire(URL, self.gateway, pause=lambda _seconds: None)
        around = Surroundings(
            self.clock,
            self.clock.monotonic,
            self.environ,
            self.folder / "home",
            "linux",
            "/opt/gonogo/bin/gonogo",
            self._verify,
            lambda _host, _name: self.seen,
            lambda _host: self.host_version,
        )
        talk = Talk(self.said, patience_s=self.patience_s)
        try:
            go(Walk(self.local, journal, wire, choices, person or Answering(terminal=False), talk, around), steps)
        finally:
            self.lines = tuple(journal.lines)
            journal.close()
        return report_of(self.lines)

    def _verify(self, _file, trust, _policies):
        self.trusted = trust
        return self.verification

    def key(self):
        """The agent's key that was saved."""
        return Path(self.environ["GONOGO_KEY_FILE"]).read_text(encoding="ascii").strip()
