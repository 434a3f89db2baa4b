"""`gonogo setup` at a terminal and without one: prompts, interruptions, terminals that close, folders that cannot be written."""

import json
import signal
import subprocess
import threading

import pytest
from fake_gateway import ADDRESS, CODE
from setup_terminal import ESCAPE, WAIT_S, Terminal, argv, environ, fake_service

from gateway.setup.journal import read_journal
from gateway.setup.local import LocalState

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def service():
    """A fake gateway on loopback."""
    with fake_service() as made:
        yield made


@pytest.fixture
def user(tmp_path):
    """The variables of a user whose state is in a folder of the test."""
    return environ(tmp_path / "home", GONOGO_SETUP_STATE=str(tmp_path / "state"))


def last(tmp_path):
    """The last line of the last run's journal, and its report."""
    local = LocalState(tmp_path / "state")
    run = local.pointer().run
    return read_journal(local.journal_file(run)).lines[-1], json.loads((local.run_folder(run) / "report.json").read_bytes())


def without_terminal(user, tmp_path, *words, **given):
    """Run it to its end in a pipe."""
    return subprocess.run(
        argv(*words), env=user, cwd=tmp_path, capture_output=True, text=True, timeout=WAIT_S, check=False, **given
    )


def test_ctrl_c_at_a_question_ends_with_130_and_a_report(service, user, tmp_path):
    """Paused, by the user; the next command is on the screen."""
    terminal = Terminal(argv("run", "--base-url", service[1]), user, tmp_path)
    terminal.until("Your email address")
    terminal.child.sendintr()
    assert terminal.end() == 130
    line, report = last(tmp_path)
    assert (line.code, line.next_command) == ("setup_quit", "gonogo setup resume")
    assert (report["outcome"], report["failure"]["code"]) == ("paused", "setup_quit")
    assert "gonogo setup resume" in terminal.shown()


def test_a_terminal_that_closes_in_the_middle_leaves_a_journal_and_a_report(service, user, tmp_path):
    """At the code: resume does not send another mail."""
    terminal = Terminal(argv("run", "--base-url", service[1], "--address", ADDRESS), user, tmp_path)
    terminal.until("Code from the mail")
    sent = service[0].gateway.effects["POST /v1/access/sign-ins"]
    terminal.child.close(force=False)
    terminal.child.wait()
    line, report = last(tmp_path)
    assert line.code in ("setup_killed", "setup_quit")
    assert report["outcome"] == "paused"
    again = Terminal(argv("resume"), user, tmp_path)
    again.until("Code from the mail")
    assert service[0].gateway.effects["POST /v1/access/sign-ins"] == sent
    again.child.sendeof()
    assert again.end() == 130


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_it_is_written_down(service, user, tmp_path, signum):
    """143, with the report of a setup that was ended."""
    terminal = Terminal(argv("run", "--base-url", service[1]), user, tmp_path)
    terminal.until("Your email address")
    terminal.child.kill(signum)
    assert terminal.end() == 143
    assert last(tmp_path)[0].code == "setup_killed"


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"NO_COLOR": "1", "TERM": "dumb"}], ids=["dumb", "no colour"])
def test_a_dumb_terminal_gets_plain_lines(service, user, tmp_path, more):
    """No escape sequence, also while something is waited for."""
    reached, released = threading.Event(), threading.Event()
    service[0].holds["/v1/access/sign-ins"] = (reached, released)
    terminal = Terminal(argv("run", "--base-url", service[1], "--address", ADDRESS), {**user, **more}, tmp_path)
    terminal.until("waiting: the gateway")
    assert reached.is_set()
    service[0].holds.clear()
    released.set()
    terminal.until("Code from the mail")
    terminal.child.sendintr()
    assert terminal.end() == 130
    assert ESCAPE not in terminal.raw


def test_on_a_terminal_a_moving_line_says_what_is_waited_for(service, user, tmp_path):
    """It is gone from the screen once the answer is there."""
    reached, released = threading.Event(), threading.Event()
    service[0].holds["/v1/access/sign-ins"] = (reached, released)
    terminal = Terminal(argv("run", "--base-url", service[1], "--address", ADDRESS), user, tmp_path)
    terminal.until("waiting: the gateway")
    service[0].holds.clear()
    released.set()
    terminal.until("Code from the mail")
    assert "waiting:" not in terminal.shown()
    terminal.child.sendintr()
    assert terminal.end() == 130


def test_a_second_setup_is_refused_while_the_first_one_waits(service, user, tmp_path):
    """2 and setup_running; the first one goes on."""
    terminal = Terminal(argv("run", "--base-url", service[1]), user, tmp_path)
    terminal.until("Your email address")
    done = without_terminal(user, tmp_path, "run", "--base-url", service[1], stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "setup_running" in done.stderr
    terminal.child.sendintr()
    assert terminal.end() == 130


def test_without_a_terminal_the_code_comes_through_a_pipe(service, user, tmp_path):
    """As far as the receipt, which a fake gateway cannot sign: it is not verified, and the setup is blocked."""
    done = without_terminal(
        user, tmp_path, "run", "--base-url", service[1], "--address", ADDRESS, "--code", "-", "--host", "none", input=f"{CODE}\n"
    )
    assert done.returncode == 1, done.stderr
    assert "receipt_not_verified" in done.stdout
    assert CODE not in done.stdout + done.stderr
    assert ESCAPE not in done.stdout + done.stderr


def test_standard_input_that_is_closed_names_the_option(service, user, tmp_path):
    """3, no_terminal."""
    done = without_terminal(user, tmp_path, "run", "--base-url", service[1], stdin=subprocess.DEVNULL)
    assert done.returncode == 3, done.stderr
    assert "gonogo setup resume --address ADDRESS" in done.stdout


@pytest.mark.parametrize("place", ["state", "keys"])
def test_a_place_that_cannot_be_written_is_named_with_its_variable(service, user, tmp_path, place):
    """A file stands where a folder is to be made: local_state_unwritable, and no traceback."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    name = {"state": "GONOGO_SETUP_STATE", "keys": "GONOGO_KEY_FILE"}[place]
    words = ("run", "--base-url", service[1], "--address", ADDRESS, "--code", CODE, "--host", "none")
    done = without_terminal({**user, name: str(blocked / "x")}, tmp_path, *words, stdin=subprocess.DEVNULL)
    assert done.returncode == {"state": 2, "keys": 3}[place], done.stderr
    assert "local_state_unwritable" in done.stderr
    assert name in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_does_not_stop_the_setup(service, user, tmp_path):
    """Standard error is closed: the journal has the whole walk."""
    words = argv("run", "--base-url", service[1], "--address", ADDRESS, "--code", CODE, "--host", "none")
    with subprocess.Popen(
        words, env=user, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as it:
        it.stderr.close()
        it.stdout.close()
        it.wait(WAIT_S)
    assert last(tmp_path)[0].step == "check"
