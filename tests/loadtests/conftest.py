"""What the load tests' tests share: drawn worlds, and a payment service that is not ours, running as a process."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def worlds():
    """The module that draws worlds for the checker."""
    spec = importlib.util.spec_from_file_location("loadtests_worlds", HERE / "worlds.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fake_service():
    """A function that starts the fake with a defect and gives the environment in which its target file resolves."""
    started = []

    def start(defect="none"):
        process = subprocess.Popen([sys.executable, str(HERE / "fake_service.py"), defect], stdout=subprocess.PIPE, text=True)
        started.append(process)
        ready = json.loads(process.stdout.readline())
        return {**os.environ, "FAKE_URL": ready["url"], "FAKE_TOKEN": "agent-of-the-fake"}

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def load(tmp_path):
    """A function that runs `python -m loadtests ...` to its end in a state folder of its own."""

    def run(*argv, environ):
        command = [sys.executable, "-m", "loadtests", *map(str, argv)]
        environ = {**environ, "GONOGO_HOME": str(tmp_path / "home")}
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False)

    return run


@pytest.fixture
def here():
    """The folder with the fake's target and the quick profile."""
    return HERE
