"""The runs of the week that failed are on the card, whatever a later run says."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from statements import reviewed
from weeks import Weeks

from gates.evidence.dsse import Signer
from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import Held
from gates.schema.gate import Gate
from gates.schema.outcome import Decision, Operator
from scorecards.build import BuildInputs, build
from scorecards.render import render_html
from scorecards.runs import run_lines
from scorecards.text import render_text

EARLIER = "2026-11-25T09:00:00.000Z"


def test_nine_red_storms_and_a_green_one_are_a_no_go_with_nine_lines(
    make_inputs: Callable[..., BuildInputs], green_gates: tuple[Gate, ...], green_evidence: list[Held], hold: Callable[..., Held]
) -> None:
    """What alone means NO GO stays a failure of the week; the card says how two people explain it, and says when they did."""
    load = green_evidence[1].statement.predicate.measures
    red = {**load, "double_settles": Measure("1", "count", 412)}
    storms = [hold(EvidenceKind.LOAD_RUN, red, at=EARLIER.replace("09:00", f"09:0{number}")) for number in range(9)]
    gates = tuple(_strict(gate) for gate in green_gates)
    inputs = make_inputs(gates=gates)
    card = build(inputs, [*green_evidence, *storms], None)
    assert card.spec.decision is Decision.NO_GO
    assert [line.count("A later run on this build does not undo it") for line in run_lines(card.spec)] == [1] * 9
    assert "gonogo scorecard explain-red" in render_text(card)
    assert "Runs of this week that failed or did not end" in render_html(card, "0" * 64).decode()
    explained = build(
        make_inputs(gates=gates, explained=tuple(storm.digest for storm in storms)), [*green_evidence, *storms], None
    )
    assert explained.spec.decision is Decision.GO
    assert all("two people signed an explanation" in line for line in run_lines(explained.spec))


def test_a_red_run_that_does_not_stop_a_launch_alone_is_listed(
    make_inputs: Callable[..., BuildInputs], green_gates: tuple[Gate, ...], green_evidence: list[Held], hold: Callable[..., Held]
) -> None:
    """It is shown, and decides nothing once a later run is green."""
    load = green_evidence[1].statement.predicate.measures
    slow = {**load, "reserve_latency": Measure("900", "ms", 412, statistic="p95 nearest-rank")}
    card = build(make_inputs(gates=green_gates), [*green_evidence, hold(EvidenceKind.LOAD_RUN, slow, at=EARLIER)], None)
    assert card.spec.decision is Decision.GO
    (line,) = run_lines(card.spec)
    assert "reserve-p95" in line
    assert "explain-red" not in line


def _strict(gate: Gate) -> Gate:
    criteria = tuple(
        msgspec.structs.replace(item, operator=Operator.LTE, threshold="0", automatic_no_go=True)
        if item.id == "double-settles"
        else item
        for item in gate.criteria
    )
    return msgspec.structs.replace(gate, criteria=criteria)


def test_a_run_that_left_no_statement_is_on_the_card(tmp_path: Path, signer: Signer, gates: tuple[Gate, ...]) -> None:
    """It was listed before it began, so ending it before it signs hides nothing; another target's is not this card's."""
    life = Weeks(tmp_path / "home", signer)
    store = life.store("2026-11-25T09:00:00Z")
    for target in ("local", "elsewhere"):
        store.begin_run(life.own, step="load-run", target=target, profile="smoke", seed=7)
    card, _ = life.judge(gates, reviewed("5f" * 32), "2026-11-26T12:05:00Z")
    (line,) = [text for text in run_lines(card.spec) if "left no statement" in text]
    assert line.startswith("The load-run that began on Wed 25 Nov")
    assert line.endswith("left no statement.")
