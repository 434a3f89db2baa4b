"""The words of the catalogue: codes, retry actions, and what a row of it says."""

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
    LOGIN_UNAVAILABLE = "login_unavailable"
    MAIL_UNAVAILABLE = "mail_unavailable"
    SIGNUP_CLOSED = "signup_closed"
    SIGNUP_WAITLISTED = "signup_waitlisted"
    OTP_INVALID = "otp_invalid"
    OTP_EXPIRED = "otp_expired"
    OTP_USED = "otp_used"
    OTP_LOCKED = "otp_locked"
    OTP_THROTTLED = "otp_throttled"
    SESSION_EXPIRED = "session_expired"
    SESSION_REVOKED = "session_revoked"
    STEP_UP_REQUIRED = "step_up_required"
    TENANT_DISABLED = "tenant_disabled"
    TENANT_CHOICE_REQUIRED = "tenant_choice_required"
    BOOTSTRAP_KEY_INVALID = "bootstrap_key_invalid"
    BOOTSTRAP_KEY_USED = "bootstrap_key_used"
    BOOTSTRAP_KEY_EXPIRED = "bootstrap_key_expired"
    NAME_TAKEN = "name_taken"
    KEY_REVOKED = "key_revoked"
    COHORT_FINAL = "cohort_final"
    EVENT_OUT_OF_ORDER = "event_out_of_order"


class RetryAction(StrEnum):
    """What the caller should do next, as one word a program can act on."""

    SAME_KEY = "same_key"
    NEW_KEY = "new_key"
    WAIT = "wait"
    POLL = "poll"
    FIX_REQUEST = "fix_request"
    AUTHENTICATE = "authenticate"
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
