"""Does the policy apply to all money? Ledger lines and receipts, joined both ways: findings. Pure."""

from collections.abc import Iterator, Sequence

import msgspec

from gates.probes.conduct import Finding
from gates.receipts.receipt import OUTCOMES, Receipt
from gates.schema.ledger import LedgerEntry, postings_digest

DECISIONS, SETTLEMENTS, LINKS = "decisions_outside_set", "settlements_without_policy", "broken_links"
PAYOUT_KINDS = ("payout", "payout_success", "payout_failure", "payout_suspense")
ENTRY_KINDS = {
    "reserve": ("reserve", "approve"),
    "settle": ("settle",),
    "release": ("reverse",),
    "refund": ("reverse",),
    "expire": ("expire",),
    **dict.fromkeys(PAYOUT_KINDS, ("payout",)),
}
"""Ledger kinds that a receipt must stand behind, and the kinds of that receipt. Funding has no payment and no policy."""

DECIDING = ("reserve", "escalation", "denial", "approve")
"""Kinds of receipts that state what the policy decided."""


class Binding(msgspec.Struct, frozen=True):
    """What was looked at, and what is wrong with it."""

    decisions: int
    settlements: int
    links: int
    findings: tuple[Finding, ...]
    outcomes: dict[str, int]


def check_binding(entries: Sequence[LedgerEntry], receipts: Sequence[Receipt]) -> Binding:
    """Join each decision to the set of outcomes, each settlement to its policy, and ledger and receipts to each other."""
    decisions = [receipt for receipt in receipts if receipt.kind in DECIDING]
    settles = [entry for entry in entries if entry.kind == "settle"]
    links = [entry for entry in entries if entry.kind in ENTRY_KINDS]
    claims = [(receipt, entry_id) for receipt in receipts for entry_id in receipt.journal.entry_ids]
    findings = (
        *_decision_findings(decisions),
        *_settlement_findings(settles, receipts),
        *_entry_findings(links, {receipt.receipt_id: receipt for receipt in receipts}),
        *_claim_findings(receipts, {entry.entry_id: entry for entry in entries}),
    )
    outcomes: dict[str, int] = {}
    for receipt in decisions:
        outcomes[receipt.decision.outcome] = outcomes.get(receipt.decision.outcome, 0) + 1
    return Binding(len(decisions), len(settles), len(links) + len(claims), findings, dict(sorted(outcomes.items())))


def _decision_findings(decisions: Sequence[Receipt]) -> Iterator[Finding]:
    """Each decision is one of the four, and what was done is what was decided."""
    for receipt in decisions:
        outcome = receipt.decision.outcome
        if outcome not in OUTCOMES:
            yield Finding(DECISIONS, receipt.receipt_id, "one of " + ", ".join(sorted(OUTCOMES)), outcome)
        elif receipt.kind == "reserve" and outcome == "deny":
            yield Finding(DECISIONS, receipt.receipt_id, "no reserve where the decision is deny", "a reserve")
        elif receipt.kind in ("denial", "escalation") and outcome == "allow":
            yield Finding(DECISIONS, receipt.receipt_id, f"no {receipt.kind} where the decision is allow", f"a {receipt.kind}")
        elif receipt.kind == "approve" and (outcome == "allow") != (receipt.money.moved == "yes"):
            yield Finding(DECISIONS, receipt.receipt_id, "a hold by an approval exactly where the decision is allow", outcome)


def _settlement_findings(settles: Sequence[LedgerEntry], receipts: Sequence[Receipt]) -> Iterator[Finding]:
    """Each settle in the ledger descends from a hold that a policy allowed, at once or once approved, under the same policy."""
    by_payment: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        by_payment.setdefault(receipt.subject.id, []).append(receipt)
    for entry in settles:
        fault = _policy_fault(entry, by_payment.get(entry.payment_id or "", []))
        if fault:
            yield Finding(SETTLEMENTS, f"ledger {entry.seq} ({entry.entry_id})", *fault)


def _policy_fault(entry: LedgerEntry, chain: Sequence[Receipt]) -> tuple[str, str] | None:
    reserve = next((receipt for receipt in chain if receipt.kind in ("reserve", "approve") and receipt.journal.entry_ids), None)
    settle = next((receipt for receipt in chain if receipt.receipt_id == entry.receipt_id and receipt.kind == "settle"), None)
    if reserve is None or settle is None:
        return "a reserve receipt and a settle receipt", f"no {'reserve' if reserve is None else 'settle'} receipt"
    if reserve.decision.outcome != "allow":
        return "a reserve that the policy allowed", f"the outcome {reserve.decision.outcome}"
    if settle.decision.policy_sha256 != reserve.decision.policy_sha256 or settle.decision.outcome != reserve.decision.outcome:
        return f"the policy of its reserve, {_short(reserve)}", _short(settle)
    return None


def _entry_findings(links: Sequence[LedgerEntry], by_id: dict[str, Receipt]) -> Iterator[Finding]:
    """Each ledger line names a receipt that exists, is about the same payment and operation, and names the line."""
    for entry in links:
        where = f"ledger {entry.seq} ({entry.entry_id})"
        receipt = by_id.get(entry.receipt_id or "")
        if receipt is None:
            yield Finding(LINKS, where, f"a receipt behind this {entry.kind}", f"no receipt {entry.receipt_id}")
        elif entry.entry_id not in receipt.journal.entry_ids:
            yield Finding(
                LINKS, where, f"{receipt.receipt_id} names this line", ", ".join(receipt.journal.entry_ids) or "no line"
            )
        elif receipt.kind not in ENTRY_KINDS[entry.kind]:
            yield Finding(LINKS, where, f"a receipt of kind {' or '.join(ENTRY_KINDS[entry.kind])}", receipt.kind)
        elif (receipt.subject.id, receipt.operation.id) != (entry.payment_id, entry.operation_id or receipt.operation.id):
            found = f"payment {receipt.subject.id}, operation {receipt.operation.id}"
            yield Finding(LINKS, where, f"payment {entry.payment_id}, operation {entry.operation_id}", found)


def _claim_findings(receipts: Sequence[Receipt], by_id: dict[str, LedgerEntry]) -> Iterator[Finding]:
    """Each line that a receipt names exists and names the receipt, and the postings are those that were signed."""
    for receipt in receipts:
        lines = [by_id.get(entry_id) for entry_id in receipt.journal.entry_ids]
        for entry_id, line in zip(receipt.journal.entry_ids, lines, strict=True):
            if line is None:
                yield Finding(LINKS, receipt.receipt_id, f"the ledger line {entry_id}", "no such line")
            elif line.receipt_id != receipt.receipt_id:
                yield Finding(LINKS, receipt.receipt_id, f"{entry_id} names this receipt", str(line.receipt_id))
        if lines and all(line is not None for line in lines):
            digest = postings_digest([posting for line in lines if line for posting in line.postings])
            if digest != receipt.journal.postings_sha256:
                yield Finding(LINKS, receipt.receipt_id, f"postings_sha256 {receipt.journal.postings_sha256}", digest)
        moves = receipt.kind in ("reserve", "settle", "reverse") or receipt.money.moved == "yes"
        moves = moves or (receipt.kind == "expire" and receipt.status != "approval_expired")
        if not lines and moves:
            yield Finding(LINKS, receipt.receipt_id, f"a ledger line behind this {receipt.kind}", "no line named")


def _short(receipt: Receipt) -> str:
    return f"{receipt.decision.policy_sha256[:12]} {receipt.decision.outcome}"
