"""What is printed cannot act on a terminal, and a command in it can be run as it is printed."""

import subprocess
import sys
from pathlib import Path

import pytest

from gates.schema.output import COMMANDS, program, runnable, show


@pytest.fixture(autouse=True)
def _program_of_this_test():
    """`program` looks once a process."""
    program.cache_clear()
    yield
    program.cache_clear()


def test_control_characters_are_printed_as_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    """Line by line, on both streams; letters of every script stay."""
    for err in (False, True):
        show("one\x1b[2J\x9b31m\ntwo\rüber\u202e✓\udcff", err=err)
    shown = capsys.readouterr()
    assert shown.out == shown.err == "one\\x1b[2J\\x9b31m\ntwo\\rüber\\u202e✓\\udcff\n"


def test_a_command_names_the_program_by_the_path_that_called_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the shell would not find it; the rest of the text stays."""
    called = tmp_path / ".venv" / "bin" / "gonogo"
    called.parent.mkdir(parents=True)
    called.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr("sys.argv", [".venv/bin/gonogo", "review"])
    text = "see `gonogo gate explain A`; next: gonogo review --profile smoke (gonogo is not /opt/gonogo review)"
    assert runnable(text) == text.replace("gonogo gate", ".venv/bin/gonogo gate").replace(": gonogo", ": .venv/bin/gonogo")


def test_a_command_names_the_program_alone_where_the_shell_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only if it is this very program, and not another of that name."""
    ours, other = tmp_path / "ours" / "gonogo", tmp_path / "other" / "gonogo"
    for path in (ours, other):
        path.parent.mkdir()
        path.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(ours)])
    monkeypatch.setenv("PATH", str(ours.parent))
    assert program() == "gonogo"
    program.cache_clear()
    monkeypatch.setenv("PATH", str(other.parent))
    assert program() == str(ours)


def test_every_command_is_known_by_its_name() -> None:
    """A new command is one that texts may name."""
    from scorecards.cli import COMMANDS as TABLE

    assert tuple(TABLE) == COMMANDS


@pytest.mark.process
def test_the_next_step_of_an_error_can_be_run_as_it_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`scorecard show` without a review names `gonogo review`, by the path of the program that is not on PATH."""
    gonogo = Path(sys.executable).with_name("gonogo")
    environ = {"PATH": "/usr/bin", "GONOGO_HOME": str(tmp_path)}
    done = subprocess.run([gonogo, "scorecard", "show"], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"next: {gonogo} review --profile smoke" in done.stderr
