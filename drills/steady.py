"""Is the service in its steady state? Pure: readings in, a three-valued judgement out; too little data never holds."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from drills.schema import ClockProbe, ErrorRatioProbe, ReadyProbe


class Attempt(msgspec.Struct, frozen=True):
    """One finished attempt of the storm. `bad` if the client got no usable response; times are monotonic seconds.

    `answer` is the status and the error code of the response, "" if there was none. `first_s` is when the first attempt of this
    operation of this payment was sent, under the same key.
    """

    begun_s: float
    ended_s: float
    bad: bool
    answer: str = ""
    acknowledged: bool = False
    operation: str = ""
    status: int | None = None
    first_s: float = 0.0


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of one probe: `holds` is None if there is not enough data."""

    probe: str
    holds: bool | None
    value: str | None
    samples: int
    detail: str = ""


class Judgement(msgspec.Struct, frozen=True):
    """All probes together: all hold, or one is broken, or there is not enough data yet."""

    readings: tuple[Reading, ...]

    @property
    def holds(self) -> bool:
        """Every probe holds."""
        return bool(self.readings) and all(reading.holds is True for reading in self.readings)

    @property
    def broken(self) -> bool:
        """At least one probe does not hold."""
        return any(reading.holds is False for reading in self.readings)

    def text(self) -> str:
        """One line for people."""
        return "; ".join(f"{item.probe} {item.detail or item.value}" for item in self.readings)


def judge_ready(probe: ReadyProbe, ready: bool) -> Reading:
    """The ready path's response as a reading."""
    detail = "responds" if ready else f"does not respond 2xx within {probe.timeout}"
    return Reading("ready", ready, "1" if ready else "0", 1, detail)


def judge_clock(probe: ClockProbe, limit_s: float, apart_s: float | None) -> Reading:
    """How far the service's clock is from the machine's; undecided where the service did not return its time."""
    if apart_s is None:
        return Reading("clock", None, None, 0, "the service returned no time")
    value = f"{apart_s:+.0f}"
    return Reading("clock", abs(apart_s) <= limit_s, value, 1, f"{value} s from the machine's, at most {probe.at_most}")


def judge_error_ratio(
    probe: ErrorRatioProbe, window_s: float, attempts: Iterable[Attempt], now_s: float, since_s: float
) -> Reading:
    """The share of bad attempts among the attempts that began after `since_s` and ended in the last `window_s`.

    An attempt that began before `since_s` was sent to another release or to no service, and does not count. A
    window that is not full yet can be broken, but cannot hold.
    """
    seen = [item.bad for item in attempts if item.begun_s >= since_s and now_s - window_s < item.ended_s <= now_s]
    count, bad = len(seen), sum(seen)
    if count < probe.min_samples:
        detail = f"{count} attempts in {probe.window}, {probe.min_samples} needed"
        return Reading("error_ratio", None, None, count, detail)
    holds = Decimal(bad) <= Decimal(probe.at_most) * count
    value = f"{Decimal(bad) / count:.4f}"
    detail = f"{value} ({bad} of {count} attempts in {probe.window}, at most {probe.at_most})"
    if holds and now_s - since_s < window_s:
        return Reading("error_ratio", None, value, count, f"{detail}, and the window is not full yet")
    return Reading("error_ratio", holds, value, count, detail)
