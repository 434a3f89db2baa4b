"""Requests whose first is still being decided: what a second one with the same key waits for, and how long.

A first that merely queues needs none of this: its second joins the queue and both are answered by the same commit, the second
with the first's bytes. In flight in the sense of the contract is a first that is held up: another program has locked the storage.
An operation of several durable steps, such as a payout, answers its key after the first of them; its leases are with its row.
"""

import asyncio
import datetime as dt
from collections.abc import Iterator

from gateway.answers import KeyUse
from gateway.clock import format_utc
from gateway.idempotency.claim import Mutation
from gateway.routes import Route

Scope = tuple[str, str, str, tuple[str, ...]]
"""Tenant, key, route kind and path ids: what the journal's hashes stand for, without hashing."""


class Flight:
    """One first request under way, taken at `since`."""

    __slots__ = ("landed", "route", "since")

    def __init__(self, route: Route, since: dt.datetime) -> None:
        self.route = route
        self.since = since
        self.landed: asyncio.Event | None = None


class InFlight:
    """The first requests of this process, by scope: transport only, it decides how long a second one waits and never its answer.

    After a crash there are none. What a key led to is decided by the journal, inside the transaction.
    """

    def __init__(self) -> None:
        self._flights: dict[Scope, Flight] = {}

    def first(self, scope: Scope) -> Flight | None:
        """The flight that is under way in this scope."""
        return self._flights.get(scope)

    def begin(self, scope: Scope, route: Route, since: dt.datetime) -> None:
        """A first request of its scope was taken."""
        self._flights[scope] = Flight(route, since)

    def end(self, scope: Scope) -> None:
        """It is answered, or failed: whoever waits may look again."""
        landed = self._flights.pop(scope).landed
        if landed is not None:
            landed.set()

    async def wait(self, flight: Flight, seconds: int) -> bool:
        """Wait for a flight's end; whether it came in time."""
        if seconds <= 0:
            return False
        if flight.landed is None:
            flight.landed = asyncio.Event()
        try:
            await asyncio.wait_for(flight.landed.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def under(self, tenant_id: str, key: str) -> Iterator[Flight]:
        """Every flight under a tenant's key, on whatever route."""
        for scope, flight in self._flights.items():
            if scope[:2] == (tenant_id, key):
                yield flight


def in_flight_use(flight: Flight) -> KeyUse:
    """How the look-up of a key shows a flight: nothing is decided yet."""
    return KeyUse(flight.route.name, "in_flight", None, None, None, format_utc(flight.since), None)


def scope_of(mutation: Mutation) -> Scope:
    """The scope that a request claims."""
    return (mutation.principal.tenant_id, mutation.key, mutation.route.kind, mutation.path_ids)
