"""A target whose process is the fake service of this folder."""

import os
import sys
from pathlib import Path

import msgspec
import pytest

from gates.schema.target import Build, Process, Target

FAKE = Path(__file__).with_name("fake_service.py")


@pytest.fixture
def fake_target():
    """Build a target that starts the fake service in one of its ways."""

    def make(what="serve", stop_timeout_s=5):
        start = ("{python}", "-I", str(FAKE), what, "--port", "{port}", "--db", "{db}")
        seed = ("{python}", "-I", str(FAKE), "seed", "--db", "{db}")
        return Target(
            base_url="${GONOGO_BASE_URL}",
            credentials={},
            variables={},
            operations={},
            build=Build("/v1/status", "/build"),
            process=Process(start=start, seed=seed, stop_timeout_s=stop_timeout_s),
        )

    return make


@pytest.fixture
def environ():
    """The environment that tests give to children."""
    return dict(os.environ)


@pytest.fixture
def rooms(monkeypatch, tmp_path):
    """Let the load test be the stand-in of this folder, and the state folder a new one."""
    monkeypatch.setattr("drills.storm.LOAD", (sys.executable, str(Path(__file__).with_name("fake_storm.py"))))
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))


@pytest.fixture
def write(tmp_path):
    """Write a document of a kind as a file; returns its path."""

    def make(kind, name, spec):
        path = tmp_path / f"{name}.yaml"
        document = {"apiVersion": "gonogo/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        path.write_bytes(msgspec.yaml.encode(document))
        return str(path)

    return make


@pytest.fixture
def target_file(write, fake_target):
    """The fake service as a target file: run as a process, or through commands."""

    def make(what="serve", **changes):
        target = msgspec.structs.replace(fake_target(what), **changes)
        return write("Target", "fake", msgspec.to_builtins(target))

    return make


@pytest.fixture
def drill_file(write):
    """A crash drill of about two seconds; keyword arguments replace parts of it."""

    def make(name="small", **changes):
        steps = {
            "setup": ["seed", "start_service", "start_storm"],
            "method": ["sigkill", "restart"],
            "rollback": ["restore_service"],
            "verify": ["wait_storm", "audit"],
        }
        spec = {
            "evidence": "crash-drill",
            "storm": {"profile": "fake", "payments": 200},
            "steady_state": {
                "within": "15s",
                "probes": [
                    {"probe": "ready"},
                    {"probe": "error_ratio", "window": "300ms", "at_most": "0.05", "min_samples": 5},
                ],
            },
            "guards": [{"guard": "storm_alive"}],
            **{part: [{"action": action, "within": "15s"} for action in names] for part, names in steps.items()},
            **changes,
        }
        return write("Drill", name, spec)

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
