"""Walks of small pages, with the real shell and a person whose answers are known."""

import os
from pathlib import Path

import pytest

from drills.runbook import perform
from drills.runbook.page import parse_page
from drills.runbook.person import Reply
from drills.runbook.places import require_runnable
from drills.runbook.walk import walk


class Console:
    """Remembers what was shown."""

    def __init__(self):
        self.shown = []

    def begin(self, step):
        """A step."""
        self.shown.append(f"step {step.name}")

    def line(self, text):
        """A line of output."""
        self.shown.append(text)

    def note(self, message):
        """A message."""
        self.shown.append(message)


class Answering:
    """A person who gives these answers, each after so many seconds."""

    def __init__(self, *answers, took_s=1.5):
        self.answers, self.took_s, self.questions = list(answers), took_s, []

    def confirm(self, question, limit_s, meanwhile):
        """The next answer."""
        self.questions.append((question, limit_s))
        meanwhile()
        return Reply(self.answers.pop(0), self.took_s)


@pytest.fixture
def person():
    """Make a person."""
    return Answering


@pytest.fixture
def console():
    """A console whose lines can be looked at."""
    return Console()


@pytest.fixture
def take(tmp_path, console, monkeypatch):
    """Walk a page to its end; returns the run, its ending and its report."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))

    def go(source, person=None, *, begin="", environ=None, store=None, folder=tmp_path / "run", **hooks):
        found = require_runnable(parse_page(Path("broken.md"), source))
        plan = perform.make_plan(found, "local", begin, by_program=person is None)
        if store:
            plan = perform.listed(plan, store)
        journal = perform.open_folder(folder)
        variables = perform.variables_of(plan, folder, {**os.environ, **(environ or {})})
        run = perform.make_walk(found, plan, journal, console, person, variables, **hooks)
        ending = walk(run)
        return run, ending, perform.conclude(journal, plan, None)

    return go
