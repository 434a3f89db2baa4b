"""Driving a plan against a scripted network on a virtual clock: who asks again, with which key, and when it is given up."""

import msgspec
import pytest

from gates.schema.target import load_target
from loadtests.checker.requests import Result, index_history
from loadtests.schema import Abandoned, Arrivals, Client, Duplicates, LoadProfile, Mix, NamedProfile, Replays, RetryPolicy
from loadtests.storm.driver import Driver
from loadtests.storm.history import HistoryWriter, read_history
from loadtests.storm.manners import Manners
from loadtests.storm.plan import Accounts, Reply, make_plan
from loadtests.storm.wire import Answer

PROFILE = LoadProfile(
    payments=4,
    arrivals=Arrivals(10, "constant"),
    mix=Mix(settle=1),
    replays=Replays(percent=0),
    retry=RetryPolicy(max_attempts=5, patience_ms=5000, base_ms=100, factor_percent=200, cap_ms=400, jitter_percent=0),
)
RESERVED = Answer(201, b'{"payment":{"payment_id":"pay_1"}}', replayed=False)
SETTLED = Answer(200, b'{"payment":{"payment_id":"pay_1"}}', replayed=False)
MS = 1_000_000


class VirtualLoom:
    """Everything happens at once, in order, and waiting only moves the clock."""

    def __init__(self):
        self.now = 0

    def now_ns(self):
        """The virtual time."""
        return self.now

    def sleep_until(self, moment_ns):
        """Jump there, unless it is past."""
        self.now = max(self.now, moment_ns)

    def spawn(self, work, *arguments):
        """Do it now."""
        work(*arguments)

    def join(self):
        """Nothing is left to wait for."""


class ScriptedWire:
    """Answers by a function of the request's number; keeps what was sent."""

    def __init__(self, loom, answer):
        self.loom, self.answer, self.sent = loom, answer, []

    def send(self, request, reply):
        """Take a millisecond and answer."""
        self.loom.now += MS
        self.sent.append((request, reply))
        return self.answer(len(self.sent), request, reply)


@pytest.fixture
def drive(tmp_path, monkeypatch):
    """A function that plays a profile against an answering function; gives plan, events and what was sent."""
    for name, value in {"AGENT_KEY": "k", "WALLET_ID": "wal_1", "PAYEE_IDS": "pye_1"}.items():
        monkeypatch.setenv(f"GONOGO_{name}", value)

    def play(profile, answer, enough=lambda _: False):
        plan = make_plan(NamedProfile("p", "", profile), 1, "r", Accounts("wal_1", ("pye_1",), "USD"))
        loom = VirtualLoom()
        wire = ScriptedWire(loom, answer)
        path = tmp_path / "history.jsonl"
        manners = Manners(load_target("local").target, plan)
        with HistoryWriter(path) as history:
            driver = Driver(plan, profile, manners, wire, history, loom, on_attempt=lambda _: None, on_done=lambda _: None)
            driver.storm(enough)
            driver.replay()
        assert driver.done == driver.begun
        return plan, read_history(path), wire.sent

    return play


def yes(_number, request, _reply):
    """Acknowledge whatever is asked."""
    return RESERVED if request.path == "/v1/payments" else SETTLED


def test_every_payment_is_played_in_order_of_its_steps(drive):
    """Reserve and settle for each, one attempt each, where everything is acknowledged."""
    plan, events, sent = drive(PROFILE, yes)
    assert len(sent) == 8
    assert [event.key for event in events if event.type == "ok"] == [
        step.key for payment in plan.payments for step in payment.steps
    ]
    assert {event.payment_id for event in events if event.operation == "settle"} == {"pay_1"}


def test_no_payment_begins_once_it_is_enough_and_those_under_way_go_on(drive):
    """Asked before each payment with how many have begun: of four, three are played, each to its end."""
    asked = []
    _, events, _ = drive(PROFILE, yes, lambda begun: asked.append(begun) or begun == 3)
    assert asked == [0, 1, 2, 3]
    assert {event.payment for event in events if event.operation == "settle" and event.type == "ok"} == {0, 1, 2}


def test_payments_begin_when_they_are_due_and_not_when_the_one_before_has_ended(drive):
    """Intended starts follow the plan, however long the answers take."""
    plan, events, _ = drive(PROFILE, yes)
    intended = [event.intended_ns for event in events if event.type == "invoke" and event.operation == "reserve"]
    assert intended == [payment.due_us * 1000 for payment in plan.payments]


def test_a_lost_reply_is_asked_for_again_with_the_same_key_and_bytes(drive):
    """Two lost replies, then an answer: three attempts, one request, growing waits."""
    plan, events, sent = drive(
        msgspec.structs.replace(PROFILE, payments=1),
        lambda number, request, reply: Answer(error="timeout") if number < 3 else yes(number, request, reply),
    )
    assert sent[0][0] == sent[1][0] == sent[2][0]
    starts = [event.intended_ns // MS for event in events if event.type == "invoke" and event.operation == "reserve"]
    assert starts == [0, 101, 302]
    assert index_history(plan, events).mutations[plan.payments[0].steps[0].key].result is Result.ACKNOWLEDGED


def test_a_definite_refusal_ends_the_payment(drive):
    """Nobody settles what could not be reserved, and nobody asks again."""
    _, events, sent = drive(PROFILE, lambda *_: Answer(403, b'{"code":"policy_denied"}'))
    assert len(sent) == 4
    assert {(event.type, event.code) for event in events if event.type != "invoke"} == {("fail", "policy_denied")}


def test_patience_ends_after_the_rounds_of_the_profile_and_the_quiet_phase_asks_once_more(drive):
    """A service that never answers is asked five times, then once in the quiet phase; the outcome stays unknown."""
    plan, events, sent = drive(msgspec.structs.replace(PROFILE, payments=1), lambda *_: Answer(error="refused"))
    assert len(sent) == 6
    assert [event.phase for event in events if event.type == "invoke"] == ["storm"] * 5 + ["replay"]
    (mutation,) = index_history(plan, events).mutations.values()
    assert (mutation.result, mutation.doubtful) == (Result.UNKNOWN, True)


def test_a_lane_is_never_used_again_after_an_unknown_outcome(drive):
    """What may still be running somewhere keeps its process number to itself."""
    _, events, _ = drive(PROFILE, lambda number, *rest: Answer(503) if number % 3 == 1 else yes(number, *rest))
    unsure = [event for event in events if event.type == "info"]
    assert unsure
    for event in unsure:
        assert all(later.process != event.process for later in events if later.index > event.index)


def test_copies_go_out_at_once_with_one_key(drive):
    """A duplicated mutation is sent several times under one key, numbered, all due at the same moment."""
    profile = msgspec.structs.replace(PROFILE, payments=1, duplicates=Duplicates(percent=100, copies=3))
    _, events, sent = drive(profile, yes)
    assert len(sent) == 6
    reserves = [event for event in events if event.type == "invoke" and event.operation == "reserve"]
    assert [event.attempt for event in reserves] == [1, 2, 3]
    assert len({(event.key, event.intended_ns) for event in reserves}) == 1


def test_replies_are_given_up_as_planned_and_only_the_first_few(drive):
    """With every reply to be abandoned, four attempts are; the fifth waits for its answer."""
    profile = msgspec.structs.replace(PROFILE, payments=1, abandoned=Abandoned(percent=100, hurry_percent=0))
    _, _, sent = drive(
        profile, lambda number, request, reply: Answer(error="abandoned") if reply is Reply.CLOSE else yes(number, request, reply)
    )
    assert [reply for _, reply in sent[:5]] == [Reply.CLOSE] * 4 + [Reply.KEEP]


def test_the_quiet_phase_replays_the_share_that_the_profile_asks_for(drive):
    """At a hundred per cent every acknowledged mutation is asked once more, and marked as a replay."""
    plan, events, _ = drive(msgspec.structs.replace(PROFILE, replays=Replays(percent=100)), yes)
    replays = [event for event in events if event.phase == "replay" and event.type == "ok"]
    assert sorted(event.key for event in replays) == sorted(step.key for payment in plan.payments for step in payment.steps)


def test_an_answer_that_is_there_needs_no_hedge(drive):
    """Hedging sends a second copy only where the first is slow."""
    _, _, sent = drive(msgspec.structs.replace(PROFILE, payments=1, client=Client(hedge_after_ms=1)), yes)
    assert len(sent) == 2
