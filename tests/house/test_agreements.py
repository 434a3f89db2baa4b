"""Where two rooms must say the same without importing each other, a test holds them together."""

import ast
import functools
from pathlib import Path
from typing import get_args

import house_tree
import pytest

from gates.evidence.statement import EvidenceKind
from gates.schema.gate import Criterion
from gates.schema.gateset import load_gates
from gates.schema.ledger import EntryKind
from gates.schema.source import RegisterSource
from gates.schema.target import load_target
from gates.slo.document import SHIPPED, load_slos
from gates.slo.window import measure_name
from gateway import kinds
from gateway.routes import ROUTES

CRITERIA = [criterion for gate in load_gates() for criterion in gate.criteria]


def test_the_shipped_target_lets_in_whom_the_gateway_lets_in() -> None:
    """The roles in loadtests/targets/local.yaml are those of the gateway's route table, route by route."""
    authorization = load_target("local").target.authorization
    assert authorization is not None
    declared = {name: set(roles) for name, roles in authorization.roles.items()}
    assert declared == {route.name: set(route.callers) for route in ROUTES}


def test_the_ledger_format_has_the_kinds_of_the_gateways_journal() -> None:
    """A kind that only one of them knows would make the gateway's own ledger unreadable."""
    assert set(get_args(EntryKind)) == set(get_args(kinds.EntryKind))


@functools.cache
def written() -> set[str]:
    """Every string, struct field and keyword of the rooms: whatever can become a key of a document."""
    found: set[str] = set()
    for path in house_tree.room_modules():
        found |= {value for _, value in house_tree.strings(path)}
        for node in ast.walk(house_tree.tree(path)):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
            elif isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
    return found | {measure_name(slo) for slo in load_slos(*map(Path, SHIPPED))}  # each SLO document is a measure


@pytest.mark.parametrize("criterion", [item for item in CRITERIA if item.source.produced_by], ids=lambda criterion: criterion.id)
def test_what_a_gate_asks_of_our_tools_is_what_they_write(criterion: Criterion) -> None:
    """A criterion that names one of our commands asks for a kind of evidence that exists, and a measure that is written.

    One that reads a register has no evidence of a kind.
    """
    if isinstance(criterion.source, RegisterSource):
        return
    assert criterion.source.predicate_type in set(EvidenceKind)
    assert criterion.source.measure in written()


def test_what_no_tool_of_ours_leaves_is_a_kind_of_its_own() -> None:
    """A criterion without a command asks for a kind that none of our tools writes: it stays unknown, and is not half built."""
    silent = {item.source.predicate_type for item in CRITERIA if not item.source.produced_by}
    assert not silent & set(EvidenceKind)
