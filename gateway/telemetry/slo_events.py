"""Which answers are good events and which are bad ones, SLO by SLO: what the alerts read (`gates/slo/documents`).

Each counter starts at 0: a series that is born with its first error has no increase for it.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter

from gateway.telemetry.rail_seconds import RailSeconds
from gateway.telemetry.tally import Tally

GOOD, BAD = "good", "bad"
AVAILABILITY, SETTLE_LATENCY, DECISION_LATENCY = "availability", "settle_latency", "decision_latency"
FIRST_PAID_CALL, ONBOARDING, RAIL = "first_paid_call", "onboarding", "rail"
SLOS = (AVAILABILITY, SETTLE_LATENCY, DECISION_LATENCY, FIRST_PAID_CALL, ONBOARDING, RAIL)
"""The SLOs whose events happen here; receipts are verified by callers. Setups, which have two of them, are not built yet."""

UNANSWERED_S = 5.0
"""Seconds that a caller waits for the answer to a complete request, beyond what it offered to wait, until there is none."""

_NOT_COUNTED = frozenset({429, 499})
"""Over the tenant's rate, and a caller who left before its request was complete."""


class SloRoutes(NamedTuple):
    """What SLOs are about: the templates of the `routes`, and of some the SLO of their latency with its limit in seconds."""

    routes: Collection[str] = ()
    limits_s: Mapping[str, tuple[str, float]] = {}


NO_ROUTES = SloRoutes()


class Latency(NamedTuple):
    """An answer within `limit_s` is one more of `good`, a later one of `bad`."""

    limit_s: float
    good: Tally
    bad: Tally


class Judged(NamedTuple):
    """What one kind of answer counts for; None for what it does not count for."""

    availability: Tally | None
    latency: Latency | None


NOTHING = Judged(None, None)


class SloEvents:
    """`gateway_slo_events_total{slo, outcome}`."""

    def __init__(self, registry: CollectorRegistry, watched: SloRoutes) -> None:
        self._watched = watched
        self._look: Callable[[], None] = lambda: None
        counter = Counter("gateway_slo_events_total", "Good and bad events by SLO.", ("slo", "outcome"), registry=registry)
        self._tallies = {(slo, outcome): Tally(counter.labels(slo, outcome)) for slo in SLOS for outcome in (GOOD, BAD)}

    def judged(self, route: str, status: int) -> Judged:
        """What answers of a route with this status count for. Failures of ours are bad; a refusal is a good answer."""
        if route not in self._watched.routes or status in _NOT_COUNTED:
            return NOTHING
        outcome = BAD if status >= 500 else GOOD
        return Judged(self._tallies[AVAILABILITY, outcome], self._latency(route) if status < 400 else None)

    def unanswered(self, route: str) -> None:
        """Count a complete request whose caller still waits, beyond any use: it is unavailable and too late."""
        self._tallies[AVAILABILITY, BAD].count += 1
        latency = self._latency(route)
        if latency is not None:
            latency.bad.count += 1

    def watch_rail(self, is_open: Callable[[], bool], monotonic: Callable[[], float]) -> None:
        """Count the seconds in which the circuit to the rail is open, and those in which it is closed."""
        good, bad = (self._tallies[RAIL, outcome] for outcome in (GOOD, BAD))
        self._look = RailSeconds(is_open, monotonic, good, bad).look

    def flush(self) -> None:
        """Pass the counts on to Prometheus' types."""
        self._look()
        for tally in self._tallies.values():
            tally.flush()

    def _latency(self, route: str) -> Latency | None:
        if route not in self._watched.limits_s:
            return None
        slo, limit_s = self._watched.limits_s[route]
        return Latency(limit_s, self._tallies[slo, GOOD], self._tallies[slo, BAD])
