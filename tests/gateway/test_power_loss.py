"""The power fails while clients are being answered: what was acknowledged is there when it comes back."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from by_night import number_of_the_night
from sim.oracle import check_books

from drills.power import PowerDisk
from drills.releases import load_release, make_release
from gateway import package_dir
from gateway.store.connections import open_reader

pytestmark = [pytest.mark.process, pytest.mark.power]

DEFECTS = Path(__file__).parents[1] / "defects"
CLIENTS = 8
ENOUGH = 60
"""Acknowledged mutations before the power fails."""


class Acknowledged(msgspec.Struct, frozen=True):
    """A mutation that a client was told of."""

    path: str
    key: str
    body: bytes
    status: int
    answer: bytes


def test_what_was_acknowledged_survives_a_power_loss(tmp_path):
    """Three losses on one disk, with all unsynced writes gone or some of them kept: every answer repeats, every book agrees."""
    _lose_power(tmp_path, range(3))


A_NIGHT = 20
"""Power losses of one night."""


@pytest.mark.nightly(minutes=5)
def test_what_was_acknowledged_survives_many_power_losses(tmp_path):
    """The same for twenty losses in a row, others each night, so that log and database are met in many states."""
    first = A_NIGHT * number_of_the_night()
    _lose_power(tmp_path, range(first, first + A_NIGHT))


def _lose_power(tmp_path: Path, seeds: range) -> None:
    with _mounted(tmp_path) as disk:
        tenant = _tenant(disk.folder / "gateway.db")
        for seed in seeds:
            told = _press_until_the_power_fails(disk, tenant, tmp_path, seed)
            assert _lost(disk, tenant, tmp_path, told) == []
            reader = open_reader(disk.folder / "gateway.db")
            check_books(reader)
            reader.close()


def test_without_syncing_acknowledged_answers_are_lost(tmp_path):
    """The control: the same disk takes back what a gateway with synchronous=NORMAL has acknowledged, so the test can fail."""
    sources = make_release(package_dir(), load_release("unsynced_commit", DEFECTS), tmp_path / "sources")
    with _mounted(tmp_path) as disk:
        tenant = _tenant(disk.folder / "gateway.db")
        told = _press_until_the_power_fails(disk, tenant, tmp_path, 0, sources)
        assert _lost(disk, tenant, tmp_path, told)


def _press_until_the_power_fails(disk, tenant, folder: Path, seed: int, sources: Path | None = None) -> list[Acknowledged]:
    told: list[Acknowledged] = []
    enough = threading.Event()
    with _serving(disk.folder / "gateway.db", folder, sources) as (process, url):
        names = [f"{seed}-{number}" for number in range(CLIENTS)]
        threads = [threading.Thread(target=_press, args=(url, tenant, name, told, enough)) for name in names]
        for thread in threads:
            thread.start()
        assert enough.wait(60), "the gateway does not answer"
        process.kill()  # the machine stops: no byte leaves this process any more
        process.wait(60)
        disk.cut(seed)
        for thread in threads:
            thread.join(20)
    return told


def _press(url: str, tenant: dict, name: str, told: list[Acknowledged], enough: threading.Event) -> None:
    """Reserve and settle until nobody answers."""
    headers = {"authorization": f"Bearer {tenant['agent_key']}", "content-type": "application/json"}
    order = {"wallet_id": tenant["wallet_id"], "payee_id": tenant["payee_ids"][0], "amount": "1000", "currency": "USD"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        for number in range(10_000):
            path, body = "/v1/payments", msgspec.json.encode(order)
            for step in ("reserve", "settle"):
                key = f"{step}-{name}-{number:06d}"
                try:
                    answer = client.post(path, content=body, headers={"idempotency-key": key})
                except httpx.TransportError:
                    return
                told.append(Acknowledged(path, key, body, answer.status_code, answer.content))
                path, body = f"{answer.headers.get('location', '')}/settle", b"{}"
            if len(told) >= ENOUGH:
                enough.set()


def _lost(disk, tenant, folder: Path, told: list[Acknowledged]) -> list[str]:
    """Keys whose answer is not repeated byte for byte once the power is back."""
    headers = {"authorization": f"Bearer {tenant['agent_key']}", "content-type": "application/json"}
    with (
        _serving(disk.folder / "gateway.db", folder, None) as (_, url),
        httpx.Client(base_url=url, headers=headers, timeout=60) as client,
    ):
        lost = []
        for item in told:
            assert item.status in (200, 201), item.answer
            answer = client.post(item.path, content=item.body, headers={"idempotency-key": item.key})
            repeated = (answer.status_code, answer.content, answer.headers.get("idempotent-replayed"))
            if repeated != (item.status, item.answer, "true"):
                lost.append(item.key)
        return lost


@contextmanager
def _mounted(folder: Path):
    disk = PowerDisk(folder / "disk", folder / "disk", {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()


@contextmanager
def _serving(db: Path, folder: Path, sources: Path | None):
    """A gateway on that disk; its log is on another one."""
    paths = [str(sources)] if sources else []
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *sys.path]), "PYTHONSAFEPATH": "1"}
    argv = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--db", str(db), "--no-access-log"]
    log = folder / "gateway.log"
    with log.open("wb") as errors, subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=errors) as process:
        try:
            line = process.stdout.readline()
            assert line, log.read_text()
            yield process, msgspec.json.decode(line)["url"]
        finally:
            process.kill()


def _tenant(db: Path) -> dict:
    argv = [sys.executable, "-m", "gateway", "demo-data", "--db", str(db), "--format", "json"]
    done = subprocess.run(argv, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout)
