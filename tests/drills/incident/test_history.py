"""Healthy hours are put into a database before its Prometheus starts, at the rate of the load that runs."""

import pytest
from monitored import metrics_service, write_rules
from rosters import write_roster

from drills.incident import history
from drills.incident.config import Scrape
from drills.incident.history import Rate, put_history, rates_of
from drills.incident.monitoring import Monitoring, Watched
from gates.schema.errors import UnknownProblem
from gates.schema.time import system_clock

GOOD, BAD = (("outcome", "good"),), (("outcome", "bad"),)
EVENTS = "shop_events_total"


@pytest.mark.process
def test_the_rate_of_each_series_is_measured_and_a_service_without_load_has_none(monkeypatch):
    """A counter that does not grow gives no history; metrics that cannot be read are named."""
    monkeypatch.setattr(history, "MEASURED_S", 0.2)
    with metrics_service() as shop:
        shop.values = {f'{EVENTS}{{outcome="good"}}': 5.0, f'{EVENTS}{{outcome="bad"}}': 1.0}
        scrape = Scrape(shop.url, "/metrics", "shop")

        def serve(_seconds):
            shop.values[f'{EVENTS}{{outcome="good"}}'] += 3.0

        rates = {rate.labels: rate.per_s for rate in rates_of(scrape, EVENTS, serve)}
        assert set(rates) == {GOOD, BAD}
        assert rates[GOOD] > 0
        assert rates[BAD] == 0
        with pytest.raises(UnknownProblem, match="no series of shop_events_total grows"):
            rates_of(scrape, EVENTS, lambda _seconds: None)
        shop.down = True
        with pytest.raises(UnknownProblem, match="does not show the service's metrics"):
            rates_of(scrape, EVENTS, serve)


@pytest.mark.process
def test_a_window_of_an_hour_holds_the_hours_that_were_put_there(prometheus, promtool, alertmanager, tmp_path, environ):
    """Prometheus reports the rate of hours that it has not lived through."""
    with metrics_service() as shop:
        scrape = Scrape(shop.url, "/metrics", "shop")
        roster, rules = write_roster(tmp_path / "roster.yaml"), write_rules(tmp_path / "rules")
        watched = Monitoring(tmp_path / "watch", Watched(scrape, rules, roster), environ, lambda *_: None)
        now = system_clock().timestamp()
        put_history(watched.database, scrape, EVENTS, (Rate(GOOD, 4.0), Rate(BAD, 0.0)), (now - 6 * 3600, now))
        try:
            watched.start()
            hour = watched.prometheus.value(f'sum(increase({EVENTS}{{job="shop"}}[1h]))')
            day = watched.prometheus.value(f'sum(increase({EVENTS}{{job="shop"}}[6h]))')
        finally:
            watched.stop()
    assert hour == pytest.approx(4 * 3600, rel=0.02)
    assert day == pytest.approx(4 * 6 * 3600, rel=0.02)
