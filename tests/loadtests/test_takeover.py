"""An owner frozen, overtaken, and back again, with services that are not ours: one that minds its epochs, two that do not."""

import json
import os
import re
import sqlite3
from contextlib import closing

import pytest

from gates.schema.errors import UnknownProblem
from loadtests.practice.write_lock import write_lock

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
    assert "the owner is frozen before it writes that" in said[-4]
    assert "the owner continues" in said[-2]
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
        ({"asked": ""}, "cannot change an outcome, or does not count"),
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
    assert (measure["unknown"], record["taken"]["reason"]) == ("not_run", "not_run")
    assert why in measure["detail"]
    assert "/" not in measure["detail"]


@pytest.mark.process
def test_a_service_whose_database_cannot_be_locked_is_unknown(overtake, here):
    """Its processes share something else than an SQLite file: nobody can be kept from writing."""
    done, check, _ = overtake(
        "epochs",
        "--no-evidence",
        start=f'start: ["{{python}}", {here}/fake_pair.py, epochs, "{{port}}", "{{rail_url}}", "{{db}}.own"]',
    )
    measure = check["measures"]["late_writes"]
    assert (done.returncode, measure["unknown"]) == (3, "not_run")
    assert "is no SQLite file that can be locked" in measure["detail"]


def test_nobody_writes_while_the_lock_is_held_and_everybody_afterwards(tmp_path):
    """Another connection is refused meanwhile; the lock itself leaves nothing in the file."""
    db = tmp_path / "service.db"
    with closing(sqlite3.connect(db, timeout=0, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE t (n)")
        with write_lock(db, 1):
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("INSERT INTO t VALUES (1)")
            assert other.execute("SELECT count(*) FROM t").fetchone() == (0,)
        other.execute("INSERT INTO t VALUES (1)")


@pytest.mark.parametrize("content", [None, b"not a database" * 100])
def test_what_cannot_be_locked_is_refused_with_its_reason(tmp_path, content):
    """No file, or no SQLite: nothing is made, and the reason is given without a path."""
    db = tmp_path / "service.db"
    if content:
        db.write_bytes(content)
    with pytest.raises(UnknownProblem, match="no SQLite file that can be locked") as refused, write_lock(db, 1):
        pass
    assert str(tmp_path) not in str(refused.value)
    assert db.exists() is bool(content)
