"""Rule: the rail's own book agrees with ledger and receipts, one by one; for all payouts, not only those of the run."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gates.schema.ledger import EntryKind, LedgerEntry
from loadtests.books.entries import Receipt
from loadtests.hostile.books import FAILED, FINAL, SUCCEEDED, Payout, RailLine
from loadtests.hostile.judge.findings import Finding, Line, Rule, Ruling, finding
from loadtests.hostile.judge.join import SUSPENSE, charges_in

CLEARING = "system/rail_clearing"
RECEIPT_KIND = "payout"
_KINDS: tuple[EntryKind, ...] = ("payout", "payout_success", "payout_failure", "payout_suspense")
_LEFT: tuple[EntryKind, ...] = ("payout_success", "payout_suspense")
_DECIDED: dict[str, EntryKind] = {SUCCEEDED: "payout_success", FAILED: "payout_failure"}

_Debt = tuple[str, str, str]


def rail_book_mismatches(
    payouts: Sequence[Payout], entries: Sequence[LedgerEntry], receipts: Sequence[Receipt], lines: Sequence[RailLine]
) -> Ruling:
    """Charges without an entry, entries without a charge, entries without one receipt, states without a matching entry.

    Charge and entry are joined by payee, amount and currency: an error on either side leaves both unmatched. Only charges for
    payees of this ledger count. A charge of an undecided payout matches the amount that is set aside: it is reported as in
    doubt. Samples are all checked entries and charges.
    """
    by_id = {payout.payout_id: payout for payout in payouts}
    booked = [entry for entry in entries if entry.kind in _KINDS]
    ours = _payees(entries, payouts)
    taken = [charge.final for charge in charges_in(lines) if charge.final.status == SUCCEEDED and charge.final.payee in ours]
    found = [*_unmatched(booked, by_id, taken), *_receipts(booked, receipts), *_states(booked, by_id)]
    return Ruling(len(booked) + len(taken), tuple(found))


def _payees(entries: Sequence[LedgerEntry], payouts: Sequence[Payout]) -> set[str]:
    accounts = {posting.account for entry in entries for posting in entry.postings}
    named = {account.split("/")[1] for account in accounts if account.startswith("payee/") and account.count("/") > 1}
    return named | {payout.payee_id for payout in payouts}


def _unmatched(booked: Sequence[LedgerEntry], by_id: Mapping[str, Payout], taken: Sequence[RailLine]) -> Iterator[Finding]:
    ledger: dict[_Debt, list[LedgerEntry]] = defaultdict(list)
    rail: dict[_Debt, list[RailLine]] = defaultdict(list)
    for entry in booked:
        if entry.kind in _LEFT:
            ledger[_debt(entry, by_id)].append(entry)
    for line in taken:
        rail[line.payee, line.amount, line.currency].append(line)
    in_doubt = Counter((item.payee_id, item.amount, item.currency) for item in by_id.values() if item.state not in FINAL)
    for debt in sorted({*ledger, *rail}):
        payee, amount, currency = debt
        ours, theirs = ledger.get(debt, []), rail.get(debt, [])
        if not 0 <= len(theirs) - len(ours) <= in_doubt[debt]:
            detail = f"{amount} {currency} to {payee or 'no payee'}: {len(ours)} in the ledger, {len(theirs)} in the rail's book"
            payout_id = ours[0].payment_id if ours else None
            proof: list[Line] = [*ours[: len(theirs) + 1], *theirs[: len(ours) + 1]]
            yield finding(Rule.RAIL_BOOK, "", payout_id, abs(len(ours) - len(theirs)), detail, proof)


def _debt(entry: LedgerEntry, by_id: Mapping[str, Payout]) -> _Debt:
    """The payee and the amount of an entry: the payee by its account, or, out of suspense, by its payout."""
    payees = [p.account.split("/")[1] for p in entry.postings if p.account.startswith("payee/")]
    payout = by_id.get(entry.payment_id or "")
    payee = payees[0] if payees else payout.payee_id if payout and entry.kind == SUSPENSE else ""
    currencies = {posting.currency for posting in entry.postings}
    return payee, str(entry.moved(CLEARING)), "/".join(sorted(currencies))


def _receipts(booked: Sequence[LedgerEntry], receipts: Sequence[Receipt]) -> Iterator[Finding]:
    of_entry: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in receipts:
        for entry_id in receipt.entry_ids:
            of_entry[entry_id].append(receipt)
    for entry in booked:
        found = of_entry.get(entry.entry_id, [])
        wrong = f"{len(found)} receipts" if len(found) != 1 else "; ".join(_disagreements(entry, found[0]))
        if wrong:
            detail = f"the {entry.kind} in entry {entry.entry_id}: {wrong}"
            yield finding(Rule.RAIL_BOOK, "", entry.payment_id, 1, detail, [entry, *found[:2]])


def _disagreements(entry: LedgerEntry, receipt: Receipt) -> Iterator[str]:
    if receipt.kind != RECEIPT_KIND:
        yield f"its receipt is of kind {receipt.kind}"
    if receipt.payment_id != entry.payment_id:
        yield f"its receipt is for {receipt.payment_id}"
    amount = sum(int(posting.amount) for posting in entry.postings if int(posting.amount) > 0)
    if receipt.amount != str(amount):
        yield f"its receipt has {receipt.amount}, the ledger moved {amount}"
    if receipt.entry_ids == (entry.entry_id,) and receipt.postings_sha256 not in (None, entry.postings_sha256):
        yield "its receipt has another digest of the postings"


def _states(booked: Sequence[LedgerEntry], by_id: Mapping[str, Payout]) -> Iterator[Finding]:
    """Every payout is set aside once, and decided once in the ledger if it is final; no entry belongs to an unknown payout."""
    of_payout: dict[str | None, list[LedgerEntry]] = defaultdict(list)
    for entry in booked:
        of_payout[entry.payment_id].append(entry)
    for payout_id, entries in of_payout.items():
        if payout_id not in by_id:
            yield finding(
                Rule.RAIL_BOOK, "", payout_id, 1, "the ledger books a payout that the service does not list", entries[:1]
            )
    for payout in by_id.values():
        entries = [entry for entry in of_payout[payout.payout_id] if entry.kind != SUSPENSE]
        kinds = [entry.kind for entry in entries]
        expected = ["payout", *([_DECIDED[payout.state]] if payout.state in _DECIDED else [])]
        if kinds != expected:
            booked_as = ", ".join(kinds) or "nothing"
            detail = f"the payout is {payout.state}, and the ledger has {booked_as}"
            yield finding(Rule.RAIL_BOOK, "", payout.payout_id, 1, detail, [payout, *entries[:3]])
