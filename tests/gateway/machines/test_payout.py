"""The payout machine, pair by pair, and the lists in the schema that must say the same."""

import re

import pytest

import gateway
from gateway.machines.payout import PAYOUT, PayoutEffect, PayoutState

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


@pytest.mark.parametrize(("state", "event"), list(PAYOUT.pairs()))
def test_every_pair_of_state_and_event_has_one_answer(state, event):
    """The machine agrees with the specification on all pairs, those without an edge too."""
    edge = PAYOUT.edge(state, event)
    found = None if edge is None else (edge.next.value, edge.effect.value)
    assert found == EXPECTED.get((state.value if state else None, event.value))


def test_a_final_state_is_never_left():
    """What is learnt later adds a reconciliation item, and changes no outcome."""
    assert PAYOUT.final == (PayoutState.SUCCEEDED, PayoutState.FAILED)


def test_an_outcome_that_is_not_known_moves_no_money():
    """Not knowing is no failure: what was set aside stays where it is."""
    for row in PAYOUT.rows:
        if row.next in (PayoutState.EXECUTING, PayoutState.UNKNOWN, PayoutState.MANUAL_REVIEW):
            assert row.effect is PayoutEffect.NONE


def test_the_database_allows_exactly_the_edges_of_the_machine():
    """The trigger's list of steps and the rows that change the state are the same list."""
    schema = (gateway.package_dir() / "store" / "schema.sql").read_text(encoding="utf-8")
    listed = re.search(r"OLD\.state \|\| ' ' \|\| NEW\.state NOT IN \(([^)]*)\)", schema)
    assert listed is not None
    steps = {tuple(item.strip(" '\n").split()) for item in listed[1].split(",")}
    assert steps == PAYOUT.steps
