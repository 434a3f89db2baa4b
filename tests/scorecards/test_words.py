"""Numbers and times as people read them."""

import msgspec
import pytest

from gates.page.words import clock, counted, grouped, moment, quantity
from gates.rule import limit
from gates.schema.outcome import Outcome, UnknownReason
from gates.schema.source import JunitSource
from gates.schema.time import span
from gates.schema.verdict import CriterionVerdict
from scorecards.schema import Scorecard
from scorecards.words import age, date, detail_beside, kind, measured


@pytest.fixture
def slow(week: Scorecard) -> CriterionVerdict:
    """A criterion that fails by its value."""
    (item,) = (item for gate in week.spec.gates for item in gate.criteria if item.criterion.id == "reserve-p95")
    return msgspec.structs.replace(item, outcome=Outcome.FAIL, value="11751.145785", detail="11751.145785 ms, threshold < 300 ms")


def test_what_is_shown_next_to_a_reason_is_not_in_it_again(slow: CriterionVerdict) -> None:
    """Value and threshold are shown once, rounded; what else the reason says stays."""
    shown = f"11751.145785 ms, threshold {limit(slow.criterion, '300')}"
    reasons = {
        shown: "",
        f"3 samples, 100 are needed; {shown}": "3 samples, 100 are needed",
        f"{shown}: the slowest was pi_7": "the slowest was pi_7",
        f"{shown}; a run of this week": "a run of this week",
        "no value": "no value",
    }
    for reason, said in reasons.items():
        assert detail_beside(msgspec.structs.replace(slow, detail=reason)) == said
    assert detail_beside(msgspec.structs.replace(slow, value=None, detail=shown)) == shown


def test_an_adapter_error_is_said_only_of_an_adapter(slow: CriterionVerdict) -> None:
    """A drill or a probe whose measurement failed has no adapter."""
    broken = msgspec.structs.replace(slow, value=None, unknown=UnknownReason.ADAPTER_ERROR)
    assert measured(broken) == "measurement failed"
    source = JunitSource(paths=("junit.xml",))
    of_junit = msgspec.structs.replace(broken, criterion=msgspec.structs.replace(broken.criterion, source=source))
    assert measured(of_junit) == "adapter error"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("0.9995", "ratio", "99.95 %"),
        ("1", "ratio", "100 %"),
        ("187.40", "ms", "187.4 ms"),
        ("0", "count", "0"),
        ("1234567", "count", "1,234,567"),
        ("0.5", "s", "0.5 s"),
        ("1E+3", "ms", "1,000 ms"),
        ("-0.25", "s", "-0.25 s"),
    ],
)
def test_a_quantity_is_written_with_its_unit_and_without_noise(value: str, unit: str, text: str) -> None:
    """Ratios become percent, zeros at the end go, thousands are grouped."""
    assert quantity(value, unit) == text


def test_moments_are_written_in_english_and_utc_whatever_the_locale() -> None:
    """Weekday and month come from the program, not from the machine."""
    assert moment("2026-11-27T13:05:00+01:00") == "Fri 27 Nov 2026, 12:05 UTC"
    assert date("2026-12-04") == "Fri 4 Dec 2026"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (40, "40 s"), (1500, "25 min"), (3661, "1 h 1 min"), (274_000, "3 d 4 h"), (-90, "-1 min 30 s")],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: int, text: str) -> None:
    """More precision would not be read."""
    assert span(seconds) == text


def test_an_age_is_told_in_one_unit_and_may_lie_in_the_future() -> None:
    """Evidence taken after the moment of judging says so."""
    assert (age(74), age(7_400), age(-30), age(None)) == ("1 min old", "2 h old", "30 s after judging", "undated")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("7.241995", "ms", "7.242 ms"),
        ("299.9999", "ms", "299.9999 ms"),
        ("0.00001", "s", "0.00001 s"),
        ("0.99912345", "ratio", "99.912 %"),
    ],
)
def test_a_measured_value_is_rounded_only_where_that_does_not_mislead(week: Scorecard, value: str, unit: str, text: str) -> None:
    """Just below the limit, and just above nothing, every digit is shown."""
    item = next(item for gate in week.spec.gates for item in gate.criteria if item.criterion.id == "reserve-p95")
    item = msgspec.structs.replace(item, criterion=msgspec.structs.replace(item.criterion, unit=unit))
    assert measured(msgspec.structs.replace(item, value=value)) == text


def test_small_words() -> None:
    """Plurals, drill clocks, kinds of evidence and thousands."""
    assert (counted(1, "sample"), counted(2240, "sample")) == ("1 sample", "2,240 samples")
    assert clock(4850) == "4.850 s"
    assert (kind("urn:gonogo:evidence:load-run:v2"), kind("urn:other:x")) == ("load run", "urn:other:x")
    assert grouped("0.001") == "0.001"
