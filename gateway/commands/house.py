"""What the house asks for: sign-up, bootstrap keys, and what tenants are."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from gateway.commands.callers import ROLES
from gateway.commands.values import Command, Id, Text

Domain = Annotated[
    str,
    Meta(
        max_length=253,
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$(?!\n)",
        description="In lower case and ASCII (xn--... where it is not).",
        examples=["example.com"],
    ),
]
MOST_DOMAINS = 1000

CohortName = Literal["simulated", "canary", "external"]
COHORTS: tuple[CohortName, ...] = ("simulated", "canary", "external")


class SignUpMode(StrEnum):
    """Who may make a tenant by signing up."""

    PUBLIC_SIGNUP = "public_signup"
    MANAGED = "managed"
    HYBRID = "hybrid"
    CLOSED = "closed"


MEMBER: Literal["member"] = "member"
"""The role of a bootstrap key with which a signed-in person joins a tenant; it stands alone, and no API key has it."""

BootstrapRoleName = Literal["agent", "tenant_admin", "operator", "finance", "member"]
BOOTSTRAP_ROLES: tuple[BootstrapRoleName, ...] = (*ROLES, MEMBER)


class MakeBootstrapKey(Command, frozen=True):
    """A key that is traded once, within 72 hours, for API keys of these roles: in this tenant, or in a new one of this name.

    With the role `member`, which stands alone, a signed-in person joins the tenant instead.
    """

    roles: Annotated[tuple[BootstrapRoleName, ...], Meta(min_length=1, max_length=4)]
    reason: Text
    tenant_id: Id | UnsetType = UNSET
    tenant_name: Text | UnsetType = UNSET


class SetSignUp(Command, frozen=True):
    """Who may make a tenant from now on. People with an address of one of `domains`, all of them listed, make none."""

    mode: SignUpMode
    domains: Annotated[tuple[Domain, ...], Meta(max_length=MOST_DOMAINS)]
    reason: Text


class DisableTenant(Command, frozen=True):
    """Refuse all keys of a tenant and end its sessions, at once."""

    reason: Text


class EnableTenant(Command, frozen=True):
    """Let the tenant's keys work again; its users sign in again."""

    reason: Text


class SetCohort(Command, frozen=True):
    """Say whose behaviour the tenant's figures are about, from now on."""

    cohort: CohortName
    reason: Text


class Admit(Command, frozen=True):
    """Let a person from the waiting list make a tenant."""

    reason: Text
