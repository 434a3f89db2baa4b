"""A policy document of version 1: its limits, and what each must look like to decide with it."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gates.schema.canonical import Json
from gates.schema.strict_json import read_json


class Unknown(ValueError):
    """The decision cannot be made again here; the text gives the reason."""


Amount = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,29})\Z")]
"""Minor units, or another count, as a string of digits."""

_Seconds = Annotated[int, Meta(ge=0, le=10**9)]
_TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]


class _Budget(msgspec.Struct):
    scope: Literal["tenant", "agent", "wallet"]
    window: Literal["hour", "day", "month"]
    max_amount: Amount | UnsetType = UNSET
    max_payments: Annotated[int, Meta(ge=0)] | UnsetType = UNSET


class _Hours(msgspec.Struct):
    opens: _TimeOfDay
    closes: _TimeOfDay


class _Approval(msgspec.Struct):
    above: Amount
    quorum: Annotated[int, Meta(ge=0)]


class _Duplicate(msgspec.Struct):
    within_s: _Seconds
    outcome: Literal["challenge", "deny"]


class _Policy(msgspec.Struct, forbid_unknown_fields=True):
    version: Literal["1"]
    currency: str
    allowed_categories: tuple[str, ...] | UnsetType = UNSET
    allowed_payees: tuple[str, ...] | UnsetType = UNSET
    approval: _Approval | UnsetType = UNSET
    blocked_categories: tuple[str, ...] | UnsetType = UNSET
    blocked_payees: tuple[str, ...] | UnsetType = UNSET
    budgets: tuple[_Budget, ...] | UnsetType = UNSET
    duplicate: _Duplicate | UnsetType = UNSET
    hours: _Hours | UnsetType = UNSET
    new_payee_s: _Seconds | UnsetType = UNSET
    per_payment_max: Amount | UnsetType = UNSET
    per_payment_min: Amount | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET


LIMITS = frozenset(_Policy.__struct_fields__)
"""The members that version 1 knows."""


def read_policy(document: bytes) -> Mapping[str, Json]:
    """The limits of a document.

    Raises Unknown for bytes that are no policy of version 1, or that hold a limit which this version does not know.
    """
    try:
        policy = read_json(document)
    except ValueError as error:
        raise Unknown(f"the policy document is not JSON that is read in one way: {error}") from None
    if not isinstance(policy, dict):
        raise Unknown("the policy document is not a JSON object")
    strange = sorted(policy.keys() - LIMITS)
    if strange or policy.get("version") != "1":
        raise Unknown(f"this version does not know {', '.join(strange) or 'the version'} of the policy document")
    try:
        msgspec.convert(policy, _Policy)
    except msgspec.ValidationError as error:
        raise Unknown(f"the policy document is not of version 1: {error}") from None
    return policy
