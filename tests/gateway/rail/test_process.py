"""Rail and gateway as processes: kill -9 and lost replies in any combination leave one charge for each payout."""

import signal
import socket
import threading

import msgspec
import pytest
from gateway_process import WAIT_S, demo, gone, run, running
from gateway_rail import Counter, rail_running, wait_for
from loopback import serving
from waiting import asleep, eventually

pytestmark = [pytest.mark.process, pytest.mark.each_python]

FAULTS = ("lost_reply_before", "lost_reply_after", "bad_gateway_before", "bad_gateway_after", "garbled_after")
QUICK = ("--rail-timeout-s", "1", "--no-access-log")


@pytest.fixture
def counter(tmp_path, monkeypatch):
    """A tenant, and the secret that rail and gateway share."""
    monkeypatch.setenv("GONOGO_RAIL_SECRET", "shared by both")
    return Counter(demo(tmp_path / "gateway.db"))


def all_succeeded(counter, number):
    """Whether all payouts have."""
    return list(counter.payouts().values()) == ["succeeded"] * number


def test_the_ready_line_is_true_and_a_signal_ends_the_rail_with_0(tmp_path):
    """It answers when it says so; SIGTERM drains it."""
    with rail_running(tmp_path / "rail.db") as rail:
        assert rail.counts()["charges"] == 0
        rail.process.send_signal(signal.SIGTERM)
        assert rail.process.wait(60) == 0


def test_a_misspelt_script_ends_with_2_and_its_name(tmp_path):
    """Before anything is served."""
    path = tmp_path / "script.yaml"
    path.write_text("apiVersion: gonogo/v1\nkind: RailScript\nmetadata: {name: x}\nspec: {chargse: []}\n", encoding="utf-8")
    done = run("rail", "--script", str(path), "--book", str(tmp_path / "rail.db"))
    assert done.returncode == 2
    assert "script.yaml" in done.stderr
    assert "chargse" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_gateway_killed_between_call_and_record_charges_once(tmp_path, counter):
    """The rail has paid, the reply is on its way, the gateway is gone: its successor asks, and does not pay again."""
    db = tmp_path / "gateway.db"
    with rail_running(tmp_path / "rail.db") as rail:
        rail.script(charges=[{"action": "slow", "delay_ms": 900}], forgets_keys=True)
        with running(db, "--rail", rail.url, *QUICK) as gateway:
            counter.url = gateway.url
            counter.owe(1000)
            payout = counter.pay(1000)
            wait_for(rail.paid)
            gateway.process.kill()
            gateway.wait()
        with running(db, "--rail", rail.url, *QUICK) as gateway:
            counter.url = gateway.url
            wait_for(lambda: all_succeeded(counter, 1))
        assert rail.paid() == [(payout["rail_key"], "1000")]


class SilentRail:
    """A rail that has charged what it was asked for, and says so only when it is let."""

    def __init__(self):
        self.asked, self.go_on = threading.Event(), threading.Event()

    def answer(self, _method, _target, headers, body):
        """One charge."""
        self.asked.set()
        self.go_on.wait()
        charge = {"rail_id": "chg_1", "key": headers["Idempotency-Key"], "status": "succeeded", **msgspec.json.decode(body)}
        return 201, {"Content-Type": "application/json"}, msgspec.json.encode(charge)


def test_a_gateway_that_is_told_to_stop_writes_down_what_the_rail_was_about_to_say(tmp_path, counter):
    """SIGTERM during a call: the reply comes when the gateway is stopping already, and is recorded; the exit code is 0."""
    db, rail = tmp_path / "gateway.db", SilentRail()
    with serving(rail) as url, running(db, "--rail", url, "--rail-timeout-s", "60", "--no-access-log") as gateway:
        counter.url = gateway.url
        counter.owe(1000)
        counter.pay(1000)
        assert rail.asked.wait(WAIT_S)
        writer, front = gateway.pids()
        gateway.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: gone(front))
        asleep(writer)
        assert not gone(writer), "without its front, all that it waits for is the rail"
        rail.go_on.set()
        assert gateway.wait() == 0
    with running(db, "--no-access-log") as gateway:
        counter.url = gateway.url
        assert all_succeeded(counter, 1)


def test_a_gateway_killed_after_its_call_left_and_before_it_arrived_charges_once(tmp_path, counter):
    """Something took the connection and never answered: unknown, and the same key goes out once the rail has never seen it."""
    db = tmp_path / "gateway.db"
    with socket.create_server(("127.0.0.1", 0), reuse_port=False) as deaf:
        port = deaf.getsockname()[1]
        with running(db, "--rail", f"http://127.0.0.1:{port}", *QUICK) as gateway:
            counter.url = gateway.url
            counter.owe(1000)
            payout = counter.pay(1000)
            deaf.accept()[0].close()
            gateway.process.kill()
            gateway.wait()
    with rail_running(tmp_path / "rail.db") as rail, running(db, "--rail", rail.url, *QUICK) as gateway:
        counter.url = gateway.url
        wait_for(lambda: all_succeeded(counter, 1))
        assert rail.paid() == [(payout["rail_key"], "1000")]


@pytest.mark.nightly
@pytest.mark.parametrize("forgets", [False, True], ids=["keeps keys", "forgets keys"])
def test_a_storm_of_faults_and_three_kills_leaves_one_charge_for_each_payout(tmp_path, counter, forgets):
    """Every fault of the reply, and kill -9 three times in the middle: rail's book and ledger agree, 0 extra charges."""
    db, number = tmp_path / "gateway.db", 20
    amounts = {}
    with rail_running(tmp_path / "rail.db") as rail:
        weights = {"ok": 2, "slow": 1, **dict.fromkeys(FAULTS, 1)}
        rail.script(mix={"seed": 7, "weights": weights, "delay_ms": 300}, forgets_keys=forgets)
        for kill in range(4):
            with running(db, "--rail", rail.url, *QUICK) as gateway:
                counter.url = gateway.url
                if kill < 3:
                    counter.owe(10_000)
                    for n in range(kill, number, 3):
                        amounts[counter.pay(100 + n)["rail_key"]] = str(100 + n)
                    before = rail.counts()["charge_requests"]
                    wait_for(lambda before=before: rail.counts()["charge_requests"] > before)
                    gateway.process.kill()
                    gateway.wait()
                else:
                    wait_for(lambda: all_succeeded(counter, number))
                    left = 30_000 - sum(int(amount) for amount in amounts.values())
                    assert counter.payable() == str(left)
        assert sorted(rail.paid()) == sorted(amounts.items())
        assert rail.counts()["lost_replies"] > 0


def test_doubled_disordered_and_late_events_change_nothing_but_the_speed(tmp_path, counter):
    """Replies are lost, look-ups fail for a while, events come thrice and backwards: one charge, one credit each."""
    with rail_running(tmp_path / "rail.db") as rail, running(tmp_path / "gateway.db", "--rail", rail.url, *QUICK) as gateway:
        counter.url = gateway.url
        rail.send_events_to(gateway.url)
        manner = {"copies": 3, "reordered": True, "delay_ms": 200}
        rail.script(
            webhook=manner, charges=[{"action": "lost_reply_after", "times": 0}], look_ups=[{"action": "lost_reply", "times": 2}]
        )
        counter.owe(5000)
        amounts = {counter.pay(100 + n)["rail_key"]: str(100 + n) for n in range(2)}
        wait_for(lambda: all_succeeded(counter, 2))
        wait_for(lambda: rail.counts()["webhooks_sent"] == 12)
        assert counter.payable() == str(5000 - sum(int(amount) for amount in amounts.values()))
        assert sorted(rail.paid()) == sorted(amounts.items())
