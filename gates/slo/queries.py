"""The expressions of one SLO in PromQL, made of the selectors of its document. Pure."""

from gates.slo.document import Slo
from gates.slo.windows import decimal_text


def matcher(slo: Slo) -> str:
    """The labels of everything that is recorded for an SLO."""
    return f'{{service="{slo.service}",slo="{slo.name}"}}'


def recorded(slo: Slo, name: str) -> str:
    """A recorded series of this SLO."""
    return f"{name}{matcher(slo)}"


def ratio(slo: Slo, window: str) -> str:
    """The recorded share of bad events in a window."""
    return recorded(slo, f"slo:sli_error:ratio_rate{window}")


def bad_rate(slo: Slo, window: str) -> str:
    """Bad events a second; nothing where either counter is absent."""
    return _bad(slo, "rate", window)


def bad_count(slo: Slo, window: str) -> str:
    """Bad events in a window."""
    return _bad(slo, "increase", window)


def total_rate(slo: Slo, window: str) -> str:
    """All events a second."""
    return f"sum(rate({slo.total}[{window}]))"


def total_count(slo: Slo, window: str) -> str:
    """All events in a window."""
    return f"sum(increase({slo.total}[{window}]))"


def counted_before(slo: Slo, window: str) -> str:
    """How many series counted all events as long ago as a window is long; nothing where the server has not seen that much."""
    return f"count({slo.total} offset {window})"


def counted_rate(slo: Slo, window: str) -> str:
    """All events a second while bad ones are counted too: what nobody counts must not dilute a period."""
    return f"{total_rate(slo, window)} and on() {bad_rate(slo, window)}"


def error_ratio(slo: Slo, window: str) -> str:
    """The share of bad events. Without traffic it is absent: neither good nor NaN."""
    return f"{bad_rate(slo, window)} / ({total_rate(slo, window)} > 0)"


def period_ratio(slo: Slo) -> str:
    """The share of bad events in the period, weighted by traffic: averaging ratios counts a quiet hour like a busy one."""
    bad, total = (recorded(slo, f"slo:events_{side}:rate5m") for side in ("bad", "total"))
    return f"sum_over_time({bad}[{slo.period}]) / (sum_over_time({total}[{slo.period}]) > 0)"


def covered_slots(slo: Slo, slot_s: int) -> str:
    """How many slots of the period were seen: in each one the share of scrapes that succeeded, if its counters were there."""
    slot = f"[{slot_s}s]"
    there = " and on() ".join(f"count(count_over_time({one}{slot}))" for one in counters(slo))
    return f'sum_over_time((avg(avg_over_time(up{{job="{slo.job}"}}{slot})) and on() {there})[{slo.period}:{slot_s}s])'


def counters(slo: Slo) -> tuple[str, ...]:
    """The selectors of the document, total first."""
    return (slo.total, *filter(None, (slo.bad, slo.good)))


def counted_ratio(slo: Slo) -> str:
    """The same from the counters themselves, for a past that has nothing recorded."""
    return f"{bad_count(slo, slo.period)} / ({total_count(slo, slo.period)} > 0)"


def budget_remaining(slo: Slo) -> str:
    """What is left of the period's budget: 1 is all, below 0 is overspent. The first bad event spends a budget of nothing."""
    return _remaining(slo, recorded(slo, "slo:sli_error:ratio_period"))


def counted_budget(slo: Slo) -> str:
    """The same from the counters themselves."""
    return _remaining(slo, f"({counted_ratio(slo)})")


def data_missing(slo: Slo) -> str:
    """1 while a counter is absent although the service is scraped; a service without traffic has its counters."""
    absent = " or ".join(f"absent({_bare(selector)})" for selector in counters(slo))
    return f'({absent}) and on() (max(up{{job="{slo.job}"}}) == 1)'


def _bad(slo: Slo, function: str, window: str) -> str:
    if slo.bad is not None:
        return f"sum({function}({slo.bad}[{window}]))"
    return f"clamp_min(sum({function}({slo.total}[{window}])) - sum({function}({slo.good}[{window}])), 0)"


def _remaining(slo: Slo, spent: str) -> str:
    return f"1 - {spent} / {decimal_text(slo.budget)}" if slo.budget else f"1 - ({spent} > bool 0)"


def _bare(selector: str) -> str:
    """The sum of the counters: `absent` of a sum has no labels, which would be those of the selector."""
    return f"sum({selector})"
