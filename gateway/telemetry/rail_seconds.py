"""For how long did the rail answer? Seconds with a closed circuit are good events, those with an open one bad ones.

Not calls: while the circuit is open there is one in five seconds, and a quiet hour has none.
"""

from collections.abc import Callable

from gateway.telemetry.tally import Tally

LONGEST_S = 60
"""Seconds between two looks of which the later one says how the circuit was meanwhile; nobody knows it of a longer time."""


class RailSeconds:
    """Counts whole seconds into `good` or `bad` at each look; `monotonic` gives seconds."""

    def __init__(self, is_open: Callable[[], bool], monotonic: Callable[[], float], good: Tally, bad: Tally) -> None:
        self._is_open, self._monotonic = is_open, monotonic
        self._good, self._bad = good, bad
        self._seen_s = monotonic()

    def look(self) -> None:
        """Count the seconds since the last look."""
        passed_s = int(self._monotonic() - self._seen_s)
        self._seen_s += passed_s
        if passed_s <= LONGEST_S:
            (self._bad if self._is_open() else self._good).count += passed_s
