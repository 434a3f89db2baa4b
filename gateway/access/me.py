"""Who calls: what GET /v1/access/me answers for a key and for a session."""

from typing import cast

from gateway.access.labels import NO_COHORT, cohort_now
from gateway.access.sessions import fresh_until
from gateway.access_answers import Cohort, MeView, TenantItem
from gateway.commands import HOUSE, SESSION, Principal
from gateway.errors import Code, Refusal, Refused
from gateway.store.access_rows import SessionRow
from gateway.store.port import Transaction


def me_of(tx: Transaction, principal: Principal) -> MeView:
    """The caller; raises Refused for a session that is not there any more."""
    if principal.session_id is None:
        return _key(tx, principal)
    row = tx.access.sessions.find(principal.session_id)
    if row is None:
        raise Refused(Refusal(Code.SESSION_EXPIRED, "The session is not known any more."))
    return me_view(tx, row)


def me_view(tx: Transaction, session: SessionRow) -> MeView:
    """The session, its person's tenants, and the one in which it acts."""
    tenants = [] if session.house_role else tx.access.people.tenants(session.person_id)
    cohort = _cohort(tx, session.tenant_id)
    return MeView(
        kind="session",
        tenant_id=session.tenant_id,
        tenants=tuple(TenantItem(item.tenant_id, item.name) for item in tenants),
        role=session.house_role or SESSION,
        agent_id=None,
        person_id=session.person_id,
        key_id=None,
        cohort=cohort,
        demo_money=cohort == "simulated",
        expires_at=session.expires_at,
        fresh_until=fresh_until(session),
    )


def _key(tx: Transaction, principal: Principal) -> MeView:
    """The key's role and its one tenant; a key of the house has none."""
    tenant_id = None if principal.tenant_id == HOUSE else principal.tenant_id
    cohort = _cohort(tx, tenant_id)
    return MeView(
        kind="key",
        tenant_id=tenant_id,
        tenants=(TenantItem(tenant_id, tx.tenants.name_of(tenant_id)),) if tenant_id else (),
        role=principal.role,
        agent_id=principal.agent_id,
        person_id=principal.person_id,
        key_id=principal.key_id,
        cohort=cohort,
        demo_money=cohort == "simulated",
        expires_at=None,
        fresh_until=None,
    )


def _cohort(tx: Transaction, tenant_id: str | None) -> Cohort:
    return cast("Cohort", cohort_now(tx.access.house.labels(tenant_id))) if tenant_id else NO_COHORT
