"""Payouts and the rail's events over HTTP, on a gateway whose rail is in the same process."""

import asyncio

import msgspec
import pytest
from gateway_shop import Shop, refusal

from gateway.clock import system_clock
from gateway.ids import SystemIds
from gateway.rail import RAIL_TIMEOUT_S
from gateway.rail.simulator.in_process import SimulatedRail
from gateway.rail.simulator.script import Script
from gateway.rail.simulator.webhooks import signature

SHARED = "the rail's and ours"


@pytest.fixture
def paying(tmp_path):
    """A gateway with an honest rail, whose first payee is owed 1250."""
    rail = SimulatedRail(tmp_path / "rail.db", Script(), system_clock, SystemIds(), RAIL_TIMEOUT_S)
    with Shop(tmp_path, rail=rail, rail_secret=SHARED) as shop:
        shop.rail = rail
        assert shop.post(f"{shop.reserved()}/settle", {}).status_code == 200
        yield shop


def body(shop, amount="1000"):
    """A payout to the first payee."""
    return {"payee_id": shop.demo.payee_ids[0], "amount": amount, "currency": "USD"}


def until(shop, where, *states):
    """The payout once it has reached one of the states."""

    async def poll():
        for _ in range(2000):
            answer = await shop._client.get(where, headers={"authorization": f"Bearer {shop.key('finance')}"})
            if answer.json()["state"] in states:
                return answer.json()
            await asyncio.sleep(0.01)
        pytest.fail(f"still {answer.json()['state']}")

    return shop.run(poll())


def event(shop, payload, secret=SHARED, headers=()):
    """What the rail's door answers."""
    raw = msgspec.json.encode(payload)
    return shop.ask("POST", "/rail/webhooks", None, {"rail-signature": signature(secret, raw), **dict(headers)}, content=raw)


EVENT = {"event_id": "evt_1", "key": "gng_1", "type": "charge.succeeded", "status": "succeeded", "at": "now"}


def test_a_payout_is_accepted_at_once_and_its_outcome_is_read_where_location_says(paying):
    """202 with Location; a little later it has succeeded, with the rail's id."""
    answer = paying.post("/v1/payouts", body(paying), "finance")
    assert (answer.status_code, answer.json()["payout"]["state"]) == (202, "accepted")
    where = answer.headers["location"]
    assert where == f"/v1/payouts/{answer.json()['payout']['payout_id']}"
    assert answer.json()["receipt_id"].startswith("rcp_")
    done = until(paying, where, "succeeded", "failed")
    assert (done["state"], done["next_step"]) == ("succeeded", None)
    assert done["rail_id"].startswith("chg_")
    payee = paying.ask("GET", f"/v1/payees/{paying.demo.payee_ids[0]}").json()
    assert payee["payable"] == "250"


def test_payouts_are_listed_newest_first_with_a_cursor(paying):
    """Page by page, each one once."""
    made = [paying.post("/v1/payouts", body(paying, "10"), "finance").json()["payout"]["payout_id"] for _ in range(5)]
    found, cursor = [], ""
    while cursor is not None:
        page = paying.ask("GET", f"/v1/payouts?limit=2&cursor={cursor}", "finance").json()
        found += [item["payout_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == made[::-1]


def test_the_ledger_and_the_receipts_tell_of_payouts(paying):
    """Two entries and two receipts, found by the payout's id, that name each other."""
    where = paying.post("/v1/payouts", body(paying), "finance").headers["location"]
    payout_id = until(paying, where, "succeeded")["payout_id"]
    lines = [msgspec.json.decode(line) for line in paying.ask("GET", "/v1/ledger/entries", "finance").content.splitlines()]
    entries = [line for line in lines if line["payment_id"] == payout_id]
    assert [line["kind"] for line in entries] == ["payout", "payout_success"]
    assert entries[1]["postings"][1]["account"] == "system/rail_clearing"
    items = paying.ask("GET", f"/v1/receipts?payment_id={payout_id}", "finance").json()["items"]
    assert [item["receipt_id"] for item in items] == [line["receipt_id"] for line in entries]
    assert {item["kind"] for item in items} == {"payout"}


def test_another_tenants_payout_is_not_found(paying):
    """Neither read nor reviewed."""
    from gateway.command_line.demo import make_demo

    where = paying.post("/v1/payouts", body(paying), "finance").headers["location"]
    stranger = make_demo(paying.settings.db, system_clock, SystemIds(), "stranger")
    reader = {"authorization": f"Bearer {stranger.finance_key}"}
    operator = {"authorization": f"Bearer {stranger.operator_key}", "idempotency-key": paying.fresh()}
    assert refusal(paying.ask("GET", where, None, reader)) == (404, "not_found")
    said = {"outcome": "failed", "evidence": "none"}
    assert refusal(paying.ask("POST", f"{where}/review", None, operator, json=said)) == (404, "not_found")
    assert paying.ask("GET", "/v1/payouts", None, reader).json()["items"] == []


def test_a_key_that_led_to_a_payout_says_where_it_is(paying):
    """The look-up of a key names the payout, not a payment."""
    key = paying.fresh()
    answer = paying.post("/v1/payouts", body(paying), "finance", key=key)
    found = paying.ask("GET", f"/v1/idempotency-keys/{key}", "operator").json()
    assert found["uses"][0]["resource"] == answer.headers["location"]


def test_two_operators_over_http_decide_what_the_rail_cannot_say(paying):
    """The demo tenant has two operator keys; the first one's word, even twice, is not enough."""
    paying.rail.transport.refused = True
    where = paying.post("/v1/payouts", body(paying), "finance").headers["location"]
    until(paying, where, "executing")
    payout_id = where.rsplit("/", 1)[1]
    sql = "UPDATE payouts SET state = ?, epoch = epoch + 1 WHERE payout_id = ?"
    for state in ("unknown", "manual_review"):
        paying.engine._store._writer.execute(sql, (state, payout_id))
    said = {"outcome": "failed", "evidence": "call with the rail's desk, ticket 4711"}
    for _ in range(2):
        answer = paying.post(f"{where}/review", said, "operator")
        assert (answer.status_code, answer.json()["state"]) == (200, "manual_review")
    second = paying.post(f"{where}/review", said, "second_operator")
    assert (second.status_code, second.json()["state"]) == (200, "failed")
    assert [review["operator"] for review in second.json()["reviews"]] == ["operator-1", "operator-1", "operator-2"]
    assert paying.ask("GET", f"/v1/payees/{paying.demo.payee_ids[0]}").json()["payable"] == "1250"


def test_without_a_rail_payouts_are_refused_and_events_too(shop):
    """503, both with the reason."""
    answer = shop.post("/v1/payouts", body(shop), "finance")
    assert refusal(answer) == (503, "rail_unavailable")
    assert "--rail" in answer.json()["detail"]
    assert refusal(event(shop, EVENT)) == (503, "rail_unavailable")


def test_an_event_is_taken_once(paying):
    """202 twice; the second time it is not new."""
    told = [event(paying, EVENT) for _ in range(2)]
    assert [answer.status_code for answer in told] == [202, 202]
    assert [answer.json()["new"] for answer in told] == [True, False]


@pytest.mark.parametrize("wrong", [b"hmac-sha256=00", b"", b"\xff", b"sha1=x"])
def test_an_event_that_the_rail_did_not_sign_is_not_stored(paying, wrong):
    """401 for another signature and for another secret; nothing is kept."""
    raw = msgspec.json.encode(EVENT)
    headers = [("rail-signature", wrong)]
    assert refusal(paying.ask("POST", "/rail/webhooks", None, headers, content=raw)) == (401, "unauthenticated")
    assert refusal(paying.ask("POST", "/rail/webhooks", None, content=raw)) == (401, "unauthenticated")
    assert refusal(event(paying, EVENT, "another")) == (401, "unauthenticated")
    assert event(paying, EVENT).json()["new"] is True


@pytest.mark.parametrize("payload", [{}, [], {**EVENT, "event_id": ""}, {**EVENT, "key": 1}])
def test_a_signed_event_that_is_none_is_refused(paying, payload):
    """400, so that the rail's people hear of it."""
    assert refusal(event(paying, payload)) == (400, "invalid_request")


def test_while_the_rail_does_not_answer_the_mode_says_so_and_payouts_queue(paying):
    """Trust-only: payouts are accepted and wait; once the rail is back they go out, each once, and the mode is normal."""
    changes = []
    paying.engine.on_state(lambda: changes.append(paying.engine.rail_open))
    paying.engine._breaker._cool_off_s = 0.05
    paying.rail.transport.refused = True
    places = [paying.post("/v1/payouts", body(paying, "10"), "finance").headers["location"] for _ in range(6)]

    async def opened(wanted):
        for _ in range(2000):
            if paying.engine.rail_open is wanted:
                return
            await asyncio.sleep(0.01)
        pytest.fail("the circuit has not changed")

    paying.run(opened(wanted=True))
    assert paying.ask("GET", "/v1/status").json()["mode"] == "trust_only"
    places.append(paying.post("/v1/payouts", body(paying, "10"), "finance").headers["location"])
    paying.rail.transport.refused = False
    paying.run(opened(wanted=False))
    assert paying.ask("GET", "/v1/status").json()["mode"] == "normal"
    assert [until(paying, where, "succeeded")["state"] for where in places] == ["succeeded"] * 7
    assert changes == [True, False]
    assert len(paying.rail.book.lines(0, 100)) == 7
