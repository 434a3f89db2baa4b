"""What the gateway counts about itself, in a registry of its own: two gateways in one process do not share numbers."""

import math
from collections.abc import Callable, Iterable, Sized
from functools import partial
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from gateway.errors import Code
from gateway.mailing import MailMode
from gateway.telemetry.mail_metrics import MailCollector, Mailing
from gateway.telemetry.slo_events import NO_ROUTES, NOTHING, Judged, SloEvents, SloRoutes
from gateway.telemetry.tally import Durations, TalliedHistogram, Tally

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1.0)  # 15 ms: longer is the disk's own stall
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0)  # 250 and 300 ms are objectives


class Watched(Mailing, Protocol):
    """What an engine reports for metrics. Facts are of the whole service."""

    @property
    def answers_purged(self) -> int:
        """Stored answers let go since the start."""

    def service_facts(self) -> dict[str, int]:
        """Members active, retired, revoked, paused; empty where the database cannot be read."""


class Metrics:
    """The gateway's metrics."""

    def __init__(
        self, build: str, version: str, answers: Iterable[tuple[str, str, int]] = (), watched: SloRoutes = NO_ROUTES
    ) -> None:
        """`answers` are route, method and status of each series of requests; they start at 0, as do all outcomes and codes.

        `watched` are the routes that SLOs are about.
        """
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)  # its start time shows whether another process answers than before
        self._requests_open: Sized = ()
        self._before_text: Callable[[], None] = lambda: None
        self.slo_events = SloEvents(self.registry, watched)
        requests = ("route", "method", "status")
        self._requests = Counter("gateway_requests_total", "Answered requests.", requests, registry=self.registry)
        self._seconds = TalliedHistogram(
            Histogram("gateway_request_seconds", "Time from request to answer.", ("route",), buckets=_BUCKETS, registry=None),
            _BUCKETS,
        )
        self.registry.register(self._seconds)
        self._commit_seconds = Histogram(
            "gateway_commit_seconds", "Time of a durable commit.", buckets=_COMMIT_BUCKETS, registry=self.registry
        )
        self._batch = Histogram(
            "gateway_commit_requests", "Requests that one commit made durable.", buckets=_BATCH_BUCKETS, registry=self.registry
        )
        self._settlements = Counter("gateway_settlements_total", "Settles by outcome.", ("outcome",), registry=self.registry)
        self._replays = Counter("gateway_idempotent_replays_total", "Answers repeated from a key.", registry=self.registry)
        self._denials = Counter(
            "gateway_denials_total", "Mutations that were decided with a refusal.", ("code",), registry=self.registry
        )
        gauge = Gauge("gateway_in_flight", "Requests being worked on.", registry=self.registry)
        gauge.set_function(lambda: self.in_flight)
        info = Gauge("gateway_build_info", "Always 1; the labels say what runs.", ("build", "version"), registry=self.registry)
        info.labels(build, version).set(1)
        self._limited = Counter("gateway_rate_limited_total", "Requests over their tenant's rate.", registry=self.registry)
        self._by_answer: dict[tuple[str, str, int], tuple[Tally, Durations, Judged]] = {}
        self._by_outcome = {outcome: Tally(self._settlements.labels(outcome)) for outcome in ("ok", *Code)}
        self._replayed = Tally(self._replays)
        for code in Code:
            self._denials.labels(code)
        for answer in answers:
            self._counted(*answer)

    @property
    def in_flight(self) -> int:
        """Requests that are not answered yet."""
        return len(self._requests_open)

    def watch_requests(self, requests: Sized, count_unanswered: Callable[[], None]) -> None:
        """Show how many `requests` there are; before each scrape `count_unanswered` counts those that get no answer."""
        self._requests_open, self._before_text = requests, count_unanswered

    def answered(self, route: str, method: str, status: int, seconds: float, waited_s: float | None = None) -> None:
        """Count one request; `waited_s` is how long its caller waited once all of it was there, None where no SLO counts it."""
        tally, durations, judged = self._by_answer.get((route, method, status)) or self._counted(route, method, status)
        tally.count += 1
        durations.add(seconds)
        if waited_s is None or judged is NOTHING:
            return
        availability, latency = judged
        if availability is not None:
            availability.count += 1
        if latency is not None:
            (latency.bad if waited_s > latency.limit_s else latency.good).count += 1

    def _counted(self, route: str, method: str, status: int) -> tuple[Tally, Durations, Judged]:
        tally = Tally(self._requests.labels(route, method, str(status)))
        counted = tally, self._seconds.of(route), self.slo_events.judged(route, status)
        self._by_answer[route, method, status] = counted
        return counted

    def committed(self, seconds: float, requests: int) -> None:
        """Count one durable commit and what it held."""
        self._commit_seconds.observe(seconds)
        self._batch.observe(requests)

    def decided(self, kind: str, outcome: str, replayed: bool) -> None:
        """Count one decision of the engine; its listener."""
        if replayed:
            self._replayed.count += 1
            return
        if kind == "settle":
            self._by_outcome[outcome].count += 1
        if outcome != "ok":
            self._denials.labels(outcome).inc()

    def limited(self) -> None:
        """Count one request that was refused for its tenant's rate."""
        self._limited.inc()

    def watch(self, engine: Watched, mail: MailMode = MailMode.NONE) -> None:
        """Show what the engine knows, read at each scrape; `mail` is how codes reach users."""
        self.registry.register(MailCollector(mail, engine))
        purged = Gauge(
            "gateway_answers_purged", "Stored answers deleted since the start, since their time was over.", registry=self.registry
        )
        purged.set_function(lambda: engine.answers_purged)
        paused = Gauge("gateway_service_paused", "1 while reserves of all tenants are paused.", registry=self.registry)
        paused.set_function(partial(_fact, engine, "paused"))
        keys = Gauge("gateway_receipt_keys", "Receipt keys by status.", ("status",), registry=self.registry)
        for status in ("active", "retired", "revoked"):
            keys.labels(status).set_function(partial(_fact, engine, status))

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        self._before_text()
        for tally in (*(tally for tally, *_ in self._by_answer.values()), *self._by_outcome.values(), self._replayed):
            tally.flush()
        self.slo_events.flush()
        return generate_latest(self.registry)


def _fact(engine: Watched, name: str) -> float:
    """One fact, or NaN: a database that cannot be read must not hide every other metric, and 0 would be a lie."""
    return engine.service_facts().get(name, math.nan)
