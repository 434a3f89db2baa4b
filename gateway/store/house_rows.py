"""Rows about bootstrap keys, sign-up, cohorts and the funnel as values."""

import msgspec

from gateway.commands.house import BootstrapRoleName, CohortName, SignUpMode


class BootstrapRow(msgspec.Struct, frozen=True):
    """A bootstrap key, without the key."""

    bootstrap_key_id: str
    tenant_id: str
    roles: tuple[BootstrapRoleName, ...]
    made_by: str
    created_at: str
    expires_at: str
    used_at: str | None = None


class SignUpRow(msgspec.Struct, frozen=True):
    """Who may make a tenant, and the domains whose people do not."""

    mode: SignUpMode
    domains: tuple[str, ...]
    at: str
    actor: str


class LabelRow(msgspec.Struct, frozen=True):
    """One label of a tenant: whose behaviour it stands for, and who said so why and when."""

    cohort: CohortName
    reason: str
    at: str
    actor: str


class WaitingRow(msgspec.Struct, frozen=True):
    """A person on the waiting list."""

    person_id: str
    name: str
    asked_at: str
    admitted_at: str | None
    admitted_by: str | None


class StopRow(msgspec.Struct, frozen=True):
    """Why a tenant is disabled, since when and by whom."""

    reason: str
    at: str
    actor: str


class RunRow(msgspec.Struct, frozen=True):
    """A setup that was announced, on the gateway's clock."""

    run: str
    version: str
    started_at: str


class FunnelRow(msgspec.Struct, frozen=True):
    """One event of the funnel. `cohort` is the tenant's when it was written."""

    seq: int
    event: str
    at: str
    tenant_id: str | None
    run: str | None
    cohort: str
    host: str | None
    step: str | None
    code: str | None


class VerifiedRow(msgspec.Struct, frozen=True):
    """A run that has come to a verified receipt."""

    run: str
    tenant_id: str
    at: str
