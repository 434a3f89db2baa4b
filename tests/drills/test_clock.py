"""The steps of the clock drill, on a small service that is a real process with a clock of its own."""

import pytest
from drill_stage import crash_spec, write_document

from drills.fake_clock import FakeClockFile, find_library
from drills.perform import begin, conclude, make_plan, perform
from drills.report import text
from gates.schema.errors import UnknownProblem
from gates.schema.outcome import ExitCode
from gates.schema.target import ClockSource

SETUP = [{"action": name} for name in ("seed", "fake_clock", "start_service", "start_storm")]
STATE = {
    "within": "15s",
    "probes": [
        {"probe": "ready"},
        {"probe": "clock", "at_most": "20s"},
        {"probe": "error_ratio", "window": "300ms", "at_most": "0.05", "min_samples": 5},
    ],
}
AHEAD = {"action": "jump_clock", "by": "+600s", "within": "15s"}
NOTICE = {"action": "observe_steady_state", "within": "15s"}
RESET = {"action": "reset_clock", "within": "15s"}


@pytest.fixture
def run_clock(rooms, tmp_path, target_file, console):
    """Perform a clock drill of this method; returns the exit code and the report."""

    def run(method, storm="fake", steady_state=STATE, **changes):
        spec = crash_spec(evidence="clock-drill", setup=SETUP, method=method, rollback=[RESET], steady_state=steady_state)
        spec["storm"] = {"profile": storm, "payments": 150}
        drill = write_document(tmp_path, "Drill", "clock", spec)
        run = begin(make_plan(drill, target_file(**changes), 1, None), tmp_path / "out", console)
        return perform(run), conclude(run)

    return run


@pytest.mark.process
def test_the_clock_of_the_service_jumps_is_seen_and_comes_back(run_clock):
    """By the time in its answers; the machine's clock, the storm's and the drill's stay as they are."""
    code, report = run_clock([AHEAD, NOTICE, RESET])
    assert code is ExitCode.GREEN, text(report)
    assert "the service's time is +600 s" in report.measures["faults"].detail or "+59" in report.measures["faults"].detail
    assert report.measures["detect_s"].value is not None
    assert report.duration_ms < 590_000, "the drill's own clock did not jump"


@pytest.mark.process
def test_a_service_that_returns_no_time_is_unknown(run_clock):
    """Nothing is injected into a service whose answers carry no time: its steady state never holds.

    It is given up after a second, long before the storm has sent all that it has.
    """
    still = ClockSource("/v1/status", "/build")
    code, report = run_clock([AHEAD], steady_state={**STATE, "within": "1s"}, clock=still)
    assert code is ExitCode.UNKNOWN, text(report)
    assert report.status == "not_run"
    assert "inject" not in {step.phase for step in report.timeline}
    assert {measure.value for measure in report.measures.values()} == {None}


@pytest.mark.process
def test_a_lost_payment_makes_the_clock_drill_red(run_clock):
    """The audit of every payment decides."""
    code, report = run_clock([AHEAD, NOTICE, RESET], storm="leaky")
    assert code is ExitCode.RED, text(report)
    assert report.measures["lost_settles"].value == "1"


def test_without_the_library_the_drill_says_what_to_install(rooms, run_clock, monkeypatch):
    """Unknown, never green; nothing is started."""
    monkeypatch.setattr("drills.fake_clock._ROOT", find_library() and find_library().parents[3] / "nowhere")
    monkeypatch.setattr("drills.fake_clock.find_library", lambda: None)
    code, report = run_clock([AHEAD])
    assert code is ExitCode.UNKNOWN, text(report)
    assert "needs libfaketime (apt-get install libfaketime)" in report.detail


def test_a_service_that_others_run_has_no_clock_to_set(run_clock, monkeypatch):
    """The next step is the target's process."""
    monkeypatch.setenv("GONOGO_BASE_URL", "http://127.0.0.1:9")
    code, report = run_clock([AHEAD], process=None)
    assert code is ExitCode.UNKNOWN, text(report)
    assert "has no process, and nobody can set the clock of a service that others run" in report.detail


def test_the_library_is_found_where_the_system_puts_it(tmp_path):
    """In the folder of the architecture, or above it."""
    assert find_library(tmp_path) is None
    library = tmp_path / "x86_64-linux-gnu" / "faketime" / "libfaketimeMT.so.1"
    library.parent.mkdir(parents=True)
    library.touch()
    assert find_library(tmp_path) == library
    clock = FakeClockFile(tmp_path / "clock", library)
    assert (tmp_path / "clock").read_text() == "+0\n"
    clock.set(-600)
    assert (tmp_path / "clock").read_text() == "-600\n"


def test_a_clock_needs_its_library(tmp_path, monkeypatch):
    """The command that installs it is in the message."""
    monkeypatch.setattr("drills.fake_clock.find_library", lambda: None)
    with pytest.raises(UnknownProblem, match="apt-get install libfaketime"):
        FakeClockFile(tmp_path / "clock")
