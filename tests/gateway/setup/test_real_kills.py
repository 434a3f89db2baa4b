"""A setup against a real gateway that the system kills, and that is resumed without a terminal: nothing is there twice."""

import contextlib
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from by_night import number_of_the_night
from setup_terminal import WAIT_S, argv
from setup_user import User, recording

pytestmark = pytest.mark.process

KILLED = """
import os, signal, sys
from gateway.setup.journal import Journal
from scorecards.cli import main

at, add = int(sys.argv.pop(1)), Journal.add

def dying(self, **members):
    line = add(self, **members)
    if line.seq == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return line

Journal.add = dying
sys.exit(main())
"""


def typed_when_sent(words: list[str], user: User, code, address: str) -> tuple[int, str, str]:
    """Run a setup without a terminal, and give it the code once its mail was sent: how it ended, what it said, the code."""
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    process = subprocess.Popen(words, env=user.environ, cwd=user.here, **pipes)
    shown = known = ""
    try:
        for said in process.stderr:
            shown += said
            if not known and said.startswith("A code of 8 digits is on its way"):
                known = code(address)
                with contextlib.suppress(BrokenPipeError):  # it was killed before it read
                    process.stdin.write(f"{known}\n")
                    process.stdin.flush()
        return process.wait(WAIT_S), shown, known
    finally:
        process.kill()
        process.wait(WAIT_S)
        process.stderr.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def killed_and_resumed(folder: Path, gateway, code, at: int) -> dict[str, int]:
    """A setup that is killed by the system at a line and resumed without a terminal; what the tenant then has."""
    folder.mkdir()
    user = User(folder)
    address = f"user{at}@example.org"
    choices = ("--address", address, "--host", "gemini", "--apply")
    killed = [sys.executable, "-P", "-c", KILLED, str(at), "setup", "run", "--base-url", gateway.url, *choices, "--code", "-"]
    ended, shown, known = typed_when_sent(killed, user, code, address)
    if ended == 3:  # it was through before that line
        assert len((user.run_folder / "journal.jsonl").read_bytes().splitlines()) < at
        return things(gateway, user)
    assert ended == -9, shown
    ended, shown, _ = typed_when_sent(argv("resume", *choices, "--code", known or "-"), user, code, address)
    assert ended == 3, shown
    assert user.report()["outcome"] == "trust_only", shown
    return things(gateway, user)


def things(gateway, user: User) -> dict[str, object]:
    """How many wallets, payees, payments and live keys the user's tenant has."""
    key = (user.home / ".local" / "share" / "gonogo" / "api.key").read_text().strip()
    found = {}
    for name in ("wallets", "payees", "payments"):
        answer = httpx.get(f"{gateway.url}/v1/{name}", headers={"authorization": f"Bearer {key}"})
        found[name] = len(answer.json()["items"])
    return found


ONCE = {"wallets": 1, "payees": 1, "payments": 1}


def test_killed_by_the_system_and_resumed_nothing_is_there_twice(tmp_path):
    """SIGKILL at two lines; each resumed setup ends with one wallet, one payee, one denied payment."""
    with recording(tmp_path) as (gateway, code):
        for at in (12, 46):
            assert killed_and_resumed(tmp_path / f"user-{at}", gateway, code, at) == ONCE, at


LINES, NIGHTS = 75, 5
"""As many lines as a setup writes, and in how many nights each of them has its turn."""


@pytest.mark.nightly(minutes=2)
def test_killed_by_the_system_at_every_fifth_line(tmp_path):
    """Other lines each night: in five nights every one. A gateway limits the codes of one network to twenty an hour."""
    with recording(tmp_path) as (gateway, code):
        for at in range(1 + number_of_the_night() % NIGHTS, LINES + 1, NIGHTS):
            assert killed_and_resumed(tmp_path / f"user-{at}", gateway, code, at) == ONCE, at
