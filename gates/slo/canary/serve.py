"""The canary's counters, which Prometheus scrapes on loopback; each is there from the start, with 0."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, start_http_server

from gates.schema.errors import UsageProblem
from gates.slo.canary.round import Round, Step

LOOPBACK = "127.0.0.1"
CANARY, RECEIPTS = "canary", "receipt_verification"
GOOD, BAD = "good", "bad"


class Counts:
    """What the rounds came to."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        labels = ("slo", "outcome")
        self._events = Counter("gateway_slo_events_total", "Good and bad events by SLO.", labels, registry=self.registry)
        failures = "Rounds that failed, by their first step that did."
        self._failures = Counter("gateway_canary_failures_total", failures, ("step",), registry=self.registry)
        refused = "Rounds that were refused by rate or by a pause: neither good nor bad."
        self._not_counted = Counter("gateway_canary_not_counted_total", refused, registry=self.registry)
        for slo in (CANARY, RECEIPTS):
            for outcome in (GOOD, BAD):
                self._events.labels(slo, outcome)
        for step in Step:
            self._failures.labels(step.value)

    def add(self, one: Round) -> None:
        """Count a round."""
        if one.receipts is not None:
            self._events.labels(RECEIPTS, GOOD if one.receipts else BAD).inc()
        if not one.counted:
            self._not_counted.inc()
            return
        self._events.labels(CANARY, GOOD if one.failed is None else BAD).inc()
        if one.failed is not None:
            self._failures.labels(one.failed.value).inc()


@contextmanager
def exposed(counts: Counts, port: int) -> Iterator[str]:
    """The URL at which Prometheus reads the counters, until the block ends; raises UsageProblem for a port that is taken."""
    try:
        server, thread = start_http_server(port, LOOPBACK, counts.registry)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        why = "is in use" if error.errno == errno.EADDRINUSE else "may not be used"
        hint = "end that program, or choose another port with --port; 0 takes a free one"
        raise UsageProblem(f"port {port} of {LOOPBACK} {why}", next_step=hint) from None
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
