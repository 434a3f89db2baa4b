"""Challenges with a queued mail, put into a database as a sign-in does, and the access key that their codes are derived from."""

import datetime as dt

from gateway.access_key import AccessKey
from gateway.clock import later
from gateway.store.access_rows import NewMail, SignInRow

KEY = AccessKey(bytes(32))
LIFETIME_S = 600


def queue_mail(tx, now: dt.datetime, name: str = "1", address: str = "ada@example.com", run: str | None = None) -> str:
    """Store a challenge and its mail; the challenge's id."""
    at, until, sign_in_id = later(now, 0), later(now, LIFETIME_S), f"sgn_{name}"
    tx.access.sign_ins.add(SignInRow(sign_in_id, "sign_in", address, KEY.address_hash(name), None, run, at, until, at))
    tx.access.mails.add(NewMail(f"mail_{name}", sign_in_id, address, "sign_in", at, until))
    return sign_in_id
