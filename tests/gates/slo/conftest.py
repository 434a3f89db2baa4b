"""SLO documents to start from: one of a service that is not ours, written to a folder with its runbook."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gates.schema.entry import run
from gates.slo.cli import slo
from gates.slo.document import Slo, load_slos
from gates.slo.rules import Links, rule_bytes, rule_files

SHOP = """
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
  displayName: Checkout
  annotations:
    gonogo/owner: shop
    gonogo/runbook: checkout.md
    gonogo/job: shop
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 30d, isRolling: true}]
  indicator:
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'orders_total{job="shop",outcome="bad"}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'orders_total{job="shop"}'}}}
  objectives: [{target: "0.99"}]
"""


class Shop:
    """A folder with the document, which a test changes member by member, and the commands over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "checkout.yaml"
        (folder / "checkout.md").write_text("# Checkout\n", encoding="utf-8")
        self.raw = yaml.safe_load(SHOP)
        self.write()

    def write(self) -> None:
        """Write the document as it stands now."""
        self.path.write_text(yaml.safe_dump(self.raw, sort_keys=False), encoding="utf-8")

    def change(self, path: str, value: object) -> None:
        """Set one member, such as `spec.objectives.0.target`; None removes it."""
        *parents, last = path.split(".")
        place = self.raw
        for name in parents:
            place = place[int(name) if name.isdigit() else name]
        if value is None:
            del place[last]
        else:
            place[int(last) if last.isdigit() else last] = value
        self.write()

    def write_rules(self) -> Path:
        """Write the rules that the document makes, as `gonogo slo generate` does, and return their folder."""
        folder = self.folder / "rules"
        folder.mkdir(exist_ok=True)
        for name, file in rule_files([self.slo()], Links()).items():
            (folder / name).write_bytes(rule_bytes(file))
        return folder

    def slo(self) -> Slo:
        """The SLO of the document."""
        return load_slos(self.path)[0]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def gonogo() -> Callable[..., int]:
    """`gonogo slo` with these arguments; returns its exit code."""
    return lambda *arguments: run(slo, [str(one) for one in arguments])
