"""Rule: a mutation with an attempt of unknown outcome took effect once, as requested, or not at all."""

from collections.abc import Iterator

from gates.schema.ledger import LedgerEntry
from loadtests.checker.booked import PaymentBook
from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Rule, Ruling, finding
from loadtests.checker.opportunities import made_of
from loadtests.checker.requests import Mutation, Result


def unknown_outcomes(case: Case) -> Ruling:
    """Mutations with an attempt of unknown outcome that took effect twice, or settled another amount than requested.

    Opportunities are the attempts of unknown outcome, of payments whose id a client has received.
    """
    doubtful: list[Mutation] = []
    findings: list[Finding] = []
    for life, book in case.lives():
        if not life.payment_ids:
            continue
        for mutation in life.mutations.values():
            if mutation.doubtful:
                doubtful.append(mutation)
                findings.extend(_judge(mutation, book, case.receipts_of_unknown_payments.get(life.planned.number, 0)))
    attempts = sum(mutation.ambiguous for mutation in doubtful)
    return Ruling(max(attempts, len(findings)), tuple(findings), made_of(doubtful, doubtful))


def _judge(mutation: Mutation, book: PaymentBook, unknown_payments: int) -> Iterator[Finding]:
    entries = _effects(mutation, book)
    times = len(entries) + (unknown_payments if mutation.operation == "reserve" else 0)
    lost = f"{mutation.ambiguous} of {mutation.attempts} attempts to {mutation.operation} got no response"
    if times > 1:
        payment_id = entries[0].payment_id if entries else None
        detail = f"{lost}, and it happened {times} times"
        yield finding(Rule.UNKNOWN_OUTCOME, payment_id, detail, [mutation.evidence, *entries[:2]], len(entries))
    elif mutation.operation == "settle" and mutation.result is Result.UNKNOWN and entries:
        settled = book.settled()
        if book.credited(entries[0]) == settled != int(mutation.amount or book.reserved()):
            detail = f"{lost}; {mutation.amount} was requested, and {settled} was settled"
            yield finding(Rule.UNKNOWN_OUTCOME, entries[0].payment_id, detail, [mutation.evidence, *entries])


def _effects(mutation: Mutation, book: PaymentBook) -> list[LedgerEntry]:
    if mutation.operation == "reserve":
        return book.of("reserve")
    return book.of("settle") if mutation.operation == "settle" else book.of("release", "refund")
