"""Generated rules: golden files, exact numbers for every period, and promtool's own opinion.

GONOGO_UPDATE_GOLDEN=1 pytest tests/gates/slo/test_generate.py writes the golden files again.
"""

import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from gates.slo import promtool as tool
from gates.slo.document import load_slos
from gates.slo.rules import Links, rule_bytes, rule_files
from gates.slo.windows import burns, decimal_text

GOLDEN = Path(__file__).parent / "golden"
LINKS = Links("https://runbooks.example.org/", "https://grafana.example.org")


@pytest.mark.parametrize("name", ["gateway-availability.rules.yaml", "job-gateway.rules.yaml", "prometheus.rules.yaml"])
def test_the_shipped_documents_give_the_golden_rules(name: str) -> None:
    """Review happens on the difference."""
    made = rule_bytes(rule_files(load_slos(Path("reference")), LINKS)[name])
    if os.environ.get("GONOGO_UPDATE_GOLDEN"):
        (GOLDEN / name).write_bytes(made)
    assert (GOLDEN / name).read_bytes() == made


def test_promtool_accepts_everything_that_is_generated(promtool: str, tmp_path: Path, gonogo, capsys) -> None:
    """The shipped documents' rules, with all of its lints; the command prints the files."""
    assert promtool
    assert gonogo("generate", "--out", tmp_path / "rules") == 0
    files = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(files) == sorted((tmp_path / "rules").iterdir())
    assert len(files) == 8
    assert tool.check_rules(files) == ""


def test_promtool_refuses_a_rule_that_is_no_promql(promtool: str, tmp_path: Path, gonogo) -> None:
    """The check can say no."""
    assert gonogo("generate", "--out", tmp_path) == 0
    broken = tmp_path / "prometheus.rules.yaml"
    broken.write_text(broken.read_text(encoding="utf-8").replace("vector(1)", "vector(1"), encoding="utf-8")
    assert "could not parse expression" in tool.check_rules([broken])


# target, period -> the thresholds of the four pairs, as written, and the factors in their labels (reference: slo.md 3)
NUMBERS = {
    ("0.9995", "30d"): (("0.0072", "0.003", "0.0015", "0.0005"), ("14.4", "6", "3", "1")),
    ("0.999", "30d"): (("0.0144", "0.006", "0.003", "0.001"), ("14.4", "6", "3", "1")),
    ("0.99", "28d"): (("0.1344", "0.056", "0.028", "0.00933333333333"), ("13.44", "5.6", "2.8", "0.933")),
    ("0.95", "7d"): (("0.168", "0.07", "0.035", "0.0116666666666"), ("3.36", "1.4", "0.7", "0.233")),
    ("1", "30d"): (("0", "0", "0", "0"), ("14.4", "6", "3", "1")),
}


@pytest.mark.parametrize(("target", "period"), NUMBERS)
def test_factors_and_thresholds_are_exact_decimals(target: str, period: str, shop) -> None:
    """Share x period / long; a threshold that no decimal is equal to is rounded down, so that no alert is late."""
    found = burns(msgspec.structs.replace(shop.slo(), target=target, period=period))
    assert tuple(decimal_text(burn.threshold) for burn in found) == NUMBERS[target, period][0]
    assert tuple(burn.label for burn in found) == NUMBERS[target, period][1]


# target -> the minutes of a total outage after which each pair fires (reference: slo.md 3, measured)
FIRES = {"0.9995": (1, 2, 3, 3), "0.999": (1, 3, 5, 5), "0.99": (9, 22, 44, 44), "0.95": (44, 109, 217, 217)}


@pytest.mark.parametrize("target", FIRES)
def test_each_pair_fires_in_the_minute_that_its_threshold_is_exceeded(target: str, shop) -> None:
    """Factor x (1 - target) x long, and the first whole minute beyond it."""
    found = burns(msgspec.structs.replace(shop.slo(), target=target))
    assert tuple(burn.first_minute for burn in found) == FIRES[target]
    assert found[0].exact_minutes == Fraction("14.4") * Fraction(1 - Decimal(target)) * 60


def test_a_pair_that_cannot_fire_is_left_out_and_named(shop, gonogo, capsys) -> None:
    """With a target of 90 % everything may fail and the burn is 10: an alert at 14.4 would only look like one."""
    shop.change("spec.objectives.0.target", "0.9")
    assert gonogo("generate", shop.path, "--out", shop.folder / "rules") == 0
    rules = (shop.folder / "rules/shop-checkout.rules.yaml").read_text(encoding="utf-8")
    assert "burn: '6'" in rules
    assert "14.4" not in rules
    assert "checkout: no alert at 14.4 times the budget" in capsys.readouterr().err


def test_metric_names_come_from_the_document(shop) -> None:
    """Nothing of the reference gateway is in another service's rules."""
    for file in rule_files([shop.slo()], Links()).values():
        assert b"gateway" not in rule_bytes(file).replace(rule_bytes(file).splitlines()[0], b"")


def test_good_events_are_subtracted_from_all(shop) -> None:
    """A document may count good events: bad are the rest, never fewer than none."""
    ratio = shop.raw["spec"]["indicator"]["spec"]["ratioMetric"]
    ratio["good"] = ratio.pop("bad")
    shop.write()
    text = rule_bytes(rule_files([shop.slo()], Links())["shop-checkout.rules.yaml"]).decode()
    good = 'orders_total{job="shop",outcome="bad"}'
    assert f'clamp_min(sum(rate(orders_total{{job="shop"}}[5m])) - sum(rate({good}[5m])), 0)' in " ".join(text.split())


def test_rules_of_other_documents_in_the_folder_are_refused(shop, gonogo, capsys) -> None:
    """A server would load them too: an SLO that was renamed would go on alerting under its old name."""
    rules = shop.folder / "rules"
    assert gonogo("generate", shop.path, "--out", rules) == 0
    shop.change("metadata.name", "orders")
    assert gonogo("generate", shop.path, "--out", rules) == 2
    assert "shop-checkout.rules.yaml: these documents do not make this file" in capsys.readouterr().err


def test_links_lead_to_where_runbooks_and_dashboards_are_served(shop, gonogo) -> None:
    """With addresses alerts carry them; an https runbook stays as it is."""
    rules = shop.folder / "rules"
    assert (
        gonogo("generate", shop.path, "--out", rules, "--runbooks", "https://r.example/", "--dashboards", "https://g.example")
        == 0
    )
    text = (rules / "shop-checkout.rules.yaml").read_text(encoding="utf-8")
    assert "runbook_url: https://r.example/checkout.md" in text
    assert "dashboard_url: https://g.example/d/gonogo-shop" in text
    shop.change("metadata.annotations.gonogo/runbook", "https://wiki.example.org/checkout")
    assert (
        "runbook_url: https://wiki.example.org/checkout"
        in rule_bytes(rule_files([shop.slo()], LINKS)["shop-checkout.rules.yaml"]).decode()
    )
