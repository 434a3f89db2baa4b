"""What callers may ask for: one frozen struct a command, decoded strictly from the request's body."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.rate_limit import RateLimit

# To Python's `re` a `$` also fits before a last newline, so "1250\n" would be an amount; the look-ahead shuts that door.
Amount = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,14}$(?!\n)",
        description='Minor units as a string of digits: 12.50 USD is "1250".',
        examples=["1250"],
    ),
]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217.", examples=["USD"])]
Id = Annotated[str, Meta(pattern=r"^[a-z]{3}_[A-Za-z0-9]{1,64}$(?!\n)")]
Text = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Category = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$(?!\n)", description="What a payee sells.", examples=["data"])]
TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)", examples=["08:30"])]
TimeZone = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}$(?!\n)", description="IANA name.", examples=["UTC"])
]
Seconds = Annotated[int, Meta(ge=1, le=2_592_000)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of all commands."""


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


RoleName = Literal["agent", "tenant_admin", "operator", "finance"]
ROLES: tuple[RoleName, ...] = ("agent", "tenant_admin", "operator", "finance")
HouseRoleName = Literal["house_operator", "house_finance", "house_support"]
HOUSE_ROLES: tuple[HouseRoleName, ...] = ("house_operator", "house_finance", "house_support")
HOUSE = "ten_house"
"""The tenant that owns accounts of no customer. Keys with a house role act for it; no route is open to them yet."""


class Principal(msgspec.Struct, frozen=True, array_like=True):
    """Who is calling: the key's tenant, role and the name under which its acts are recorded; `limit` is the tenant's.

    `person_id` names the person who holds the key: two keys with the same one are one person, whatever their names.
    """

    tenant_id: str
    key_id: str
    role: RoleName | HouseRoleName
    agent_id: str
    limit: RateLimit | None = None
    person_id: str | None = None


def folded(name: str) -> str:
    """A name as people compare it: without case, and without white space around it."""
    return name.strip().casefold()


def is_same(one: str | None, other: str | None) -> bool:
    """Whether two names, or two people's ids, are one person's: Ann, ann and "ann " are; None is nobody's."""
    return one is not None and other is not None and folded(one) == folded(other)
