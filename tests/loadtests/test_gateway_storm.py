"""The storm on the reference gateway, known by its URL alone: clean, also when it is killed in the middle and comes back."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.each_python]


@pytest.fixture
def gateway(tmp_path):
    """A function that starts the gateway on one database and one port; gives the process, once it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "gateway", "serve", "--port", str(port), "--db", str(tmp_path / "gateway.db")]
    started = []

    def start():
        with (tmp_path / "gateway.log").open("ab") as log:
            process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True)
        started.append(process)
        assert json.loads(process.stdout.readline())["event"] == "ready"
        return process, f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def environ(tmp_path):
    """A function that makes demo data and gives the environment in which the local target resolves."""

    def make(url):
        argv = [sys.executable, "-m", "gateway", "demo-data", "--db", str(tmp_path / "gateway.db"), "--format", "json"]
        made = json.loads(subprocess.run(argv, capture_output=True, check=True, text=True).stdout)
        values = {name: ",".join(value) if isinstance(value, list) else value for name, value in made.items()}
        named = {f"GONOGO_{name.upper()}": value for name, value in values.items()}
        return {**os.environ, **named, "GONOGO_BASE_URL": url, "GONOGO_HOME": str(tmp_path / "home")}

    return make


def test_a_storm_on_the_gateway_is_clean(gateway, environ, load, here, tmp_path):
    """Lost replies, duplicates, denials and refunds: the books agree with what every client was told."""
    _, url = gateway()
    done = load("run", here / "quick.yaml", "--out", tmp_path / "run", "--seed", "11", environ=environ(url))
    assert done.returncode == 0, done.stdout + done.stderr
    measures = json.loads((tmp_path / "run" / "check.json").read_bytes())["measures"]
    assert int(measures["acknowledged_settles"]["value"]) > 70


def test_a_storm_goes_on_over_a_killed_gateway_and_nothing_is_lost(gateway, environ, here, tmp_path):
    """SIGKILL in the middle, a restart on the same database: clients keep asking, and every book agrees afterwards."""
    process, url = gateway()
    out = tmp_path / "run"
    argv = [sys.executable, "-m", "loadtests", "run", "crash", "--payments", "150", "--out", str(out), "--no-evidence"]
    with subprocess.Popen(argv, env=environ(url), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as storm:
        _wait_for_settles(out / "history.jsonl", 30)
        process.send_signal(signal.SIGKILL)
        process.wait()
        gateway()
        told, _ = storm.communicate(timeout=180)
        assert storm.returncode == 0, told
    history = (out / "history.jsonl").read_text()
    assert '"error":"refused"' in history
    assert json.loads((out / "run.json").read_bytes())["storm"]["complete"]


def _wait_for_settles(history: Path, wanted: int, pause=time.sleep) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = history.read_text().splitlines() if history.exists() else []
        if sum('"type":"ok","operation":"settle"' in line for line in lines) >= wanted:
            return
        pause(0.05)
    raise AssertionError("the storm did not settle anything within 60 s")
