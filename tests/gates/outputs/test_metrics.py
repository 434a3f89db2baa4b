"""The Prometheus text: names and labels that others alert on, base units, and no number for what was not measured."""

import subprocess

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gates.outputs.formats import FORMATS
from gates.outputs.report import Card, of_review
from gates.render import render
from gates.schema.outcome import Priority


def _series(text: str) -> dict[str, dict[tuple, float]]:
    return {
        family.name: {tuple(sorted(one.labels.items())): one.value for one in family.samples}
        for family in text_string_to_metric_families(text)
    }


def test_milliseconds_are_written_as_seconds(bench):
    """Prometheus' base unit, in value and threshold alike."""
    slow = bench.criterion(id="latency", measure="latency", unit="ms", operator="lt", threshold="300")
    held = bench.held(measures={"latency": bench.measure("187.4", "ms")})
    series = _series(render(bench.review([bench.gate(slow)], [held]), "prometheus"))
    labels = (("criterion", "latency"), ("gate", "financial-integrity"), ("target", "local"), ("unit", "seconds"))
    assert series["launch_gate_value"][labels] == pytest.approx(0.1874)
    assert series["launch_gate_threshold"][(("bound", "upper"), *labels)] == pytest.approx(0.3)


def test_what_was_not_measured_has_no_value(review):
    """No zero and no NaN stands for it."""
    series = _series(render(review, "prometheus"))
    assert not [labels for labels in series["launch_gate_value"] if ("criterion", "absent") in labels]
    verdicts = [labels for labels, value in series["launch_gate_criterion_verdict"].items() if value == 1]
    assert sum(("criterion", "absent") in labels and ("verdict", "unknown") in labels for labels in verdicts) == 2


def test_a_range_has_both_of_its_bounds(review):
    """Lower and upper are told apart by a label."""
    found = _series(render(review, "prometheus"))["launch_gate_threshold"]
    bounds = {dict(labels)["bound"]: value for labels, value in found.items() if ("criterion", "window") in labels}
    assert bounds == {"lower": 0, "upper": 20}


def test_a_waiver_is_a_series_of_its_own_and_changes_no_verdict(review):
    """Its end can be alerted on."""
    series = _series(render(review, "prometheus"))
    ends = series["launch_waiver_expiry_timestamp_seconds"]
    assert ends == {(("gate", "sre-reliability"), ("target", "local")): 1796083200.0}
    verdict = (("gate", "sre-reliability"), ("priority", Priority.P1.value), ("target", "local"), ("verdict", "fail"))
    assert series["launch_gate_verdict"][verdict] == 1


def test_promtool_accepts_the_metrics(promtool, review, hostile):
    """Its one remark is about a name that counts weeks, which are no duration here."""
    for one in (review, hostile):
        report = msgspec.structs.replace(of_review(one), card=Card("2026-W48", "official", "the first", 2))
        text = FORMATS["prometheus"](report)
        done = subprocess.run([promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False)
        remarks = (done.stdout + done.stderr).decode().splitlines()
        assert remarks == ['launch_scorecard_consecutive_green_weeks use base unit "seconds" instead of "weeks"']
