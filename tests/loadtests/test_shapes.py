"""The shipped target files, each against a small service of its shape: a correct one gets no finding, a broken one is found."""

import json
import os

import pytest
import shapes
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
}
FAULTS = ("settles_twice", "forgets_capture", "other_amount")
FOUND = {
    "minimal": {"settles_twice": "conservation", "forgets_capture": "conservation", "other_amount": "conservation"},
}
"""The rule that finds a fault, by shape: with balances alone it is the accounts that do not add up."""
CLEAN = {"minimal": 3}
"""How a run without a finding ends: 3 where the file has no ledger and no list of settlements, so that something is unknown."""


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
    assert (done.code, done.rules) == (CLEAN[shape], set()), done.said


@pytest.mark.parametrize(("shape", "odd", "changes", "more"), [(shape, *way) for shape, ways in ODD.items() for way in ways])
def test_an_odd_service_that_is_correct_has_no_finding(run, shape, odd, changes, more):
    """Whatever its ids, bodies, connections and times look like."""
    done = run(shape, odd, changes=changes, more=more)
    assert (done.code, done.rules) == (CLEAN[shape], set()), done.said


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("shape", FOUND)
def test_a_broken_service_is_found_with_a_witness(run, shape, fault):
    """Exit 1: settles twice under a race, forgets a capture, captures another amount."""
    done = run(shape, fault=fault)
    assert done.code == 1, done.said
    assert FOUND[shape][fault] in done.rules
    findings = json.loads((done.folder / "check.json").read_bytes())["findings"]
    assert all(item["witness"] for item in findings)
