"""What the gateway answers about keys, tenants and the house. Secrets are derived again on replay, never stored."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from gateway.access_answers import SECRET_VIEWS as ACCESS_VIEWS
from gateway.access_answers import SecretView
from gateway.access_key import AccessKey


class KeyMadeView(SecretView, frozen=True):
    """A new API key: shown by this answer, and by no other route."""

    key_id: str
    role: str
    agent_id: str
    created_at: str
    key: str = ""

    def filled(self, key: AccessKey) -> "KeyMadeView":
        """With the key itself."""
        return replace(self, key=key.api_key(self.role, self.key_id))


class KeyItem(Struct, frozen=True):
    """An API key of the tenant, without the key."""

    key_id: str
    role: str
    agent_id: str
    person_id: str | None
    created_at: str
    revoked_at: str | None


class KeysView(Struct, frozen=True):
    """A tenant's API keys, the newest first; those that were revoked too."""

    items: tuple[KeyItem, ...]


class KeyRevokedView(Struct, frozen=True):
    """A key that counts no more."""

    key_id: str
    revoked_at: str


class BootstrapView(SecretView, frozen=True):
    """A new bootstrap key."""

    bootstrap_key_id: str
    tenant_id: str
    roles: tuple[str, ...]
    expires_at: str
    key: str = ""

    def filled(self, key: AccessKey) -> "BootstrapView":
        """With the key itself."""
        return replace(self, key=key.bootstrap_key(self.bootstrap_key_id))


class BootstrappedView(SecretView, frozen=True):
    """What a bootstrap key was traded for."""

    tenant_id: str
    keys: tuple[KeyMadeView, ...]

    def filled(self, key: AccessKey) -> "BootstrappedView":
        """With the keys themselves."""
        return replace(self, keys=tuple(made.filled(key) for made in self.keys))


class SignUpView(Struct, frozen=True):
    """Who may make a tenant, and the domains whose people do not."""

    mode: str
    domains: tuple[str, ...]
    at: str
    actor: str


class TenantStateView(Struct, frozen=True):
    """Whether a tenant is disabled, and how many sessions that ended."""

    tenant_id: str
    disabled: bool
    at: str
    sessions_ended: int


class LabelView(Struct, frozen=True):
    """One cohort of a tenant, and who set it why and when."""

    cohort: str
    reason: str
    at: str
    actor: str


class CohortView(Struct, frozen=True):
    """A tenant's cohort, and those that it had before, oldest first."""

    tenant_id: str
    cohort: str
    history: tuple[LabelView, ...]


class WaitingItem(Struct, frozen=True):
    """A person who waits to make a tenant: the name that it is to have, and since when."""

    person_id: str
    name: str
    asked_at: str


class WaitlistView(Struct, frozen=True):
    """Who waits, longest first; at most as many as a page holds."""

    items: tuple[WaitingItem, ...]


class AdmittedView(Struct, frozen=True):
    """A person who may make a tenant from now on."""

    person_id: str
    admitted_at: str
    admitted_by: str


class RunView(Struct, frozen=True):
    """A setup's run."""

    run: str


class FunnelLine(Struct, frozen=True):
    """One event of the activation funnel. `cohort` is one for all of a run: later labels of its tenant do not move it.

    `labelled_at` is when the house gave that label, which may be long after the run began.
    """

    v: int
    seq: int
    event: str
    at: str
    tenant: str | None
    run: str | None
    cohort: str
    host: str | None
    step: str | None
    code: str | None
    labelled_at: str | None


SECRET_VIEWS: Mapping[str, type[SecretView]] = {
    **ACCESS_VIEWS,
    "create_key": KeyMadeView,
    "rotate_key": KeyMadeView,
    "bootstrap": BootstrappedView,
    "make_bootstrap_key": BootstrapView,
    "invite": BootstrapView,
}
"""The answers that hold a secret, by the kind of their route."""
