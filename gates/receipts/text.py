"""The result of verification, as text for people and as JSON for programs."""

from collections.abc import Iterator, Sequence

from gates.evidence.dsse import TrustRoot
from gates.receipts.levels import BEYOND, Mark, Verified
from gates.schema.amounts import minor_digits, write_amount
from gates.schema.canonical import Json
from gates.schema.outcome import ExitCode
from gates.schema.printable import printable

SHOWN_IN_FULL = 3
LONGEST = 600
"""Characters of one reason; what a receipt brings may be longer, and `--format json` has it in full."""


def exit_code(found: Sequence[Verified]) -> ExitCode:
    """8 where anything is wrong, 3 where something could have been checked and was not, else 0."""
    if any(item.failed for item in found):
        return ExitCode.UNVERIFIED
    return ExitCode.GREEN if all(item.complete for item in found) else ExitCode.UNKNOWN


def as_text(found: Sequence[Verified], trust: TrustRoot, *, verbose: bool = False) -> str:
    """One paragraph a receipt (of many: only those that do not pass), then the total in one line."""
    in_full = verbose or len(found) <= SHOWN_IN_FULL
    lines = [line for item in found if in_full or not item.complete for line in _paragraph(item)]
    lines.append(_summary(found))
    lines.append(f"trusted keys, from the file you gave: {', '.join(trust.keyids) or 'none'}")
    return "\n".join(lines)


def as_json(found: Sequence[Verified], trust: TrustRoot) -> Json:
    """The same result for programs."""
    return {
        "verdict": _verdict(found),
        "exit_code": int(exit_code(found)),
        "trusted_keys": list(trust.keyids),
        "receipts": [
            {
                "origin": printable(item.origin),
                "receipt_id": item.receipt.receipt_id if item.receipt else None,
                "subject": {"id": item.receipt.subject.id, "kind": item.receipt.subject.kind} if item.receipt else None,
                "levels": [
                    {"level": level.name, "mark": level.mark.value, "says": printable(level.says)} for level in item.levels
                ],
            }
            for item in found
        ],
    }


def _paragraph(item: Verified) -> Iterator[str]:
    receipt = item.receipt
    if receipt is None:
        yield f"{printable(item.origin)}: not a readable receipt"
    else:
        currency = receipt.money.currency
        what = f"{receipt.kind} of {write_amount(receipt.money.amount, 'decimal', minor_digits(currency))} {currency}"
        which = f"receipt {receipt.operation.seq} of {receipt.subject.kind} {receipt.subject.id}"
        yield printable(f"{item.origin}: {receipt.receipt_id}, {what}, {which}")
    for level in item.levels:
        yield f"  {level.name:<14}{level.mark.value:<12}{_short(level.says)}"
    yield ""


def _short(says: str) -> str:
    text = printable(says[: LONGEST + 1])
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _verdict(found: Sequence[Verified]) -> str:
    words = {ExitCode.GREEN: "verified", ExitCode.UNKNOWN: "not fully checked", ExitCode.UNVERIFIED: "NOT VERIFIED"}
    return words[exit_code(found)]


def _summary(found: Sequence[Verified]) -> str:
    failed = sum(1 for item in found if item.failed)
    open_ = sum(1 for item in found if not item.failed and not item.complete)
    beyond = sorted({lvl.name for item in found for lvl in item.levels if lvl.name in BEYOND and lvl.mark is Mark.NOT_CHECKED})
    text = f"{_verdict(found)}: {len(found)} receipts, {len(found) - failed - open_} pass, {failed} fail"
    rest = f"; not checked, because no --policy document was given: {', '.join(beyond)}" if beyond else ""
    return f"{text}, {open_} not fully checked{rest}"
