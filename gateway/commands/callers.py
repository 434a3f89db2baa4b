"""Who may call: the roles, and what is known of one caller."""

from typing import Literal

import msgspec

from gateway.rate_limit import RateLimit

RoleName = Literal["agent", "tenant_admin", "operator", "finance"]
ROLES: tuple[RoleName, ...] = ("agent", "tenant_admin", "operator", "finance")
HouseRoleName = Literal["house_operator", "house_finance", "house_support"]
HOUSE_ROLES: tuple[HouseRoleName, ...] = ("house_operator", "house_finance", "house_support")
CallerRole = Literal[
    "agent", "tenant_admin", "operator", "finance", "house_operator", "house_finance", "house_support", "session", "anonymous"
]
"""What a route may be open to: the roles of keys, a signed-in user, and anybody without a credential."""

SESSION: Literal["session"] = "session"
ANONYMOUS: Literal["anonymous"] = "anonymous"
HOUSE = "ten_house"
"""The tenant that owns accounts of no customer. Keys and sessions with a house role act for it."""

NOBODY = "system"
"""Stands where a tenant would: for a caller without a credential, and for a session that has not chosen its tenant."""

SESSION_PREFIX = "ses_"


class Principal(msgspec.Struct, frozen=True, array_like=True):
    """Who is calling: the key's tenant, role and the name under which its acts are recorded; `limit` is the tenant's.

    `person_id` names the person who holds the key: two keys with the same one are one person, whatever their names. A session's
    `key_id` is the session's id. `network` is set for callers without a credential: where the request came from.
    """

    tenant_id: str
    key_id: str
    role: CallerRole
    agent_id: str
    limit: RateLimit | None = None
    person_id: str | None = None
    network: str | None = None

    @property
    def has_key(self) -> bool:
        """Whether an API key calls, and neither a session nor somebody without a credential of their own."""
        return self.role != ANONYMOUS and not self.key_id.startswith(SESSION_PREFIX)

    @property
    def session_id(self) -> str | None:
        """The session, where a session calls and not a key."""
        return self.key_id if self.key_id.startswith(SESSION_PREFIX) else None


def folded(name: str) -> str:
    """A name as people compare it: without case, and without white space around it."""
    return name.strip().casefold()


def is_same(one: str | None, other: str | None) -> bool:
    """Whether two names, or two people's ids, are one person's: Ann, ann and "ann " are; None is nobody's."""
    return one is not None and other is not None and folded(one) == folded(other)
