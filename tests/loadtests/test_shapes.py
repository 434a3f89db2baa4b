"""The shipped target files, each against a small service of its shape: a correct one gets no finding, a broken one is found."""

import json
import os

import pytest
import shapes
from by_night import by_night
from evasive import load_run

pytestmark = pytest.mark.process

NO_CONTENT = {
    'body: {amount: "{amount}"}\n': 'body: {amount: "{amount}"}\n      success: [204]\n',
    "body: {}\n": "body: {}\n      success: [204]\n",
}
ODD = {
    "minimal": [
        ("integers", {}, ""),
        ("gzip", {}, ""),
        ("http10", {}, ""),
        ("slow", {}, ""),
        ("204", NO_CONTENT, ""),
        ("times", {}, "  replay: {ignore: [/at]}\n"),
    ],
    "listed": [
        ("integers", {}, ""),
        ("floats", {"amount_format: decimal ": "amount_format: decimal_number "}, ""),
        ("gzip", {}, ""),
        (
            "204",
            {
                'amount}"}\n    reverse': 'amount}"}\n      success: [204]\n    reverse',
                "body: {}\n": "body: {}\n      success: [204]\n",
            },
            "",
        ),
    ],
    "card-processor": [
        ("http10", {}, ""),
        ("slow", {'{user: "${GONOGO_AGENT_KEY}", password: ""}': "Bearer ${GONOGO_AGENT_KEY}"}, ""),
    ],
}
FAULTS = ("settles_twice", "forgets_capture", "other_amount")
FOUND = {
    "minimal": dict.fromkeys(FAULTS, "conservation"),
    "listed": dict(zip(FAULTS, ("double_settle", "lost_settle", "amount_mismatch"), strict=True)),
    "card-processor": dict(zip(FAULTS, ("double_settle", "lost_settle", "amount_mismatch"), strict=True)),
}
"""The rule that finds a fault, by shape: with balances alone it is the accounts that do not add up."""
CLEAN = 3
"""How a run without a finding ends: no shape has a ledger, so that what only a ledger shows is unknown."""


@pytest.fixture
def run(tmp_path):
    """A function that loads a fake with the quick storm as its shipped file describes it."""

    def of(shape, *odd, fault="none", changes=None, more=""):
        target = shapes.described(tmp_path, shape, changes, more)
        with shapes.serving(shape, *odd, fault=fault) as variables:
            return load_run(tmp_path, {**os.environ, **variables}, target, payments=40)

    return of


@pytest.mark.parametrize("shape", FOUND)
def test_a_correct_service_has_no_finding(run, shape):
    """The shipped file as it is."""
    done = run(shape)
    assert (done.code, done.rules) == (CLEAN, set()), done.said


@pytest.mark.parametrize(
    ("shape", "odd", "changes", "more"),
    by_night(
        [(shape, *way) for shape, ways in ODD.items() for way in ways],
        [("minimal", "times"), ("listed", "floats"), ("card-processor", "http10")],
    ),
)
def test_an_odd_service_that_is_correct_has_no_finding(run, shape, odd, changes, more):
    """Whatever its ids, bodies, connections and times look like."""
    done = run(shape, odd, changes=changes, more=more)
    assert (done.code, done.rules) == (CLEAN, set()), done.said


BALANCES = """  audit:
    wallet: {method: GET, path: "/wallets/{wallet_id}"}
    payee: {method: GET, path: "/payees/{payee_id}"}
"""


@pytest.mark.parametrize("changes", [{}, {"      key: /idempotency_key  #": "      #"}], ids=["key", "no-key"])
def test_repeats_that_are_booked_under_another_payment_are_not_clean(run, changes):
    """A list shows items that nobody explains: whether a payment settled twice is unknown, with the reason and what to do."""
    done = run("listed", fault="books_elsewhere", changes=changes)
    assert (done.code, done.rules) == (3, set()), done.said
    for name in ("double_settles", "unknown_outcome_violations"):
        measure = done.measure(name)
        assert (measure.get("value"), measure["unknown"]) == (None, "missing")
        assert "are of no payment of this run, such as s-" in measure["detail"]
        assert ("spec.audit.settlements.key" in measure["detail"]) == bool(changes)
    assert done.measure("lost_settles")["value"] == "0"


@pytest.mark.parametrize(("shape", "changes"), [("listed", {"  audit:\n": BALANCES}), ("minimal", {})])
def test_the_same_repeats_are_found_by_balances(run, shape, changes):
    """Next to a list, or alone."""
    done = run(shape, fault="books_elsewhere", changes=changes)
    assert (done.code, done.rules) == (1, {"conservation"}), done.said
    assert "payee/p1/payable changed by" in done.said


def test_a_second_run_is_not_disturbed_by_the_payments_of_the_first(tmp_path):
    """What was listed before the run began is no payment of it, and explains itself."""
    target = shapes.described(tmp_path, "listed")
    with shapes.serving("listed") as variables:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            done = load_run(tmp_path / name, {**os.environ, **variables}, target, payments=20)
            assert (done.code, done.rules) == (CLEAN, set()), done.said
            assert done.measure("double_settles")["value"] == "0", done.said


@pytest.mark.parametrize(
    ("shape", "fault"),
    by_night([(shape, fault) for shape in FOUND for fault in FAULTS], list(zip(FOUND, FAULTS, strict=True))),
)
def test_a_broken_service_is_found_with_a_witness(run, shape, fault):
    """Exit 1: settles twice under a race, forgets a capture, captures another amount."""
    done = run(shape, fault=fault)
    assert done.code == 1, done.said
    assert FOUND[shape][fault] in done.rules
    findings = json.loads((done.folder / "check.json").read_bytes())["findings"]
    assert all(item["witness"] for item in findings)
