"""A served gateway that kills itself at a named point of a commit, with clients that ask again: processes, sockets and a disk.

The points are changes to a copy of the package, as drills make releases; the product has no switch for them.
"""

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from gateway_process import demo
from sim.oracle import check_books

from drills.releases import make_release
from drills.schema import Change, Release
from gateway import package_dir
from gateway.store.connections import open_reader

pytestmark = pytest.mark.process

POINTS = {
    "begun": ("        await self._begin()\n", "{old}{die}"),
    "decided": ("            if self.in_loop or (len(requests) == 1 and not self._queue):\n", "{die}{old}"),
    "committed": ("        return results\n\n    async def _begin(", "{die}{old}"),
}
"""Where in `GroupCommit._transact` the process dies: the place in the source, and on which side of it."""

DIE = """import os, pathlib
if pathlib.Path({armed!r}).exists():
    pathlib.Path({armed!r}).unlink()
    os.kill(os.getpid(), 9)
"""
CROWD = 16


@pytest.mark.parametrize(
    "point", [pytest.param(point, marks=[] if point == "committed" else [pytest.mark.nightly]) for point in POINTS]
)
def test_a_gateway_killed_at_this_point_has_settled_once(tmp_path, point):
    """Sixteen clients with one key, then sixteen with a key each: each repetition is answered, and the payee is credited once."""
    armed = tmp_path / "armed"
    sources = _sources(tmp_path, point, armed)
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    for keys in (["one-key-for-all-of-them"] * CROWD, [f"a-key-of-its-own-{number:04d}" for number in range(CROWD)]):
        path = _settle_until_it_dies(db, tenant, sources, armed, keys)
        with _serving(db, None) as (_, client):
            _log_in(client, tenant)
            first = [_post(client, path, key) for key in keys]
            again = [_post(client, path, key) for key in keys]
            assert [answer.content for answer in first] == [answer.content for answer in again]
            assert all(answer.headers["idempotent-replayed"] == "true" for answer in again)
            wins = {key for key, answer in zip(keys, first, strict=True) if answer.status_code == 200}
            assert len(wins) == 1, [answer.text for answer in first]
        reader = open_reader(db)
        check_books(reader)
        reader.close()


def _settle_until_it_dies(db: Path, tenant: dict, sources: Path, armed: Path, keys: list[str]) -> str:
    """The path of the payment whose settles met the point."""
    with _serving(db, sources) as (process, client):
        _log_in(client, tenant)
        order = {"wallet_id": tenant["wallet_id"], "payee_id": tenant["payee_ids"][0], "amount": "1000", "currency": "USD"}
        made = client.post("/v1/payments", json=order, headers={"idempotency-key": f"reserve-for-{keys[-1]}"})
        assert made.status_code == 201, made.text
        path = f"{made.headers['location']}/settle"
        armed.touch()
        with ThreadPoolExecutor(CROWD) as clients:
            told = list(clients.map(lambda key: _try(client, path, key), keys))
        assert None in told, "somebody was left without an answer"
        assert process.wait(60) == -9
        assert not armed.exists()
    return path


def _try(client: httpx.Client, path: str, key: str) -> httpx.Response | None:
    try:
        return _post(client, path, key)
    except httpx.TransportError:
        return None


def _post(client: httpx.Client, path: str, key: str) -> httpx.Response:
    return client.post(path, json={}, headers={"idempotency-key": key})


def _log_in(client: httpx.Client, tenant: dict) -> None:
    client.headers["authorization"] = f"Bearer {tenant['agent_key']}"


def _sources(folder: Path, point: str, armed: Path) -> Path:
    old, form = POINTS[point]
    indent = old[: len(old) - len(old.lstrip())]
    new = form.format(old=old, die=textwrap.indent(DIE.format(armed=str(armed)), indent))
    return make_release(package_dir(), Release((Change("store/group_commit.py", "it dies here", new, old),)), folder / "sources")


@contextmanager
def _serving(db: Path, sources: Path | None):
    paths = [str(sources)] if sources else []
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *sys.path]), "PYTHONSAFEPATH": "1"}
    argv = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--db", str(db), "--no-access-log"]
    log = db.with_suffix(".log")
    with log.open("wb") as errors, subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=errors) as process:
        try:
            line = process.stdout.readline()
            assert line, log.read_text()
            with httpx.Client(base_url=msgspec.json.decode(line)["url"], timeout=60) as client:
                yield process, client
        finally:
            process.kill()
