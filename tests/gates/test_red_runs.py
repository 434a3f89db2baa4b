"""What one run of a build found this week is not undone by another run, whatever the runs are called."""

import datetime as dt

import pytest
from statements import INSTANCE

from gates.decide import decide
from gates.relevant import marked, relevant
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


@pytest.mark.parametrize("status", ["interrupted", "not_run"])
@pytest.mark.parametrize("automatic", [True, False])
def test_what_a_run_found_before_it_ended_early_is_not_undone_by_an_older_green_one(bench, status, automatic):
    """It is the newest word on the criterion, whether that stops a launch alone or not."""
    green, red = bench.held(ago=HOUR * 5), bench.held(bench.measure("3"), status=status)
    gates, evidence = (bench.gate(bench.criterion(automatic_no_go=automatic)),), bench.cited([green, red])
    review = decide(gates, evidence, {"local": bench.under_review()}, bench.now)
    (verdict,) = review.gates[0].criteria
    assert (verdict.outcome, verdict.evidence) == (Outcome.FAIL, red.digest)
    assert [run.evidence for run in review.red_runs] == [red.digest]
    kept = relevant(gates, evidence, {"local": bench.under_review()}, bench.now)
    assert decide(gates, kept, {"local": bench.under_review()}, bench.now) == review


@pytest.mark.parametrize("measures", [{}, None], ids=["nothing measured", "nothing found"])
def test_a_run_that_ended_early_without_a_finding_hides_no_older_good_one(bench, measures):
    """Nor does it take its place: it is no pass by itself either."""
    green, early = bench.held(ago=HOUR * 5), bench.held(status="interrupted", measures=measures)
    assert judged(bench, green, early).gates[0].outcome is Outcome.PASS
    assert judged(bench, early).gates[0].outcome is Outcome.UNKNOWN


def test_what_a_run_found_before_it_ended_early_is_undone_by_a_newer_green_one(bench):
    """Where the criterion does not stop a launch alone; what was found too long ago counts for nothing."""
    red = bench.held(bench.measure("3"), status="interrupted", ago=HOUR * 5)
    assert bench.judge(bench.criterion(), red, bench.held()).outcome is Outcome.PASS
    assert bench.judge(bench.criterion(max_age="4h"), red).outcome is Outcome.UNKNOWN


def test_a_red_run_of_after_the_chosen_moment_counts_for_its_week(bench):
    """Nobody chooses a moment between a green run and a red one of the same week; next week's is not this week's."""
    green, red = bench.held(), bench.held(bench.measure("3"), ago=-HOUR * 5)
    gates, under_review = (bench.gate(bench.criterion(automatic_no_go=True)),), {"local": bench.under_review()}
    for later, outcome in ((red, Outcome.FAIL), (bench.held(bench.measure("3"), ago=-HOUR * 24 * 7), Outcome.PASS)):
        evidence = marked(bench.cited([green, later]), {later.digest})
        assert decide(gates, evidence, under_review, bench.now).gates[0].outcome is outcome
        kept = relevant(gates, evidence, under_review, bench.now)
        assert (later.digest in {item.digest for item in kept}) is (outcome is Outcome.FAIL)


def test_a_red_run_of_after_the_chosen_moment_hides_no_older_green_one_otherwise(bench):
    """Where the criterion does not stop a launch alone, the run of before the moment decides."""
    green, red = bench.held(), bench.held(bench.measure("3"), ago=-HOUR * 5)
    evidence = marked(bench.cited([green, red]), {red.digest})
    gate = bench.gate(bench.criterion())
    assert decide((gate,), evidence, {"local": bench.under_review()}, bench.now).gates[0].outcome is Outcome.PASS
