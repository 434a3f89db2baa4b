"""Rules: every payment settled as often as requested, and what left the hold reached its payee."""

from collections.abc import Iterator

from loadtests.checker.booked import PaymentBook
from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Rule, Ruling, finding
from loadtests.checker.opportunities import ruling, sent_again
from loadtests.checker.requests import Mutation, Result


def double_settles(case: Case) -> Ruling:
    """A payment settled more often than requested: twice for one request, or without a request, or after a refusal.

    Opportunities are settles that took effect and were sent more than once.
    """
    chances, sent = [], []
    findings: list[Finding] = []
    for life, book in case.lives():
        settle, booked = life.mutations.get("settle"), bool(book.of("settle"))
        findings.extend(_too_often(settle, book))
        if settle is not None:
            sent.append(settle)
            chances.extend([settle] if sent_again(settle, booked) else [])
    return ruling(chances, sent, findings)


def _too_often(settle: Mutation | None, book: PaymentBook) -> Iterator[Finding]:
    entries = book.of("settle")
    if not entries:
        return
    payment_id = entries[0].payment_id
    if settle is None or settle.result is Result.REFUSED:
        why = "no settle was requested" if settle is None else f"the settle was refused ({settle.evidence.status})"
        refusal = [] if settle is None else [settle.evidence]
        detail = f"{why}, yet {book.settled()} was settled"
        yield finding(Rule.UNEXPECTED_SETTLE, payment_id, detail, [*refusal, entries[0]])
    elif len(entries) > 1:
        detail = f"one settle was requested under one key, and {len(entries)} are in the ledger: {book.settled()} in total"
        yield finding(Rule.DOUBLE_SETTLE, payment_id, detail, [settle.evidence, *entries[:2]], len(entries))


def lost_settles(case: Case) -> Ruling:
    """A settle that was acknowledged to a client and is not in the ledger."""
    chances, sent, findings = [], [], []
    last = case.entries[-1].seq if case.entries else 0
    for life, book in case.lives():
        settle = life.mutations.get("settle")
        sent.extend([] if settle is None else [settle])
        yes = settle.acknowledgement if settle else None
        if settle is None or yes is None:
            continue
        chances.append(settle)
        if not book.of("settle"):
            looked = f"up to seq {last}{f', {case.waited}' if case.books.waited_ms else ''}"
            detail = f"the settle of {yes.amount} was acknowledged ({yes.status}); no settle of this payment {looked}"
            findings.append(finding(Rule.LOST_SETTLE, yes.payment_id, detail, [yes]))
    return ruling(chances, sent, findings)


def stuck_credits(case: Case) -> Ruling:
    """The amounts that left a hold for the payee, compared with the payee's credits: one by one, since totals may hide it."""
    samples, findings = 0, []
    for _life, book in case.lives():
        entries = book.of("settle")
        if not entries:
            continue
        samples += 1
        left, credited = book.settled(), sum(book.credited(entry) for entry in entries)
        if left != credited:
            off = [entry for entry in entries if book.left_for_payee(entry) != book.credited(entry)]
            detail = f"{left} left the hold for {book.payable}, which was credited {credited}"
            findings.append(finding(Rule.STUCK_CREDIT, entries[0].payment_id, detail, off))
    return Ruling(samples, tuple(findings))
