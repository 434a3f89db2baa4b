"""The kit against services that are not ours: a careful one stays clean, naive ones are charged k + 1 times."""

import json
import os

import pytest
from statements import only_result

from gates.evidence.keys import own_trust
from gates.evidence.statement import EvidenceKind
from gates.evidence.store import EvidenceStore
from loadtests.hostile.play.faults import LOSSES

pytestmark = pytest.mark.process


@pytest.fixture
def play(load, here, tmp_path):
    """A function that plays the kit against a payer of one way; gives the finished process, check.json and the run's folder."""

    def run(way, *more):
        text = (here / "payer-target.yaml").read_text()
        text = text.replace("${PAYER}", str(here / "fake_payer.py")).replace("${PAYER_WAY}", way)
        target = tmp_path / "payer.yaml"
        target.write_text(text)
        out = tmp_path / "run"
        argv = ("hostile-rail", "--target", target, "--out", out, "--payouts", "2", "--patience", "5", *more)
        done = load(*argv, environ={**os.environ, "GONOGO_RAIL_URL": ""})
        assert (out / "check.json").exists(), done.stderr
        return done, json.loads((out / "check.json").read_bytes()), out

    return run


_LOSSY = (
    "--no-evidence",
    *(word for name in ("lost_before", "lost_after", "bad_gateway", "garbled") for word in ("--fault", name)),
)


def _rows(check):
    return {row["fault"]: row for row in check["rows"]}


def test_a_careful_service_is_never_charged_twice_and_leaves_signed_evidence(play, tmp_path):
    """No extra charge in any fault; without a ledger the settlement stays unknown, and so does the exit code."""
    done, check, out = play("careful", "--seed", "5")
    assert done.returncode == 3, done.stdout + done.stderr
    measures = check["measures"]
    assert check["findings"] == []
    assert (measures["extra_charges_per_lost_reply"]["value"], measures["extra_charges"]["value"]) == ("0.000", "0")
    assert measures["extra_charges_per_lost_reply"]["samples"] >= 20
    assert measures["rail_book_mismatches"]["unknown"] == "missing"
    assert measures["late_writes"]["unknown"] == "not_run"
    assert "has no {db}" in measures["late_writes"]["detail"]
    assert "extra charges per lost reply: 0.000" in done.stdout
    asked = [json.loads(line) for line in (out / "asks.jsonl").read_text().splitlines()]
    assert len(asked) > len({ask["key"] for ask in asked}) > 34
    home = tmp_path / "home"
    held = only_result(EvidenceStore(home / "evidence").load(own_trust(home)))
    assert held.statement.predicate_type == EvidenceKind.HOSTILE_RAIL
    assert held.statement.predicate.measures["unresolved"].value == "0"


@pytest.mark.nightly
def test_a_service_that_tries_again_with_a_new_key_is_charged_k_plus_one_times(play):
    """Where k replies are lost after the effect, k charges are extra: a ratio of one; before the effect it does no harm."""
    done, check, _ = play("new_key", *_LOSSY)
    assert done.returncode == 1, done.stdout + done.stderr
    rows = _rows(check)
    for fault in ("lost_after", "bad_gateway", "garbled"):
        assert rows[fault]["payouts"] == 2
        assert (rows[fault]["charges"], rows[fault]["extra"], rows[fault]["ratio"]) == (2 * (LOSSES + 1), 2 * LOSSES, "1.000")
    assert (rows["lost_before"]["charges"], rows["lost_before"]["extra"]) == (2, 0)
    assert {item["rule"] for item in check["findings"]} == {"extra_charge"}
    assert "FOUND extra_charge (lost_after)" in done.stdout


def test_a_service_that_takes_a_lost_reply_for_a_failure_is_charged_k_plus_one_times(play):
    """What it calls failed is asked for again, and the rail has charged each attempt: wrong outcomes, and k extra charges."""
    done, check, _ = play("gives_up", *_LOSSY)
    assert done.returncode == 1, done.stdout + done.stderr
    row = _rows(check)["lost_after"]
    assert (row["charges"], row["extra"], row["wrong"]) == (2 * (LOSSES + 1), 2 * LOSSES, 2 * LOSSES)
    assert {item["rule"] for item in check["findings"]} == {"extra_charge", "wrong_outcome"}


def test_nothing_is_left_running_and_no_folder_is_written_over(play, load, tmp_path):
    """Service and rail end with the run; a folder that holds a run is refused."""
    _, _, out = play("careful", "--no-evidence", "--fault", "ok")
    for log in ("rail.log", "service.log"):
        assert (out / "service" / log).exists()
    argv = ("hostile-rail", "--target", tmp_path / "payer.yaml", "--out", out)
    done = load(*argv, environ={**os.environ, "GONOGO_RAIL_URL": ""})
    assert (done.returncode, "is not an empty folder" in done.stderr) == (2, True)


def test_a_rail_that_is_not_there_is_named_with_the_way_to_start_it(load, here, tmp_path):
    """Exit 3 where the environment names a rail and nobody answers; exit 2 where the target has none that could be scripted."""
    environ = {**os.environ, "GONOGO_RAIL_URL": "http://127.0.0.1:9", "GONOGO_BASE_URL": "http://127.0.0.1:9"}
    done = load("hostile-rail", "--target", here / "payer-target.yaml", "--out", tmp_path / "run", environ=environ)
    assert done.returncode == 3
    done = load("hostile-rail", "--target", here / "payer-target.yaml", "--fault", "flood", environ=environ)
    assert (done.returncode, "no fault is called 'flood'" in done.stderr) == (2, True)
    fake = {**os.environ, "FAKE_URL": "http://127.0.0.1:9", "FAKE_TOKEN": "x"}
    done = load("hostile-rail", "--target", here / "fake-target.yaml", "--out", tmp_path / "run", environ=fake)
    assert (done.returncode, "has no rail that can be scripted" in done.stderr) == (2, True)
