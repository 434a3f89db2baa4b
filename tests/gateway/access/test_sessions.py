"""How long a session counts, what ends it, and what it may do while it is fresh."""

import msgspec
import pytest
from gateway_entrance import ANN, said

from gateway.commands import CreatePayee, CreateWallet
from gateway.routes import CREATE_PAYEE, CREATE_WALLET

EVE = "eve@example.com"


def test_a_session_ends_twelve_hours_after_its_sign_in_however_busy_it_is(entrance):
    """Used every twenty minutes, it counts to the last millisecond and no longer."""
    token = entrance.token()
    for _ in range(36):
        assert entrance.refusal(token) is None
        entrance.use(token)
        entrance.pass_time(minutes=20)
    assert entrance.refusal(token) == "session_expired"
    entrance.pass_time(milliseconds=-1)
    assert entrance.refusal(token) is None


def test_a_session_ends_after_thirty_minutes_without_a_request(entrance):
    """And a use that comes too late does not bring it back."""
    token = entrance.token()
    entrance.pass_time(minutes=29, seconds=59)
    assert entrance.refusal(token) is None
    entrance.pass_time(seconds=1)
    assert entrance.refusal(token) == "session_expired"


def test_a_sixth_session_ends_the_oldest(entrance):
    """Of the same person; another person's are not touched."""
    other = entrance.token(EVE)
    tokens = []
    for _ in range(6):
        tokens.append(entrance.token(ANN))
        entrance.pass_time(minutes=13)
        for token in (*tokens, other):
            entrance.use(token)
    assert [entrance.refusal(token) for token in tokens] == ["session_revoked", *[None] * 5]
    assert entrance.refusal(other) is None


def test_logging_out_ends_this_session_or_all(entrance):
    """Each is told apart from one that ran out."""
    here, there, third = (entrance.token() for _ in range(3))
    assert msgspec.json.decode(entrance.end(here).body) == {"ended": 1}
    assert (entrance.refusal(here), entrance.refusal(there)) == ("session_revoked", None)
    assert msgspec.json.decode(entrance.end(there, everywhere=True).body) == {"ended": 2}
    assert entrance.refusal(third) == "session_revoked"


def test_another_address_ends_every_session_and_only_the_new_one_signs_in_as_the_user(entrance):
    """The person stays: whoever signs in with the old address is somebody new."""
    token, other = entrance.token(ANN), entrance.token(ANN)
    person = entrance.row(token).person_id
    assert msgspec.json.decode(entrance.change_address(token, EVE).body) == {"ended": 2}
    assert {entrance.refusal(token), entrance.refusal(other)} == {"session_revoked"}
    assert entrance.row(entrance.token(EVE)).person_id == person
    assert entrance.row(entrance.token(ANN)).person_id != person


def test_an_address_of_another_user_is_not_taken_over(entrance):
    """Though whoever asks has shown that both mailboxes are theirs."""
    token = entrance.token(ANN)
    entrance.token(EVE)
    assert said(entrance.change_address(token, EVE)) == (400, "invalid_request")
    assert entrance.refusal(token) is None


def test_a_disabled_tenant_refuses_its_sessions(entrance):
    """The session that acts in it, and the choice of it."""
    token, tenant = entrance.token(), entrance.demo.tenant_id
    entrance.join(token, tenant)
    assert said(entrance.choose(token, tenant)) == (200, "ok")
    other = entrance.token()
    entrance.connection.execute("INSERT INTO disabled_tenants VALUES (?, 'fraud', 'now', 'house')", (tenant,))
    assert entrance.refusal(token) == "tenant_disabled"
    assert said(entrance.act(other, CREATE_WALLET, CreateWallet("USD"))) == (403, "tenant_disabled")
    fresh = entrance.token()
    assert entrance.row(fresh).tenant_id is None
    assert said(entrance.choose(fresh, tenant)) == (403, "tenant_disabled")


def test_a_session_chooses_among_its_own_tenants(entrance):
    """Another's is not found; with one tenant, the next session acts in it at once."""
    token = entrance.token()
    assert said(entrance.choose(token, entrance.demo.tenant_id)) == (404, "not_found")
    entrance.join(token, entrance.demo.tenant_id)
    chosen = msgspec.json.decode(entrance.choose(token, entrance.demo.tenant_id).body)
    assert (chosen["tenant_id"], chosen["kind"], chosen["role"]) == (entrance.demo.tenant_id, "session", "session")
    assert entrance.row(entrance.token()).tenant_id == entrance.demo.tenant_id


def test_the_database_lets_no_session_act_in_anothers_tenant(entrance):
    """The second wall holds where a handler is wrong."""
    session = entrance.row(entrance.token())
    with pytest.raises(Exception, match="a session acts in a tenant of its person"):
        entrance.tx.access.sessions.choose_tenant(session.session_id, entrance.demo.tenant_id)


def test_a_code_makes_a_session_fresh_for_ten_minutes(entrance):
    """A sign-in counts as fresh; what needs a fresh code is looked at inside the transaction, too."""
    token = entrance.token()
    entrance.join(token, entrance.demo.tenant_id)
    entrance.choose(token, entrance.demo.tenant_id)
    make, key = CreatePayee("one", "USD"), entrance.fresh()
    entrance.pass_time(minutes=10)
    assert entrance.refusal(token, fresh=True) == "step_up_required"
    assert said(entrance.act(token, CREATE_PAYEE, make, key=key)) == (403, "step_up_required")
    assert said(entrance.act(token, CREATE_WALLET, CreateWallet("USD"))) == (201, "ok")
    assert said(entrance.step_up(token)) == (200, "ok")
    assert said(entrance.act(token, CREATE_PAYEE, make, key=key)) == (201, "ok")


def test_a_step_up_code_is_its_sessions_own(entrance):
    """Neither another session nor a sign-in can use it, and a sign-in's code is no step-up."""
    from gateway.commands.access import RequestCode, StepUp
    from gateway.routes.access import REQUEST_CODE, STEP_UP

    token, other = entrance.token(ANN), entrance.token(EVE)
    sign_in_id = msgspec.json.decode(entrance.act(token, REQUEST_CODE, RequestCode()).body)["sign_in_id"]
    code = entrance.key.code(sign_in_id)
    assert said(entrance.verify(sign_in_id)) == (410, "otp_expired")
    assert said(entrance.act(other, STEP_UP, StepUp(sign_in_id, code))) == (410, "otp_expired")
    login = entrance.started(ANN)
    assert said(entrance.act(token, STEP_UP, StepUp(login, entrance.key.code(login)))) == (410, "otp_expired")
    assert said(entrance.act(token, STEP_UP, StepUp(sign_in_id, code))) == (200, "ok")
    assert said(entrance.act(token, STEP_UP, StepUp(sign_in_id, code))) == (409, "otp_used")


def test_a_session_that_ended_after_its_admission_changes_nothing(entrance):
    """The transaction that decides looks again."""
    token = entrance.token()
    entrance.join(token, entrance.demo.tenant_id)
    entrance.choose(token, entrance.demo.tenant_id)
    session = entrance.row(token)
    entrance.chore(lambda tx, ctx: tx.access.sessions.end(session.session_id, ctx.now_text, "logout"))
    assert said(entrance.act(token, CREATE_WALLET, CreateWallet("USD"))) == (401, "session_revoked")
    assert said(entrance.end(token)) == (401, "session_revoked")
