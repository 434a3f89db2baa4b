"""What a signed-in user does with the session: choose a tenant, confirm a code, change the address, log out."""

from collections.abc import Callable
from typing import Any

from gateway.access.challenges import Wanted, send_code, take_code
from gateway.access.me import me_view
from gateway.access.sessions import fault, stale
from gateway.access_answers import EndedView, MeView
from gateway.commands import NOBODY, SESSION
from gateway.commands.access import ChangeAddress, ChooseTenant, ConfirmAddress, EndSession, RequestCode, StepUp
from gateway.errors import Code, Refusal
from gateway.store.access_rows import Purpose, SessionRow, SignInRow
from gateway.store.port import Transaction
from gateway.work import Made, Work

Handler = Callable[[Transaction, Work, Any], Made | Refusal]
SessionHandler = Callable[[Transaction, Work, SessionRow, Any], Made | Refusal]


def in_session(decide: SessionHandler) -> Handler:
    """Look at the session once more, inside the transaction that decides: it may have ended since the request was admitted."""

    def decide_in_session(tx: Transaction, work: Work, command: object) -> Made | Refusal:
        session = live_session(tx, work)
        return session if isinstance(session, Refusal) else decide(tx, work, session, command)

    return decide_in_session


def or_in_session(decide: Handler) -> Handler:
    """The same for what a key may do, too: a session acts in the tenant that it was admitted to."""

    def decide_or_in_session(tx: Transaction, work: Work, command: object) -> Made | Refusal:
        if work.request.principal.session_id is not None:
            session = live_session(tx, work)
            if isinstance(session, Refusal):
                return session
            if work.request.principal.role == SESSION and (session.tenant_id or NOBODY) != work.request.principal.tenant_id:
                return Refusal(Code.TENANT_CHOICE_REQUIRED, "The session changed to another tenant meanwhile.")
        return decide(tx, work, command)

    return decide_or_in_session


def live_session(tx: Transaction, work: Work) -> SessionRow | Refusal:
    """The caller's session, or why it does not count for this route."""
    session_id = work.request.principal.session_id
    if session_id is None:
        return Refusal(Code.FORBIDDEN, "This is about a session; an API key has none.")
    row = tx.access.sessions.find(session_id)
    if row is None:
        return Refusal(Code.SESSION_EXPIRED, "The session is not known any more.")
    refusal = fault(row, work.now_text)
    if refusal is None and work.request.route.fresh:
        refusal = stale(row, work.now_text)
    return refusal or row


def choose_tenant(tx: Transaction, work: Work, session: SessionRow, command: ChooseTenant) -> Made | Refusal:  # noqa: ARG001  # the handlers' signature
    """From now on the session acts in a tenant of its person."""
    found = next((item for item in tx.access.people.tenants(session.person_id) if item.tenant_id == command.tenant_id), None)
    if found is None or session.house_role:
        return Refusal(Code.NOT_FOUND, "no such tenant")
    if found.disabled:
        return Refusal(Code.TENANT_DISABLED, f"The tenant {found.tenant_id} is disabled.")
    tx.access.sessions.choose_tenant(session.session_id, found.tenant_id)
    return Made(_me(tx, session), 200)


def request_code(tx: Transaction, work: Work, session: SessionRow, command: RequestCode) -> Made | Refusal:  # noqa: ARG001  # the handlers' signature
    """A code to the session's own address, for a step-up."""
    person = tx.access.people.find(session.person_id)
    assert person is not None, "a session names its person"
    if person.address is None:
        return Refusal(Code.SESSION_REVOKED, "Its user was erased.")
    sign_in_id = work.login.key.sign_in_id(work.request.key, session.session_id)
    return send_code(tx, work, Wanted("step_up", person.address, sign_in_id, session.person_id, session.session_id))


def step_up(tx: Transaction, work: Work, session: SessionRow, command: StepUp) -> Made | Refusal:
    """A right code makes the session fresh."""
    taken = _take(tx, work, session, "step_up", command.sign_in_id, command.code)
    if isinstance(taken, Refusal):
        return taken
    tx.access.sessions.refresh(session.session_id, work.now_text)
    return Made(_me(tx, session), 200)


def change_address(tx: Transaction, work: Work, session: SessionRow, command: ChangeAddress) -> Made | Refusal:
    """A code to the new address, whoever else may have it; nothing changes before it is confirmed."""
    sign_in_id = work.login.key.sign_in_id(work.request.key, session.session_id)
    return send_code(tx, work, Wanted("address", command.address, sign_in_id, session.person_id, session.session_id))


def confirm_address(tx: Transaction, work: Work, session: SessionRow, command: ConfirmAddress) -> Made | Refusal:
    """The new address is the user's from now on, and every session ends: whoever signed in with the old one is out."""
    taken = _take(tx, work, session, "address", command.sign_in_id, command.code)
    if isinstance(taken, Refusal):
        return taken
    people = tx.access.people
    other = people.of_address(taken.address_hash)
    if other is not None and other.person_id != session.person_id:
        return Refusal(Code.INVALID_REQUEST, "The address belongs to another user, who is you: sign in with it instead.")
    people.set_address(session.person_id, taken.address, taken.address_hash)
    return Made(EndedView(tx.access.sessions.end_of_person(session.person_id, work.now_text, "address")), 200)


def end_session(tx: Transaction, work: Work, session: SessionRow, command: EndSession) -> Made:
    """Log out, here or everywhere."""
    sessions, now = tx.access.sessions, work.now_text
    if command.everywhere:
        return Made(EndedView(sessions.end_of_person(session.person_id, now, "logout")), 200)
    return Made(EndedView(sessions.end(session.session_id, now, "logout")), 200)


def _take(tx: Transaction, work: Work, session: SessionRow, purpose: Purpose, sign_in_id: str, code: str) -> SignInRow | Refusal:
    """Use up a code that was sent for this session and this purpose; any other is as if it had never been."""
    row = tx.access.sign_ins.find(sign_in_id)
    if row is not None and (row.purpose, row.session_id) != (purpose, session.session_id):
        row = None
    refusal = take_code(tx, work, row, code)
    if refusal is not None:
        return refusal
    assert row is not None, "its code was taken"
    return row


def _me(tx: Transaction, session: SessionRow) -> MeView:
    """The session as it is after a change."""
    row = tx.access.sessions.find(session.session_id)
    assert row is not None, "it was changed a statement ago"
    return me_view(tx, row)
