"""Was an SLO met over its window? From what Prometheus counted: weighted by traffic, unknown where the window has a gap. Pure."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

import msgspec

from gates.adapters.numbers import MOST
from gates.confidence import percent, plain, round_down
from gates.evidence.statement import Measure
from gates.schema.outcome import ExitCode, UnknownReason
from gates.slo import queries
from gates.slo.document import Slo
from gates.slo.prometheus_api import number_in
from gates.slo.windows import minutes

COVERED = Fraction(99, 100)
"""The least share of a window in which the counters were seen: what happened in a gap is not known, and not good."""
BAD, TOTAL, COVERAGE = "bad", "total", "coverage"
_SHORTEST_SLOT_S = 60


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was queried: the moment, the SLOs, the seconds of a slot by job, and how long Prometheus keeps data (0: not known)."""

    at: str
    slos: tuple[Slo, ...]
    slots_s: dict[str, int]
    kept_s: int = 0


def measure_name(slo: Slo) -> str:
    """The name of an SLO's measure: `availability_30d`."""
    return f"{slo.name.replace('-', '_')}_{slo.period}"


def slot_s(scrape_s: float) -> int:
    """The seconds of a slot: each holds at least two scrapes, so that one that is late leaves no gap."""
    return max(_SHORTEST_SLOT_S, int(2 * scrape_s + 1))


def answer_file(slo: Slo, part: str) -> str:
    """The name of the raw file with the answer to one query."""
    return f"{measure_name(slo)}.{part}.json"


def window_queries(slo: Slo, slot: int) -> dict[str, str]:
    """The queries of an SLO by the part that each answers. They count events: a busy hour weighs more than a quiet one."""
    return {
        BAD: queries.bad_count(slo, slo.period),
        TOTAL: queries.total_count(slo, slo.period),
        COVERAGE: queries.covered_slots(slo, slot),
    }


def window_measures(window: Window, answers: Mapping[str, bytes]) -> dict[str, Measure]:
    """The share of good events of each SLO, or why it is not known."""
    return {measure_name(slo): _measure(slo, window, answers) for slo in window.slos}


def exit_code(window: Window, measures: Mapping[str, Measure]) -> ExitCode:
    """Red if one SLO is not met; unknown if none is red and one is not known."""
    found = [(slo, measures[measure_name(slo)]) for slo in window.slos]
    if any(is_met(slo, measure) is False for slo, measure in found):
        return ExitCode.RED
    return ExitCode.UNKNOWN if any(measure.value is None for _, measure in found) else ExitCode.GREEN


def is_met(slo: Slo, measure: Measure) -> bool | None:
    """Whether the target was reached, by the counts themselves; None where nobody knows."""
    if measure.value is None:
        return None
    return Fraction(measure.samples - (measure.failures or 0), measure.samples) >= Fraction(slo.target)


def _measure(slo: Slo, window: Window, answers: Mapping[str, bytes]) -> Measure:
    names = [answer_file(slo, part) for part in (BAD, TOTAL, COVERAGE)]
    bad, total, slots = found = [number_in(answers[name], name) for name in names]
    for name, count in zip(names, found, strict=True):
        if _is_nonsense(count):
            return Measure(
                None, "ratio", unknown=UnknownReason.ADAPTER_ERROR, detail=f"{name}: {count:.4g} is not a possible count"
            )
    samples, failures = _counts(bad or Decimal(0), total or Decimal(0))
    wanted = minutes(slo.period) * 60 // window.slots_s[slo.job]
    seen = min(int((slots or Decimal(0)).to_integral_value(ROUND_FLOOR)), wanted)
    why = _why_unknown(slo, window, (bad, total), samples, Fraction(seen, wanted))
    value = None if why else plain(round_down(Fraction(samples - failures, samples)))
    return Measure(
        value,
        "ratio",
        samples=samples,
        failures=failures,
        unknown=UnknownReason.MISSING if why else None,
        detail=why,
        made_of={"slots_seen": seen, "slots_expected": wanted},
    )


def _counts(bad: Decimal, total: Decimal) -> tuple[int, int]:
    """Events and bad ones as whole numbers: Prometheus extrapolates to the ends of a window. Rounded in no one's favour."""
    samples = int(total.to_integral_value(ROUND_FLOOR))
    return samples, min(int(bad.to_integral_value(ROUND_CEILING)), samples)


def _is_nonsense(count: Decimal | None) -> bool:
    """Whether no counter counts so."""
    return count is not None and not 0 <= count <= MOST


def _why_unknown(slo: Slo, window: Window, counts: Sequence[Decimal | None], samples: int, coverage: Fraction) -> str:
    if None in counts:
        return f"no counter of this SLO was seen in {slo.period}: {' and '.join(queries.counters(slo))}"
    if 0 < window.kept_s < minutes(slo.period) * 60:
        days = f"{window.kept_s / 86_400:g}d"
        return f"Prometheus keeps {days}, and the window is {slo.period}: start it with a longer --storage.tsdb.retention.time"
    if coverage < COVERED:
        seen = percent(Decimal(coverage.numerator) / coverage.denominator)
        return f"the counters were seen in {seen} of {slo.period}, and {percent(Decimal('0.99'))} are needed: a gap is never good"
    return "" if samples else f"no event was counted in {slo.period}"
