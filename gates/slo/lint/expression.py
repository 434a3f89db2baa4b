"""A PromQL expression as a tree: its nodes, its selectors, and the labels that its result has. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import promql_parser as promql

Labels = frozenset[str] | None
"""The labels of a result; None where they are not known."""
Known = Callable[[promql.VectorSelector], Labels]

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SETS = frozenset({"and", "or", "unless"})
RATES = frozenset({"rate", "irate", "increase"})
ABSENT = frozenset({"absent", "absent_over_time"})
_NO_LABELS = frozenset({"vector", "time", "scalar", "pi"})
_UNKNOWN = frozenset({"label_replace", "label_join"})
_KEEPS = frozenset({"topk", "bottomk"})


def nodes(tree: promql.Expr) -> Iterator[promql.Expr]:
    """Every node, the outermost first."""
    yield tree
    for child in children(tree):
        yield from nodes(child)


def children(tree: promql.Expr) -> list[promql.Expr]:
    """The expressions inside a node."""
    if isinstance(tree, promql.BinaryExpr):
        return [tree.lhs, tree.rhs]
    if isinstance(tree, promql.Call):
        return [one for one in tree.args if isinstance(one, promql.Expr)]
    if isinstance(tree, promql.AggregateExpr | promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr):
        return [tree.expr]
    return [tree.vector_selector] if isinstance(tree, promql.MatrixSelector) else []


def bare(tree: promql.Expr) -> promql.Expr:
    """The expression without the parentheses around it."""
    return bare(tree.expr) if isinstance(tree, promql.ParenExpr) else tree


def filters(tree: promql.Expr) -> bool:
    """Whether it leaves series out by their values, or shows that there are none."""
    tree = bare(tree)
    if isinstance(tree, promql.BinaryExpr):
        operator = str(tree.op)
        if operator in COMPARISONS:
            return tree.modifier is None or not tree.modifier.return_bool
        sides = [filters(tree.lhs), filters(tree.rhs)]
        return operator == "unless" or (all(sides) if operator == "or" else any(sides))
    if isinstance(tree, promql.Call) and tree.func.name in ABSENT:
        return True
    return any(map(filters, children(tree)))


def is_scalar(tree: promql.Expr) -> bool:
    """Whether it is one number without a series."""
    tree = bare(tree)
    if isinstance(tree, promql.NumberLiteral):
        return True
    if isinstance(tree, promql.BinaryExpr):
        return is_scalar(tree.lhs) and is_scalar(tree.rhs)
    return isinstance(tree, promql.Call) and str(tree.func.return_type).endswith("Scalar")


def labels_of(tree: promql.Expr, known: Known) -> Labels:
    """The labels of its result; `known` are those of what a selector selects."""
    tree = bare(tree)
    for kind, labels in _LABELS.items():
        if isinstance(tree, kind):
            return labels(tree, known)
    return None


def matched(tree: promql.BinaryExpr) -> tuple[bool, frozenset[str]] | None:
    """By what its sides are matched: (True, labels of `on`) or (False, labels of `ignoring`); None for all labels."""
    if tree.modifier is None or tree.modifier.matching is None:
        return None
    found = tree.modifier.matching
    return str(found.type).endswith("Include"), frozenset(found.labels)


def _binary(tree: promql.BinaryExpr, known: Known) -> Labels:
    if is_scalar(tree.rhs):
        return labels_of(tree.lhs, known)
    if is_scalar(tree.lhs):
        return labels_of(tree.rhs, known)
    left, right, operator = labels_of(tree.lhs, known), labels_of(tree.rhs, known), str(tree.op)
    if operator in SETS:
        return None if operator == "or" and left != right else left
    return _matched_labels(tree, left)


def _matched_labels(tree: promql.BinaryExpr, left: Labels) -> Labels:
    """The labels of an operation between two vectors."""
    by = matched(tree)
    if tree.modifier is not None and tree.modifier.group_labels is not None:
        return None
    if by is None or left is None:
        return left
    return by[1] if by[0] else left - by[1]


def _call(tree: promql.Call, known: Known) -> Labels:
    name = tree.func.name
    if name in _NO_LABELS:
        return frozenset()
    if name in _UNKNOWN or not tree.args:
        return None
    argument = bare(tree.args[-1] if name in ("histogram_quantile", "quantile_over_time") else tree.args[0])
    if name in ABSENT:
        selector = argument.vector_selector if isinstance(argument, promql.MatrixSelector) else argument
        if isinstance(selector, promql.VectorSelector):
            return frozenset(one.name for one in selector.matchers.matchers if str(one).startswith(f'{one.name}="'))
        return frozenset()
    labels = labels_of(argument, known)
    return labels - {"le"} if labels is not None and name == "histogram_quantile" else labels


def _aggregate(tree: promql.AggregateExpr, known: Known) -> Labels:
    if str(tree.op) in _KEEPS:
        return labels_of(tree.expr, known)
    if str(tree.op) == "count_values":
        return None
    if tree.modifier is None:
        return frozenset()
    names = frozenset(tree.modifier.labels)
    if str(tree.modifier.type).endswith("By"):
        return names
    inner = labels_of(tree.expr, known)
    return None if inner is None else inner - names


_LABELS: Mapping[type, Callable[[Any, Known], Labels]] = {
    promql.VectorSelector: lambda tree, known: known(tree),
    promql.MatrixSelector: lambda tree, known: known(tree.vector_selector),
    promql.SubqueryExpr: lambda tree, known: labels_of(tree.expr, known),
    promql.UnaryExpr: lambda tree, known: labels_of(tree.expr, known),
    promql.BinaryExpr: _binary,
    promql.Call: _call,
    promql.AggregateExpr: _aggregate,
}
