"""The catalogue of refusals: the API's body, the documentation page and `gonogo explain` read these rows."""

from enum import StrEnum
from typing import Literal

import msgspec


class Code(StrEnum):
    """Stable error codes; once published a code never changes its meaning."""

    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing"
    IDEMPOTENCY_KEY_MALFORMED = "idempotency_key_malformed"
    IDEMPOTENCY_KEY_AMBIGUOUS = "idempotency_key_ambiguous"
    INVALID_REQUEST = "invalid_request"
    AMOUNT_NOT_INTEGER_STRING = "amount_not_integer_string"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    POLICY_DENIED = "policy_denied"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    OVER_SETTLEMENT = "over_settlement"
    CURRENCY_MISMATCH = "currency_mismatch"
    PARTIAL_RELEASE = "partial_release"
    RESERVATION_EXPIRED = "reservation_expired"
    ALREADY_RELEASED = "already_released"
    ALREADY_SETTLED = "already_settled"
    REFUND_EXCEEDS_SETTLED = "refund_exceeds_settled"
    IDEMPOTENCY_KEY_EXPIRED = "idempotency_key_expired"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    INTERNAL = "internal"
    STORAGE_BUSY = "storage_busy"
    STORAGE_FULL = "storage_full"
    STORAGE_UNUSABLE = "storage_unusable"
    DRAINING = "draining"
    PAUSED = "paused"
    INSUFFICIENT_PAYABLE = "insufficient_payable"
    OPERATION_OUTCOME_UNKNOWN = "operation_outcome_unknown"
    PAYOUT_FINAL = "payout_final"
    RAIL_DECLINED = "rail_declined"
    RAIL_UNAVAILABLE = "rail_unavailable"
    IDEMPOTENCY_IN_FLIGHT = "idempotency_in_flight"
    RATE_LIMITED = "rate_limited"
    APPROVAL_REQUIRED = "approval_required"
    APPROVAL_EXPIRED = "approval_expired"
    PAYMENT_REJECTED = "payment_rejected"
    NOT_AWAITING_APPROVAL = "not_awaiting_approval"
    APPROVER_NOT_DISTINCT = "approver_not_distinct"
    POLICY_UNUSABLE = "policy_unusable"


class RetryAction(StrEnum):
    """What the caller should do next, as one word a program can act on."""

    SAME_KEY = "same_key"
    NEW_KEY = "new_key"
    WAIT = "wait"
    POLL = "poll"
    FIX_REQUEST = "fix_request"
    GET_APPROVAL = "get_approval"
    FUND_WALLET = "fund_wallet"
    CONTACT_OPERATOR = "contact_operator"
    NEVER = "never"


Severity = Literal["S1", "S2", "S3", "S4"]


class ErrorRow(msgspec.Struct, frozen=True):
    """One row: `money_moved` is yes, no or unknown; `after_ms` the pause before a retry; `runbook` a page of runbooks/.

    `severity` is where support starts when a caller reports the code, before anything else is known.
    """

    code: Code
    status: int
    category: str
    title: str
    money_moved: str
    retry: RetryAction
    next_step: str
    runbook: str = "errors.md"
    after_ms: int = 0
    severity: Severity = "S4"


class Refusal(msgspec.Struct, frozen=True):
    """An expected no: a row of the catalogue with the particulars of this request; `after_ms` is set where more is known."""

    code: Code
    detail: str
    reasons: tuple[str, ...] = ()
    operation: str | None = None
    resource: str | None = None
    money_moved: str | None = None
    after_ms: int | None = None

    @property
    def retry_after_ms(self) -> int:
        """The pause before a retry, in milliseconds."""
        return CATALOGUE[self.code].after_ms if self.after_ms is None else self.after_ms


class Refused(Exception):
    """Carries a refusal out of the HTTP layer's checks; the engine returns refusals as values."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


_ROWS = (
    ErrorRow(
        Code.IDEMPOTENCY_KEY_MISSING, 400, "idempotency", "Idempotency-Key is missing", "no", RetryAction.FIX_REQUEST,
        "Send an Idempotency-Key header of 16 to 255 visible ASCII characters, new for each logical payment step.",
    ),
    ErrorRow(
        Code.IDEMPOTENCY_KEY_MALFORMED, 400, "idempotency", "Idempotency-Key is malformed", "no", RetryAction.FIX_REQUEST,
        "Use 16 to 255 visible ASCII characters; a UUID is a good key.",
    ),
    ErrorRow(
        Code.IDEMPOTENCY_KEY_AMBIGUOUS, 400, "idempotency", "More than one Idempotency-Key", "no", RetryAction.FIX_REQUEST,
        "Send the header exactly once.",
    ),
    ErrorRow(
        Code.INVALID_REQUEST, 400, "request", "The request is not valid", "no", RetryAction.FIX_REQUEST,
        "Correct the field that the detail names; the OpenAPI document at /schema/openapi.json says what is allowed.",
    ),
    ErrorRow(
        Code.AMOUNT_NOT_INTEGER_STRING, 400, "request", "An amount is not an integer string", "no", RetryAction.FIX_REQUEST,
        'Write the amount as a string of digits in minor units, such as "1250" for 12.50; at least 1, at most 15 digits.',
    ),
    ErrorRow(
        Code.UNAUTHENTICATED, 401, "auth", "No valid API key", "no", RetryAction.FIX_REQUEST,
        "Send `Authorization: Bearer KEY` with a key that has not been revoked.",
    ),
    ErrorRow(
        Code.FORBIDDEN, 403, "auth", "This key may not do that", "no", RetryAction.NEVER,
        "Use a key with one of the roles that the detail names.",
    ),
    ErrorRow(
        Code.POLICY_DENIED, 403, "policy", "The policy denies this payment", "no", RetryAction.NEW_KEY,
        "Read the reasons; change the payment so that it fits the policy, or ask a tenant administrator to change the policy.",
    ),
    ErrorRow(
        Code.NOT_FOUND, 404, "request", "Not found", "no", RetryAction.NEVER,
        "Check the id; ids of other tenants are not found either.",
    ),
    ErrorRow(
        Code.METHOD_NOT_ALLOWED, 405, "request", "This method is not offered here", "no", RetryAction.NEVER,
        "Use a method that the Allow header names.",
    ),
    ErrorRow(
        Code.REQUEST_TIMEOUT, 408, "request", "The body did not arrive in time", "no", RetryAction.SAME_KEY,
        "Send the whole request again with the same key, on a new connection; a body has 10 seconds to arrive.",
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
        Code.IDEMPOTENCY_KEY_EXPIRED, 410, "idempotency", "The stored answer has expired", "no", RetryAction.NEVER,
        "Read the resource that this key made; the key never executes twice.", "unknown-outcomes.md", severity="S3",
    ),
    ErrorRow(
        Code.PAYLOAD_TOO_LARGE, 413, "request", "The body is too large", "no", RetryAction.FIX_REQUEST,
        "Send at most 64 KiB.",
    ),
    ErrorRow(
        Code.UNSUPPORTED_MEDIA_TYPE, 415, "request", "The body is not JSON", "no", RetryAction.FIX_REQUEST,
        "Send the body as JSON with `Content-Type: application/json`.",
    ),
    ErrorRow(
        Code.IDEMPOTENCY_KEY_REUSED, 422, "idempotency", "This key belongs to another request", "no", RetryAction.NEW_KEY,
        "Use a new key for a new request; repeat the first request exactly to get its stored answer.", "double-settle-alarm.md",
        severity="S3",
    ),
    ErrorRow(
        Code.INTERNAL, 500, "server", "Something went wrong here", "unknown", RetryAction.SAME_KEY,
        "Repeat the request with the same key until an answer is known; it never executes twice.", "double-settle-alarm.md", 1000,
        severity="S2",
    ),
    ErrorRow(
        Code.STORAGE_BUSY, 503, "server", "The database is locked by another program", "no", RetryAction.SAME_KEY,
        "Repeat with the same key; the operator should end the program that holds the database.", "rollback.md", 1000,
        severity="S2",
    ),
    ErrorRow(
        Code.STORAGE_FULL, 503, "server", "The disk is full", "no", RetryAction.SAME_KEY,
        "Repeat with the same key once the operator has made room; nothing was lost.", "disk-full.md", 5000, severity="S1",
    ),
    ErrorRow(
        Code.STORAGE_UNUSABLE, 503, "server", "The database cannot be used", "unknown", RetryAction.CONTACT_OPERATOR,
        "The operator should follow the runbook before any retry.", "rollback.md", 5000, severity="S1",
    ),
    ErrorRow(
        Code.DRAINING, 503, "server", "The gateway is shutting down", "no", RetryAction.SAME_KEY,
        "Repeat with the same key in a moment.", after_ms=1000,
    ),
    ErrorRow(
        Code.PAUSED, 503, "control", "New reserves are paused", "no", RetryAction.SAME_KEY,
        "Wait for the operator to resume; settles and reverses of open holds still work.", "pause-and-resume.md", 5000,
        severity="S3",
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
        Code.IDEMPOTENCY_IN_FLIGHT, 409, "idempotency", "The first request with this key is still under way", "unknown",
        RetryAction.SAME_KEY,
        "Repeat with the same key after the pause; `Prefer: wait=N` lets the gateway wait up to 25 seconds for the first.",
        "unknown-outcomes.md", 1000,
    ),
    ErrorRow(
        Code.RATE_LIMITED, 429, "control", "More requests than this tenant may make", "no", RetryAction.SAME_KEY,
        "Wait as long as Retry-After says, then repeat with the same key; nothing was decided.", after_ms=1000,
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

CATALOGUE: dict[Code, ErrorRow] = {row.code: row for row in _ROWS}

PROBLEM_JSON = "application/problem+json"


class Retry(msgspec.Struct, frozen=True):
    """How to retry: the action, and after how many milliseconds."""

    action: RetryAction
    after_ms: int


class Problem(msgspec.Struct, frozen=True, rename={"type_": "type"}):
    """The RFC 9457 body of every refusal."""

    type_: str
    title: str
    status: int
    detail: str
    code: Code
    category: str
    money_moved: str
    retry: Retry
    next_step: str
    reasons: tuple[str, ...]
    operation: str | None
    resource: str | None
    request_id: str


def problem(refusal: Refusal, request_id: str) -> Problem:
    """The answer body for a refusal."""
    row = CATALOGUE[refusal.code]
    return Problem(
        type_=f"urn:gonogo:error:{row.code}",
        title=row.title,
        status=row.status,
        detail=refusal.detail,
        code=row.code,
        category=row.category,
        money_moved=refusal.money_moved or row.money_moved,
        retry=Retry(row.retry, refusal.retry_after_ms),
        next_step=row.next_step,
        reasons=refusal.reasons,
        operation=refusal.operation,
        resource=refusal.resource,
        request_id=request_id,
    )


class StartProblem(Exception):
    """The gateway cannot start with this configuration; the text says why and what to do."""
