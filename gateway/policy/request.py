"""The input of a policy decision: the payment, and the facts about its payee, its approvals and its duplicates."""

from typing import NamedTuple

import msgspec


class Tally(NamedTuple):
    """What a budget has counted in its window: minor units, and payments."""

    amount: int
    payments: int


class PolicyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The payment and its facts. Moments are text in UTC; `duplicate_at` is None where no payment is like this one.

    `approvals` are the people who have approved, `least_approvals` how many the policy wanted at the reserve.
    """

    agent_id: str
    amount: int
    currency: str
    payee_id: str
    wallet_id: str
    approvals: tuple[str, ...] = ()
    duplicate_at: str | None = None
    least_approvals: int = 0
    payee_category: str = ""
    payee_created_at: str
    payee_known: bool = False
