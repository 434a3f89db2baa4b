"""A real Prometheus and Alertmanager in a folder of their own: a page reaches whoever is on duty, and nothing is left behind."""

import datetime as dt
import socket
import stat

import pytest
from monitored import ERRORS, metrics_service, write_rules
from rosters import write_roster
from waiting import eventually

from drills.child import group_members
from drills.incident import programs
from drills.incident.config import Scrape
from drills.incident.monitoring import DATA, Monitoring, Watched
from drills.incident.pages import WATCHDOG_PATH, pages
from gates.schema.errors import UnknownProblem
from gates.schema.ports import free_port
from gates.schema.time import system_clock


def _halves():
    """Ben is on duty for the twelve hours around now, and Cleo for the others."""
    now = system_clock()
    begin, end = (f"{now + dt.timedelta(hours=hours):%H:%M}" for hours in (-6, 6))
    return [{"from": begin, "until": end, "chain": ["ben"]}, {"from": end, "until": begin, "chain": ["cleo"]}]


@pytest.fixture
def shop():
    """A service with metrics."""
    with metrics_service() as metrics:
        yield metrics


@pytest.fixture
def monitoring(shop, tmp_path, environ):
    """A monitoring of it that has not started; ended whatever the test does. `started` holds its processes."""
    made = []

    def make(*rules, **options):
        roster = write_roster(tmp_path / "roster.yaml", zone="UTC", duties={"operator": _halves()})
        watched = Watched(Scrape(shop.url, "/metrics", "shop"), write_rules(tmp_path / "rules", *rules), roster)
        found = Monitoring(tmp_path / "watch", watched, environ, lambda _, identity: started.append(identity), **options)
        found.started = started = []
        made.append(found)
        return found

    yield make
    for item in made:
        item.stop()


def _nothing_is_left(monitoring):
    alive = [identity for identity in monitoring.started if identity.alive() or group_members(identity.pid)]
    return not alive and not (monitoring.folder / DATA).exists()


@pytest.mark.process
def test_a_page_reaches_the_person_on_duty_alone_and_then_its_end(prometheus, alertmanager, shop, monitoring):
    """The watchdog arrives at its own address; the page at that of the person whose shift it is; later that it is resolved."""
    found = monitoring(ERRORS)
    found.start()
    assert eventually(lambda: any(item.path == WATCHDOG_PATH for item in found.pages.poll()))
    assert eventually(lambda: (found.prometheus.value('count_over_time(up{job="shop"}[1m])') or 0) >= 2)
    assert pages(found.pages.poll()) == []
    assert {alert.name: alert.health for alert in found.prometheus.alerts()} == {"ShopErrors": "ok", "Watchdog": "ok"}
    shop.values["shop_errors"] = 3.0
    assert eventually(lambda: bool(pages(found.pages.poll())))
    (page,) = pages(found.pages.poll())
    assert page.person == "ben"
    assert page.firing()[0].labels["slo"] == "availability"
    assert page.firing()[0].annotations == {"runbook_url": "runbooks/rollback.md"}
    shop.values["shop_errors"] = 0.0
    assert eventually(lambda: pages(found.pages.poll())[-1].payload.status == "resolved")
    assert {item.person for item in pages(found.pages.poll())} == {"ben"}
    (series,) = found.prometheus.samples('shop_errors{job="shop"}', "5m")
    assert [sample.value for sample in series.samples][-1] == 0.0
    assert 3.0 in [sample.value for sample in series.samples]
    with pytest.raises(UnknownProblem, match=r"Prometheus at http://127.0.0.1:[0-9]+ refuses query"):
        found.prometheus.value("up{")
    assert found.prometheus.value("absent_of_nothing") is None
    found.stop()
    assert _nothing_is_left(found)
    assert (found.folder / "pages.jsonl").exists()


@pytest.mark.process
def test_rules_that_prometheus_refuses_are_named_and_nothing_is_left(prometheus, alertmanager, monitoring):
    """Its own words, and where its log is."""
    found = monitoring({"alert": "Broken", "expr": "rate(shop_errors"})
    with pytest.raises(UnknownProblem, match=r"prometheus ended before it was ready[\s\S]*Broken") as refused:
        found.start()
    assert refused.value.next_step == f"see {found.folder / 'logs' / 'prometheus.err'}"
    assert _nothing_is_left(found)


@pytest.mark.process
def test_a_port_that_somebody_took_is_passed_over(prometheus, alertmanager, monitoring):
    """Between the search for a free port and the start of the program another one may take it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        drawn = iter([port, free_port(), free_port()])
        found = monitoring(ports=lambda: next(drawn))
        found.start()
        found.stop()
        assert _nothing_is_left(found)


@pytest.mark.nightly
@pytest.mark.process
def test_a_third_port_that_somebody_took_is_named(prometheus, alertmanager, monitoring):
    """It does not go on for ever."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = monitoring(ports=lambda: taken.getsockname()[1])
        with pytest.raises(UnknownProblem, match=r"alertmanager ended before it was ready[\s\S]*address already in use"):
            found.start()
        assert _nothing_is_left(found)


@pytest.mark.process
def test_a_prometheus_that_never_gets_ready_is_ended_with_the_rest(alertmanager, monitoring, tmp_path, monkeypatch):
    """Another program of its name, which runs and answers nothing."""
    program = tmp_path / "bin" / "prometheus"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'loading the block of a year' >&2\nexec sleep 600\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(programs, "PROMETHEUS", (str(program),))
    found = monitoring()
    with pytest.raises(UnknownProblem, match=r"prometheus was not ready within 10 s[\s\S]*loading the block of a year"):
        found.start(10.0)
    assert len(found.started) == 3
    assert _nothing_is_left(found)


def test_missing_programs_are_named_with_the_command_that_installs_them(monitoring, monkeypatch):
    """Before anything is started or written."""
    monkeypatch.setenv("PATH", "/nonexistent")
    found = monitoring()
    with pytest.raises(UnknownProblem, match="prometheus and prometheus-alertmanager are not installed") as refused:
        found.start()
    assert refused.value.next_step == "apt-get install prometheus prometheus-alertmanager"
    assert not found.folder.exists()
