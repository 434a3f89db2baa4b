"""A tenant's API keys at the command line, while a gateway may run; each act is a journal row."""

from collections.abc import Callable

from gateway.access.keys import PROGRAM, NewKey, add_key, key_facts, name_taken, same_but_new, too_many
from gateway.command_line.house import Acting, acting
from gateway.commands import HOUSE, RoleName
from gateway.errors import Refusal, StartProblem
from gateway.house_answers import KeyMadeView
from gateway.next_command import next_command
from gateway.settings import REMEMBER_S, Settings
from gateway.store.access_rows import ApiKeyRow

MOST_LISTED = 1000

Pause = Callable[[float], None]


def list_keys(settings: Settings, tenant_id: str) -> list[ApiKeyRow]:
    """A tenant's keys, newest first; those that were revoked too."""
    with acting(settings, "command line") as act:
        _require_tenant(act, tenant_id)
        return act.tx.access.api_keys.of_tenant(tenant_id, MOST_LISTED)


def make_key(settings: Settings, tenant_id: str, role: RoleName, agent_id: str, by: str) -> KeyMadeView:
    """A key of a tenant. One that is not an agent's belongs to the person who acts under that name, or to a new one."""
    with acting(settings, by) as act:
        _require_tenant(act, tenant_id)
        person_id = _person(act, tenant_id, role, agent_id)
        fault = too_many(act.tx, tenant_id, act.maker.now) or name_taken(act.tx, tenant_id, agent_id, person_id)
        _refuse(fault)
        made = add_key(act.tx, act.maker, NewKey(tenant_id, role, agent_id, person_id))
        act.journal(tenant_id, "api_key_made", key_facts(made))
        return made.filled(act.maker.key)


def rotate_key(settings: Settings, key_id: str, reason: str, by: str, pause: Pause) -> KeyMadeView:
    """A new key in the place of an old one; returns once no gateway knows the old one any more."""
    with acting(settings, by) as act:
        old = _key(act, settings, key_id)
        if old.revoked_at is not None:
            raise StartProblem(f"{key_id} was revoked at {old.revoked_at}; make a new key instead")
        act.tx.access.api_keys.revoke(key_id, act.maker.now)
        made = add_key(act.tx, act.maker, same_but_new(old, old.tenant_id or HOUSE))
        facts = {"reason": reason, "revoked_key_id": key_id}
        act.journal(old.tenant_id or HOUSE, "api_key_rotated", key_facts(made) | facts)
        filled = made.filled(act.maker.key)
    pause(REMEMBER_S)
    return filled


def revoke_key(settings: Settings, key_id: str, reason: str, by: str, pause: Pause) -> str:
    """End a key of a tenant or of the house; returns since when it counts no more, once no gateway knows it."""
    with acting(settings, by) as act:
        old = _key(act, settings, key_id)
        act.tx.access.api_keys.revoke(key_id, act.maker.now)
        act.journal(old.tenant_id or HOUSE, "api_key_revoked", {"key_id": key_id, "reason": reason})
        at = old.revoked_at or act.maker.now
    pause(REMEMBER_S)
    return at


def _person(act: Acting, tenant_id: str, role: RoleName, agent_id: str) -> str | None:
    if role == PROGRAM:
        return None
    known = (person for person in act.tx.access.api_keys.people_called(tenant_id, agent_id) if person is not None)
    return min(known, default=f"per_{act.maker.ids.suffix()}")


def _key(act: Acting, settings: Settings, key_id: str) -> ApiKeyRow:
    found = act.tx.access.api_keys.by_id(key_id)
    if found is None:
        lists = next_command("gonogo gateway api-key list --tenant TENANT_ID", {"--db": settings.db})
        raise StartProblem(f"no API key is called {key_id}; `{lists}` lists a tenant's")
    return found


def _require_tenant(act: Acting, tenant_id: str) -> None:
    if not act.tx.tenants.knows(tenant_id):
        raise StartProblem(f"no tenant is called {tenant_id}")


def _refuse(fault: Refusal | None) -> None:
    if fault is not None:
        raise StartProblem(fault.detail.removeprefix("$.agent_id: "))
