"""Tallied metrics: Prometheus reads what its own types would have told it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, enable_created_metrics, generate_latest

from gateway.telemetry.metrics import Metrics
from gateway.telemetry.tally import TalliedHistogram, Tally

BOUNDS = (0.001, 0.5, 2.5)


@pytest.fixture(autouse=True)
def created_metrics():
    """A gateway that was started in this process has switched them off for all of it."""
    enable_created_metrics()


def text(registry):
    """The exposition, but for the moments at which series began."""
    return re.sub(r"(_created\S*) \S+", r"\1 T", generate_latest(registry).decode())


def histogram(registry):
    """A histogram with a label."""
    return Histogram("seconds", "How long.", ("route",), buckets=BOUNDS, registry=registry)


DURATIONS = st.one_of(st.sampled_from((0.0, *BOUNDS)), st.floats(0, 10))


@given(st.lists(st.tuples(st.sampled_from(["/a", "/b", 'qu"ote']), DURATIONS)))
def test_a_tallied_histogram_prints_what_prometheus_own_would(seen):
    """Bounds belong to the bucket below them; series come in the order of their first observation."""
    own, ours = CollectorRegistry(auto_describe=True), CollectorRegistry(auto_describe=True)
    theirs, tallied = histogram(own), TalliedHistogram(histogram(None), BOUNDS)
    ours.register(tallied)
    for route, seconds in seen:
        theirs.labels(route).observe(seconds)
        tallied.of(route).add(seconds)
    assert text(ours) == text(own)


def test_a_series_begins_with_its_first_observation_not_when_somebody_asks():
    """Its `_created` line stays what it was."""
    registry = CollectorRegistry()
    tallied = TalliedHistogram(histogram(None), BOUNDS)
    registry.register(tallied)
    tallied.of("/a")
    before = generate_latest(registry)
    tallied.of("/a").add(1.0)
    created = [line for line in before.splitlines() if b"_created{" in line]
    assert len(created) == 1
    assert created[0] in generate_latest(registry).splitlines()


def test_a_name_can_be_taken_only_once():
    """The registry knows a tallied histogram's names."""
    registry = CollectorRegistry(auto_describe=True)
    registry.register(TalliedHistogram(histogram(None), BOUNDS))
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        histogram(registry)


def test_a_counter_is_told_each_count_once():
    """However often somebody asks."""
    registry = CollectorRegistry()
    tally = Tally(Counter("things", "Things.", registry=registry))
    for expected in (2.0, 4.0):
        tally.count += 2
        tally.flush()
        tally.flush()
        assert registry.get_sample_value("things_total") == expected


def test_requests_decisions_and_durations_are_told_with_their_labels():
    """What was counted is in the text."""
    metrics = Metrics("b", "v")
    metrics.answered("/r", "POST", 200, 0.3)
    metrics.answered("/r", "POST", 200, 0.004)
    metrics.answered("unmatched", "other", 499, 20.0)
    metrics.decided("settle", "ok", replayed=False)
    metrics.decided("settle", "already_settled", replayed=False)
    metrics.decided("settle", "ok", replayed=True)
    metrics.text()
    lines = metrics.text().decode().splitlines()
    for line in (
        'gateway_requests_total{method="POST",route="/r",status="200"} 2.0',
        'gateway_requests_total{method="other",route="unmatched",status="499"} 1.0',
        'gateway_request_seconds_bucket{le="0.005",route="/r"} 1.0',
        'gateway_request_seconds_bucket{le="0.5",route="/r"} 2.0',
        'gateway_request_seconds_bucket{le="10.0",route="unmatched"} 0.0',
        'gateway_request_seconds_bucket{le="+Inf",route="unmatched"} 1.0',
        'gateway_request_seconds_count{route="/r"} 2.0',
        'gateway_request_seconds_sum{route="/r"} 0.304',
        'gateway_settlements_total{outcome="ok"} 1.0',
        'gateway_settlements_total{outcome="already_settled"} 1.0',
        'gateway_denials_total{code="already_settled"} 1.0',
        "gateway_idempotent_replays_total 1.0",
    ):
        assert line in lines
