"""`gonogo runbook run` in a real terminal: a person who answers, and every way in which nobody does."""

import os
import subprocess

import msgspec
import pytest
from runbook_pages import SOUND, page, shell
from terminal import InTerminal
from waiting import eventually

from drills.child import MARKER
from drills.journal import FILE, End, read_journal
from drills.recover import carriers
from gates.schema.outcome import ExitCode
from gates.schema.rooms import room_argv

ENDLESS = page(
    "```human step=call who=owner timeout=1h\nCall.\n```", shell("touch begun; setsid sleep 1000 & sleep 1000", "wait")
)


@pytest.fixture
def environ(tmp_path):
    """A state folder and a mark of our own, by which processes that are left would be found."""
    return {**os.environ, "GONOGO_HOME": str(tmp_path / "home"), MARKER: str(tmp_path)}


@pytest.fixture
def in_terminal(tmp_path, environ):
    """Run a page in a terminal; nothing of it is left after the test."""
    started = []

    def go(source, *options):
        (tmp_path / "mine.md").write_text(source)
        argv = room_argv("drills.runbook", "run", "./mine.md", "--target", "local", "--out", "out", *options)
        started.append(InTerminal(argv, environ, tmp_path))
        return started[-1]

    yield go
    for terminal in started:
        terminal.end()
    assert eventually(lambda: carriers(str(tmp_path)) == [])


def report_of(tmp_path):
    """The report of the run."""
    return msgspec.json.decode((tmp_path / "out" / "report.json").read_bytes())


def test_a_person_walks_a_runbook(in_terminal, tmp_path):
    """The prose, the commands and their output are shown; answers are timed; anything but yes and no is asked for again."""
    terminal = in_terminal(SOUND)
    terminal.until("repair: run these commands? Type yes or no")
    assert "Read this when it is." in terminal.shown
    assert '$ echo \'{"mode":"broken"}\'' in terminal.shown
    terminal.type("perhaps")
    terminal.until("Type yes or no")
    terminal.type("yes")
    terminal.until("call (finance): done?")
    terminal.type("YES")
    assert terminal.wait() == ExitCode.GREEN, terminal.shown
    assert "The owner." in terminal.shown
    report = report_of(tmp_path)
    assert report["status"] == "complete"
    assert report["measures"]["human_time"]["samples"] == 2


def test_an_answer_that_was_typed_before_the_question_does_not_count(in_terminal):
    """Enter pressed too often approves nothing."""
    terminal = in_terminal(
        page(shell("read -rt 3 < /dev/tty || true", "one"), shell("true", "two", "expect=0 timeout=9s verify=exit confirm"))
    )
    terminal.until("step one")
    terminal.type("yes")
    terminal.until("two: run these commands?")
    terminal.type("no")
    assert terminal.wait() == ExitCode.REFUSED, terminal.shown


def test_a_terminal_that_is_closed_ends_the_run(in_terminal, tmp_path):
    """SIGHUP while a person is waited for: exit 143, and the journal has its end."""
    terminal = in_terminal(ENDLESS)
    terminal.until("call (owner): done?")
    terminal.close()
    assert terminal.wait() == ExitCode.TERMINATED
    assert read_journal(tmp_path / "out" / FILE).ending.end is End.INTERRUPTED
    assert report_of(tmp_path)["status"] == "interrupted"


@pytest.mark.parametrize(("how", "code"), [("interrupt", ExitCode.INTERRUPTED), ("close", ExitCode.TERMINATED)])
def test_a_signal_ends_the_commands_of_a_step(in_terminal, tmp_path, how, code):
    """Ctrl-C, or the terminal closes: nothing that the step started is left."""
    terminal = in_terminal(ENDLESS)
    terminal.until("call (owner): done?")
    terminal.type("yes")
    assert eventually((tmp_path / "out" / "work" / "begun").exists, 60)
    getattr(terminal, how)()
    assert terminal.wait() == code
    assert read_journal(tmp_path / "out" / FILE).ending.end is End.INTERRUPTED


@pytest.mark.parametrize("answers", [b"", b"yes\nyes\nyes\n"], ids=["nothing", "a pipe that says yes"])
def test_without_a_terminal_nobody_is_asked(tmp_path, environ, answers):
    """Exit 5 before anything starts: a program that answers is no person."""
    (tmp_path / "mine.md").write_text(SOUND)
    argv = room_argv("drills.runbook", "run", "./mine.md", "--target", "local", "--out", "out")
    done = subprocess.run(argv, input=answers, env=environ, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode == ExitCode.REFUSED
    assert b"mine: repair, mine: call: these steps need a person, and there is no terminal" in done.stderr
    assert not (tmp_path / "out").exists()


def test_yes_is_nobody_in_a_terminal_too(in_terminal, tmp_path):
    """Exit 3: the commands were run, the person's part is a dry run."""
    terminal = in_terminal(SOUND, "--yes")
    assert terminal.wait() == ExitCode.UNKNOWN, terminal.shown
    assert report_of(tmp_path)["status"] == "dry_run"
