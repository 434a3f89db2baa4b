"""Which movements an effect makes: each moves an amount from one account to another, so an entry always balances."""

import msgspec

from gateway.answers import PostingView
from gateway.machines.payment import PaymentEffect


class Movement(msgspec.Struct, frozen=True):
    """`amount` minor units leave account `debit` and arrive at account `credit`, both numbers of the accounts table."""

    debit: int
    credit: int
    amount: int


class PaymentAccounts(msgspec.Struct, frozen=True):
    """The three accounts that a payment moves money between."""

    available: int
    held: int
    payable: int


def movements(effect: PaymentEffect, accounts: PaymentAccounts, amount: int, remainder: int = 0) -> tuple[Movement, ...]:
    """The movements of one effect. `remainder` is what a final settle gives back to the wallet."""
    match effect:
        case PaymentEffect.PAY_AND_RELEASE:
            paid = Movement(accounts.held, accounts.payable, amount)
            return (paid, Movement(accounts.held, accounts.available, remainder)) if remainder else (paid,)
        case PaymentEffect.HOLD:
            return (Movement(accounts.available, accounts.held, amount),)
        case PaymentEffect.PAY:
            return (Movement(accounts.held, accounts.payable, amount),)
        case PaymentEffect.RELEASE:
            return (Movement(accounts.held, accounts.available, amount),)
        case PaymentEffect.REFUND:
            return (Movement(accounts.payable, accounts.available, amount),)
        case PaymentEffect.NONE:
            return ()


def postings(moves: tuple[Movement, ...], currency: str, names: dict[int, str]) -> tuple[PostingView, ...]:
    """The entry as debit and credit legs, in the order in which the movements were made."""
    legs: list[PostingView] = []
    for move in moves:
        amount = str(move.amount)
        legs += (PostingView(names[move.debit], f"-{amount}", currency), PostingView(names[move.credit], amount, currency))
    return tuple(legs)
