"""API keys: made, rotated and revoked by route, at once. The journal row is the audit."""

import datetime as dt

import msgspec

from gateway.access.audit import audit_request
from gateway.access.funnel import note
from gateway.access.steps import FunnelEvent
from gateway.access_key import AccessKey, token_sha256
from gateway.commands import HouseRoleName, Principal, RoleName
from gateway.commands.keys import CreateKey, RevokeKey, RotateKey
from gateway.errors import Code, Refusal
from gateway.house_answers import KeyItem, KeyMadeView, KeyRevokedView, KeysView
from gateway.ids import Ids
from gateway.store.access_rows import ApiKeyRow
from gateway.store.port import Transaction
from gateway.work import Made, Work

MOST_KEYS_A_DAY = 100
"""Keys that a tenant may make within 24 hours, rotations included: keys are kept for ever, since the journal names them."""

MOST_KEYS_SHOWN = 1000
"""Keys that one answer shows, the newest first."""

KeyRole = RoleName | HouseRoleName

PROGRAM: RoleName = "agent"
"""The role of a key that a program holds, and so no person."""


def create_key(tx: Transaction, work: Work, command: CreateKey) -> Made | Refusal:
    """A key of the caller's tenant; one that is not an agent's belongs to the caller's person."""
    by = work.request.principal
    person_id = None if command.role == PROGRAM else by.person_id
    if command.role != PROGRAM and person_id is None:
        return Refusal(Code.FORBIDDEN, "The caller's key names no person, so no key of a person can be made with it.")
    refusal = too_many(tx, by.tenant_id, work.now_text) or name_taken(tx, by.tenant_id, command.agent_id, person_id)
    if refusal is not None:
        return refusal
    made = add_key(tx, Maker.of(work), NewKey(by.tenant_id, command.role, command.agent_id, person_id))
    audit_request(tx, work, by.tenant_id, "api_key_made", key_facts(made))
    run = tx.access.funnel.run_of_session(by.session_id) if by.session_id else None
    note(tx, work.now_text, FunnelEvent.KEY_MADE, run=run, tenant_id=by.tenant_id)
    return Made(made)


def rotate_key(tx: Transaction, work: Work, command: RotateKey) -> Made | Refusal:
    """A new key in the place of one of an agent or of the caller's person; the old one is revoked in the same transaction."""
    by = work.request.principal
    old = tx.access.api_keys.find(by.tenant_id, work.request.path_ids[0])
    if old is None:
        return Refusal(Code.NOT_FOUND, "no such key")
    if old.revoked_at is not None:
        return Refusal(Code.KEY_REVOKED, f"{old.key_id} was revoked at {old.revoked_at}")
    if not _may_hold(by, old):
        detail = f"{old.key_id} belongs to another person, whom its new key would let you pass for; revoke it instead"
        return Refusal(Code.FORBIDDEN, detail)
    refusal = too_many(tx, by.tenant_id, work.now_text)
    if refusal is not None:
        return refusal
    tx.access.api_keys.revoke(old.key_id, work.now_text)
    made = add_key(tx, Maker.of(work), same_but_new(old, by.tenant_id))
    facts = {"reason": command.reason, "revoked_key_id": old.key_id}
    audit_request(tx, work, by.tenant_id, "api_key_rotated", key_facts(made) | facts)
    return Made(made)


def revoke_key(tx: Transaction, work: Work, command: RevokeKey) -> Made | Refusal:
    """End a key of the tenant; one that has ended is answered with when it did."""
    tenant_id = work.request.principal.tenant_id
    old = tx.access.api_keys.find(tenant_id, work.request.path_ids[0])
    if old is None:
        return Refusal(Code.NOT_FOUND, "no such key")
    if tx.access.api_keys.revoke(old.key_id, work.now_text):
        facts = {"key_id": old.key_id, "reason": command.reason}
        audit_request(tx, work, tenant_id, "api_key_revoked", facts)
    return Made(KeyRevokedView(old.key_id, old.revoked_at or work.now_text), status=200)


def keys_view(tx: Transaction, tenant_id: str) -> KeysView:
    """A tenant's keys as it sees them, the newest first."""
    found = tx.access.api_keys.of_tenant(tenant_id, MOST_KEYS_SHOWN)
    rows = ((row.key_id, row.role, row.agent_id, row.person_id, row.created_at, row.revoked_at) for row in found)
    return KeysView(tuple(KeyItem(*row) for row in rows))


class Maker(msgspec.Struct, frozen=True):
    """What keys are made with: the access key, ids and the moment."""

    key: AccessKey
    ids: Ids
    now: str

    @classmethod
    def of(cls, work: Work) -> "Maker":
        """That of a request."""
        return cls(work.login.key, work.ids, work.now_text)


class NewKey(msgspec.Struct, frozen=True):
    """A key to be made: whose, with which role, under which name."""

    tenant_id: str
    role: KeyRole
    agent_id: str
    person_id: str | None


def same_but_new(old: ApiKeyRow, tenant_id: str) -> NewKey:
    """A key in the place of this one."""
    return NewKey(tenant_id, msgspec.convert(old.role, KeyRole), old.agent_id, old.person_id)


def add_key(tx: Transaction, maker: Maker, new: NewKey) -> KeyMadeView:
    """Store a new key's hash. The key itself is derived from its id, now and when the answer is repeated."""
    key_id = f"key_{maker.ids.suffix()}"
    principal = Principal(new.tenant_id, key_id, new.role, new.agent_id, person_id=new.person_id)
    tx.tenants.add_key(principal, token_sha256(maker.key.api_key(new.role, key_id)), maker.now)
    return KeyMadeView(key_id, new.role, new.agent_id, maker.now)


def key_facts(made: KeyMadeView) -> dict[str, object]:
    """What the journal keeps of a new key."""
    return {"agent_id": made.agent_id, "key_id": made.key_id, "role": made.role}


def too_many(tx: Transaction, tenant_id: str, now: str) -> Refusal | None:
    """Keys are never deleted, so how many a tenant may make is limited."""
    oldest = tx.access.api_keys.made_at(tenant_id, MOST_KEYS_A_DAY)
    if oldest is None:
        return None
    wait = dt.datetime.fromisoformat(oldest) + dt.timedelta(days=1) - dt.datetime.fromisoformat(now)
    if wait <= dt.timedelta():
        return None
    detail = f"This tenant has made {MOST_KEYS_A_DAY} keys within 24 hours, which is the most."
    return Refusal(Code.RATE_LIMITED, detail, after_ms=int(wait.total_seconds() * 1000))


def name_taken(tx: Transaction, tenant_id: str, agent_id: str, person_id: str | None) -> Refusal | None:
    """A name stands for one person, or for programs: what is done under it must not be taken for another's doing."""
    others = tx.access.api_keys.people_called(tenant_id, agent_id) - {person_id}
    if not others:
        return None
    whose = "programs" if others == {None} else "another person"
    return Refusal(Code.NAME_TAKEN, f"$.agent_id: keys of {whose} already act under this name in the tenant")


def _may_hold(by: Principal, key: ApiKeyRow) -> bool:
    return key.role == PROGRAM if key.person_id is None else key.person_id == by.person_id
