"""What the house does at the command line, while a gateway may run: people, sign-up, tenants. Each act is a journal row."""

import contextlib
from collections.abc import Iterator, Mapping

import msgspec

from gateway.access.addresses import normalised
from gateway.access.audit import Act, audit
from gateway.access.bootstrap import bootstrap_facts, house_tenant, mixed, new_bootstrap_key
from gateway.access.house import is_customer
from gateway.access.keys import Maker, NewKey, add_key
from gateway.access.labels import label_fault
from gateway.command_line.controls import transaction_of
from gateway.commands import HOUSE, HouseRoleName, folded
from gateway.commands.house import BootstrapRoleName, CohortName, SignUpMode
from gateway.engine.access_keys import with_access_key
from gateway.errors import Refusal, Refused, StartProblem
from gateway.house_answers import BootstrapView, KeyMadeView
from gateway.next_command import next_command
from gateway.settings import Settings
from gateway.store.access_rows import PersonRow
from gateway.store.house_rows import LabelRow, SignUpRow, StopRow
from gateway.store.port import Transaction


class Acting(msgspec.Struct, frozen=True):
    """One open transaction of a command, and who gave it."""

    tx: Transaction
    maker: Maker
    by: str

    def journal(self, tenant_id: str, act: Act, facts: Mapping[str, object]) -> None:
        """Write the row that says who did what."""
        audit(self.tx, (self.maker.now, self.maker.ids), self.by, tenant_id, act, facts)


@contextlib.contextmanager
def acting(settings: Settings, by: str) -> Iterator[Acting]:
    """A transaction on the database of a gateway that may be running; raises StartProblem where that cannot be."""
    with transaction_of(settings) as tx:
        yield Acting(tx, Maker(with_access_key(tx, settings), settings.ids, settings.now_text()), by)


class HousePerson(msgspec.Struct, frozen=True):
    """Somebody of the house."""

    person_id: str
    role: str


def make_house_key(settings: Settings, role: HouseRoleName, person: str, by: str) -> tuple[HousePerson, KeyMadeView]:
    """A key of the house for a person: a name, or the id that `house-person` printed. The same name is the same person."""
    with acting(settings, by) as act:
        person_id = _known_person(act, settings, person) if person.startswith("per_") else _person_called(act, person)
        made = add_key(act.tx, act.maker, NewKey(HOUSE, role, folded(person), person_id))
        act.journal(HOUSE, "house_key_made", {"key_id": made.key_id, "person_id": person_id, "role": role})
        return HousePerson(person_id, role), made.filled(act.maker.key)


def set_house_person(settings: Settings, address: str, role: HouseRoleName | None, name: str | None, by: str) -> HousePerson:
    """Let somebody sign in for the house, or no longer (`role` None). `name` is that of the person's keys."""
    with acting(settings, by) as act:
        people = act.tx.access.people
        spelt = _spelt(address)
        address_hash = act.maker.key.address_hash(spelt)
        known = people.of_address(address_hash)
        wanted = _person_called(act, name) if name else f"per_{act.maker.ids.suffix()}"
        if known is not None and name and known.person_id != wanted:
            raise StartProblem(f"this address is {known.person_id} already; leave --name out, and use --person {known.person_id}")
        if known is None and people.find(wanted) is not None:
            raise StartProblem(f"{name} has another address already; choose another --name")
        if known is None:
            people.add(PersonRow(wanted, spelt, address_hash, None, act.maker.now))
        person_id = known.person_id if known else wanted
        people.set_house_role(person_id, role)
        act.journal(HOUSE, "house_person_set", {"address_hash": address_hash, "person_id": person_id, "role": role or "none"})
        return HousePerson(person_id, role or "none")


def make_bootstrap_key(
    settings: Settings, tenant_id: str | None, name: str | None, roles: tuple[BootstrapRoleName, ...], reason: str, by: str
) -> BootstrapView:
    """A bootstrap key for a tenant that is there, or a new one."""
    with acting(settings, by) as act:
        whose = _done(mixed(roles) or house_tenant(act.tx, act.maker.ids, act.maker.now, tenant_id=tenant_id, name=name))
        row = new_bootstrap_key(act.tx, act.maker, whose, roles, by)
        act.journal(whose, "bootstrap_key_made", bootstrap_facts(row) | {"reason": reason})
        return BootstrapView(row.bootstrap_key_id, whose, row.roles, row.expires_at).filled(act.maker.key)


def set_sign_up(settings: Settings, mode: SignUpMode, domains: tuple[str, ...], reason: str, by: str) -> SignUpRow:
    """Who may make a tenant from now on."""
    with acting(settings, by) as act:
        row = SignUpRow(mode, tuple(sorted({*domains})), act.maker.now, by)
        act.tx.access.house.set_sign_up(row)
        act.journal(HOUSE, "sign_up_set", {"domains": list(row.domains), "mode": mode.value, "reason": reason})
        return row


def disable_tenant(settings: Settings, tenant_id: str, reason: str, by: str) -> int:
    """Refuse a tenant's keys and end its sessions; how many ended."""
    with acting(settings, by) as act:
        _require_customer(act, tenant_id)
        act.tx.access.house.disable(tenant_id, StopRow(reason, act.maker.now, by))
        act.journal(tenant_id, "tenant_disabled", {"reason": reason})
        return act.tx.access.sessions.end_of_tenant(tenant_id, act.maker.now)


def enable_tenant(settings: Settings, tenant_id: str, reason: str, by: str) -> None:
    """Let a tenant's keys work again."""
    with acting(settings, by) as act:
        _require_customer(act, tenant_id)
        act.tx.access.house.enable(tenant_id)
        act.journal(tenant_id, "tenant_enabled", {"reason": reason})


def set_cohort(settings: Settings, tenant_id: str, cohort: CohortName, reason: str, by: str) -> LabelRow:
    """Say whose behaviour a tenant's figures are about."""
    with acting(settings, by) as act:
        _require_customer(act, tenant_id)
        fault = label_fault(act.tx.access.house.labels(tenant_id), cohort)
        if fault is not None:
            raise StartProblem(fault)
        label = LabelRow(cohort, reason, act.maker.now, by)
        act.tx.access.house.add_label(tenant_id, label)
        act.journal(tenant_id, "cohort_set", {"cohort": cohort, "reason": reason})
        return label


def forget_address(settings: Settings, address: str, by: str) -> tuple[str, int]:
    """Erase an address: its keyed hash stays in the journal. Returns that hash, and how many sessions ended."""
    with acting(settings, by) as act:
        access, address_hash = act.tx.access, act.maker.key.address_hash(_spelt(address))
        person = access.people.of_address(address_hash)
        access.sign_ins.forget(address_hash)
        access.throttles.forget(address_hash)
        ended = 0
        if person is not None:
            ended = access.sessions.end_of_person(person.person_id, act.maker.now, "erased")
            access.people.set_house_role(person.person_id, None)
            access.people.set_address(person.person_id, None, None)
            access.house.stop_waiting(person.person_id)
        act.journal(HOUSE, "address_forgotten", {"address_hash": address_hash})
        return address_hash, ended


def unlock_address(settings: Settings, address: str, by: str) -> tuple[str, int]:
    """Forget the wrong codes that were typed for an address, and the codes that were requested, and nothing else.

    Anybody can lock somebody out by guessing; erasing would cost that user the account. Returns the address's keyed hash, and how
    many wrong codes in a row were forgotten.
    """
    with acting(settings, by) as act:
        throttles, address_hash = act.tx.access.throttles, act.maker.key.address_hash(_spelt(address))
        wrong = throttles.failures_in_row(address_hash)
        throttles.forget(address_hash)
        act.journal(HOUSE, "address_unlocked", {"address_hash": address_hash, "wrong_codes": wrong})
        return address_hash, wrong


def _spelt(address: str) -> str:
    try:
        return normalised(address)
    except Refused as refused:
        raise StartProblem(refused.refusal.detail.removeprefix("$.address: ")) from None


def _person_called(act: Acting, name: str) -> str:
    """The id of the house's person with this name: the same for every spelling of it, so that two keys do not make two people."""
    return f"per_{act.maker.key.mac('house-person', folded(name)).hex()[:32]}"


def _known_person(act: Acting, settings: Settings, person_id: str) -> str:
    found = act.tx.access.people.find(person_id)
    if found is None or found.house_role is None:
        makes = next_command("gonogo gateway house-person --address ADDRESS --role ROLE", {"--db": settings.db})
        raise StartProblem(f"nobody of the house is {person_id}; give the person's name, or the id that is printed by: {makes}")
    return person_id


def _require_customer(act: Acting, tenant_id: str) -> None:
    if not is_customer(act.tx, tenant_id):
        raise StartProblem(f"no tenant is called {tenant_id}")


def _done(whose: str | Refusal) -> str:
    if isinstance(whose, Refusal):
        raise StartProblem(whose.detail.removeprefix("$: ").removeprefix("$.roles: "))
    return whose
