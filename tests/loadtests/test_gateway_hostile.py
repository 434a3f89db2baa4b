"""The kit on the reference gateway and its rail, both run by the kit: every debt paid once, and the three books agree."""

import json
import os

import pytest

pytestmark = pytest.mark.process

QUICK = (
    "ok",
    "decline",
    "lost_after",
    "bad_gateway",
    "garbled",
    "doubled_events",
    "reordered_events",
    "late_success",
    "recovered",
)


def test_the_gateway_pays_every_debt_once_on_a_rail_that_loses_replies(load, tmp_path):
    """Exit 0; no extra charge for any lost reply; ledger, receipts and the rail's own book agree one by one."""
    out = tmp_path / "run"
    faults = [word for name in QUICK for word in ("--fault", name)]
    environ = {**os.environ, "GONOGO_RAIL_URL": ""}
    done = load("hostile-rail", "--out", out, "--payouts", "2", "--seed", "3", *faults, environ=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    check = json.loads((out / "check.json").read_bytes())
    measures = check["measures"]
    assert {name: item["value"] for name, item in measures.items()} == {
        "extra_charges": "0",
        "extra_charges_per_lost_reply": "0.000",
        "missing_charges": "0",
        "wrong_outcomes": "0",
        "unresolved": "0",
        "rail_book_mismatches": "0",
    }
    assert measures["extra_charges_per_lost_reply"]["samples"] >= 10
    assert measures["rail_book_mismatches"]["samples"] > 50
    rows = {row["fault"]: row for row in check["rows"]}
    assert [rows[name]["charges"] for name in QUICK] == [2] * len(QUICK)
    assert rows["decline"]["payouts"] == 4
