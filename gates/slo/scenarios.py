"""What every SLO's rules have to do: the cases of its generated tests, one function a timeline. Pure.

The letters are those of runbooks/slo.md: (a) a total outage fires in its minute, (b) nine tenths of each factor are silent,
(c) silent again after the short window, (d) hot in one window only, (e) one error of a quiet service, (f) no traffic, (g) a
counter that is absent, (h) a restart, (i) a series or a job that goes away, (k) a period of unequal traffic.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil

import msgspec

from gates.slo import queries, rules
from gates.slo.document import Slo
from gates.slo.timeline import InputSeries, Phase, traffic
from gates.slo.unit_test import AlertTest, Case, Expected, ExpectedAlert, absent, at, fires, missing, near, silent, true
from gates.slo.windows import WINDOWS, Burn, burns, decimal_text, minutes
from gates.slo.witness import counters

FULL, FULL_PAGE = 3 * 1440, 360
"""Minutes without an error before anything happens, so that the longest window is full: of all pairs, and of those that page."""
EVERY, SLOW_EVERY = 1, 10
"""Minutes between evaluations: three days of evaluations each minute would take a minute of computing for each SLO."""
_GUARD = 5
_PART = Decimal("0.9")


def cases(slo: Slo, links: rules.Links) -> dict[int, tuple[Case, ...]]:
    """Every case that applies to this SLO, by the minutes between evaluations."""
    quick = (everything_fails(slo, links), *(case for made in QUICK for case in made(slo)))
    return {EVERY: quick, SLOW_EVERY: tuple(case for made in SLOW for case in made(slo))}


def outage(slo: Slo) -> Iterator[Case]:
    """(a) and (c): each pair that pages fires in its minute and not before, and is silent one short window after the end."""
    pages = [burn for burn in _live(slo) if minutes(burn.pair.long) <= FULL_PAGE]
    if pages:
        lasts = max(*(burn.first_minute for burn in pages), minutes(pages[0].pair.long)) + 5
        last = max(minutes(burn.pair.short) for burn in pages)
        phases = (Phase(FULL_PAGE, _rate(slo)), Phase(lasts, _rate(slo), _rate(slo)), Phase(last, _rate(slo)))
        checks = [check for burn in pages for check in _around(slo, burn, FULL_PAGE, FULL_PAGE + lasts)]
        yield _case(slo, "(a) (c) total outage", phases, checks)


def slow_outage(slo: Slo) -> Iterator[Case]:
    """The same for the pairs of days: one timeline in which the first minute is evaluated, one for the last silent one."""
    slow = [burn for burn in _live(slo) if minutes(burn.pair.long) > FULL_PAGE]
    for first in sorted({burn.first_minute for burn in slow}):
        burns_then = [burn for burn in slow if burn.first_minute == first]
        healthy, lasts = FULL + -first % SLOW_EVERY, first + SLOW_EVERY
        last = max(minutes(burn.pair.short) for burn in burns_then)
        phases = (Phase(healthy, _rate(slo)), Phase(lasts, _rate(slo), _rate(slo)), Phase(last, _rate(slo)))
        checks = [check for burn in burns_then for check in _around(slo, burn, healthy, healthy + lasts)[1:]]
        yield _case(slo, f"(a) (c) total outage of {lasts} minutes", phases, checks)
    for last in sorted({burn.last_silent_minute for burn in slow if burn.last_silent_minute > 0}):
        healthy = FULL + -last % SLOW_EVERY
        checks = [silent(slo, burn, healthy + last) for burn in slow if burn.last_silent_minute == last]
        yield _case(
            slo, f"(a) total outage of {last} minutes", (Phase(healthy, _rate(slo)), Phase(last, _rate(slo), _rate(slo))), checks
        )


def everything_fails(slo: Slo, links: rules.Links) -> Case:
    """Every pair fires with its labels and annotations: the share of bad events is 1 in every window."""
    expected = []
    for rule in rules.burn_alerts(slo, links):
        summary = rule.annotations["summary"].replace(rules.VALUE, "100%")
        expected.append(ExpectedAlert({**rule.labels, "service": slo.service}, {**rule.annotations, "summary": summary}))
    case = _case(slo, "everything fails", (Phase(10, _rate(slo), _rate(slo)),), ())
    return msgspec.structs.replace(case, alert_rule_test=(AlertTest(at(8), rules.BURN_ALERT, tuple(expected)),))


def shares(slo: Slo) -> Iterator[Case]:
    """(b): at nine tenths of a factor, for as long as its long window, that pair is silent and all slower ones fire."""
    live = _live(slo) if slo.budget else []
    phases: list[Phase] = []
    checks: list[Expected] = []
    for burn in reversed(live):
        share = burn.threshold * _PART
        phases.append(Phase(minutes(burn.pair.long), _rate(slo), _rate(slo) * share))
        now = sum(phase.minutes for phase in phases)
        checks += [silent(slo, burn, now), near(slo, burn.pair.long, decimal_text(share), now)]
        checks += [fires(slo, slower, now) for slower in live if slower.factor < burn.factor]
    if phases:
        yield _case(slo, "(b) nine tenths of each factor", phases, checks)


def short_only(slo: Slo) -> Iterator[Case]:
    """(d): a failure that is large in every short window and small in every long one is silent."""
    live = _live(slo)
    low = max(burn.threshold * minutes(burn.pair.short) for burn in live)
    high = min(burn.threshold * minutes(burn.pair.long) for burn in live)
    if low >= high:
        return
    lost = (low + high) / 2  # minutes of total outage
    lasts = ceil(lost)
    healthy, checks = FULL + -lasts % SLOW_EVERY, []
    for burn in live:
        hot = f"sum({queries.ratio(slo, burn.pair.short)}) > bool {decimal_text(burn.threshold)}"
        checks += [true(hot, healthy + lasts), silent(slo, burn, healthy + lasts)]
    phases = (Phase(healthy, _rate(slo)), Phase(lasts, _rate(slo), _rate(slo) * lost / lasts))
    yield _case(slo, "(d) short window hot, long window cold", phases, checks)


def quiet_service(slo: Slo) -> Iterator[Case]:
    """(e) and (f): idle has no ratio; one error pages nobody; an outage at the least traffic pages all the same."""
    idle, pages = 420, [burn for burn in _live(slo) if burn.pair.severity == "page"]
    unit = Decimal(max(1, ceil(slo.min_bad_events / _GUARD)))
    checks = [absent(queries.ratio(slo, window), idle) for window in WINDOWS]
    checks += [absent(queries.recorded(slo, "slo:sli_error:ratio_period"), idle), missing(slo, idle, fires=False)]
    first, second = idle + 1, idle + 1 + 420 + 1
    if slo.min_bad_events > 1:
        checks += [silent(slo, burn, minute) for burn in pages for minute in (first, first + 2, second, second + 2)]
    begins = second + 90
    phases = [Phase(idle, Decimal(0)), Phase(1, Decimal(1), Decimal(1)), Phase(420, unit), Phase(1, unit, Decimal(1))]
    phases.append(Phase(90, unit))
    if pages and pages[0].pair.long == "1h":
        needs = max(pages[0].first_minute, ceil(Fraction(slo.min_bad_events) / Fraction(unit)))
        still = pages[0].last_silent_minute if needs == pages[0].first_minute else needs - 1
        phases.append(Phase(needs + 1, unit, unit))
        checks += [silent(slo, pages[0], begins + still), fires(slo, pages[0], begins + needs)]
    yield _case(slo, "(e) (f) idle, one error, and an outage of a quiet service", phases, checks)


def counter_absent(slo: Slo) -> Iterator[Case]:
    """(g): without the document's bad, or good, counter there is no ratio, and after five minutes an alert."""
    rest = traffic(counters(slo), (Phase(12, _rate(slo)),))[1]
    checks = [absent(queries.ratio(slo, "5m"), 10), absent(queries.recorded(slo, "slo:events_total:rate5m"), 10)]
    checks += [missing(slo, 4, fires=False), missing(slo, 6, fires=True)]
    yield Case("(g) one counter is absent", "1m", (rest, _up(slo, "1x12")), tuple(checks))


def restart(slo: Slo) -> Iterator[Case]:
    """(h): counters that begin again at 0 are no errors and no events that are lost."""
    burn = _live(slo)[0]
    share = burn.threshold / 2
    steady = Phase(200, _rate(slo), _rate(slo) * share)
    again = Phase(200, steady.total, steady.bad, restart=True)
    ends = 400
    moments = (("5m", 203), ("1h", 230), ("6h", 250), ("6h", ends))  # the restart lies inside each of these windows
    checks = [near(slo, window, decimal_text(share), minute) for window, minute in moments]
    checks += [silent(slo, burn, minute) for minute in (200, 201, 205, ends)] if slo.budget else []
    yield _case(slo, "(h) counters restart at 0", (steady, again), checks)


def stale(slo: Slo) -> Iterator[Case]:
    """(i): counters that go away although the job is scraped."""
    series = tuple(InputSeries(one.series, f"{one.values} stale") for one in traffic(counters(slo), (Phase(5, _rate(slo)),)))
    checks = (missing(slo, 10, fires=False), missing(slo, 12, fires=True), absent(queries.ratio(slo, "5m"), 15))
    yield Case("(i) counters go away", "1m", (*series, _up(slo, "1x20")), checks)


def unequal(slo: Slo) -> Iterator[Case]:
    """(k): a busy hour with one per cent of errors and a quiet hour without any: the period is weighted by traffic."""
    busy, calm = _rate(slo), _rate(slo) / 100
    phases = (Phase(60, busy, busy / 100), Phase(60, calm))
    period = queries.recorded(slo, "slo:sli_error:ratio_period")
    checks = [true(f"sum({period}) {one}", 120) for one in ("> bool 0.0095", "< bool 0.0102")]
    yield _case(slo, "(k) a busy hour and a quiet one", phases, checks)


def job_cases(slo: Slo) -> tuple[Case, ...]:
    """(i): a job that cannot be scraped, or that Prometheus no longer has, pages; one restart does not."""
    up = f'up{{instance="one",job="{slo.job}"}}'
    name = rules.down_alert(slo.job)
    found = {
        "(i) the job is down": ("1x5 0x10", f'{{alertname="{name}",alertstate="firing",instance="one",job="{slo.job}"', 8),
        "(i) the job is gone": ("1x5 stale", f'{{alertname="{name}",alertstate="firing",job="{slo.job}"', 8),
    }
    made = [
        Case(title, "1m", (InputSeries(up, values),), tuple(_down(name, labels, minute)))
        for title, (values, labels, minute) in found.items()
    ]
    quick = (absent(f'ALERTS{{alertname="{name}",alertstate="firing"}}', minute) for minute in (6, 7, 8))
    return (*made, Case("(i) a restart", "1m", (InputSeries(up, "1x5 0 1x10"),), tuple(quick)))


def prometheus_cases() -> tuple[Case, ...]:
    """The watchdog always fires; rules that cannot be evaluated page, and only then."""
    failures = 'prometheus_rule_evaluation_failures_total{job="prometheus",rule_group="g"}'
    firing = f'ALERTS{{alertname="{rules.RULES_FAILING}",alertstate="firing"}}'
    checks = [absent(firing, 9), true(f"count({firing})", 11), absent(firing, 18)]
    checks.append(true(f'count(ALERTS{{alertname="{rules.WATCHDOG}",alertstate="firing"}})', 0))
    return (Case("rules that fail", "1m", (InputSeries(failures, "0x10 1x10"),), tuple(checks)),)


QUICK: tuple[Callable[[Slo], Iterator[Case]], ...] = (outage, quiet_service, counter_absent, restart, stale, unequal)
SLOW: tuple[Callable[[Slo], Iterator[Case]], ...] = (slow_outage, shares, short_only)


def _case(slo: Slo, name: str, phases: Sequence[Phase], checks: Sequence[Expected]) -> Case:
    whole = sum(phase.minutes for phase in phases)
    return Case(name, "1m", (*traffic(counters(slo), phases), _up(slo, f"1x{whole}")), tuple(checks))


def _down(name: str, labels: str, minute: int) -> Iterator[Expected]:
    firing = f'ALERTS{{alertname="{name}",alertstate="firing"}}'
    yield absent(firing, 6)
    yield true(f"count(ALERTS{labels}}})", minute)


def _live(slo: Slo) -> list[Burn]:
    return [burn for burn in burns(slo) if burn.can_fire]


def _around(slo: Slo, burn: Burn, healthy: int, ends: int) -> list[Expected]:
    """Around an outage after so many healthy minutes: silent, fires, still fires, silent."""
    return [
        silent(slo, burn, healthy + max(burn.last_silent_minute, 0)),
        fires(slo, burn, healthy + burn.first_minute),
        fires(slo, burn, ends),
        silent(slo, burn, ends + minutes(burn.pair.short)),
    ]


def _rate(slo: Slo) -> Decimal:
    """Events a minute, so many that no page waits for its least number of bad events."""
    return Decimal(1000 * max(1, ceil(slo.min_bad_events / _GUARD)))


def _up(slo: Slo, values: str) -> InputSeries:
    return InputSeries(f'up{{instance="one",job="{slo.job}"}}', values)
