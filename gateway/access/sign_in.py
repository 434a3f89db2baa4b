"""Signing in and up: one route for both, so that nothing shows whether an address is known."""

from msgspec import UNSET

from gateway.access.challenges import Wanted, send_again, send_code, take_code
from gateway.access.funnel import note
from gateway.access.sessions import ABSOLUTE, FRESH, IDLE, MOST_SESSIONS, shifted
from gateway.access.steps import FunnelEvent
from gateway.access_answers import SessionView, TenantItem
from gateway.access_key import token_sha256
from gateway.clock import format_utc
from gateway.commands import SESSION, SESSION_PREFIX
from gateway.commands.access import ResendCode, SignIn, Verify
from gateway.errors import Refusal
from gateway.store.access_rows import NewSession, PersonRow, SignInRow
from gateway.store.port import Transaction
from gateway.work import Made, Work


def sign_in(tx: Transaction, work: Work, command: SignIn) -> Made | Refusal:
    """A challenge for an address, whoever it belongs to; nobody is looked up."""
    key, request = work.login.key, work.request
    sign_in_id = key.sign_in_id(request.key, key.address_hash(command.address))
    run = None if command.run is UNSET else command.run
    network = request.principal.network
    assert network is not None, "callers without a credential have one"
    return send_code(tx, work, Wanted("sign_in", command.address, sign_in_id, network, run=run))


def resend_code(tx: Transaction, work: Work, command: ResendCode) -> Made | Refusal:  # noqa: ARG001  # the handlers' signature
    """The same code once more."""
    return send_again(tx, work, work.request.path_ids[0])


def verify(tx: Transaction, work: Work, command: Verify) -> Made | Refusal:
    """A session for the right code; with the first one of an address its person is made."""
    row = tx.access.sign_ins.find(work.request.path_ids[0])
    if row is not None and row.purpose != "sign_in":
        row = None  # a code for a step-up, or for a new address, begins no session
    refusal = take_code(tx, work, row, command.code)
    if refusal is not None:
        return refusal
    assert row is not None, "its code was taken"
    view = _begin(tx, work, _person(tx, work, row))
    note(tx, work.now_text, FunnelEvent.SIGNED_IN, run=row.run, tenant_id=view.tenant_id)
    return Made(view, 200)


def _person(tx: Transaction, work: Work, row: SignInRow) -> PersonRow:
    known = tx.access.people.of_address(row.address_hash)
    if known is not None:
        return known
    person = PersonRow(f"per_{work.suffix}", row.address, row.address_hash, None, work.now_text)
    tx.access.people.add(person)
    return person


def _begin(tx: Transaction, work: Work, person: PersonRow) -> SessionView:
    """A new session: the oldest end that would be one too many, and it acts at once where the person has one tenant."""
    sessions, now = tx.access.sessions, work.now_text
    live = sessions.live(person.person_id, now, format_utc(work.now - IDLE))
    for session_id in live[: max(0, len(live) + 1 - MOST_SESSIONS)]:
        sessions.end(session_id, now, "limit")
    tenants = [] if person.house_role else [item for item in tx.access.people.tenants(person.person_id) if not item.disabled]
    tenant_id = tenants[0].tenant_id if len(tenants) == 1 else None
    view = SessionView(
        session_id=f"{SESSION_PREFIX}{work.suffix}",
        person_id=person.person_id,
        role=person.house_role or SESSION,
        tenant_id=tenant_id,
        tenants=tuple(TenantItem(item.tenant_id, item.name) for item in tenants),
        expires_at=shifted(now, ABSOLUTE),
        fresh_until=shifted(now, FRESH),
    )
    token = work.login.key.session_token(view.session_id)
    sessions.add(NewSession(view.session_id, token_sha256(token), person.person_id, tenant_id, now, view.expires_at))
    return view
