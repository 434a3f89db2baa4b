"""A payout that a restore has forgotten, and its caller requests again: the rail charges it once, whoever forgets what."""

import hashlib
import itertools
from pathlib import Path

import msgspec
import pytest
from gateway_process import demo, run, running
from gateway_rail import Counter, Rail, rail_running, wait_for

from gateway.payouts.decide import rail_key

QUICK = ("--rail-timeout-s", "1", "--no-access-log")
KEY = "payout-of-november-1"


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    """A tenant, and the secret that rail and gateway share."""
    monkeypatch.setenv("GONOGO_RAIL_SECRET", "shared by both")
    return Counter(demo(tmp_path / "gateway.db"))


def lost_in_a_restore(folder: Path, counter: Counter, rail: Rail) -> Path:
    """The restored database of a gateway that had a payout charged after its backup."""
    with running(folder / "gateway.db", "--rail", rail.url, *QUICK) as gateway:
        counter.url = gateway.url
        counter.owe(1000)
        done = run("backup", "--db", str(folder / "gateway.db"), "--out", str(folder / "backup"))
        assert done.returncode == 0, done.stderr
        counter.pay(600, KEY)
        wait_for(lambda: list(counter.payouts().values()) == ["succeeded"])
    restored = folder / "restored.db"
    done = run("restore", str(folder / "backup"), "--db", str(restored))
    assert done.returncode == 0, done.stderr
    return restored


def reconciled(folder: Path, db: Path, rail: Rail) -> dict[str, object]:
    """What `gonogo gateway reconcile` finds."""
    book = folder / "book.jsonl"
    book.write_bytes(rail.http.get(f"{rail.url}/book?limit=10000").content)
    return msgspec.json.decode(run("reconcile", "--db", str(db), "--book", str(book), "--format", "json").stdout)


@pytest.mark.process
def test_a_payout_repeated_under_its_old_key_after_a_restore_is_charged_once(tmp_path, counter):
    """The new row has the rail key of the lost one: the rail repeats its answer, and both books agree."""
    with rail_running(tmp_path / "rail.db") as rail:
        restored = lost_in_a_restore(tmp_path, counter, rail)
        assert [one["gap"] for one in reconciled(tmp_path, restored, rail)["differences"]] == ["only_at_rail"]
        with running(restored, "--rail", rail.url, *QUICK) as gateway:
            counter.url = gateway.url
            assert counter.payouts() == {}
            counter.pay(600, KEY)
            wait_for(lambda: list(counter.payouts().values()) == ["succeeded"])
            assert counter.payable() == "400"
        assert [amount for _, amount in rail.paid()] == ["600"]
        found = reconciled(tmp_path, restored, rail)
        assert (found["matched"], found["differences"]) == (1, [])


@pytest.mark.process
def test_another_amount_under_the_old_key_after_a_restore_is_charged_nothing_and_is_a_persons_to_decide(tmp_path, counter):
    """The rail has the key with another amount: its charge counts for nothing here, and no second one is made."""
    with rail_running(tmp_path / "rail.db") as rail:
        restored = lost_in_a_restore(tmp_path, counter, rail)
        with running(restored, "--rail", rail.url, *QUICK) as gateway:
            counter.url = gateway.url
            counter.pay(700, KEY)
            wait_for(lambda: rail.counts()["look_ups"] > 0 and list(counter.payouts().values()) == ["unknown"])
        assert [amount for _, amount in rail.paid()] == ["600"]
        assert [one["gap"] for one in reconciled(tmp_path, restored, rail)["differences"]] == ["other_amount"]


def test_a_key_that_looks_like_the_id_of_an_older_payout_has_a_rail_key_of_its_own():
    """Rows of before have rail keys that were derived from their ids, and no caller can name one of these."""
    before = hashlib.sha256(b"ten_1\x1fpyo_0123456789abcdef\x1fpayout\x1f1").hexdigest()[:48]
    assert rail_key("ten_1", "pyo_0123456789abcdef", "payout", 1) != f"gng_{before}"
    parts = itertools.product(("ten_1", "ten_2"), (KEY, "other"), ("payout",), (1, 2))
    assert len({rail_key(*each) for each in parts}) == 8
