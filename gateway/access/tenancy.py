"""Tenants of people who signed up: sign-up decides who makes one, and the session acts in it from then on."""

from collections.abc import Sequence

from gateway.access.audit import audit_request
from gateway.access.me import me_view
from gateway.access.sign_up import ADMISSIONS, Admission, domain_of, standing_of
from gateway.access_answers import MeView
from gateway.commands.access import CreateTenant
from gateway.errors import Code, Refusal
from gateway.store.access_rows import MemberTenant
from gateway.store.port import Transaction
from gateway.work import Made, Work

MOST_TENANTS = 20
"""Tenants of one person: a tenant is kept for ever."""


def create_tenant(tx: Transaction, work: Work, command: CreateTenant) -> Made | Refusal:
    """A tenant of the session's person, unless sign-up is closed to it; whom it lets wait gets a place on the waiting list."""
    by = work.request.principal
    session_id, person_id = by.session_id, by.person_id
    assert session_id is not None, "the route is for sessions alone"
    assert person_id is not None, "a session is a person's"
    admission = _admission(tx, person_id)
    if admission is Admission.CLOSED:
        return Refusal(Code.SIGNUP_CLOSED, "Sign-up is closed to this address.")
    if admission is Admission.WAITS:
        tx.access.house.wait(person_id, command.name, work.now_text)  # the one effect of a refusal: the place in the queue
        return Refusal(Code.SIGNUP_WAITLISTED, "The house admits people one by one; you are on its list.")
    refusal = too_many_tenants(tx.access.people.tenants(person_id))
    if refusal is not None:
        return refusal
    tenant_id = f"ten_{work.suffix}"
    tx.tenants.add_tenant(tenant_id, command.name, work.now_text)
    tx.access.people.join(person_id, tenant_id, work.now_text)
    tx.access.sessions.choose_tenant(session_id, tenant_id)
    audit_request(tx, work, tenant_id, "tenant_made", {"name": command.name})
    return Made(_bound(tx, session_id))


def too_many_tenants(tenants: Sequence[MemberTenant]) -> Refusal | None:
    """Why somebody belongs to no further tenant than these."""
    if len(tenants) < MOST_TENANTS:
        return None
    return Refusal(Code.FORBIDDEN, f"You belong to {MOST_TENANTS} tenants, which is the most.")


def _admission(tx: Transaction, person_id: str) -> Admission:
    house, person = tx.access.house, tx.access.people.find(person_id)
    waits = house.waiting(person_id)
    admitted = waits is not None and waits.admitted_at is not None
    claimed = person is not None and person.address is not None and house.is_claimed(domain_of(person.address))
    return ADMISSIONS[house.sign_up().mode, standing_of(admitted=admitted, claimed=claimed)]


def _bound(tx: Transaction, session_id: str) -> MeView:
    session = tx.access.sessions.find(session_id)
    assert session is not None, "it was bound a statement ago"
    return me_view(tx, session)
