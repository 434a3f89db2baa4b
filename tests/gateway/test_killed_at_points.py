"""A served gateway that kills itself at a named point of a commit, with clients that ask again: processes, sockets and a disk."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from gateway_killed import POINTS, deadly, serving
from gateway_process import demo
from sim.oracle import check_books

from gateway.store.connections import open_reader

pytestmark = [pytest.mark.process, pytest.mark.each_python]

CROWD = 16


@pytest.mark.parametrize(
    "point", [pytest.param(point, marks=[] if point == "committed" else [pytest.mark.nightly]) for point in POINTS]
)
def test_a_gateway_killed_at_this_point_has_settled_once(tmp_path, point):
    """Sixteen clients with one key, then sixteen with a key each: each repetition is answered, and the payee is credited once."""
    armed = tmp_path / "armed"
    sources = deadly(tmp_path, point, armed)
    db = tmp_path / "gateway.db"
    tenant = demo(db)
    for keys in (["one-key-for-all-of-them"] * CROWD, [f"a-key-of-its-own-{number:04d}" for number in range(CROWD)]):
        path = _settle_until_it_dies(db, tenant, sources, armed, keys)
        with serving(db, None) as (_, client):
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
    with serving(db, sources) as (process, client):
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
