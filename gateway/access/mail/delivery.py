"""How a mail is handed on: one protocol, and what came of a try. No outcome names an address or repeats a server's text."""

from enum import StrEnum
from typing import Protocol

import msgspec

from gateway.access.mail.message import Mail


class Outcome(StrEnum):
    """What came of a try.

    `later`: this mail was refused for now; `refused`: for good. Both are about one mail. `down`: the server could not be
    used, which is about all mails alike.
    """

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    DOWN = "down"


class MailCode(StrEnum):
    """Why a try ended as it did: for operators, in the log and in the outbox."""

    ACCEPTED = "accepted"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CLOSED = "closed"
    TLS_MISSING = "tls_missing"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_FAILED = "tls_failed"
    LOGIN_REFUSED = "login_refused"
    SENDER_REFUSED = "sender_refused"
    SERVER_REFUSED = "server_refused"
    NOT_SMTP = "not_smtp"
    MAIL_REFUSED = "mail_refused"
    ADDRESS_UNUSABLE = "address_unusable"
    NOT_WRITTEN = "not_written"
    CODE_EXPIRED = "code_expired"
    CODE_USED = "code_used"
    NO_RESULT = "no_result"


class Delivered(msgspec.Struct, frozen=True):
    """The outcome of one try, and why."""

    outcome: Outcome
    code: MailCode


SENT = Delivered(Outcome.SENT, MailCode.ACCEPTED)


class Delivery(Protocol):
    """One way to deliver mail. Neither call raises for what a server or a disk does."""

    async def send(self, mail: Mail) -> Delivered:
        """Hand the mail on; returns within the delivery's own time limit."""

    async def probe(self) -> Delivered:
        """Go as far as a mail would go without sending one: whether mail leaves again."""
