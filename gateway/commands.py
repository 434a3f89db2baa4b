"""What callers may ask for: one frozen struct a command, decoded strictly from the request's body."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

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


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The base of all commands."""


class Reserve(Command, frozen=True):
    """Hold an amount of a wallet for a payee, if the policy allows it. `expires_in_s` defaults to one day, at most 30."""

    wallet_id: Id
    payee_id: Id
    amount: Amount
    currency: Currency
    expires_in_s: Annotated[int, Meta(ge=1, le=2_592_000)] | UnsetType = UNSET
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


class PutPolicy(Command, frozen=True):
    """The tenant's policy from now on. Limits are minor units of `currency`; an absent limit does not apply."""

    currency: Currency
    per_payment_max: Amount | UnsetType = UNSET
    daily_limit: Amount | UnsetType = UNSET
    allowed_payees: Annotated[tuple[Id, ...], Meta(max_length=1000)] | UnsetType = UNSET


class Pause(Command, frozen=True):
    """Refuse new reserves of this tenant until resumed."""

    reason: Text


class Resume(Command, frozen=True):
    """Take new reserves again."""

    reason: Text


RoleName = Literal["agent", "tenant_admin", "operator", "finance"]
ROLES: tuple[RoleName, ...] = ("agent", "tenant_admin", "operator", "finance")


class Principal(msgspec.Struct, frozen=True):
    """Who is calling: the key's tenant, role and the name under which its acts are recorded."""

    tenant_id: str
    key_id: str
    role: RoleName
    agent_id: str
