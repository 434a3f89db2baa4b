"""The progress of a review: one bar with the expected time above the running step on a terminal, plain lines elsewhere."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from scorecards.voice import Voice, learned_s

SCRIPT = """
from scorecards.voice import Voice
with Voice(3, {"storm": 60.0, "crash": 20.0, "scan": 10.0}) as voice:
    voice.say("review of shop [bold]")
    voice.progress(1, "storm", 15.0, "payments 30/120", is_new=True)
    voice.step(1, "storm", "clean, 58.0 s")
    voice.progress(2, "crash", 4.0, "killing", is_new=True)
"""
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(script: str) -> str:
    """What the script writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "COLUMNS": "100", "TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-P", "-c", script], stderr=theirs, stdout=theirs, env=environ) as child:
        os.close(theirs)
        read = bytearray()
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:
                break
            if not data:
                break
            read += data
        assert child.wait(60) == 0
    os.close(ours)
    return read.decode()


def test_a_terminal_shows_one_bar_above_the_running_step() -> None:
    """Steps done, elapsed, and the expected time; whole lines stay above, and nothing of the bar is left at the end."""
    written = on_a_terminal(SCRIPT)
    plain = CONTROL.sub("", written)
    assert "review of shop [bold]" in plain
    assert re.search(r"━+ *0 of 3 steps, 0:0\d of about 1:1\d", plain), plain
    assert "[1/3] storm: 15 s  payments 30/120" in plain
    assert "[1/3] storm: clean, 58.0 s" in plain
    assert re.search(r"1 of 3 steps, 0:0\d of about 0:2\d", plain), plain
    assert plain.index("clean, 58.0 s") < plain.rindex("[2/3] crash: 4 s  killing")
    assert "\x1b[?25h" in written, "the cursor is shown again"


def test_without_a_terminal_there_are_plain_lines(capfd: pytest.CaptureFixture[str]) -> None:
    """One for each news, and no control characters."""
    with Voice(2, {"storm": 60.0}) as voice:
        voice.progress(1, "storm", 15.0, "payments 30/120", is_new=True)
        voice.progress(1, "storm", 15.1, "payments 30/120", is_new=False)
        voice.step(1, "storm", "clean")
    assert capfd.readouterr().err == "[1/2] storm: 15 s  payments 30/120\n[1/2] storm: clean\n"


def test_the_expected_time_is_learned_from_earlier_reviews(tmp_path: Path) -> None:
    """The median of the newest five; steps that were not run and files that are broken teach nothing."""
    for number, seconds in enumerate((500, 10, 20, 30, 40, 50)):
        rows = [
            {"name": "storm", "command": [], "exit_code": 0, "elapsed_ms": seconds * 1000, "note": ""},
            {"name": "power", "command": [], "exit_code": None, "elapsed_ms": 0, "note": "not run"},
        ]
        path = tmp_path / f"{number}.json"
        path.write_bytes(msgspec.json.encode(rows))
        os.utime(path, (number, number))
    assert learned_s(tmp_path.glob("*.json")) == {"storm": 30.0}
    (tmp_path / "5.json").write_text("{")
    assert learned_s(tmp_path.glob("*.json")) == {"storm": 25.0}
    assert learned_s([]) == {}
