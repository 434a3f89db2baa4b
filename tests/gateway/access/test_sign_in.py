"""Signing in by code: the same for everybody, once for each code, and safe to repeat."""

import sqlite3

import msgspec
import pytest
from gateway_entrance import ANN, CountingKey, said

from gateway.access.challenges import LIFETIME
from gateway.clock import format_utc
from gateway.commands.access import Verify
from gateway.mailing import MailMode, MailState
from gateway.routes.access import VERIFY
from gateway.work import Login


def traced(entrance, work):
    """What the database was told while `work` ran."""
    statements = []
    entrance.connection.set_trace_callback(statements.append)
    try:
        work()
    finally:
        entrance.connection.set_trace_callback(None)
    return [statement.split("VALUES")[0].split("WHERE")[0] for statement in statements]


def test_a_right_code_gives_a_session_and_a_wrong_one_names_the_tries_left(entrance):
    """The answer has the token, the reasons have the number."""
    sign_in_id = entrance.started()
    wrong = entrance.verify(sign_in_id, entrance.wrong(sign_in_id))
    assert said(wrong) == (401, "otp_invalid")
    assert msgspec.json.decode(wrong.body)["reasons"] == ["tries_left:4"]
    right = msgspec.json.decode(entrance.verify(sign_in_id).body)
    assert right["session_token"] == entrance.key.session_token(right["session_id"])
    assert (right["role"], right["tenant_id"], right["tenants"]) == ("session", None, [])
    assert said(entrance.verify(sign_in_id)) == (409, "otp_used")


def test_known_and_unknown_addresses_cause_the_same_work_and_get_the_same_bytes(entrance):
    """Statements, derivations, queued mails and the shape of the answer are equal; only the id of the challenge differs."""
    entrance.token(ANN)
    entrance.pass_time(hours=2)
    key = CountingKey(bytes(32))
    entrance.access = Login(key, entrance.access.mail)
    seen = {}
    for address in (ANN, "eve@example.com"):
        key.calls.clear()
        answers = []
        statements = traced(entrance, lambda: answers.append(entrance.start(address)))  # noqa: B023  # run at once
        body = msgspec.json.decode(answers[0].body)
        assert body.pop("sign_in_id").startswith("sgn_")
        seen[address] = (statements, tuple(key.calls), answers[0].status, body, len(answers[0].body))
    assert seen[ANN] == seen["eve@example.com"]
    assert len(seen[ANN][0]) > 5
    queued = entrance.connection.execute("SELECT address FROM mails WHERE created_at = ?", (entrance.mail_time(),)).fetchall()
    assert sorted(queued) == [(ANN,), ("eve@example.com",)]


def test_fifty_right_codes_at_once_give_one_session(entrance):
    """One conditional update decides, whichever request comes first; the others get the code of a used challenge."""
    sign_in_id = entrance.started()
    code = entrance.key.code(sign_in_id)
    answers = entrance.together([(VERIFY, Verify(code), sign_in_id, entrance.fresh()) for _ in range(50)])
    assert sorted(said(answer) for answer in answers) == [(200, "ok")] + [(409, "otp_used")] * 49
    assert entrance.connection.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_one_conditional_update_uses_a_challenge_up(entrance):
    """It counts once, in time and with tries left, whatever a handler believes; and a trigger holds where it is not used."""
    use = entrance.tx.access.sign_ins.use
    used, late, locked = entrance.started(), entrance.started(), entrance.started()
    for _ in range(5):
        entrance.verify(locked, entrance.wrong(locked))
    now, over = format_utc(entrance.now), format_utc(entrance.now + LIFETIME)
    assert (use(used, now), use(used, now), use(late, over), use(locked, now), use("sgn_0", now)) == (True, *[False] * 4)
    for sign_in_id, moment in ((used, now), (late, over), (locked, now)):
        with pytest.raises(sqlite3.IntegrityError, match="a code counts once, in time, and with tries left"):
            entrance.connection.execute("UPDATE sign_ins SET used_at = ? WHERE sign_in_id = ?", (moment, sign_in_id))


def test_a_replay_has_the_same_bytes_for_fifteen_minutes_and_no_longer(entrance):
    """The token is derived again; afterwards the key answers 410, whoever holds it."""
    sign_in_id, key = entrance.started(), entrance.fresh()
    first = entrance.verify(sign_in_id, key=key)
    entrance.pass_time(minutes=14, seconds=59)
    again = entrance.verify(sign_in_id, key=key)
    assert (again.status, again.body, again.replayed) == (200, first.body, True)
    entrance.pass_time(seconds=1)
    assert said(entrance.verify(sign_in_id, key=key)) == (410, "idempotency_key_expired")


def test_a_replay_of_a_wrong_code_costs_no_second_try(entrance):
    """It is the stored refusal, byte for byte."""
    sign_in_id, key = entrance.started(), entrance.fresh()
    wrong = entrance.wrong(sign_in_id)
    first = entrance.verify(sign_in_id, wrong, key=key)
    assert entrance.verify(sign_in_id, wrong, key=key).body == first.body
    assert entrance.tx.access.sign_ins.find(sign_in_id).tries == 1


def test_another_code_under_the_key_is_another_request(entrance):
    """Naming the member, and never its value."""
    sign_in_id, key = entrance.started(), entrance.fresh()
    entrance.verify(sign_in_id, entrance.wrong(sign_in_id), key=key)
    answer = entrance.verify(sign_in_id, key=key)
    assert said(answer) == (422, "idempotency_key_reused")
    assert b"differs in /code" in answer.body


def test_the_key_of_one_person_is_not_anothers(entrance):
    """Before sign-in the scope is the challenge: two people who chose the same key get a challenge each."""
    one, other = (entrance.started(address, key="the-same-key-0001") for address in (ANN, "eve@example.com"))
    assert one != other
    assert entrance.started(ANN, key="the-same-key-0001") == one


def test_a_code_counts_for_its_own_challenge_alone(entrance):
    """Neither for another challenge of the same address nor for a step-up."""
    first, second = entrance.started(), entrance.started()
    assert said(entrance.verify(second, entrance.key.code(first))) == (401, "otp_invalid")
    assert said(entrance.verify(first)) == (200, "ok")


def test_a_sign_in_that_nobody_finished_takes_no_address(entrance):
    """No person exists before a right code: whoever began for somebody else's address has kept nothing of it."""
    for _ in range(3):
        entrance.started(ANN, network="198.51.100.0/24")
        entrance.pass_time(hours=1)
    assert entrance.connection.execute("SELECT count(*) FROM persons WHERE address = ?", (ANN,)).fetchone() == (0,)
    mine = entrance.row(entrance.token(ANN))
    assert entrance.connection.execute("SELECT person_id FROM persons WHERE address = ?", (ANN,)).fetchall() == [
        (mine.person_id,)
    ]


def test_a_resend_repeats_the_code_and_kills_none_in_flight(entrance):
    """The answer is the same view, one more mail waits, and the code still counts."""
    sign_in_id = entrance.started()
    assert said(entrance.resend(sign_in_id)) == (429, "otp_throttled")
    entrance.pass_time(seconds=30)
    assert said(entrance.resend(sign_in_id)) == (202, "ok")
    assert entrance.connection.execute("SELECT count(*) FROM mails WHERE sign_in_id = ?", (sign_in_id,)).fetchone() == (2,)
    assert said(entrance.verify(sign_in_id)) == (200, "ok")
    assert said(entrance.resend(sign_in_id)) == (409, "otp_used")


@pytest.mark.parametrize(
    ("mail", "refusal"),
    [
        (MailState(), (503, "login_unavailable")),
        (MailState(MailMode.SMTP, healthy=False, since="2026-11-23T00:00:00.000Z"), (503, "mail_unavailable")),
    ],
)
def test_without_mail_nobody_begins_a_sign_in(entrance, mail, refusal):
    """It is told to everybody alike, and the key serves once mail is back."""
    key = entrance.fresh()
    ready, entrance.access = entrance.access, Login(entrance.key, mail)
    assert said(entrance.start(key=key)) == refusal
    entrance.access = ready
    assert said(entrance.start(key=key)) == (202, "ok")


def test_an_unknown_challenge_is_answered_like_an_old_one(entrance):
    """Nobody learns which ids there were."""
    assert said(entrance.verify("sgn_0", "12345678")) == (410, "otp_expired")
    assert said(entrance.resend("sgn_0")) == (410, "otp_expired")


def test_nothing_secret_and_no_address_is_stored_where_it_stays(entrance):
    """The journal has keyed hashes; the code is nowhere, and the token's hash alone."""
    sign_in_id = entrance.started()
    code = entrance.key.code(sign_in_id)
    token = msgspec.json.decode(entrance.verify(sign_in_id).body)["session_token"]
    entrance.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = entrance.db.read_bytes()
    assert token.encode() not in stored
    assert code.encode() not in stored
    kept = entrance.connection.execute(
        "SELECT request, coalesce(body, '') FROM operations LEFT JOIN answers USING (seq)"
    ).fetchall()
    assert not [row for row in kept if ANN.encode() in bytes(row[0]) + bytes(row[1] or b"")]
