"""Every program ends with a code of the one table, and says what to do next."""

import os
import signal

import click
import pytest

from gates.schema.entry import run
from gates.schema.errors import Problem, UnknownProblem, UnverifiedProblem, UsageProblem
from gates.schema.outcome import EXIT_MEANING, ExitCode


@pytest.fixture(autouse=True)
def _keep_the_signal_handler():
    """`run` takes SIGTERM for its program; give it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


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


def test_a_wrong_option_ends_with_2(capsys):
    """As click tells it."""
    assert run(_ending(lambda: None), ["--number", "many"]) == 2
    assert "is not a valid integer" in capsys.readouterr().err


def test_an_interrupt_ends_with_130(capsys):
    """SIGINT from the keyboard."""
    assert run(_ending(lambda: _raise(KeyboardInterrupt())), []) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_termination_runs_what_has_to_be_put_right_and_ends_with_143(capsys):
    """SIGTERM is raised where the program stands, so every `finally` runs."""
    cleaned = []

    def action():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            cleaned.append(True)

    assert run(_ending(action), []) == 143
    assert cleaned == [True]
    assert "terminated" in capsys.readouterr().err


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
