"""Traffic as promtool's series: phases of so many good and bad events a minute, as counters that grow."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import msgspec

from gates.slo.windows import decimal_text
from gates.slo.witness import Counters


class Phase(msgspec.Struct, frozen=True):
    """So many minutes with so many events each, of which so many are bad; after a restart counters begin at 0."""

    minutes: int
    total: Decimal
    bad: Decimal = Decimal(0)
    restart: bool = False


class InputSeries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One series of a test: a sample each minute, in promtool's notation."""

    series: str
    values: str


def traffic(counters: Counters, phases: Sequence[Phase]) -> tuple[InputSeries, ...]:
    """The counters of an SLO through these phases, from a first sample of 0."""
    return (
        InputSeries(str(counters.side), values(phases, lambda one: one.bad if counters.counts_bad else one.total - one.bad)),
        InputSeries(str(counters.rest), values(phases, lambda one: _rest(counters, one))),
    )


def values(phases: Sequence[Phase], step: Callable[[Phase], Decimal]) -> str:
    """A counter as promtool's expanding notation."""
    return " ".join(_parts(phases, step))


def _rest(counters: Counters, phase: Phase) -> Decimal:
    if not counters.overlap:
        return phase.total
    return phase.total - phase.bad if counters.counts_bad else phase.bad


def _parts(phases: Sequence[Phase], step: Callable[[Phase], Decimal]) -> Iterator[str]:
    yield "0"
    at = Decimal(0)
    for phase in phases:
        grows = step(phase)
        first = grows if phase.restart else at + grows
        yield f"{decimal_text(first)}+{decimal_text(grows)}x{phase.minutes - 1}"
        at = first + grows * (phase.minutes - 1)
