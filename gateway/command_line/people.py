"""People at the command line, while a gateway may run: who waits, who belongs to a tenant, and who does so no longer."""

import msgspec

from gateway.access.house import MOST_WAITING_SHOWN, is_customer
from gateway.command_line.api_keys import Pause
from gateway.command_line.house import Acting, acting
from gateway.commands import HOUSE
from gateway.errors import StartProblem
from gateway.next_command import next_command
from gateway.settings import REMEMBER_S, Settings
from gateway.store.access_rows import MemberRow
from gateway.store.house_rows import WaitingRow


class Removed(msgspec.Struct, frozen=True):
    """How many sessions and API keys of a person ended with the membership."""

    sessions: int
    keys: int


def waiting_people(settings: Settings) -> tuple[WaitingRow, ...]:
    """Who waits to make a tenant, longest first; no address."""
    with acting(settings, "command line") as act:
        return act.tx.access.house.waiting_list(MOST_WAITING_SHOWN)


def admit_person(settings: Settings, person_id: str, reason: str, by: str) -> WaitingRow:
    """Let somebody who waits make a tenant; who was admitted before stays so."""
    with acting(settings, by) as act:
        house = act.tx.access.house
        waits = house.waiting(person_id)
        if waits is None:
            lists = next_command("gonogo gateway waitlist list", {"--db": settings.db})
            raise StartProblem(f"nobody who waits is {person_id}; `{lists}` lists them")
        if waits.admitted_at is None:
            house.admit(person_id, by, act.maker.now)
            act.journal(HOUSE, "person_admitted", {"person_id": person_id, "reason": reason})
        admitted = house.waiting(person_id)
    assert admitted is not None, "it was read a statement ago"
    return admitted


def people_of(settings: Settings, tenant_id: str) -> list[MemberRow]:
    """Who belongs to a tenant by signing in; keys of the command line and of bootstrap keys have people of their own."""
    with acting(settings, "command line") as act:
        _require_customer(act, tenant_id)
        return act.tx.access.people.members(tenant_id)


def remove_person(settings: Settings, tenant_id: str, person_id: str, reason: str, by: str, pause: Pause) -> Removed:
    """Take somebody out of a tenant: its sessions there end and its keys are revoked; returns once no gateway knows the keys."""
    with acting(settings, by) as act:
        _require_customer(act, tenant_id)
        access, now = act.tx.access, act.maker.now
        if not access.people.leave(person_id, tenant_id):
            lists = next_command(f"gonogo gateway tenant people {tenant_id}", {"--db": settings.db})
            raise StartProblem(f"{person_id} is not in {tenant_id}; `{lists}` lists who is")
        removed = Removed(
            access.sessions.end_of_member(person_id, tenant_id, now), access.api_keys.revoke_of_person(tenant_id, person_id, now)
        )
        facts = {"keys_revoked": removed.keys, "person_id": person_id, "reason": reason, "sessions_ended": removed.sessions}
        act.journal(tenant_id, "person_removed", facts)
    pause(REMEMBER_S)
    return removed


def _require_customer(act: Acting, tenant_id: str) -> None:
    if not is_customer(act.tx, tenant_id):
        raise StartProblem(f"no tenant is called {tenant_id}")
