"""The house tenant owns accounts and nothing else; a key of the house has no tenant, and a key of a person says whose it is."""

import sqlite3

import msgspec
import pytest

from gateway.commands import HOUSE, CreatePayout, Principal, Reserve, Settle
from gateway.routes import CREATE_PAYOUT, RESERVE, SETTLE
from gateway.store.tenants import TenantStore

KEY = "INSERT INTO api_keys (key_sha256, key_id, tenant_id, role, agent_id, created_at) VALUES (zeroblob(32), 'k', ?, ?, 'a', '')"


@pytest.fixture
def full(desk):
    """A tenant with a row in every table that the house must not be in."""
    desk.has_rail = True
    answer = desk.ask(RESERVE, Reserve(desk.demo.wallet_id, desk.demo.payee_ids[0], "1000", "USD"), "r")
    desk.ask(SETTLE, Settle(), "s", msgspec.json.decode(answer.body)["payment"]["payment_id"])
    assert desk.ask(CREATE_PAYOUT, CreatePayout(desk.demo.payee_ids[0], "10", "USD"), "p").status == 202
    return desk


@pytest.mark.parametrize("table", ["wallets", "payees", "policies", "payments", "payouts"])
def test_the_house_owns_no_row_of_a_customers_table(full, table):
    """A copy of a tenant's row with the house as its owner breaks the table's own rule."""
    columns = [name for _, name, *_ in full.connection.execute(f"PRAGMA table_info({table})")]
    values = [{"tenant_id": f"'{HOUSE}'", "rail_key": "'other'"}.get(name, name) for name in columns]
    with pytest.raises(sqlite3.IntegrityError, match="CHECK constraint failed: tenant_id <> 'ten_house'"):
        full.connection.execute(f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} LIMIT 1")  # noqa: S608  # our own names


def test_the_house_owns_accounts(desk):
    """It is there from the first migration on, and each of its accounts stands once for a currency."""
    store = TenantStore(desk.connection)
    cover = store.account(HOUSE, "system/cover", "USD", may_go_negative=True)
    assert store.knows(HOUSE)
    assert store.account(HOUSE, "system/cover", "USD") == cover


@pytest.mark.parametrize(
    ("tenant", "role"),
    [
        ("demo", "house_operator"),
        (None, "operator"),
        (None, "agent"),
        (HOUSE, "operator"),
        (HOUSE, "house_finance"),
        (None, "king"),
    ],
)
def test_a_house_role_has_no_tenant_and_a_tenants_role_has_one(desk, tenant, role):
    """Neither may pass for the other, and the house itself has no keys of a tenant."""
    tenant_id = desk.demo.tenant_id if tenant == "demo" else tenant
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        desk.connection.execute(KEY, (tenant_id, role))


def test_a_key_of_the_house_acts_for_the_house(desk):
    """It is stored without a tenant, and whoever presents it is the house, by person."""
    key = bytes(32)
    TenantStore(desk.connection).add_key(Principal(HOUSE, "key_h", "house_finance", "hal", person_id="per_hal"), key, "now")
    assert desk.connection.execute("SELECT tenant_id FROM api_keys WHERE key_id = 'key_h'").fetchone() == (None,)
    assert desk.reads.principal(key) == Principal(HOUSE, "key_h", "house_finance", "hal", person_id="per_hal")


CHANGES = {
    "its hash": "key_sha256 = zeroblob(32)",
    "its id": "key_id = 'other'",
    "its tenant": "tenant_id = NULL, role = 'house_support'",
    "its name": "agent_id = 'other'",
    "its person": "person_id = 'per_other'",
    "its person's absence": "person_id = NULL",
}


@pytest.mark.parametrize("what", CHANGES)
def test_whose_key_it_is_never_changes(desk, what):
    """Else two votes of one person could be made two people's afterwards."""
    with pytest.raises(sqlite3.IntegrityError, match="whose key it is never changes"):
        desk.connection.execute(f"UPDATE api_keys SET {CHANGES[what]} WHERE agent_id = 'operator-1'")  # noqa: S608  # from above


def test_a_key_is_revoked_and_never_deleted(desk):
    """Who acted under it can still be told."""
    desk.connection.execute("UPDATE api_keys SET revoked_at = 'now' WHERE agent_id = 'operator-1'")
    with pytest.raises(sqlite3.IntegrityError, match="keys are revoked, never deleted"):
        desk.connection.execute("DELETE FROM api_keys WHERE agent_id = 'operator-1'")


def test_each_person_of_the_demo_has_a_name_of_its_own_and_the_agent_is_no_person(desk):
    """Two operators are two people; a program is none."""
    rows = desk.connection.execute("SELECT agent_id, person_id FROM api_keys ORDER BY agent_id").fetchall()
    assert [name for name, person_id in rows if person_id is None] == ["agent-1"]
    assert len({person_id for _, person_id in rows}) == len(rows) == 5
