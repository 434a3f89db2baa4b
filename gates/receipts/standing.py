"""Does a receipt agree with itself? Its status, whether money moved, its ledger lines and its expiry, each from the others."""

from gates.receipts.receipt import Receipt

_NO_MONEY = ("denial", "escalation", "reject")
_STATUS_OF = {"denial": "denied", "escalation": "approval_required", "reject": "rejected", "reserve": "reserved"}
_OPEN_PAYOUT = frozenset({"accepted", "executing", "unknown", "manual_review"})


def self_fault(receipt: Receipt) -> str | None:
    """What one member of the receipt says that the others contradict."""
    return _lines_fault(receipt) or _status_fault(receipt) or _expiry_fault(receipt)


def _lines_fault(receipt: Receipt) -> str | None:
    """Money moved exactly where a ledger line is named, and the lines' postings are signed with it."""
    lines, moved = receipt.journal.entry_ids, receipt.money.moved
    if len(set(lines)) != len(lines):
        return "it names one ledger line twice"
    if bool(lines) != (receipt.journal.postings_sha256 is not None):
        return f"it names {len(lines)} ledger lines and {'a' if receipt.journal.postings_sha256 else 'no'} hash of their postings"
    if bool(lines) != (moved == "yes"):
        return f"money.moved is {moved!r}, and it names {len(lines)} ledger lines"
    if moved == "unknown" and receipt.kind != "payout":
        return f"money.moved is 'unknown' for a {receipt.kind}, which no rail decides"
    must = _must_move(receipt)
    return None if must is None or must == bool(lines) else f"money.moved is {moved!r} for a {receipt.kind} of this amount"


def _must_move(receipt: Receipt) -> bool | None:
    """Whether an operation of this kind moves money; None where that depends on the rail."""
    totals = receipt.money.totals
    if receipt.kind == "payout":
        return None
    if receipt.kind in _NO_MONEY:
        return False
    if receipt.kind == "approve":
        return totals.authorized != "0"
    return receipt.kind != "expire" or totals.authorized != "0"


def _status_fault(receipt: Receipt) -> str | None:
    wanted = _payout_statuses(receipt) if receipt.kind == "payout" else frozenset({_payment_status(receipt)})
    if receipt.status in wanted:
        return None
    return f"the status {receipt.status!r} does not follow from a {receipt.kind} with these totals: {' or '.join(sorted(wanted))}"


def _payment_status(receipt: Receipt) -> str:
    totals = receipt.money.totals
    if receipt.kind in _STATUS_OF:
        return _STATUS_OF[receipt.kind]
    if receipt.kind == "approve":
        return "approval_required" if totals.authorized == "0" else "reserved"
    if receipt.kind == "settle":
        return "settled" if totals.open == "0" else "partially_settled"
    if totals.settled != "0":
        return "settled"
    if receipt.kind == "reverse":
        return "released"
    return "expired" if totals.authorized != "0" else "approval_expired"


def _payout_statuses(receipt: Receipt) -> frozenset[str]:
    totals = receipt.money.totals
    if totals.settled != "0":
        return frozenset({"succeeded"})
    return frozenset({"failed"}) if totals.released != "0" else _OPEN_PAYOUT


def _expiry_fault(receipt: Receipt) -> str | None:
    """A payment's hold ends at a moment; it is used before that, and expires at it or later."""
    issued, ends = receipt.signing.issued_at, receipt.expires_at
    if receipt.kind == "payout":
        return None if ends is None else f"a payout does not expire, and this one names {ends}"
    if ends is None:
        return f"expires_at is null for a {receipt.kind} of a payment"
    if receipt.kind == "expire" and issued < ends:
        return f"it expired at {issued}, before {ends}"
    if receipt.kind in ("reserve", "settle", "approve") and issued >= ends:
        return f"a {receipt.kind} at {issued}, and its time was over at {ends}"
    return None
