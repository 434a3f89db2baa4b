"""The rail's events on their way: signed, repeated until taken, and as late, doubled and disordered as the script wants."""

import asyncio
import hashlib
import hmac
from typing import Literal

import httpx
import msgspec

from gateway.ids import Ids
from gateway.rail.simulator.book import Charge, Status
from gateway.rail.simulator.script import WebhookManner

SIGNATURE_HEADER = "Rail-Signature"
ATTEMPTS = 8


class Event(msgspec.Struct, frozen=True):
    """What a webhook carries."""

    event_id: str
    type: Literal["charge.pending", "charge.succeeded", "charge.failed"]
    rail_id: str
    key: str
    status: Status
    at: str


def signature(secret: str, body: bytes) -> str:
    """The header's value: an HMAC-SHA256 over the raw body."""
    return "hmac-sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Messenger:
    """Sends events to one address; with none, or without a secret to sign with, it sends nothing."""

    def __init__(self, ids: Ids, url: str | None, secret: str | None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url
        self.secret = secret
        self.sent = 0
        self._ids = ids
        self._client = httpx.AsyncClient(timeout=5.0, trust_env=False, transport=transport)
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, charge: Charge, statuses: tuple[Status, ...], manner: WebhookManner) -> None:
        """Send one event for each status, in the background."""
        if not self.url or not self.secret or manner.lost:
            return
        names: dict[Status, Literal["charge.pending", "charge.succeeded", "charge.failed"]] = {
            "pending": "charge.pending",
            "succeeded": "charge.succeeded",
            "failed": "charge.failed",
        }
        events = [
            Event(f"evt_{self._ids.suffix()}", names[status], charge.rail_id, charge.key, status, charge.at)
            for status in statuses
        ]
        if manner.reordered:
            events.reverse()
        task = asyncio.get_running_loop().create_task(self._deliver(events, manner), name="rail-webhook")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is still on its way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _deliver(self, events: list[Event], manner: WebhookManner) -> None:
        await asyncio.sleep(manner.delay_ms / 1000)
        for event in events:
            for _ in range(manner.copies):
                await self._send(msgspec.json.encode(event))

    async def _send(self, body: bytes) -> None:
        for attempt in range(ATTEMPTS):
            assert self.url is not None, "checked when the event was made"
            assert self.secret is not None, "checked when the event was made"
            headers = {SIGNATURE_HEADER: signature(self.secret, body), "content-type": "application/json"}
            try:
                answer = await self._client.post(self.url, content=body, headers=headers)
            except httpx.HTTPError:
                taken = False
            else:
                taken = answer.is_success
            if taken:
                self.sent += 1
                return
            await asyncio.sleep(min(5.0, 0.05 * 2**attempt))
