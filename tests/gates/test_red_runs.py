"""What one run of a build found this week is not undone by another run, whatever the runs are called."""

import datetime as dt

import pytest
from statements import INSTANCE

from gates.decide import decide
from gates.schema.outcome import Decision, Outcome

HOUR = dt.timedelta(hours=1)
RED_RUNS = [
    {},
    {"target": "a-copy"},
    {"instance": INSTANCE[::-1]},
    {"status": "interrupted"},
    {"status": "invalid_generator"},
    {"status": "adapter_error"},
    {"given": True},
]


def judged(bench, *evidence, explained=(), **changes):
    gate = bench.gate(bench.criterion(automatic_no_go=True, **changes))
    reviewed = {"local": bench.under_review()}
    return decide((gate,), bench.cited(evidence), reviewed, bench.now, explained=explained)


@pytest.mark.parametrize("how", RED_RUNS, ids=lambda how: next(iter(how), "the same"))
def test_a_red_run_of_the_week_stays_red_after_a_green_one(bench, how):
    """Under another name of the target, at another address, ended early: it found what it found."""
    red = bench.held(bench.measure("3"), ago=HOUR * 5, **how)
    review = judged(bench, red, bench.held())
    assert review.decision.decision is Decision.NO_GO
    assert [item.criterion for item in review.decision.automatic_no_go] == ["double_settles"]
    assert [run.evidence for run in review.red_runs] == [red.digest]


def test_a_red_run_of_another_build_is_not_held_against_this_one(bench):
    """That is what was fixed."""
    red = bench.held(bench.measure("3"), ago=HOUR * 5, build=bench.other_build)
    assert judged(bench, red, bench.held()).gates[0].outcome is Outcome.PASS


def test_an_explanation_is_about_one_run(bench):
    """It does not explain another red run, nor the newest one, by which the criterion itself is judged."""
    red, other = (bench.held(bench.measure("3"), ago=HOUR * ago) for ago in (5, 6))
    assert judged(bench, red, bench.held(), explained=(red.digest,)).gates[0].outcome is Outcome.PASS
    assert judged(bench, red, other, bench.held(), explained=(red.digest,)).gates[0].outcome is Outcome.FAIL
    assert judged(bench, red, explained=(red.digest,)).gates[0].outcome is Outcome.FAIL


def test_a_dry_run_found_nothing(bench):
    """Whatever it says."""
    red = bench.held(bench.measure("3"), ago=HOUR * 5, status="dry_run")
    assert judged(bench, red, bench.held()).gates[0].outcome is Outcome.PASS
