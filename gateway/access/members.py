"""How a second person comes into a tenant: a member, or the house, makes a bootstrap key, and who has signed in joins with it.

It is no way to a second vote: whoever belongs to the tenant already joins nothing, and the key is traded for no API key.
"""

import datetime as dt

from gateway.access.audit import audit_request
from gateway.access.bootstrap import bootstrap_facts, new_bootstrap_key, unusable
from gateway.access.keys import Maker
from gateway.access.me import me_view
from gateway.access.tenancy import too_many_tenants
from gateway.access.throttles import DAY, Limit, wait
from gateway.access_key import token_sha256
from gateway.clock import format_utc
from gateway.commands.house import MEMBER
from gateway.commands.keys import Invite, JoinTenant
from gateway.errors import Code, Refusal
from gateway.house_answers import BootstrapView
from gateway.store.access_rows import SessionRow
from gateway.store.house_rows import BootstrapRow
from gateway.store.port import Transaction
from gateway.work import Made, Work

INVITATIONS = Limit("started", 20, DAY)
"""Bootstrap keys that the people of one tenant make: they are kept for ever."""


def invite(tx: Transaction, work: Work, command: Invite) -> Made | Refusal:
    """A bootstrap key with which one other person joins the session's tenant."""
    by = work.request.principal
    counted = f"invitations {by.tenant_id}"
    left = _left(tx, counted, work.now)
    if left > dt.timedelta():
        detail = f"The people of this tenant have made {INVITATIONS.most} such keys within 24 hours, which is the most."
        return Refusal(Code.RATE_LIMITED, detail, after_ms=max(1, int(left.total_seconds() * 1000)))
    tx.access.throttles.add(counted, INVITATIONS.kind, work.now_text)
    row = new_bootstrap_key(tx, Maker.of(work), by.tenant_id, (MEMBER,), by.agent_id)
    audit_request(tx, work, by.tenant_id, "bootstrap_key_made", bootstrap_facts(row) | {"reason": command.reason})
    return Made(BootstrapView(row.bootstrap_key_id, row.tenant_id, row.roles, row.expires_at))


def join_tenant(tx: Transaction, work: Work, session: SessionRow, command: JoinTenant) -> Made | Refusal:
    """The session's person belongs to the key's tenant from now on, and the session acts in it."""
    row = tx.access.bootstrap_keys.of_key(token_sha256(command.bootstrap_key))
    if row is None:
        return Refusal(Code.BOOTSTRAP_KEY_INVALID, "The bootstrap key is not known.")
    if row.roles != (MEMBER,):
        return Refusal(
            Code.BOOTSTRAP_KEY_INVALID, "This key is for API keys, at POST /v1/access/bootstrap; nobody joins with it."
        )
    refusal = _may_not_join(tx, session, row) or unusable(tx, row, work.now_text)
    if refusal is not None:
        return refusal
    tx.access.bootstrap_keys.use(row.bootstrap_key_id, work.now_text)
    tx.access.people.join(session.person_id, row.tenant_id, work.now_text)
    tx.access.sessions.choose_tenant(session.session_id, row.tenant_id)
    facts = {"bootstrap_key_id": row.bootstrap_key_id, "invited_by": row.made_by, "person_id": session.person_id}
    audit_request(tx, work, row.tenant_id, "person_joined", facts)
    joined = tx.access.sessions.find(session.session_id)
    assert joined is not None, "it was bound a statement ago"
    return Made(me_view(tx, joined), status=200)


def _may_not_join(tx: Transaction, session: SessionRow, row: BootstrapRow) -> Refusal | None:
    if session.house_role is not None:
        return Refusal(Code.FORBIDDEN, "People of the house belong to no tenant.")
    tenants = tx.access.people.tenants(session.person_id)
    if any(item.tenant_id == row.tenant_id for item in tenants):
        return Refusal(Code.FORBIDDEN, "You belong to this tenant already; an unused key still lets somebody else join.")
    return too_many_tenants(tenants)


def _left(tx: Transaction, counted: str, now: dt.datetime) -> dt.timedelta:
    since = format_utc(now - INVITATIONS.window)
    return wait(tx.access.throttles.newest(counted, INVITATIONS.kind, since, INVITATIONS.most), INVITATIONS, now)
