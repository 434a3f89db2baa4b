"""The payment machine, pair by pair."""

import itertools
import re

import pytest

import gateway
from gateway.machines.machine import check_list
from gateway.machines.payment import (
    OPEN_STATES,
    PAYMENT,
    REFUSALS,
    UNFUNDED_STATES,
    PaymentEffect,
    PaymentEvent,
    PaymentState,
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


@pytest.mark.parametrize(("state", "event"), list(PAYMENT.pairs()))
def test_every_pair_of_state_and_event_has_one_answer(state, event):
    """The machine agrees with the specification's table on all pairs, the refused ones too."""
    edge = PAYMENT.edge(state, event)
    found = None if edge is None else (edge.next.value, edge.effect.value)
    assert found == EXPECTED.get((state.value if state else None, event.value))


def test_every_state_without_an_edge_for_an_operation_has_a_refusal():
    """An operation that finds no edge has a code to answer with."""
    operations = (
        PaymentEvent.SETTLE_PART,
        PaymentEvent.SETTLE_REST,
        PaymentEvent.REVERSE,
        PaymentEvent.APPROVE_LAST,
        PaymentEvent.REJECT,
    )
    for state, event in itertools.product(PaymentState, operations):
        assert PAYMENT.edge(state, event) is not None or state in REFUSALS


def test_money_only_leaves_open_holds_and_refunds_only_touch_settled_payments():
    """No effect that pays starts in a state that can hold nothing."""
    for row in PAYMENT.rows:
        if row.effect in {PaymentEffect.PAY, PaymentEffect.PAY_AND_RELEASE, PaymentEffect.RELEASE}:
            assert row.state in OPEN_STATES
        if row.effect is PaymentEffect.REFUND:
            assert row.state is PaymentState.SETTLED


def test_the_database_knows_the_states_in_which_nothing_was_authorized():
    """The amount authorized is nought in exactly these states, so that authorized = settled + released + open in all."""
    schema = (gateway.package_dir() / "store" / "schema.sql").read_text(encoding="utf-8")
    listed = re.search(r"authorized = CASE WHEN state IN \(([^)]*)\) THEN 0 ELSE requested END", schema)
    assert listed is not None
    assert listed[1] == check_list(UNFUNDED_STATES)
