"""The routes of a tenant: payments, wallets, payees, policies, payouts and what can be read of them."""

from gateway.commands import (
    ROLES,
    SESSION,
    Approve,
    CreatePayee,
    CreatePayout,
    CreateWallet,
    Pause,
    PutPolicy,
    Reject,
    Reserve,
    Resume,
    Reverse,
    ReviewPayout,
    Settle,
)
from gateway.routes.route import Route, Undo

RESERVE = Route(
    "POST",
    "/v1/payments",
    ("agent",),
    "reserve",
    "Reserve a payment",
    Reserve,
    Undo("reverse", "releases the hold; it expires by itself, too"),
)
SETTLE = Route(
    "POST",
    "/v1/payments/{payment_id}/settle",
    ("agent",),
    "settle",
    "Settle a reserved payment",
    Settle,
    Undo("reverse", "refunds what was settled and is still owed to the payee"),
)
REVERSE = Route(
    "POST",
    "/v1/payments/{payment_id}/reverse",
    ("agent", "operator"),
    "reverse",
    "Release a hold or refund a settlement",
    Reverse,
    Undo("reserve", "reserves the same amount as a new payment"),
)
CREATE_WALLET = Route(
    "POST",
    "/v1/wallets",
    ("tenant_admin", SESSION),
    "create_wallet",
    "Create a wallet",
    CreateWallet,
    Undo(None, "an empty wallet moves no money"),
)
CREATE_PAYEE = Route(
    "POST",
    "/v1/payees",
    ("tenant_admin", SESSION),
    "create_payee",
    "Create a payee",
    CreatePayee,
    Undo(None, "a payee by itself moves no money; a policy can block it"),
    fresh=True,
)
PUT_POLICY = Route(
    "POST",
    "/v1/policies",
    ("tenant_admin", SESSION),
    "put_policy",
    "Set the tenant's policy",
    PutPolicy,
    Undo("put_policy", "puts the former document in force again"),
    fresh=True,
)
PAUSE = Route(
    "POST", "/v1/admin/pause", ("operator",), "pause", "Refuse new reserves", Pause, Undo("resume", "takes new reserves again")
)
RESUME = Route(
    "POST", "/v1/admin/resume", ("operator",), "resume", "Take new reserves again", Resume, Undo("pause", "refuses new reserves")
)

CREATE_PAYOUT = Route(
    "POST",
    "/v1/payouts",
    ("finance",),
    "payout",
    "Pay a payee what it is owed",
    CreatePayout,
    Undo(None, "what the rail has paid is out of reach; a payout that fails gives the amount back by itself"),
)
REVIEW_PAYOUT = Route(
    "POST",
    "/v1/payouts/{payout_id}/review",
    ("operator",),
    "review_payout",
    "Say what became of a payout that the rail cannot explain; two operators decide",
    ReviewPayout,
    Undo(None, "the decision of two operators is final; if the rail contradicts it later, that becomes a reconciliation item"),
)

APPROVE = Route(
    "POST",
    "/v1/payments/{payment_id}/approve",
    ("tenant_admin", "operator"),
    "approve",
    "Approve a payment that waits for it",
    Approve,
    Undo("reverse", "releases the hold that the last approval made"),
)
REJECT = Route(
    "POST",
    "/v1/payments/{payment_id}/reject",
    ("tenant_admin", "operator"),
    "reject",
    "Reject a payment that waits",
    Reject,
    Undo("reserve", "reserves the same amount as a new payment; the rejected one held nothing"),
)

MUTATIONS = (
    RESERVE,
    SETTLE,
    REVERSE,
    CREATE_WALLET,
    CREATE_PAYEE,
    PUT_POLICY,
    PAUSE,
    RESUME,
    CREATE_PAYOUT,
    REVIEW_PAYOUT,
    APPROVE,
    REJECT,
)

DRY_RUN = Route(
    "POST",
    "/v1/policies/dry-run",
    ("agent", "tenant_admin", SESSION),
    "dry_run",
    "What the policy would say to a payment; writes nothing",
    Reserve,
)
READERS = (*ROLES, SESSION)
"""Who may read what a tenant has: every key of it, and a session that acts in it."""

GET_PAYMENT = Route("GET", "/v1/payments/{payment_id}", READERS, "get_payment", "Read a payment")
LIST_PAYMENTS = Route("GET", "/v1/payments", READERS, "list_payments", "List payments, newest first")
LIST_WALLETS = Route("GET", "/v1/wallets", READERS, "list_wallets", "List wallets, newest first")
LIST_PAYEES = Route("GET", "/v1/payees", READERS, "list_payees", "List payees, newest first")
GET_WALLET = Route("GET", "/v1/wallets/{wallet_id}", READERS, "get_wallet", "Read a wallet's balances")
GET_PAYEE = Route("GET", "/v1/payees/{payee_id}", READERS, "get_payee", "Read a payee's balance")
GET_RECEIPT = Route("GET", "/v1/receipts/{receipt_id}", READERS, "get_receipt", "Read a receipt: the DSSE envelope itself")
LIST_RECEIPTS = Route("GET", "/v1/receipts", READERS, "list_receipts", "List receipts in journal order")
GET_KEY = Route("GET", "/v1/idempotency-keys/{key}", ("agent", "operator"), "get_idempotency_key", "What happened to a key")
LEDGER = Route("GET", "/v1/ledger/entries", ("operator", "finance"), "ledger", "Export ledger entries as NDJSON")
STATUS = Route("GET", "/v1/status", READERS, "status", "The service's mode, in words")
GET_POLICY = Route(
    "GET", "/v1/policies/{policy_sha256}", READERS, "get_policy", "Read a policy document, by the hash that receipts name"
)

LIST_PAYOUTS = Route(
    "GET", "/v1/payouts", ("tenant_admin", "operator", "finance", SESSION), "list_payouts", "List payouts, newest first"
)
GET_PAYOUT = Route(
    "GET", "/v1/payouts/{payout_id}", ("tenant_admin", "operator", "finance", SESSION), "get_payout", "Read a payout"
)

READS = (
    DRY_RUN,
    GET_PAYMENT,
    LIST_PAYMENTS,
    GET_WALLET,
    LIST_WALLETS,
    GET_PAYEE,
    LIST_PAYEES,
    GET_RECEIPT,
    LIST_RECEIPTS,
    GET_KEY,
    LEDGER,
    STATUS,
    LIST_PAYOUTS,
    GET_PAYOUT,
    GET_POLICY,
)
