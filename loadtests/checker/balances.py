"""Rule: reported balances equal the sums of the entries, and every entry sums to zero."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from gates.schema.ledger import LedgerEntry
from loadtests.checker.booked import KINDS
from loadtests.checker.case import Case
from loadtests.checker.findings import BalanceLine, Finding, Rule, Ruling, finding


def balance_mismatches(case: Case) -> Ruling:
    """Entries that do not sum to zero in each currency, and reported balances that differ from the sum of the entries.

    Opportunities are the entries of the run's payments, and the balances if there are any such entries.
    """
    findings = [*_unbalanced(case.entries)]
    derived: dict[str, int] = defaultdict(int)
    for entry in case.entries:
        for posting in entry.postings:
            derived[posting.account] += int(posting.amount)
    for balance in case.balances:
        if int(balance.amount) != derived[balance.account]:
            line = BalanceLine(balance.account, balance.amount, str(derived[balance.account]))
            detail = f"{balance.account} is reported as {balance.amount}; its entries sum to {line.derived}"
            findings.append(finding(Rule.BALANCE_MISMATCH, None, detail, [line]))
    moved = sum(len(book.of(*KINDS)) for _life, book in case.lives())
    samples = moved + len(case.balances) if moved else 0
    return Ruling(max(samples, len(findings)), tuple(findings))


def _unbalanced(entries: Iterable[LedgerEntry]) -> Iterator[Finding]:
    for entry in entries:
        sums: dict[str, int] = defaultdict(int)
        for posting in entry.postings:
            sums[posting.currency] += int(posting.amount)
        off = ", ".join(f"{amount} {currency}" for currency, amount in sorted(sums.items()) if amount)
        if off:
            yield finding(Rule.BALANCE_MISMATCH, entry.payment_id, f"entry {entry.entry_id} is out of balance by {off}", [entry])
