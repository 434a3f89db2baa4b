"""Challenges: a code that was mailed, and what becomes of it. The same work for every address, known or not."""

import datetime as dt

import msgspec

from gateway.access import throttles
from gateway.access.sessions import shifted
from gateway.access_answers import SignInView
from gateway.access_key import DIGITS
from gateway.errors import Code, Refusal
from gateway.mailing import MailMode
from gateway.store.access_rows import MOST_TRIES, NewMail, Purpose, SignInRow
from gateway.store.port import Transaction
from gateway.work import Made, Work

LIFETIME = dt.timedelta(minutes=10)


class Wanted(msgspec.Struct, frozen=True):
    """The challenge to be made: what for, for which address, of which session, and which setup run it belongs to.

    `by`: the network or, in a session, the person whose codes to whatever addresses are limited.
    """

    purpose: Purpose
    address: str
    sign_in_id: str
    by: str
    session_id: str | None = None
    run: str | None = None


def send_code(tx: Transaction, work: Work, wanted: Wanted) -> Made | Refusal:
    """Make a challenge and queue its mail, unless mail or a throttle is against it."""
    counts, whose = tx.access.throttles, work.login.key.address_hash(wanted.address)
    refusal = no_mail(work) or throttles.of_address(counts, whose, work.now, starts=True)
    refusal = refusal or throttles.of_caller(counts, wanted.by, work.now)
    if refusal is not None:
        return refusal
    row = SignInRow(
        sign_in_id=wanted.sign_in_id,
        purpose=wanted.purpose,
        address=wanted.address,
        address_hash=whose,
        session_id=wanted.session_id,
        run=wanted.run,
        created_at=work.now_text,
        expires_at=shifted(work.now_text, LIFETIME),
        sent_at=work.now_text,
    )
    tx.access.sign_ins.add(row)
    counts.add(whose, "started", work.now_text)
    counts.add(wanted.by, "started", work.now_text)
    _mail(tx, work, row)
    return Made(view_of(row), 202)


def send_again(tx: Transaction, work: Work, sign_in_id: str) -> Made | Refusal:
    """Queue the mail of a challenge once more: the same code."""
    row = tx.access.sign_ins.find(sign_in_id)
    refusal = closed(row, work.now_text) or no_mail(work)
    if refusal is not None:
        return refusal
    assert row is not None, "what is not there is closed"
    refusal = throttles.too_soon(row.sent_at, work.now)
    refusal = refusal or throttles.of_address(tx.access.throttles, row.address_hash, work.now, starts=False)
    if refusal is not None:
        return refusal
    tx.access.sign_ins.sent_again(sign_in_id, work.now_text)
    _mail(tx, work, row)
    return Made(view_of(row), 202)


def take_code(tx: Transaction, work: Work, row: SignInRow | None, code: str) -> Refusal | None:
    """Use a challenge up with its code: None where the code is right and this is the one request that it counts for."""
    refusal = closed(row, work.now_text)
    if refusal is not None:
        return refusal
    assert row is not None, "what is not there is closed"
    counts = tx.access.throttles
    if counts.failures_in_row(row.address_hash) >= throttles.MOST_IN_ROW:
        return Refusal(Code.OTP_LOCKED, f"{throttles.MOST_IN_ROW} wrong codes in a row were typed for this address.")
    if not work.login.key.is_code(row.sign_in_id, code):
        tx.access.sign_ins.add_try(row.sign_in_id)
        counts.fail(row.address_hash, work.now_text)
        left = MOST_TRIES - row.tries - 1
        return Refusal(Code.OTP_INVALID, f"This is not the code of the mail; tries left: {left}.", (f"tries_left:{left}",))
    if not tx.access.sign_ins.use(row.sign_in_id, work.now_text):
        return Refusal(Code.OTP_USED, "The code was used a moment ago.")
    counts.succeed(row.address_hash)
    return None


def closed(row: SignInRow | None, now: str) -> Refusal | None:
    """Why a challenge takes no code any more; None while it does."""
    if row is None:
        return Refusal(Code.OTP_EXPIRED, "No such sign-in is open.")
    if row.used_at is not None:
        return Refusal(Code.OTP_USED, f"The code was used at {row.used_at}.")
    if now >= row.expires_at:
        return Refusal(Code.OTP_EXPIRED, f"The code counted until {row.expires_at}.")
    if row.tries >= MOST_TRIES:
        return Refusal(Code.OTP_LOCKED, f"{MOST_TRIES} wrong codes were typed.")
    return None


def no_mail(work: Work) -> Refusal | None:
    """Why no code can be sent, to whomever."""
    if work.login.mail.mode is MailMode.NONE:
        return Refusal(Code.LOGIN_UNAVAILABLE, "This gateway is not set up to send mail.")
    if not work.login.mail.healthy:
        return Refusal(Code.MAIL_UNAVAILABLE, "The mail server does not take mail now.")
    return None


def view_of(row: SignInRow) -> SignInView:
    """What the caller gets of a challenge."""
    return SignInView(row.sign_in_id, row.expires_at, int(throttles.RESEND_AFTER.total_seconds()), DIGITS)


def _mail(tx: Transaction, work: Work, row: SignInRow) -> None:
    tx.access.throttles.add(row.address_hash, "sent", work.now_text)
    mail_id = f"mai_{work.suffix}"
    tx.access.mails.add(NewMail(mail_id, row.sign_in_id, row.address, row.purpose, work.now_text, row.expires_at))
