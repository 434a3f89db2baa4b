"""What each code of the gateway means to a setup: who can fix it, and the next command. Read by code, never from a text."""

from typing import Literal

from gateway.errors import CATALOGUE, Code
from gateway.setup.failures import FAILURES, RUNBOOK, FailureRow, Next, SetupCode, Step

_BOOTSTRAP = "gonogo setup resume --bootstrap-key -"
_LOGIN = "gonogo setup login"
_RESUME = "gonogo setup resume"
_FOR_READING = "errors.md"


def _row(
    code: str, step: Step, title: str, who: Literal["user", "operator"], text: str, command: str, runbook: str = RUNBOOK
) -> FailureRow:
    return FailureRow(code, step, title, who, Next(text, command, runbook))


_ROWS = (
    _row(
        "login_unavailable", "sign_in", "Nobody can sign in by a code now", "operator",
        "Go on with a bootstrap key, which an operator makes; or try again later.", _BOOTSTRAP,
    ),
    _row(
        "mail_unavailable", "sign_in", "The gateway cannot send mail now", "operator",
        "Go on with a bootstrap key, which an operator makes; or try again in a minute.", _BOOTSTRAP, "mail.md",
    ),
    _row(
        "signup_closed", "tenant", "Nobody can sign up here", "operator",
        "Request a bootstrap key from the gateway's operator.", _BOOTSTRAP, "sign-in.md",
    ),
    _row(
        "signup_waitlisted", "tenant", "You are on the waiting list", "operator",
        "Wait until the operator admits you, then go on; or request a bootstrap key.", _RESUME,
    ),
    _row(
        "otp_invalid", "sign_in", "The code is not right", "user",
        "Give the code of the newest mail; once no try is left, have another code sent.", _RESUME,
    ),
    _row(
        "otp_expired", "sign_in", "The code has expired", "user",
        "Have another code sent.", "gonogo setup login --resend",
    ),
    _row(
        "otp_used", "sign_in", "The code was used already", "user",
        "Have another code sent.", "gonogo setup login --resend",
    ),
    _row(
        "otp_locked", "sign_in", "Too many wrong codes", "user",
        "Wait until codes are taken again, then go on; or use a bootstrap key, which an operator makes.", _RESUME,
    ),
    _row(
        "otp_throttled", "sign_in", "Too many codes were requested", "user",
        "Wait until codes are taken again, then go on; or use a bootstrap key, which an operator makes.", _RESUME,
    ),
    _row(
        "session_expired", "sign_in", "The session has ended", "user",
        "Sign in again, then go on.", _LOGIN,
    ),
    _row(
        "session_revoked", "sign_in", "The session was ended", "user",
        "Sign in again, then go on.", _LOGIN,
    ),
    _row(
        "step_up_required", "sign_in", "This needs a code of the last ten minutes", "user",
        "Sign in again, which sends a fresh code; then go on: the same request is sent.", _LOGIN,
    ),
    _row(
        "tenant_disabled", "tenant", "The tenant is stopped", "operator",
        "Ask the gateway's operator why; then go on.", _RESUME,
    ),
    _row(
        "tenant_choice_required", "tenant", "You belong to several tenants", "user",
        "Name the one that this setup is for.", "gonogo setup resume --tenant TENANT_ID",
    ),
    _row(
        "bootstrap_key_invalid", "sign_in", "The bootstrap key is not one of this gateway", "operator",
        "Copy it again whole, or have the operator make another.", _BOOTSTRAP,
    ),
    _row(
        "bootstrap_key_used", "sign_in", "The bootstrap key was used already", "operator",
        "It works once; have the operator make another.", _BOOTSTRAP,
    ),
    _row(
        "bootstrap_key_expired", "sign_in", "The bootstrap key has expired", "operator",
        "It lives 72 hours; have the operator make another.", _BOOTSTRAP,
    ),
    _row(
        "unauthenticated", "key", "The gateway does not know the API key", "user",
        "It was revoked, or it is another gateway's. Sign in, then go on: the setup makes another.", _LOGIN,
    ),
    _row(
        "forbidden", "key", "The key or session may not do that", "user",
        "Sign in, then go on.", _LOGIN,
    ),
    _row(
        "internal", "call", "Something went wrong in the gateway", "operator",
        "Go on: nothing is done twice. If it happens again, send the ticket's text to the gateway's operator.", _RESUME,
        "double-settle-alarm.md",
    ),
    _row(
        "paused", "call", "New payments are paused", "operator",
        "Wait until the operator takes payments again, then go on; no money has moved.", _RESUME, "pause-and-resume.md",
    ),
    _row(
        "rate_limited", "call", "More requests than this tenant may make", "user",
        "Wait a moment, then go on.", _RESUME,
    ),
    _row(
        "rail_unavailable", "call", "The payment rail is down", "operator",
        "Everything except a payment works. Go on once the rail is back.", _RESUME, "rail-outage.md",
    ),
    _row(
        "insufficient_funds", "call", "The wallet does not hold enough", "operator",
        "Go on once the wallet holds money.", _RESUME,
    ),
    _row(
        "approval_required", "call", "The payment waits for an approval", "user",
        "Have it approved or rejected, then go on.", _RESUME,
    ),
)  # fmt: skip

SERVER_ROWS: dict[str, FailureRow] = {row.code: row for row in _ROWS}


def row_of(code: str) -> FailureRow:
    """The row of any code: the client's own, one of this table, one of the gateway's catalogue, else a new gateway's."""
    if code in FAILURES:
        return FAILURES[SetupCode(code)]
    if code in SERVER_ROWS:
        return SERVER_ROWS[code]
    command = f"gonogo explain {code}"
    if code in CATALOGUE:
        known = CATALOGUE[Code(code)]
        who: Literal["user", "operator"] = "operator" if known.status >= 500 else "user"
        page = RUNBOOK if known.runbook == _FOR_READING else known.runbook
        return FailureRow(code, "call", known.title, who, Next(known.next_step, command, page))
    unknown = f"This release does not know the code {code}"
    return FailureRow(code, "call", unknown, "operator", Next("Update gonogo, then go on.", "gonogo setup probe", RUNBOOK))


def as_markdown() -> str:
    """The codes of a setup as a table for the page: the client's own, then those of the gateway's sign-in."""
    lines = ["", "| code | what it means | who fixes it | next | command |", "|---|---|---|---|---|"]
    for row in (*FAILURES.values(), *SERVER_ROWS.values()):
        command = row.next.command.format(host="HOST", file="FILE")
        lines.append(f"| `{row.code}` | {row.title} | {row.who} | {row.next.text} | `{command}` |")
    return "\n".join((*lines, "", ""))
