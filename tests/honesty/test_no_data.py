"""No data, or data that is no number: never 0, never a pass."""

from honest_state import CLEAN
from ways import way

from gates.evidence.statement import Measure


def no_number(gonogo, state, value: str) -> None:
    """A value that passes as 0 elsewhere is missing here, and stays so next to a passing statement that is older."""
    state.clean()
    assert state.judge().code == 0
    ending = state.judge_one(Measure(value, "count", samples=412))
    gonogo.refused(ending, 3, f"missing: the value {value!r} is not a finite decimal number")


@way("V1")
def test_not_a_number_is_missing(gonogo, state) -> None:
    """NaN compares with nothing."""
    no_number(gonogo, state, "NaN")


@way("V2")
def test_infinity_is_missing(gonogo, state) -> None:
    """Also the one below every limit."""
    no_number(gonogo, state, "-inf")


@way("V3")
def test_an_empty_value_is_missing(gonogo, state) -> None:
    """Nothing is not zero."""
    no_number(gonogo, state, "")


@way("V4")
def test_a_value_with_a_space_is_missing(gonogo, state) -> None:
    """Nobody trims it."""
    no_number(gonogo, state, " 0")


@way("V5")
def test_a_hexadecimal_value_is_missing(gonogo, state) -> None:
    """Some readers take it for 0, some for text."""
    no_number(gonogo, state, "0x0")


@way("V6")
def test_a_value_with_an_underscore_is_missing(gonogo, state) -> None:
    """Python would read 10."""
    no_number(gonogo, state, "1_0")


@way("V7")
def test_digits_of_another_script_are_missing(gonogo, state) -> None:
    """Python would read 3."""
    no_number(gonogo, state, "\N{ARABIC-INDIC DIGIT THREE}")


@way("V8")
def test_no_samples_are_too_few(gonogo, state) -> None:
    """Zero of zero is no rate, and none seen in nothing shows nothing; a bar that would accept it is refused."""
    gonogo.refused(
        state.judge_one(Measure("0", "count", samples=0), min_samples=1), 3, "too_few_samples: 0 samples, 1 are needed"
    )
    gonogo.refused(state.judge_one(CLEAN, min_samples=0), 2, "with min_samples 0 a measure of nothing would pass")


@way("V9")
def test_checks_of_which_none_was_run_are_not_run(gonogo, state) -> None:
    """Whether the statement says so, or the measure, or every check was skipped."""
    state.clean(status="not_run", detail="no runner was free")
    gonogo.refused(state.judge(), 3, "not_run: no runner was free")
    state.record({"double_settles": Measure(None, "count", unknown="not_run", detail="the suite is switched off")})
    gonogo.refused(state.judge(), 3, "not_run: the suite is switched off")
    assert state.judge_one(Measure("0", "count", samples=0, skipped=37)).code == 3


@way("V10")
def test_skipped_checks_count_against_a_ratio(gonogo, state) -> None:
    """31 of 37 skipped and the others passed: that is 16 %, and fails."""
    ratio = Measure("1", "ratio", samples=6, failures=0, skipped=31)
    ending = state.judge_one(ratio, unit="ratio", operator="gte", threshold="0.95", min_samples=6)
    gonogo.refused(ending, 1, "31 skipped count against it")
    assert "0.162162" in ending.out
