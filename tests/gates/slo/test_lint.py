"""The linter: what it finds in rules and documents, each kind seen once, and what is right is left alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from gateway_shop import Shop as Gateway
from loopback import serving

from gates.slo.lint.finding import REASONS

METRICS = """
# TYPE orders counter
orders_total{outcome="good",region="eu"} 7
orders_total{outcome="bad",region="eu"} 0
# TYPE queue gauge
queue 3
"""
ANNOTATIONS = {"runbook_url": "x.md", "owner": "shop"}
RATE = 'sum(rate(orders_total{outcome="bad"}[5m]))'

# what is wrong -> (the rule, the lint rules that find it)
RULES = {
    "nothing": ({"alert": "A", "expr": f"{RATE} > 1"}, []),
    "no PromQL": ({"alert": "A", "expr": "sum(rate("}, ["not-promql"]),
    "a metric that is not there": ({"alert": "A", "expr": "sum(rate(order_total[5m])) > 1"}, ["unknown-series"]),
    "a label that is not there": ({"alert": "A", "expr": 'sum(rate(orders_total{result="bad"}[5m])) > 1'}, ["unknown-series"]),
    "a value that never was": (
        {"alert": "A", "expr": 'sum(rate(orders_total{outcome="lost"}[5m])) > 1'},
        ["unknown-series"],
    ),
    "labels of the scrape": ({"alert": "A", "expr": 'sum(rate(orders_total{job="any",instance="one"}[5m])) > 1'}, []),
    "metrics of Prometheus": ({"alert": "A", "expr": "up == 0 or prometheus_build_info > 2"}, []),
    "no comparison": ({"alert": "A", "expr": RATE}, ["no-comparison"]),
    "a comparison that filters nothing": ({"alert": "A", "expr": f"{RATE} > bool 1"}, ["no-comparison"]),
    "a side of `or` without one": ({"alert": "A", "expr": f"{RATE} > 1 or {RATE}"}, ["no-comparison"]),
    "a side of `and` without one": ({"alert": "A", "expr": f"{RATE} and {RATE} > 1"}, []),
    "a watchdog": ({"alert": "A", "expr": "vector(1)", "labels": {"severity": "watchdog"}}, []),
    "a rate over too little": ({"alert": "A", "expr": "sum(rate(orders_total[59s])) > 1"}, ["short-rate"]),
    "a rate over just enough": ({"alert": "A", "expr": "sum(rate(orders_total[1m])) > 1"}, []),
    "a rate of a gauge": ({"alert": "A", "expr": "increase(queue[5m]) > 1"}, ["rate-of-gauge"]),
    "a rate of a sum": ({"alert": "A", "expr": "rate(sum(orders_total)[5m:1m]) > 1"}, ["sum-then-rate"]),
    "a rate of a rate's sum": ({"alert": "A", "expr": f"max_over_time({RATE}[5m:1m]) > 1"}, []),
    "other labels on the sides": (
        {"alert": "A", "expr": f"sum by (region) (rate(orders_total[5m])) > 1 and {RATE} > 1"},
        ["never-matches"],
    ),
    "the same by on()": ({"alert": "A", "expr": f"sum by (region) (rate(orders_total[5m])) > 1 and on() {RATE} > 1"}, []),
    "on a label of one side": (
        {"alert": "A", "expr": f"sum by (region) (rate(orders_total[5m])) > 1 and on(region) {RATE} > 1"},
        ["never-matches"],
    ),
    "division of other labels": (
        {"alert": "A", "expr": f"{RATE} / sum by (outcome) (rate(orders_total[5m])) > 1"},
        ["never-matches"],
    ),
    "division that ignores the label": (
        {"alert": "A", "expr": "sum by (outcome) (rate(orders_total[5m])) / ignoring(outcome) sum(rate(orders_total[5m])) > 1"},
        [],
    ),
    "absent without for": ({"alert": "A", "expr": "absent(orders_total)"}, ["absent-without-for"]),
    "absent for one scrape": ({"alert": "A", "expr": "absent(orders_total)", "for": "29s"}, ["absent-without-for"]),
    "absent for two scrapes": ({"alert": "A", "expr": "absent(orders_total)", "for": "30s"}, []),
    "no runbook": ({"alert": "A", "expr": "up == 0", "annotations": {"owner": "shop"}}, ["no-runbook"]),
    "no owner": ({"alert": "A", "expr": "up == 0", "annotations": {"runbook_url": "x"}}, ["no-owner"]),
    "an owner as a label": ({"alert": "A", "expr": "up == 0", "annotations": {"runbook_url": "x"}, "labels": {"owner": "y"}}, []),
}


@pytest.fixture
def lint(shop, gonogo, capsys) -> Callable[..., tuple[int, list[dict[str, str]]]]:
    """The exit code and the findings of the shop's generated rules, with one file of own rules next to them."""

    def judged(*rules: dict[str, object], options: tuple[object, ...] = ()) -> tuple[int, list[dict[str, str]]]:
        folder, metrics = shop.write_rules(), shop.folder / "metrics.txt"
        metrics.write_text(METRICS, encoding="utf-8")
        own = [{"annotations": ANNOTATIONS} | rule if "alert" in rule else rule for rule in rules]
        if own:
            (folder / "own.yaml").write_text(yaml.safe_dump({"groups": [{"name": "own", "rules": own}]}), encoding="utf-8")
        code = gonogo("lint", shop.path, "--rules", folder, "--metrics", metrics, "--format", "json", *options)
        return code, json.loads(capsys.readouterr().out or "{}").get("findings", [])

    return judged


@pytest.mark.parametrize("case", RULES)
def test_each_kind_of_rule_that_lies_is_found(case: str, lint) -> None:
    """With its place; and nothing is found in the generated rules next to it."""
    rule, wanted = RULES[case]
    code, found = lint(rule)
    assert [one["rule"] for one in found] == wanted, found
    assert all(one["where"].endswith("own.yaml: A") for one in found)
    assert code == (1 if wanted else 0)


def test_a_rate_of_what_a_rule_records_as_a_sum_is_found(lint) -> None:
    """The restart of one of its counters is invisible in it; a recorded rate is none."""
    recorded = [{"record": "all:orders", "expr": "sum(orders_total)"}, {"record": "all:rate", "expr": RATE}]
    code, found = lint(*recorded, {"alert": "A", "expr": "rate(all:orders[5m]) > 1"}, {"alert": "B", "expr": "all:rate > 1"})
    assert (code, [(one["rule"], one["found"]) for one in found]) == (
        1,
        [("sum-then-rate", "rate of all:orders, which records a sum")],
    )


def test_labels_of_recorded_series_are_known_through_each_other(lint) -> None:
    """A series recorded of another one has its labels, and those of the rule."""
    chain = [
        {"record": "b", "expr": "a * 2"},
        {"record": "a", "expr": "sum by (region) (rate(orders_total[5m]))", "labels": {"team": "x"}},
        {"record": "itself", "expr": "itself + 1"},
    ]
    code, found = lint(*chain, {"alert": "A", "expr": f"b > 1 and {RATE} > 1"}, {"alert": "B", "expr": "itself > 1 and up == 0"})
    assert code == 1
    assert [one["found"] for one in found] == ["`and`: only one side has the label region, team"]


EDITS = {
    "an expression": ("> 0.144", "> 0.5", "expr changed by hand"),
    "a label": ("severity: page", "severity: ticket", "labels changed by hand"),
    "a wait": ("for: 5m", "for: 50m", "for changed by hand"),
    "the name of an alert": ("alert: SLODataMissing", "alert: Renamed", "the documents make this rule, and it is gone"),
}


@pytest.mark.parametrize("case", EDITS)
def test_a_rule_file_that_was_edited_by_hand_is_found(case: str, lint, shop, gonogo, capsys) -> None:
    """Which rule, and which member; a layout of one's own is no difference."""
    old, new, found = EDITS[case]
    assert lint() == (0, [])
    path = shop.folder / "rules/shop-checkout.rules.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(json.dumps(yaml.safe_load(text)), encoding="utf-8")
    assert gonogo("lint", shop.path, "--rules", path.parent) == 0
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    capsys.readouterr()
    assert gonogo("lint", shop.path, "--rules", path.parent) == 1
    printed = capsys.readouterr().out
    assert found in printed
    assert f"because {REASONS['edited']}" in printed


def test_a_rule_file_that_is_gone_is_found(lint, shop, gonogo, capsys) -> None:
    """The job's alert is no longer loaded."""
    assert lint() == (0, [])
    (shop.folder / "rules/job-shop.rules.yaml").unlink()
    assert gonogo("lint", shop.path, "--rules", shop.folder / "rules") == 1
    assert "job-shop.rules.yaml: edited: the documents make this file, and it is not there" in capsys.readouterr().out


def test_a_burn_that_no_outage_reaches_is_found(shop, gonogo, capsys) -> None:
    """14.4 below 93.06 %."""
    shop.change("spec.objectives.0.target", "0.93")
    assert gonogo("lint", shop.path) == 1
    assert "checkout: cannot-fire: at 14.4 times the budget, with a target of 0.93" in capsys.readouterr().out
    shop.change("spec.objectives.0.target", "0.931")
    assert gonogo("lint", shop.path) == 0


class FakePrometheus:
    """Answers each query with the same body."""

    def __init__(self, body: str, status: int = 200) -> None:
        self.body, self.status = body, status

    def answer(self, *_: object) -> tuple[int, dict[str, str], bytes]:
        return self.status, {}, self.body.encode()


def vector(value: str) -> str:
    """One series with this value."""
    result = [{"metric": {}, "value": [1, value]}]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


@pytest.mark.process
@pytest.mark.parametrize(("events", "found"), [("6", 1), ("7", 0), ("0", 0)])
def test_too_little_traffic_for_an_objective_is_found(events: str, found: int, shop, gonogo, capsys) -> None:
    """6 events in the hour: at 14.4 % less than one is bad, so one error is a burn. No traffic is another alert's business."""
    shop.change("spec.timeWindow.0.duration", "30d")
    with serving(FakePrometheus(vector(events))) as url:
        gonogo("lint", shop.path, "--prometheus", url)
    printed = capsys.readouterr().out
    assert printed.count(f"low-traffic: {events} events in 1h") == found


class YoungPrometheus(FakePrometheus):
    """One that has seen a part of each window alone: it has no series of as long ago as a window is long."""

    def answer(self, _method: str, path: str, *_: object) -> tuple[int, dict[str, str], bytes]:
        none = json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}})
        return 200, {}, (none if "offset" in path else self.body).encode()


@pytest.mark.process
def test_few_events_of_a_server_that_has_not_seen_the_window_are_no_finding(shop, gonogo, capsys) -> None:
    """6 events in the minutes since the first scrape are no hour's traffic: not checked, with the windows."""
    with serving(YoungPrometheus(vector("6"))) as url:
        assert gonogo("lint", shop.path, "--prometheus", url) == 0
    printed = capsys.readouterr().out
    assert "not checked: low-traffic: checkout: Prometheus has not counted its events for 1h" in printed
    assert "0 findings in 1 document and" in printed


NONSENSE = {
    "HTML": ("<html></html>", 200, "is not JSON"),
    "an error": (json.dumps({"status": "error", "error": "no space"}), 503, "Prometheus answered no space"),
    "another JSON": ("[1]", 200, "not an answer of Prometheus"),
    "a warning": (
        json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}, "warnings": ["partial"]}),
        200,
        "partial",
    ),
    "no result": (
        json.dumps({"status": "success", "data": {"resultType": "vector", "result": "x"}}),
        200,
        "not an answer of Prometheus",
    ),
}


@pytest.mark.process
@pytest.mark.parametrize("case", NONSENSE)
def test_a_prometheus_that_answers_nonsense_ends_with_3(case: str, shop, gonogo, capsys) -> None:
    """Not a finding, and not a pass."""
    body, status, text = NONSENSE[case]
    with serving(FakePrometheus(body, status)) as url:
        assert gonogo("lint", shop.path, "--prometheus", url) == 3
    assert text in capsys.readouterr().err


@pytest.mark.process
@pytest.mark.parametrize("option", ["--prometheus", "--metrics"])
def test_a_service_that_does_not_answer_ends_with_3(option: str, shop, gonogo, capsys) -> None:
    """With what to give instead."""
    with serving(FakePrometheus("")) as url:
        pass
    assert gonogo("lint", shop.path, option, url) == 3
    assert "no answer" in capsys.readouterr().err


@pytest.mark.process
@pytest.mark.parametrize(("text", "status", "code"), [("{]", 200, 3), ("", 200, 3), ("orders 1\n", 404, 3)])
def test_metrics_that_are_none_are_no_metrics(text: str, status: int, code: int, shop, gonogo) -> None:
    """A page, an empty answer and a wrong path."""
    with serving(FakePrometheus(text, status)) as url:
        assert gonogo("lint", shop.path, "--metrics", url) == code


@pytest.mark.parametrize("text", ["groups: 3", "groups: []", "- x", "groups: [{name: a, rules: [{alert: B}]}]", "groups: ["])
def test_a_rule_file_that_is_none_is_refused(text: str, lint, shop, gonogo, capsys) -> None:
    """Exit 2, naming the file."""
    assert lint()[0] == 0
    (shop.folder / "rules/own.yaml").write_text(text, encoding="utf-8")
    assert gonogo("lint", shop.path, "--rules", shop.folder / "rules") == 2
    assert "own.yaml" in capsys.readouterr().err


def test_what_was_not_checked_is_said(shop, gonogo, capsys) -> None:
    """A lint without metrics, server and receivers has not looked at them."""
    assert gonogo("lint", shop.path) == 0
    printed = capsys.readouterr().out
    for rule in ("unknown-series, rate-of-gauge", "low-traffic", "no-receiver", "edited"):
        assert f"not checked: {rule}: give " in printed


def test_the_shipped_documents_fit_the_gateways_own_metrics(tmp_path: Path, gonogo, capsys) -> None:
    """Every counter of `reference` is exposed by a gateway that has just started: no finding."""
    with Gateway(tmp_path) as gateway:
        text = gateway.ask("GET", "/metrics", None).text
    metrics = tmp_path / "metrics.txt"
    metrics.write_text(text, encoding="utf-8")
    assert gonogo("lint", "reference", "--metrics", metrics) == 0
    metrics.write_text(text.replace('slo="onboarding"', 'slo="on_boarding"'), encoding="utf-8")
    capsys.readouterr()
    assert gonogo("lint", "reference", "--metrics", metrics) == 1
    assert "no series of gateway_slo_events_total fits" in capsys.readouterr().out


ALERTMANAGER = """
route:
  receiver: nobody
  routes:
    - {matchers: [severity="page"], receiver: pager}
    - {matchers: [severity="ticket"], receiver: tickets}
    - {matchers: [severity="watchdog"], receiver: watchdog}
receivers:
  - name: nobody
  - {name: pager, webhook_configs: [{url: "http://127.0.0.1:1/"}]}
  - {name: tickets, webhook_configs: [{url: "http://127.0.0.1:1/"}]}
  - {name: watchdog, webhook_configs: [{url: "http://127.0.0.1:1/"}]}
"""


def test_an_alert_that_reaches_nobody_is_found(amtool: str, shop, gonogo, capsys) -> None:
    """Real routes, asked of amtool: without the route for tickets they end in a receiver without a channel."""
    assert amtool
    config = shop.folder / "alertmanager.yml"
    config.write_text(ALERTMANAGER, encoding="utf-8")
    assert gonogo("lint", shop.path, "--alertmanager", config) == 0, capsys.readouterr().out
    config.write_text(ALERTMANAGER.replace('severity="ticket"', 'severity="tickets"'), encoding="utf-8")
    assert gonogo("lint", shop.path, "--alertmanager", config) == 1
    printed = capsys.readouterr().out
    assert printed.count("no-receiver: its route ends in nobody, which has no channel") == 2


@pytest.mark.parametrize(
    "text", ["route: {receiver: x}", "receivers: [{name: x}]", "[", "route: {receiver: lost}\nreceivers: [{name: x}]"]
)
def test_a_configuration_that_alertmanager_refuses_is_refused(amtool: str, text: str, shop, gonogo, capsys) -> None:
    """Exit 2, naming the file."""
    assert amtool
    config = shop.folder / "alertmanager.yml"
    config.write_text(text, encoding="utf-8")
    assert gonogo("lint", shop.path, "--alertmanager", config) == 2
    assert "alertmanager.yml" in capsys.readouterr().err
