"""For how long did the rail answer? Counted by a clock that is set by hand."""

import pytest
from gateway_shop import HandClock
from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry.metrics import Metrics
from gateway.telemetry.rail_seconds import LONGEST_S


class Watched:
    """Metrics that watch a circuit; `opened` is its state."""

    def __init__(self):
        self.clock, self.opened = HandClock(), False
        self.metrics = Metrics("build", "1")
        self.metrics.slo_events.watch_rail(lambda: self.opened, self.clock)

    def seconds(self):
        """The good and the bad seconds so far, as a scrape shows them."""
        families = text_string_to_metric_families(self.metrics.text().decode())
        family = next(item for item in families if item.name == "gateway_slo_events")
        found = {
            item.labels["outcome"]: item.value
            for item in family.samples
            if item.name.endswith("_total") and item.labels["slo"] == "rail"
        }
        return found["good"], found["bad"]


@pytest.fixture
def watched():
    return Watched()


def test_seconds_with_a_closed_circuit_are_good_and_those_with_an_open_one_bad(watched):
    """Both begin with 0; parts of seconds are not lost, and none counts twice."""
    assert watched.seconds() == (0, 0)
    for _ in range(4):
        watched.clock.now += 2.5
        watched.seconds()
    assert watched.seconds() == (10, 0)
    watched.opened = True
    watched.clock.now += 15
    assert watched.seconds() == (10, 15)
    assert watched.seconds() == (10, 15)
    watched.opened = False
    watched.clock.now += 1
    assert watched.seconds() == (11, 15)


def test_a_time_in_which_nobody_looked_is_neither_good_nor_bad(watched):
    """A gap is never good: nobody knows how the circuit was meanwhile."""
    watched.clock.now += LONGEST_S + 1
    assert watched.seconds() == (0, 0)
    watched.clock.now += LONGEST_S
    assert watched.seconds() == (LONGEST_S, 0)


def test_a_gateway_without_a_rail_counts_no_seconds():
    """Its counters exist, so that nothing is absent, and stand still."""
    watched = Watched.__new__(Watched)
    watched.metrics = Metrics("build", "1")
    assert watched.seconds() == (0, 0)
