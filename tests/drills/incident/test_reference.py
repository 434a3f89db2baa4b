"""The alerts of the reference gateway: each fault pages as it must, and an idle gateway pages nobody."""

import os
import sys

import pytest
from late_machine import rehearse
from waiting import eventually

from drills.incident.actions import SHIPPED_ROSTER
from drills.incident.config import Scrape
from drills.incident.monitoring import Monitoring, Watched
from drills.incident.pages import WATCHDOG_PATH, pages
from drills.incident.rules import write_rules
from drills.leftovers import carriers
from drills.process import Service
from drills.record import read_plan
from gates.schema.practice import seed_two_tenants
from gates.schema.target import load_target
from gates.schema.time import monotonic_s

COUNTS = ("pages_missing", "pages_off_time", "pages_unexpected", "pages_to_others", "pages_unresolved", "pages_without_runbook")
IDLE_S = 300


MINUTES = {"incident": 8, "incident-freeze": 8, "incident-kill": 3, "incident-latency": 2, "incident-rail": 4}


@pytest.mark.process
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.nightly(minutes=MINUTES[name])) for name in MINUTES])
def test_each_fault_of_the_gateway_pages_as_it_must(prometheus, alertmanager, promtool, tmp_path, name):
    """The shipped rehearsals are green: the right page, in its time, at the right people, and no other."""
    environ = {**os.environ, "GONOGO_HOME": str(tmp_path / "home")}
    code, report, out, shown = rehearse([sys.executable, "-m", "drills", "run", name], tmp_path, environ)
    assert code == 0, shown
    assert {measure: report.measures[measure].value for measure in COUNTS} == dict.fromkeys(COUNTS, "0")
    assert report.measures["pages_unexpected"].made_of["control_scrapes"] >= 50
    assert carriers(read_plan(out).run_id) == []
    assert not list(out.glob("watch-*/data"))


@pytest.mark.nightly(minutes=6)
@pytest.mark.process
def test_an_idle_gateway_pages_nobody_for_five_minutes(prometheus, alertmanager, tmp_path, environ):
    """No traffic is neither good nor bad: with the generated rules only the watchdog arrives."""
    target = load_target("local").target
    db = tmp_path / "service.db"
    environ |= seed_two_tenants(target.process, db, environ)
    write_rules("reference", "", (), tmp_path / "rules", environ)
    with Service(target, db=db, logs=tmp_path / "logs", environ=environ) as service:
        watched = Watched(Scrape(service.url, "/metrics", "gateway"), tmp_path / "rules", SHIPPED_ROSTER)
        monitoring = Monitoring(tmp_path / "watch", watched, environ, lambda *_: None)
        monitoring.start()
        try:
            begun = monotonic_s()
            assert eventually(lambda: monotonic_s() - begun > IDLE_S or bool(pages(monitoring.pages.poll())), IDLE_S + 60)
            found = monitoring.pages.poll()
            assert (monitoring.prometheus.value('sum_over_time(up{job="gateway"}[5m])') or 0) >= IDLE_S * 0.9
            assert all(alert.health == "ok" for alert in monitoring.prometheus.alerts())
        finally:
            monitoring.stop()
    assert pages(found) == []
    assert {item.path for item in found} == {WATCHDOG_PATH}
