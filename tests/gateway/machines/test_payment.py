"""The payment machine, pair by pair."""

import itertools
import re

import pytest

import gateway
from gateway.machines.payment import (
    OPEN_STATES,
    REFUSALS,
    TRANSITIONS,
    UNFUNDED_STATES,
    Effect,
    Event,
    State,
    mermaid,
    transition,
)

EXPECTED = {
    (None, "reserve_denied"): ("denied", "none"),
    (None, "reserve_allowed"): ("reserved", "hold"),
    ("reserved", "settle_part"): ("partially_settled", "pay"),
    ("reserved", "settle_rest"): ("settled", "pay_and_release"),
    ("reserved", "reverse"): ("released", "release"),
    ("reserved", "expire"): ("expired", "release"),
    ("partially_settled", "settle_part"): ("partially_settled", "pay"),
    ("partially_settled", "settle_rest"): ("settled", "pay_and_release"),
    ("partially_settled", "reverse"): ("settled", "release"),
    ("partially_settled", "expire"): ("settled", "release"),
    ("settled", "reverse"): ("settled", "refund"),
    (None, "reserve_escalated"): ("approval_required", "none"),
    ("approval_required", "approve_part"): ("approval_required", "none"),
    ("approval_required", "approve_last"): ("reserved", "hold"),
    ("approval_required", "approve_denied"): ("denied", "none"),
    ("approval_required", "reject"): ("rejected", "none"),
    ("approval_required", "expire"): ("approval_expired", "none"),
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product([None, *State], Event)))
def test_every_pair_of_state_and_event_has_one_answer(state, event):
    """The machine agrees with the specification's table on all pairs, the refused ones too."""
    edge = transition(state, event)
    found = None if edge is None else (edge.next.value, edge.effect.value)
    assert found == EXPECTED.get((state.value if state else None, event.value))


def test_no_pair_has_two_edges():
    """A row that hides another would be a silent change of meaning."""
    assert len({(row.state, row.event) for row in TRANSITIONS}) == len(TRANSITIONS)


def test_every_state_without_an_edge_for_an_operation_has_a_refusal():
    """An operation that finds no edge has a code to answer with."""
    operations = (Event.SETTLE_PART, Event.SETTLE_REST, Event.REVERSE, Event.APPROVE_LAST, Event.REJECT)
    for state, event in itertools.product(State, operations):
        assert transition(state, event) is not None or state in REFUSALS


def test_money_only_leaves_open_holds_and_refunds_only_touch_settled_payments():
    """No effect that pays starts in a state that can hold nothing."""
    for row in TRANSITIONS:
        if row.effect in {Effect.PAY, Effect.PAY_AND_RELEASE, Effect.RELEASE}:
            assert row.state in OPEN_STATES
        if row.effect is Effect.REFUND:
            assert row.state is State.SETTLED


def test_the_database_knows_exactly_the_states_of_the_machine():
    """The CHECK list in the schema and the enum are the same list."""
    schema = (gateway.package_dir() / "store" / "schema.sql").read_text(encoding="utf-8")
    listed = re.search(r"state TEXT NOT NULL CHECK \(state IN \(([^)]*)\)\)", schema)
    assert listed is not None
    assert {item.strip(" '\n") for item in listed[1].split(",")} == {state.value for state in State}


def test_the_database_knows_the_states_in_which_nothing_was_authorized():
    """The amount authorized is nought in exactly these states, so that authorized = settled + released + open in all."""
    schema = (gateway.package_dir() / "store" / "schema.sql").read_text(encoding="utf-8")
    listed = re.search(r"authorized = CASE WHEN state IN \(([^)]*)\) THEN 0 ELSE requested END", schema)
    assert listed is not None
    assert {item.strip(" '\n") for item in listed[1].split(",")} == {state.value for state in UNFUNDED_STATES}


def test_the_diagram_draws_every_edge():
    """The documentation's picture cannot leave an edge out."""
    drawn = mermaid()
    assert all(f"{row.state or '[*]'} --> {row.next}: {row.event}" in drawn for row in TRANSITIONS)
