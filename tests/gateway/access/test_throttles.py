"""How many codes an address and a network get, and how often somebody may guess: every number of the reference page."""

import msgspec
import pytest
from gateway_entrance import ANN, said

from gateway.commands.access import ChangeAddress, RequestCode
from gateway.routes.access import CHANGE_ADDRESS, REQUEST_CODE

EVE = "eve@example.com"


def retry_s(answer):
    """The pause that a refusal asks for, in seconds."""
    assert said(answer) == (429, "otp_throttled"), answer.body
    return msgspec.json.decode(answer.body)["retry"]["after_ms"] / 1000


def guess(entrance, address, times):
    """Wrong codes for an address, five a challenge; each challenge comes from a network of its own."""
    while times > 0:
        sign_in_id = entrance.started(address, network=entrance.fresh())
        for _ in range(min(5, times)):
            assert said(entrance.verify(sign_in_id, entrance.wrong(sign_in_id))) == (401, "otp_invalid")
        times -= 5


@pytest.mark.parametrize("known", [True, False])
def test_an_address_gets_five_codes_an_hour_and_ten_a_day(entrance, known):
    """Known or not; and Retry-After says when the next one fits."""
    if known:
        entrance.token(ANN)
        entrance.pass_time(days=2)
    for _ in range(5):
        entrance.started(ANN, network=entrance.fresh())
    entrance.pass_time(minutes=5)
    assert retry_s(entrance.start(ANN)) == 55 * 60
    entrance.pass_time(minutes=55)
    for _ in range(5):
        entrance.started(ANN, network=entrance.fresh())
    assert retry_s(entrance.start(ANN)) == 23 * 3600
    assert said(entrance.start(EVE)) == (202, "ok")


def test_resends_count_like_starts(entrance):
    """Four resends and the start are five codes."""
    sign_in_id = entrance.started(ANN)
    for _ in range(4):
        entrance.pass_time(seconds=30)
        assert said(entrance.resend(sign_in_id)) == (202, "ok")
    entrance.pass_time(seconds=30)
    assert retry_s(entrance.resend(sign_in_id)) == 3600 - 150


def test_a_resend_waits_thirty_seconds(entrance):
    """Since the last mail of this challenge."""
    sign_in_id = entrance.started(ANN)
    entrance.pass_time(seconds=12)
    assert retry_s(entrance.resend(sign_in_id)) == 18


def test_a_network_begins_twenty_sign_ins_an_hour(entrance):
    """For whatever addresses; another network is not affected, and the refused request leaves its key free."""
    for number in range(20):
        entrance.started(f"user{number}@example.com")
    key = entrance.fresh()
    assert retry_s(entrance.start(EVE, key=key)) == 3600
    assert said(entrance.start("other@example.com", network="198.51.100.0/24")) == (202, "ok")
    entrance.pass_time(hours=1)
    assert said(entrance.start(EVE, key=key)) == (202, "ok")


def test_a_person_requests_twenty_codes_an_hour_in_sessions(entrance):
    """For whatever addresses, over all sessions of the person: a session mails no end of addresses; others are not affected."""
    first, second = entrance.token(), entrance.token()
    for number in range(20):
        token = (first, second)[number % 2]
        assert said(entrance.act(token, CHANGE_ADDRESS, ChangeAddress(f"user{number}@example.com"))) == (202, "ok")
    assert retry_s(entrance.act(first, CHANGE_ADDRESS, ChangeAddress("one@example.com"))) == 3600
    assert retry_s(entrance.act(second, REQUEST_CODE, RequestCode())) == 3600
    other = entrance.token(EVE)
    assert said(entrance.act(other, CHANGE_ADDRESS, ChangeAddress("one@example.com"))) == (202, "ok")


def test_after_twenty_wrong_codes_a_day_an_address_has_one_challenge_an_hour(entrance):
    """Failures survive resends and new challenges."""
    guess(entrance, ANN, 20)
    assert retry_s(entrance.start(ANN)) == 3600
    entrance.pass_time(hours=1)
    sign_in_id = entrance.started(ANN, network="n")
    assert retry_s(entrance.start(ANN, network="n")) == 3600
    assert said(entrance.verify(sign_in_id)) == (200, "ok")
    entrance.pass_time(days=1)
    entrance.started(ANN)
    entrance.started(ANN)


def test_after_a_hundred_wrong_codes_in_a_row_an_address_gets_no_more(entrance):
    """Even a right code of an open challenge comes too late then; a right one before ends the row."""
    for _ in range(4):
        guess(entrance, ANN, 20)
        entrance.pass_time(days=1)
    guess(entrance, ANN, 15)
    entrance.pass_time(days=1)
    for _ in range(4):
        guess(entrance, EVE, 20)
        entrance.pass_time(days=1)
    guess(entrance, EVE, 15)
    entrance.pass_time(days=1)
    assert entrance.token(EVE)
    assert entrance.tx.access.throttles.failures_in_row(entrance.key.address_hash(EVE)) == 0
    open_one, last = entrance.started(ANN, network="a"), entrance.started(ANN, network="b")
    for _ in range(5):
        entrance.verify(last, entrance.wrong(last))
    assert said(entrance.verify(open_one)) == (429, "otp_locked")
    entrance.pass_time(days=2)
    assert retry_s(entrance.start(ANN)) == 86_400


def test_what_was_counted_is_forgotten_after_a_day_and_the_row_of_failures_is_not(entrance):
    """Bounded: the sweep removes old events, challenges, their mails and ended sessions."""
    from gateway.engine.chores import purge_access

    guess(entrance, ANN, 5)
    token = entrance.token(EVE)
    entrance.pass_time(days=1, hours=12, minutes=11)
    entrance.chore(lambda tx, ctx: purge_access(tx, ctx, 100))
    counts = {
        table: entrance.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  # our own names
        for table in ("throttles", "sign_ins", "mails", "sessions", "failures_in_row", "persons")
    }
    assert counts == {"throttles": 0, "sign_ins": 0, "mails": 0, "sessions": 0, "failures_in_row": 1, "persons": 1}
    assert entrance.row(token) is None
    entrance.pass_time(days=89)
    entrance.chore(lambda tx, ctx: purge_access(tx, ctx, 100))
    assert entrance.connection.execute("SELECT count(*) FROM failures_in_row").fetchone() == (0,)
