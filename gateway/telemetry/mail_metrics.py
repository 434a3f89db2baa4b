"""What is counted about mail: its mode, its health, and tries, sent and given-up mails, all of them there from the start."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.mailing import MailCounts, MailMode, MailState


class Mailing(Protocol):
    """What an engine reports about mail."""

    @property
    def mail(self) -> MailState:
        """Whether codes leave by mail."""

    @property
    def mail_counts(self) -> MailCounts:
        """What was mailed since the start."""


class MailCollector(Collector):
    """Reads mode, health and counts at each scrape. No label names an address, a domain or a server."""

    def __init__(self, mode: MailMode, engine: Mailing) -> None:
        self._mode, self._engine = mode, engine

    def collect(self) -> Iterator[Metric]:
        """The metrics, with the values of now."""
        modes = GaugeMetricFamily("gateway_mail_mode", "1 for the way in which codes reach users.", labels=("mode",))
        for mode in MailMode:
            modes.add_metric((mode,), int(mode is self._mode))
        yield modes
        yield GaugeMetricFamily("gateway_mail_healthy", "1 while mail leaves.", value=int(self._engine.mail.healthy))
        counts = self._engine.mail_counts
        yield CounterMetricFamily("gateway_mail_tries", "Tries to send a mail.", value=counts.tries)
        yield CounterMetricFamily("gateway_mails_sent", "Mails that were handed on.", value=counts.sent)
        yield CounterMetricFamily("gateway_mails_failed", "Mails that were given up.", value=counts.failed)
