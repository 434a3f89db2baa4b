"""Rows about signing in: codes by mail, sessions, sign-up and bootstrap keys."""

from gateway.errors.row import Code, ErrorRow, RetryAction

_BOOK = "sign-in.md"

ROWS = (
    ErrorRow(
        Code.LOGIN_UNAVAILABLE, 503, "access", "This gateway sends no codes", "no", RetryAction.CONTACT_OPERATOR,
        "Ask the operator for a bootstrap key, and use it with `gonogo setup run --bootstrap-key -`.", _BOOK, 60_000,
        severity="S3",
    ),
    ErrorRow(
        Code.MAIL_UNAVAILABLE, 503, "access", "Mail cannot be sent now", "no", RetryAction.SAME_KEY,
        "Repeat with the same key after the pause, or ask the operator for a bootstrap key.", _BOOK, 60_000, severity="S3",
    ),
    ErrorRow(
        Code.SIGNUP_CLOSED, 403, "access", "Nobody makes a tenant here by signing up", "no", RetryAction.CONTACT_OPERATOR,
        "Ask the operator of this gateway for a bootstrap key, or to add you to a tenant.", _BOOK,
    ),
    ErrorRow(
        Code.SIGNUP_WAITLISTED, 403, "access", "You are on the waiting list", "no", RetryAction.CONTACT_OPERATOR,
        "Wait until the operator admits you, then send it again with a new key; a bootstrap key works at once.", _BOOK,
    ),
    ErrorRow(
        Code.OTP_INVALID, 401, "access", "The code is wrong", "no", RetryAction.NEW_KEY,
        "Type the code of the newest mail again, with a new key; the reasons name the tries that are left.", _BOOK,
    ),
    ErrorRow(
        Code.OTP_EXPIRED, 410, "access", "The code has expired", "no", RetryAction.AUTHENTICATE,
        "Begin a new sign-in: `gonogo setup login --resend`. A code counts for ten minutes.", _BOOK,
    ),
    ErrorRow(
        Code.OTP_USED, 409, "access", "The code was used already", "no", RetryAction.AUTHENTICATE,
        "Begin a new sign-in: `gonogo setup login --resend`. A code counts once.", _BOOK,
    ),
    ErrorRow(
        Code.OTP_LOCKED, 429, "access", "Too many wrong codes for this sign-in", "no", RetryAction.AUTHENTICATE,
        "Begin a new sign-in after the pause, or ask the operator for a bootstrap key.", _BOOK, 60_000,
    ),
    ErrorRow(
        Code.OTP_THROTTLED, 429, "access", "Too many codes were requested", "no", RetryAction.SAME_KEY,
        "Wait as long as Retry-After says, then repeat with the same key; a bootstrap key works at once.", _BOOK, 30_000,
    ),
    ErrorRow(
        Code.SESSION_EXPIRED, 401, "access", "The session is over", "no", RetryAction.AUTHENTICATE,
        "Sign in again: `gonogo setup login`.", _BOOK,
    ),
    ErrorRow(
        Code.SESSION_REVOKED, 401, "access", "The session was ended", "no", RetryAction.AUTHENTICATE,
        "Sign in again: `gonogo setup login`.", _BOOK,
    ),
    ErrorRow(
        Code.STEP_UP_REQUIRED, 403, "access", "This needs a fresh code", "no", RetryAction.AUTHENTICATE,
        "Request a code with POST /v1/access/session/codes, confirm it with POST /v1/access/session/step-up, "
        "then send the same request again.", _BOOK,
    ),
    ErrorRow(
        Code.TENANT_DISABLED, 403, "access", "The tenant is disabled", "no", RetryAction.CONTACT_OPERATOR,
        "Ask the operator of this gateway why; nothing of the tenant is lost.", _BOOK, severity="S3",
    ),
    ErrorRow(
        Code.TENANT_CHOICE_REQUIRED, 409, "access", "The session acts in no tenant yet", "no", RetryAction.FIX_REQUEST,
        "Choose one with POST /v1/access/session/tenant, or `--tenant ID`; GET /v1/access/me lists yours.", _BOOK,
    ),
    ErrorRow(
        Code.BOOTSTRAP_KEY_INVALID, 401, "access", "No valid bootstrap key", "no", RetryAction.CONTACT_OPERATOR,
        "Check that the whole key was pasted, or ask the operator to make another.", _BOOK,
    ),
    ErrorRow(
        Code.BOOTSTRAP_KEY_USED, 409, "access", "The bootstrap key was used already", "no", RetryAction.CONTACT_OPERATOR,
        "Ask the operator to make another; if it was not you who used it, say so: its API keys must be revoked.", _BOOK,
        severity="S3",
    ),
    ErrorRow(
        Code.BOOTSTRAP_KEY_EXPIRED, 410, "access", "The bootstrap key has expired", "no", RetryAction.CONTACT_OPERATOR,
        "Ask the operator to make another; a bootstrap key counts for 72 hours.", _BOOK,
    ),
    ErrorRow(
        Code.NAME_TAKEN, 409, "access", "The name stands for somebody else", "no", RetryAction.FIX_REQUEST,
        "Choose another name, and send the request with a new key.", _BOOK,
    ),
    ErrorRow(
        Code.KEY_REVOKED, 409, "access", "The key was revoked already", "no", RetryAction.NEW_KEY,
        "Make a new key with POST /v1/access/keys; one that was revoked stays so.", _BOOK,
    ),
    ErrorRow(
        Code.COHORT_FINAL, 409, "access", "The tenant cannot get this cohort", "no", RetryAction.NEVER,
        "Read the detail; a tenant that was ever simulated stays so: make another tenant for real users.", _BOOK,
    ),
    ErrorRow(
        Code.EVENT_OUT_OF_ORDER, 409, "access", "An earlier event of the run is missing", "no", RetryAction.NEW_KEY,
        "Report the event that the detail names first; a setup goes on without it.", _BOOK,
    ),
)  # fmt: skip
