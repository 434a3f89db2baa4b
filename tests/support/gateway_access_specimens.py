"""One request for each mutating route of access and of the house, and how it could differ: what their key rules are tried on."""

from collections.abc import Callable
from typing import NamedTuple

from gateway_signed_in import SignedIn

from gateway.routes import Route, access, house, keys

WHY, OTHERWISE = "looked at it", "another reason"
CODES = ("12345678", "87654321")


class AccessSpecimen(NamedTuple):
    """Who sends what where, and one member of the body with another value; None where the body has no member to differ in."""

    role: str | None
    path: str
    body: dict[str, object]
    member: str | None = None
    other: object = None


def _sign_in(shop: SignedIn, address: str = "ann@example.com") -> str:
    made = shop.ok(shop.post("/v1/access/sign-ins", {"address": address}, None), 202)
    return f"/v1/access/sign-ins/{made['sign_in_id']}"


def _verify(shop: SignedIn) -> AccessSpecimen:
    where = _sign_in(shop)
    code = shop.code(where.rsplit("/", 1)[1])
    return AccessSpecimen(None, f"{where}/verify", {"code": code}, "code", CODES[0])


def _resend(shop: SignedIn) -> AccessSpecimen:
    where = _sign_in(shop)
    shop.pass_time(seconds=31)
    return AccessSpecimen(None, f"{where}/resend", {})


def _session(step: str, body: dict[str, object], member: str | None = None, other: object = None):
    return lambda shop: AccessSpecimen(shop.signed_in(), f"/v1/access/session/{step}", body, member, other)


def _coded(step: str, begin: str, sent: dict[str, object]) -> Callable[[SignedIn], AccessSpecimen]:
    def prepare(shop: SignedIn) -> AccessSpecimen:
        token = shop.signed_in()
        made = shop.ok(shop.post(f"/v1/access/session/{begin}", sent, token), 202)
        body = {"sign_in_id": made["sign_in_id"], "code": CODES[0]}
        return AccessSpecimen(token, f"/v1/access/session/{step}", body, "code", CODES[1])

    return prepare


def _choose(shop: SignedIn) -> AccessSpecimen:
    token = shop.signed_in()
    return AccessSpecimen(token, "/v1/access/session/tenant", {"tenant_id": "ten_1"}, "tenant_id", "ten_2")


def _key_step(step: str) -> Callable[[SignedIn], AccessSpecimen]:
    def prepare(shop: SignedIn) -> AccessSpecimen:
        key_id = shop.new_key(agent_id=shop.fresh())["key_id"]
        return AccessSpecimen("stepped_up", f"/v1/access/keys/{key_id}/{step}", {"reason": WHY}, "reason", OTHERWISE)

    return prepare


def _bootstrap(shop: SignedIn) -> AccessSpecimen:
    body = {"tenant_name": "Acme", "roles": ["agent"], "reason": WHY}
    key = shop.ok(shop.post("/v1/house/bootstrap-keys", body, "house_operator"))["key"]
    return AccessSpecimen(key, "/v1/access/bootstrap", {"agent_id": "one"}, "agent_id", "two")


def _join(shop: SignedIn) -> AccessSpecimen:
    body = {"bootstrap_key": shop.ok(shop.post("/v1/access/invitations", {"reason": WHY}, "stepped_up"))["key"]}
    return AccessSpecimen(shop.signed_in(), "/v1/access/session/join", body, "bootstrap_key", f"gnb_{'x' * 43}")


def _event(shop: SignedIn) -> AccessSpecimen:
    run = f"run_{shop.fresh().encode().hex()}"
    shop.ok(shop.post("/v1/access/runs", {"run": run, "version": "1.0"}, None), 202)
    return AccessSpecimen("agent", f"/v1/access/runs/{run}/events", {"event": "host_ok"}, "event", "failed")


def _tenant(step: str, body: dict[str, object], member: str, other: object) -> Callable[[SignedIn], AccessSpecimen]:
    def prepare(shop: SignedIn) -> AccessSpecimen:
        made = {"tenant_name": "Acme", "roles": ["agent"], "reason": WHY}
        tenant_id = shop.ok(shop.post("/v1/house/bootstrap-keys", made, "house_operator"))["tenant_id"]
        return AccessSpecimen("house_operator", f"/v1/house/tenants/{tenant_id}/{step}", body, member, other)

    return prepare


ACCESS_SPECIMENS: dict[Route, Callable[[SignedIn], AccessSpecimen]] = {
    access.SIGN_IN: lambda _: AccessSpecimen(None, "/v1/access/sign-ins", {"address": "eve@example.com"}),
    access.RESEND_CODE: _resend,
    access.VERIFY: _verify,
    access.CHOOSE_TENANT: _choose,
    access.REQUEST_CODE: _session("codes", {}),
    access.STEP_UP: _coded("step-up", "codes", {}),
    access.END_SESSION: _session("end", {"everywhere": False}, "everywhere", True),
    access.CHANGE_ADDRESS: _session("address", {"address": "new@example.com"}, "address", "newer@example.com"),
    access.CONFIRM_ADDRESS: _coded("address/confirm", "address", {"address": "new@example.com"}),
    keys.CREATE_TENANT: lambda shop: AccessSpecimen(shop.signed_in(), "/v1/access/tenants", {"name": "one"}, "name", "two"),
    keys.INVITE: lambda _: AccessSpecimen("stepped_up", "/v1/access/invitations", {"reason": WHY}, "reason", OTHERWISE),
    keys.JOIN_TENANT: _join,
    keys.CREATE_KEY: lambda shop: AccessSpecimen(
        "stepped_up", "/v1/access/keys", {"role": "agent", "agent_id": shop.fresh()}, "agent_id", "two"
    ),
    keys.ROTATE_KEY: _key_step("rotate"),
    keys.REVOKE_KEY: _key_step("revoke"),
    keys.BOOTSTRAP: _bootstrap,
    keys.START_RUN: lambda shop: AccessSpecimen(
        None, "/v1/access/runs", {"run": f"run_{shop.fresh().encode().hex()}", "version": "1.0"}, "version", "2.0"
    ),
    keys.REPORT_EVENT: _event,
    house.MAKE_BOOTSTRAP_KEY: lambda _: AccessSpecimen(
        "house_operator",
        "/v1/house/bootstrap-keys",
        {"tenant_name": "Acme", "roles": ["agent"], "reason": WHY},
        "reason",
        OTHERWISE,
    ),
    house.SET_SIGN_UP: lambda _: AccessSpecimen(
        "house_operator", "/v1/house/sign-up", {"mode": "public_signup", "domains": [], "reason": WHY}, "reason", OTHERWISE
    ),
    house.DISABLE_TENANT: _tenant("disable", {"reason": WHY}, "reason", OTHERWISE),
    house.ENABLE_TENANT: _tenant("enable", {"reason": WHY}, "reason", OTHERWISE),
    house.SET_COHORT: _tenant("cohort", {"cohort": "canary", "reason": WHY}, "cohort", "external"),
    house.ADMIT: lambda _: AccessSpecimen(
        "house_operator", "/v1/house/waitlist/per_1/admit", {"reason": WHY}, "reason", OTHERWISE
    ),
}
