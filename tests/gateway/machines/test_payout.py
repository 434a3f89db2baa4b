"""The payout machine, pair by pair, and the lists in the schema that must say the same."""

import itertools
import re

import pytest

import gateway
from gateway.machines.payout import (
    FINAL_STATES,
    PAYOUT_TRANSITIONS,
    PayoutEffect,
    PayoutEvent,
    PayoutState,
    payout_mermaid,
    payout_transition,
)

EXPECTED = {
    (None, "accept"): ("accepted", "set_aside"),
    ("accepted", "send"): ("executing", "none"),
    ("executing", "send"): ("executing", "none"),
    ("executing", "refuse_connection"): ("executing", "none"),
    ("executing", "succeed"): ("succeeded", "pay_out"),
    ("executing", "fail"): ("failed", "give_back"),
    ("executing", "lose"): ("unknown", "none"),
    ("unknown", "send"): ("unknown", "none"),
    ("unknown", "refuse_connection"): ("unknown", "none"),
    ("unknown", "lose"): ("unknown", "none"),
    ("unknown", "wait"): ("unknown", "none"),
    ("unknown", "succeed"): ("succeeded", "pay_out"),
    ("unknown", "fail"): ("failed", "give_back"),
    ("unknown", "give_up"): ("manual_review", "none"),
    ("manual_review", "review_succeeded"): ("succeeded", "pay_out"),
    ("manual_review", "review_failed"): ("failed", "give_back"),
    ("failed", "late_success"): ("failed", "suspend"),
    ("succeeded", "contradict"): ("succeeded", "none"),
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product([None, *PayoutState], PayoutEvent)))
def test_every_pair_of_state_and_event_has_one_answer(state, event):
    """The machine agrees with the specification on all pairs, those without an edge too."""
    edge = payout_transition(state, event)
    found = None if edge is None else (edge.next.value, edge.effect.value)
    assert found == EXPECTED.get((state.value if state else None, event.value))


def test_no_pair_has_two_edges():
    """A row that hides another would be a silent change of meaning."""
    assert len({(row.state, row.event) for row in PAYOUT_TRANSITIONS}) == len(PAYOUT_TRANSITIONS)


def test_a_final_state_is_never_left():
    """What is learnt later adds a reconciliation item, and changes no outcome."""
    assert all(row.next is row.state for row in PAYOUT_TRANSITIONS if row.state in FINAL_STATES)


def test_an_outcome_that_is_not_known_moves_no_money():
    """Not knowing is no failure: what was set aside stays where it is."""
    for row in PAYOUT_TRANSITIONS:
        if row.next in (PayoutState.EXECUTING, PayoutState.UNKNOWN, PayoutState.MANUAL_REVIEW):
            assert row.effect is PayoutEffect.NONE


def schema():
    """The schema's text."""
    return (gateway.package_dir() / "store" / "schema.sql").read_text(encoding="utf-8")


def test_the_database_knows_exactly_the_states_of_the_machine():
    """The CHECK list in the schema and the enum are the same list."""
    table = schema().partition("CREATE TABLE payouts")[2]
    listed = re.search(r"state TEXT NOT NULL CHECK \(state IN \(([^)]*)\)\)", table)
    assert listed is not None
    assert {item.strip(" '") for item in listed[1].split(",")} == {state.value for state in PayoutState}


def test_the_database_allows_exactly_the_edges_of_the_machine():
    """The trigger's list of steps and the rows that change the state are the same list."""
    listed = re.search(r"OLD\.state \|\| ' ' \|\| NEW\.state NOT IN \(([^)]*)\)", schema())
    assert listed is not None
    steps = {tuple(item.strip(" '\n").split()) for item in listed[1].split(",")}
    assert steps == {
        (row.state.value, row.next.value) for row in PAYOUT_TRANSITIONS if row.state is not None and row.state is not row.next
    }


def test_the_diagram_draws_every_edge():
    """The documentation's picture cannot leave an edge out."""
    drawn = payout_mermaid()
    assert all(f"{row.state or '[*]'} --> {row.next}: {row.event}" in drawn for row in PAYOUT_TRANSITIONS)
