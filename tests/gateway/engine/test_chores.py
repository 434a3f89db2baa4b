"""Fingerprints and how long an answer is kept: what makes two requests one, and what is left after 30 days."""

import datetime as dt
import hashlib
import json
import re

import msgspec
import pytest
import rfc8785
from gateway_desk import START
from hypothesis import given
from hypothesis import strategies as st

from gateway import package_dir
from gateway.commands import CreatePayee, Principal, Reserve, Settle
from gateway.engine import chores
from gateway.idempotency.claim import KEY_LIFETIME_DAYS, Mutation, claim, differing_fields, expires_at, replay_headers
from gateway.routes import CREATE_PAYEE, MUTATIONS, RESERVE, SETTLE

LIFETIME = dt.timedelta(days=KEY_LIFETIME_DAYS)
AGENT = Principal("ten_1", "key_1", "agent", "agent-1")


def mutation(body, agent=AGENT, query="", key="a-key-of-sixteen", path_ids=("pay_1",)):
    """A settle with this body, as it was sent."""
    return Mutation(SETTLE, agent, path_ids, key, query, Settle(), body, "req_1")


def reserve(desk, key, amount="1000"):
    """A reserve of the desk's tenant."""
    return desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], amount, "USD"), key)


def purge(desk, limit=100):
    """Run the purge once, in its own transaction."""
    return desk.chore(lambda tx, ctx: chores.purge_answers(tx, ctx, limit))


def kept(desk):
    """How many answers there are."""
    return desk.connection.execute("SELECT count(*) FROM answers").fetchone()[0]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc/~", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=4))
def test_the_fingerprint_is_what_the_specification_says(body):
    """SHA-256 over the canonical JSON of method, template, path ids, sorted query, body and agent: anybody can recompute it."""
    whole = {
        "method": "POST",
        "template": "/v1/payments/{payment_id}/settle",
        "path_ids": ["pay_1"],
        "query": "a=1&b=2",
        "body": body,
        "agent": "agent-1",
    }
    found = claim(mutation(json.dumps(body, indent=1).encode(), query="b=2&a=1")).fingerprint
    assert found == hashlib.sha256(rfc8785.dumps(whole)).digest()


def test_the_scope_is_written_as_the_keys_that_are_stored():
    """A tenant's key, and 16 bytes of the SHA-256 of a route with its ids, each joined by a byte that neither can hold."""
    found = claim(mutation(b"{}", agent=Principal("ten_\xe9", "key_1", "agent", "agent-1"), path_ids=("pay_1", "b")))
    assert found.tenant_key == "ten_\xe9\x1fa-key-of-sixteen"
    where = b"POST\x1f/v1/payments/{payment_id}/settle\x1fpay_1\x1fb"
    assert found.route_hash == hashlib.sha256(where).digest()[:16]


def test_order_does_not_matter_and_absent_is_not_null():
    """Members and query parameters may come in any order; a member that is null is a member."""
    first = claim(mutation(b'{"amount":"1","final":true}', query="a=1&b=2"))
    assert claim(mutation(b'{ "final": true, "amount": "1" }', query="b=2&a=1")) == first
    assert (
        claim(mutation(b'{"amount":"1","final":true,"x":null}')).fingerprint
        != claim(mutation(b'{"amount":"1","final":true}')).fingerprint
    )


@pytest.mark.parametrize(
    ("other", "same_scope"),
    [
        (mutation(b"{}", agent=Principal("ten_1", "key_2", "agent", "agent-2")), True),
        (mutation(b"{}", query="a=1"), True),
        (mutation(b'{"amount":"1"}'), True),
        (mutation(b"{}", path_ids=("pay_2",)), False),
        (mutation(b"{}", key="another-key-of-16"), False),
        (mutation(b"{}", agent=Principal("ten_2", "key_1", "agent", "agent-1")), False),
    ],
)
def test_what_differs_makes_another_request_or_another_scope(other, same_scope):
    """Agent, query and body are the request; tenant, path ids and key are where it is looked for."""
    first, second = claim(mutation(b"{}")), claim(other)
    assert ((first.tenant_key, first.route_hash) == (second.tenant_key, second.route_hash)) is same_scope
    assert not same_scope or first.fingerprint != second.fingerprint


@pytest.mark.parametrize(
    ("first", "second", "same_agent", "fields"),
    [
        ({"a": 1}, {"a": 2}, True, ("/a",)),
        ({"a": 1}, {"b": 1}, True, ("/a", "/b")),
        ({"a": {"b": [1]}}, {"a": {"b": [2]}}, True, ("/a/b",)),
        ({"a/b": 1, "c~d": 1}, {"a/b": 2, "c~d": 2}, True, ("/a~1b", "/c~0d")),
        ({"a": 1}, {"a": True}, True, ("/a",)),
        ({"a": None}, {}, True, ("/a",)),
        ({}, {}, True, ("/query",)),
        ({}, {}, False, ("/agent",)),
        ({"a": 1}, {"a": 2}, False, ("/a", "/agent")),
    ],
)
def test_differences_are_named_by_json_pointer(first, second, same_agent, fields):
    """Body members from the body's root; the caller as /agent; what neither explains is /query."""
    encoded = (json.dumps(value).encode() for value in (first, second))
    assert differing_fields(*encoded, same_agent=same_agent) == fields


def test_no_command_has_a_member_called_agent_or_query():
    """So these two pointers can only mean the caller and the query string."""
    for route in MUTATIONS:
        assert not {"agent", "query"} & set(route.command.__struct_fields__)


def test_nothing_goes_early_and_everything_goes_in_time(desk):
    """A millisecond before the 30 days are over the purge takes nothing; at the moment itself it takes all that is due."""
    for number in range(3):
        reserve(desk, f"old-{number}")
    desk.now = START + LIFETIME - dt.timedelta(milliseconds=1)
    reserve(desk, "late")
    assert purge(desk) == 0
    desk.now = START + LIFETIME
    assert purge(desk) == 0, "the journal itself has not seen that moment yet"
    reserve(desk, "later")
    assert (purge(desk, limit=2), purge(desk), purge(desk)) == (2, 1, 0)
    assert kept(desk) == 2


def test_a_clock_that_jumps_ahead_takes_no_answer_with_it(desk):
    """The purge believes the journal's clock, not the machine's: a wrong clock for a moment loses nothing."""
    first = reserve(desk, "k")
    desk.now = START + 10 * LIFETIME
    assert purge(desk) == 0
    desk.now = START
    assert reserve(desk, "k").body == first.body


def test_a_clock_that_goes_back_does_not_revive_an_expired_key(desk):
    """Once the bytes are gone the answer is 410 whatever the clock says; nothing is decided a second time."""
    reserve(desk, "k")
    desk.now = START + LIFETIME
    desk.ask(CREATE_PAYEE, CreatePayee("x", "USD"), "other")
    assert purge(desk) == 1
    desk.now = START
    late = reserve(desk, "k")
    assert (late.status, msgspec.json.decode(late.body)["code"]) == (410, "idempotency_key_expired")
    assert desk.balances()["held"] == 1000


def test_an_expired_key_with_another_request_is_still_told_what_differs(desk):
    """The tombstone keeps the fingerprint and the request: 422 comes before 410, since a new key would help."""
    reserve(desk, "k")
    desk.now = START + LIFETIME
    late = reserve(desk, "k", amount="2000")
    assert late.status == 422
    assert "/amount" in msgspec.json.decode(late.body)["detail"]


def test_the_moment_is_told_with_the_first_answer(desk):
    """Idempotency-Expires is the moment from which on it is 410."""
    first = reserve(desk, "k")
    told = dict(replay_headers("k", first.decided_at, first.body, replayed=False))
    assert told["idempotency-expires"] == expires_at("2026-11-23T10:00:00.000Z")
    assert expires_at("2026-11-23T10:00:00.000Z") == "2026-12-23T10:00:00.000Z"


def test_the_database_keeps_an_answer_for_as_many_days_as_the_gateway_repeats_it():
    """The trigger's number of days is KEY_LIFETIME_DAYS: a shorter one would let go of answers that are still owed."""
    schema = (package_dir() / "store" / "schema.sql").read_text(encoding="utf-8")
    trigger = schema.partition("CREATE TRIGGER answers_live")[2].partition("END;")[0]
    assert re.findall(r"'-([0-9]+) days'|kept for ([0-9]+) days", trigger) == [
        (str(KEY_LIFETIME_DAYS), ""),
        ("", str(KEY_LIFETIME_DAYS)),
    ]
