"""The receipts of one payment in their order: does each follow from the one before it, and does the money add up?"""

from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from gates.receipts.conservation import standing_fault, step_fault
from gates.receipts.levels import Level, Mark, Opened
from gates.receipts.receipt import Receipt, Subject


class Walk(msgspec.Struct, frozen=True):
    """What one walk from the first receipt to the first gap found.

    `votes` are the approvals and rejections up to each receipt, 0 in front; `fault` is the first wrong step, with its `seq`.
    """

    votes: tuple[int, ...]
    fault: tuple[int, str] | None

    @property
    def end(self) -> int:
        """The `seq` of the last receipt before the first gap; 0 where the first receipt was not given."""
        return len(self.votes) - 1


class Chain:
    """The receipts of one payment by `seq`; two at one place are a fork."""

    def __init__(self) -> None:
        self._places: dict[int, list[Opened]] = {}
        self._walk: Walk | None = None

    def add(self, item: Opened, receipt: Receipt) -> None:
        """Put a receipt in its place; the same one read twice counts once."""
        places = self._places.setdefault(receipt.operation.seq, [])
        if item.digest not in {other.digest for other in places}:
            places.append(item)

    def at(self, seq: int) -> Sequence[Opened]:
        """What stands at this place."""
        return self._places.get(seq, ())

    def walk(self) -> Walk:
        """The walk over all of it, made once."""
        if self._walk is None:
            self._walk = self._walked()
        return self._walk

    def _walked(self) -> Walk:
        votes = [0]
        fault: tuple[int, str] | None = None
        previous: Receipt | None = None
        while places := self.at(len(votes)):
            step = places[0].receipt
            assert step is not None, "only receipts that can be read are added"
            wrong = None if fault else step_fault(step, previous)
            fault = (step.operation.seq, wrong) if wrong else fault
            votes.append(votes[-1] + is_vote(step))
            previous = step
        return Walk(tuple(votes), fault)


def make_chains(opened: Iterable[Opened]) -> dict[Subject, Chain]:
    """Chains by payment or payout, of the receipts whose signature holds and whose key counts."""
    chains: dict[Subject, Chain] = {}
    for item in opened:
        if item.receipt is not None and (item.signature.mark, item.key.mark) == (Mark.PASS, Mark.PASS):
            chains.setdefault(item.receipt.subject, Chain()).add(item, item.receipt)
    return chains


def is_vote(receipt: Receipt) -> bool:
    """Whether a person approved or rejected; a first receipt of kind denial is the policy's own."""
    return receipt.kind == "approve" or (receipt.kind == "denial" and receipt.operation.seq > 1)


def chain_level(item: Opened, receipt: Receipt, chain: Chain) -> Level:
    """Whether the receipt follows from the one before it."""
    rivals = [other.origin for other in chain.at(receipt.operation.seq) if other.digest != item.digest]
    if rivals:
        return _fail("chain", f"there are two different receipts {receipt.operation.seq} of this payment; the other: {rivals[0]}")
    before = chain.at(receipt.operation.seq - 1)
    fault = _link_fault(receipt, before)
    if fault:
        return _fail("chain", fault)
    if receipt.operation.seq == 1:
        return Level("chain", Mark.PASS, "the first receipt of its payment")
    if not before:
        missing = (
            f"receipt {receipt.operation.seq - 1} of {receipt.subject.kind} {receipt.subject.id} was not given, or does not count"
        )
        return Level("chain", Mark.NOT_CHECKED, missing)
    return Level("chain", Mark.PASS, f"follows receipt {receipt.operation.seq - 1} of its payment, whose sha256 it names")


def _link_fault(receipt: Receipt, before: Sequence[Opened]) -> str | None:
    """What is wrong with the link to the predecessor, as far as it was given."""
    named = receipt.previous_receipt_sha256
    if (receipt.operation.seq == 1) != (named is None):
        return f"it is receipt {receipt.operation.seq} of its payment, and names {'a' if named else 'no'} predecessor"
    if not before:
        return None
    if named not in {other.digest for other in before}:
        return f"the sha256 of receipt {receipt.operation.seq - 1} is not the one that it names"
    previous = before[0].receipt
    if previous is not None and receipt.journal.seq <= previous.journal.seq:
        return f"its journal position {receipt.journal.seq} is not after {previous.journal.seq}, its predecessor's"
    changed = _changed(receipt, previous)
    return f"{changed} differs from receipt {receipt.operation.seq - 1} of the same payment" if changed else None


def _changed(receipt: Receipt, previous: Receipt | None) -> str | None:
    """The first member that must stay the same within a payment and does not."""
    same = ("parties.tenant_id", "parties.wallet_id", "parties.payee_id", "parties.agent_id", "money.currency", "expires_at")
    decided_again = receipt.kind in ("approve", "denial")  # with each approval the policy decides again
    return next((name for name in (*same, *(() if decided_again else ("policy",))) if _differs(receipt, previous, name)), None)


def _differs(receipt: Receipt, previous: Receipt | None, name: str) -> bool:
    return previous is not None and bool(attrgetter(name)(receipt) != attrgetter(name)(previous))


def conservation_level(receipt: Receipt, chain: Chain) -> Level:
    """Whether the totals add up, within the receipt and step by step from the payment's first one."""
    fault = standing_fault(receipt)
    if fault:
        return _fail("conservation", fault)
    walk = chain.walk()
    if walk.fault and walk.fault[0] < receipt.operation.seq:
        return _fail("conservation", f"receipt {walk.fault[0]}: {walk.fault[1]}")
    if walk.end < receipt.operation.seq - 1:
        return Level("conservation", Mark.PASS, "the totals add up within this receipt; earlier ones were not given")
    before = chain.at(receipt.operation.seq - 1)
    fault = step_fault(receipt, before[0].receipt if before else None)
    if fault:
        return _fail("conservation", f"receipt {receipt.operation.seq}: {fault}")
    totals = receipt.money.totals
    text = f"authorized {totals.authorized} = settled {totals.settled} + released {totals.released} + open {totals.open}"
    return Level("conservation", Mark.PASS, f"{text}, step by step from the payment's first receipt")


def votes_fault(receipt: Receipt, chain: Chain) -> str | None:
    """Each approval that the decision counts has a receipt; checked only where all earlier receipts were given."""
    walk = chain.walk()
    if walk.end < receipt.operation.seq - 1:
        return None
    votes = walk.votes[receipt.operation.seq - 1] + is_vote(receipt)
    counted = receipt.decision.inputs.get("approvals", [])
    named = len(counted) if isinstance(counted, list) else 0
    if named != votes:
        return f"it counts {named} approvals, the payment's receipts show {votes}"
    return _quorum_fault(receipt, chain) if is_vote(receipt) else None


def _quorum_fault(receipt: Receipt, chain: Chain) -> str | None:
    """A vote carries the number of approvals needed at the reserve: a policy that needs fewer by now does not lower it."""
    before = chain.at(receipt.operation.seq - 1)
    if not before or before[0].receipt is None:
        return None
    decided = before[0].receipt.decision
    needed = decided.inputs.get("least_approvals") or decided.approvals_needed
    carried = receipt.decision.inputs.get("least_approvals", 0)
    return (
        None
        if carried == needed
        else f"it carries {carried} as the approvals needed at the reserve, the receipt before it {needed}"
    )


def _fail(name: str, says: str) -> Level:
    return Level(name, Mark.FAIL, says)
