"""Rules for a service that shows a plain list of settlements: what such a list proves, in the findings that a ledger gives."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from loadtests.books.settlements import Settlement
from loadtests.checker.case import Case
from loadtests.checker.findings import Finding, Line, Rule, Ruling, finding
from loadtests.checker.opportunities import made_of, ruling, sent_again
from loadtests.checker.requests import Life, Mutation, Result


def double_settles(case: Case) -> Ruling:
    """A payment, or a key, that is in the list as settled more often than requested, or without a settle, or after a refusal."""
    chances, sent = [], []
    findings: list[Finding] = []
    for life, settles in _lives(case):
        settle = life.mutations.get("settle")
        findings.extend(_too_often(settle, settles))
        if settle is not None:
            sent.append(settle)
            chances.extend([settle] if sent_again(settle, bool(settles)) else [])
    return _left_open(ruling(chances, sent, findings), case.elsewhere.settles)


def lost_settles(case: Case) -> Ruling:
    """A settle that was acknowledged to a client and is not in the list."""
    chances, sent, findings = [], [], []
    listing = case.listing
    for life, settles in _lives(case):
        settle = life.mutations.get("settle")
        sent.extend([] if settle is None else [settle])
        yes = settle.acknowledgement if settle else None
        if settle is None or yes is None:
            continue
        chances.append(settle)
        if not settles:
            looked = f"{_several(listing.items, 'item')} on {_several(listing.pages, 'page')}, {case.waited}"
            detail = f"the settle of {yes.amount} was acknowledged ({yes.status}); the list does not have it ({looked})"
            findings.append(finding(Rule.LOST_SETTLE, yes.payment_id, detail, [yes]))
    return ruling(chances, sent, findings)


def amount_mismatches(case: Case) -> Ruling:
    """A payment that is settled once, as requested, with another amount or in another currency; or refunded with another."""
    samples = 0
    findings: list[Finding] = []
    for life, settles in _lives(case):
        settle = life.mutations.get("settle")
        if settle is None or len(settles) != 1 or settle.result is not Result.ACKNOWLEDGED:
            continue
        samples += 1
        findings.extend(_amounts(case, life, settles[0]))
    return Ruling(samples, tuple(findings))


def unknown_outcomes(case: Case) -> Ruling:
    """Settles with an attempt of unknown outcome that took effect twice, or with another amount. A list shows settles alone."""
    doubtful: list[Mutation] = []
    findings: list[Finding] = []
    for life, settles in _lives(case):
        settle = life.mutations.get("settle")
        if settle is not None and life.payment_ids and settle.doubtful:
            doubtful.append(settle)
            findings.extend(_doubtful(life, settle, settles))
    attempts = sum(mutation.ambiguous for mutation in doubtful)
    found = Ruling(max(attempts, len(findings)), tuple(findings), made_of(doubtful, doubtful))
    return _left_open(found, case.elsewhere.settles)


def double_reversals(case: Case) -> Ruling:
    """Refunds in the list more often than requested. A state shows that a payment was refunded, and not how often."""
    shape = case.shape
    chances, sent, findings = [], [], []
    for life, settles in _lives(case):
        reverse, refunds = life.reversal, case.listing.refunds.get(life.planned.number, [])
        shown = refunds or [item for item in settles if item.refunded][:1]
        if reverse is not None:
            sent.append(reverse)
            chances.extend([reverse] if refunds and sent_again(reverse, booked=True) else [])
        allowed = 0 if reverse is None or reverse.result is Result.REFUSED else 1
        if len(shown) > allowed:
            what = "reverse" if reverse is None else reverse.operation
            detail = f"{allowed} {what} was requested and not refused, and the list shows {len(shown)}"
            proof = [] if reverse is None else [reverse.evidence]
            findings.append(finding(Rule.DOUBLE_REVERSE, shown[0].payment_id, detail, [*proof, *shown[: allowed + 1]]))
    if not findings and not (shape.kinds and shape.kinds.refund):
        return Ruling(0, (), open="the list has no items of refunds (spec.audit.settlements.kinds.refund)")
    return _left_open(ruling(chances, sent, findings), case.elsewhere.refunds)


def lost_reversals(case: Case) -> Ruling:
    """A refund that was acknowledged to a client and that the list does not show. A hold that was released is in no list."""
    if not case.shape.shows_refunds:
        return Ruling(0, (), open="the list does not show refunds (spec.audit.settlements.states.refunded, or kinds.refund)")
    chances, sent, findings = [], [], []
    for life, settles in _lives(case):
        reverse = life.reversal
        if reverse is None or not settles:
            continue
        sent.append(reverse)
        yes = reverse.acknowledgement
        if yes is None:
            continue
        chances.append(reverse)
        if not case.listing.refunds.get(life.planned.number) and not any(item.refunded for item in settles):
            detail = f"the {reverse.operation} was acknowledged ({yes.status}); the list shows no refund ({case.waited})"
            findings.append(finding(Rule.LOST_REVERSE, yes.payment_id, detail, [yes, settles[0]]))
    return ruling(chances, sent, findings)


LISTED: Mapping[str, Callable[[Case], Ruling]] = MappingProxyType(
    {
        "double_settles": double_settles,
        "lost_settles": lost_settles,
        "amount_mismatches": amount_mismatches,
        "unknown_outcome_violations": unknown_outcomes,
        "double_reversals": double_reversals,
        "lost_reversals": lost_reversals,
    }
)
"""The rule for each measure that a list can give."""

NOT_SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "stuck_credits": "what left a hold and what reached the payee",
        "receipt_mismatches": "the entries that receipts name",
        "balance_mismatches": "the entries behind a balance",
        "double_reserves": "holds",
        "lost_reserves": "holds",
        "unexplained_entries": "every entry on the accounts of the run",
    }
)
"""What a list does not show, by measure."""


def why_not(measure: str) -> str:
    """Why a list cannot give a measure."""
    return f"a list of settlements does not show {NOT_SHOWN[measure]}; a ledger does (spec.audit.ledger)"


def _lives(case: Case) -> Iterator[tuple[Life, list[Settlement]]]:
    for number, life in case.requests.lives.items():
        yield life, case.listing.settles.get(number, [])


def _left_open(found: Ruling, why: str) -> Ruling:
    """The ruling, which decides nothing without a finding while something may have been booked under another payment."""
    return msgspec.structs.replace(found, open=why) if why and not found.findings and found.samples else found


def _too_often(settle: Mutation | None, settles: list[Settlement]) -> Iterator[Finding]:
    if not settles:
        return
    payment_id, total = settles[0].payment_id, sum(int(item.amount) for item in settles)
    if settle is None or settle.result is Result.REFUSED:
        why = "no settle was requested" if settle is None else f"the settle was refused ({settle.evidence.status})"
        refusal = [] if settle is None else [settle.evidence]
        yield finding(Rule.UNEXPECTED_SETTLE, payment_id, f"{why}, yet {total} was settled", [*refusal, settles[0]])
    elif len(settles) > 1:
        detail = f"one settle was requested under one key, and {len(settles)} are in the list: {total} in total"
        yield finding(Rule.DOUBLE_SETTLE, payment_id, detail, [settle.evidence, *settles[:2]], len(settles))


def _amounts(case: Case, life: Life, item: Settlement) -> Iterator[Finding]:
    settle, currency = life.mutations["settle"], case.plan.currency
    wanted, refunds = int(settle.amount or life.planned.amount), case.listing.refunds.get(life.planned.number, [])
    if int(item.amount) != wanted:
        yield _wrong(item, f"a settle of {wanted} was acknowledged, and {item.amount} was settled", [settle.evidence, item])
    elif item.currency is not None and item.currency.upper() != currency.upper():
        yield _wrong(item, f"a settle in {currency} was acknowledged, and it was in {item.currency}", [settle.evidence, item])
    elif len(refunds) == 1 and abs(int(refunds[0].amount)) != wanted:
        detail = f"a refund of {wanted} was requested, and {abs(int(refunds[0].amount))} was refunded"
        yield _wrong(item, detail, [item, refunds[0]])


def _doubtful(life: Life, settle: Mutation, settles: list[Settlement]) -> Iterator[Finding]:
    lost = f"{settle.ambiguous} of {settle.attempts} attempts to settle got no response"
    wanted = int(settle.amount or life.planned.amount)
    if len(settles) > 1:
        detail = f"{lost}, and it happened {len(settles)} times"
        yield finding(Rule.UNKNOWN_OUTCOME, settles[0].payment_id, detail, [settle.evidence, *settles[:2]], len(settles))
    elif settles and settle.result is Result.UNKNOWN and int(settles[0].amount) != wanted:
        detail = f"{lost}; {wanted} was requested, and {settles[0].amount} was settled"
        yield finding(Rule.UNKNOWN_OUTCOME, settles[0].payment_id, detail, [settle.evidence, settles[0]])


def _wrong(item: Settlement, detail: str, proof: list[Line]) -> Finding:
    return finding(Rule.AMOUNT_MISMATCH, item.payment_id, detail, proof)


def _several(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
