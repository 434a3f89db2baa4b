"""One request for each mutating route that the gateway decides, and how it could differ: what every key rule is tried on."""

from collections.abc import Callable
from typing import NamedTuple

from gateway_shop import Shop

from gateway.commands import ROLES
from gateway.routes import (
    APPROVE,
    CREATE_PAYEE,
    CREATE_PAYOUT,
    CREATE_WALLET,
    MUTATIONS,
    PAUSE,
    PUT_POLICY,
    REJECT,
    RESERVE,
    RESUME,
    REVERSE,
    REVIEW_PAYOUT,
    ROUTES,
    SETTLE,
    Route,
)

NO_RAIL = {"rail_url": "http://127.0.0.1:9"}
"""Settings of a gateway whose rail never answers: payouts are taken and wait."""


OF_TENANTS = tuple(route for route in ROUTES if route.scope == "tenant" and route.roles[0] in ROLES)
"""The routes of a tenant's keys; those of access have tests of their own, in tests/gateway/access."""

TENANT_MUTATIONS = tuple(route for route in MUTATIONS if route in OF_TENANTS)


class Specimen(NamedTuple):
    """A request's path and body, and one member of the body with another value."""

    path: str
    body: dict[str, str]
    member: str
    other: str

    @property
    def different(self) -> dict[str, str]:
        """The body of another request."""
        return self.body | {self.member: self.other}


def _payment_step(step: str, body: dict[str, str], member: str, other: str) -> Callable[[Shop], Specimen]:
    return lambda shop: Specimen(f"{shop.reserved()}/{step}", body, member, other)


def _vote(step: str) -> Callable[[Shop], Specimen]:
    def prepare(shop: Shop) -> Specimen:
        rule = {"currency": "USD", "approval": {"above": "1000", "quorum": 1}}
        assert shop.post("/v1/policies", rule, "tenant_admin").status_code == 201
        waits = shop.post("/v1/payments", shop.payment())
        assert waits.json()["payment"]["state"] == "approval_required", waits.text
        return Specimen(f"{waits.headers['location']}/{step}", {"reason": "looked at it"}, "reason", "did not")

    return prepare


def _payout(shop: Shop) -> Specimen:
    assert shop.post(f"{shop.reserved()}/settle", {}).status_code == 200
    body = {"payee_id": shop.demo.payee_ids[0], "amount": "100", "currency": "USD"}
    return Specimen("/v1/payouts", body, "amount", "101")


def _review(shop: Shop) -> Specimen:
    path, body, *_ = _payout(shop)
    made = shop.post(path, body, "finance")
    assert made.status_code == 202, made.text
    return Specimen(f"{made.headers['location']}/review", {"outcome": "failed", "evidence": "a letter"}, "evidence", "a call")


SPECIMENS: dict[Route, Callable[[Shop], Specimen]] = {
    RESERVE: lambda shop: Specimen("/v1/payments", shop.payment(), "amount", "99"),
    SETTLE: _payment_step("settle", {"amount": "250"}, "amount", "251"),
    REVERSE: _payment_step("reverse", {"reason": "changed my mind"}, "reason", "another"),
    CREATE_WALLET: lambda _: Specimen("/v1/wallets", {"currency": "USD"}, "currency", "EUR"),
    CREATE_PAYEE: lambda _: Specimen("/v1/payees", {"name": "one", "currency": "USD"}, "name", "two"),
    PUT_POLICY: lambda _: Specimen("/v1/policies", {"currency": "USD", "daily_limit": "500"}, "daily_limit", "501"),
    PAUSE: lambda _: Specimen("/v1/admin/pause", {"reason": "a drill"}, "reason", "another"),
    RESUME: lambda _: Specimen("/v1/admin/resume", {"reason": "it is over"}, "reason", "another"),
    APPROVE: _vote("approve"),
    REJECT: _vote("reject"),
    CREATE_PAYOUT: _payout,
    REVIEW_PAYOUT: _review,
}
"""What each mutation is tried on. The key rules go through the route table, so that a mutation without a row fails them."""
