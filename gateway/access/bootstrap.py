"""Bootstrap keys: made for one tenant and named roles, traded once within 72 hours for API keys.

Those whose role is `member` are no API keys' but a person's: `members` says who makes them too, and who joins with them.
"""

import datetime as dt

from msgspec import UNSET

from gateway.access.audit import audit_request
from gateway.access.funnel import note
from gateway.access.keys import PROGRAM, Maker, NewKey, add_key, name_taken, too_many
from gateway.access.sessions import shifted
from gateway.access.sign_up import house_may_make_tenants
from gateway.access.steps import FunnelEvent
from gateway.access_key import token_sha256
from gateway.commands import HOUSE, ROLES, RoleName
from gateway.commands.house import MEMBER, BootstrapRoleName, MakeBootstrapKey
from gateway.commands.keys import UseBootstrapKey
from gateway.errors import Code, Refusal
from gateway.house_answers import BootstrappedView, BootstrapView
from gateway.ids import Ids
from gateway.store.house_rows import BootstrapRow
from gateway.store.port import Transaction
from gateway.work import Made, Work

LIFETIME = dt.timedelta(hours=72)


def make_bootstrap_key(tx: Transaction, work: Work, command: MakeBootstrapKey) -> Made | Refusal:
    """A bootstrap key in a tenant that is there, or with a new one."""
    by = work.request.principal
    tenant_id = None if command.tenant_id is UNSET else command.tenant_id
    name = None if command.tenant_name is UNSET else command.tenant_name
    whose = mixed(command.roles) or house_tenant(tx, work.ids, work.now_text, tenant_id=tenant_id, name=name)
    if isinstance(whose, Refusal):
        return whose
    row = new_bootstrap_key(tx, Maker.of(work), whose, command.roles, by.agent_id)
    audit_request(tx, work, whose, "bootstrap_key_made", bootstrap_facts(row) | {"reason": command.reason})
    return Made(BootstrapView(row.bootstrap_key_id, whose, row.roles, row.expires_at))


def house_tenant(tx: Transaction, ids: Ids, now: str, *, tenant_id: str | None, name: str | None) -> str | Refusal:
    """The tenant that a bootstrap key is for: one that is there and works, or a new one, unless sign-up is closed."""
    if (tenant_id is None) == (name is None):
        return Refusal(Code.INVALID_REQUEST, "$: name either tenant_id or tenant_name")
    if name is not None:
        if not house_may_make_tenants(tx.access.house.sign_up().mode):
            return Refusal(Code.SIGNUP_CLOSED, "Sign-up is closed, for the house too: it makes no new tenants.")
        made = f"ten_{ids.suffix()}"
        tx.tenants.add_tenant(made, name, now)
        return made
    assert tenant_id is not None, "one of the two is named"
    if tenant_id == HOUSE or not tx.tenants.knows(tenant_id):
        return Refusal(Code.NOT_FOUND, "no such tenant")
    stop = tx.access.house.stop_of(tenant_id)
    return tenant_id if stop is None else Refusal(Code.TENANT_DISABLED, f"{tenant_id} is disabled since {stop.at}: {stop.reason}")


def mixed(roles: tuple[BootstrapRoleName, ...]) -> Refusal | None:
    """Why these roles are not for one key: a person joins with one, a program or a person without a code uses another."""
    if MEMBER not in roles or {*roles} == {MEMBER}:
        return None
    return Refusal(Code.INVALID_REQUEST, "$.roles: `member` stands alone; make another key for the other roles")


def new_bootstrap_key(
    tx: Transaction, maker: Maker, tenant_id: str, roles: tuple[BootstrapRoleName, ...], by: str
) -> BootstrapRow:
    """Store a bootstrap key's hash; the key is derived from its id."""
    key_id, ends = f"btk_{maker.ids.suffix()}", shifted(maker.now, LIFETIME)
    row = BootstrapRow(key_id, tenant_id, tuple(dict.fromkeys(roles)), by, maker.now, ends)
    tx.access.bootstrap_keys.add(row, token_sha256(maker.key.bootstrap_key(key_id)))
    return row


def bootstrap_facts(row: BootstrapRow) -> dict[str, object]:
    """What the journal keeps of a bootstrap key."""
    return {"bootstrap_key_id": row.bootstrap_key_id, "expires_at": row.expires_at, "roles": list(row.roles)}


def use_bootstrap_key(tx: Transaction, work: Work, command: UseBootstrapKey) -> Made | Refusal:
    """One API key for each role; all that are not an agent's belong to one new person, who is the key's bearer."""
    row = tx.access.bootstrap_keys.of_key(bytes.fromhex(work.request.principal.key_id))
    if row is None:
        return Refusal(Code.BOOTSTRAP_KEY_INVALID, "The bootstrap key is not known.")
    if MEMBER in row.roles:
        return Refusal(Code.BOOTSTRAP_KEY_INVALID, "A person joins with this key: sign in, then POST /v1/access/session/join.")
    person_id = f"per_{work.suffix}"
    refusal = unusable(tx, row, work.now_text) or too_many(tx, row.tenant_id, work.now_text)
    roles = tuple(role for role in ROLES if role in row.roles)
    for role in roles:
        refusal = refusal or name_taken(tx, row.tenant_id, _name(command.agent_id, role), _person(role, person_id))
    if refusal is not None:
        return refusal
    tx.access.bootstrap_keys.use(row.bootstrap_key_id, work.now_text)
    whose = [(role, _name(command.agent_id, role), _person(role, person_id)) for role in roles]
    keys = tuple(add_key(tx, Maker.of(work), NewKey(row.tenant_id, *key)) for key in whose)
    facts = bootstrap_facts(row) | {"key_ids": [key.key_id for key in keys], "person_id": person_id}
    audit_request(tx, work, row.tenant_id, "bootstrap_key_used", facts)
    run = None if command.run is UNSET else command.run
    note(tx, work.now_text, FunnelEvent.KEY_MADE, run=run, tenant_id=row.tenant_id)
    return Made(BootstrappedView(row.tenant_id, keys))


def unusable(tx: Transaction, row: BootstrapRow, now: str) -> Refusal | None:
    """Why a bootstrap key is not traded now; None while it can be."""
    if row.used_at is not None:
        return Refusal(Code.BOOTSTRAP_KEY_USED, f"The bootstrap key was used at {row.used_at}.")
    if now >= row.expires_at:
        return Refusal(Code.BOOTSTRAP_KEY_EXPIRED, f"The bootstrap key expired at {row.expires_at}.")
    stop = tx.access.house.stop_of(row.tenant_id)
    if stop is not None:
        return Refusal(Code.TENANT_DISABLED, f"The tenant {row.tenant_id} is disabled.")
    if _maker_is_gone(tx, row):
        return Refusal(Code.BOOTSTRAP_KEY_INVALID, "Whoever made this bootstrap key may let nobody into the tenant any more.")
    return None


def _maker_is_gone(tx: Transaction, row: BootstrapRow) -> bool:
    """Whether the person who made the key was taken out of the tenant, or has no role of the house any more."""
    maker = tx.access.people.find(row.made_by)  # None: a key of the house, or the command line
    if maker is None or maker.house_role is not None:
        return False
    return all(item.tenant_id != row.tenant_id for item in tx.access.people.tenants(maker.person_id))


def _name(agent_id: str, role: RoleName) -> str:
    """A program and a person never act under one name."""
    return agent_id if role == PROGRAM else f"{agent_id}-{role}"


def _person(role: RoleName, person_id: str) -> str | None:
    return None if role == PROGRAM else person_id
