"""Bootstrap keys, what the house decides, and the funnel, as handlers use them inside a transaction: part of the port."""

from typing import Protocol

from gateway.store.house_rows import BootstrapRow, FunnelRow, LabelRow, RunRow, SignUpRow, StopRow, VerifiedRow, WaitingRow


class BootstrapKeys(Protocol):
    """Bootstrap keys."""

    def add(self, row: BootstrapRow, key_sha256: bytes) -> None:
        """Store a bootstrap key's hash."""

    def find(self, bootstrap_key_id: str) -> BootstrapRow | None:
        """A bootstrap key by its id."""

    def of_key(self, key_sha256: bytes) -> BootstrapRow | None:
        """A bootstrap key by its hash."""

    def use(self, bootstrap_key_id: str, now: str) -> bool:
        """Use it up; False for one that is used or expired: one conditional update decides."""


class House(Protocol):
    """Sign-up, claimed domains, the waiting list, disabled tenants and cohorts."""

    def sign_up(self) -> SignUpRow:
        """Who may make a tenant now."""

    def set_sign_up(self, row: SignUpRow) -> None:
        """Replace mode and domains."""

    def is_claimed(self, domain: str) -> bool:
        """Whether a domain is claimed: its people make no tenants."""

    def waiting(self, person_id: str) -> WaitingRow | None:
        """A person's place on the waiting list."""

    def waiting_list(self, limit: int) -> tuple[WaitingRow, ...]:
        """Who waits and is not admitted yet, longest first."""

    def wait(self, person_id: str, name: str, now: str) -> None:
        """Put a person on the waiting list; who waits already keeps the place."""

    def admit(self, person_id: str, actor: str, now: str) -> None:
        """Let a person who waits make a tenant; who was admitted stays so."""

    def stop_waiting(self, person_id: str) -> None:
        """Take a person off the waiting list."""

    def stop_of(self, tenant_id: str) -> StopRow | None:
        """Why the tenant is disabled; None where it is not."""

    def disable(self, tenant_id: str, stop: StopRow) -> None:
        """Disable a tenant; the newest reason counts."""

    def enable(self, tenant_id: str) -> None:
        """Enable a tenant again."""

    def labels(self, tenant_id: str) -> tuple[LabelRow, ...]:
        """A tenant's cohorts, oldest first."""

    def add_label(self, tenant_id: str, label: LabelRow) -> None:
        """Append a cohort; it counts from now on."""


class Funnel(Protocol):
    """Runs and the activation funnel."""

    def add_run(self, row: RunRow) -> None:
        """Store a run that begins."""

    def run(self, run: str) -> RunRow | None:
        """A run that was announced."""

    def events(self, run: str) -> tuple[FunnelRow, ...]:
        """What happened in a run, in order."""

    def newest_run(self, tenant_id: str) -> str | None:
        """The run of a tenant in which something happened last."""

    def tenant_of(self, run: str) -> str | None:
        """The tenant that a run led to."""

    def run_of_session(self, session_id: str) -> str | None:
        """The run that a session's sign-in was made for, while the sign-in is kept."""

    def add(self, row: FunnelRow) -> None:
        """Append an event; its position is the next one."""

    def after(self, seq: int, limit: int) -> tuple[FunnelRow, ...]:
        """Events after a position, in order."""

    def verified_since(self, since: str, limit: int) -> tuple[VerifiedRow, ...]:
        """Runs whose receipt was verified after a moment, with their tenants."""

    def acted_at(self, tenant_id: str) -> str | None:
        """When a caller of the tenant last made a request that has a receipt."""

    def has_settled(self, tenant_id: str, since: str) -> bool:
        """Whether one of the tenant's newest payments, made since a moment, has settled."""
