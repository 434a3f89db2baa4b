"""One clock for gateway, rail and toolkit in a rehearsal, and for nobody outside of one."""

import datetime as dt
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from gateway_process import run, running

from gates.schema.state import make_state
from gates.schema.time import system_clock as toolkit_clock
from gateway.cli import gateway
from gateway.clock import system_clock
from gateway.errors import StartProblem
from gateway.rehearsal import RehearsalClock, chosen_clock

MOMENT = dt.datetime(2026, 12, 4, 12, 5, tzinfo=dt.UTC)
Put = Callable[[str], Path]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Write the clock of a rehearsal, and name it in the environment."""
    file, home = tmp_path / "clock", tmp_path / "home"
    make_state(home, rehearsal=True)
    monkeypatch.setenv("GONOGO_HOME", str(home))
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(file))

    def write(text: str) -> Path:
        file.write_text(text)
        return file

    return write


@pytest.mark.parametrize("text", ["2026-12-04T12:05:00Z", "2026-12-04T13:05:00+01:00\n", "2026-12-04T12:05:00.000Z"])
def test_a_standing_clock_is_that_of_the_toolkit(put: Put, text: str) -> None:
    """The same file, the same moment, however it is written."""
    assert RehearsalClock(put(text))() == toolkit_clock() == MOMENT


def test_a_running_clock_runs_on_from_when_its_file_was_written(put: Put) -> None:
    """An hour and a half after it was written: as the toolkit reads it."""
    file = put("2026-12-04T12:05:00Z running")
    written = file.stat().st_mtime - 5400
    os.utime(file, (written, written))
    before = toolkit_clock()
    now = RehearsalClock(file)()
    after = toolkit_clock() + dt.timedelta(milliseconds=1)
    assert before <= now <= after
    assert MOMENT + dt.timedelta(minutes=90) <= now < MOMENT + dt.timedelta(minutes=95)


def test_the_clock_follows_its_file_and_stands_while_it_cannot_be_read(put: Put) -> None:
    """A file that is being written is empty for an instant: no request fails for that."""
    clock = RehearsalClock(put("2026-12-04T12:05:00Z"))
    put("2026-12-04T12:06:00Z")
    assert clock() == MOMENT + dt.timedelta(minutes=1)
    put("")
    assert clock() == MOMENT + dt.timedelta(minutes=1)


@pytest.mark.parametrize("text", ["", "soon", "2026-12-04T12:05:00", "2026-12-04T12:05:00Z walking", "\u0662026-12-04T12:05:00Z"])
def test_a_file_that_holds_no_moment_is_refused_at_the_start(put: Put, text: str) -> None:
    """It is named, with what belongs into it."""
    with pytest.raises(StartProblem, match=r"clock: the rehearsal's clock cannot be read: .* it holds a moment, or"):
        RehearsalClock(put(text))


def test_without_the_variable_the_clock_is_the_machines() -> None:
    """Also where the state folder is a rehearsal's."""
    assert chosen_clock({}) is system_clock


@pytest.mark.parametrize(
    "state", [None, "{}", '{"rehearsal": false, "version": 2}', '{"rehearsal": "true"}', "[", '["rehearsal"]']
)
def test_outside_a_rehearsal_nothing_takes_a_stepped_clock(tmp_path: Path, put: Put, state: str | None) -> None:
    """The variable and the folder are named."""
    home = tmp_path / "real"
    if state is not None:
        home.mkdir()
        (home / "state.json").write_text(state)
    environ = {"GONOGO_HOME": str(home), "GONOGO_REHEARSAL_CLOCK": str(put("2026-12-04T12:05:00Z"))}
    with pytest.raises(StartProblem, match=f"GONOGO_REHEARSAL_CLOCK is set, and {home} is no rehearsal: "):
        chosen_clock(environ)


@pytest.mark.process
@pytest.mark.parametrize("command", ["serve --port 0", "rail", "demo-data", "pause --all --reason why", "rotate-key --by me"])
def test_no_command_outside_a_rehearsal_takes_a_stepped_clock(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Exit 2, and no database is made."""
    put("2026-12-04T12:05:00Z")
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "real"))
    ended = run(*command.split())
    assert (ended.returncode, "GONOGO_REHEARSAL_CLOCK is set" in ended.stderr) == (2, True)
    assert not list(tmp_path.rglob("*.db"))


def test_what_the_gateway_makes_in_a_rehearsal_is_dated_by_its_clock(put: Put, tmp_path: Path) -> None:
    """Demo data, as `gonogo gateway demo-data` makes it."""
    import sqlite3

    put("2031-01-02T03:04:05Z")
    done = CliRunner().invoke(gateway, ["demo-data", "--format", "json"], standalone_mode=False)
    assert done.exception is None, done.output
    with sqlite3.connect(tmp_path / "home" / "gateway.db") as database:
        dumped = "\n".join(database.iterdump())
    database.close()
    assert json.loads(done.stdout)
    assert "2031-01-02T03:04:05" in dumped


@pytest.mark.process
def test_gateway_and_rail_serve_by_the_clock_of_the_rehearsal(put: Put, tmp_path: Path) -> None:
    """As processes of their own: each line of the log has its time, and the first says that this is a rehearsal."""
    put("2031-01-02T03:04:05Z")
    with running(tmp_path / "gateway.db", "--rail", "practice") as gateway_process:
        httpx.get(f"{gateway_process.url}/healthz").raise_for_status()
        gateway_process.process.send_signal(signal.SIGTERM)
        assert gateway_process.wait() == 0
        lines = gateway_process.log()
    assert {str(line["time"])[:19] for line in lines} == {"2031-01-02T03:04:05"}
    assert any("REHEARSAL" in str(line.get("message")) for line in lines)
