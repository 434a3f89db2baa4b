"""The tables that have statements of their own, as handlers use them inside a transaction: part of the port."""

from typing import Protocol

from gateway.commands import Principal
from gateway.store.payout_rows import ItemRow, PayoutRow, RailEventRow, ReviewRow
from gateway.store.rows import KeyEvent, Mode, NewPayee


class Tenants(Protocol):
    """What is set up once: tenants, keys, wallets, payees, policies and modes."""

    def add_tenant(self, tenant_id: str, name: str, now: str) -> None:
        """Store a tenant in normal mode, with its clearing account for each currency made on demand."""

    def add_key(self, principal: Principal, key_sha256: bytes, now: str) -> None:
        """Store the hash of an API key."""

    def account(self, tenant_id: str, name: str, currency: str, *, may_go_negative: bool = False) -> int:
        """The number of an account, made if absent."""

    def add_wallet(self, tenant_id: str, wallet_id: str, currency: str, now: str) -> None:
        """Store an empty wallet with its two accounts."""

    def add_payee(self, payee: NewPayee) -> None:
        """Store a payee with its account."""

    def add_policy(self, tenant_id: str, digest: str, document: bytes, now: str) -> None:
        """Put a policy in force."""

    def set_mode_everywhere(self, mode: Mode) -> None:
        """Pause or resume all tenants at once; a tenant's own pause stays as it is."""

    def policy_put_at(self, tenant_id: str, place: int) -> str | None:
        """When the tenant put the policy that has this place, the newest being 1; None where there are fewer."""

    def name_of(self, tenant_id: str) -> str:
        """What a tenant is called."""

    def knows(self, tenant_id: str) -> bool:
        """Whether there is such a tenant."""

    def set_rate(self, tenant_id: str, rate_per_s: int, burst: int) -> None:
        """Limit a tenant's requests; 0 and 0 stand for the gateway's default, UNLIMITED_PER_S for no limit."""

    def set_mode(self, tenant_id: str, mode: Mode) -> None:
        """Pause or resume a tenant."""


class Payouts(Protocol):
    """Payouts, and what operators and the rail said of them."""

    def account(self, tenant_id: str, name: str, currency: str, *, may_go_negative: bool) -> int:
        """The number of an account, made if absent."""

    def find(self, tenant_id: str, payout_id: str) -> PayoutRow | None:
        """A payout of this tenant."""

    def of_key(self, rail_key: str) -> PayoutRow | None:
        """The payout that the rail knows by this key."""

    def of_charge(self, rail_id: str) -> PayoutRow | None:
        """The payout that this charge of the rail has paid."""

    def page(self, tenant_id: str, cursor: str | None, limit: int) -> list[PayoutRow]:
        """Payouts of a tenant, newest first, after the cursor: the last id of the page before."""

    def to_send(self, now: str, limit: int) -> list[PayoutRow]:
        """Payouts of which no byte has left, that nobody works on now."""

    def to_ask(self, now: str, limit: int) -> list[PayoutRow]:
        """Payouts whose outcome is not known, that nobody works on now."""

    def add(self, row: PayoutRow) -> None:
        """Store a new payout."""

    def update(self, row: PayoutRow, held: int) -> bool:
        """Store what has changed, if epoch `held` is still the newest; False when somebody else has taken the payout over."""

    def add_review(self, tenant_id: str, payout_id: str, review: ReviewRow) -> None:
        """Append what an operator says."""

    def reviews(self, tenant_id: str, payout_id: str) -> tuple[ReviewRow, ...]:
        """What operators said, in the order in which they said it."""

    def add_event(self, rail: str, event: RailEventRow, now: str) -> bool:
        """Store an event; False when it was known already."""

    def events(self, rail: str, now: str, limit: int) -> list[RailEventRow]:
        """Stored events that nothing has been made of yet, and whose time has come."""

    def postpone_event(self, rail: str, rail_event_id: str, due_at: str) -> None:
        """Look at an event again later."""

    def handle_event(self, rail: str, rail_event_id: str, outcome: str, now: str) -> bool:
        """Say what became of an event; False when somebody said so before."""

    def add_item(self, item: ItemRow) -> None:
        """Append a reconciliation item; a second one of its kind for a resource breaks a unique index."""

    def items(self, tenant_id: str, payout_id: str) -> tuple[ItemRow, ...]:
        """The reconciliation items of a payout."""

    def has_work(self, rail: str, now: str) -> bool:
        """Whether a worker would find anything to do."""


class KeyEvents(Protocol):
    """The life of the receipt keys."""

    def newest(self) -> int:
        """The position of the newest event, 0 where there is none; read once a batch, so it must stay cheap."""

    def all(self) -> tuple[KeyEvent, ...]:
        """Every event, oldest first."""

    def add(self, event: KeyEvent) -> None:
        """Record an event; the operation of its position must have been written before."""
