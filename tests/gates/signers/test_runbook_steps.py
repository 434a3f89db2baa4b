"""The steps of runbooks/signers.md run as they are printed, in their order, on one machine."""

import re
import shlex
import signal
from pathlib import Path

import pytest

from gates.schema.entry import run
from scorecards.cli import gonogo as command

PAGE = Path(__file__).parents[3] / "runbooks" / "signers.md"
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def steps() -> list[list[str]]:
    """The words of each command in the blocks marked sh."""
    lines = [line.strip() for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")) for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines]


def test_every_step_of_the_page_succeeds(tmp_path, monkeypatch, capsys):
    """From nothing to Signers in force, acts, changes, and a stolen key that is retired."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GONOGO_KEYS", str(tmp_path / "keys"))
    before, digest = signal.getsignal(signal.SIGTERM), ""
    found = steps()
    assert len(found) > 10
    for words in found:
        code = run(command, [digest if word == "SHA256" else word for word in words])
        shown = capsys.readouterr()
        assert code == 0, (words, shown.err)
        digest = next(iter(re.findall(r"^document: (\w+)$", shown.out, re.MULTILINE)), digest)
    signal.signal(signal.SIGTERM, before)
    code = run(command, ["waiver", "check"])
    signal.signal(signal.SIGTERM, before)
    assert (code, "of ada@example.org is retired" in capsys.readouterr().err) == (8, True)


@pytest.mark.parametrize("name", ["signer init", "signer sign", "signer add", "signer retire", "waiver add"])
def test_the_page_shows_each_command(name):
    """A reader finds all of them there."""
    assert any(" ".join(words).startswith(name) for words in steps())
