"""The fail-closed table, row by row, through `gonogo gate run`: none of its rows is ever a pass."""

import datetime as dt

from honest_state import CLEAN, NOW, OTHER_BUILD, criterion, gate
from ways import way

from gates.evidence.statement import Measure
from gates.schema.time import format_utc, parse_utc

LONG_AGO = format_utc(parse_utc(NOW) - dt.timedelta(days=7, seconds=1))


@way("F1")
def test_a_gate_set_that_is_absent_empty_or_misspelt_is_refused(gonogo, state) -> None:
    """Exit 2 before anything is judged, with the file and the key."""
    empty = state.folder / "empty"
    empty.mkdir()
    gonogo.refused(gonogo("gate", "run", "--gates", empty), 2, "holds no gate file")
    (empty / "none.yaml").write_text("apiVersion: gonogo/v1\nkind: GateSet\nmetadata: {name: none}\nspec: {gates: []}\n")
    gonogo.refused(gonogo("gate", "run", "--gates", empty), 2, "is empty, so nothing could fail")
    misspelt = {**criterion(), "treshold": "9"}
    gonogo.refused(state.judge(gate(misspelt)), 2, "$.spec.gates[0].criteria[0]: unknown key 'treshold'")


@way("F2")
def test_what_was_not_measured_is_missing(gonogo, state) -> None:
    """No evidence at all, evidence without the measure, NaN and an empty result."""
    gonogo.refused(state.judge(), 3, "missing: no evidence of kind load-run about local")
    state.record({"another": CLEAN})
    gonogo.refused(state.judge(), 3, "missing: the evidence holds no measure double_settles")
    gonogo.refused(state.judge_one(Measure("NaN", "count", 412)), 3, "missing: the value 'NaN' is not a finite decimal number")
    gonogo.refused(state.judge_one(Measure("", "count", 413)), 3, "missing: the value '' is not a finite decimal number")


@way("F3")
def test_evidence_that_is_too_old_or_of_another_build_is_stale(gonogo, state) -> None:
    """One second over max_age, and another build."""
    state.clean(at=LONG_AGO)
    gonogo.refused(state.judge(), 3, "stale: the evidence finished at 2026-11-16T09:59:59.000Z, more than 7d ago")
    state.clean(about=state.subject(OTHER_BUILD))
    gonogo.refused(state.judge(build="d" * 64), 3, "stale: the newest load-run about local is about another build")


@way("F4")
def test_fewer_samples_than_required_are_too_few(gonogo, state) -> None:
    """199 of 200; 200 pass."""
    gonogo.refused(state.judge_one(Measure("0", "count", samples=199)), 3, "too_few_samples: 199 samples, 200 are needed")
    assert state.judge_one(Measure("0", "count", samples=200), min_samples=200).code == 0


@way("F5")
def test_an_adapter_that_broke_down_is_an_adapter_error(gonogo, state) -> None:
    """It raised, ran out of time, or returned a number that cannot be."""
    state.clean(status="adapter_error", detail="raised ConnectionError")
    gonogo.refused(state.judge(), 3, "adapter_error: raised ConnectionError")
    state.clean(status="adapter_error", detail="no answer within 10 s")
    gonogo.refused(state.judge(), 3, "adapter_error: no answer within 10 s")
    gonogo.refused(state.judge_one(Measure("-1", "count", samples=412)), 3, "adapter_error: -1 is not a possible count")


@way("F6")
def test_a_dry_run_is_not_a_run(gonogo, state) -> None:
    """Whatever its numbers are."""
    state.clean(status="dry_run", detail="nothing was sent")
    gonogo.refused(state.judge(), 3, "dry_run: nothing was sent")


@way("F7")
def test_a_generator_that_lagged_measured_nothing(gonogo, state) -> None:
    """Neither a pass nor a failure."""
    for value in ("0", "7"):
        state.record({"double_settles": Measure(value, "count", 412)}, status="invalid_generator", detail="lag p99 4,100 ms")
    gonogo.refused(state.judge(), 3, "invalid_generator: lag p99 4,100 ms")


@way("F8")
def test_a_skipped_check_is_in_the_denominator(gonogo, state) -> None:
    """One cell not tried keeps a count from passing; 31 of 37 skipped are 16 % of a ratio."""
    gonogo.refused(state.judge_one(Measure("0", "count", 412, skipped=1)), 3, "not_run: ")
    ending = state.judge_one(
        Measure("1", "ratio", 6, failures=0, skipped=31), unit="ratio", operator="gte", threshold="0.95", min_samples=6
    )
    gonogo.refused(ending, 1, "31 skipped count against it")
