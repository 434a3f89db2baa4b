"""Was every debt paid once, and does the service say of each payout what the rail says?"""

from collections.abc import Iterator, Sequence

from loadtests.hostile.books import FAILED, FINAL, SUCCEEDED
from loadtests.hostile.judge.findings import Finding, Line, Rule, Ruling, finding
from loadtests.hostile.judge.join import Intent


def extra_charges(intents: Sequence[Intent]) -> Ruling:
    """Charges beyond the one that an intent is due, or beyond none where every request for it was refused."""
    charged = [intent for intent in intents if intent.taken]
    return Ruling(len(charged), tuple(_extra(charged)))


def _extra(intents: Sequence[Intent]) -> Iterator[Finding]:
    for intent in intents:
        refused = all(ask.type == "fail" for ask in intent.asks) and not intent.payouts
        surplus = len(intent.taken) - (0 if refused else 1)
        if surplus > 0:
            asked = intent.asks[0]
            told = "every request was refused" if refused else f"{asked.amount} {asked.currency} was owed once"
            detail = f"{told}, and the rail charged it {len(intent.taken)} times"
            proof: list[Line] = [asked, *intent.taken[:1]] if refused else [*intent.acknowledged[:1], *intent.taken[:2]]
            yield finding(Rule.EXTRA_CHARGE, intent.fault, asked.payout_id, surplus, detail, proof)


def missing_charges(intents: Sequence[Intent]) -> Ruling:
    """Payouts that the service calls succeeded and for which the rail has charged nothing."""
    paid = [intent for intent in intents if intent.paid]
    found = []
    for intent in paid:
        short = len(intent.paid) - len(intent.taken)
        if short > 0:
            payout = intent.paid[-1]
            detail = f"the service says {SUCCEEDED}; the rail has {len(intent.taken)} charges for {len(intent.paid)} such payouts"
            declined = [charge.final for charge in intent.charges if charge.final.status == FAILED]
            proof: list[Line] = [payout, *declined[:1]]
            found.append(finding(Rule.MISSING_CHARGE, intent.fault, payout.payout_id, short, detail, proof))
    return Ruling(sum(len(intent.paid) for intent in paid), tuple(found))


def wrong_outcomes(intents: Sequence[Intent]) -> Ruling:
    """Final states that the rail denies, payouts of other money than was asked for, and acknowledged payouts that are gone."""
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
            detail = f"{ask.amount} {ask.currency} for {ask.payee_id} was asked for"
            yield finding(Rule.WRONG_OUTCOME, intent.fault, payout.payout_id, 1, detail, [ask, payout])
    denied = intent.denied
    if denied:
        payout = intent.in_state(FAILED)[0]
        line = next((item for item in intent.taken if item.key == payout.rail_key), intent.taken[0])
        detail = f"the service says {FAILED}, and the rail has charged it"
        yield finding(Rule.WRONG_OUTCOME, intent.fault, payout.payout_id, denied, detail, [payout, line])


def unresolved(intents: Sequence[Intent]) -> Ruling:
    """Payouts that became neither final nor a case for people in the time given, and requests that were never answered."""
    samples = sum(max(len(intent.payouts), 1) for intent in intents)
    found = []
    for intent in intents:
        for payout in intent.payouts:
            if payout not in intent.open and payout.payout_id not in intent.late_ids:
                continue
            known = [line for charge in intent.charges for line in charge.lines if payout.rail_key in (None, line.key)]
            told = "the rail had decided" if known else "the rail has nothing of it"
            detail = f"not decided in the time given, {payout.state} at the end; {told}"
            found.append(finding(Rule.UNRESOLVED, intent.fault, payout.payout_id, 1, detail, [payout, *known[-1:]]))
        if not intent.payouts and all(ask.type == "info" for ask in intent.asks):
            ask = intent.asks[-1]
            found.append(finding(Rule.UNRESOLVED, intent.fault, None, 1, "no request for it got a clear answer", [ask]))
    return Ruling(samples, tuple(found))
