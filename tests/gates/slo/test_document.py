"""SLO documents: the subset of OpenSLO that is read, and every other member refused with its path."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gates.slo.document import load_slos

RATIO = "spec.indicator.spec.ratioMetric"
BAD = f"{RATIO}.bad.metricSource.spec.query"
# member -> (value, or None to remove it, what the message says)
REFUSED = {
    "another version": ("apiVersion", "openslo/v2alpha", "$.apiVersion: Invalid enum value 'openslo/v2alpha'; one of openslo/v1"),
    "another kind": ("kind", "DataSource", "$.kind: Invalid enum value"),
    "alert policies, which have one condition": ("spec.alertPolicies", [], "$.spec: unknown key 'alertPolicies'"),
    "time slices": ("spec.budgetingMethod", "Timeslices", "$.spec.budgetingMethod: Invalid enum value"),
    "a calendar window": ("spec.timeWindow.0.calendar", {}, "$.spec.timeWindow[0]: unknown key 'calendar'"),
    "a window that does not roll": ("spec.timeWindow.0.isRolling", False, "$.spec.timeWindow[0].isRolling: only true"),
    "another period": ("spec.timeWindow.0.duration", "90d", "one of 28d, 30d, 7d"),
    "a target in binary": ("spec.objectives.0.target", 0.9995, "target: a number is read in binary: write it in quotes"),
    "a target in per cent": ("spec.objectives.0.target", "99.95", "'99.95' is not a decimal above 0 and at most 1"),
    "a target of nothing": ("spec.objectives.0.target", "0.000", "'0.000' is not a decimal above 0"),
    "a target in other digits": ("spec.objectives.0.target", "0.٩", "is not a decimal"),
    "no objective": ("spec.objectives", [], "$.spec.objectives: 0 objectives: exactly one"),
    "a gauge": (f"{RATIO}.counter", False, "ratioMetric.counter: only true"),
    "a threshold metric": ("spec.indicator.spec.thresholdMetric", {}, "$.spec.indicator.spec: unknown key 'thresholdMetric'"),
    "neither bad nor good": (f"{RATIO}.bad", None, "ratioMetric: exactly one of bad and good"),
    "a query with a function": (BAD, 'sum(rate(orders_total{outcome="bad"}[5m]))', "is not a plain selector of a counter"),
    "a query in the past": (BAD, "orders_total offset 5m", "is not a plain selector of a counter"),
    "a query without a metric": (BAD, '{job="shop"}', "is not a plain selector of a counter"),
    "a query that is no PromQL": (BAD, "orders_total{", "is not PromQL"),
    "another source": (f"{RATIO}.bad.metricSource.type", "Datadog", "type: Invalid enum value 'Datadog'; one of Prometheus"),
    "no owner": (
        "metadata.annotations.gonogo/owner",
        None,
        "$.metadata.annotations: Object missing required field `gonogo/owner`",
    ),
    "an empty owner": ("metadata.annotations.gonogo/owner", " ", "gonogo/owner: is empty"),
    "no runbook": ("metadata.annotations.gonogo/runbook", "lost.md", "gonogo/runbook: 'lost.md': no such file"),
    "a runbook elsewhere": ("metadata.annotations.gonogo/runbook", "../x.md", "a runbook is a relative path without"),
    "a job that breaks out of its label": ("metadata.annotations.gonogo/job", 'a"} or vector(1)', "is not the name of a job"),
    "a guard of nothing": ("metadata.annotations.gonogo/min-bad-events", "0", "gonogo/min-bad-events: '0' is not a whole number"),
    "an annotation of ours that is none": ("metadata.annotations.gonogo/ownr", "x", "unknown key 'gonogo/ownr'"),
    "a name that breaks out of its label": ("metadata.name", 'a"', "$.metadata.name: 'a\"' is not lower-case words"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_part_of_the_subset_is_refused_with_its_path(case: str, shop, gonogo, capsys) -> None:
    """Exit 2, the file, the path inside it and what would be allowed; nothing is written."""
    member, value, message = REFUSED[case]
    shop.change(member, value)
    assert gonogo("generate", shop.path, "--out", shop.folder / "rules") == 2
    printed = capsys.readouterr().err
    assert f"{shop.path}: " in printed
    assert message in printed
    assert not (shop.folder / "rules").exists()


def test_every_fault_is_named_at_once(shop, gonogo, capsys) -> None:
    """Two wrong members are two lines."""
    shop.change("spec.objectives.0.target", "2")
    shop.change("metadata.annotations.gonogo/owner", "")
    assert gonogo("generate", shop.folder, "--out", shop.folder / "rules") == 2
    assert capsys.readouterr().err.count(str(shop.path)) == 2


def test_two_slos_of_one_name_are_refused(shop, gonogo, capsys) -> None:
    """Their recorded series would be the same."""
    (shop.folder / "again.yaml").write_bytes(shop.path.read_bytes())
    assert gonogo("generate", shop.folder, "--out", shop.folder / "rules") == 2
    assert "shop already has an SLO 'checkout'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_documents_is_refused(name: str, tmp_path: Path, gonogo: Callable[..., int], capsys) -> None:
    """No document is no SLO that is met."""
    (tmp_path / "empty").mkdir()
    assert gonogo("generate", tmp_path / name, "--out", tmp_path / "rules") == 2
    assert str(tmp_path / name) in capsys.readouterr().err


def test_the_shipped_documents_are_read_by_their_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`reference` are the SLOs of the launch plan, with its targets."""
    monkeypatch.chdir(tmp_path)
    assert {slo.name: slo.target for slo in load_slos(Path("reference"))} == {
        "availability": "0.9995",
        "decision_latency": "0.95",
        "first_paid_call": "0.99",
        "onboarding": "0.95",
        "rail": "0.99",
        "settle_latency": "0.99",
    }
    assert {slo.name: slo.target for slo in load_slos(Path("canary"))} == {"canary": "0.99", "receipt_verification": "0.999"}
