"""No data, or data that is no number: never 0, never a pass."""

import json

import pytest
from honest_state import CLEAN
from honest_tools import JSON, vector
from ways import way

from gates.evidence.statement import Measure


def no_number(gonogo, state, value: str) -> None:
    """A value that passes as 0 elsewhere is missing here, and stays so next to a passing statement that is older."""
    state.clean()
    assert state.judge().code == 0
    ending = state.judge_one(Measure(value, "count", samples=412))
    gonogo.refused(ending, 3, f"missing: the value {value!r} is not a finite decimal number")


@way("V1")
def test_not_a_number_is_missing(gonogo, state) -> None:
    """NaN compares with nothing."""
    no_number(gonogo, state, "NaN")


@way("V2")
def test_infinity_is_missing(gonogo, state) -> None:
    """Also the one below every limit."""
    no_number(gonogo, state, "-inf")


@way("V3")
def test_an_empty_value_is_missing(gonogo, state) -> None:
    """Nothing is not zero."""
    no_number(gonogo, state, "")


@way("V4")
def test_a_value_with_a_space_is_missing(gonogo, state) -> None:
    """Nobody trims it."""
    no_number(gonogo, state, " 0")


@way("V5")
def test_a_hexadecimal_value_is_missing(gonogo, state) -> None:
    """Some readers take it for 0, some for text."""
    no_number(gonogo, state, "0x0")


@way("V6")
def test_a_value_with_an_underscore_is_missing(gonogo, state) -> None:
    """Python would read 10."""
    no_number(gonogo, state, "1_0")


@way("V7")
def test_digits_of_another_script_are_missing(gonogo, state) -> None:
    """Python would read 3."""
    no_number(gonogo, state, "\N{ARABIC-INDIC DIGIT THREE}")


@way("V8")
def test_no_samples_are_too_few(gonogo, state) -> None:
    """Zero of zero is no rate, and none seen in nothing shows nothing; a bar that would accept it is refused."""
    gonogo.refused(
        state.judge_one(Measure("0", "count", samples=0), min_samples=1), 3, "too_few_samples: 0 samples, 1 are needed"
    )
    gonogo.refused(state.judge_one(CLEAN, min_samples=0), 2, "with min_samples 0 a measure of nothing would pass")


@way("V9")
def test_checks_of_which_none_was_run_are_not_run(gonogo, state) -> None:
    """Whether the statement says so, or the measure, or every check was skipped."""
    state.clean(status="not_run", detail="no runner was free")
    gonogo.refused(state.judge(), 3, "not_run: no runner was free")
    state.record({"double_settles": Measure(None, "count", unknown="not_run", detail="the suite is switched off")})
    gonogo.refused(state.judge(), 3, "not_run: the suite is switched off")
    assert state.judge_one(Measure("0", "count", samples=0, skipped=37)).code == 3


@way("V10")
def test_skipped_checks_count_against_a_ratio(gonogo, state) -> None:
    """31 of 37 skipped and the others passed: that is 16 %, and fails."""
    ratio = Measure("1", "ratio", samples=6, failures=0, skipped=31)
    ending = state.judge_one(ratio, unit="ratio", operator="gte", threshold="0.95", min_samples=6)
    gonogo.refused(ending, 1, "31 skipped count against it")
    assert "0.162162" in ending.out


@pytest.mark.process
@way("V11")
def test_a_web_page_is_an_adapter_error(gonogo, tools) -> None:
    """A login page with the status 200, also next to an older answer that was good."""
    source = {"adapter": "http", "url": "/open", "value": {"pointer": "/open"}}
    tools.service.pages["/open"] = (200, JSON, b'{"open": 0}')
    assert tools.tried(source).code == 0
    tools.service.pages["/open"] = (200, {"Content-Type": "text/html"}, b"<html>please log in</html>")
    ending = tools.tried(source)
    gonogo.refused(ending, 3, "adapter_error: the answer of /open is not JSON: it begins with '<html>")


@pytest.mark.process
@way("V12")
def test_an_empty_vector_is_missing(gonogo, tools) -> None:
    """A metric that nobody has counted yet, or whose name is misspelt; not 0."""
    assert tools.tried(tools.answers()).code == 0
    gonogo.refused(tools.tried(tools.answers(q=vector())), 3, "missing: query: the result is empty: no series")
    gonogo.refused(tools.tried(tools.answers(s=vector())), 3, "missing: samples: the result is empty: no series")


@pytest.mark.process
@way("V13")
def test_a_partial_scrape_is_unknown(gonogo, tools) -> None:
    """One of two instances is down: what it would have counted is not in the number."""
    assert tools.tried(tools.answers()).code == 0
    ending = tools.tried(tools.answers(u=vector("1", "0")))
    gonogo.refused(ending, 3, "adapter_error: scraped: 1 of 2 are not 1: what they count is missing (instance=pay-2)")
    gonogo.refused(tools.tried(tools.answers(u=vector())), 3, "missing: scraped: no series: nothing that is measured is scraped")


@pytest.mark.process
@way("V14")
def test_a_result_with_warnings_is_unknown(gonogo, tools) -> None:
    """A store that did not answer makes a smaller number, and Prometheus says so in a warning only."""
    partial = {**vector("0"), "warnings": ["a store did not answer"]}
    ending = tools.tried(tools.answers(q=partial))
    gonogo.refused(ending, 3, "adapter_error: query: the answer has a warning: a store did not answer")


@pytest.mark.process
@way("V15")
def test_a_junit_file_without_tests_is_missing(gonogo, tools) -> None:
    """A runner that found no tests ends well; so does one that left all out."""
    source = {"adapter": "junit", "paths": ["tests.xml"], "run": ["touch", "tests.xml"]}
    ratio = {"unit": "ratio", "operator": "gte", "threshold": "1"}
    tools.write("tests.xml", '<testsuites><testsuite name="unit" tests="0"/></testsuites>')
    gonogo.refused(tools.tried(source, **ratio), 3, "missing: tests.xml: no test cases")
    tools.write("tests.xml", '<testsuite name="unit" tests="1"><testcase name="a"><skipped/></testcase></testsuite>')
    gonogo.refused(tools.tried(source, **ratio), 3, "not_run: all 1 test cases were skipped")


@pytest.mark.process
@way("V16")
def test_a_sarif_run_that_did_not_execute_is_unknown(gonogo, tools) -> None:
    """No results, for the scanner ended early, or says nothing about how it ended."""
    source = {"adapter": "sarif", "paths": ["scan.sarif"], "run": ["touch", "scan.sarif"]}
    for invocations in ([{"executionSuccessful": False}], []):
        run = {"tool": {"driver": {"name": "scan"}}, "results": [], "invocations": invocations}
        tools.write("scan.sarif", json.dumps({"version": "2.1.0", "runs": [run]}))
        ending = tools.tried(source, exhaustive=True)
        gonogo.refused(ending, 3, "adapter_error: scan.sarif: the run of scan does not state executionSuccessful: true")


@pytest.mark.process
@way("V17")
def test_a_k6_summary_of_another_run_is_stale(gonogo, tools) -> None:
    """Of another build, of no named run at all, or left over from before the command that should have written it."""
    metrics = {"http_req_failed": {"passes": 0, "fails": 412, "value": 0}}
    source = {"adapter": "k6", "path": "k6.json", "metric": "http_req_failed", "number": "rate"}
    ratio = {"unit": "ratio", "operator": "lte", "threshold": "0"}
    tools.write("k6.json", json.dumps({"metrics": metrics, "build": "c" * 64}))
    gonogo.refused(tools.tried({**source, "build": {"pointer": "/build"}}, **ratio), 3, "about another build than bbbbbbbbbbbb")
    gonogo.refused(tools.tried(source, **ratio), 3, "stale: k6.json names neither the time nor the build that it is about")
    ending = tools.tried({**source, "run": ["true"]}, **ratio)
    gonogo.refused(ending, 3, "stale: k6.json was there before, and the command did not write it")
