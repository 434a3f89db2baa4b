"""Judging the steady state."""

import pytest

from drills.schema import ErrorRatioProbe, ReadyProbe
from drills.steady import Attempt, Judgement, judge_error_ratio, judge_ready

PROBE = ErrorRatioProbe(window="2s", at_most="0.05", min_samples=20)


def _outcomes(count, bad, begun=10.0, ended=10.5):
    return [Attempt(begun, ended, number < bad) for number in range(count)]


@pytest.mark.parametrize(
    ("count", "bad", "holds", "value"),
    [(20, 0, True, "0.0000"), (20, 1, True, "0.0500"), (20, 2, False, "0.1000"), (19, 0, None, None), (19, 19, None, None)],
    ids=["none bad", "at the limit", "over the limit", "too few", "too few, all bad"],
)
def test_the_error_ratio_is_three_valued(count, bad, holds, value):
    """Too few attempts neither hold nor break."""
    reading = judge_error_ratio(PROBE, 2.0, _outcomes(count, bad), 11.0, 0.0)
    assert (reading.holds, reading.value, reading.samples) == (holds, value, count)


def test_attempts_that_began_before_the_release_served_do_not_count():
    """Connections refused while the service was changed say nothing about the new release."""
    attempts = _outcomes(50, 50, begun=9.0) + _outcomes(20, 0, begun=10.2)
    assert judge_error_ratio(PROBE, 2.0, attempts, 12.0, 10.0).holds is True


def test_attempts_that_ended_before_the_window_do_not_count():
    """The window slides: what was bad three seconds ago is forgotten."""
    attempts = _outcomes(50, 50, ended=10.0) + _outcomes(20, 0, ended=12.5)
    assert judge_error_ratio(PROBE, 2.0, attempts, 13.0, 0.0).holds is True


def test_a_window_that_has_just_begun_can_break_but_not_hold():
    """Half a second of good answers is not two seconds of them; half a second of bad ones is enough."""
    assert judge_error_ratio(PROBE, 2.0, _outcomes(40, 0, begun=10.1), 10.6, 10.0).holds is None
    assert judge_error_ratio(PROBE, 2.0, _outcomes(40, 40, begun=10.1), 10.6, 10.0).holds is False


def test_the_steady_state_holds_only_if_every_probe_says_so():
    """A probe that cannot say keeps it from holding, and does not break it."""
    ready, mute = judge_ready(ReadyProbe(), True), judge_error_ratio(PROBE, 2.0, [], 11.0, 0.0)
    assert Judgement((ready,)).holds
    assert not Judgement((ready, mute)).holds
    assert not Judgement((ready, mute)).broken
    assert Judgement((judge_ready(ReadyProbe(), False), mute)).broken
    assert not Judgement(()).holds
