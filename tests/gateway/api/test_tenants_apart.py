"""Every route, asked by another tenant with this tenant's ids: it is as if they had never been."""

import re

import pytest
from gateway_shop import Shop, refusal
from gateway_specimens import NO_RAIL, OF_TENANTS, SPECIMENS

from gateway.clock import system_clock
from gateway.command_line.demo import make_demo
from gateway.commands import ROLES
from gateway.ids import SystemIds
from gateway.routes import CREATE_PAYOUT, MUTATIONS, RESERVE

KEY = "the-victims-own-idempotency-key"
CELLS = [(route, role) for route in OF_TENANTS for role in route.roles if role in ROLES]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A gateway with two tenants; the first has one of everything."""
    with Shop(tmp_path_factory.mktemp("shop"), **NO_RAIL) as made:
        made.stranger = make_demo(made.settings.db, system_clock, SystemIds(), "stranger")
        where = made.reserved()
        assert made.post(f"{where}/settle", {}, key=KEY).status_code == 200
        body = {"payee_id": made.demo.payee_ids[0], "amount": "100", "currency": "USD"}
        payout = made.post("/v1/payouts", body, "finance").json()["payout"]["payout_id"]
        receipt = made.ask("GET", "/v1/receipts").json()["items"][0]
        policy = made.post("/v1/policies", {"currency": "USD", "allowed_payees": list(made.demo.payee_ids)}, "tenant_admin")
        made.victim = {
            "payment_id": where.rsplit("/", 1)[1],
            "wallet_id": made.demo.wallet_id,
            "payee_id": made.demo.payee_ids[0],
            "receipt_id": receipt["receipt_id"],
            "payout_id": payout,
            "policy_sha256": policy.json()["policy_sha256"],
            "key": KEY,
        }
        yield made


def ask(shop, route, role, path, body=None):
    """The stranger's request."""
    headers = {"authorization": f"Bearer {getattr(shop.stranger, f'{role}_key')}"}
    if route in MUTATIONS:
        headers["idempotency-key"] = shop.fresh()
    return shop.ask(route.method, path, None, headers, **({} if body is None else {"json": body}))


@pytest.mark.parametrize(("route", "role"), CELLS, ids=[f"{role} {route.name}" for route, role in CELLS])
def test_another_tenants_ids_lead_nowhere(shop, route, role):
    """404 for each id in a path or a body; what has no ids tells nothing that belongs to somebody else."""
    ids = shop.victim
    path = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], route.template)
    body = None
    if route.command is not None:
        body = SPECIMENS[route](shop).body if route in MUTATIONS else shop.payment()
    answer = ask(shop, route, role, path, body)
    if "{" in route.template or route in (RESERVE, CREATE_PAYOUT) or route.kind == "dry_run":
        told = answer.json()
        assert route.kind == "dry_run" or refusal(answer) == (404, "not_found"), answer.text
        assert told.get("outcome") != "allow"
    else:
        assert answer.status_code in {200, 201}, answer.text
    for name in ("payment_id", "receipt_id", "payout_id", "policy_sha256"):
        assert ids[name] not in answer.text
    assert shop.demo.tenant_id not in answer.text


def test_nothing_of_the_first_tenant_has_moved(shop):
    """After all of that, its balances are what its own requests made them."""
    wallet = shop.ask("GET", f"/v1/wallets/{shop.demo.wallet_id}").json()
    lines = [line for line in shop.ask("GET", "/v1/ledger/entries", "finance").text.splitlines() if line]
    assert all(shop.demo.tenant_id in line for line in lines)
    assert int(wallet["available"]) + int(wallet["held"]) <= 100_000_000


def test_a_filter_by_another_tenants_payment_is_not_found(shop):
    """The list of receipts of a payment that is not theirs, and a cursor of the other tenant's list."""
    headers = {"authorization": f"Bearer {shop.stranger.agent_key}"}
    answer = shop.ask("GET", f"/v1/receipts?payment_id={shop.victim['payment_id']}", None, headers)
    assert refusal(answer) == (404, "not_found")
    mine = shop.ask("GET", "/v1/receipts?limit=1").json()["next_cursor"]
    theirs = shop.ask("GET", f"/v1/receipts?cursor={mine}", None, headers)
    assert (theirs.status_code, theirs.json()["items"]) == (200, [])
