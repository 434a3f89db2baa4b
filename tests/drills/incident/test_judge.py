"""A rehearsal is judged by what arrived and what was scraped: each fault of the alerting is one count and one line."""

import msgspec
import pytest

from drills.incident.asking import LoadedAlert, Sample, Series
from drills.incident.deviations import deviations
from drills.incident.exact import Burn, Down, Pair, moments
from drills.incident.judge import Expected, Instants, Watch, judge
from drills.incident.measures import Case, incident_measures
from drills.incident.pages import Alert, Payload, Received
from drills.incident.steps import AwaitPage
from gates.schema.outcome import UnknownReason
from gates.schema.time import format_utc, parse_utc

BEGAN = parse_utc("2026-11-25T11:00:00Z").timestamp()
LABELS = {"alertname": "GatewayDown", "severity": "page", "job": "gateway"}
EXPECTED = Expected({"alertname": "GatewayDown"}, (({"job": "gateway"}, Down("up", "10s")),), 15.0)
INSTANTS = Instants(injected=BEGAN + 60, mitigated=BEGAN + 100, acknowledged=BEGAN + 75)
CALLED = ("ada", "ben")


def _line(offset_s, person, labels=LABELS, status="firing", runbook="runbooks/rollback.md"):
    at = parse_utc("2026-11-25T11:00:00Z").fromtimestamp(BEGAN + offset_s, tz=parse_utc("2026-11-25T11:00:00Z").tzinfo)
    annotations = {"runbook_url": runbook} if runbook else {}
    alert = Alert(status, labels, annotations, format_utc(at), "")
    path = "/watchdog" if person is None else f"/page/{person}"
    return Received(0, format_utc(at), 0, path, Payload("4", status, person or "Watchdog", (alert,)))


GOOD = (
    _line(5, None, {"alertname": "Watchdog", "severity": "watchdog"}),
    _line(72, "ada"),
    _line(72, "ben"),
    _line(80, "owner", {"alertname": "ErrorBudgetBurn", "severity": "ticket"}),
    _line(110, "ada", status="resolved"),
    _line(110, "ben", status="resolved"),
)
UP = Series({"job": "gateway"}, tuple(Sample(BEGAN + second, 0.0 if 61 <= second < 100 else 1.0) for second in range(120)))


def _judged(received=GOOD, **changes):
    alerts = (LoadedAlert("GatewayDown", {"severity": "page"}, "ok"), LoadedAlert("SLODataMissing", {"severity": "page"}, "ok"))
    watch = Watch("route", tuple(received), ((UP,),), alerts, 55)
    judged = judge(EXPECTED, INSTANTS, msgspec.structs.replace(watch, **changes))
    return Case(EXPECTED, CALLED, INSTANTS, (judged,))


def _values(case):
    return {name: measure.value for name, measure in incident_measures(case, UnknownReason.NOT_RUN).items()}


CLEAN = {
    "pages_missing": "0",
    "pages_off_time": "0",
    "pages_unexpected": "0",
    "pages_to_others": "0",
    "pages_unresolved": "0",
    "pages_without_runbook": "0",
    "first_bad_s": "1.000",
    "page_s": "12.000",
    "acknowledge_s": None,
    "resolve_s": "10.000",
}


def test_the_right_page_in_time_at_the_right_people_and_no_other_is_clean():
    """A ticket and the watchdog are no pages; each measure says how much could have been wrong."""
    case = _judged()
    assert list(deviations(case)) == []
    assert _values(case) == CLEAN
    measures = incident_measures(case, UnknownReason.NOT_RUN)
    assert {name: measures[name].samples for name in CLEAN if name.startswith("pages")} == {
        "pages_missing": 1,
        "pages_off_time": 1,
        "pages_unexpected": 2,
        "pages_to_others": 2,
        "pages_unresolved": 1,
        "pages_without_runbook": 1,
    }
    assert measures["pages_unexpected"].made_of == {"control_scrapes": 55}
    assert measures["pages_missing"].detail == "from the exact moment: route +1.0 s"


def test_an_acknowledgement_of_the_drill_itself_is_no_time_of_a_person():
    """It is dry_run; that of a person is measured from the first page."""
    case = _judged()
    assert incident_measures(case, UnknownReason.NOT_RUN)["acknowledge_s"].unknown == "dry_run"
    people = msgspec.structs.replace(case, people=True)
    assert incident_measures(people, UnknownReason.NOT_RUN)["acknowledge_s"].value == "3.000"


OTHER = {"alertname": "SLODataMissing", "severity": "page"}
WRONG = {
    "missing": (
        [GOOD[0]],
        {"pages_missing": "1"},
        "route: no page for alertname=GatewayDown arrived; by the samples it was due 10.0 s",
    ),
    "late": (
        [_line(87, "ada"), _line(87, "ben"), *GOOD[4:]],
        {"pages_off_time": "1", "page_s": "27.000"},
        "route: the page for alertname=GatewayDown arrived 16.0 s after its exact moment",
    ),
    "too early": (
        [_line(65, "ada"), _line(65, "ben"), *GOOD[4:]],
        {"pages_off_time": "1", "page_s": "5.000"},
        "route: the page for alertname=GatewayDown arrived 6.0 s before its exact moment",
    ),
    "before the fault": ([_line(30, "ben"), *GOOD], {"pages_unexpected": "1"}, "route: GatewayDown paged before the fault"),
    "another page": (
        [*GOOD, _line(90, "ben", OTHER)],
        {"pages_unexpected": "1"},
        "route: SLODataMissing paged, which is not the page of this fault",
    ),
    "somebody missing": (
        [item for item in GOOD if item.person != "ben"],
        {"pages_to_others": "1"},
        "route: the page called ada, not ada, ben",
    ),
    "somebody else": (
        [*GOOD, _line(73, "cleo")],
        {"pages_to_others": "1"},
        "route: the page called ada, ben, cleo, not ada, ben",
    ),
    "never resolved": (
        GOOD[:4],
        {"pages_unresolved": "1", "resolve_s": None},
        "route: no notification arrived that the alert is resolved",
    ),
    "no runbook": (
        [_line(72, "ada", runbook=""), _line(72, "ben", runbook=""), *GOOD[4:]],
        {"pages_without_runbook": "1"},
        "route: the page names no runbook",
    ),
    "another job first": (
        [_line(72, name, LABELS | {"job": "shop"}) for name in CALLED] + [*GOOD[4:]],
        {"pages_off_time": "1"},
        "route: GatewayDown fired first, not job=gateway",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_fault_of_the_alerting_is_one_count_and_one_line(name):
    """And no other count changes."""
    received, changed, line = WRONG[name]
    case = _judged(received)
    gone = {} if name != "missing" else dict.fromkeys(set(CLEAN) - {"pages_missing", "pages_unexpected", "first_bad_s"})
    assert _values(case) == {**CLEAN, **gone, **changed}
    (found,) = deviations(case)
    assert found.startswith(line)


def test_a_page_that_was_not_due_by_the_samples_is_off_time():
    """The service was never seen down."""
    up = Series({}, tuple(Sample(BEGAN + second, 1.0) for second in range(120)))
    case = _judged(series=((up,),))
    assert _values(case)["pages_off_time"] == "1"
    assert list(deviations(case)) == ["route: the page for alertname=GatewayDown arrived although by the samples none was due"]


BURN = {"alertname": "ErrorBudgetBurn", "severity": "page", "slo": "availability"}
HOUR, HOURS = BURN | {"long": "1h"}, BURN | {"long": "6h"}
BUDGET = Burn("bad", "total", "14.4", "0.0005", "1h", "5m")
PAIRS = AwaitPage({"slo": "availability"}, BUDGET, {"long": "1h"}, (Pair({"long": "6h"}, "6", "6h", "30m"),))


def _burning(first, history_s, bad_per_s):
    """Judge a page whose alert `first` fires 3 s after it is due; without history both windows hold the same."""
    begin, per_s = -history_s, 20.0
    seconds = range(begin, 120)
    total = Series({}, tuple(Sample(BEGAN + at, per_s * (at - begin)) for at in seconds))
    bad = Series({}, tuple(Sample(BEGAN + at, bad_per_s * max(at - 60, 0)) for at in seconds))
    expected = Expected(PAIRS.alert, PAIRS.rivals, 15.0)
    due = min(at for _, one in PAIRS.rivals if (at := moments(one, ((bad,), (total,)), INSTANTS.injected).exact) is not None)
    lines = [_line(due - BEGAN + 3, name, first) for name in CALLED]
    ends = [_line(115, name, HOUR, "resolved") for name in CALLED]
    watch = Watch("route", (*lines, *ends), ((bad,), (total,)), (LoadedAlert("ErrorBudgetBurn", first, "ok"),), 55)
    return Case(expected, CALLED, INSTANTS, (judge(expected, INSTANTS, watch),))


@pytest.mark.parametrize(
    ("first", "history_s", "bad_per_s", "line"),
    [
        (HOURS, 0, 1.0, None),
        (HOUR, 0, 20.0, None),
        (HOURS, 0, 20.0, None),
        (HOUR, 6 * 3600, 20.0, None),
        (HOUR, 0, 1.0, "route: ErrorBudgetBurn slo=availability long=1h fired first, not long=6h"),
        (HOURS, 6 * 3600, 20.0, "route: ErrorBudgetBurn slo=availability long=6h fired first, not long=1h"),
    ],
    ids=["slow without history", "fast, both due", "fast, both due, the other", "with history", "slow, wrong", "history, wrong"],
)
def test_which_pair_of_windows_fires_first_follows_from_the_samples(first, history_s, bad_per_s, line):
    """On a loaded machine the pair of the lower threshold may be due seconds before the other, where there is no history."""
    assert list(deviations(_burning(first, history_s, bad_per_s))) == ([] if line is None else [line])


def test_nothing_that_could_have_paged_is_unknown_and_not_silence():
    """No alert was evaluated, or the control run scraped nothing: that no other page arrived shows nothing."""
    for changes in ({"alerts": ()}, {"control_scrapes": 0}, {"alerts": (LoadedAlert("X", {"severity": "page"}, "err"),)}):
        measure = incident_measures(_judged(**changes), UnknownReason.NOT_RUN)["pages_unexpected"]
        assert (measure.value, measure.unknown) == (None, "too_few_samples")


def test_a_rehearsal_that_was_not_run_measures_nothing():
    """Every measure is unknown for its reason."""
    measures = incident_measures(None, UnknownReason.NOT_RUN)
    assert set(measures) == set(CLEAN)
    assert {measure.unknown for measure in measures.values()} == {"not_run"}
