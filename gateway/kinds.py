"""The kinds of journal entries, reconciliation items and resources; the database's tables of kinds hold the same ones."""

from typing import Literal

EntryKind = Literal[
    "fund", "reserve", "settle", "release", "refund", "expire", "payout", "payout_success", "payout_failure", "payout_suspense"
]
ItemKind = Literal["late_success", "contradicted_success"]
ResourceKind = Literal["payment", "payout"]
