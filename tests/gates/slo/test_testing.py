"""Generated tests: right rules pass them, and each mutant of the rules is caught, by the case that is meant to catch it."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from by_night import number_of_the_night

from gates.slo import rules, scenarios
from gates.slo.document import Slo
from gates.slo.testing import Cases, FileResult, made_tests, run_cases

pytestmark = pytest.mark.usefixtures("promtool")

LONG, SHORT = (
    'slo:sli_error:ratio_rate1h{service="shop",slo="checkout"}',
    'slo:sli_error:ratio_rate5m{service="shop",slo="checkout"}',
)
BAD, TOTAL = 'orders_total{job="shop",outcome="bad"}', 'orders_total{job="shop"}'
GUARD = f" and on() (sum(increase({BAD}[1h])) >= 5)"
FIVE_MINUTES = f"sum(rate({BAD}[5m])) / (sum(rate({TOTAL}[5m]))"


class Mutant(NamedTuple):
    """What is wrong: the text of the rules that becomes another, and the letter of the case that finds it."""

    old: str
    new: str
    found_by: str


MUTANTS = {
    "no comparison": Mutant(f"{LONG} > 0.144 and {SHORT} > 0.144", f"{LONG} and {SHORT}", "(e)"),
    "the factor of a slower pair": Mutant("> 0.144", "> 0.06", "(a)"),
    "a factor a little too high": Mutant("> 0.144", "> 0.16", "(a)"),
    "no short window": Mutant(f" and {SHORT} > 0.144", "", "(c)"),
    "no long window": Mutant(f"{LONG} > 0.144 and ", "", "(a)"),
    "one window is enough": Mutant(f"{LONG} > 0.144 and {SHORT}", f"{LONG} > 0.144 or {SHORT}", "(a)"),
    "one error pages": Mutant(GUARD, "", "(e)"),
    "a least number of requests": Mutant(GUARD, f" and on() (sum(increase({TOTAL}[1h])) >= 1000)", "(e)"),
    "no traffic is NaN": Mutant(f"/ (sum(rate({TOTAL}[6h])) > 0)", f"/ sum(rate({TOTAL}[6h]))", "(e)"),
    "an average of ratios": Mutant(
        'sum_over_time(slo:events_bad:rate5m{service="shop",slo="checkout"}[30d]) '
        '/ (sum_over_time(slo:events_total:rate5m{service="shop",slo="checkout"}[30d]) > 0)',
        f"avg_over_time({SHORT}[30d])",
        "(k)",
    ),
    "a window of another length": Mutant(f"sum(rate({BAD}[1h])) / (sum(rate({TOTAL}[1h]))", FIVE_MINUTES, "(a)"),
    "differences of counters": Mutant("rate(", "delta(", "(h)"),
    "good and bad exchanged": Mutant('outcome="bad"', 'outcome!="bad"', "everything fails"),
    "a ticket where a page is due": Mutant("severity: page short: 5m", "severity: ticket short: 5m", "everything fails"),
    "a wait on top": Mutant("alert: ErrorBudgetBurn", "alert: ErrorBudgetBurn for: 15m", "everything fails"),
    "an idle service is missing": Mutant(f"absent(sum({TOTAL}))", f"(sum(rate({TOTAL}[5m])) == 0)", "(e)"),
    "a counter may be absent": Mutant(f" or absent(sum({BAD}))", "", "(g)"),
    "idle for a deploy": Mutant("alert: SLODataMissing for: 5m", "alert: SLODataMissing", "(g)"),
}
QUICK = ("no traffic is NaN", "a counter may be absent")


def mutate(path: Path, mutant: Mutant) -> None:
    """Put the mutant into a rule file, in every place where its text stands."""
    spaced = r"\s+".join(map(re.escape, mutant.old.split(" ")))
    text, places = re.subn(spaced, lambda _: _with_lines(mutant.new), path.read_text(encoding="utf-8"))
    assert places, f"the rules hold no {mutant.old}"
    path.write_text(text, encoding="utf-8")


def _with_lines(text: str) -> str:
    """YAML again where a mutant adds or changes a member of an alert."""
    text = re.sub(r" for: (\S+)$", r"\n        for: \1", text)
    return re.sub(r"^severity: (\w+) short: (\w+)$", r"severity: \1\n          short: \2", text)


@pytest.fixture
def test(shop, tmp_path) -> Callable[..., FileResult]:
    """Generate the rules of the shop, change them, and run the cases that are wanted."""

    def run(mutant: Mutant | None, wanted: Callable[[Slo], Cases]) -> FileResult:
        shop.write_rules()
        name = "shop-checkout.rules.yaml"
        if mutant is not None:
            mutate(tmp_path / "rules" / name, mutant)
        return run_cases(name, wanted(shop.slo()), tmp_path / "rules", tmp_path)

    return run


def short_cases(slo: Slo) -> Cases:
    """Cases of minutes: a second to run."""
    made = (scenarios.counter_absent, scenarios.stale, scenarios.unequal)
    idle = next(scenarios.quiet_service(slo))
    at_first = tuple(one for one in idle.promql_expr_test if one.eval_time == "420m")
    short = msgspec.structs.replace(idle, promql_expr_test=at_first)
    return {1: (scenarios.everything_fails(slo, rules.Links()), *(case for make in made for case in make(slo)), short)}


def all_cases(slo: Slo) -> Cases:
    """Every case."""
    return made_tests([slo], rules.Links())["shop-checkout.rules.yaml"]


def test_right_rules_pass_the_short_cases(test) -> None:
    """Each expectation is met, and there are some."""
    done = test(None, short_cases)
    assert done.failures == ()
    assert done.checks == 19


@pytest.mark.parametrize("name", QUICK)
def test_a_mutant_of_the_rules_is_caught_by_the_short_cases(name: str, test) -> None:
    """By the case that is meant to catch it."""
    assert MUTANTS[name].found_by in " ".join(test(MUTANTS[name], short_cases).failures)


NIGHTS = 3
"""In how many nights each mutant and each other document has its turn."""


@pytest.mark.nightly(minutes=1)
@pytest.mark.parametrize("name", list(MUTANTS)[number_of_the_night() % NIGHTS :: NIGHTS])
def test_every_mutant_of_the_rules_is_caught_in_three_nights(name: str, test) -> None:
    """All cases run over the mutant, and one of those that are meant to catch it does."""
    assert MUTANTS[name].found_by in " ".join(test(MUTANTS[name], all_cases).failures)


JOB_MUTANTS = {
    "a job that is gone": ('or absent(up{job="shop"})', "", "(i) the job is gone"),
    "a restart pages": ("        for: 1m\n", "", "(i) a restart"),
    "a job that is down": ('up{job="shop"} == 0 or', "", "(i) the job is down"),
}


@pytest.mark.parametrize("name", [None, *JOB_MUTANTS])
def test_the_alert_of_a_job_that_is_down_is_tested(name: str | None, shop, tmp_path) -> None:
    """Down, gone, and a restart of a minute; each mutant is caught."""
    shop.write_rules()
    path = tmp_path / "rules/job-shop.rules.yaml"
    if name is not None:
        old, new, _ = JOB_MUTANTS[name]
        assert old in path.read_text(encoding="utf-8")
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    done = run_cases(path.name, {1: scenarios.job_cases(shop.slo())}, path.parent, tmp_path)
    found = " ".join(done.failures)
    assert (JOB_MUTANTS[name][2] in found) if name else not found


def test_the_watchdog_and_failing_rules_are_tested(shop, tmp_path) -> None:
    """The rules about Prometheus itself pass their cases, and fail them without the watchdog."""
    shop.write_rules()
    path = tmp_path / "rules/prometheus.rules.yaml"
    assert run_cases(path.name, {1: scenarios.prometheus_cases()}, path.parent, tmp_path).failures == ()
    path.write_text(path.read_text(encoding="utf-8").replace("vector(1)", "vector(1) == 0"), encoding="utf-8")
    done = run_cases(path.name, {1: scenarios.prometheus_cases()}, path.parent, tmp_path)
    assert "Watchdog" in " ".join(done.failures)


@pytest.mark.nightly(minutes=3)
def test_the_rules_of_the_shipped_documents_pass_all_their_tests(gonogo, capsys, tmp_path) -> None:
    """`gonogo slo test` over both sets: exit 0, and every file has expectations."""
    assert gonogo("test", "reference", "canary", "--out", tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 11
    assert all(re.fullmatch(r"pass  \S+: [1-9][0-9]* expectations, 0 not met", line) for line in lines), lines


RATIO = "spec.indicator.spec.ratioMetric"
# other documents whose rules pass: member -> value
VARIANTS = {
    "a period of 28 days": {"spec.timeWindow.0.duration": "28d"},
    "a period of 7 days": {"spec.timeWindow.0.duration": "7d"},
    "no failure at all": {"spec.objectives.0.target": "1"},
    "a low target": {"spec.objectives.0.target": "0.9"},
    "a high guard": {"metadata.annotations.gonogo/min-bad-events": "100"},
    "two metrics": {f"{RATIO}.bad.metricSource.spec.query": 'order_errors_total{job="shop"}'},
    "a regular expression": {f"{RATIO}.bad.metricSource.spec.query": 'orders_total{job="shop",code=~"5.."}'},
}


@pytest.mark.nightly(minutes=1)
@pytest.mark.parametrize("name", [*VARIANTS, "good events"][number_of_the_night() % NIGHTS :: NIGHTS])
def test_the_rules_of_other_documents_pass_their_tests(name: str, shop, gonogo, capsys) -> None:
    """Whatever the document's period, target, guard and counters; all of them in three nights."""
    if name == "good events":
        ratio = shop.raw["spec"]["indicator"]["spec"]["ratioMetric"]
        ratio["good"] = ratio.pop("bad")
        shop.write()
    for member, value in VARIANTS.get(name, {}).items():
        shop.change(member, value)
    assert gonogo("test", shop.path) == 0, capsys.readouterr().out


def test_rules_that_are_not_there_are_named(shop, gonogo, capsys) -> None:
    """Exit 2, and the command that writes them."""
    assert gonogo("test", shop.path, "--rules", shop.folder / "rules") == 2
    printed = capsys.readouterr().err
    assert "rules/shop-checkout.rules.yaml: no such file" in printed
    assert "gonogo slo generate" in printed


def test_without_promtool_nothing_is_tested_and_the_code_says_so(shop, gonogo, capsys, monkeypatch) -> None:
    """Exit 3: not a pass; and how to get it."""
    monkeypatch.setenv("PATH", str(shop.folder))
    assert gonogo("test", shop.path) == 3
    assert "apt-get install prometheus" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("does", "why"),
    [("exit 0", "reports no SUCCESS"), ("exit 1", "ended with 1 and without a word"), ("kill -KILL $$", "without a word")],
)
def test_a_promtool_that_reports_nothing_has_tested_nothing(shop, gonogo, capsys, monkeypatch, does, why) -> None:
    """Another program of its name, and one that was killed: neither is a pass."""
    rules = shop.folder / "made"
    assert gonogo("generate", shop.path, "--out", rules) == 0
    (shop.folder / "promtool").write_text(f"#!/bin/sh\n{does}\n")
    (shop.folder / "promtool").chmod(0o755)
    monkeypatch.setenv("PATH", f"{shop.folder}{os.pathsep}{os.environ['PATH']}")
    capsys.readouterr()
    assert gonogo("test", shop.path, "--rules", rules) == 3
    assert why in capsys.readouterr().err
    assert gonogo("generate", shop.path, "--out", shop.folder / "again") == 3


def test_a_regular_expression_without_an_example_is_named(shop, gonogo, capsys) -> None:
    """No series can be made for it, so nothing can be tested: exit 2, and what to write."""
    shop.change(f"{RATIO}.bad.metricSource.spec.query", 'orders_total{code=~"(a{3}|b){2}"}')
    assert gonogo("test", shop.path) == 2
    assert "no example of a series fits" in capsys.readouterr().err
