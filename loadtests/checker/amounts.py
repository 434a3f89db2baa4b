"""Rule: every effect moved the requested amount, and a finished payment holds nothing."""

from collections.abc import Iterator

from gates.schema.ledger import LedgerEntry
from loadtests.checker.booked import PaymentBook
from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Rule, Ruling, finding
from loadtests.checker.requests import Life, Result


def amount_mismatches(case: Case) -> Ruling:
    """Every effect moves the requested amount, and a finished payment holds nothing.

    Payments of another rule (an effect too often or not at all, a stuck credit, an outcome that stayed unknown) are not
    repeated here.
    """
    samples = 0
    findings: list[Finding] = []
    for life, book in case.lives():
        if not life.payment_ids or not _plain(life, book):
            continue
        samples += 1
        findings.extend(_amounts(life, book))
    return Ruling(samples, tuple(findings))


def _plain(life: Life, book: PaymentBook) -> bool:
    settle = life.mutations.get("settle")
    settles = book.of("settle")
    single = len(book.of("reserve")) == 1 and len(settles) <= 1 and len(book.of("release", "refund")) <= 1
    expected = settle is None or (settle.result is not Result.UNKNOWN and len(settles) == (settle.result is Result.ACKNOWLEDGED))
    return single and expected and all(book.left_for_payee(entry) == book.credited(entry) for entry in settles)


def _amounts(life: Life, book: PaymentBook) -> Iterator[Finding]:
    """At most one finding per payment: the first wrong amount explains the later ones."""
    settle = life.mutations.get("settle")
    reserved, settled = book.reserved(), book.settled()
    if reserved != int(life.planned.amount):
        entries = book.of("reserve")
        yield _wrong(life, entries, f"{life.planned.amount} was requested, {reserved} was put on hold")
    elif settle and book.of("settle") and settled != int(settle.amount or reserved):
        yield _wrong(life, book.of("settle"), f"a settle of {settle.amount} was requested, {settled} was settled")
    elif book.of("refund") and book.refunded() != settled:
        yield _wrong(life, book.of("refund"), f"a refund of {settled} was requested, {book.refunded()} was refunded")
    elif book.of("settle", "release", "expire") and book.still_held() != 0:
        yield _wrong(
            life, book.of("reserve", "settle", "release", "expire"), f"the payment is over and still holds {book.still_held()}"
        )


def _wrong(life: Life, entries: list[LedgerEntry], detail: str) -> Finding:
    return finding(Rule.AMOUNT_MISMATCH, life.payment_ids[0], detail, entries)
