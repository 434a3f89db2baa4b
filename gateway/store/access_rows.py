"""Rows of the tables of access as values."""

from typing import Literal

import msgspec

from gateway.commands import HouseRoleName

Purpose = Literal["sign_in", "step_up", "address"]
"""What a code is for: a new session, a fresh one, or another address."""

MOST_TRIES = 5
"""Wrong codes that a challenge takes; the table's CHECK and trigger hold the same number."""

EndedBy = Literal["logout", "address", "tenant", "limit", "erased"]
Counted = Literal["started", "sent", "failed", "run"]


class SignInRow(msgspec.Struct, frozen=True):
    """A challenge: its code is derived from its id. `session_id` is the session that a step-up or a new address belongs to."""

    sign_in_id: str
    purpose: Purpose
    address: str
    address_hash: str
    session_id: str | None
    run: str | None
    created_at: str
    expires_at: str
    sent_at: str
    tries: int = 0
    used_at: str | None = None


class PersonRow(msgspec.Struct, frozen=True):
    """A person; without an address once it was erased. `house_role` is set for people of the house."""

    person_id: str
    address: str | None
    address_hash: str | None
    house_role: HouseRoleName | None
    created_at: str


class MemberTenant(msgspec.Struct, frozen=True):
    """A tenant that a person belongs to."""

    tenant_id: str
    name: str
    disabled: int


class MemberRow(msgspec.Struct, frozen=True):
    """A person of a tenant, and since when."""

    person_id: str
    joined_at: str


class NewSession(msgspec.Struct, frozen=True):
    """A session to be stored, with the hash of its token."""

    session_id: str
    token_sha256: bytes
    person_id: str
    tenant_id: str | None
    created_at: str
    expires_at: str


class SessionRow(msgspec.Struct, frozen=True):
    """A session, with what it may do by its person's house role, and its tenant's rate; `disabled` is the tenant's."""

    session_id: str
    person_id: str
    tenant_id: str | None
    created_at: str
    expires_at: str
    seen_at: str
    fresh_at: str
    ended_at: str | None
    ended_by: EndedBy | None
    house_role: HouseRoleName | None
    rate_per_s: int
    burst: int
    disabled: int


class NewMail(msgspec.Struct, frozen=True):
    """A mail to be sent; its text is composed when it is sent."""

    mail_id: str
    sign_in_id: str
    address: str
    kind: Purpose
    created_at: str
    expires_at: str


class MailRow(msgspec.Struct, frozen=True):
    """A mail that waits, or has come to its end. `last_code` says how the last try failed: a code, never a server's text."""

    mail_id: str
    sign_in_id: str
    address: str
    kind: Purpose
    created_at: str
    due_at: str
    expires_at: str
    tries: int
    state: Literal["queued", "sent", "failed"]
    last_code: str | None


class MailsLine(msgspec.Struct, frozen=True):
    """How many mails have this state and this code of their last try, and when the oldest of them was queued."""

    state: Literal["queued", "sent", "failed"]
    last_code: str | None
    mails: int
    oldest: str


class ApiKeyRow(msgspec.Struct, frozen=True):
    """An API key as its tenant sees it: never the key, nor its hash."""

    key_id: str
    tenant_id: str | None
    role: str
    agent_id: str
    person_id: str | None
    created_at: str
    revoked_at: str | None
