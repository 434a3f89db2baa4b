"""A service that shows its settlements as a JSON list is judged by it: correct ones get no finding, each defect is found."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import pytest
from by_night import by_night
from evasive import HERE, load_run

from gates.evidence.keys import own_trust
from gates.evidence.store import EvidenceStore
from gates.schema.errors import UnverifiedProblem
from loadtests.recompute import recompute
from scorecards.deep import require_following

pytestmark = pytest.mark.process
PAGING = {
    "whole": "",
    "cursor": "paging: {by: cursor, pointer: /meta/next}",
    "page": "paging: {by: page}",
    "has_more": "paging: {by: has_more}",
    "link": "paging: {by: link}",
}
LIST = """
  audit:
    lag_s: LAG
    settlements:
      path: /captures
      items: /data
      id: /id
      payment: /transfer
      amount: /total
      amount_format: decimal
      currency: /unit
      state: /status
      states: {captured: [done], refunded: [given_back]}
      PAGING
"""
UNSEEN = {
    "stuck_credits",
    "receipt_mismatches",
    "balance_mismatches",
    "double_reserves",
    "lost_reserves",
    "double_reversals",
    "unexplained_entries",
    "conservation_breaks",
}


@contextmanager
def listing(way, defect="none", odd="none"):
    """The service with a list."""
    argv = [sys.executable, str(HERE / "fake_lists.py"), way, defect, odd]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield {**os.environ, "FAKE_URL": json.loads(process.stdout.readline())["url"], "FAKE_TOKEN": "agent-of-the-fake"}
        finally:
            process.kill()


def target(folder, way, lag=0, changes=()):
    """Its target file."""
    head = (HERE / "fake-target.yaml").read_text().partition("  audit:")[0]
    text = LIST.replace("PAGING", PAGING[way]).replace("LAG", str(lag)).lstrip("\n")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "target.yaml"
    path.write_text(head + text)
    return path


@pytest.fixture
def run(tmp_path):
    """A function that runs the quick storm against such a service."""

    def start(way, defect="none", odd="none", *, payments=40, **how):
        with listing(way, defect, odd) as environ:
            return load_run(tmp_path, environ, target(tmp_path, way, **how), payments=payments)

    return start


@pytest.mark.parametrize(
    ("way", "odd"),
    by_night(
        [("whole", "gzip"), ("cursor", "http10"), ("page", "empty"), ("has_more", "slow"), ("link", "none")],
        [("whole",), ("cursor",)],  # the others are read without a storm in books/test_read_list.py
    ),
)
def test_a_correct_service_gets_no_finding(run, way, odd):
    """However its list goes on, and however its answers come; what a list cannot show is unknown, with the reason."""
    done = run(way, odd=odd)
    assert (done.code, done.rules) == (3, set()), done.said
    measures = json.loads((done.folder / "check.json").read_bytes())["measures"]
    assert {name for name, item in measures.items() if item.get("value") is None} == UNSEEN, done.said
    for name in ("double_settles", "lost_settles", "amount_mismatches", "unknown_outcome_violations", "lost_reversals"):
        assert measures[name]["value"] == "0"
        assert measures[name]["samples"] > 0
    assert "a list of settlements does not show holds; a ledger does (spec.audit.ledger)" in done.stdout


@pytest.mark.parametrize(
    ("way", "defect", "rule", "witness"),
    by_night(
        [
            ("cursor", "double_settle", "double_settle", ["history", "settlement", "settlement"]),
            ("page", "lost_settle", "lost_settle", ["history"]),
            ("link", "wrong_amount", "amount_mismatch", ["history", "settlement"]),
            ("has_more", "forgets", "lost_settle", ["history"]),
        ],
        [("cursor",), ("has_more",)],  # each defect goes through the checker in test_listed.py
    ),
)
def test_a_broken_service_is_found_with_the_shortest_witness(run, way, defect, rule, witness):
    """The acknowledgement, and the items that contradict it; a list that forgets items at its pages has lost them."""
    done = run(way, defect)
    assert done.code == 1, done.said
    findings = json.loads((done.folder / "check.json").read_bytes())["findings"]
    assert rule in {item["rule"] for item in findings} <= {rule, "unknown_outcome", "lost_reverse"}
    first = next(item for item in findings if item["rule"] == rule)
    assert [name for line in first["witness"] for name in line] == witness
    assert f"FOUND {rule}: {first['payment_id']}: " in done.stdout


def test_a_service_whose_list_lags_behind_is_read_until_it_is_whole(run):
    """With the lag that its file states it is correct."""
    done = run("cursor", odd="late", lag=3, payments=20)
    assert (done.code, done.rules) == (3, set()), done.said


def test_what_is_listed_twice_within_the_lag_is_found(run):
    """The second settlement of a payment comes later than all that was acknowledged."""
    done = run("cursor", "double_settle", "late_double", lag=6)
    assert (done.code, "double_settle" in done.rules) == (1, True), done.said


def test_what_is_missing_when_the_lag_is_over_is_a_finding_that_names_the_wait(run):
    """Nobody has to guess whether the reader was too quick."""
    done = run("whole", "lost_settle", lag=1, payments=20)
    assert done.code == 1
    assert "items on 1 page, read again for 1." in done.stdout, done.said


def test_the_measures_follow_from_the_raw_answers_and_a_changed_byte_is_named(run, tmp_path):
    """`readback.jsonl` has each answer as it came, is an artifact, and gives the measures again; it holds no credential."""
    done = run("link")
    store = EvidenceStore(tmp_path / "home" / "evidence")
    (held,) = store.load(own_trust(tmp_path / "home"))
    artifacts = {item.name: item for item in held.statement.predicate.artifacts}
    assert "readback.jsonl" in artifacts
    raw = (done.folder / "readback.jsonl").read_bytes()
    assert b"agent-of-the-fake" not in raw
    assert json.loads((done.folder / "books.json").read_bytes())["settlements"]["reason"] == "missing"
    found = recompute(done.folder)
    assert found.measures == held.statement.predicate.measures
    require_following(held, [store.folder])

    changed = raw.replace(b"done", b"gone", 1)
    assert changed != raw
    (done.folder / "readback.jsonl").write_bytes(changed)
    again = recompute(done.folder).measures["lost_settles"]
    assert again != found.measures["lost_settles"]
    path = next(
        path for path in (store.folder / "artifacts").rglob("*") if path.name.startswith(artifacts["readback.jsonl"].sha256)
    )
    path.write_bytes(changed)
    with pytest.raises(UnverifiedProblem, match=r"readback\.jsonl: .* was changed"):
        require_following(held, [store.folder])


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        (
            "payment: /transfer",
            "payment: /id",
            "settlements.payment: /id leads to no payment of this run; /transfer does",
        ),
        (
            "items: /data",
            "items: /rows",
            "settlements.items: /rows leads to no list in the answer; it has lists at /data",
        ),
        ("amount_format: decimal", "amount_format: string", "spec.audit.settlements.amount"),
        ("refunded: [given_back]", "refunded: [refunded]", "spec.audit.settlements.states: does not list 'given_back'"),
        ("path: /captures", "path: /nowhere", "/nowhere: returned 404"),
        ("pointer: /meta/next", "pointer: /next", ""),
    ],
)
def test_a_wrong_description_ends_before_the_storm_and_names_the_member(run, right, wrong, says):
    """Exit code 2, and nothing is accused; a pointer to a cursor that one page does not need is not known to be wrong."""
    done = run("cursor", changes=[(right, wrong)], payments=20)
    assert (done.code, says in done.stderr) == (2 if says else 3, True), done.said
    if says:
        assert "next: correct spec.audit.settlements" in done.stderr
        assert not done.folder.exists()
    else:
        assert "spec.audit.settlements.paging.pointer: /next leads to nothing, and the answer has /meta/next" in done.stdout


def test_a_finished_run_can_be_checked_by_another_description(load, tmp_path):
    """A wrong one accuses nobody, and the right one judges the run as it was."""
    with listing("cursor") as environ:
        done = load_run(tmp_path, environ, target(tmp_path, "cursor"), payments=20)
        wrong = load(
            "check", done.folder, "--target", target(tmp_path, "cursor", changes=[("/transfer", "/id")]), environ=environ
        )
        assert (wrong.returncode, "FOUND" in wrong.stdout) == (3, False)
        assert "unknown  settled more often than requested: adapter_error: settlements could not be read" in wrong.stdout
        right = load("check", done.folder, "--target", target(tmp_path, "cursor"), environ=environ)
        assert right.stdout == done.stdout
        assert load("check", done.folder, environ=environ).stdout == done.stdout
