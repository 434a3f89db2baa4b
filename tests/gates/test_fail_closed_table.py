"""The fail-closed table of the gate conventions: one test a row, and none of them is ever a pass."""

import datetime as dt

import pytest

from gates.schema.errors import UsageProblem
from gates.schema.gateset import load_gates
from gates.schema.outcome import Outcome, UnknownReason

GATE_FILE = """\
apiVersion: gonogo/v1
kind: GateSet
metadata: {name: one}
spec:
  gates:
    - id: one
      letter: A
      title: One
      priority: P0
      owner: sre
      question: Is it?
      runbook: runbooks/x.md
      criteria:
        - id: first
          title: First
          source: {adapter: evidence, predicate_type: kind, measure: first}
          unit: count
          operator: lte
          threshold: "0"
"""


def _unknown(verdict, reason):
    assert (verdict.outcome, verdict.unknown) == (Outcome.UNKNOWN, reason)
    assert verdict.detail


def test_a_folder_without_gate_files_is_refused(tmp_path):
    """No gate file: exit 2, not a green run of nothing."""
    with pytest.raises(UsageProblem, match="holds no gate file") as caught:
        load_gates(tmp_path)
    assert caught.value.exit_code == 2


def test_a_gate_folder_that_does_not_exist_is_refused(tmp_path):
    """A misspelt folder: exit 2."""
    with pytest.raises(UsageProblem, match="no such file or folder"):
        load_gates(tmp_path / "gtaes")


def test_an_empty_gate_set_is_refused(tmp_path, bench):
    """A file of no gates, and a review of no gates: exit 2."""
    file = tmp_path / "empty.yaml"
    file.write_text("apiVersion: gonogo/v1\nkind: GateSet\nmetadata: {name: empty}\nspec: {gates: []}\n")
    with pytest.raises(UsageProblem, match="nothing could fail"):
        load_gates(tmp_path)
    with pytest.raises(UsageProblem, match="the gate set is empty"):
        bench.review([], [])


def test_a_misspelt_key_is_refused_with_its_path(tmp_path):
    """`treshold` is no threshold: exit 2, naming the file and the path."""
    file = tmp_path / "one.yaml"
    file.write_text(GATE_FILE.replace("threshold:", "treshold:"))
    with pytest.raises(UsageProblem, match=r"one\.yaml: \$\.spec\.gates\[0\]\.criteria\[0\]: unknown key .treshold"):
        load_gates(tmp_path)


def test_no_evidence_is_missing(bench):
    """Without any statement of the kind the criterion is unknown: missing."""
    _unknown(bench.judge(bench.criterion()), UnknownReason.MISSING)


def test_an_absent_measure_is_missing(bench):
    """A statement that does not hold the measure says nothing about it."""
    _unknown(bench.judge(bench.criterion(), bench.held(name="another")), UnknownReason.MISSING)


@pytest.mark.parametrize("value", [None, "NaN", "nan", "Infinity", "-inf", "", " ", "1_000", "0x10", "٣", "none", "1e9999"])
def test_a_value_that_is_no_finite_decimal_is_missing(bench, value):
    """NaN, infinity and an empty query result are never 0 and never a pass."""
    _unknown(bench.judge(bench.criterion(), bench.held(bench.measure(value))), UnknownReason.MISSING)


def test_evidence_older_than_max_age_is_stale(bench):
    """One second over the age limit is too old; the limit itself is not."""
    week = dt.timedelta(days=7)
    _unknown(bench.judge(bench.criterion(), bench.held(ago=week + dt.timedelta(seconds=1))), UnknownReason.STALE)
    assert bench.judge(bench.criterion(), bench.held(ago=week)).outcome is Outcome.PASS


def test_evidence_of_another_build_is_stale(bench):
    """What was shown for another build is not shown for this one."""
    verdict = bench.judge(bench.criterion(), bench.held(build=bench.other_build))
    _unknown(verdict, UnknownReason.STALE)
    assert verdict.evidence is None


def test_evidence_from_the_future_is_stale(bench):
    """A statement that finished after the moment of judging is refused, but for a minute of clock skew."""
    _unknown(bench.judge(bench.criterion(), bench.held(ago=dt.timedelta(seconds=-61))), UnknownReason.STALE)
    assert bench.judge(bench.criterion(), bench.held(ago=dt.timedelta(seconds=-60))).outcome is Outcome.PASS


def test_fewer_samples_than_asked_are_too_few(bench):
    """199 of 200 samples are not enough for "none seen"."""
    _unknown(bench.judge(bench.criterion(), bench.held(bench.measure(samples=199))), UnknownReason.TOO_FEW_SAMPLES)
    assert bench.judge(bench.criterion(), bench.held(bench.measure(samples=200))).outcome is Outcome.PASS


def test_an_adapter_that_raised_is_an_adapter_error(bench):
    """A measurement that broke down is unknown, with its own words."""
    verdict = bench.judge(bench.criterion(), bench.held(status="adapter_error", detail="timed out after 10 s"))
    _unknown(verdict, UnknownReason.ADAPTER_ERROR)
    assert "timed out after 10 s" in verdict.detail


@pytest.mark.parametrize(
    ("value", "samples", "changes"),
    [
        ("-1", 412, {}),
        ("0.5", 412, {}),
        ("0", -1, {}),
        ("0", 412, {"skipped": -5}),
        ("0", 412, {"failures": 413}),
        ("0", 412, {"failures": -1}),
    ],
)
def test_an_impossible_number_is_an_adapter_error(bench, value, samples, changes):
    """Garbage such as minus one double settle, or more failures than samples, is not read as a pass."""
    verdict = bench.judge(bench.criterion(), bench.held(bench.measure(value, samples=samples, **changes)))
    _unknown(verdict, UnknownReason.ADAPTER_ERROR)


@pytest.mark.parametrize(
    ("unit", "value", "operator", "threshold"),
    [
        ("ratio", "42", "gte", "0.99"),
        ("ratio", "99.2", "gt", "0.99"),
        ("ratio", "-1", "lte", "0.001"),
        ("ms", "-1", "lt", "300"),
        ("s", "-0.5", "lte", "60"),
        ("count", "1e300", "gte", "5"),
    ],
)
def test_a_value_that_its_unit_cannot_have_is_an_adapter_error(bench, unit, value, operator, threshold):
    """A percentage that is read as a ratio, or -1 where a tool has no data, meets the limit and is no pass."""
    criterion = bench.criterion(unit=unit, operator=operator, threshold=threshold)
    verdict = bench.judge(criterion, bench.held(bench.measure(value, unit)))
    _unknown(verdict, UnknownReason.ADAPTER_ERROR)
    assert "cannot be: a" in verdict.detail


def test_a_ratio_beyond_its_unit_still_fails_an_upper_limit(bench):
    """Five in a hundred as 5: more than any limit, whatever was meant."""
    criterion = bench.criterion(unit="ratio", threshold="0.001")
    assert bench.judge(criterion, bench.held(bench.measure("5", "ratio"))).outcome is Outcome.FAIL


def test_evidence_without_a_readable_date_is_an_adapter_error(bench):
    """A statement that cannot be placed in time does not hide behind an older one that passes."""
    verdict = bench.judge(bench.criterion(), bench.held(), bench.held(finished_at="yesterday"))
    _unknown(verdict, UnknownReason.ADAPTER_ERROR)


def test_a_dry_run_is_never_a_pass(bench):
    """Numbers of a dry run are not numbers."""
    _unknown(bench.judge(bench.criterion(), bench.held(status="dry_run")), UnknownReason.DRY_RUN)


@pytest.mark.parametrize("value", ["0", "7"])
def test_a_generator_that_lagged_is_neither_pass_nor_fail(bench, value):
    """What a lagging generator measured is not about the service."""
    verdict = bench.judge(bench.criterion(), bench.held(bench.measure(value), status="invalid_generator"))
    _unknown(verdict, UnknownReason.INVALID_GENERATOR)


def test_a_check_that_was_not_run_is_never_a_pass(bench):
    """A whole statement, or one measure, that was not run stays unknown with its reason."""
    _unknown(bench.judge(bench.criterion(), bench.held(status="not_run")), UnknownReason.NOT_RUN)
    measure = bench.measure(None, unknown=UnknownReason.NOT_RUN, detail="the rail is not built yet")
    verdict = bench.judge(bench.criterion(), bench.held(measure))
    _unknown(verdict, UnknownReason.NOT_RUN)
    assert verdict.detail == "the rail is not built yet"


def test_a_value_beside_an_unknown_reason_is_not_read(bench):
    """A measure that says it is unknown is unknown, whatever value it carries."""
    measure = bench.measure("0", unknown=UnknownReason.ADAPTER_ERROR)
    _unknown(bench.judge(bench.criterion(), bench.held(measure)), UnknownReason.ADAPTER_ERROR)


def test_something_skipped_keeps_a_count_from_passing(bench):
    """No violation in 412 cells, but one cell was not tried: unknown."""
    _unknown(bench.judge(bench.criterion(), bench.held(bench.measure(skipped=1))), UnknownReason.NOT_RUN)


def test_something_skipped_counts_in_the_denominator_of_a_ratio(bench):
    """6 of 37 run and passed, 31 skipped: that is 16 %, not 100 %."""
    criterion = bench.criterion(unit="ratio", operator="gte", threshold="0.95", min_samples=6)
    verdict = bench.judge(criterion, bench.held(bench.measure("1", "ratio", samples=6, failures=0, skipped=31)))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.value == "0.162162"
    assert "31 skipped count against it" in verdict.detail


def test_on_no_data_fail_turns_missing_into_fail(bench):
    """A criterion may ask that no data is a failure; it cannot ask that it is a pass."""
    assert bench.judge(bench.criterion(on_no_data="fail")).outcome is Outcome.FAIL
