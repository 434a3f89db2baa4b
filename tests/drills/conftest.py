"""Small drills, each on a service that is a real process."""

import os
import sys

import drill_stage
import msgspec
import pytest
from click.testing import CliRunner

from drills.cli import drill


@pytest.fixture
def fake_target():
    """Build a target that starts the small service in one of its ways."""

    def make(what="serve", stop_timeout_s=5):
        target = drill_stage.target_of(what)
        return msgspec.structs.replace(target, process=msgspec.structs.replace(target.process, stop_timeout_s=stop_timeout_s))

    return make


@pytest.fixture
def environ():
    """The environment that tests give to children."""
    return dict(os.environ)


@pytest.fixture
def rooms(monkeypatch, tmp_path):
    """Let the load test be the small storm, small drills stand in for the shipped ones, and the state folder be a new one."""
    monkeypatch.setattr("drills.perform._require_own_kind", lambda *_: None)
    monkeypatch.setattr("drills.storm.LOAD", (sys.executable, str(drill_stage.STORM)))
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))


@pytest.fixture
def target_file(tmp_path):
    """The small service as a target file: run as a process, or through commands."""

    def make(what="serve", **changes):
        return drill_stage.write_document(tmp_path, "Target", "fake", drill_stage.target_of(what, **changes))

    return make


@pytest.fixture
def drill_file(tmp_path):
    """A crash drill of about two seconds; keyword arguments replace parts of it."""

    def make(name="small", **changes):
        return drill_stage.write_document(tmp_path, "Drill", name, drill_stage.crash_spec(**changes))

    return make


class Console:
    """Remembers what was said."""

    def __init__(self):
        self.said = []

    def step(self, note):
        """A step."""
        self.said.append(note)

    def note(self, message):
        """News."""
        self.said.append(message)


@pytest.fixture
def console():
    """A console whose words can be looked at."""
    return Console()


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Call the command group with a state folder of its own; Problems come out as they are."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))

    def call(*argv):
        return CliRunner().invoke(drill, argv, standalone_mode=False, catch_exceptions=False)

    return call
