"""The setup's machine, proven over its rows: an end is always in reach, nothing loops for ever, six decisions are enough."""

import itertools

import pytest

from gateway.machines.onboarding import (
    NEEDS,
    NEEDS_MONEY,
    NEEDS_NO_MONEY,
    ONBOARDING,
    OnboardingEffect,
    OnboardingEvent,
    OnboardingState,
    Outage,
)

ENDS = {OnboardingState.COMPLETED, OnboardingState.TRUST_ONLY, OnboardingState.PAUSED, OnboardingState.BLOCKED}
NEWCOMER_HAS_NOT = {OnboardingEvent.SAVED_KEY, OnboardingEvent.SAVED_SESSION, OnboardingEvent.HAS_MONEY}
OUTAGES = [frozenset(outages) for size in range(len(Outage) + 1) for outages in itertools.combinations(Outage, size)]


def edges(outages=frozenset(), without=()):
    """The rows that can happen in these outages, but for the events that are left out."""
    left_out = {OnboardingEvent.QUIT, OnboardingEvent.KILLED, *without}
    return [row for row in ONBOARDING.rows if row.event not in left_out and not NEEDS.get(row.event, frozenset()) & outages]


def reached(start, rows):
    """The states that can be reached from a state."""
    seen, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        following = {row.next for row in rows if row.state == state} - seen
        seen |= following
        waiting += following
    return seen


def test_the_ends_are_left_by_nothing():
    """`gonogo setup resume` begins a new walk; it does not take an edge out of an end."""
    assert set(ONBOARDING.final) == ENDS


def test_every_open_state_can_be_left_whatever_the_user_or_the_machine_does():
    """Quit, killed and a spent budget pause it from everywhere."""
    for state in set(OnboardingState) - ENDS:
        for event in (OnboardingEvent.QUIT, OnboardingEvent.KILLED, OnboardingEvent.BUDGET_SPENT):
            assert ONBOARDING.edge(state, event).next is OnboardingState.PAUSED


def test_every_state_is_reachable_from_the_start():
    """Nothing is there that no setup can come to."""
    assert reached(OnboardingState.STARTED, ONBOARDING.rows) == set(OnboardingState)


def test_all_32_sets_of_outages_are_gone_through():
    """Five things that may be missing, alone and together."""
    assert len(set(OUTAGES)) == 32


@pytest.mark.parametrize("outages", OUTAGES, ids=lambda outages: "+".join(sorted(outages)) or "none")
def test_every_state_reaches_an_end_in_every_set_of_outages(outages):
    """And not by giving up: without quit, killed or a spent budget, from wherever the outages begin."""
    rows = edges(outages, without=[OnboardingEvent.BUDGET_SPENT])
    stuck = {state for state in OnboardingState if not reached(state, rows) & ENDS}
    assert not stuck


@pytest.mark.parametrize("outages", OUTAGES, ids=lambda outages: "+".join(sorted(outages)) or "none")
def test_a_newcomer_reaches_the_best_end_that_the_outages_leave(outages):
    """With neither key nor money: everything but money without the rail, and the paid call with it."""
    ends = ends_of_a_newcomer(outages)
    assert OnboardingState.TRUST_ONLY in ends
    assert (OnboardingState.COMPLETED in ends) == (Outage.RAIL not in outages)


def test_without_a_decision_or_a_spent_try_nothing_goes_round():
    """So every cycle ends with the user's patience or with its budget."""
    free = {OnboardingEffect.DECIDE, OnboardingEffect.TRY}
    rows = [row for row in ONBOARDING.rows if row.effect not in free]
    for state in OnboardingState:
        assert not any(state in reached(row.next, rows) for row in rows if row.state == state), state


def ends_of_a_newcomer(outages):
    """The ends that somebody with neither key nor money can reach: funded or not is remembered on the way."""
    rows = edges(outages, without=NEWCOMER_HAS_NOT)
    seen = {(OnboardingState.STARTED, False)}
    waiting = list(seen)
    while waiting:
        state, funded = waiting.pop()
        refused = NEEDS_NO_MONEY if funded else NEEDS_MONEY
        steps = [row for row in rows if row.state == state and row.event not in refused]
        following = {(row.next, funded or row.next is OnboardingState.FUNDED) for row in steps} - seen
        seen |= following
        waiting += following
    return {state for state, _ in seen} & ENDS


def most_decisions(state, rows, passed=frozenset()):
    """The most decisions on any way from a state to an end."""
    return max(
        (
            (row.effect is OnboardingEffect.DECIDE) + most_decisions(row.next, rows, passed | {state})
            for row in rows
            if row.state == state and row.next not in passed | {state}
        ),
        default=0,
    )


def test_without_a_failure_nobody_decides_more_than_six_times():
    """Address, code, funding, hosts, apply, pay."""
    quiet = {OnboardingEffect.DECIDE, OnboardingEffect.STEP}
    rows = [row for row in ONBOARDING.rows if row.effect in quiet]
    for state in OnboardingState:
        assert not any(state in reached(row.next, rows) for row in rows if row.state == state), "a cycle has no longest way"
    assert most_decisions(OnboardingState.STARTED, rows) == 6


def test_no_state_asks_for_two_decisions_that_lead_the_same_way():
    """A choice that changes nothing is a question too many."""
    for state in OnboardingState:
        nexts = [row.next for row in ONBOARDING.rows if row.state is state and row.effect is OnboardingEffect.DECIDE]
        assert len(nexts) == len(set(nexts))
