"""Rules: reserves and reverses happened as often as requested, and every effect moved the requested amount."""

from collections import defaultdict
from collections.abc import Iterator

from loadtests.books.entries import Entry, Receipt
from loadtests.checker.booked import PaymentBook
from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Rule, Ruling, finding
from loadtests.checker.requests import Life, Result
from loadtests.storm.history import Event


def double_reserves(case: Case) -> Ruling:
    """One reserve key that put money on hold twice: for one payment, for two, or for one that no client received."""
    samples, findings = 0, []
    strangers = _strangers(case)
    for life, book in case.lives():
        reserve = life.mutations.get("reserve")
        if reserve is None:
            continue
        samples += 1
        proof: list[Entry | Receipt] = [*book.of("reserve"), *strangers.get(life.planned.number, ())]
        allowed = 0 if reserve.result is Result.REFUSED else 1
        if len(proof) > allowed:
            detail = f"one reserve was requested under one key ({reserve.result}), and {len(proof)} happened"
            shown = proof[: allowed + 1]
            findings.append(finding(Rule.DOUBLE_RESERVE, shown[0].payment_id, detail, [reserve.evidence, *shown]))
    return Ruling(samples, tuple(findings))


def lost_reserves(case: Case) -> Ruling:
    """A reserve that was acknowledged to a client and is not in the ledger."""
    samples, findings = 0, []
    for life, book in case.lives():
        reserve = life.mutations.get("reserve")
        yes = reserve.acknowledgement if reserve else None
        if yes is None:
            continue
        samples += 1
        if not book.of("reserve"):
            detail = f"the reserve of {yes.amount} was acknowledged ({yes.status}); the ledger has none"
            findings.append(finding(Rule.LOST_RESERVE, yes.payment_id, detail, [yes]))
    return Ruling(samples, tuple(findings))


def double_reversals(case: Case) -> Ruling:
    """A payment released or refunded more often than requested."""
    samples, findings = 0, []
    for life, book in case.lives():
        entries = book.of("release", "refund")
        reverse = life.mutations.get("reverse")
        if reverse is None and not entries:
            continue
        samples += 1
        allowed = 0 if reverse is None or reverse.result is Result.REFUSED else 1
        if len(entries) > allowed:
            detail = f"{allowed} reverse was requested and not refused, and {len(entries)} are in the ledger"
            proof: list[Event | Entry] = [] if reverse is None else [reverse.evidence]
            proof.extend(entries[: allowed + 1])
            findings.append(finding(Rule.DOUBLE_REVERSE, entries[0].payment_id, detail, proof))
    return Ruling(samples, tuple(findings))


def lost_reversals(case: Case) -> Ruling:
    """A reverse that was acknowledged to a client and is not in the ledger."""
    samples, findings = 0, []
    for life, book in case.lives():
        reverse = life.mutations.get("reverse")
        yes = reverse.acknowledgement if reverse else None
        if yes is None:
            continue
        samples += 1
        if not book.of("release", "refund"):
            detail = f"the reverse was acknowledged ({yes.status}); the ledger has neither a release nor a refund"
            findings.append(finding(Rule.LOST_REVERSE, yes.payment_id, detail, [yes]))
    return Ruling(samples, tuple(findings))


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


def _wrong(life: Life, entries: list[Entry], detail: str) -> Finding:
    return finding(Rule.AMOUNT_MISMATCH, life.payment_ids[0], detail, entries)


def _strangers(case: Case) -> dict[int, list[Receipt]]:
    """Reserve receipts of payments that no client received, by the logical payment of their request.

    A receipt names its request by a fingerprint. Two payments with one fingerprint come from one request only if each
    reserve contains its own reference.
    """
    found: dict[int, list[Receipt]] = defaultdict(list)
    if not case.plan.references or not isinstance(case.books.receipts, tuple):
        return found
    reserves = [
        receipt for receipt in case.receipts if receipt.kind == "reserve" and receipt.request_fingerprint and receipt.payment_id
    ]
    ids = case.requests.ids
    known = {item.request_fingerprint: ids[item.payment_id] for item in reserves if item.payment_id and item.payment_id in ids}
    for receipt in reserves:
        number = known.get(receipt.request_fingerprint)
        if number is not None and receipt.payment_id not in ids:
            found[number].append(receipt)
    return found
