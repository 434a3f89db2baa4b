"""Approvals and budgets when everybody asks at once, and what the receipts of a vote say."""

import asyncio
import base64
import hashlib
import json
import sqlite3

import msgspec
import pytest
import rfc8785
from gateway_receipts import policy_marks

from gates.receipts.levels import Mark
from gates.schema.canonical import sha256_hex
from gateway.commands import (
    ApprovalRule,
    Approve,
    Budget,
    DuplicateGuard,
    Pause,
    Principal,
    PutPolicy,
    Reject,
    Reserve,
    Reverse,
    Settle,
)
from gateway.engine.engine import Engine
from gateway.idempotency.claim import Mutation
from gateway.ids import CountingIds
from gateway.routes import APPROVE, PAUSE, PUT_POLICY, REJECT, RESERVE, REVERSE, SETTLE
from gateway.settings import Settings
from gateway.store.tenants import TenantStore


class LaterIds(CountingIds):
    """Counted ids that do not meet the demo data's."""

    def suffix(self):
        return "e" + super().suffix()[1:]


def at_once(desk, requests):
    """Decide (caller, route, command, path ids) all at once in one engine; returns status and body of each."""

    async def scenario():
        engine = Engine.open(Settings(db=desk.db, ids=LaterIds(), clock=lambda: desk.now))
        await engine.start()
        try:
            mutations = [
                Mutation(route, caller, ids, f"key-at-once-{n:06d}", "", command, msgspec.json.encode(command), f"request-{n}")
                for n, (caller, route, command, ids) in enumerate(requests)
            ]
            return await asyncio.gather(*(engine.mutate(item) for item in mutations))
        finally:
            await engine.drain()

    return [(answer.status, msgspec.json.decode(answer.body)) for answer in asyncio.run(scenario())]


def person(desk, name):
    """An operator with a key of their own."""
    return Principal(desk.demo.tenant_id, f"key-{name}", "operator", name, person_id=f"per_{name}")


def names_of(desk, person_id, *names):
    """Store a key for each of these names, all of one person; returns who presents them."""
    callers = [Principal(desk.demo.tenant_id, f"key-{name}", "operator", name, person_id=person_id) for name in names]
    for caller in callers:
        TenantStore(desk.connection).add_key(caller, hashlib.sha256(caller.key_id.encode()).digest(), "now")
    return callers


def reserve(desk, amount):
    """A reserve of this amount for the first payee."""
    return Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], amount, "USD")


@pytest.fixture
def waiting(desk):
    """A payment of 2000 that waits for two approvals."""
    desk.ask(PUT_POLICY, PutPolicy("USD", daily_limit="5000", approval=ApprovalRule("1000", 2)), "p1")
    answer = desk.ask(RESERVE, reserve(desk, "2000"), "r1")
    assert answer.status == 202
    assert ("Location", "/v1/payments/" + msgspec.json.decode(answer.body)["payment"]["payment_id"]) in answer.headers
    return msgspec.json.decode(answer.body)["payment"]["payment_id"]


def payloads(desk, payment_id):
    """What the payment's receipts say."""
    items = desk.receipts(payment_id)
    return [json.loads(base64.b64decode(item.envelope.payload)) for item in items]


def test_of_many_approvals_at_once_exactly_as_many_count_as_are_needed(desk, waiting):
    """Sixteen people approve together: two votes, one hold, and fourteen are told that nothing waits any more."""
    asked = [(person(desk, f"p{n}"), APPROVE, Approve("fine"), (waiting,)) for n in range(16)]
    answers = at_once(desk, asked)
    assert sorted(status for status, _ in answers) == [200, 200] + [409] * 14
    assert {body["code"] for status, body in answers if status == 409} == {"not_awaiting_approval"}
    assert desk.balances()["held"] == 2000
    assert len(desk.reads.rows.votes(desk.demo.tenant_id, waiting)) == 2


def test_one_person_who_approves_many_times_at_once_has_one_vote(desk, waiting):
    """Sixteen keys of idempotency, one person: the payment still waits for another."""
    answers = at_once(desk, [(person(desk, "ann"), APPROVE, Approve("fine"), (waiting,)) for _ in range(16)])
    assert sorted(status for status, _ in answers) == [200] + [409] * 15
    assert desk.reads.payment(desk.demo.tenant_id, waiting).state == "approval_required"
    assert desk.balances()["held"] == 0


def test_a_no_among_approvals_at_once_ends_the_wait(desk, waiting):
    """Whoever comes after the no is told that it was rejected; nothing is held."""
    votes = [(APPROVE, Approve("fine")), (REJECT, Reject("no")), (APPROVE, Approve("fine")), (APPROVE, Approve("fine"))]
    answers = at_once(desk, [(person(desk, f"p{n}"), *vote, (waiting,)) for n, vote in enumerate(votes)])
    assert [status for status, _ in answers] == [200, 200, 409, 409]
    assert {body["code"] for _, body in answers[2:]} == {"payment_rejected"}
    assert desk.balances()["held"] == 0


def test_approve_settle_and_reverse_at_once_leave_one_outcome(desk, waiting):
    """The last approval, a settle and a reverse in one batch are decided one after another, each on what the others left."""
    desk.ask(APPROVE, Approve("fine"), "a1", waiting, principal=person(desk, "ann"))
    agent = desk.principal()
    asked = [
        (agent, SETTLE, Settle(), (waiting,)),
        (person(desk, "bob"), APPROVE, Approve("fine"), (waiting,)),
        (agent, REVERSE, Reverse("r"), (waiting,)),
        (agent, SETTLE, Settle(), (waiting,)),
    ]
    told = [body.get("code") or body["payment"]["state"] for _, body in at_once(desk, asked)]
    assert told == ["approval_required", "reserved", "released", "already_released"]
    assert desk.balances() == {"available": 100_000_000, "held": 0, "payable": 0}


def test_budgets_hold_when_everybody_asks_at_once(desk):
    """Of a hundred payments of 100 in one batch the budget of 5000 lets fifty in, and counts exactly those."""
    desk.ask(PUT_POLICY, PutPolicy("USD", daily_limit="5000", budgets=(Budget("agent", "hour", max_payments=60),)), "p1")
    answers = at_once(desk, [(desk.principal(), RESERVE, reserve(desk, "100"), ()) for _ in range(100)])
    assert sorted(status for status, _ in answers) == [201] * 50 + [403] * 50
    counted = dict(desk.connection.execute("SELECT substr(counter, 1, 5), amount || '/' || payments FROM counters"))
    assert counted == {"tenan": "5000/50", "agent": "5000/50"}


def test_the_same_payment_asked_for_many_times_at_once_is_seen_for_what_it_is(desk):
    """Sixteen equal reserves under sixteen keys in one batch: one is held, the others wait for a person."""
    desk.ask(PUT_POLICY, PutPolicy("USD", duplicate=DuplicateGuard(60, "challenge")), "p1")
    answers = at_once(desk, [(desk.principal(), RESERVE, reserve(desk, "100"), ()) for _ in range(16)])
    assert sorted(status for status, _ in answers) == [201] + [202] * 15
    assert desk.balances()["held"] == 100


def test_every_vote_has_a_receipt_that_tells_who_approved_and_what_the_policy_said_then(desk, waiting):
    """Escalation, approval that counts, approval that holds, settle: each carries the decision of its time."""
    for name in ("zoe", "ann"):
        desk.ask(APPROVE, Approve("fine"), f"a-{name}", waiting, principal=person(desk, name))
    desk.ask(SETTLE, Settle(), "s", waiting)
    told = [
        (
            item["kind"],
            item["status"],
            item["money"]["moved"],
            item["policy"]["outcome"],
            item["policy"]["inputs"].get("approvals"),
        )
        for item in payloads(desk, waiting)
    ]
    assert told == [
        ("escalation", "approval_required", "no", "escalate", None),
        ("approve", "approval_required", "no", "escalate", ["zoe"]),
        ("approve", "reserved", "yes", "allow", ["ann", "zoe"]),
        ("settle", "settled", "yes", "allow", ["ann", "zoe"]),
    ]
    assert {item["policy"]["approvals_needed"] for item in payloads(desk, waiting)} == {2}


@pytest.mark.parametrize("rule", [ApprovalRule("1000", 1), ApprovalRule("9000", 1), None])
def test_a_policy_that_wants_fewer_approvals_by_now_does_not_let_one_person_decide(desk, waiting, rule):
    """The quorum goes from 2 to 1, or the limit goes, one person approves, the policy comes back: two are needed all the time."""
    loose = PutPolicy("USD", daily_limit="5000") if rule is None else PutPolicy("USD", daily_limit="5000", approval=rule)
    desk.ask(PUT_POLICY, loose, "p2")
    alone = desk.ask(APPROVE, Approve("fine"), "a1", waiting, principal=person(desk, "ann"))
    assert msgspec.json.decode(alone.body)["payment"]["state"] == "approval_required"
    assert desk.balances()["held"] == 0
    second = desk.ask(APPROVE, Approve("fine"), "a2", waiting, principal=person(desk, "bob"))
    assert msgspec.json.decode(second.body)["payment"]["state"] == "reserved"
    decisions = [item["policy"] for item in payloads(desk, waiting)]
    assert [item["approvals_needed"] for item in decisions] == [2, 2, 2]
    assert [item["inputs"].get("least_approvals") for item in decisions] == [None, 2, 2]


def test_a_receipt_that_forgets_how_many_approvals_the_reserve_needed_does_not_verify(desk, waiting):
    """The policy document of now would allow it; the receipts before it do not."""
    desk.ask(PUT_POLICY, PutPolicy("USD", daily_limit="5000", approval=ApprovalRule("1000", 1)), "p2")
    desk.ask(APPROVE, Approve("fine"), "a1", waiting, principal=person(desk, "ann"))
    honest = payloads(desk, waiting)
    documents = {
        item["policy"]["policy_sha256"]: desk.reads.policy(desk.demo.tenant_id, item["policy"]["policy_sha256"])
        for item in honest
    }
    assert policy_marks(honest, documents) == [Mark.PASS, Mark.PASS]
    forged = honest[-1]["policy"]
    del forged["inputs"]["least_approvals"]
    forged |= {"approvals_needed": 1, "outcome": "allow"}
    whole = {name: honest[-1]["parties"][name] for name in ("agent_id", "payee_id", "wallet_id")}
    whole |= {"currency": "USD", "counters": forged["counters_before"], "inputs": forged["inputs"]}
    forged["inputs_sha256"] = sha256_hex(rfc8785.dumps(whole | {"policy_sha256": forged["policy_sha256"]}))
    honest[-1]["status"] = "reserved"
    forged["counters_after"] = {"tenant_day": str(int(forged["counters_before"]["tenant_day"]) + 2000)}
    assert policy_marks(honest, documents) == [Mark.PASS, Mark.FAIL]


def test_a_policy_that_wants_more_approvals_by_now_is_obeyed(desk, waiting):
    """The stricter of the two counts, not a policy that held for a while in between."""
    desk.ask(PUT_POLICY, PutPolicy("USD", daily_limit="5000", approval=ApprovalRule("1000", 5)), "p2")
    desk.ask(APPROVE, Approve("fine"), "a1", waiting, principal=person(desk, "ann"))
    desk.ask(PUT_POLICY, PutPolicy("USD", daily_limit="5000", approval=ApprovalRule("1000", 3)), "p3")
    states = []
    for name in ("bob", "cem"):
        answer = desk.ask(APPROVE, Approve("fine"), f"a-{name}", waiting, principal=person(desk, name))
        states.append(msgspec.json.decode(answer.body)["payment"]["state"])
    assert states == ["approval_required", "reserved"]


def test_a_name_in_capitals_is_no_second_person(desk, waiting):
    """Neither for a second vote, nor for the agent who wants the payment."""
    desk.ask(APPROVE, Approve("fine"), "a1", waiting, principal=person(desk, "stra\u00dfe"))
    for number, name in enumerate(("STRASSE", "Stra\u00dfe", "STRASSE ", "AGENT-1", "agent-1 ")):
        answer = desk.ask(APPROVE, Approve("fine"), f"b{number}", waiting, principal=person(desk, name))
        assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (409, "approver_not_distinct")
    assert desk.balances()["held"] == 0


def test_what_is_denied_at_its_approval_has_a_denial_receipt(desk, waiting):
    """The counters of then leave no room; the approval that found out is in the decision, and nothing moved."""
    desk.ask(RESERVE, reserve(desk, "1000"), "r2")
    for n in range(3):
        desk.ask(RESERVE, reserve(desk, "999"), f"r{n + 3}")
    answer = desk.ask(APPROVE, Approve("fine"), "a1", waiting, principal=person(desk, "ann"))
    assert (answer.status, msgspec.json.decode(answer.body)["reasons"]) == (403, ["daily_limit", "approval_threshold"])
    last = payloads(desk, waiting)[-1]
    assert (last["kind"], last["status"], last["money"]["moved"], last["policy"]["outcome"]) == ("denial", "denied", "no", "deny")
    assert last["policy"]["inputs"]["approvals"] == ["ann"]


def test_while_paused_nothing_is_approved_but_rejected(desk, waiting):
    """An approval makes a new hold, as a reserve does; a no makes none. The refused key decides after resuming."""
    desk.ask(PAUSE, Pause("drill"), "pause")
    refused = desk.ask(APPROVE, Approve("fine"), "a1", waiting, principal=person(desk, "ann"))
    assert (refused.status, msgspec.json.decode(refused.body)["code"]) == (503, "paused")
    assert desk.ask(REJECT, Reject("no"), "x1", waiting, principal=person(desk, "ann")).status == 200


def test_another_tenants_payment_cannot_be_voted_on(desk, waiting):
    """It is not found, like one that never was."""
    stranger = Principal("ten_other", "key-s", "operator", "stranger")
    for n, (route, command) in enumerate(((APPROVE, Approve("mine")), (REJECT, Reject("mine")))):
        assert desk.ask(route, command, f"v{n}", waiting, principal=stranger).status == 404


def test_two_keys_of_one_person_are_one_vote(desk, waiting):
    """The second key has another id and another name, and is refused; somebody else's counts."""
    ann, annie = names_of(desk, "per_ann", "ann", "annie")
    assert desk.ask(APPROVE, Approve("fine"), "a1", waiting, principal=ann).status == 200
    for route, command in ((APPROVE, Approve("fine")), (REJECT, Reject("no"))):
        again = desk.ask(route, command, f"again {route.kind}", waiting, principal=annie)
        assert (again.status, msgspec.json.decode(again.body)["code"]) == (409, "approver_not_distinct")
    last = desk.ask(APPROVE, Approve("fine"), "a2", waiting, principal=names_of(desk, "per_bob", "bob")[0])
    assert msgspec.json.decode(last.body)["payment"]["state"] == "reserved"


def test_whoever_holds_the_agents_key_does_not_approve_what_the_agent_asked_for(desk, waiting):
    """Even if that key is revoked by now: the person is the same."""
    names_of(desk, "per_ann", "agent-1")
    desk.connection.execute("UPDATE api_keys SET revoked_at = 'now' WHERE person_id = 'per_ann'")
    refused = desk.ask(APPROVE, Approve("fine"), "a1", waiting, principal=names_of(desk, "per_ann", "ann")[0])
    assert (refused.status, msgspec.json.decode(refused.body)["detail"]) == (409, "ann requested this payment")


VOTE = "INSERT INTO votes VALUES (?, ?, ?, ?, ?, 'approve', '', '')"


def test_the_database_counts_people_not_keys(desk, waiting):
    """A second name and key of one person break a unique key; the asker's other name meets the trigger."""
    names_of(desk, "per_agent", "agent-1")
    desk.connection.execute(VOTE, (desk.demo.tenant_id, waiting, "ann", "key-ann", "per_ann"))
    with pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE.*person_id"):
        desk.connection.execute(VOTE, (desk.demo.tenant_id, waiting, "annie", "key-annie", "per_ann"))
    with pytest.raises(sqlite3.IntegrityError, match="others vote"):
        desk.connection.execute(VOTE, (desk.demo.tenant_id, waiting, "other", "key-other", "per_agent"))
