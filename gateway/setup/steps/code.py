"""Step `code`: start the sign-in, then trade the code from the mail for a session."""

import re

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.choices import FROM_INPUT
from gateway.setup.happened import Happened, failed
from gateway.setup.lines import Found
from gateway.setup.short_file import CODE_WAIT_S
from gateway.setup.walk import Walk
from gateway.setup.wire import RequestRefused

DIGITS = 8
_E = OnboardingEvent
_TRIES_LEFT, _COUNT = "tries_left", re.compile(r"[0-9]{1,3}")
_OVER = (_E.CODE_OK, _E.EXPIRED, _E.LOCKED)
_EVENTS = {
    "mail_unavailable": _E.MAIL_DOWN,
    "login_unavailable": _E.MAIL_DOWN,
    "otp_invalid": _E.CODE_WRONG,
    "otp_expired": _E.EXPIRED,
    "otp_used": _E.EXPIRED,
    "otp_locked": _E.LOCKED,
    "otp_throttled": _E.LOCKED,
    "invalid_request": _E.EXPIRED,
}


def code(walk: Walk) -> Happened:
    """One code that is sent, one that is given, one answer."""
    try:
        if walk.memory.sign_in_id is None:
            _start(walk)
            if walk.choices.resend:
                return _resend(walk)
        if walk.memory.code_refused is not None and not walk.person.terminal:
            return _nobody_types(walk.memory.code_refused)
        given = _code(walk)
        if given is None:
            return _resend(walk)
        if len(given) != DIGITS or not (given.isascii() and given.isdigit()):
            detail = f"a code has {DIGITS} digits, so this one was not sent and cost no try"
            walk.memory.code_refused = Happened(_E.CODE_WRONG, "otp_invalid", detail)
            return walk.memory.code_refused
        path = f"/v1/access/sign-ins/{walk.memory.sign_in_id}/verify"
        made = walk.send(path, {"code": given}, None, after=_OVER, rekey=True).decoded()
    except RequestRefused as refused:
        return _refused(walk, refused)
    walk.memory.session = str(made["session_token"])
    walk.local.save_session(walk.wire.base_url, walk.memory.session)
    return Happened(_E.CODE_OK)


def _start(walk: Walk) -> None:
    body = {"address": walk.memory.address, "run": walk.run}
    answer = walk.send("/v1/access/sign-ins", body, None, after=_OVER, rekey=True).decoded()
    walk.memory.sign_in_id = str(answer["sign_in_id"])
    walk.talk.say(f"A code of {DIGITS} digits is on its way to that address by mail. It works for ten minutes.")


def _refused(walk: Walk, refused: RequestRefused) -> Happened:
    event = _EVENTS.get(refused.refusal.code)
    if event is None:
        raise refused
    happened = _wrong(refused) if event is _E.CODE_WRONG else failed(event, refused)
    walk.memory.code_refused = happened
    if event is not _E.CODE_WRONG:
        walk.memory.sign_in_id = None
    if event in (_E.MAIL_DOWN, _E.LOCKED):
        walk.memory.sign_in_down = happened
    if refused.refusal.code == "invalid_request":
        walk.memory.address = None
        walk.local.save_address("")
    return happened


def _wrong(refused: RequestRefused) -> Happened:
    """A wrong code, with how many tries the gateway still gives."""
    named = (reason.partition(":") for reason in refused.refusal.reasons)
    left = next((int(count) for name, _, count in named if name == _TRIES_LEFT and _COUNT.fullmatch(count)), None)
    found, detail = (None, "") if left is None else (Found(tries_left=left), f"tries left: {left}")
    return Happened(_E.CODE_WRONG, refused.refusal.code, detail, found=found)


def _nobody_types(refused: Happened) -> Happened:
    """The code that was given does not count and nobody is there to type another: the setup pauses with why it does not."""
    return Happened(_E.QUIT, refused.code, refused.detail, "gonogo setup resume --code CODE")


def _code(walk: Walk) -> str | None:
    """The code that was given, without spaces; None to have another one sent."""
    given = None if walk.memory.code_given else _from_flags(walk)
    walk.memory.code_given = True
    if given is None:
        walk.wait_for("mail")
        given = walk.person.text("Code from the mail (leave empty to get another mail)", "--code CODE", "")
    return given.replace(" ", "").replace("-", "") or None


def _from_flags(walk: Walk) -> str | None:
    if walk.choices.code == FROM_INPUT:
        walk.wait_for("mail")
        return walk.person.line("code")
    if walk.choices.code is not None:
        return walk.choices.code
    return None if walk.choices.code_file is None else walk.line_of(walk.choices.code_file, "code", "mail", CODE_WAIT_S)


def _resend(walk: Walk) -> Happened:
    """Have another mail sent. Where that is too early, the code of the former one still counts."""
    path = f"/v1/access/sign-ins/{walk.memory.sign_in_id}/resend"
    try:
        walk.send(path, {}, None, after=(_E.RESEND,))
    except RequestRefused as refused:
        if refused.refusal.code != "otp_throttled":
            raise
        return failed(_E.RESEND, refused)
    walk.talk.say("another mail is on its way; it has the same code")
    return Happened(_E.RESEND)
