"""Does the money add up? The rules of payment amounts, within one receipt and from each receipt to the next."""

import msgspec

from gates.receipts.receipt import Receipt
from gates.receipts.standing import self_fault


class Amounts(msgspec.Struct, frozen=True):
    """Authorized, settled, released, open, refunded, charged back, in minor units."""

    authorized: int = 0
    settled: int = 0
    released: int = 0
    open: int = 0
    refunded: int = 0
    charged_back: int = 0


def amounts(receipt: Receipt) -> Amounts:
    """The receipt's totals as integers."""
    totals = receipt.money.totals
    return Amounts(*(int(getattr(totals, name)) for name in Amounts.__struct_fields__))


def standing_fault(receipt: Receipt) -> str | None:
    """What is wrong with this receipt alone: A = S + R + H, 0 <= F + C <= S, and what else its members say of the money."""
    now = amounts(receipt)
    if now.authorized != now.settled + now.released + now.open:
        return (
            f"authorized {now.authorized} is not settled {now.settled} + released {now.released} + open {now.open}"
            f" = {now.settled + now.released + now.open}"
        )
    if now.refunded + now.charged_back > now.settled:
        return f"refunded {now.refunded} + charged back {now.charged_back} is more than settled {now.settled}"
    if receipt.kind in ("denial", "escalation", "reject") and (receipt.money.moved != "no" or now != Amounts()):
        return f"a {receipt.kind} that holds or moves money"
    return self_fault(receipt)


def step_fault(receipt: Receipt, previous: Receipt | None) -> str | None:
    """What is wrong with the step from the previous receipt (None: the first) to this one."""
    before = amounts(previous) if previous else Amounts()
    now, amount = amounts(receipt), int(receipt.money.amount)
    rule = _STEPS[receipt.kind]
    if rule(before, now, amount):
        return None
    return (
        f"a {receipt.kind} of {amount} cannot lead from settled {before.settled}, released {before.released}, open {before.open},"
        f" refunded {before.refunded} to settled {now.settled}, released {now.released}, open {now.open}, refunded {now.refunded}"
    )


def _reserve(before: Amounts, now: Amounts, amount: int) -> bool:
    return before == Amounts() and now == Amounts(authorized=amount, open=amount) and amount > 0


def _denial(before: Amounts, now: Amounts, amount: int) -> bool:
    return before == now == Amounts() and amount >= 0


def _approve(before: Amounts, now: Amounts, amount: int) -> bool:
    """Nothing is held until the last approval, which holds all of it."""
    return before == Amounts() and now in (Amounts(), Amounts(authorized=amount, open=amount)) and amount > 0


def _settle(before: Amounts, now: Amounts, amount: int) -> bool:
    """The settled amount leaves the hold; what is left of the hold stays open, or is all released."""
    rest = before.open - amount
    kept = msgspec.structs.replace(before, settled=before.settled + amount, open=rest)
    freed = msgspec.structs.replace(kept, open=0, released=before.released + rest)
    return amount > 0 and rest >= 0 and now in (kept, freed)


def _reverse(before: Amounts, now: Amounts, amount: int) -> bool:
    """Either the whole open hold goes back to the wallet, or part of what was settled is refunded."""
    release = msgspec.structs.replace(before, open=0, released=before.released + before.open)
    refund = msgspec.structs.replace(before, refunded=before.refunded + amount)
    if before.open:
        return amount == before.open and now == release
    return amount > 0 and now == refund


def _expire(before: Amounts, now: Amounts, amount: int) -> bool:
    released = msgspec.structs.replace(before, open=0, released=before.released + before.open)
    return before.open == amount and now == released and (amount > 0 or before == Amounts())


def _payout(before: Amounts, now: Amounts, amount: int) -> bool:
    """Set aside; then open while the outcome is unknown; then paid out, or back with the payee. Nothing changes it after that."""
    aside = Amounts(authorized=amount, open=amount)
    ends = (Amounts(authorized=amount, settled=amount), Amounts(authorized=amount, released=amount))
    return amount > 0 and (now == aside if before == Amounts() else now == before or (before == aside and now in ends))


_STEPS = {
    "reserve": _reserve,
    "escalation": _denial,
    "denial": _denial,
    "approve": _approve,
    "reject": _denial,
    "settle": _settle,
    "reverse": _reverse,
    "expire": _expire,
    "payout": _payout,
}
