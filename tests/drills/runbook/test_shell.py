"""Commands of a step: real processes, which end with it whatever they do."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import eventually

from drills.child import MARKER
from drills.recover import carriers
from drills.rehearsal import Interrupted
from drills.runbook import shell
from drills.runbook.shell import Place, run_commands

LONG_S = 60.0


@pytest.fixture
def commands(tmp_path):
    """Run commands with a mark by which their processes are found; returns how they ended, and the mark."""

    def go(text, timeout_s=LONG_S, meanwhile=lambda: None, secrets=()):
        place = Place(tmp_path, {**os.environ, MARKER: str(tmp_path)}, secrets)
        return run_commands(text, place, timeout_s, meanwhile, lambda _line: None)

    return go


@pytest.mark.parametrize(
    ("text", "code", "stdout"),
    [
        ("echo one; exit 3", 3, "one\n"),
        ("false | true", 1, ""),
        ('echo "$NOT_SET_ANYWHERE"', 1, ""),
        ("false; echo on", 1, ""),
        ("nosuchprogram --now", 127, ""),
        ("kill -9 $$", 137, ""),
        ("kill -TERM $$", 143, ""),
        ("read -r answer || echo nobody", 0, "nobody\n"),
        ("exec >&- 2>&-; true", 0, ""),
        ("printf 'no end'", 0, "no end"),
    ],
)
def test_commands_end_with_the_code_of_the_shell(commands, text, code, stdout):
    """A failing command, a failing part of a pipe and an unset variable end them; nobody answers them."""
    ended = commands(text)
    assert (ended.code, ended.stdout, ended.stopped) == (code, stdout, "")


@pytest.mark.parametrize("text", ["sleep 1000", "trap '' TERM; sleep 1000", "sleep 1000 & wait"])
def test_commands_that_never_end_are_killed_with_all_that_they_started(commands, tmp_path, monkeypatch, text):
    """At the timeout: SIGTERM, and SIGKILL for what ignores it."""
    monkeypatch.setattr(shell, "GRACE_S", 0.2)
    ended = commands(f"echo begun; {text}", 1.0)
    assert ended.timed_out
    assert ended.stopped == "it ran longer than its timeout"
    assert ended.stdout == "begun\n"
    assert carriers(str(tmp_path)) == []


@pytest.mark.parametrize(
    "text",
    ["sleep 1000 &", "setsid sleep 1000 &", "(setsid sleep 1000 &) &", "nohup setsid bash -c 'sleep 1000' >/dev/null 2>&1 &"],
)
def test_what_commands_leave_running_ends_with_them(commands, tmp_path, text):
    """In another session too: a service is started through its service manager, not by a step."""
    assert commands(text).code == 0
    assert carriers(str(tmp_path)) == []


def test_commands_that_print_without_end_are_stopped(commands, monkeypatch):
    """Before they fill the memory or the disk."""
    monkeypatch.setattr(shell, "MOST_BYTES", 200_000)
    ended = commands("yes")
    assert ended.stopped == "it printed more than 200000 bytes"
    assert len(ended.stdout) < 1_000_000


def test_a_line_without_an_end_is_kept(commands, monkeypatch):
    """Memory has an end, a line may have none."""
    monkeypatch.setattr(shell, "LONGEST_LINE", 1000)
    ended = commands("head -c 5000 /dev/zero | tr '\\0' x")
    assert ended.stdout.replace("\n", "") == "x" * 5000


def test_what_is_printed_is_redacted(commands):
    """In both streams."""
    ended = commands("echo a-secret-value; echo a-secret-value >&2", secrets=("a-secret-value",))
    assert (ended.stdout, ended.stderr) == ("[redacted]\n", "[redacted]\n")


def test_a_signal_ends_the_commands_first(commands, tmp_path):
    """Nothing of a step is left when its run is interrupted."""

    def interrupt():
        if (tmp_path / "begun").exists():
            raise Interrupted("signal 2")

    with pytest.raises(Interrupted):
        commands("touch begun; sleep 1000", meanwhile=interrupt)
    assert carriers(str(tmp_path)) == []


RUNNER = """
import os, sys
from pathlib import Path
from drills.runbook.shell import Place, run_commands
run_commands(sys.argv[1], Place(Path(sys.argv[2]), dict(os.environ)), 600.0, lambda: None, lambda line: None)
"""


def test_commands_end_when_the_run_is_killed(tmp_path):
    """SIGKILL leaves no time to clean up: the kernel tells the guard, and the guard ends what it has adopted."""
    environ = {**os.environ, MARKER: str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    text = "setsid sleep 1000 & touch begun; sleep 1000"
    popen = subprocess.Popen([sys.executable, "-c", RUNNER, text, str(tmp_path)], env=environ)
    try:
        assert eventually((tmp_path / "begun").exists, 60)
    finally:
        popen.send_signal(signal.SIGKILL)
        popen.wait()
    assert eventually(lambda: carriers(str(tmp_path)) == [], 60)
