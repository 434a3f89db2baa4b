"""What a tenant may ask for: payments, wallets, payees, policies, payouts and approvals."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from gateway.commands.values import Amount, Category, Command, Count, Currency, Id, Seconds, Text, TimeOfDay, TimeZone


class Reserve(Command, frozen=True):
    """Hold an amount of a wallet for a payee, if the policy allows it. `expires_in_s` defaults to one day, at most 30."""

    wallet_id: Id
    payee_id: Id
    amount: Amount
    currency: Currency
    expires_in_s: Seconds | UnsetType = UNSET
    client_reference: Text | UnsetType = UNSET
    purpose: Text | UnsetType = UNSET


class Settle(Command, frozen=True):
    """Pay the payee from the hold. `amount` defaults to all of it; `final: false` keeps the remainder held."""

    amount: Amount | UnsetType = UNSET
    final: bool | UnsetType = UNSET


class Reverse(Command, frozen=True):
    """Release an open hold, or refund what was settled (`amount` defaults to all of it)."""

    reason: Text
    amount: Amount | UnsetType = UNSET


class CreateWallet(Command, frozen=True):
    """A new, empty wallet."""

    currency: Currency


class CreatePayee(Command, frozen=True):
    """A new payee that payments may be made to."""

    name: Text
    currency: Currency
    category: Category | UnsetType = UNSET


class Budget(Command, frozen=True):
    """At most so much, and so many payments, in each calendar window: of the tenant, of each agent or of each wallet.

    `only` narrows it to one agent or wallet. What is released or expires is given back in the window in which it was counted.
    """

    scope: Literal["tenant", "agent", "wallet"]
    window: Literal["hour", "day", "month"]
    max_amount: Amount | UnsetType = UNSET
    max_payments: Count | UnsetType = UNSET
    only: Text | UnsetType = UNSET


class Hours(Command, frozen=True):
    """The time of day in the policy's time zone at which payments are made: over midnight where it closes before it opens."""

    opens: TimeOfDay
    closes: TimeOfDay


class ApprovalRule(Command, frozen=True):
    """A payment of more than `above` needs the approval of `quorum` different people."""

    above: Amount
    quorum: Annotated[int, Meta(ge=1, le=10)]


class DuplicateGuard(Command, frozen=True):
    """The same agent, payee and amount again within so many seconds: one approval is needed, or it is denied."""

    within_s: Seconds
    outcome: Literal["challenge", "deny"]


class PutPolicy(Command, frozen=True):
    """The tenant's policy from now on. Limits are minor units of `currency`; an absent limit does not apply.

    `daily_limit` is short for a budget of the tenant and the day. The first payment to a payee younger than `new_payee_s` needs
    one approval. Windows and hours are those of `time_zone`, UTC if absent.
    """

    currency: Currency
    per_payment_max: Amount | UnsetType = UNSET
    daily_limit: Amount | UnsetType = UNSET
    allowed_payees: Annotated[tuple[Id, ...], Meta(max_length=1000)] | UnsetType = UNSET
    per_payment_min: Amount | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    budgets: Annotated[tuple[Budget, ...], Meta(max_length=64)] | UnsetType = UNSET
    blocked_payees: Annotated[tuple[Id, ...], Meta(max_length=1000)] | UnsetType = UNSET
    allowed_categories: Annotated[tuple[Category, ...], Meta(max_length=100)] | UnsetType = UNSET
    blocked_categories: Annotated[tuple[Category, ...], Meta(max_length=100)] | UnsetType = UNSET
    hours: Hours | UnsetType = UNSET
    approval: ApprovalRule | UnsetType = UNSET
    new_payee_s: Seconds | UnsetType = UNSET
    duplicate: DuplicateGuard | UnsetType = UNSET


class Pause(Command, frozen=True):
    """Refuse new reserves of this tenant until resumed."""

    reason: Text


class Resume(Command, frozen=True):
    """Take new reserves again."""

    reason: Text


class Approve(Command, frozen=True):
    """One person's approval of a payment that waits for it. The policy is evaluated again, with the current counters."""

    reason: Text


class Reject(Command, frozen=True):
    """One person's no to a payment that waits for approval; one is enough."""

    reason: Text


class CreatePayout(Command, frozen=True):
    """Pay a payee what it is owed, through the rail."""

    payee_id: Id
    amount: Amount
    currency: Currency


class ReviewPayout(Command, frozen=True):
    """What an operator has found out about a payout under manual review, and how: a statement, a call, a ticket."""

    outcome: Literal["succeeded", "failed"]
    evidence: Text
