"""How codes leave by mail, as values: the mode, its settings, its health and what it counted."""

from enum import StrEnum
from pathlib import Path

import msgspec


class MailMode(StrEnum):
    """How mail is delivered: by an SMTP server, into a folder, into the log, or not at all."""

    SMTP = "smtp"
    RECORD = "record"
    LOG = "log"
    NONE = "none"


class MailSettings(msgspec.Struct, frozen=True):
    """The options of `gonogo gateway serve` about mail, as they were given.

    `smtp` is a URL without a password: `smtp://` upgrades with STARTTLS, `smtps://` begins with TLS. `ca` are the certificates
    (PEM) that the server's certificate is checked with, instead of the system's. `sender` is the address that mails come from.
    """

    mode: MailMode = MailMode.NONE
    folder: Path | None = None
    smtp: str | None = None
    ca: Path | None = None
    sender: str | None = None
    password: str | None = None


class MailState(msgspec.Struct, frozen=True):
    """Whether mail leaves, for all addresses alike; `since` is when that last changed, None where there is no mail."""

    mode: MailMode = MailMode.NONE
    healthy: bool = False
    since: str | None = None


class MailCounts(msgspec.Struct, frozen=True):
    """Since the start: tries to send a mail, mails that were sent, and mails that were given up."""

    tries: int = 0
    sent: int = 0
    failed: int = 0

    def __add__(self, other: "MailCounts") -> "MailCounts":
        """Both together."""
        return MailCounts(self.tries + other.tries, self.sent + other.sent, self.failed + other.failed)


NO_MAIL = MailState()
"""A gateway that sends no mail: nobody can sign in by a code."""
