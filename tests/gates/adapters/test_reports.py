"""The adapters `k6`, `locust` and `sarif`: what they give, and everything that gives no value."""

import json

import pytest
from other_tools import BUILD, answered

from gates.schema.outcome import UnknownReason
from gates.schema.source import K6Source, LocustSource, Place, SarifSource

MISSING, STALE, ERROR = UnknownReason.MISSING, UnknownReason.STALE, UnknownReason.ADAPTER_ERROR
MADE = {"gonogo": {"build": BUILD, "at": "2026-11-30T09:00:00Z"}}
EXPORTED = {
    **MADE,
    "root_group": {},
    "metrics": {
        "http_req_failed": {"passes": 4, "fails": 1996, "value": 0.002},
        "http_req_duration": {"avg": 12.5, "min": 1, "med": 10, "max": 90, "p(90)": 30.25, "p(95)": 40.125},
        "http_reqs": {"count": 2000, "rate": 99.9},
        "checks": {"passes": 1990, "fails": 10, "value": 0.995},
    },
}
DATA = {
    **MADE,
    "state": {"testRunDurationMs": 1000},
    "metrics": {
        "http_req_failed": {"type": "rate", "contains": "default", "values": {"rate": 0.002, "passes": 4, "fails": 1996}},
        "http_req_duration": {"type": "trend", "contains": "time", "values": {"avg": 12.5, "p(95)": 40.125}},
        "http_reqs": {"type": "counter", "contains": "default", "values": {"count": 2000, "rate": 99.9}},
        "checks": {"type": "rate", "contains": "default", "values": {"rate": 0.995, "passes": 1990, "fails": 10}},
    },
}
CSV = """Type,Name,Request Count,Failure Count,Median Response Time,50%,95%,99%
GET,/a,900,3,12,12,45,98
POST,/b,100,2,20,20,60,110
,Aggregated,1000,5,13,13,47,100
"""
JSON = [
    {"name": "/a", "method": "GET", "num_requests": 900, "num_failures": 3, "last_request_timestamp": 1764493200.5},
    {"name": "/b", "method": "POST", "num_requests": 100, "num_failures": 2, "last_request_timestamp": 1764493100.5},
]


def _sarif(*results: dict, **run: object) -> dict:
    driver = {"name": "scan", "rules": [{"id": "CWE-89", "defaultConfiguration": {"level": "error"}}, {"id": "CWE-20"}]}
    ended = [{"executionSuccessful": True, "endTimeUtc": "2026-11-30T09:00:00Z"}]
    whole = {"tool": {"driver": driver}, "invocations": ended, "results": list(results), **run}
    return {"version": "2.1.0", "runs": [whole], "properties": {"build": BUILD}}


def _k6(number: str = "rate", metric: str = "http_req_failed", **changes) -> K6Source:
    places = {"build": Place(pointer="/gonogo/build"), "time": Place(pointer="/gonogo/at")}
    return K6Source(path="k6.json", metric=metric, number=number, **{**places, **changes})


def _locust(**changes) -> LocustSource:
    return LocustSource(**{"path": "stats.json", **changes})


def _scan(**changes) -> SarifSource:
    return SarifSource(**{"paths": ("scan.sarif",), **changes})


@pytest.mark.parametrize("summary", [EXPORTED, DATA], ids=["--summary-export", "handleSummary"])
def test_both_formats_of_k6_give_the_same(tools, summary):
    """A rate with its counts, a percentile over the number of requests, and the build and time that the script wrote."""
    tools.write("k6.json", json.dumps(summary))
    failed = answered(_k6(), "ratio").found
    assert (failed.measure.value, failed.measure.samples, failed.measure.failures) == ("0.002", 2000, 4)
    assert (failed.build, failed.time) == (BUILD, "2026-11-30T09:00:00.000Z")
    checks = answered(_k6(metric="checks"), "ratio").found.measure
    assert (checks.value, checks.samples, checks.failures) == ("0.995", 2000, 10)
    slow = answered(_k6("p(95)", "http_req_duration"), "ms", "p95 interpolated").found.measure
    assert (slow.value, slow.samples, slow.statistic) == ("40.125", 2000, "p95 interpolated")
    assert answered(_k6("count", "http_reqs")).found.measure.value == "2000"


def test_locust_counts_requests_and_failures_of_csv_and_json(tools):
    """All of them, or those of one name; response times are shown with what Locust does to them, and never judged."""
    tools.write("stats.csv", CSV)
    tools.write("stats.json", json.dumps(JSON))
    made = {"path": "stats.csv", "run": ("touch", "stats.csv")}
    for source in (_locust(**made), _locust()):
        ratio = answered(source, "ratio").found.measure
        assert (ratio.value, ratio.samples, ratio.failures) == ("0.005", 1000, 5)
    assert answered(_locust(name="/b")).found.measure.value == "2"
    found = answered(_locust(**made)).found
    assert found.shown["response_times"]["/a"] == {"50%": "12", "95%": "45", "99%": "98"}
    assert "two significant digits" in found.shown["response_times_are"]
    assert answered(_locust()).found.time == "2025-11-30T09:00:00.000Z"


def test_sarif_counts_open_results_by_level_and_rule(tools):
    """Suppressed and absent ones are closed; a level comes from the result, else from its rule, else it is a warning."""
    results = (
        {"ruleId": "CWE-89"},
        {"ruleId": "CWE-89", "suppressions": [{"kind": "inSource"}]},
        {"ruleId": "CWE-89", "suppressions": [{"kind": "inSource", "status": "rejected"}]},
        {"ruleId": "CWE-89", "baselineState": "absent"},
        {"ruleId": "CWE-89", "kind": "pass"},
        {"ruleIndex": 0},
        {"ruleId": "CWE-20"},
        {"ruleId": "CWE-20", "level": "error"},
        {"ruleId": "CWE-20", "level": "note"},
    )
    tools.write("scan.sarif", json.dumps(_sarif(*results)))
    found = answered(_scan()).found
    assert (found.measure.value, found.measure.samples) == ("4", 1)
    assert found.measure.made_of == {"rules": 2, "artifacts": 0}
    assert found.time == "2026-11-30T09:00:00.000Z"
    assert found.shown["open_rules"] == "CWE-20, CWE-89"
    assert answered(_scan(levels=("error", "warning"))).found.measure.value == "5"
    assert answered(_scan(rules=("CWE-2?",))).found.measure.value == "1"
    assert answered(_scan(build=Place(pointer="/properties/build"))).found.build == BUILD


@pytest.mark.parametrize(
    "result",
    [
        {"ruleId": "CWE-89/1"},
        {"ruleId": "CWE-89/sql/1", "ruleIndex": 0},
        {"rule": {"index": 0}},
        {"ruleId": "own/9", "rule": {"index": 1, "toolComponent": {"index": 0}}},
    ],
    ids=["a part of an id", "with its index", "index in a reference", "of an extension"],
)
def test_a_result_has_the_level_of_its_rule_however_it_names_it(tools, result):
    """An error of a rule is no warning for a name in another of the forms that SARIF has."""
    pack = {"name": "pack", "rules": [{"id": "a"}, {"id": "b", "defaultConfiguration": {"level": "error"}}]}
    log = _sarif(result)
    log["runs"][0]["tool"]["extensions"] = [pack]
    tools.write("scan.sarif", json.dumps(log))
    assert answered(_scan()).found.measure.value == "1"


OVERRIDE = {"descriptor": {"id": "CWE-89"}, "configuration": {"level": "error"}}
ENDED = {"executionSuccessful": True, "endTimeUtc": "2026-11-30T09:00:00Z"}


def test_a_rule_that_was_raised_for_the_run_has_that_level(tools):
    """CWE-20 is a warning by itself; the one that its invocation made an error is counted as one."""
    raised = {"descriptor": {"index": 1}, "configuration": {"level": "error"}}
    ended = {**ENDED, "ruleConfigurationOverrides": [OVERRIDE, raised]}
    tools.write(
        "scan.sarif", json.dumps(_sarif({"ruleId": "CWE-20"}, {"ruleId": "CWE-20", "level": "note"}, invocations=[ended]))
    )
    assert answered(_scan()).found.measure.value == "1"


@pytest.mark.parametrize(
    ("member", "text"),
    [
        ({"exitSignalName": "SIGKILL"}, "was ended by the signal SIGKILL"),
        ({"exitSignalNumber": 9}, "was ended by the signal 9"),
        ({"processStartFailureMessage": "no memory"}, "it did not start"),
        ({"notificationConfigurationOverrides": [{"descriptor": {"id": "E1"}}]}, "errors it reports"),
        *(
            ({"ruleConfigurationOverrides": [{**OVERRIDE, **change}]}, f"switches the rule {rule} off, or lowers its")
            for change, rule in (
                ({"configuration": {"enabled": False}}, "CWE-89"),
                ({"configuration": {"level": "error", "enabled": False}}, "CWE-89"),
                ({"configuration": {"level": "warning"}}, "CWE-89"),
                ({"configuration": {}}, "CWE-89"),
                ({"descriptor": {"id": "unknown"}}, "unknown"),
                ({"descriptor": {"index": 7}}, "number 7"),
                ({"descriptor": {"index": 1}, "configuration": {"level": "note"}}, "CWE-20"),
            )
        ),
    ],
)
def test_a_run_that_was_disturbed_or_made_lenient_is_unknown(tools, member, text):
    """It states executionSuccessful: true all the same."""
    tools.write("scan.sarif", json.dumps(_sarif(invocations=[{**ENDED, **member}])))
    measure = answered(_scan()).found.measure
    assert (measure.value, measure.unknown) == (None, ERROR)
    assert text in measure.detail


K6_OTHER = json.dumps({"metrics": EXPORTED["metrics"]})
CUT = "\n".join(CSV.splitlines()[:2]) + "\n" + CSV.splitlines()[3] + "\n"
NOW = {"run": ("touch", "stats.csv"), "path": "stats.csv"}
ROWS = [
    ("k6: no such file", {}, _k6(), MISSING, "no such file: k6.json"),
    ("k6: a web page", {"k6.json": "<html>"}, _k6(), ERROR, "k6.json is not JSON"),
    ("k6: another JSON", {"k6.json": "{}"}, _k6(), ERROR, "k6.json is not a summary of k6"),
    ("k6: no such metric", {"k6.json": json.dumps(EXPORTED)}, _k6(metric="iterations"), MISSING, "no metric 'iterations'"),
    (
        "k6: no such number",
        {"k6.json": json.dumps(DATA)},
        _k6("max", "http_req_duration"),
        MISSING,
        "has no max; it has avg, p(95)",
    ),
    ("k6: NaN", {"k6.json": json.dumps(EXPORTED).replace("0.002", "NaN")}, _k6(), MISSING, "'NaN' is not a finite"),
    ("k6: another run", {"k6.json": K6_OTHER}, _k6(build=None), STALE, "k6.json names neither the time nor the build"),
    ("k6: no build named", {"k6.json": K6_OTHER}, _k6(), STALE, "no build is named at the pointer '/gonogo/build'"),
    ("k6: not written now", {"k6.json": json.dumps(DATA)}, _k6(run=("true",)), STALE, "the command did not write it"),
    ("k6: it crashed", {"k6.json": json.dumps(DATA)}, _k6(run=("false",)), ERROR, "false ended with exit code 1"),
    ("locust: a web page", {"stats.json": "<html>"}, _locust(), ERROR, "stats.json is not JSON"),
    ("locust: another JSON", {"stats.json": "[1]"}, _locust(), ERROR, "is not a list of Locust's statistics"),
    ("locust: another CSV", {"stats.csv": "a,b\n1,2\n"}, _locust(**NOW), ERROR, "is not Locust's PREFIX_stats.csv"),
    ("locust: cut", {"stats.csv": CUT}, _locust(**NOW), ERROR, "the rows do not add up to Aggregated: it is not whole"),
    ("locust: no such request", {"stats.json": json.dumps(JSON)}, _locust(name="/c"), MISSING, "has no request '/c'"),
    (
        "locust: not a count",
        {"stats.json": json.dumps(JSON).replace("900", "-1")},
        _locust(),
        ERROR,
        "-1' is not a possible count",
    ),
    ("locust: no time", {"stats.csv": CSV}, _locust(path="stats.csv"), STALE, "stats.csv names neither the time nor the build"),
    (
        "locust: no request",
        {"stats.json": json.dumps([{**JSON[0], "num_requests": 0, "num_failures": 0}])},
        _locust(),
        UnknownReason.TOO_FEW_SAMPLES,
        "no request was made",
    ),
    ("sarif: not SARIF", {"scan.sarif": "{}"}, _scan(), ERROR, "scan.sarif is not SARIF"),
    (
        "sarif: another version",
        {"scan.sarif": json.dumps({**_sarif(), "version": "2.0.0"})},
        _scan(),
        ERROR,
        "SARIF 2.0.0, not 2.1.0",
    ),
    ("sarif: no run", {"scan.sarif": json.dumps({"version": "2.1.0", "runs": []})}, _scan(), MISSING, "holds no run"),
    (
        "sarif: did not execute",
        {"scan.sarif": json.dumps(_sarif(invocations=[{"executionSuccessful": False}]))},
        _scan(),
        ERROR,
        "does not state executionSuccessful: true",
    ),
    (
        "sarif: no invocation",
        {"scan.sarif": json.dumps(_sarif(invocations=[]))},
        _scan(),
        ERROR,
        "does not state executionSuccessful: true",
    ),
    (
        "sarif: an error of the tool",
        {
            "scan.sarif": json.dumps(
                _sarif(invocations=[{"executionSuccessful": True, "toolExecutionNotifications": [{"level": "error"}]}])
            )
        },
        _scan(),
        ERROR,
        "the run is not whole",
    ),
    (
        "sarif: an error of its configuration",
        {
            "scan.sarif": json.dumps(
                _sarif(invocations=[{"executionSuccessful": True, "toolConfigurationNotifications": [{"level": "error"}]}])
            )
        },
        _scan(),
        ERROR,
        "the run is not whole",
    ),
    (
        "sarif: a level that is none",
        {"scan.sarif": json.dumps(_sarif({"ruleId": "CWE-89", "level": "Error"}))},
        _scan(),
        ERROR,
        "scan.sarif is not SARIF: Invalid enum value 'Error'",
    ),
    (
        "sarif: no results",
        {"scan.sarif": json.dumps(_sarif(results=None))},
        _scan(),
        ERROR,
        "has no results: nothing was looked for",
    ),
    (
        "sarif: no time",
        {"scan.sarif": json.dumps(_sarif(invocations=[{"executionSuccessful": True}]))},
        _scan(),
        STALE,
        "names neither the time nor the build",
    ),
]


@pytest.mark.parametrize(("files", "source", "reason", "text"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_report_that_cannot_be_judged_is_unknown(tools, files, source, reason, text):
    """The fail-closed table of k6, Locust and SARIF: no row is a value, and each says what is wrong."""
    for name, content in files.items():
        tools.write(name, content)
    measure = answered(source, "count" if isinstance(source, SarifSource) else "ratio").found.measure
    assert (measure.value, measure.unknown) == (None, reason)
    assert text in measure.detail


@pytest.mark.parametrize(
    ("source", "criterion", "text"),
    [
        ({"adapter": "k6", "path": "a", "metric": "m", "number": "p(95)"}, {"unit": "ms"}, "is 'p95 interpolated', not 'none'"),
        ({"adapter": "k6", "path": "a", "metric": "m", "number": "p95"}, {}, "source.number 'p95' is not one of"),
        ({"adapter": "locust", "path": "a"}, {"unit": "ms"}, "this source has a ratio or a count"),
        ({"adapter": "locust", "path": "a"}, {"unit": "ratio", "operator": "gte", "threshold": "0.9"}, "one of lte, lt"),
        ({"adapter": "sarif", "paths": ["a"], "levels": ["critical"]}, {}, "source.levels 'critical' is not one of"),
        ({"adapter": "sarif", "paths": ["a"]}, {"unit": "ratio", "threshold": "0.1"}, "the number of open results is a count"),
    ],
)
def test_a_report_that_cannot_be_judged_so_is_refused(tools, source, criterion, text):
    """Percentiles of Locust cannot be written at all; one of k6 names its method."""
    tools.gate(source, **criterion)
    code, _, err = tools.run("gate", "validate", tools.gates)
    assert code == 2
    assert text in err
