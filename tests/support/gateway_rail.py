"""A rail and a gateway as processes, for what only processes can show: lost connections and kill -9."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from gateway_process import command

ROUNDS = 1200
PAUSE_S = 0.05


def client() -> httpx.Client:
    """One for many requests, since making one costs more than asking; each has a connection of its own: who answers may die."""
    return httpx.Client(timeout=60, limits=httpx.Limits(max_keepalive_connections=0))


class Rail:
    """A running rail."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.http = client()

    def script(self, **spec: object) -> None:
        """Replace its script."""
        assert self.http.post(f"{self.url}/control/script", json=spec).status_code == 200

    def send_events_to(self, gateway_url: str) -> None:
        """Tell it where the gateway listens."""
        assert self.http.post(f"{self.url}/control/webhooks", json={"url": f"{gateway_url}/rail/webhooks"}).status_code == 200

    def counts(self) -> dict[str, int]:
        """What it was asked for so far."""
        return self.http.get(f"{self.url}/control/counts").json()

    def paid(self) -> list[tuple[str, str]]:
        """Key and amount of the successes in its own book."""
        lines = [msgspec.json.decode(line) for line in self.http.get(f"{self.url}/book?limit=10000").content.splitlines()]
        return [(line["key"], line["amount"]) for line in lines if line["status"] == "succeeded"]


@contextmanager
def rail_running(book: Path, *options: str, port: int = 0) -> Iterator[Rail]:
    """A rail on a free port (or the given one); ended when the block is left."""
    argv = command("rail", "--port", str(port), "--book", str(book), *options)
    with (
        book.with_suffix(".log").open("wb") as log,
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, book.with_suffix(".log").read_text()
            yield Rail(process, msgspec.json.decode(line)["url"])
        finally:
            process.kill()


class Counter:
    """The finance desk of one demo tenant at a gateway; the gateway may come back at another address."""

    def __init__(self, tenant: dict[str, object]) -> None:
        self.tenant = tenant
        self.url = ""
        self.http = client()
        self._keys = 0

    def _post(self, role: str, path: str, body: object, key: str | None = None) -> httpx.Response:
        self._keys += 1
        key = key or f"counter-{self._keys:012d}"
        headers = {"authorization": f"Bearer {self.tenant[f'{role}_key']}", "idempotency-key": key}
        return self.http.post(self.url + path, json=body, headers=headers)

    def owe(self, amount: int) -> None:
        """Settle a payment, so that the first payee is owed so much more."""
        payee = self.tenant["payee_ids"][0]
        body = {"wallet_id": self.tenant["wallet_id"], "payee_id": payee, "amount": str(amount), "currency": "USD"}
        made = self._post("agent", "/v1/payments", body)
        assert made.status_code == 201, made.text
        assert self._post("agent", f"{made.headers['location']}/settle", {}).status_code == 200

    def pay(self, amount: int, key: str | None = None) -> dict[str, object]:
        """Ask for a payout."""
        body = {"payee_id": self.tenant["payee_ids"][0], "amount": str(amount), "currency": "USD"}
        answer = self._post("finance", "/v1/payouts", body, key)
        assert answer.status_code == 202, answer.text
        return answer.json()["payout"]

    def payouts(self) -> dict[str, str]:
        """The state of each payout, by its key at the rail."""
        headers = {"authorization": f"Bearer {self.tenant['finance_key']}"}
        items = self.http.get(f"{self.url}/v1/payouts?limit=1000", headers=headers).json()["items"]
        return {item["rail_key"]: item["state"] for item in items}

    def payable(self) -> str:
        """What the first payee is owed."""
        headers = {"authorization": f"Bearer {self.tenant['finance_key']}"}
        return self.http.get(f"{self.url}/v1/payees/{self.tenant['payee_ids'][0]}", headers=headers).json()["payable"]


def wait_for(true) -> None:
    """Return once `true()` is; fails when it takes too long."""

    async def poll() -> None:
        for _ in range(ROUNDS):
            if true():
                return
            await asyncio.sleep(PAUSE_S)
        raise AssertionError("waited a minute in vain")

    asyncio.run(poll())
