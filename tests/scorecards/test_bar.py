"""The bar: which change of a gate set lowers it."""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from statements import reviewed

from gates.decide import decide
from gates.schema.gate import EvidenceSource, Gate
from gates.schema.outcome import Priority
from gates.schema.time import parse_utc
from gates.schema.verdict import GateVerdict
from scorecards.bar import _requirements, bar_sha256, compare_bars
from scorecards.weekly import BarEffect

NOW = parse_utc("2026-11-27T12:05:00Z")
Judge = Callable[[Sequence[Gate]], tuple[GateVerdict, ...]]


@pytest.fixture
def judge() -> Judge:
    return lambda gates: decide(gates, [], {"local": reviewed("5f" * 32)}, NOW).gates


def changed(gates: Sequence[Gate], criterion_id: str, **replaced: object) -> list[Gate]:
    found = []
    for gate in gates:
        criteria = tuple(msgspec.structs.replace(item, **replaced) if item.id == criterion_id else item for item in gate.criteria)
        found.append(msgspec.structs.replace(gate, criteria=criteria))
    return found


ROWS = [
    ("reserve-p95", {"threshold": "400"}, BarEffect.LOOSENED),
    ("reserve-p95", {"threshold": "200"}, BarEffect.TIGHTENED),
    ("reserve-p95", {"warn_threshold": None}, BarEffect.LOOSENED),
    ("reserve-p95", {"min_samples": 5}, BarEffect.LOOSENED),
    ("reserve-p95", {"statistic": "mean"}, BarEffect.CHANGED),
    ("availability", {"threshold": "0.9"}, BarEffect.LOOSENED),
    ("availability", {"threshold": "0.999"}, BarEffect.TIGHTENED),
    ("availability", {"confidence": None}, BarEffect.LOOSENED),
    ("availability", {"confidence": "0.99"}, BarEffect.TIGHTENED),
    ("double-settles", {"threshold": "3"}, BarEffect.CHANGED),
    ("double-settles", {"automatic_no_go": False}, BarEffect.LOOSENED),
    ("lost-settles", {"max_age": "30d"}, BarEffect.LOOSENED),
    ("lost-settles", {"max_age": "1d"}, BarEffect.TIGHTENED),
    ("double-settles", {"on_no_data": "fail"}, BarEffect.TIGHTENED),
    ("double-settles", {"exhaustive": True}, BarEffect.LOOSENED),
    ("double-settles", {"source": EvidenceSource("urn:gonogo:evidence:load-run:v2", "other")}, BarEffect.CHANGED),
]


@pytest.mark.parametrize(("criterion", "replaced", "effect"), ROWS)
def test_each_way_to_move_a_criterion_is_told_for_what_it_is(
    gates: tuple[Gate, ...], judge: Judge, criterion: str, replaced: dict[str, object], effect: BarEffect
) -> None:
    """One row of the table is one change, with its effect, and another digest of the bar."""
    before, after = judge(gates), judge(changed(gates, criterion, **replaced))
    assert [change.effect for change in compare_bars(before, after)] == [effect]
    assert bar_sha256(before) != bar_sha256(after)


def test_a_removed_gate_and_a_removed_criterion_are_findings(gates: tuple[Gate, ...], judge: Judge) -> None:
    """What is gone is told first, with its name."""
    fewer = [gate for gate in gates if gate.id != "security-baseline"]
    shorter = [msgspec.structs.replace(gate, criteria=gate.criteria[:1]) if gate.letter == "C" else gate for gate in fewer]
    found = [(change.gate, change.criterion) for change in compare_bars(judge(gates), judge(shorter))]
    assert ("security-baseline", None) in found
    assert ("financial-integrity", "rail-book") in found


def test_a_gate_that_is_counted_less_is_loosened(gates: tuple[Gate, ...], judge: Judge) -> None:
    """From P0 to P1 is loosened, back again is tightened."""
    less = [msgspec.structs.replace(gate, priority=Priority.P1) if gate.letter == "E" else gate for gate in gates]
    assert [change.effect for change in compare_bars(judge(gates), judge(less))] == [BarEffect.LOOSENED]
    assert [change.effect for change in compare_bars(judge(less), judge(gates))] == [BarEffect.TIGHTENED]


def test_words_and_owners_may_change_under_the_same_bar(gates: tuple[Gate, ...], judge: Judge) -> None:
    """A new title, owner or runbook is not another bar."""
    reworded = [msgspec.structs.replace(gate, owner="somebody else", title="Another title") for gate in gates]
    assert compare_bars(judge(gates), judge(reworded)) == ()
    assert bar_sha256(judge(gates)) == bar_sha256(judge(reworded))


def test_every_member_of_a_criterion_but_its_name_and_its_producer_is_part_of_the_bar(
    gates: tuple[Gate, ...], judge: Judge
) -> None:
    """A member that is added to Criterion tomorrow moves the bar's digest without a line in this room."""
    criterion = gates[0].criteria[0]
    asked = set(msgspec.structs.asdict(criterion)) | set(msgspec.structs.asdict(criterion.source))
    assert set(_requirements(criterion)) == {*asked, "adapter"} - {"title", "source", "produced_by"}
    renamed = changed(
        gates,
        criterion.id,
        title="Another title",
        source=msgspec.structs.replace(criterion.source, produced_by="another command"),
    )
    assert bar_sha256(judge(renamed)) == bar_sha256(judge(gates))
