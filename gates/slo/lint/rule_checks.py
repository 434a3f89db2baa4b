"""What is wrong with a rule by itself: each lint rule as a function over one placed rule. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import promql_parser as promql

from gates.schema.errors import UsageProblem
from gates.schema.time import parse_duration_s
from gates.slo.lint.exposition import Exposed
from gates.slo.lint.expression import (
    ABSENT,
    COMPARISONS,
    RATES,
    SETS,
    Labels,
    bare,
    filters,
    is_scalar,
    labels_of,
    matched,
    nodes,
)
from gates.slo.lint.finding import Finding
from gates.slo.lint.rule_files import Placed, recorded
from gates.slo.witness import selector_of

_OF_PROMETHEUS = ("up", "ALERTS", "ALERTS_FOR_STATE", "scrape_", "prometheus_")
_WATCHDOG = "watchdog"


class Scene(msgspec.Struct, frozen=True):
    """What rules are judged with: what is recorded and with which labels, what services expose (None: not known), scrapes."""

    recorded: Mapping[str, tuple[Placed, ...]]
    recorded_labels: Mapping[str, Labels]
    exposed: Exposed | None
    scrape_s: float

    def labels(self, selected: promql.VectorSelector) -> Labels:
        """The labels of what a selector selects."""
        name = selected.name or ""
        if name in self.recorded:
            return self.recorded_labels.get(name)
        return None if self.exposed is None else self.exposed.labels(name)


def make_scene(rules: Sequence[Placed], exposed: Exposed | None, scrape_s: float) -> Scene:
    """The scene of these rules; what is recorded from other recorded series is known once these are."""
    known, scene = recorded(rules), Scene(recorded(rules), {}, exposed, scrape_s)
    for _ in known:
        labels = {name: _recorded_labels(placed, scene) for name, placed in known.items()}
        if labels == scene.recorded_labels:
            break
        scene = Scene(known, labels, exposed, scrape_s)
    return scene


def _recorded_labels(rules: Sequence[Placed], scene: Scene) -> Labels:
    found: set[Labels] = set()
    for placed in rules:
        inner = labels_of(placed.tree, scene.labels) if isinstance(placed.tree, promql.Expr) else None
        found.add(None if inner is None else inner | frozenset(placed.rule.labels))
    return next(iter(found)) if len(found) == 1 else None


def check_rule(placed: Placed, scene: Scene) -> Iterator[Finding]:
    """Every finding about one rule."""
    if not isinstance(placed.tree, promql.Expr):
        yield Finding(placed.where, "not-promql", placed.fault)
        return
    for rule, check in _CHECKS.items():
        yield from (Finding(placed.where, rule, found) for found in check(placed, placed.tree, scene))


def _unknown_series(_: Placed, tree: promql.Expr, scene: Scene) -> Iterator[str]:
    if scene.exposed is None:
        return
    for node in nodes(tree):
        if not isinstance(node, promql.VectorSelector) or node.name is None or node.name in scene.recorded:
            continue
        if not node.name.startswith(_OF_PROMETHEUS) and (fault := scene.exposed.fault(selector_of(node))):
            yield fault


def _no_comparison(placed: Placed, tree: promql.Expr, _: Scene) -> Iterator[str]:
    if placed.rule.alert and placed.rule.labels.get("severity") != _WATCHDOG and not filters(tree):
        yield f"{placed.rule.expr}: compares nothing"


def _short_rate(_: Placed, tree: promql.Expr, scene: Scene) -> Iterator[str]:
    for call, argument in _rates(tree):
        if isinstance(argument, promql.MatrixSelector) and argument.range.total_seconds() < 4 * scene.scrape_s:
            window = promql.display_duration(argument.range)
            yield f"{call.func.name} over {window}, with a scrape every {scene.scrape_s:g} s"


def _rate_of_gauge(_: Placed, tree: promql.Expr, scene: Scene) -> Iterator[str]:
    for call, argument in _rates(tree):
        if isinstance(argument, promql.MatrixSelector) and scene.exposed is not None:
            name = argument.vector_selector.name or ""
            if scene.exposed.types.get(name) == "gauge" and name in scene.exposed.series:
                yield f"{call.func.name} of {name}, which is a gauge"


def _sum_then_rate(_: Placed, tree: promql.Expr, scene: Scene) -> Iterator[str]:
    for call, argument in _rates(tree):
        if isinstance(argument, promql.SubqueryExpr) and _sums(argument.expr):
            yield f"{call.func.name} of a sum"
        elif isinstance(argument, promql.MatrixSelector):
            name = argument.vector_selector.name or ""
            for placed in scene.recorded.get(name, ()):
                if isinstance(placed.tree, promql.Expr) and _sums(placed.tree):
                    yield f"{call.func.name} of {name}, which records a sum"


def _never_matches(_: Placed, tree: promql.Expr, scene: Scene) -> Iterator[str]:
    for node in nodes(tree):
        if not isinstance(node, promql.BinaryExpr) or str(node.op) == "or" or is_scalar(node.lhs) or is_scalar(node.rhs):
            continue
        left, right, by = labels_of(node.lhs, scene.labels), labels_of(node.rhs, scene.labels), matched(node)
        if left is None or right is None:
            continue
        only = (left ^ right) if by is None else ((left ^ right) & by[1] if by[0] else (left ^ right) - by[1])
        if only:
            how = str(node.op) if str(node.op) in SETS | COMPARISONS else f"operator {node.op}"
            yield f"`{how}`: only one side has the label {', '.join(sorted(only))}"


def _absent_without_for(placed: Placed, tree: promql.Expr, scene: Scene) -> Iterator[str]:
    calls = [node for node in nodes(tree) if isinstance(node, promql.Call) and node.func.name in ABSENT]
    if placed.rule.alert and calls and _seconds(placed.rule.for_) < 2 * scene.scrape_s:
        yield f"absent() for {placed.rule.for_}, with a scrape every {scene.scrape_s:g} s"


def _no_runbook(placed: Placed, _: promql.Expr, __: Scene) -> Iterator[str]:
    if placed.rule.alert and not placed.rule.annotations.get("runbook_url", "").strip():
        yield "no annotation runbook_url"


def _no_owner(placed: Placed, _: promql.Expr, __: Scene) -> Iterator[str]:
    if placed.rule.alert and not (placed.rule.annotations.get("owner") or placed.rule.labels.get("owner", "")).strip():
        yield "no annotation or label owner"


def _rates(tree: promql.Expr) -> Iterator[tuple[promql.Call, promql.Expr]]:
    for node in nodes(tree):
        if isinstance(node, promql.Call) and node.func.name in RATES and isinstance(node.args[0], promql.Expr):
            yield node, bare(node.args[0])


def _sums(tree: promql.Expr) -> bool:
    """Whether raw counters are summed in it: a sum of rates is right."""
    return any(
        isinstance(node, promql.AggregateExpr)
        and not any(isinstance(inner, promql.Call) and inner.func.name in RATES for inner in nodes(node.expr))
        for node in nodes(tree)
    )


def _seconds(duration: str) -> float:
    try:
        return promql.parse_duration(duration).total_seconds() if duration.strip("0") else 0.0
    except ValueError:
        return 0.0


def scrape_seconds(text: str) -> float:
    """The seconds between scrapes; raises UsageProblem for no duration, and for none at all."""
    seconds = parse_duration_s(text)
    if seconds <= 0:
        raise UsageProblem(f"{text!r} is no time between scrapes", next_step="give one such as 15s")
    return seconds


_CHECKS: Mapping[str, Callable[[Placed, promql.Expr, Scene], Iterator[str]]] = {
    "unknown-series": _unknown_series,
    "no-comparison": _no_comparison,
    "short-rate": _short_rate,
    "rate-of-gauge": _rate_of_gauge,
    "sum-then-rate": _sum_then_rate,
    "never-matches": _never_matches,
    "absent-without-for": _absent_without_for,
    "no-runbook": _no_runbook,
    "no-owner": _no_owner,
}
