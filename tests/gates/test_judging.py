"""What a criterion makes of the number that it gets."""

import datetime as dt

import pytest

from gates.decide import decide
from gates.schema.outcome import Outcome, UnknownReason

STALE = UnknownReason.STALE


def test_a_passing_count_states_its_upper_bound(bench):
    """No double settle in 412 is reported as at most 3/412."""
    verdict = bench.judge(bench.criterion(), bench.held())
    assert verdict.outcome is Outcome.PASS
    assert (verdict.value, verdict.bound) == ("0", "0.007282")
    assert verdict.bound_text == "none in 412: at most 0.73 % with 95 % confidence (3/N)"


def test_what_looks_at_all_there_are_states_no_bound(bench):
    """A sweep over every route is not a sample of routes."""
    verdict = bench.judge(bench.criterion(exhaustive=True), bench.held())
    assert (verdict.outcome, verdict.bound, verdict.bound_text) == (Outcome.PASS, None, "none in all 412")


def test_the_verdict_names_its_evidence_and_its_age(bench):
    """The digest, the finishing time and the age stand beside the value."""
    held = bench.held(ago=dt.timedelta(minutes=90))
    verdict = bench.judge(bench.criterion(), held)
    assert (verdict.evidence, verdict.finished_at, verdict.age_s) == (held.digest, "2026-11-23T08:30:00.000Z", 5400)


def test_a_bad_thing_seen_fails_however_few_were_looked_at(bench):
    """Two double settles in 50 payments are a fact, even where 200 were asked for."""
    verdict = bench.judge(bench.criterion(), bench.held(bench.measure("2", samples=50, detail="payment 17 settled twice")))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.detail == "2, threshold at most 0: payment 17 settled twice"


def test_a_bad_thing_seen_fails_even_if_others_were_skipped(bench):
    """What was skipped cannot undo what was found."""
    assert bench.judge(bench.criterion(), bench.held(bench.measure("1", skipped=9))).outcome is Outcome.FAIL


def test_a_slow_percentile_of_few_samples_is_not_a_failure_yet(bench):
    """A p95 of three samples proves nothing in either direction."""
    criterion = bench.criterion(unit="ms", operator="lt", threshold="300", statistic="p95 nearest-rank")
    measure = bench.measure("900", "ms", samples=3, statistic="p95 nearest-rank")
    verdict = bench.judge(criterion, bench.held(measure))
    assert verdict.unknown is UnknownReason.TOO_FEW_SAMPLES


def test_the_newest_statement_of_the_build_decides(bench):
    """A later failure is not hidden by an earlier pass, nor the other way round."""
    good, bad = bench.held(ago=dt.timedelta(hours=2)), bench.held(bench.measure("1"))
    assert bench.judge(bench.criterion(), good, bad).outcome is Outcome.FAIL
    later = bench.held(ago=dt.timedelta(minutes=1))
    assert bench.judge(bench.criterion(), good, bad, later).outcome is Outcome.PASS


def test_statements_of_one_moment_are_told_apart_by_their_digest(bench):
    """Two statements that finished together: the greater digest decides, in every order."""
    pair = [bench.held(), bench.held(bench.measure("1"))]
    expected = max(pair, key=lambda item: item.digest).digest
    assert {bench.judge(bench.criterion(), *order).evidence for order in (pair, pair[::-1])} == {expected}


def test_evidence_of_other_builds_does_not_displace_that_of_this_build(bench):
    """A newer statement about another build is not about this one."""
    newer = bench.held(bench.measure("1"), build=bench.other_build, ago=dt.timedelta(0))
    assert bench.judge(bench.criterion(), bench.held(), newer).outcome is Outcome.PASS


def test_evidence_about_another_target_is_missing(bench):
    """Staging's evidence says nothing about this target."""
    assert bench.judge(bench.criterion(), bench.held(target="staging")).unknown is UnknownReason.MISSING


def test_a_build_that_is_not_known_has_no_evidence(bench):
    """An unknown build does not match statements that name no build either."""
    held = bench.held(build="")
    review = decide([bench.gate()], [held, bench.held()], {"local": bench.under_review("")}, bench.now)
    assert review.gates[0].criteria[0].unknown is STALE


def test_with_several_targets_the_worst_decides(bench):
    """A criterion holds for a review of two targets only if it holds for both."""
    under_review = {"local": bench.under_review(), "staging": bench.under_review(bench.other_build)}
    both = [bench.held(), bench.held(bench.measure("1"), target="staging", build=bench.other_build)]
    verdict = decide([bench.gate()], bench.cited(both), under_review, bench.now).gates[0].criteria[0]
    assert (verdict.outcome, verdict.target) == (Outcome.FAIL, "staging")
    alone = decide([bench.gate()], bench.cited(both[:1]), under_review, bench.now).gates[0].criteria[0]
    assert (alone.unknown, alone.target) == (UnknownReason.MISSING, "staging")


@pytest.mark.parametrize(("has", "asks"), [("p95 interpolated", "p95 nearest-rank"), (None, "p95 nearest-rank"), ("mean", None)])
def test_another_statistic_is_missing(bench, has, asks):
    """A p95 is never judged by a mean, nor by a p95 of another method."""
    verdict = bench.judge(bench.criterion(statistic=asks), bench.held(bench.measure(statistic=has)))
    assert verdict.unknown is UnknownReason.MISSING
    assert "requires" in verdict.detail


def test_another_unit_is_missing(bench):
    """Seconds are not milliseconds."""
    criterion = bench.criterion(unit="ms", operator="lt", threshold="300")
    verdict = bench.judge(criterion, bench.held(bench.measure("0.2", "s")))
    assert verdict.unknown is UnknownReason.MISSING
    assert "is in s, the criterion requires ms" in verdict.detail


@pytest.mark.parametrize(
    ("operator", "threshold", "passing", "failing"),
    [
        ("lt", "300", "299.999", "300"),
        ("lte", "300", "300", "300.001"),
        ("gt", "0.60", "0.6000001", "0.6"),
        ("gte", "0.60", "0.6", "0.5999999"),
        ("eq", "1", "1.0", "2"),
    ],
)
def test_each_operator_is_exact_at_its_edge(bench, operator, threshold, passing, failing):
    """Decimals are compared as written, not as binary floats."""
    criterion = bench.criterion(unit="ms", operator=operator, threshold=threshold)
    outcomes = [bench.judge(criterion, bench.held(bench.measure(value, "ms"))).outcome for value in (passing, failing)]
    assert outcomes == [Outcome.PASS, Outcome.FAIL]


def test_between_holds_at_both_ends(bench):
    """Both limits belong to the range."""
    criterion = bench.criterion(unit="ms", operator="between", threshold="10", upper="20")
    outcomes = [bench.judge(criterion, bench.held(bench.measure(value, "ms"))).outcome for value in ("10", "20", "9.9", "20.1")]
    assert outcomes == [Outcome.PASS, Outcome.PASS, Outcome.FAIL, Outcome.FAIL]


def test_a_value_past_the_warning_threshold_warns(bench):
    """It meets the threshold, but not the warning threshold."""
    criterion = bench.criterion(unit="ms", operator="lt", threshold="300", warn_threshold="250")
    verdict = bench.judge(criterion, bench.held(bench.measure("275", "ms")))
    assert verdict.outcome is Outcome.WARN
    assert verdict.detail == "275 ms, threshold less than 300 ms; warning threshold less than 250 ms"


def test_a_ratio_is_judged_by_its_counts_not_by_its_rounding(bench):
    """1 failure of 1999 is less than 99.95 %, though it rounds to it."""
    criterion = bench.criterion(unit="ratio", operator="gte", threshold="0.9995")
    verdict = bench.judge(criterion, bench.held(bench.measure("0.9995", "ratio", samples=1999, failures=1)))
    assert (verdict.outcome, verdict.value) == (Outcome.FAIL, "0.999499")


def test_a_ratio_stated_worse_than_its_counts_is_judged_as_stated(bench):
    """Where value and counts disagree the worse one is believed."""
    criterion = bench.criterion(unit="ratio", operator="gte", threshold="0.9")
    verdict = bench.judge(criterion, bench.held(bench.measure("0.5", "ratio", failures=0)))
    assert (verdict.outcome, verdict.value) == (Outcome.FAIL, "0.5")


def test_skipped_ones_count_as_bad_in_a_ratio_of_bad_ones(bench):
    """A failure rate counts what was not tried as failed, and rounds up."""
    criterion = bench.criterion(unit="ratio", operator="lt", threshold="0.02", min_samples=100)
    verdict = bench.judge(criterion, bench.held(bench.measure("0.01", "ratio", samples=100, failures=1, skipped=2)))
    assert (verdict.outcome, verdict.value) == (Outcome.FAIL, "0.029412")


def test_a_ratio_passes_with_confidence_only_if_its_bound_passes(bench):
    """298 of 298 look like 100 %, and do not yet show 99 % with 95 % confidence; 299 do."""
    criterion = bench.criterion(unit="ratio", operator="gte", threshold="0.99", confidence="0.95", min_samples=1)
    few, enough = (bench.judge(criterion, bench.held(bench.measure("1", "ratio", samples=n, failures=0))) for n in (298, 299))
    assert (few.outcome, few.unknown) == (Outcome.UNKNOWN, UnknownReason.TOO_FEW_SAMPLES)
    assert "299 samples without a failure are enough" in few.detail
    assert (enough.outcome, enough.bound) == (Outcome.PASS, "0.99003")


def test_a_ratio_of_bad_ones_passes_with_confidence_only_if_its_bound_passes(bench):
    """The same from the other side: no failure in 149 shows a failure rate below 2 %."""
    criterion = bench.criterion(unit="ratio", operator="lt", threshold="0.02", confidence="0.95", min_samples=1)
    outcomes = [
        bench.judge(criterion, bench.held(bench.measure("0", "ratio", samples=n, failures=0))).outcome for n in (148, 149)
    ]
    assert outcomes == [Outcome.UNKNOWN, Outcome.PASS]


def test_a_confidence_without_counts_cannot_be_stated(bench):
    """A bare ratio has no bound, so a criterion that asks for one stays unknown."""
    criterion = bench.criterion(unit="ratio", operator="gte", threshold="0.99", confidence="0.95")
    assert bench.judge(criterion, bench.held(bench.measure("1", "ratio"))).unknown is UnknownReason.MISSING


def test_a_gate_is_as_good_as_its_worst_criterion(bench):
    """Fail before unknown before warn before pass."""
    named = {name: bench.criterion(id=name, measure=name, unit="ms", operator="lt", threshold="300") for name in "abcd"}
    named["c"] = bench.criterion(id="c", measure="c", unit="ms", operator="lt", threshold="300", warn_threshold="100")
    values = {"a": bench.measure("1", "ms"), "b": bench.measure("400", "ms"), "c": bench.measure("200", "ms")}
    held = bench.held(measures=values)
    for names, expected in (("abcd", "fail"), ("acd", "unknown"), ("ac", "warn"), ("a", "pass")):
        review = bench.review([bench.gate(*(named[name] for name in names))], [held])
        assert review.gates[0].outcome == expected


def test_a_drill_that_could_not_be_run_is_not_run_and_not_about_other_builds(bench):
    """It got to no build, so its statement names none; the reason and the command that helps are what the verdict says."""
    other = bench.held(build="c" * 64, ago=dt.timedelta(hours=2))
    tried = bench.held(build="", measures={}, status="not_run", detail="not run: needs fuse3 (apt-get install fuse3)")
    verdict = bench.judge(bench.criterion(), other, tried)
    assert (verdict.outcome, verdict.unknown) == (Outcome.UNKNOWN, UnknownReason.NOT_RUN)
    assert verdict.detail == "not run: needs fuse3 (apt-get install fuse3)"


def test_a_newer_run_on_another_build_is_about_another_build(bench):
    """What could not be run before it says nothing any more."""
    tried = bench.held(build="", measures={}, status="not_run", ago=dt.timedelta(hours=2))
    assert bench.judge(bench.criterion(), tried, bench.held(build="c" * 64)).unknown is STALE


def test_what_could_not_be_run_lately_does_not_hide_what_was_measured_on_this_build(bench):
    """The statement about the build under review decides."""
    tried = bench.held(build="", measures={}, status="not_run", ago=dt.timedelta(minutes=1))
    assert bench.judge(bench.criterion(), bench.held(), tried).outcome is Outcome.PASS
