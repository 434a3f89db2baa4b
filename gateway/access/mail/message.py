"""The mail with a code: plain text without links. No value can add a header or a recipient."""

import datetime as dt
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import msgspec

_ADDRESS = re.compile(r"[!-;=?-~]+@[A-Za-z0-9.\-\[\]:]+")
"""Visible ASCII without angle brackets: what may stand in `RCPT TO:<...>` and in a header as it is."""

_SUBJECTS = {
    "sign_in": "Your code to sign in",
    "step_up": "Your code to confirm a change",
    "address": "Your code to confirm this address",
}

_BODY = """\
Your code for the payment gateway:

    {code}

It lasts until {until}, works once, and belongs to the terminal or page where you requested it.
Type it there and nowhere else. Nobody who works for us asks you for it.

If you did not ask for a code, ignore this mail: without the code nothing happens.
"""


class BadAddress(Exception):
    """The address cannot be written into a mail; the text does not repeat it."""


class Mail(msgspec.Struct, frozen=True):
    """One mail, ready to be sent. Its fields hold an address and a code: it is never stored or logged."""

    mail_id: str
    sender: str
    recipient: str
    content: bytes


class Wanted(msgspec.Struct, frozen=True):
    """What a mail has to carry: `kind` is the purpose of the code, which lasts until `expires_at`."""

    mail_id: str
    address: str
    kind: str
    code: str
    expires_at: dt.datetime


def compose(wanted: Wanted, sender: str, now: dt.datetime) -> Mail:
    """The mail for a code. The same request gives the same Message-ID, so a second try can be recognized as one.

    Raises BadAddress for an address with a line break, a space, an angle bracket or anything that is not visible ASCII.
    """
    for address in (sender, wanted.address):
        require_address(address)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(addr_spec=wanted.address)
    message["Subject"] = _SUBJECTS.get(wanted.kind, _SUBJECTS["sign_in"])
    message["Date"] = now
    message["Message-ID"] = f"<{wanted.mail_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    until = wanted.expires_at.astimezone(dt.UTC).strftime("%H:%M UTC on %d %B %Y")
    message.set_content(_BODY.format(code=wanted.code, until=until), charset="us-ascii", cte="7bit")
    return Mail(wanted.mail_id, sender, wanted.address, message.as_bytes())


def require_address(address: str) -> None:
    """Raise BadAddress unless this is one address that may stand in a header and in a command of SMTP."""
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise BadAddress("not one address of visible ASCII characters")
    try:
        Address(addr_spec=address)
    except Exception:  # noqa: BLE001  # the library raises whatever its parser meets; each of them means the same here
        raise BadAddress("not an address") from None
