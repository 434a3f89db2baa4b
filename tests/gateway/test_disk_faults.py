"""What a disk does to a running gateway: a sync that fails stops the writing, a full disk refuses it, and neither loses money."""

import os
from contextlib import contextmanager

import httpx
import pytest
from gateway_process import WAIT_S, demo, run, running

from drills.disk.faults import Order
from drills.power import PowerDisk

pytestmark = [pytest.mark.process, pytest.mark.power]

BOTH = pytest.mark.parametrize("processes", ["1", "2"])
MANY = 1_000
"""Syncs that fail: more than any test makes."""


@pytest.fixture
def disk(tmp_path):
    """A disk with a database on it."""
    disk = PowerDisk(tmp_path / "disk", tmp_path / "disk-log", os.environ)
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()


@pytest.fixture
def shop(disk, tmp_path):
    """A gateway on that disk, as often as it is started, and a client of it."""
    return Shop(disk.folder / "gateway.db", tmp_path / "gateway.log")


class Shop:
    """An agent of the demo tenant."""

    def __init__(self, db, log):
        self.db, self.log, self.tenant = db, log, demo(db)
        self.url = ""

    @contextmanager
    def serving(self, processes="2"):
        """Run the gateway until the block is left, and kill it then."""
        with running(self.db, "--processes", processes, errors=self.log) as gateway:
            self.url = gateway.url
            yield gateway

    def reserve(self, key):
        """A payment of 5."""
        body = {"wallet_id": self.tenant["wallet_id"], "payee_id": self.tenant["payee_ids"][0], "amount": "5", "currency": "USD"}
        headers = {"authorization": f"Bearer {self.tenant['agent_key']}", "idempotency-key": f"{key:0>20}"}
        return httpx.post(f"{self.url}/v1/payments", headers=headers, json=body, timeout=WAIT_S)

    def get(self, path):
        """What the finance role reads."""
        return httpx.get(self.url + path, headers={"authorization": f"Bearer {self.tenant['finance_key']}"}, timeout=WAIT_S)

    def held(self):
        """The wallet's open holds."""
        return self.get(f"/v1/wallets/{self.tenant['wallet_id']}").json()["held"]


def refusal(answer):
    """What a refusal says."""
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    return answer.status_code, body["code"], body["money_moved"], body["retry"]["action"]


UNUSABLE = (503, "storage_unusable", "unknown", "contact_operator")


@BOTH
def test_after_a_failed_sync_nothing_is_acknowledged_until_the_gateway_is_started_again(disk, shop, processes):
    """One sync fails, as a kernel shows it once; reads go on, readiness says why, and every later mutation is refused."""
    with shop.serving(processes):
        assert shop.reserve("before").status_code == 201
        disk.order(Order(fail_syncs=1))
        assert refusal(shop.reserve("in-doubt")) == UNUSABLE
        assert disk.meters().failed_syncs == 1
        for key in ("in-doubt", "later"):
            assert refusal(shop.reserve(key)) == UNUSABLE
        assert shop.held() == "5"
        ready = httpx.get(f"{shop.url}/readyz", timeout=WAIT_S)
        assert (ready.status_code, "could not be made durable" in ready.json()["detail"]) == (503, True)
        status = shop.get("/v1/status").json()
        assert (status["mode"], "start it again" in status["message"]) == ("not_ready", True)


def test_what_was_in_doubt_is_decided_once_and_survives_a_power_loss_after_the_restart(disk, shop):
    """The kernel shows the forgotten frames to the next start; what that acknowledges has to be on the disk."""
    with shop.serving():
        assert shop.reserve("before").status_code == 201
        disk.order(Order(fail_syncs=1))
        assert refusal(shop.reserve("in-doubt")) == UNUSABLE
    with shop.serving():
        again = shop.reserve("in-doubt")
        assert again.status_code == 201
    disk.cut()
    with shop.serving():
        repeated = shop.reserve("in-doubt")
        assert (repeated.status_code, repeated.content, shop.held()) == (201, again.content, "10")


def test_on_a_disk_whose_syncs_still_fail_the_gateway_does_not_start(disk, shop):
    """What the log holds cannot be made durable, so that nothing may be acknowledged from it: exit 2, and the next step."""
    with shop.serving():
        assert shop.reserve("before").status_code == 201
        disk.order(Order(fail_syncs=MANY))
        assert refusal(shop.reserve("in-doubt")) == UNUSABLE
    done = run("serve", "--port", "0", "--db", str(shop.db))
    assert done.returncode == 2, done.stderr
    assert "cannot be made durable" in done.stderr
    assert "replace the disk" in done.stderr
    disk.order(Order(fail_syncs=0))
    with shop.serving():
        assert shop.reserve("in-doubt").status_code == 201


def test_a_start_that_is_refused_leaves_log_and_database_as_they_were(disk, shop):
    """Moving the log would put newer pages next to an older log, which a power loss brings back: a corrupt database."""
    with shop.serving():
        assert shop.reserve("before").status_code == 201
        disk.order(Order(fail_syncs=2))
        assert refusal(shop.reserve("in-doubt")) == UNUSABLE
    assert run("serve", "--port", "0", "--db", str(shop.db)).returncode == 2
    assert disk.meters().failed_syncs == 2
    disk.cut()
    with shop.serving():
        assert shop.held() == "5"
        assert shop.reserve("in-doubt").status_code == 201


@BOTH
def test_a_full_disk_refuses_mutations_with_a_problem_answers_reads_and_recovers_with_room(disk, shop, processes):
    """Nothing moved, says the refusal; the same key decides once there is room."""
    with shop.serving(processes):
        assert shop.reserve("before").status_code == 201
        disk.order(Order(room=0))
        assert refusal(shop.reserve("refused")) == (503, "storage_full", "no", "same_key")
        assert disk.meters().refused_writes > 0
        assert shop.held() == "5"
        ready = httpx.get(f"{shop.url}/readyz", timeout=WAIT_S)
        assert (ready.status_code, "is full" in ready.json()["detail"]) == (503, True)
        disk.order(Order(room=-1))
        assert shop.reserve("refused").status_code == 201
        assert shop.held() == "10"
        assert httpx.get(f"{shop.url}/readyz", timeout=WAIT_S).status_code == 200
