"""Rule: every account of the plan changed by what the clients' responses explain, within what stayed ambiguous."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from gates.schema.ledger import LedgerEntry
from loadtests.books.entries import Balance, Gap
from loadtests.checker.case import Case
from loadtests.checker.findings import BalanceLine, Finding, Rule, Ruling, finding
from loadtests.checker.requests import Life, Mutation, Result

_Moves = tuple[int, int, int]  # held, available, payable
_NOTHING: _Moves = (0, 0, 0)


class Span(msgspec.Struct):
    """The least and the most by which an account may have changed."""

    least: int = 0
    most: int = 0

    def add(self, least: int, most: int) -> None:
        """Add one more change."""
        self.least += least
        self.most += most


def conservation(case: Case) -> Ruling:
    """Reported balances after the run less those before it, against the acknowledged effects; the ledger is not needed.

    Balances are a second source: a ledger that only repeats the responses of the clients does not explain them. Opportunities
    are the accounts, if anything was acknowledged.
    """
    assert not isinstance(case.opening.balances, Gap), "the rule's row lists the opening balances"
    if not any(balance.account.startswith("payee/") for balance in case.balances):
        return Ruling(0, (), open="the target does not define where the balances of payees can be read (spec.audit.payee)")
    before = {balance.account: int(balance.amount) for balance in case.opening.balances}
    spans = _spans(case, before)
    wallet = f"wallet/{case.plan.wallet_id}"
    after = [*case.balances, _together(case.balances, wallet)]
    before[wallet] = int(_together(case.opening.balances, wallet).amount)
    findings = [item for balance in after for item in _judge(balance, before.get(balance.account, 0), spans)]
    if findings and case.shared:
        return Ruling(0, (), open="the target declares other_writers, and the balances changed by more than this run explains")
    results = [mutation.result for mutation in case.requests.mutations.values()]
    made_of = {
        "acknowledged": results.count(Result.ACKNOWLEDGED),
        "refused": results.count(Result.REFUSED),
        "ambiguous": results.count(Result.UNKNOWN),
    }
    samples = len(case.balances) if made_of["acknowledged"] else 0
    return Ruling(max(samples, len(findings)), tuple(findings), made_of)


def _together(balances: Iterable[Balance], wallet: str) -> Balance:
    """What a wallet has, available and held: a hold that expires does not change it."""
    parts = (f"{wallet}/available", f"{wallet}/held")
    return Balance(wallet, str(sum(int(balance.amount) for balance in balances if balance.account in parts)))


def _judge(balance: Balance, before: int, spans: Mapping[str, Span]) -> list[Finding]:
    """A finding if the balance changed by what nothing explains; an account without a span is not judged."""
    span = spans.get(balance.account)
    if span is None:
        return []
    changed = int(balance.amount) - before
    if span.least <= changed <= span.most:
        return []
    nearest = span.least if changed < span.least else span.most
    expected = f"{span.least}" if span.least == span.most else f"{span.least} to {span.most}"
    detail = f"{balance.account} changed by {changed} since the run began; the responses to its clients explain {expected}"
    return [finding(Rule.CONSERVATION, None, detail, [BalanceLine(balance.account, balance.amount, str(before + nearest))])]


def _spans(case: Case, before: Mapping[str, int]) -> dict[str, Span]:
    spans: dict[str, Span] = defaultdict(Span, {balance.account: Span() for balance in case.balances})
    held, available = f"wallet/{case.plan.wallet_id}/held", f"wallet/{case.plan.wallet_id}/available"
    ended = _ended(case)
    for life in case.requests.lives.values():
        moves = _possible(life, may_expire=ended is None)
        for column, account in enumerate((held, available, f"payee/{life.planned.payee_id}/payable")):
            values = [move[column] for move in moves]
            spans[account].add(min(values), max(values))
        if ended is None:
            sums = [move[0] + move[1] for move in moves]
            spans[f"wallet/{case.plan.wallet_id}"].add(min(sums), max(sums))
    if ended is None:  # without a ledger, holds from before the run may have expired too
        spans[held].add(-max(before.get(held, 0), 0), 0)
        spans[available].add(0, max(before.get(held, 0), 0))
    for entry in ended or ():
        for posting in entry.postings:
            spans[posting.account].add(int(posting.amount), int(posting.amount))
    return spans


def _ended(case: Case) -> tuple[LedgerEntry, ...] | None:
    """The entries that no client requested (holds that expired, payouts that were decided); None without a ledger."""
    return None if case.gap(("entries", "opened")) else case.since.ended


def _possible(life: Life, *, may_expire: bool) -> set[_Moves]:
    """Everything that one planned payment may have moved, by what its clients know."""
    amount = int(life.planned.amount)
    reserve, settle = (life.mutations.get(name) for name in ("reserve", "settle"))
    settled = int(settle.amount or amount) if settle else amount
    hold, paid = (amount, -amount, 0), (0, -settled, settled)
    states = _after({_NOTHING}, {_NOTHING: hold}, reserve)
    states = _after(states, {hold: paid}, settle)
    states = _after(states, {hold: _NOTHING, paid: _NOTHING}, life.reversal)
    return states | {_NOTHING} if may_expire and hold in states else states


def _after(states: set[_Moves], change: Mapping[_Moves, _Moves], mutation: Mutation | None) -> set[_Moves]:
    """The states after a mutation: changed if it was acknowledged, as before if it was refused, either if that is unknown."""
    if mutation is None or mutation.result is Result.REFUSED:
        return states
    changed = {change.get(state, state) for state in states}
    return changed if mutation.result is Result.ACKNOWLEDGED else states | changed
