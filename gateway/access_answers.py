"""What the gateway answers about access. An answer that holds a secret is stored without it; the secret is derived again."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from gateway.access_key import AccessKey
from gateway.mailing import MailState

Cohort = Literal["none", "simulated", "canary", "external"]


class SecretView(msgspec.Struct, frozen=True):
    """An answer that holds a secret: handlers leave it empty, and so it is stored."""

    def filled(self, key: AccessKey) -> "SecretView":
        """The answer with its secret, derived from the access key."""
        raise NotImplementedError


class SignInView(msgspec.Struct, frozen=True):
    """A challenge: the same for an address that is known and for one that is not."""

    sign_in_id: str
    expires_at: str
    resend_after_s: int
    digits: int


class TenantItem(msgspec.Struct, frozen=True):
    """A tenant of the caller."""

    tenant_id: str
    name: str


class SessionView(SecretView, frozen=True):
    """A new session. `tenant_id` is the tenant in which it acts; null until one is chosen or made."""

    session_id: str
    person_id: str
    role: str
    tenant_id: str | None
    tenants: tuple[TenantItem, ...]
    expires_at: str
    fresh_until: str
    session_token: str = ""

    def filled(self, key: AccessKey) -> "SessionView":
        """With the session's token."""
        return msgspec.structs.replace(self, session_token=key.session_token(self.session_id))


class MeView(msgspec.Struct, frozen=True):
    """Who calls, and in which tenant. `fresh_until`: until when the session may do what needs a fresh code."""

    kind: Literal["key", "session"]
    tenant_id: str | None
    tenants: tuple[TenantItem, ...]
    role: str
    agent_id: str | None
    person_id: str | None
    key_id: str | None
    cohort: Cohort
    demo_money: bool
    expires_at: str | None
    fresh_until: str | None


class AuthDocument(msgspec.Struct, frozen=True):
    """How to sign in here. `base_url` is the configured one, whatever address was dialled; `time` is the gateway's clock."""

    mode: str
    base_url: str
    login: tuple[Literal["email_code"], ...]
    mail: MailState
    build: str
    time: str
    version: Literal["1"] = "1"


class EndedView(msgspec.Struct, frozen=True):
    """How many sessions were ended."""

    ended: int


SECRET_VIEWS: Mapping[str, type[SecretView]] = {"verify": SessionView}
"""The answers that hold a secret, by the kind of their route."""
