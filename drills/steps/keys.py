"""Steps that rotate the key that signs receipts, or steal and revoke it."""

from typing import Annotated

import msgspec

from drills.steps.base import StepBase

Receipts = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class PinKeys(StepBase, frozen=True, tag="pin_keys"):
    """Keep the keys and the receipts of now: the target's `audit.trust_file`, or what the service publishes.

    Each of at least `receipts` receipts has to verify with them.
    """

    receipts: Receipts = 20


class RotateKey(StepBase, frozen=True, tag="rotate_key"):
    """Rotate the key; seen once the service publishes another one, which is the cut-off for the old one."""


class StealKey(StepBase, frozen=True, tag="steal_key"):
    """Copy the private key, and forge the receipts of a payment that never was; seen once they verify with the pinned keys."""


class CompareWithBooks(StepBase, frozen=True, tag="compare_with_books"):
    """Look for the forged payment in the service: that it has none is how the theft is detected."""


class RevokeKey(StepBase, frozen=True, tag="revoke_key"):
    """Revoke the stolen key; seen once it is no longer published as usable and another one is. Safe to take twice."""


class VerifyReceipts(StepBase, frozen=True, tag="verify_receipts"):
    """Verify every receipt of the storm with the keys that are published now, as a third party would; findings are deviations."""
