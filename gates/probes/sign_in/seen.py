"""What the canary saw, as a value: the answers, and what is read from them. Its measures are computed from this alone."""

from typing import Literal

import msgspec

FILE = "sign-in.json"

Ending = Literal["answered", "failed", "mail_outage", "throttled"]
"""What came of a sign-in that was started: it was answered, it failed, mail was down and said so, or we were too frequent."""


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer: its status (0 for none), the code of its problem, whether it was one, and the milliseconds it took."""

    status: int
    code: str
    is_problem: bool
    ms: int
    fault: str = ""


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the document states about mail; `since` is when that last changed."""

    mode: str
    healthy: bool
    since: str


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The members of the sign-in document that the canary reads, and when it was read by our own clock."""

    base_url: str
    build: str
    time: str
    mail: Mail
    read_at: str


class Attempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sign-in that was started: when, and what came of it. `mail_since`: since when mail is down, by the document itself."""

    at: str
    ending: Ending
    status: int
    code: str
    mail_since: str = ""


class Earlier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attempt of an earlier run, with the digest of the statement that it stands in."""

    evidence: str
    attempt: Attempt


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run. `build` is the service's as its target file reads it; `forged` is the address in a document for another host name.

    `after` is what the document states about mail once the start was refused; None where it was not read again.
    """

    dialled: str
    build: str
    document: Document
    forged: str
    start: Reply
    wrong_code: Reply | None
    after: Mail | None
    at: str
    total_ms: int
    earlier: tuple[Earlier, ...] = ()
