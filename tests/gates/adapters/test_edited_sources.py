"""A red answer stays red for the week however its criterion's source is edited; other criteria are not touched by it."""

import datetime as dt
import json

import pytest
import yaml
from other_tools import BUILD, OTHER_BUILD

from gates.schema.time import format_utc, system_clock

pytestmark = pytest.mark.process

COMMAND = {"adapter": "command", "argv": ["echo", "n 3"], "value": {"pattern": "n (.*)"}}
CLEAN = {**COMMAND, "argv": ["echo", "n 0"]}
ALONE = {"automatic_no_go": True}
RATIO = {"unit": "ratio", "operator": "gte", "threshold": "0.5"}


def _red_before(tools, **criterion) -> dict:
    """A red answer, then a clean one of another source of the criterion as it is edited now."""
    assert tools.judged(COMMAND, **ALONE)["outcome"] == "fail"
    return tools.judged(**{"source": CLEAN, **ALONE, **criterion})


@pytest.mark.parametrize(
    "edited",
    [
        {},
        {"source": {"adapter": "file", "path": "n.json", "value": {"pointer": "/n"}, "run": ["cp", "new.json", "n.json"]}},
        {"source": {**CLEAN, "argv": ["echo", "n 9"]}, "operator": "gte", "threshold": "1", "unit": "items"},
        {"statistic": "p95 nearest-rank"},
    ],
    ids=["arguments", "adapter", "unit and sense", "statistic"],
)
def test_an_edited_source_does_not_undo_what_the_criterion_found(tools, edited):
    """Another query, another adapter, another unit: the run of this week on this build failed this criterion."""
    tools.write("new.json", json.dumps({"n": 0}))
    verdict = _red_before(tools, **edited)
    assert (verdict["outcome"], verdict["value"], verdict["criterion"]["unit"]) == ("fail", "3", "count")
    assert "the criterion's source was edited since), which a later run does not undo" in verdict["detail"]


def test_stored_evidence_in_the_place_of_the_source_does_not_undo_it_either(tools):
    """The criterion is the same one, wherever its value comes from now."""
    assert tools.judged(COMMAND, **ALONE)["outcome"] == "fail"
    tools.gate({"adapter": "evidence", "predicate_type": "urn:gonogo:evidence:load-run:v2", "measure": "lost"}, **ALONE)
    assert (tools.verdict()["outcome"], tools.verdict()["value"]) == ("fail", "3")


def test_an_old_value_of_the_same_unit_is_judged_by_the_threshold_of_now(tools):
    """As every red run of the week is."""
    assert _red_before(tools, threshold="3")["outcome"] == "pass"
    assert _red_before(tools, threshold="2")["outcome"] == "fail"


def test_a_value_of_another_unit_that_passed_then_passes_still(tools):
    """It is judged by the limit that it was collected for, not by one of another unit."""
    assert tools.judged({**COMMAND, "argv": ["echo", "n 0.4"]}, **ALONE, **RATIO | {"threshold": "0.3"})["outcome"] == "pass"
    assert tools.judged(CLEAN, **ALONE)["outcome"] == "pass"


def test_a_red_answer_of_another_build_or_another_criterion_is_not_held_against_this_one(tools):
    """Every adapter's measure has the same name: only GATE/CRITERION and the source identify what was measured."""
    tools.gate(COMMAND, id="two", **ALONE)
    assert tools.collect()[0] == 0
    assert tools.judged(CLEAN, **ALONE)["outcome"] == "pass"
    tools.service.build = OTHER_BUILD
    assert tools.judged(COMMAND, **ALONE)["outcome"] == "fail"
    tools.service.build = BUILD
    assert tools.judged(CLEAN, **ALONE)["outcome"] == "pass"


def test_two_criteria_of_one_gate_have_each_their_own_red_runs(tools):
    """The one that failed stays red, the other one does not turn red with it."""
    tools.gate(COMMAND, **ALONE)
    document = yaml.safe_load(tools.gates.read_text())
    (one,) = document["spec"]["gates"][0]["criteria"]
    document["spec"]["gates"][0]["criteria"] = [one, {**one, "id": "two", "source": CLEAN}]
    tools.gates.write_text(yaml.safe_dump(document))
    assert tools.collect()[0] == 0
    document["spec"]["gates"][0]["criteria"][0]["source"] = {**CLEAN, "argv": ["echo", "fixed n 0"]}
    tools.gates.write_text(yaml.safe_dump(document))
    assert tools.collect()[0] == 0
    code, out, _ = tools.run("gate", "run", "--gates", tools.gates, "--target", tools.folder / "shop.yaml", "--format", "json")
    review = json.loads(out)
    assert [item["outcome"] for item in review["gates"][0]["criteria"]] == ["fail", "pass"]
    assert [run["criteria"] for run in review["red_runs"]] == [["A.one"]]
    assert code == 1


def test_an_old_report_that_was_read_this_week_is_a_run_of_this_week(tools):
    """Its own date does not hide it, unless it was too old to judge by when it was read."""
    source = {
        "adapter": "file",
        "path": "n.json",
        "value": {"pointer": "/n"},
        "time": {"pointer": "/at"},
        "build": {"pointer": "/b"},
    }
    at = format_utc(system_clock() - dt.timedelta(days=8))
    tools.write("n.json", json.dumps({"n": 3, "at": at, "b": BUILD}))
    assert tools.judged(source, **ALONE, max_age="30d")["outcome"] == "fail"
    assert tools.judged(CLEAN, **ALONE, max_age="30d")["outcome"] == "fail"
    assert tools.judged(CLEAN, **ALONE, max_age="1d")["outcome"] == "pass"
