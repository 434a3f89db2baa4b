"""Operator controls: paused by tenant or for all, told explicitly, obeyed at once, written down."""

import sqlite3
from contextlib import closing

import msgspec
import pytest
from click.testing import CliRunner
from gateway_shop import Shop, refusal
from gateway_specimens import NO_RAIL

from gateway.cli import gateway
from gateway.errors import StartProblem


@pytest.fixture
def shop(tmp_path):
    """A gateway with a rail that does not answer."""
    with Shop(tmp_path, **NO_RAIL) as made:
        yield made


def command(shop, *words):
    """`gonogo gateway ...` on the shop's database, while it runs."""
    done = CliRunner().invoke(gateway, [*words, "--db", str(shop.settings.db)])
    assert done.exit_code == 0, done.output
    return done.output


def status(shop, role="agent"):
    """Mode and message."""
    body = shop.ask("GET", "/v1/status", role).json()
    return body["mode"], body["message"]


def journal(shop):
    """Kind, tenant, actor and request of what was done to the service, oldest first."""
    sql = "SELECT kind, tenant_id, actor, request FROM operations WHERE kind LIKE 'pause%' OR kind LIKE 'resume%' ORDER BY seq"
    with closing(sqlite3.connect(shop.settings.db)) as database:
        return [(kind, tenant, who, msgspec.json.decode(request)) for kind, tenant, who, request in database.execute(sql)]


def test_a_pause_of_all_is_obeyed_at_once_and_only_by_new_reserves(shop):
    """The running gateway needs no signal: reserves get 503, open holds are settled and reversed, resuming ends it."""
    settled, reversed_ = shop.reserved(), shop.reserved()
    said = command(shop, "pause", "--all", "--reason", "rail incident", "--by", "ops-7")
    assert said.startswith("all tenants: new reserves are refused from ")
    refused = shop.post("/v1/payments", shop.payment())
    assert refusal(refused) == (503, "paused")
    assert "rail incident" in refused.json()["detail"]
    mode, message = status(shop)
    assert mode == "paused"
    assert "for all tenants" in message
    assert "rail incident" in message
    assert shop.post(f"{settled}/settle", {}).status_code == 200
    assert shop.post(f"{reversed_}/reverse", {"reason": "r"}).status_code == 200
    assert "gateway_service_paused 1.0" in shop.ask("GET", "/metrics", None).text
    command(shop, "resume", "--all", "--reason", "over")
    assert status(shop)[0] == "normal"
    shop.reserved()
    assert journal(shop) == [
        ("pause_all", "system", "ops-7", {"reason": "rail incident"}),
        ("resume_all", "system", "command line", {"reason": "over"}),
    ]


def test_a_tenants_own_pause_outlives_a_resume_of_all(shop):
    """Two switches: all must be open for reserves to be taken, and each is written down where it belongs."""
    shop.post("/v1/admin/pause", {"reason": "our own"}, "operator")
    command(shop, "pause", "--all", "--reason", "everybody")
    assert "everybody" in status(shop)[1]
    command(shop, "resume", "--all", "--reason", "over")
    assert "our own" in status(shop)[1]
    command(shop, "resume", "--tenant", shop.demo.tenant_id, "--reason", "by phone")
    assert status(shop)[0] == "normal"
    assert [row[:2] for row in journal(shop)] == [
        ("pause", shop.demo.tenant_id),
        ("pause_all", "system"),
        ("resume_all", "system"),
        ("resume", shop.demo.tenant_id),
    ]


def test_trust_only_is_told_while_the_rail_does_not_answer(shop):
    """Reserves, settles and reverses work; payouts are taken and wait; paused is told first, draining before all."""
    breaker = shop.engine._breaker
    for _ in range(10):
        breaker.failed()
    mode, message = status(shop)
    assert mode == "trust_only"
    assert "payouts wait" in message
    where = shop.reserved()
    assert shop.post(f"{where}/settle", {}).status_code == 200
    body = {"payee_id": shop.demo.payee_ids[0], "amount": "100", "currency": "USD"}
    assert shop.post("/v1/payouts", body, "finance").json()["payout"]["state"] == "accepted"
    shop.post("/v1/admin/pause", {"reason": "first"}, "operator")
    assert status(shop)[0] == "paused"
    shop.post("/v1/admin/resume", {"reason": "over"}, "operator")
    breaker.answered()
    assert status(shop)[0] == "normal"


def test_what_is_not_clear_is_refused(shop, tmp_path):
    """Neither all nor one tenant, both, an unknown tenant, an absent database: nothing is done, and the text says why."""
    db = ["--db", str(shop.settings.db)]
    for words in (["pause", "--reason", "r"], ["resume", "--reason", "r", "--all", "--tenant", "x"], ["pause", "--all"]):
        assert CliRunner().invoke(gateway, [*words, *db]).exit_code == 2
    unknown = CliRunner().invoke(gateway, ["pause", "--tenant", "ten_nobody", "--reason", "r", *db])
    assert "no tenant is called ten_nobody" in unknown.output
    absent = CliRunner().invoke(gateway, ["pause", "--all", "--reason", "r", "--db", str(tmp_path / "absent.db")])
    assert "there is no such database" in absent.output
    assert not (tmp_path / "absent.db").exists()
    assert journal(shop) == []


def test_a_pause_is_in_force_from_the_commit_on_whatever_is_under_way(shop):
    """The mode is read in the reserve's own transaction, so no reserve is decided on an older one."""
    from gateway.command_line.controls import set_mode

    set_mode(shop.settings, "paused", "now", "ops", None)
    assert refusal(shop.post("/v1/payments", shop.payment())) == (503, "paused")
    with pytest.raises(StartProblem, match="no tenant"):
        set_mode(shop.settings, "paused", "now", "ops", "ten_nobody")
