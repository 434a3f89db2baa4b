"""Every program ends with a code of the one table, and says what to do next."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gates.schema.entry import ENDING, run
from gates.schema.errors import Problem, UnknownProblem, UnverifiedProblem, UsageProblem
from gates.schema.outcome import EXIT_MEANING, ExitCode


@pytest.fixture(autouse=True)
def _keep_the_signal_handler():
    """`run` takes the signals that ask to end for its program; give them back."""
    before = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _ending(action):
    @click.command()
    @click.option("--number", type=int)
    def command(number):  # an option that can be misused
        return action()

    return command


def _raise(error):
    raise error


@pytest.mark.parametrize(
    ("problem", "code"),
    [(UsageProblem("no", next_step="mend it"), 2), (UnknownProblem("no"), 3), (UnverifiedProblem("no"), 8), (Problem("no"), 70)],
)
def test_a_problem_ends_with_its_code_and_its_next_step(capsys, problem, code):
    """On stderr, without a traceback."""
    assert run(_ending(lambda: _raise(problem)), []) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"error: {problem}\n"


def test_the_value_a_command_returns_is_its_code():
    """Nothing returned is 0; a verdict's code is passed on."""
    assert [run(_ending(lambda value=value: value), []) for value in (None, 0, 1, ExitCode.UNKNOWN)] == [0, 0, 1, 3]


def test_a_missing_choice_is_listed_without_escaped_tabs(capsys):
    """Click indents the choices with tabs, which would be shown as a backslash and a letter."""

    @click.command()
    @click.argument("mode", type=click.Choice(["open", "closed"]))
    def command(mode):  # an argument that can be left out
        return mode

    assert run(command, []) == 2
    shown = capsys.readouterr().err
    assert "  closed" in shown
    assert "\\t" not in shown


def test_a_wrong_option_ends_with_2(capsys):
    """As click tells it."""
    assert run(_ending(lambda: None), ["--number", "many"]) == 2
    assert "is not a valid integer" in capsys.readouterr().err


def test_an_interrupt_ends_with_130(capsys):
    """SIGINT from the keyboard."""
    assert run(_ending(lambda: _raise(KeyboardInterrupt())), []) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("number", ENDING)
def test_a_termination_runs_what_has_to_be_put_right_and_ends_with_143(capsys, number):
    """The signal is raised where the program stands, so every `finally` runs."""
    cleaned = []

    def action():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            cleaned.append(True)

    assert run(_ending(action), []) == 143
    assert cleaned == [True]
    assert f"terminated ({number.name})" in capsys.readouterr().err


def test_a_second_hangup_does_not_cut_short_what_the_first_has_begun(capsys):
    """A terminal that closes sends more than one."""
    cleaned = []

    def action():
        try:
            os.kill(os.getpid(), signal.SIGHUP)
            signal.pause()
        finally:
            os.kill(os.getpid(), signal.SIGHUP)
            cleaned.append(True)

    assert run(_ending(action), []) == 143
    assert cleaned == [True]


def test_a_hangup_that_the_caller_ignores_stays_ignored():
    """`nohup gonogo review` goes on when the terminal closes."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert run(_ending(lambda: os.kill(os.getpid(), signal.SIGHUP)), []) == 0


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/no/such"), 2, "error: /no/such: No such file"),
        (PermissionError(errno.EACCES, "Permission denied", b"/etc/x"), 2, "error: /etc/x: Permission denied"),
        (OSError(errno.EROFS, "Read-only file system", "a", None, "b"), 2, "error: a -> b: Read-only file system"),
        (OSError(errno.ENOSPC, "No space left on device"), 3, "error: No space left on device"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), 3, "error: Connection reset by peer"),
        (OSError("odd"), 3, "error: odd"),
    ],
)
def test_an_error_of_the_system_names_its_path_and_is_no_defect(capsys, error, code, text):
    """2 where the path is to blame, 3 where something is not there or does not work; and what to do next."""
    assert run(_ending(lambda: _raise(error)), []) == code
    shown = capsys.readouterr().err
    assert shown.startswith(text)
    assert "\n  next: " in shown


@pytest.mark.process
@pytest.mark.parametrize("arguments", [["gate", "list"], ["gate", "list", "--format", "json"], ["--help"]])
def test_a_full_stdout_is_told_and_ends_with_2(arguments):
    """Text, document and help; nothing more is said when the interpreter ends."""
    with Path("/dev/full").open("w") as full:
        argv = [sys.executable, "-m", "gates", *arguments]
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "error: stdout: No space left on device"
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.process
def test_a_reader_that_went_away_is_no_red_verdict():
    """`gonogo schema Target | head -1` ends as terminated, and says nothing."""
    argv = [sys.executable, "-m", "gates", "schema", "Target"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert (process.wait(20), process.stderr.read()) == (143, b"")


def test_a_defect_is_one_line_and_70(capsys, monkeypatch):
    """It cannot be taken for a verdict; GONOGO_DEBUG=1 shows the traceback."""
    monkeypatch.delenv("GONOGO_DEBUG", raising=False)
    assert run(_ending(lambda: _raise(ZeroDivisionError("oops"))), []) == 70
    assert "internal error: ZeroDivisionError: oops" in (err := capsys.readouterr().err)
    assert "Traceback" not in err
    monkeypatch.setenv("GONOGO_DEBUG", "1")
    assert run(_ending(lambda: _raise(ZeroDivisionError("oops"))), []) == 70
    assert "Traceback" in capsys.readouterr().err


def test_every_code_has_a_meaning():
    """The table that documents them is complete."""
    assert set(EXIT_MEANING) == set(ExitCode)
