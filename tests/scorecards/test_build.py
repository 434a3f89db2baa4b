"""The pure build: standing, counts, changes, actions, findings, waivers."""

from collections.abc import Callable

import msgspec
import pytest
from statements import reviewed

from gates.evidence.statement import EvidenceKind, Measure
from gates.evidence.store import Held
from gates.schema.gate import Gate
from gates.schema.outcome import Decision, Priority, UnknownReason
from gates.schema.waiver import Waiver
from scorecards.build import BuildInputs, build
from scorecards.render import render_html
from scorecards.schema import Scorecard, Standing
from scorecards.text import render_text
from scorecards.weekly import GateMove, PastWeek

Make = Callable[..., BuildInputs]


def test_the_same_inputs_in_any_order_give_the_same_scorecard(
    week_inputs: BuildInputs, evidence: list[Held], last_week: Scorecard, week: Scorecard
) -> None:
    """The order of the evidence does not matter."""
    assert build(week_inputs, reversed(evidence), last_week) == week


@pytest.mark.parametrize(
    ("replaced", "standing"),
    [
        ({}, Standing.OFFICIAL),
        ({"now": "2026-11-27T11:59:00.000Z"}, Standing.PREVIEW),
        ({"week": "2026-W47"}, Standing.PREVIEW),
        ({"week": "2026-W49"}, Standing.PREVIEW),
        ({"preview_because": "a draft"}, Standing.PREVIEW),
    ],
)
def test_only_the_first_evaluation_by_the_clock_after_the_cut_off_is_official(
    make_inputs: Make, evidence: list[Held], replaced: dict[str, object], standing: Standing
) -> None:
    """Before the cut-off, for another week, or as of a moment given by hand it stays a preview, and says why."""
    spec = build(make_inputs(**replaced), evidence, None).spec
    assert spec.standing is standing
    assert spec.standing_reason


def test_a_second_evaluation_after_the_cut_off_is_a_preview(make_inputs: Make, evidence: list[Held], past: PastWeek) -> None:
    """Once the week has its official verdict, later evaluations do not replace it."""
    own = msgspec.structs.replace(past, week="2026-W48")
    spec = build(make_inputs(history=(own,)), evidence, None).spec
    assert spec.standing is Standing.PREVIEW
    assert "has its official verdict, NO GO" in spec.standing_reason
    none = "No earlier week has an official scorecard to compare with."
    assert spec.changes.sentence == f"{none} The official one of 2026-W48 is NO GO, given Fri 20 Nov 2026, 12:01 UTC."
    assert build(make_inputs(), evidence, None).spec.changes.sentence == none


def test_a_week_of_green_evidence_is_a_go(make_inputs: Make, green_gates: tuple[Gate, ...], green_evidence: list[Held]) -> None:
    """Every gate passing gives GO, exit code 0 and nothing to do next; a warning makes it yellow."""
    spec = build(make_inputs(gates=green_gates), green_evidence, None).spec
    assert (spec.decision, spec.exit_code, spec.yellow) == (Decision.GO, 0, True)
    assert spec.sentence == "GO: all 3 P0 gates and 2 of 2 P1 gates pass, not all of them cleanly (with a warning: F)."
    assert spec.actions == ()
    assert spec.streak.length == 1


def test_a_p1_gate_cut_into_many_does_not_raise_the_share(
    make_inputs: Make, green_gates: tuple[Gate, ...], green_evidence: list[Held]
) -> None:
    """Last week's card holds this week to its gates: two P1 gates cut into ten parts that pass are none of the two."""
    before = build(make_inputs(gates=green_gates, week="2026-W47", now="2026-11-20T12:01:00.000Z"), [], None)
    p1 = [gate for gate in green_gates if gate.priority is Priority.P1]
    letters = iter("KLMNOPQRSTUVW")
    parts = tuple(
        msgspec.structs.replace(gate, id=f"{gate.id}-{number}", letter=next(letters)) for gate in p1 for number in range(5)
    )
    split = (*(gate for gate in green_gates if gate.priority is Priority.P0), *parts)
    spec = build(make_inputs(gates=split), green_evidence, before).spec
    assert build(make_inputs(gates=split), green_evidence, None).spec.decision is Decision.GO
    assert (spec.decision, spec.exit_code, spec.p1_ratio) == (Decision.NO_GO, 3, "0.00")
    assert spec.sentence == ("NO GO: every P0 gate passes, but only 0 of the 2 P1 gates of 2026-W47 do.")
    assert "0 of the 2 P1 gates of 2026-W47 pass; no longer in the gate set" in " ".join(spec.reasons)


def test_without_any_evidence_the_answer_is_no_go_with_exit_code_3(make_inputs: Make) -> None:
    """Nothing measured is nothing passed: every gate is unknown, and the sentence says that nothing failed."""
    spec = build(make_inputs(), [], None).spec
    assert (spec.decision, spec.exit_code) == (Decision.NO_GO, 3)
    assert spec.sentence == "NO GO: nothing failed, but 4 of 4 P0 gates could not be judged (A, B, C, E)."
    assert sum(count.unknown for count in spec.counts) == 8


def test_the_changes_name_what_is_red_fixed_and_loosened_since_last_week(week: Scorecard) -> None:
    """Newly red, fixed, still unknown and the lowered bar are told apart."""
    moves = {change.letter: change.move for change in week.spec.changes.gates}
    assert (moves["E"], moves["F"], moves["A"]) == (GateMove.NEWLY_RED, GateMove.FIXED, GateMove.STILL_UNKNOWN)
    assert "the bar was lowered (sre-reliability reserve-p95: loosened, threshold 250 -> 300)" in week.spec.changes.sentence


def test_the_next_actions_begin_with_what_fails_and_name_owner_and_command(week: Scorecard) -> None:
    """A failing P0 criterion comes first; what no command can measure says so; a lowered bar and an ending waiver are told."""
    first, *rest = week.spec.actions
    assert (first.priority, first.letter, first.owner, first.criteria) == (Priority.P0, "E", "security", ("secrets",))
    told = " ".join(action.do for action in rest)
    assert "No command measures this yet" in told
    assert "Make this measurable" in told
    assert "The bar was lowered since 2026-W47" in told
    assert "The waiver of the launch committee ends on Wed 2 Dec 2026" in told


def test_evidence_that_could_not_be_judged_says_why_next_to_its_command(
    make_inputs: Make, evidence: list[Held], hold: Callable[..., Held]
) -> None:
    """A drill whose rollback failed is repeated only after the service is back: the reason stands before the command."""
    why = "not measured, because the drill's rollback failed: see that the service runs well, then repeat the drill"
    nothing = Measure(None, "count", unknown=UnknownReason.MISSING, detail=why)
    card = build(make_inputs(), [evidence[0], hold(EvidenceKind.CRASH_DRILL, {"lost_settles": nothing})], None)
    (action,) = (action for action in card.spec.actions if action.command == "gonogo drill run crash")
    assert action.do.startswith(f"Collect evidence again ({why}): ")


def test_missing_evidence_names_the_command_that_leaves_it(make_inputs: Make) -> None:
    """Without evidence each probed criterion's action carries its command."""
    commands = {action.command for action in build(make_inputs(), [], None).spec.actions}
    assert {"gonogo gate probe secret-scan", "gonogo drill run crash", "gonogo load run smoke"} <= commands


def test_a_failing_criterion_shows_what_was_found(week: Scorecard) -> None:
    """The witness in the evidence's facts stands in the scorecard."""
    assert [(finding.criterion, finding.text) for finding in week.spec.findings] == [
        ("secrets", "storm/history.jsonl:88: expected no secret, found a bearer token")
    ]


def test_what_a_probe_skipped_is_named_where_it_makes_its_criterion_unknown(
    make_inputs: Make, evidence: list[Held], hold: Callable[..., Held]
) -> None:
    """The scan could not read one file: the card has its name and why, not only how many there were."""
    scan = {"findings": Measure("0", "count", 214, skipped=1)}
    unread = [{"measure": "findings", "where": "logs/old.gz", "why": "cannot be read: Permission denied"}]
    card = build(make_inputs(), [evidence[0], hold(EvidenceKind.SECRET_SCAN, scan, skipped=unread)], None)
    texts = [one.text for one in card.spec.findings if one.criterion == "secrets"]
    assert texts == ["skipped: logs/old.gz: cannot be read: Permission denied"]
    assert "logs/old.gz" in render_text(card)


def test_a_waiver_stands_beside_the_outcome_and_never_changes_it(week: Scorecard) -> None:
    """The waived gate is still unknown, and its waiver is listed as expiring."""
    gate = next(gate for gate in week.spec.gates if gate.id == "operator-controls")
    assert (gate.outcome.value, gate.waived) == ("unknown", True)
    assert [line.state for line in week.spec.waivers] == ["expiring"]


def test_a_waiver_of_a_gate_that_changed_is_over_and_the_card_says_so(
    make_inputs: Make, gates: tuple[Gate, ...], waiver: Waiver
) -> None:
    """In the list of waivers, in what to do next, in the text and on the page; the gate is not waived."""
    changed = tuple(msgspec.structs.replace(gate, owner="somebody else") if gate.id == waiver.gate else gate for gate in gates)
    card = build(make_inputs(gates=changed, waivers=(waiver,)), [], None)
    assert [line.state for line in card.spec.waivers] == ["changed"]
    assert not any(gate.waived for gate in card.spec.gates)
    assert any("The waiver of the launch committee ended when its gate changed" in action.do for action in card.spec.actions)
    assert "Waiver of operator-controls ended: its gate changed after it was signed." in render_text(card)
    assert b"ended: its gate changed" in render_html(card, "5f" * 32)


def test_the_scorecard_names_the_bytes_of_last_weeks(week: Scorecard, past: PastWeek) -> None:
    """The chain of scorecards is by sha256."""
    assert week.spec.inputs.previous is not None
    assert week.spec.inputs.previous.yaml_sha256 == past.yaml_sha256


def test_evidence_of_another_build_counts_for_nothing(make_inputs: Make, evidence: list[Held]) -> None:
    """The verdict on a new build does not rest on statements about the old one."""
    spec = build(make_inputs(reviewed={"local": reviewed("00" * 32)}), evidence, None).spec
    assert spec.exit_code == 3
    assert spec.evidence == ()


def test_a_drill_without_a_timeline_has_none_in_the_scorecard(make_inputs: Make, hold: Callable[..., Held]) -> None:
    """Facts of another shape are not an error."""
    odd = hold("urn:gonogo:evidence:crash-drill:v1", {}, timeline="none")
    assert build(make_inputs(), [odd], None).spec.timelines == ()
