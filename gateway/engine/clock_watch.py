"""Whether the wall clock can be trusted with something that cannot be undone."""

import datetime as dt
import logging
from collections.abc import Callable

STEP_S = 30.0
"""A wall clock that moves so much more, or less, than the steady clock was set. NTP slews at most 0.5 ms a second."""

HOLD_S = 21_600.0
"""Seconds without trust in the wall clock after a step: six hours, in which time synchronisation or an operator corrects it."""

_log = logging.getLogger(__name__)


class ClockWatch:
    """Compares the wall clock with a steady clock, which nobody can set.

    A start counts as a step: nothing is known of the time before it.
    """

    def __init__(self, monotonic: Callable[[], float], now: dt.datetime) -> None:
        self._monotonic = monotonic
        self._apart = now.timestamp() - monotonic()
        self._trusted_from = monotonic() + HOLD_S

    def trusts(self, now: dt.datetime) -> bool:
        """Whether the wall clock, which shows `now`, was not set for HOLD_S; logs each step once."""
        steady = self._monotonic()
        apart = now.timestamp() - steady
        step, self._apart = apart - self._apart, apart
        if abs(step) > STEP_S:
            self._trusted_from = steady + HOLD_S
            hours = HOLD_S / 3600
            _log.warning(
                "the clock was set by %+.0f s; no stored answer is deleted for %.0f hours; check the time source", step, hours
            )
        return steady >= self._trusted_from
