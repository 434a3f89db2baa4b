"""What the house decides: who may sign up, who is admitted, which tenants work, and whose behaviour they stand for."""

from gateway.access.audit import audit_request
from gateway.access.labels import cohort_now, label_fault
from gateway.commands import HOUSE
from gateway.commands.house import Admit, DisableTenant, EnableTenant, SetCohort, SetSignUp
from gateway.errors import Code, Refusal
from gateway.house_answers import AdmittedView, CohortView, LabelView, SignUpView, TenantStateView, WaitingItem, WaitlistView
from gateway.store.house_rows import LabelRow, SignUpRow, StopRow
from gateway.store.port import Transaction
from gateway.work import Made, Work

MOST_WAITING_SHOWN = 1000
"""People who wait that one answer shows; those who waited longest come first."""

_NO_TENANT = Refusal(Code.NOT_FOUND, "no such tenant")


def set_sign_up(tx: Transaction, work: Work, command: SetSignUp) -> Made:
    """Mode and claimed domains from the commit on."""
    row = SignUpRow(command.mode, tuple(sorted({*command.domains})), work.now_text, work.request.principal.agent_id)
    tx.access.house.set_sign_up(row)
    facts = {"domains": list(row.domains), "mode": row.mode.value, "reason": command.reason}
    audit_request(tx, work, HOUSE, "sign_up_set", facts)
    return Made(SignUpView(row.mode.value, row.domains, row.at, row.actor), status=200)


def disable_tenant(tx: Transaction, work: Work, command: DisableTenant) -> Made | Refusal:
    """Refuse the tenant's keys and end its sessions; open holds stay until they expire, and payouts on their way arrive."""
    tenant_id = work.request.path_ids[0]
    if not is_customer(tx, tenant_id):
        return _NO_TENANT
    tx.access.house.disable(tenant_id, StopRow(command.reason, work.now_text, work.request.principal.agent_id))
    audit_request(tx, work, tenant_id, "tenant_disabled", {"reason": command.reason})
    ended = tx.access.sessions.end_of_tenant(tenant_id, work.now_text)
    return Made(TenantStateView(tenant_id, disabled=True, at=work.now_text, sessions_ended=ended), status=200)


def enable_tenant(tx: Transaction, work: Work, command: EnableTenant) -> Made | Refusal:
    """Let the tenant's keys work again; one that works stays as it is."""
    tenant_id = work.request.path_ids[0]
    if not is_customer(tx, tenant_id):
        return _NO_TENANT
    tx.access.house.enable(tenant_id)
    audit_request(tx, work, tenant_id, "tenant_enabled", {"reason": command.reason})
    return Made(TenantStateView(tenant_id, disabled=False, at=work.now_text, sessions_ended=0), status=200)


def set_cohort(tx: Transaction, work: Work, command: SetCohort) -> Made | Refusal:
    """Label a tenant; earlier labels stay, and count for what began under them."""
    tenant_id = work.request.path_ids[0]
    if not is_customer(tx, tenant_id):
        return _NO_TENANT
    fault = label_fault(tx.access.house.labels(tenant_id), command.cohort)
    if fault is not None:
        return Refusal(Code.COHORT_FINAL, fault)
    label = LabelRow(command.cohort, command.reason, work.now_text, work.request.principal.agent_id)
    tx.access.house.add_label(tenant_id, label)
    audit_request(tx, work, tenant_id, "cohort_set", {"cohort": command.cohort, "reason": command.reason})
    return Made(cohort_view(tx, tenant_id), status=200)


def admit(tx: Transaction, work: Work, command: Admit) -> Made | Refusal:
    """Let somebody who waits make a tenant; nobody admits oneself."""
    by, person_id = work.request.principal, work.request.path_ids[0]
    waits = tx.access.house.waiting(person_id)
    if waits is None:
        return Refusal(Code.NOT_FOUND, "nobody with this id waits")
    if by.person_id == person_id:
        return Refusal(Code.FORBIDDEN, "Another person of the house must admit you.")
    if waits.admitted_at is None:
        tx.access.house.admit(person_id, by.agent_id, work.now_text)
        audit_request(tx, work, HOUSE, "person_admitted", {"person_id": person_id, "reason": command.reason})
    view = AdmittedView(person_id, waits.admitted_at or work.now_text, waits.admitted_by or by.agent_id)
    return Made(view, status=200)


def is_customer(tx: Transaction, tenant_id: str) -> bool:
    """Whether there is such a tenant, and it is not the house itself."""
    return tenant_id != HOUSE and tx.tenants.knows(tenant_id)


def cohort_view(tx: Transaction, tenant_id: str) -> CohortView:
    """A tenant's cohort and its history."""
    labels = tx.access.house.labels(tenant_id)
    history = tuple(LabelView(label.cohort, label.reason, label.at, label.actor) for label in labels)
    return CohortView(tenant_id, cohort_now(labels), history)


def waitlist_view(tx: Transaction) -> WaitlistView:
    """Who waits to make a tenant, longest first."""
    items = (WaitingItem(row.person_id, row.name, row.asked_at) for row in tx.access.house.waiting_list(MOST_WAITING_SHOWN))
    return WaitlistView(tuple(items))
