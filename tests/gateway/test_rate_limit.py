"""The token bucket: never more than was promised, never less, and exact about when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rate_limit import RateLimit, draw, headers_of_limit, seconds_up

S = 1_000_000_000
LIMITS = st.builds(RateLimit, st.integers(1, 1000), st.integers(1, 1000))
PAUSES = st.lists(st.integers(0, 3 * S), max_size=80)


def run(limit, pauses):
    """Draw after each pause; the moments at which a request passed."""
    now, full_at, passed = 5 * S, 0, []
    for pause in pauses:
        now += pause
        drawn = draw(limit, full_at, now)
        full_at = drawn.full_at_ns
        if drawn.allowed:
            passed.append(now)
    return passed


@given(LIMITS, PAUSES)
def test_no_window_holds_more_than_the_burst_and_what_was_refilled(limit, pauses):
    """Between any two requests that passed, at most burst + rate x time have passed."""
    passed = run(limit, pauses)
    one = S // limit.rate_per_s
    for start, first in enumerate(passed):
        for end in range(start, len(passed)):
            assert (end - start + 1) <= limit.burst + (passed[end] - first) // one


@given(LIMITS, st.integers(0, 2000))
def test_a_bucket_that_rested_gives_its_whole_burst_at_once(limit, extra):
    """And not one request more."""
    assert len(run(limit, [0] * (limit.burst + extra))) == limit.burst


@given(LIMITS, PAUSES)
def test_the_wait_that_it_names_is_exact(limit, pauses):
    """One nanosecond earlier it still refuses, at that moment it lets pass; a refusal has cost nothing."""
    now, full_at = 5 * S, 0
    for pause in pauses:
        now += pause
        drawn = draw(limit, full_at, now)
        if not drawn.allowed:
            assert drawn.full_at_ns == max(full_at, now)
            assert not draw(limit, full_at, now + drawn.retry_ns - 1).allowed
            assert draw(limit, full_at, now + drawn.retry_ns).allowed
        full_at = drawn.full_at_ns


@given(LIMITS, PAUSES)
def test_what_it_says_is_left_can_be_taken_at_once(limit, pauses):
    """Remaining counts exactly the requests that pass without a pause."""
    now, full_at = 5 * S, 0
    for pause in pauses:
        now += pause
        drawn = draw(limit, full_at, now)
        full_at = drawn.full_at_ns
    if pauses:
        left = 0
        while (drawn_next := draw(limit, full_at, now)).allowed:
            full_at, left = drawn_next.full_at_ns, left + 1
        assert left == drawn.remaining


@pytest.mark.parametrize(("ns", "seconds"), [(0, 0), (1, 1), (S, 1), (S + 1, 2)])
def test_headers_round_waits_up(ns, seconds):
    """A caller who comes back when told to must not be refused again."""
    assert seconds_up(ns) == seconds


def test_headers_are_the_drafts():
    """Quota and window in the policy; what remains, and until when it is full again, in the other."""
    limit = RateLimit(10, 25)
    assert headers_of_limit(limit, draw(limit, 0, S)) == [
        ("ratelimit-policy", '"tenant";q=25;w=3'),
        ("ratelimit", '"tenant";r=24;t=1'),
    ]
