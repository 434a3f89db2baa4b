"""The rail over HTTP. Whatever is not a clear word of the rail about this very charge is unknown, never guessed."""

import asyncio
from typing import Literal, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from gateway.rail.port import RailOutcome, RailResult, Wanted

CONNECT_S = 2.0
"""Seconds until a rail that cannot be connected to counts as not reached; never more than it gets for an answer."""

Part = TypeVar("Part", bound=msgspec.Struct)


class _Charge(msgspec.Struct, frozen=True):
    rail_id: str
    key: str
    payee: str
    amount: str
    currency: str
    status: Literal["pending", "succeeded", "failed"]
    reason: str | None = None


class _Error(msgspec.Struct, frozen=True):
    error: str
    key: str | None = None


class HttpRail:
    """One rail at a base URL, with a client and timeouts of its own."""

    def __init__(
        self,
        base_url: str,
        answer_s: float,
        connect_s: float = CONNECT_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        connect_s = min(connect_s, answer_s)
        # httpx counts each read on its own; the whole call has a limit, too, so that a slow stream cannot outlive a lease.
        self._whole_s = connect_s + answer_s
        timeout = httpx.Timeout(answer_s, connect=connect_s)
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=8)
        # Redirects stay off, and so do the environment's proxies: a payment goes where the settings say, or nowhere.
        self._client = httpx.AsyncClient(
            base_url=base_url, timeout=timeout, limits=limits, transport=transport, follow_redirects=False, trust_env=False
        )

    async def create(self, key: str, payee: str, amount: int, currency: str) -> RailResult:
        """Send the charge. A refused or timed-out connection was never written to; everything later may have arrived."""
        body = msgspec.json.encode({"amount": str(amount), "currency": currency, "payee": payee})
        headers = {"idempotency-key": key, "content-type": "application/json"}
        try:
            async with asyncio.timeout(self._whole_s):
                answer = await self._client.post("/charges", content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return RailResult(RailOutcome.NOT_SENT, _named(error))
        except (httpx.HTTPError, TimeoutError) as error:
            return RailResult(RailOutcome.UNKNOWN, _named(error))
        charge = _charge(answer)
        if charge is None or not _is_about(charge, key, Wanted(payee, amount, currency)):
            return RailResult(RailOutcome.UNKNOWN, f"status {answer.status_code} without a word about this charge")
        if charge.status == "pending":
            return RailResult(RailOutcome.UNKNOWN, "the rail has not decided yet", charge.rail_id)
        return _final(charge)

    async def look_up(self, key: str, wanted: Wanted | None = None) -> RailResult:
        """Ask by key. Never seen only where the rail says so of this key: a proxy's 404 is no such word."""
        try:
            async with asyncio.timeout(self._whole_s):
                answer = await self._client.get(f"/charges/{quote(key, safe='')}")
        except (httpx.HTTPError, TimeoutError) as error:
            return RailResult(RailOutcome.UNKNOWN, _named(error))
        if answer.status_code == 404:
            refusal = _decoded(answer, _Error)
            if refusal is not None and (refusal.error, refusal.key) == ("never_seen", key):
                return RailResult(RailOutcome.NEVER_SEEN, "the rail has never seen this key")
        charge = _charge(answer)
        if charge is not None and charge.key == key and not _is_about(charge, key, wanted):
            return RailResult(RailOutcome.UNKNOWN, f"the rail has charged {charge.amount} {charge.currency} to {charge.payee}")
        if charge is None or charge.key != key:
            return RailResult(RailOutcome.UNKNOWN, f"status {answer.status_code} without a word about this charge")
        if charge.status == "pending":
            return RailResult(RailOutcome.PENDING, "the rail has not decided yet", charge.rail_id)
        return _final(charge)

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.aclose()


def _is_about(charge: _Charge, key: str, wanted: Wanted | None) -> bool:
    found = (charge.key, charge.payee, charge.amount, charge.currency)
    return wanted is None or found == (key, wanted.payee, str(wanted.amount), wanted.currency)


def _final(charge: _Charge) -> RailResult:
    if charge.status == "succeeded":
        return RailResult(RailOutcome.SUCCEEDED, "", charge.rail_id)
    return RailResult(RailOutcome.FAILED, charge.reason or "declined", charge.rail_id)


def _charge(answer: httpx.Response) -> _Charge | None:
    return _decoded(answer, _Charge) if answer.status_code in (200, 201, 202) else None


def _decoded(answer: httpx.Response, kind: type[Part]) -> Part | None:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _named(error: Exception) -> str:
    return type(error).__name__
