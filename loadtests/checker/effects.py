"""Rules: reserves and reverses happened as often as requested."""

from collections.abc import Iterator, Sequence

from gates.schema.ledger import LedgerEntry
from loadtests.books.entries import Receipt
from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Rule, Ruling, finding
from loadtests.checker.opportunities import ruling, sent_again
from loadtests.checker.requests import Mutation, Result
from loadtests.storm.history import Event


def double_reserves(case: Case) -> Ruling:
    """One reserve key that put money on hold twice: for one payment, for two, or for one that no client received.

    Opportunities are reserves that took effect and were sent more than once.
    """
    chances, sent = [], []
    findings: list[Finding] = []
    for life, book in case.lives():
        reserve = life.mutations.get("reserve")
        if reserve is None:
            continue
        proof: list[LedgerEntry | Receipt] = [*book.of("reserve"), *case.strangers.get(life.planned.number, ())]
        sent.append(reserve)
        chances.extend([reserve] if sent_again(reserve, bool(proof)) else [])
        findings.extend(_reserved_twice(reserve, proof))
    return ruling(chances, sent, findings)


def two_payments_under_one_key(case: Case) -> Ruling:
    """Reserve keys that were answered with two payments: proved by the history alone, without any book."""
    sent = [life.mutations["reserve"] for life in case.requests.lives.values() if "reserve" in life.mutations]
    chances = [reserve for reserve in sent if sent_again(reserve, booked=False)]
    return ruling(chances, sent, [item for reserve in sent for item in _reserved_twice(reserve, [])])


def _reserved_twice(reserve: Mutation, proof: Sequence[LedgerEntry | Receipt]) -> Iterator[Finding]:
    answers = reserve.identified
    allowed = 0 if reserve.result is Result.REFUSED else 1
    if len(answers) > 1:
        ids = ", ".join(event.payment_id or "" for event in answers)
        detail = f"one reserve under one key was answered with {len(answers)} payments: {ids}"
        booked = [item for item in proof if item.payment_id in {event.payment_id for event in answers[:2]}]
        yield finding(Rule.DOUBLE_RESERVE, answers[0].payment_id, detail, [*answers[:2], *booked[:2]], len(booked))
    elif len(proof) > allowed:
        detail = f"one reserve was requested under one key ({reserve.result}), and {len(proof)} happened"
        shown = proof[: allowed + 1]
        yield finding(Rule.DOUBLE_RESERVE, shown[0].payment_id, detail, [reserve.evidence, *shown])


def lost_reserves(case: Case) -> Ruling:
    """A reserve that was acknowledged to a client and is not in the ledger."""
    chances, sent, findings = [], [], []
    for life, book in case.lives():
        reserve = life.mutations.get("reserve")
        sent.extend([] if reserve is None else [reserve])
        yes = reserve.acknowledgement if reserve else None
        if reserve is None or yes is None:
            continue
        chances.append(reserve)
        if not book.of("reserve"):
            detail = f"the reserve of {yes.amount} was acknowledged ({yes.status}); the ledger has none"
            findings.append(finding(Rule.LOST_RESERVE, yes.payment_id, detail, [yes]))
    return ruling(chances, sent, findings)


def double_reversals(case: Case) -> Ruling:
    """A payment released or refunded more often than requested.

    Opportunities are reverses that took effect and were sent more than once.
    """
    chances, sent, findings = [], [], []
    for life, book in case.lives():
        entries = book.of("release", "refund")
        reverse = life.reversal
        if reverse is not None:
            sent.append(reverse)
            chances.extend([reverse] if sent_again(reverse, bool(entries)) else [])
        allowed = 0 if reverse is None or reverse.result is Result.REFUSED else 1
        if len(entries) > allowed:
            what = "reverse" if reverse is None else reverse.operation
            detail = f"{allowed} {what} was requested and not refused, and {len(entries)} are in the ledger"
            proof: list[Event | LedgerEntry] = [] if reverse is None else [reverse.evidence]
            proof.extend(entries[: allowed + 1])
            findings.append(finding(Rule.DOUBLE_REVERSE, entries[0].payment_id, detail, proof))
    return ruling(chances, sent, findings)


def lost_reversals(case: Case) -> Ruling:
    """A reverse that was acknowledged to a client and is not in the ledger."""
    chances, sent, findings = [], [], []
    for life, book in case.lives():
        reverse = life.reversal
        sent.extend([] if reverse is None else [reverse])
        yes = reverse.acknowledgement if reverse else None
        if reverse is None or yes is None:
            continue
        chances.append(reverse)
        if not book.of("release", "refund"):
            detail = f"the {reverse.operation} was acknowledged ({yes.status}); the ledger has neither a release nor a refund"
            findings.append(finding(Rule.LOST_REVERSE, yes.payment_id, detail, [yes]))
    return ruling(chances, sent, findings)
