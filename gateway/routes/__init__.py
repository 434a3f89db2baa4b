"""Every route in one table: who may call it, what it decodes to, and what it is called in metrics and documents."""

from gateway.routes import access, house, keys, payments
from gateway.routes.payments import (
    APPROVE,
    CREATE_PAYEE,
    CREATE_PAYOUT,
    CREATE_WALLET,
    DRY_RUN,
    GET_KEY,
    GET_PAYEE,
    GET_PAYMENT,
    GET_PAYOUT,
    GET_POLICY,
    GET_RECEIPT,
    GET_WALLET,
    LEDGER,
    LIST_PAYEES,
    LIST_PAYMENTS,
    LIST_PAYOUTS,
    LIST_RECEIPTS,
    LIST_WALLETS,
    PAUSE,
    PUT_POLICY,
    REJECT,
    RESERVE,
    RESUME,
    REVERSE,
    REVIEW_PAYOUT,
    SETTLE,
    STATUS,
)
from gateway.routes.route import Route, Undo

__all__ = [
    "APPROVE",
    "CREATE_PAYEE",
    "CREATE_PAYOUT",
    "CREATE_WALLET",
    "DRY_RUN",
    "GET_KEY",
    "GET_PAYEE",
    "GET_PAYMENT",
    "GET_PAYOUT",
    "GET_POLICY",
    "GET_RECEIPT",
    "GET_WALLET",
    "LEDGER",
    "LIST_PAYEES",
    "LIST_PAYMENTS",
    "LIST_PAYOUTS",
    "LIST_RECEIPTS",
    "LIST_WALLETS",
    "MUTATIONS",
    "PAUSE",
    "PUT_POLICY",
    "READS",
    "REJECT",
    "RESERVE",
    "RESUME",
    "REVERSE",
    "REVIEW_PAYOUT",
    "ROUTES",
    "SETTLE",
    "STATUS",
    "Route",
    "Undo",
    "reversal",
]

MUTATIONS: tuple[Route, ...] = payments.MUTATIONS + access.MUTATIONS + keys.MUTATIONS + house.MUTATIONS
READS: tuple[Route, ...] = payments.READS + access.READS + keys.READS + house.READS
ROUTES = MUTATIONS + READS

_BY_KIND = {route.kind: route for route in MUTATIONS}


def reversal(route: Route) -> str | None:
    """The mutation that takes this one back and what it does, or `none` and why; None for reads."""
    if route.undo is None:
        return None
    return f"{_BY_KIND[route.undo.by].name if route.undo.by else 'none'}: {route.undo.how}"
