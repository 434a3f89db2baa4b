"""Demo data: a tenant with keys, a funded wallet, payees and a policy, printed once; only hashes of keys are stored.

Whoever makes a tenant also gets the public keys that verify its receipts, in a file: a verifier who takes them from here, and
not from the running service, does not rely on the service's own word.
"""

import hashlib
from pathlib import Path

import msgspec

from gateway.canonical import canonical
from gateway.clock import Clock, format_utc
from gateway.command_line.demo_money import fund
from gateway.commands import ROLES, Budget, Principal, RoleName
from gateway.engine.receipt_keys import jwks, with_active_key
from gateway.errors import StartProblem
from gateway.ids import Ids
from gateway.policy import Policy, policy_sha256
from gateway.private_file import make_private
from gateway.rate_limit import UNLIMITED_PER_S, RateLimit
from gateway.settings import Settings
from gateway.store.database import one_transaction
from gateway.store.house_rows import LabelRow
from gateway.store.port import Transaction
from gateway.store.rows import NewPayee
from gateway.store.tables import Tenants

CURRENCY = "USD"
FUNDS = 100_000_000
"""Minor units in the demo wallet: one million dollars."""

PER_PAYMENT_MAX = 100_000
DAILY_LIMIT = 100_000_000
PAYEES = ("compute", "data", "storage")
TRUST_SUFFIX = ".receipt-keys.json"


class DemoData(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person needs to try the gateway; the only time that the keys are seen. The command adds what `demo_access` makes."""

    tenant_id: str
    agent_key: str
    operator_key: str
    finance_key: str
    tenant_admin_key: str
    second_operator_key: str
    wallet_id: str
    payee_ids: tuple[str, ...]
    policy_sha256: str
    receipt_trust: str
    """The path of the JWKS of the keys that sign receipts."""

    session_token: str = ""
    stepped_up_token: str = ""
    bootstrap_key: str = ""
    key_id: str = ""
    person_id: str = ""
    run: str = ""
    sign_in_id: str = ""
    house_operator_key: str = ""
    house_finance_key: str = ""
    house_support_key: str = ""


def make_demo(db: Path, clock: Clock, ids: Ids, tenant_name: str, limit: RateLimit | None = None) -> DemoData:
    """Make one tenant, in one transaction; works while a gateway runs. Without `limit` it has no rate limit.

    Raises StartProblem for an unusable database.
    """
    with one_transaction(db) as tx:
        data = _fill(tx, format_utc(clock()), ids, tenant_name, _trust(db))
        rate = limit or RateLimit(UNLIMITED_PER_S, UNLIMITED_PER_S)
        tx.tenants.set_rate(data.tenant_id, rate.rate_per_s, rate.burst)
    return data


def write_receipt_keys(db: Path, clock: Clock, ids: Ids) -> None:
    """Write the public keys that verify receipts next to the database; in a new one the first key is made before.

    Raises StartProblem naming the file.
    """
    path = _trust(db)
    with one_transaction(db) as tx:
        events = with_active_key(tx, Settings(db=db, clock=clock, ids=ids))
    make_private(path)
    try:
        path.write_bytes(jwks(events))
    except OSError as error:
        raise StartProblem(f"{path}: the receipt keys cannot be written: {error.strerror}") from None


def _trust(db: Path) -> Path:
    return db.absolute().with_name(f"{db.name}{TRUST_SUFFIX}")


def _fill(tx: Transaction, now: str, ids: Ids, tenant_name: str, trust: Path) -> DemoData:
    tenant_id, store = f"ten_{ids.suffix()}", tx.tenants
    store.add_tenant(tenant_id, tenant_name, now)
    keys = {role: _add_key(store, tenant_id, role, now, ids) for role in ROLES}
    second = _add_key(store, tenant_id, "operator", now, ids, "operator-2")
    wallet_id = f"wal_{ids.suffix()}"
    store.add_wallet(tenant_id, wallet_id, CURRENCY, now)
    payee_ids = tuple(f"pye_{ids.suffix()}" for _ in PAYEES)
    for payee_id, name in zip(payee_ids, PAYEES, strict=True):
        store.add_payee(NewPayee(tenant_id, payee_id, name, CURRENCY, now))
    policy = Policy(
        version="1",
        currency=CURRENCY,
        allowed_payees=tuple(sorted(payee_ids)),
        budgets=(Budget("tenant", "day", str(DAILY_LIMIT)),),
        per_payment_max=str(PER_PAYMENT_MAX),
    )
    store.add_policy(tenant_id, policy_sha256(policy), canonical(policy), now)
    wallet = tx.wallet(tenant_id, wallet_id)
    assert wallet is not None, "it was stored a statement ago"
    fund(tx, tenant_id, wallet, FUNDS, (now, ids))
    tx.access.house.add_label(tenant_id, LabelRow("simulated", "demo data", now, "system"))
    return DemoData(
        tenant_id=tenant_id,
        agent_key=keys["agent"],
        operator_key=keys["operator"],
        finance_key=keys["finance"],
        tenant_admin_key=keys["tenant_admin"],
        second_operator_key=second,
        wallet_id=wallet_id,
        payee_ids=payee_ids,
        policy_sha256=policy_sha256(policy),
        receipt_trust=str(trust),
    )


def _add_key(store: Tenants, tenant_id: str, role: RoleName, now: str, ids: Ids, name: str | None = None) -> str:
    token = f"gng_{role}_{ids.secret()}"
    suffix = ids.suffix()
    person_id = None if role == "agent" else f"per_{suffix}"
    principal = Principal(tenant_id, f"key_{suffix}", role, name or f"{role}-1", person_id=person_id)
    store.add_key(principal, hashlib.sha256(token.encode()).digest(), now)
    return token
