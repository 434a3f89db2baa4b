"""The moment at which an alert must fire follows from the samples and the numbers of the document."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drills.incident.asking import Sample, Series
from drills.incident.exact import Burn, Down, Moments, moments

FAST = Burn(bad="bad", total="all", factor="14.4", budget="0.0005", long="1h", short="5m")
START = 1_790_000_000.0


def _counters(outage, *, history_s, rate=10.0, share=1.0, every=1.0):
    """A good and a bad counter: healthy for `history_s` (a sample each 15 s), then failing for `outage` seconds, each second."""
    good, bad = [], []
    for number in range(int(history_s // 15)):
        at = START - history_s + number * 15
        good.append(Sample(at, (number * 15) * rate))
        bad.append(Sample(at, 0.0))
    whole = len(good) * 15 * rate
    for number in range(int(outage / every) + 1):
        at = START + number * every
        good.append(Sample(at, whole + number * every * rate * (1 - share)))
        bad.append(Sample(at, number * every * rate * share))
    sides = (Series({"outcome": "good"}, tuple(good)), Series({"outcome": "bad"}, tuple(bad)))
    return [sides[1:], sides]


def test_a_total_outage_after_healthy_hours_fires_when_the_window_holds_enough_of_it():
    """14.4 x 0.0005 of an hour are 25.92 s: the first scrape after that."""
    found = moments(FAST, _counters(60, history_s=6 * 3600), START)
    assert found == Moments(START + 1, START + 26)


def test_without_history_the_same_outage_fires_as_soon_as_enough_events_are_bad():
    """The windows hold only what was just seen."""
    found = moments(FAST, _counters(60, history_s=0, rate=2.0), START - 1)
    assert found == Moments(START + 1, START + 3)
    assert moments(FAST, _counters(60, history_s=0, rate=10.0), START - 1).exact == START + 1


@settings(max_examples=40, deadline=None)
@given(
    factor=st.sampled_from(["14.4", "6"]),
    budget=st.sampled_from(["0.0005", "0.001", "0.01"]),
    share=st.sampled_from([1.0, 0.5, 0.25]),
)
def test_the_exact_time_is_the_formulas(factor, budget, share):
    """It is factor x (1 - target) x window, divided by the share of bad events, at a steady rate."""
    burn = Burn(bad="bad", total="all", factor=factor, budget=budget, long="1h", short="5m", min_bad=1)
    formula = float(Decimal(factor) * Decimal(budget) * 3600) / share
    if float(Decimal(factor) * Decimal(budget)) < share:
        found = moments(burn, _counters(formula + 30, history_s=2 * 3600, share=share), START)
        assert found.exact is not None
        spread = 15 * formula / 3600 + 1  # the history's samples are 15 s apart, so its window may begin that much later
        assert -spread <= found.exact - START - formula <= spread


def test_few_errors_stay_silent():
    """5 % of bad events for 90 s burn less than 14.4 times the budget of an hour."""
    found = moments(FAST, _counters(90, history_s=6 * 3600, share=0.05), START)
    assert found == Moments(START + 1, None)


def test_a_quiet_service_needs_as_many_bad_events_as_the_document_says():
    """One error among ten requests pages nobody."""
    burn = Burn(bad="bad", total="all", factor="14.4", budget="0.0005", long="1h", short="5m", min_bad=5)
    assert moments(burn, _counters(30, history_s=0, rate=0.1), START - 1).exact is None
    assert moments(burn, _counters(60, history_s=0, rate=0.1), START - 1).exact == START + 50


def test_a_counter_that_begins_again_has_lost_nothing():
    """A new process counts from 0: what it counts is added."""
    bad = Series({}, tuple(Sample(START + number, value) for number, value in enumerate([7, 9, 1, 3])))
    good = Series({}, tuple(Sample(START + number, value) for number, value in enumerate([90, 90, 0, 0])))
    assert moments(FAST, [[bad], [good, bad]], START).exact == START + 3  # 2 + 1 + 2 bad events


def test_without_samples_nothing_was_due():
    """Neither a first bad event nor an exact moment."""
    assert moments(FAST, [[], []], START) == Moments(None, None)
    assert moments(Down("up", "1m"), [[]], START) == Moments(None, None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 1, 0, 0, 0, 0, 0], Moments(START + 2, START + 5)),
        ([1, 0, 0, 1, 0, 0, 0, 0], Moments(START + 1, START + 7)),
        ([1, 0, 0, 1, 1], Moments(START + 1, None)),
        ([1, 1, 1], Moments(None, None)),
    ],
)
def test_a_service_is_down_when_its_scrapes_failed_for_the_whole_time(values, expected):
    """A scrape that succeeds in between starts it over."""
    up = Series({}, tuple(Sample(START + number, float(value)) for number, value in enumerate(values)))
    assert moments(Down("up", "3s"), [[up]], START - 1) == expected
