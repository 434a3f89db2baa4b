"""A gateway of two processes: one service to its clients, whichever of them ends."""

import asyncio
import io
import json
import os
import signal
import sqlite3
from contextlib import closing
from http.client import HTTPConnection

import httpx
import msgspec
import pytest
from gateway_process import WAIT_S, demo, gone, running
from waiting import eventually

from gateway.clock import system_clock
from gateway.routes import MUTATIONS
from gateway.server.channel import Channel, Committed, Drain, Failed, Opened, State, ToFront
from gateway.server.front import WriterLink
from gateway.telemetry.access_log import AccessLog

pytestmark = [pytest.mark.process, pytest.mark.each_python]

ONE, TWO = ("--processes", "1"), ("--processes", "2")


def test_every_mutation_has_a_kind_of_its_own():
    """The front finds a mutation's place in the table by its kind."""
    assert len({route.kind for route in MUTATIONS}) == len(MUTATIONS)


class Caller:
    """An agent of the demo tenant."""

    def __init__(self, gateway, tenant):
        self.url, self.tenant = gateway.url, tenant

    def headers(self, key):
        """Who sends it, and under which key."""
        return {"authorization": f"Bearer {self.tenant['agent_key']}", "idempotency-key": f"{key:0>20}"}

    def payment(self):
        """The body of a reserve."""
        return {"wallet_id": self.tenant["wallet_id"], "payee_id": self.tenant["payee_ids"][0], "amount": "5", "currency": "USD"}

    def post(self, path, key, **body):
        """One mutation."""
        return httpx.post(f"{self.url}{path}", headers=self.headers(key), json=body, timeout=WAIT_S)

    def reserve(self, key, **more):
        """A payment."""
        return self.post("/v1/payments", key, **self.payment(), **more)

    def reserve_on(self, connection, key):
        """Send a reserve on an open connection, without waiting for its answer."""
        headers = {**self.headers(key), "content-type": "application/json"}
        connection.request("POST", "/v1/payments", body=json.dumps(self.payment()), headers=headers)


def all_gone(*pids):
    """Whether they end, in good time."""
    return eventually(lambda: all(map(gone, pids)), WAIT_S)


@pytest.mark.parametrize(("options", "processes"), [(ONE, 1), (TWO, 2)])
def test_callers_cannot_tell_how_many_processes_there_are(tmp_path, options, processes):
    """Answers, replays, refusals, reads, receipts and metrics are the same."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with running(db, *options) as gateway:
        caller = Caller(gateway, tenant)
        assert len(gateway.pids()) == processes
        first, again = caller.reserve("a"), caller.reserve("a")
        assert (first.status_code, again.status_code, first.content == again.content) == (201, 201, True)
        assert (first.headers["idempotent-replayed"], again.headers["idempotent-replayed"]) == ("false", "true")
        assert caller.reserve("a", purpose="other").json()["code"] == "idempotency_key_reused"
        where = first.headers["location"]
        assert caller.post(f"{where}/settle", "b").json()["payment"]["state"] == "settled"
        assert caller.post(f"{where}/settle", "c").json()["code"] == "already_settled"
        finance = {"authorization": f"Bearer {tenant['finance_key']}"}
        receipts = httpx.get(f"{gateway.url}/v1/receipts?payment_id={where.rsplit('/', 1)[1]}", headers=finance).json()
        assert len(receipts["items"]) == 2
        metrics = httpx.get(f"{gateway.url}/metrics").text
        assert "gateway_commit_seconds_count" in metrics
        assert 'gateway_settlements_total{outcome="ok"} 1.0' in metrics
        assert "gateway_idempotent_replays_total 1.0" in metrics
        pids = gateway.pids()
        gateway.process.terminate()
        assert gateway.wait() == 0
    assert all_gone(*pids)


def test_a_killed_gateway_leaves_no_process_and_no_port(tmp_path):
    """SIGKILL for the process whose id was told: its children end in the same instant, and the next one starts at once."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with running(db) as gateway:
        first = Caller(gateway, tenant).reserve("a")
        pids, port = gateway.pids(), gateway.address[1]
        gateway.process.kill()
        gateway.wait()
        assert all_gone(*pids)
    with running(db, "--port", str(port)) as gateway:
        assert Caller(gateway, tenant).reserve("a").content == first.content


def test_when_the_front_ends_unasked_the_gateway_ends_and_says_so(tmp_path):
    """A gateway that cannot be reached is not one: whoever supervises it sees the exit code and starts it anew."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with running(db) as gateway:
        first = Caller(gateway, tenant).reserve("a")
        pids = gateway.pids()
        os.kill(pids[-1], signal.SIGKILL)
        assert gateway.wait() == 70
        assert "the front process ended with -9" in gateway.errors.read_text()
        assert all_gone(*pids)
    with running(db) as gateway:
        assert Caller(gateway, tenant).reserve("a").content == first.content


def test_a_key_whose_first_request_is_held_up_is_in_flight_across_processes(tmp_path):
    """Another program holds the storage: one request gets 409 and when to try again, the one before it ends with 503."""
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    with running(db) as gateway, closing(sqlite3.connect(db, isolation_level=None)) as other:
        caller = Caller(gateway, tenant)
        assert caller.reserve("a").status_code == 201
        other.execute("BEGIN IMMEDIATE")

        def twice():
            """The request once, and again while the first one waits; answers by status."""
            with closing(HTTPConnection(*gateway.address)) as one, closing(HTTPConnection(*gateway.address)) as two:
                two.connect()
                caller.reserve_on(one, "b")
                eventually(lambda: "gateway_in_flight 2.0" in httpx.get(f"{gateway.url}/metrics").text, 2.0)
                caller.reserve_on(two, "b")
                answers = [connection.getresponse() for connection in (one, two)]
                return sorted((answer.status, json.loads(answer.read())["code"]) for answer in answers)

        # A machine may stall for longer than the gateway waits for the lock: then both end with 503, and they are sent again.
        assert eventually(lambda: twice() == [(409, "idempotency_in_flight"), (503, "storage_busy")], WAIT_S)
        other.execute("ROLLBACK")
        assert caller.reserve("b").status_code == 201


def test_a_frozen_writing_process_makes_the_gateway_unready(tmp_path):
    """The front still answers, and says that nobody is there to decide."""
    db = tmp_path / "gateway.db"
    demo(db)
    with running(db) as gateway:
        assert httpx.get(f"{gateway.url}/readyz").status_code == 200
        gateway.process.send_signal(signal.SIGSTOP)
        assert eventually(lambda: httpx.get(f"{gateway.url}/readyz").status_code == 503, WAIT_S)
        assert "the writing process has been silent for" in httpx.get(f"{gateway.url}/readyz").json()["detail"]
        gateway.process.send_signal(signal.SIGCONT)
        assert eventually(lambda: httpx.get(f"{gateway.url}/readyz").status_code == 200, WAIT_S)


def test_a_signal_that_comes_before_there_is_a_server_is_not_forgotten():
    """The front receives it together with the news that the database is open; the server that it makes then ends at once."""

    async def drained():
        log, asked = AccessLog(io.BytesIO(), system_clock), []
        link = WriterLink(log)
        link._receive([Opened("0" * 64), Drain()])
        assert await link.opened == "0" * 64
        link.drain_with(lambda: asked.append("drain"))
        log.close()
        return asked

    assert asyncio.run(drained()) == ["drain"]


def test_a_frame_may_arrive_in_any_pieces():
    """What was said is heard once, in order, however the bytes come."""

    async def told():
        heard = []
        channel = Channel(ToFront, heard.extend, lambda: None)
        items = [State(rail_open=False, held_up=True, answers_purged=7), Committed(0.5, 3)]
        frames = b""
        for item in items:
            body = msgspec.msgpack.encode([item])
            frames += len(body).to_bytes(4, "big") + body
        for at in range(len(frames)):
            channel.data_received(frames[at : at + 1])
        channel.data_received(frames)
        return heard == items * 2

    assert asyncio.run(told())


class Counted(bytearray):
    """Bytes that count how many were copied into them."""

    copied = 0

    def __iadd__(self, more):
        self.copied += len(more)
        return super().__iadd__(more)


def test_a_long_frame_is_copied_once_however_many_parts_it_comes_in():
    """600 bodies of 64,000 bytes in one turn of the loop held up all callers for 4 s: each part copied all that was there."""

    async def received():
        frames, parts = [], 1_000
        channel = Channel(ToFront, frames.extend, lambda: None)
        channel._rest = counted = Counted()
        item = Failed(1, "code", "x" * 1_000_000, ambiguous=False)
        body = msgspec.msgpack.encode([item])
        whole = len(body).to_bytes(4, "big") + body
        size = len(whole) // parts + 1
        for at in range(0, len(whole), size):
            channel.data_received(whole[at : at + size])
        assert channel._rest is counted
        return frames == [item], counted.copied == len(whole)

    assert asyncio.run(received()) == (True, True)


@pytest.mark.parametrize("processes", [ONE, TWO], ids=["one process", "two processes"])
def test_one_reserve_is_one_event_of_each_slo_that_counts_it(tmp_path, processes):
    """The writing process counts nothing: alerts would see twice the traffic, and half of an outage."""
    db = tmp_path / "gateway.db"
    with running(db, *processes) as gateway:
        assert Caller(gateway, demo(db)).reserve(1).status_code == 201
        lines = httpx.get(f"{gateway.url}/metrics", timeout=WAIT_S).text.splitlines()
    counted = {line for line in lines if line.startswith("gateway_slo_events_total{") and not line.endswith(" 0.0")}
    assert counted == {
        'gateway_slo_events_total{outcome="good",slo="availability"} 1.0',
        'gateway_slo_events_total{outcome="good",slo="decision_latency"} 1.0',
    }
