"""Latency runs from the due time; availability counts what was not tried; a late generator measures nothing."""

import msgspec
import pytest

from gates.schema.outcome import UnknownReason
from loadtests.run.samples import storm_measures, storm_samples
from loadtests.schema import Arrivals, Limits, LoadProfile, Mix, NamedProfile
from loadtests.storm.history import Event
from loadtests.storm.plan import Accounts, make_plan

MS = 1_000_000


@pytest.fixture
def plan():
    """Ten payments, each reserve and then settle."""
    profile = LoadProfile(payments=10, arrivals=Arrivals(10, "constant"), mix=Mix(settle=1))
    return make_plan(NamedProfile("p", "", profile), 1, "r", Accounts("w", ("p",), "USD"))


def attempt(plan, number, step, due_ms, start_ms, end_ms, **end):
    """The two events of one attempt."""
    planned = plan.payments[number].steps[step]
    begun = Event(
        index=0,
        process=0,
        type="invoke",
        operation=planned.operation,
        key=planned.key,
        payment=number,
        attempt=1,
        amount=planned.amount,
        payment_id=None,
        intended_ns=due_ms * MS,
        start_ns=start_ms * MS,
    )
    return [begun, msgspec.structs.replace(begun, end_ns=end_ms * MS, **end)]


def measured(plan, events, lag_ms=100):
    """The measures of a history."""
    return storm_measures(storm_samples(plan, events), Limits(generator_lag_p99_ms=lag_ms))


def test_a_response_runs_from_the_due_time_through_all_retries(plan):
    """Due at 0, sent late at 5, a 503 at 20, asked again at 80, answered at 100: 100 ms, however quick each attempt was."""
    events = attempt(plan, 0, 0, 0, 5, 20, type="info", status=503) + attempt(plan, 0, 0, 80, 80, 100, type="ok", status=201)
    measures = measured(plan, events)
    assert (measures["reserve_latency"].value, measures["reserve_latency"].statistic) == ("100", "p95 nearest-rank")
    assert measures["retry_amplification"].value == "2.000000"


def test_a_reply_that_the_client_gave_up_is_neither_a_latency_nor_a_failure(plan):
    """An abandoned reply says nothing about the service: it is left out of latency and of availability."""
    events = attempt(plan, 0, 0, 0, 0, 1, type="info", error="abandoned") + attempt(plan, 0, 0, 50, 50, 52, type="ok", status=201)
    events += attempt(plan, 1, 0, 0, 0, 7, type="ok", status=201)
    measures = measured(plan, events)
    assert (measures["reserve_latency"].value, measures["reserve_latency"].samples) == ("7", 1)
    assert (measures["availability"].samples, measures["availability"].failures) == (2, 0)


def test_an_answer_after_the_first_does_not_move_the_latency(plan):
    """Of two copies sent at once, the first answer counts, though the second reply is given up later."""
    first, second = (
        attempt(plan, 0, 0, 0, 0, 10, type="ok", status=201),
        attempt(plan, 0, 0, 0, 0, 30, type="info", error="abandoned"),
    )
    measures = measured(plan, [first[0], second[0], first[1], second[1]])
    assert measures["reserve_latency"].value == "10"


def test_what_was_never_answered_is_no_latency_and_a_failure(plan):
    """A mutation without an answer has its whole wait in figures of its own, and each of its attempts is a failure."""
    events = attempt(plan, 0, 0, 0, 0, 900, type="info", error="timeout") + attempt(plan, 1, 0, 0, 0, 7, type="ok", status=201)
    measures = measured(plan, events)
    assert (measures["reserve_latency"].value, measures["reserve_latency"].made_of["ambiguous"]) == ("7", 1)
    assert storm_samples(plan, events).responses["reserve_unanswered"] == [900 * MS]
    assert measures["availability"].failures == 1


def test_steps_that_were_never_sent_count_against_availability(plan):
    """Nineteen of twenty planned mutations were not tried and nothing refused them: availability is one in twenty."""
    measures = measured(plan, attempt(plan, 0, 0, 0, 0, 5, type="ok", status=201))
    availability = measures["availability"]
    assert (availability.value, availability.samples, availability.skipped) == ("0.050000", 1, 19)


@pytest.mark.parametrize("status", [401, 403, 404, 409])
def test_a_service_that_refuses_what_it_should_accept_is_not_available(plan, status):
    """A refusal is an answer, and no good one: no latency either; what would have come after it was not skipped."""
    events = [event for number in range(10) for event in attempt(plan, number, 0, 0, 0, 5, type="fail", status=status)]
    measures = measured(plan, events)
    availability = measures["availability"]
    assert (availability.value, availability.failures, availability.skipped) == ("0.000000", 10, 0)
    assert availability.made_of == {"acknowledged": 0, "refused": 10, "ambiguous": 0}
    assert measures["reserve_latency"].value is None


@pytest.mark.parametrize("status", [202, 204, 302, 308, 429, 503])
def test_an_answer_that_settles_nothing_is_not_available(plan, status):
    """A redirect, a web page, a success that is not listed, a limit: none of them is a good answer."""
    events = attempt(plan, 0, 0, 0, 0, 5, type="info", status=status) + attempt(plan, 0, 0, 9, 9, 14, type="ok", status=201)
    availability = measured(plan, events)["availability"]
    assert (availability.samples, availability.failures, availability.made_of["ambiguous"]) == (2, 1, 1)


def test_a_refusal_that_the_plan_provokes_and_a_request_to_repeat_are_good_answers():
    """An amount over the limit must be refused, and a copy in flight may be asked to repeat; neither is a latency."""
    profile = LoadProfile(payments=1, arrivals=Arrivals(10, "constant"), mix=Mix(settle=0, over_limit=1))
    plan = make_plan(NamedProfile("p", "", profile), 1, "r", Accounts("w", ("p",), "USD"))
    waits = {"type": "info", "status": 409, "code": "idempotency_in_flight"}
    events = attempt(plan, 0, 0, 0, 0, 5, **waits) + attempt(plan, 0, 0, 9, 9, 14, type="fail", status=403)
    measures = measured(plan, events)
    assert (measures["availability"].value, measures["availability"].samples) == ("1.000000", 2)
    assert measures["reserve_latency"].value is None
    assert storm_samples(plan, events).responses == {"reserve_refused": [14 * MS]}


def test_a_generator_that_lagged_reports_no_latency(plan):
    """Beyond the limit on lag the latencies are unknown, with the reason and the value that is not to be trusted."""
    measures = measured(plan, attempt(plan, 0, 0, 0, 250, 260, type="ok", status=201))
    latency = measures["reserve_latency"]
    assert (latency.value, latency.unknown) == (None, UnknownReason.INVALID_GENERATOR)
    assert "260 ms" in latency.detail
    assert measures["generator_lag"].value == "250"


def test_an_empty_history_measures_nothing(plan):
    """No attempts: skipped payments are told, latencies and lag are missing, nothing is zero by default."""
    measures = measured(plan, [])
    assert {measures[name].unknown for name in ("reserve_latency", "settle_latency", "generator_lag")} == {UnknownReason.MISSING}
    assert measures["availability"].value == "0.000000"


def test_the_quiet_phase_is_not_part_of_the_storm(plan):
    """Replays after the storm neither lengthen latencies nor amplify."""
    events = attempt(plan, 0, 0, 0, 0, 5, type="ok", status=201)
    later = [
        msgspec.structs.replace(event, phase="replay") for event in attempt(plan, 0, 0, 0, 9000, 9900, type="ok", status=201)
    ]
    assert measured(plan, events + later)["retry_amplification"].value == "1.000000"
