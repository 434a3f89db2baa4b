"""The decision as receipts carry it: small, canonical, and with everything that it depended on."""

import msgspec

from gateway.policy.schema import PolicyOutcome, Reason


class PolicyInputs(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The inputs of the decision that are not in the receipt's other members, the policy or the counters; in alphabetical order.

    `least_approvals` is how many the policy required when the payment was reserved; a policy that requires fewer by now does not
    lower it. `now` is the local moment in the policy's time zone. What the policy does not look at is left out.
    """

    amount: str
    approvals: tuple[str, ...] = ()
    duplicate_at: str | None = None
    least_approvals: int = 0
    now: str
    payee_category: str = ""
    payee_created_at: str | None = None
    payee_known: bool = False


class PolicyBlock(msgspec.Struct, frozen=True):
    """The decision; members in alphabetical order, which makes its encoding canonical.

    `approvals_needed` is how many people must approve what failed; with as many approvals the outcome is allow.
    """

    approvals_needed: int
    counters_after: dict[str, str]
    counters_before: dict[str, str]
    inputs: PolicyInputs
    inputs_sha256: str
    outcome: PolicyOutcome
    policy_sha256: str
    reasons: tuple[Reason, ...]


class HashedInputs(msgspec.Struct, frozen=True):
    """What `inputs_sha256` is the hash of: the whole input of the decision. Members in alphabetical order."""

    agent_id: str
    counters: dict[str, str]
    currency: str
    inputs: PolicyInputs
    payee_id: str
    policy_sha256: str
    wallet_id: str


_ENCODER = msgspec.json.Encoder()


def encode_block(value: PolicyBlock | HashedInputs) -> bytes:
    """Canonical bytes: members, and the counters as the rules list them, stand in order already, so nothing is sorted."""
    return _ENCODER.encode(value)
