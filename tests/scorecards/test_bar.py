"""The bar: what belongs to it, and which change of it lowers it."""

from collections.abc import Callable, Sequence

import msgspec
import pytest
from statements import reviewed

from gates.decide import decide
from gates.schema.gate import EvidenceSource, Gate
from gates.schema.outcome import Operator, Priority
from gates.schema.target import Target, load_target
from gates.schema.time import parse_utc
from gates.schema.verdict import GateVerdict
from scorecards.bar import BarParts, bar_sha256, requirements, target_bar_sha256
from scorecards.bar_changes import compare_bars, compare_parts, describe, move_of
from scorecards.weekly import BarEffect, BarMove

NOW = parse_utc("2026-11-27T12:05:00Z")
PARTS = BarParts("t" * 64, "p" * 64, "f" * 64)
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
    ("double-settles", {"needs": {"in_flight_together": 50}}, BarEffect.TIGHTENED),
    ("double-settles", {"cohort": "external"}, BarEffect.TIGHTENED),
    ("double-settles", {"unit": "stars"}, BarEffect.CHANGED),
    ("double-settles", {"operator": Operator.LTE}, BarEffect.CHANGED),
    ("double-settles", {"source": EvidenceSource("urn:gonogo:evidence:load-run:v2", "other")}, BarEffect.CHANGED),
]


@pytest.mark.parametrize(("criterion", "replaced", "effect"), ROWS)
def test_each_way_to_move_a_criterion_is_told_for_what_it_is(
    gates: tuple[Gate, ...], judge: Judge, criterion: str, replaced: dict[str, object], effect: BarEffect
) -> None:
    """One row of the table is one change, with its effect, and another digest of the bar."""
    before, after = judge(gates), judge(changed(gates, criterion, **replaced))
    assert [change.effect for change in compare_bars(before, after)] == [effect]
    assert bar_sha256(before, PARTS) != bar_sha256(after, PARTS)


BACK = [
    ({"needs": {"a": 5}}, {"needs": {"a": 4}}, BarEffect.LOOSENED),
    ({"needs": {"a": 5}}, {"needs": {}}, BarEffect.LOOSENED),
    ({"needs": {"a": 5}}, {"needs": {"b": 5}}, BarEffect.CHANGED),
    ({"cohort": "external"}, {"cohort": None}, BarEffect.LOOSENED),
    ({"cohort": "external"}, {"cohort": "simulated"}, BarEffect.CHANGED),
    ({"on_no_data": "fail"}, {"on_no_data": "unknown"}, BarEffect.LOOSENED),
    ({"upper": "2", "operator": Operator.BETWEEN}, {"upper": "3", "operator": Operator.BETWEEN}, BarEffect.LOOSENED),
]


@pytest.mark.parametrize(("before", "after", "effect"), BACK)
def test_each_way_to_loosen_what_was_once_required(
    gates: tuple[Gate, ...], judge: Judge, before: dict[str, object], after: dict[str, object], effect: BarEffect
) -> None:
    """One row is a criterion before and after."""
    old, new = (judge(changed(gates, "double-settles", **replaced)) for replaced in (before, after))
    assert [change.effect for change in compare_bars(old, new)] == [effect]


@pytest.mark.parametrize(
    ("criterion", "written", "rewritten"),
    [
        ("lost-settles", {"max_age": "7d"}, {"max_age": "168h"}),
        ("lost-settles", {"max_age": "1s"}, {"max_age": "1000ms"}),
        ("double-settles", {"threshold": "0"}, {"threshold": "0.0"}),
        ("reserve-p95", {"threshold": "300"}, {"threshold": "3e2"}),
        ("availability", {"confidence": "0.95"}, {"confidence": "0.950"}),
        ("double-settles", {"needs": {"a": 1, "b": 2}}, {"needs": {"b": 2, "a": 1}}),
    ],
)
def test_the_same_value_written_otherwise_is_the_same_bar(
    gates: tuple[Gate, ...], judge: Judge, criterion: str, written: dict[str, object], rewritten: dict[str, object]
) -> None:
    """7d is 168h, 0 is 0.0: neither lowered nor raised, and no other digest."""
    one, other = (judge(changed(gates, criterion, **replaced)) for replaced in (written, rewritten))
    assert compare_bars(one, other) == ()
    assert bar_sha256(one, PARTS) == bar_sha256(other, PARTS)


def test_a_gate_that_can_be_waived_requires_less(gates: tuple[Gate, ...], judge: Judge) -> None:
    """`waivable` set to true is loosened, back again is tightened, and both are another bar."""
    before = [msgspec.structs.replace(gate, waivable=False) for gate in gates]
    after = [msgspec.structs.replace(gate, waivable=gate.letter == "F") for gate in before]
    (change,) = compare_bars(judge(before), judge(after))
    assert (change.effect, describe(change)) == (BarEffect.LOOSENED, "sre-reliability: loosened, waivable false -> true")
    assert [change.effect for change in compare_bars(judge(after), judge(before))] == [BarEffect.TIGHTENED]
    assert bar_sha256(judge(before), PARTS) != bar_sha256(judge(after), PARTS)


@pytest.mark.parametrize("part", ["target", "profile", "tables"])
def test_another_target_profile_or_table_is_another_bar_that_cannot_be_compared(gates: tuple[Gate, ...], part: str) -> None:
    """The gates are the same, and what their evidence is collected with is not."""
    other = msgspec.structs.replace(PARTS, **{part: "x" * 64})
    (change,) = compare_parts(PARTS, other)
    assert (change.effect, change.gate) == (BarEffect.CHANGED, None)
    assert ": changed, " in describe(change)
    assert bar_sha256(gates, PARTS) != bar_sha256(gates, other)
    assert compare_parts(PARTS, PARTS) == ()


TARGET = load_target("local").target
SETTLE = TARGET.operations["settle"]


@pytest.mark.parametrize(
    "replaced",
    [
        {"operations": {**TARGET.operations, "settle": msgspec.structs.replace(SETTLE, success=(200, 409))}},
        {"operations": {**TARGET.operations, "settle": msgspec.structs.replace(SETTLE, path="/v1/health")}},
        {"operations": {name: item for name, item in TARGET.operations.items() if name != "reverse"}},
        {"retry": msgspec.structs.replace(TARGET.retry, statuses=(503,))},
        {"audit": msgspec.structs.replace(TARGET.audit, ledger=None)},
        {"authorization": None},
        {"idempotency_header": "X-Key"},
        {"currency": "EUR"},
        {"build": None},
    ],
    ids=lambda replaced: next(iter(replaced)),
)
def test_what_a_target_file_requires_is_in_the_digest(replaced: dict[str, object]) -> None:
    """One row changes a rule."""
    assert target_bar_sha256(msgspec.structs.replace(TARGET, **replaced)) != target_bar_sha256(TARGET)


@pytest.mark.parametrize(
    "replaced",
    [
        {"base_url": "https://pay.example"},
        {"credentials": {"agent": "Bearer x"}},
        {"variables": {"wallet": "w-1"}},
        {"process": None},
        {"retry": msgspec.structs.replace(TARGET.retry, statuses=tuple(reversed(TARGET.retry.statuses)))},
    ],
    ids=lambda replaced: next(iter(replaced)),
)
def test_where_a_service_is_and_how_it_is_started_is_not_in_the_digest(replaced: dict[str, object]) -> None:
    """One row changes an address, a credential, or an order that means nothing."""
    assert target_bar_sha256(msgspec.structs.replace(TARGET, **replaced)) == target_bar_sha256(TARGET)


def test_a_number_in_a_body_may_be_any_that_json_has() -> None:
    """A fraction is neither refused nor mistaken for its text."""
    bodies = [{"amount": 1.5}, {"amount": "1.5"}, {"amount": 2}]
    found = {target_bar_sha256(_with_body(body)) for body in bodies}
    assert len(found) == len(bodies)


def _with_body(body: dict[str, object]) -> Target:
    operations = {**TARGET.operations, "settle": msgspec.structs.replace(SETTLE, body=body)}
    return msgspec.structs.replace(TARGET, operations=operations)


def test_what_lowers_the_bar_is_not_outweighed_by_what_raises_it(gates: tuple[Gate, ...], judge: Judge) -> None:
    """Loosened wins over changed, changed over tightened."""
    tighter = changed(gates, "reserve-p95", threshold="200")
    both = changed(tighter, "availability", threshold="0.9")
    before = judge(gates)
    assert move_of(compare_bars(before, before)) is BarMove.SAME
    assert move_of(compare_bars(before, judge(tighter))) is BarMove.TIGHTENED
    assert move_of(compare_bars(before, judge(both))) is BarMove.LOOSENED
    assert move_of([*compare_bars(before, judge(tighter)), *compare_parts(PARTS, BarParts())]) is BarMove.CHANGED


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
    assert bar_sha256(judge(gates), PARTS) == bar_sha256(judge(reworded), PARTS)


def test_a_gate_requires_the_same_by_its_document_and_by_its_verdict(gates: tuple[Gate, ...], judge: Judge) -> None:
    """So that a gate file can be held against last week's scorecard."""
    assert compare_bars(judge(gates), gates) == ()
    assert bar_sha256(gates, PARTS) == bar_sha256(judge(gates), PARTS)


def test_every_member_of_a_criterion_but_its_name_and_its_producer_is_part_of_the_bar(
    gates: tuple[Gate, ...], judge: Judge
) -> None:
    """A member that is added to Criterion tomorrow moves the bar's digest without a line in this room."""
    criterion = gates[0].criteria[0]
    asked = set(msgspec.structs.asdict(criterion)) | set(msgspec.structs.asdict(criterion.source))
    assert set(requirements(criterion)) == {*asked, "adapter"} - {"title", "source", "produced_by"}
    renamed = changed(
        gates,
        criterion.id,
        title="Another title",
        source=msgspec.structs.replace(criterion.source, produced_by="another command"),
    )
    assert bar_sha256(judge(renamed), PARTS) == bar_sha256(judge(gates), PARTS)
