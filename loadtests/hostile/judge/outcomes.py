"""Rules: every debt was paid once, and the service reports each payout as the rail does."""

from collections.abc import Iterator, Sequence

from loadtests.hostile.books import FAILED, FINAL, SUCCEEDED
from loadtests.hostile.judge.findings import Finding, Line, Rule, Ruling, finding
from loadtests.hostile.judge.join import Intent


def extra_charges(intents: Sequence[Intent]) -> Ruling:
    """Charges beyond the one that is due for an intent, or beyond none if every request for it was refused."""
    charged = [intent for intent in intents if intent.taken]
    return Ruling(len(charged), tuple(_extra(charged)))


def _extra(intents: Sequence[Intent]) -> Iterator[Finding]:
    for intent in intents:
        refused = all(ask.type == "fail" for ask in intent.asks) and not intent.payouts
        surplus = len(intent.taken) - (0 if refused else 1)
        if surplus > 0:
            asked = intent.asks[0]
            due = "every request was refused" if refused else f"{asked.amount} {asked.currency} was owed once"
            detail = f"{due}, and the rail charged it {len(intent.taken)} times"
            proof: list[Line] = [asked, *intent.taken[:1]] if refused else [*intent.acknowledged[:1], *intent.taken[:2]]
            yield finding(Rule.EXTRA_CHARGE, intent.fault, asked.payout_id, surplus, detail, proof)


def missing_charges(intents: Sequence[Intent]) -> Ruling:
    """Payouts that the service reports as succeeded without a charge of the rail."""
    paid = [intent for intent in intents if intent.paid]
    found = []
    for intent in paid:
        short = len(intent.paid) - len(intent.taken)
        if short > 0:
            payout = intent.paid[-1]
            detail = f"the service reports {SUCCEEDED}; the rail has {len(intent.taken)} charges for {len(intent.paid)} of them"
            declined = [charge.final for charge in intent.charges if charge.final.status == FAILED]
            proof: list[Line] = [payout, *declined[:1]]
            found.append(finding(Rule.MISSING_CHARGE, intent.fault, payout.payout_id, short, detail, proof))
    return Ruling(sum(len(intent.paid) for intent in paid), tuple(found))


def wrong_outcomes(intents: Sequence[Intent]) -> Ruling:
    """Final states that contradict the rail, payouts of another amount than requested, and lost acknowledged payouts."""
    samples = sum(len(intent.in_state(*FINAL)) for intent in intents)
    return Ruling(samples, tuple(item for intent in intents for item in _wrong(intent)))


def _wrong(intent: Intent) -> Iterator[Finding]:
    there = {payout.payout_id for payout in intent.payouts}
    for ask in intent.acknowledged:
        if ask.payout_id not in there:
            detail = f"the payout was acknowledged ({ask.status}), and the service does not have it"
            yield finding(Rule.WRONG_OUTCOME, intent.fault, ask.payout_id, 1, detail, [ask])
    for payout in intent.payouts:
        ask = intent.asks[0]
        if (payout.payee_id, payout.amount, payout.currency) != (ask.payee_id, ask.amount, ask.currency):
            detail = f"{ask.amount} {ask.currency} for {ask.payee_id} was requested"
            yield finding(Rule.WRONG_OUTCOME, intent.fault, payout.payout_id, 1, detail, [ask, payout])
    denied = intent.denied
    if denied:
        payout = intent.in_state(FAILED)[0]
        line = next((item for item in intent.taken if item.key == payout.rail_key), intent.taken[0])
        detail = f"the service reports {FAILED}, and the rail has charged it"
        yield finding(Rule.WRONG_OUTCOME, intent.fault, payout.payout_id, denied, detail, [payout, line])


def unresolved(intents: Sequence[Intent]) -> Ruling:
    """Payouts that are neither final nor under manual review within the time limit, and requests without a response."""
    samples = sum(max(len(intent.payouts), 1) for intent in intents)
    found = []
    for intent in intents:
        for payout in intent.payouts:
            if payout not in intent.open and payout.payout_id not in intent.late_ids:
                continue
            known = [line for charge in intent.charges for line in charge.lines if payout.rail_key in (None, line.key)]
            due = "the rail had decided" if known else "the rail has no charge for it"
            detail = f"not decided within the time limit, {payout.state} at the end; {due}"
            found.append(finding(Rule.UNRESOLVED, intent.fault, payout.payout_id, 1, detail, [payout, *known[-1:]]))
        if not intent.payouts and all(ask.type == "info" for ask in intent.asks):
            ask = intent.asks[-1]
            found.append(finding(Rule.UNRESOLVED, intent.fault, None, 1, "no request for it got a clear response", [ask]))
    return Ruling(samples, tuple(found))
