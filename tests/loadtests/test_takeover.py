"""An owner frozen, overtaken, and back again, with services that are not ours: one that minds its epochs, two that do not."""

import json
import os
import re
from threading import Event

import pytest

from loadtests.hostile.play.takeover import freeze_in_a_write

OVERTAKEN = ("--fault", "overtaken", "--patience", "20")


@pytest.fixture
def overtake(load, here, tmp_path):
    """A function that has a service's owner overtaken, in one way; gives the finished process, check.json and takeover.json."""

    def run(way, *more, **spoiled):
        text = (here / "pair-target.yaml").read_text()
        text = text.replace("${PAYER}", str(here / "fake_pair.py")).replace("${PAYER_WAY}", way)
        for old, new in spoiled.items():
            text = re.sub(rf"(?m)^    {old}: .*$", f"    {new}" if new else "", text)
        target, out = tmp_path / "pair.yaml", tmp_path / "run"
        target.write_text(text)
        argv = ("hostile-rail", "--target", target, "--out", out, "--payouts", "1", *OVERTAKEN, *more)
        done = load(*argv, environ={**os.environ, "GONOGO_RAIL_URL": ""})
        assert (out / "check.json").exists(), done.stderr
        record = out / "takeover.json"
        return done, json.loads((out / "check.json").read_bytes()), json.loads(record.read_bytes()) if record.exists() else None

    return run


@pytest.mark.process
def test_a_service_that_minds_its_epochs_lets_nobody_write_too_late(overtake):
    """Two payouts overtaken, one decided before its owner came back, one after, both as the rail has them; and it is told how."""
    done, check, record = overtake("epochs", "--no-evidence")
    assert done.returncode == 0, done.stdout + done.stderr
    assert check["measures"].keys() == {"late_writes"}
    assert (check["measures"]["late_writes"]["value"], check["measures"]["late_writes"]["samples"]) == ("0", 2)
    assert sorted(item["before"] for item in record["taken"]) == ["executing", "succeeded"]
    said = [step["what"] for step in record["steps"]]
    assert "the owner that waits to write it is frozen" in said[-4]
    assert "the owner goes on" in said[-2]
    assert check["rows"][0]["charges"] == 2


@pytest.mark.process
def test_an_owner_that_writes_to_what_is_still_open_is_found(overtake):
    """The one that was decided keeps its state; the other fails although the rail has charged it."""
    done, check, _ = overtake("first_word", "--no-evidence")
    assert done.returncode == 1, done.stdout + done.stderr
    assert [item["rule"] for item in check["findings"]] == ["late_write"]
    assert "FOUND late_write (overtaken)" in done.stdout


@pytest.mark.nightly
@pytest.mark.process
def test_an_owner_that_writes_over_what_is_decided_is_found_too(overtake):
    """Both fail, of which one had succeeded."""
    done, check, _ = overtake("any_word", "--no-evidence")
    assert done.returncode == 1, done.stdout + done.stderr
    assert [item["rule"] for item in check["findings"]] == ["late_write", "late_write"]


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        ({"asked": ""}, "cannot be made to think again, or does not tell"),
        ({"start": 'start: ["{python}", -c, "raise SystemExit(9)", "{db}"]'}, "ended with 9 before it was ready"),
    ],
    ids=["the rail cannot be told", "the service does not start"],
)
@pytest.mark.process
def test_where_nobody_can_be_overtaken_the_measure_is_unknown_and_says_why(overtake, spoiled, why):
    """Exit 3, and no path of this machine in the reason."""
    done, check, record = overtake("epochs", "--no-evidence", **spoiled)
    assert done.returncode == 3, done.stdout + done.stderr
    measure = check["measures"]["late_writes"]
    assert (measure["unknown"], record) == ("not_run", None)
    assert why in measure["detail"]
    assert "/" not in measure["detail"]


class Process:
    """Stands for a process: writes down what is done to it, and is held up in the write of that number."""

    def __init__(self, held_up_in=None):
        self.done, self.writes, self.held_up_in, self.released = [], 0, held_up_in, Event()

    def freeze(self):
        """Stop."""
        self.done.append("freeze")

    def go_on(self):
        """Go on."""
        self.done.append("go on")

    def trouble(self, _key):
        """Write, which takes until the release where it is held up."""
        self.writes += 1
        if self.writes == self.held_up_in:
            self.released.wait(30)


def test_a_process_is_frozen_again_until_the_other_one_is_held_up():
    """Twice the other one could write, the third time not: there it stays frozen."""
    process, other = Process(), Process(held_up_in=3)
    probes = freeze_in_a_write(process, other, "key", 30, lambda _: None)
    assert process.done == ["freeze", "go on", "freeze", "go on", "freeze"]
    other.released.set()
    assert len(probes) == other.writes == 3
    for probe in probes:
        probe.join()


def test_a_process_that_holds_nobody_up_is_frozen_all_the_same_once_the_time_is_over():
    """The payouts themselves tell afterwards whether that was of use."""
    process = Process()
    freeze_in_a_write(process, Process(), "key", 0, lambda _: None)
    assert process.done == ["freeze"]
