"""SLOs of a small shop over a week, a real Prometheus with that week, and the commands that measure and judge it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from loopback import serving
from other_tools import TARGET, Service
from real_prometheus import DAY_S, HOUR_S, NOBODY, STEP_S, Past, counted, running, write_past

from gates.schema.entry import run
from gates.schema.time import system_clock
from scorecards.cli import gonogo

DOCUMENT = """
apiVersion: openslo/v1
kind: SLO
metadata:
  name: NAME
  annotations: {gonogo/owner: shop, gonogo/runbook: "https://example.org/shop", gonogo/job: shop}
spec:
  service: shop
  budgetingMethod: Occurrences
  timeWindow: [{duration: 7d, isRolling: true}]
  indicator:
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'orders_total{job="shop",flow="NAME",outcome="bad"}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'orders_total{job="shop",flow="NAME"}'}}}
  objectives: [{target: "0.99"}]
"""
RULES = "rules"
Rate = Callable[[int], float]


def write_document(folder: Path, name: str, **changes: object) -> Path:
    """An SLO of the shop about one flow; changes are members of its `spec`."""
    raw = yaml.safe_load(DOCUMENT.replace("NAME", name))
    raw["spec"] |= changes
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    return path


def flow(name: str, good: Rate, bad: Rate, begin: int, end: int) -> list[Past]:
    """The two counters of one flow, by their rates a step."""
    labels = f'job="shop",instance="one",flow="{name}"'
    return [
        Past(f'orders_total{{{labels},outcome="{outcome}"}}', counted(rate, begin, end))
        for outcome, rate in (("good", good), ("bad", bad))
    ]


def up(begin: int, end: int, *, down: range = range(0)) -> Past:
    """That the shop was scraped each step, and that the scrapes in `down` failed."""
    inside = range(begin, end, STEP_S)
    return Past('up{job="shop",instance="one"}', lambda at: None if at not in inside else float(at not in down), "gauge")


def this_week() -> tuple[int, int]:
    """A little more than the last seven days, in whole steps."""
    end = int(system_clock().timestamp()) // STEP_S * STEP_S
    return end - 7 * DAY_S - HOUR_S, end


class WatchedShop:
    """A folder with a target file, SLO documents and gates; `url` is its Prometheus. The target file names both."""

    def __init__(self, folder: Path, service: str, url: str) -> None:
        self.folder, self.url = folder, url
        documents = [path.name for path in sorted(folder.glob("*.yaml")) if "kind: SLO\n" in path.read_text(encoding="utf-8")]
        raw = yaml.safe_load(TARGET.replace("BASE_URL", service))
        raw["spec"] |= {"prometheus": url, "slos": documents}
        (folder / "shop.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")

    def measure(self, *names: str, options: tuple[object, ...] = ()) -> list[str]:
        """The arguments of `gonogo` that measure the SLOs of these names."""
        paths = [self.folder / f"{name}.yaml" for name in names]
        return [str(one) for one in ("slo", "measure", *paths, "--target", self.target, "--prometheus", self.url, *options)]

    def rules_without_alerts(self) -> Path:
        """The generated rules, from which somebody took the burn-rate alerts."""
        folder = self.folder / "edited"
        folder.mkdir(exist_ok=True)
        for path in (self.folder / RULES).glob("*.rules.yaml"):
            raw = yaml.safe_load(path.read_text(encoding="utf-8"))
            for group in raw["groups"]:
                group["rules"] = [rule for rule in group["rules"] if rule.get("alert") != "ErrorBudgetBurn"]
            (folder / path.name).write_text(yaml.safe_dump(raw), encoding="utf-8")
        return folder

    @property
    def target(self) -> Path:
        """The target file."""
        return self.folder / "shop.yaml"

    def measured(self, capsys, *names: str) -> tuple[int, dict[str, dict]]:
        """The exit code, and the measures by their names."""
        code = run(gonogo, self.measure(*names, options=("--format", "json")))
        shown = capsys.readouterr()
        assert shown.out, shown.err
        return code, json.loads(shown.out)["measures"]

    def gate(self, measure: str, threshold: str = "0.99") -> Path:
        """A file with a gate of one criterion, which reads a measure of the window."""
        source = {"adapter": "evidence", "predicate_type": "urn:gonogo:evidence:slo-window:v2", "measure": measure}
        criterion = {"id": "one", "title": "One", "source": source, "unit": "ratio", "operator": "gte", "threshold": threshold}
        members = {"title": "Service", "owner": "sre", "question": "Is it up?", "runbook": "https://example.org/shop"}
        gates = [{"id": "service", "priority": "P0", **members, "criteria": [criterion]}]
        document = {"apiVersion": "gonogo/v1", "kind": "GateSet", "metadata": {"name": "mine"}, "spec": {"gates": gates}}
        path = self.folder / "gates.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return path


@contextmanager
def watched_shop(
    folder: Path, past: list[Past], span: tuple[int, int], *, kept: str = "60d", rules: bool = False
) -> Iterator[WatchedShop]:
    """The shop with this past, until the block ends; with `rules`, those that the documents in the folder make are loaded."""
    folder.mkdir(exist_ok=True)
    write_past(folder, past, *span)
    loaded = folder / RULES if rules else None
    if loaded is not None:
        documents = [str(path) for path in sorted(folder.glob("*.yaml"))]
        assert run(gonogo, ["slo", "generate", *documents, "--out", str(loaded)]) == 0
    with serving(Service()) as service, running(folder, {"shop": NOBODY}, kept=kept, rules=loaded) as url:
        yield WatchedShop(folder, service, url)
