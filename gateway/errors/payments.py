"""Rows about payments, their policies and approvals, and payouts."""

from gateway.errors.row import Code, ErrorRow, RetryAction

ROWS = (
    ErrorRow(
        Code.POLICY_DENIED, 403, "policy", "The policy denies this payment", "no", RetryAction.NEW_KEY,
        "Read the reasons; change the payment so that it fits the policy, or ask a tenant administrator to change the policy.",
    ),
    ErrorRow(
        Code.INSUFFICIENT_FUNDS, 409, "payment", "The wallet does not hold enough", "no", RetryAction.FUND_WALLET,
        "Fund the wallet, then reserve again with a new key.",
    ),
    ErrorRow(
        Code.OVER_SETTLEMENT, 409, "payment", "More than the open hold", "no", RetryAction.FIX_REQUEST,
        "Settle at most the payment's open amount, with a new key.",
    ),
    ErrorRow(
        Code.CURRENCY_MISMATCH, 409, "payment", "Wallet, payee and payment differ in currency", "no", RetryAction.FIX_REQUEST,
        "Pay in the currency that both the wallet and the payee have, with a new key.",
    ),
    ErrorRow(
        Code.PARTIAL_RELEASE, 409, "payment", "A hold is released whole", "no", RetryAction.FIX_REQUEST,
        "Leave the amount out to release the whole open hold, or settle a part of it with `final: false`; use a new key.",
    ),
    ErrorRow(
        Code.RESERVATION_EXPIRED, 409, "payment", "The reservation has expired", "no", RetryAction.NEW_KEY,
        "Reserve again with a new key.",
    ),
    ErrorRow(
        Code.ALREADY_RELEASED, 409, "payment", "The hold was already released", "no", RetryAction.NEVER,
        "Read the payment; reserve again with a new key if it should still be paid.",
    ),
    ErrorRow(
        Code.ALREADY_SETTLED, 409, "payment", "The payment is already settled", "no", RetryAction.NEVER,
        "Read the payment; its receipts show what was settled.", "double-settle-alarm.md",
        severity="S3",
    ),
    ErrorRow(
        Code.REFUND_EXCEEDS_SETTLED, 409, "payment", "More than what was settled", "no", RetryAction.FIX_REQUEST,
        "Refund at most what is settled and not yet refunded, with a new key.",
    ),
    ErrorRow(
        Code.INSUFFICIENT_PAYABLE, 409, "payout", "The payee is owed less than that", "no", RetryAction.FIX_REQUEST,
        "Pay out, or refund, at most the payee's payable balance, with a new key.",
    ),
    ErrorRow(
        Code.OPERATION_OUTCOME_UNKNOWN, 409, "payout", "The outcome is not known yet", "unknown", RetryAction.POLL,
        "Read the payout until its state is succeeded, failed or manual_review; the gateway queries the rail meanwhile.",
        "unknown-outcomes.md", 5000, severity="S3",
    ),
    ErrorRow(
        Code.PAYOUT_FINAL, 409, "payout", "The payout is final already", "no", RetryAction.NEVER,
        "Read the payout; what the rail says later becomes a reconciliation item.",
    ),
    ErrorRow(
        Code.RAIL_DECLINED, 424, "rail", "The rail declined the payout", "no", RetryAction.NEW_KEY,
        "Read the payout's reason; fix what it names, then pay out again with a new key.",
    ),
    ErrorRow(
        Code.RAIL_UNAVAILABLE, 503, "rail", "There is no rail to pay through", "no", RetryAction.SAME_KEY,
        "Repeat with the same key once the operator has started the gateway with a rail; nothing was sent.", "rail-outage.md",
        5000, severity="S2",
    ),
    ErrorRow(
        Code.APPROVAL_REQUIRED, 409, "approval", "The payment waits for approval", "no", RetryAction.GET_APPROVAL,
        "Have it approved with POST /v1/payments/{payment_id}/approve before it expires, then use a new key.",
    ),
    ErrorRow(
        Code.APPROVAL_EXPIRED, 409, "approval", "Nobody approved it in time", "no", RetryAction.NEW_KEY,
        "Reserve again with a new key and a longer `expires_in_s`, and have it approved in time.",
    ),
    ErrorRow(
        Code.PAYMENT_REJECTED, 409, "approval", "The payment was rejected", "no", RetryAction.NEVER,
        "Ask the person who rejected it; the reason stands in the journal.",
    ),
    ErrorRow(
        Code.NOT_AWAITING_APPROVAL, 409, "approval", "The payment does not wait for approval", "no", RetryAction.NEVER,
        "Read the payment; one that is reserved is stopped with a reverse.",
    ),
    ErrorRow(
        Code.APPROVER_NOT_DISTINCT, 409, "approval", "Another person must decide", "no", RetryAction.NEVER,
        "Have somebody who has not voted on this payment, and did not ask for it, approve or reject it with a key of their own.",
    ),
    ErrorRow(
        Code.POLICY_UNUSABLE, 409, "policy", "The policy contradicts itself", "no", RetryAction.FIX_REQUEST,
        "Correct the limit that the detail names and put the policy again, with a new key.", severity="S3",
    ),
)  # fmt: skip
