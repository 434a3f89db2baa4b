"""A shop: the whole gateway in this process, asked over ASGI by a caller of each role; nothing touches the network."""

import asyncio
import io
import time
from pathlib import Path
from typing import Self

import httpx
import msgspec
from migrated import begin

from gateway.clock import system_clock
from gateway.command_line.demo import DemoData, make_demo
from gateway.engine.engine import Engine
from gateway.ids import CountingIds
from gateway.server.app import create_app
from gateway.settings import Settings
from gateway.telemetry.access_log import AccessLog

JSON = {"content-type": "application/json"}


class HandClock:
    """Seconds, set by hand; it starts late enough for every bucket of a rate limit to be full."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Shop:
    """One gateway with one demo tenant. Use as a context manager; `lines` are what it logged, once it is closed."""

    def __init__(self, folder: Path, monotonic=time.perf_counter, **settings: object) -> None:
        self.settings = msgspec.structs.replace(Settings(db=folder / "gateway.db", lock_wait_s=0.05), **settings)
        self.demo: DemoData = make_demo(begin(self.settings.db), system_clock, CountingIds(), "demo")
        self.engine = Engine.open(self.settings)
        self.sink = io.BytesIO()
        self.log = AccessLog(self.sink, system_clock)
        self.made = create_app(self.engine, self.settings, self.log, monotonic)
        self.app = self.made.asgi
        self._runner = asyncio.Runner()
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        self._keys = 0

    def __enter__(self) -> Self:
        """Start."""
        self.run(self.engine.start())
        return self

    def __exit__(self, *_: object) -> None:
        """Drain and flush."""
        self.run(self._client.aclose())
        self.run(self.engine.drain())
        self.log.close()
        self._runner.close()

    def run(self, work):
        """The result of a coroutine."""
        return self._runner.run(work)

    def key(self, role: str) -> str:
        """The role's API key."""
        return getattr(self.demo, f"{role}_key")

    def fresh(self) -> str:
        """An idempotency key never used before."""
        self._keys += 1
        return f"test-key-{self._keys:010d}"

    def ask(self, method: str, path: str, role: str | None = "agent", headers=(), **request) -> httpx.Response:
        """One request with the role's key; `headers` is a dict or a list of pairs."""
        pairs = [*(headers.items() if isinstance(headers, dict) else headers)]
        if role is not None:
            pairs.append(("authorization", f"Bearer {self.key(role)}"))
        return self.run(self._client.request(method, path, headers=pairs, **request))

    def post(self, path: str, body: object, role: str = "agent", key: str | None = None) -> httpx.Response:
        """A well-formed mutation."""
        return self.ask("POST", path, role, {"idempotency-key": key or self.fresh()}, json=body)

    def payment(self, **changes: object) -> dict[str, object]:
        """The body of a reserve that the policy allows."""
        wallet, payee = self.demo.wallet_id, self.demo.payee_ids[0]
        return {"wallet_id": wallet, "payee_id": payee, "amount": "1250", "currency": "USD"} | changes

    def reserved(self) -> str:
        """The path of a payment that was just reserved."""
        answer = self.post("/v1/payments", self.payment())
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    @property
    def lines(self) -> list[dict[str, object]]:
        """What was logged; complete once the shop is closed."""
        return [msgspec.json.decode(line) for line in self.sink.getvalue().splitlines()]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem, after looking at everything that a problem must have."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["type"] == f"urn:gonogo:error:{body['code']}"
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    assert body["next_step"]
    assert body["money_moved"] in {"yes", "no", "unknown"}
    assert set(body["retry"]) == {"action", "after_ms"}
    assert body["request_id"]
    return answer.status_code, body["code"]
