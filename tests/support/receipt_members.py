"""The members of a receipt by their last names, so that a test says what it changes and not where that stands."""

import copy
from typing import Any

PLACES = {
    "payment_id": ("subject", "id"),
    "operation_id": ("operation", "id"),
    "seq": ("operation", "seq"),
    "request_fingerprint": ("operation", "request_fingerprint"),
    "agent_id": ("parties", "agent_id"),
    "payee_id": ("parties", "payee_id"),
    "tenant_id": ("parties", "tenant_id"),
    "wallet_id": ("parties", "wallet_id"),
    "amount": ("money", "amount"),
    "currency": ("money", "currency"),
    "money_moved": ("money", "moved"),
    "totals": ("money", "totals"),
    "entry_ids": ("journal", "entry_ids"),
    "postings_sha256": ("journal", "postings_sha256"),
    "journal_seq": ("journal", "seq"),
    "issued_at": ("signing", "issued_at"),
    "key_id": ("signing", "key_id"),
    "salt": ("signing", "salt"),
}


def changed(content: dict[str, Any], **changes: object) -> dict[str, Any]:
    """A copy of a receipt with these members changed, each in its place; one without a place stands on top."""
    made = copy.deepcopy(content)
    for name, value in changes.items():
        *above, last = PLACES.get(name, (name,))
        inner = made
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return made


def member(content: dict[str, Any], name: str) -> Any:
    """A member, wherever it stands; None where it, or what it stands in, is not there."""
    found: Any = content
    for part in PLACES.get(name, (name,)):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def receipt(**members: object) -> dict[str, Any]:
    """A receipt of a payment made of these members."""
    return changed({"version": "2", "cohort_sha256": None, "subject": {"kind": "payment"}}, **members)
