"""Rows about the request itself, its key, and the service as a whole."""

from gateway.errors.row import Code, ErrorRow, RetryAction

ROWS = (
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
        Code.UNAUTHENTICATED, 401, "auth", "No valid API key", "no", RetryAction.AUTHENTICATE,
        "Send `Authorization: Bearer KEY` with a key that has not been revoked; `gonogo setup login` signs you in to make one.",
    ),
    ErrorRow(
        Code.FORBIDDEN, 403, "auth", "This key may not do that", "no", RetryAction.NEVER,
        "Use a key or a session with one of the roles that the detail names; GET /v1/access/me shows the role of yours.",
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
        Code.IDEMPOTENCY_IN_FLIGHT, 409, "idempotency", "The first request with this key is still under way", "unknown",
        RetryAction.SAME_KEY,
        "Repeat with the same key after the pause; `Prefer: wait=N` lets the gateway wait up to 25 seconds for the first.",
        "unknown-outcomes.md", 1000,
    ),
    ErrorRow(
        Code.RATE_LIMITED, 429, "control", "More requests than this tenant may make", "no", RetryAction.SAME_KEY,
        "Wait as long as Retry-After says, then repeat with the same key; nothing was decided.", after_ms=1000,
    ),
)  # fmt: skip
