"""What the routes of access may answer."""

from gateway.access_answers import EndedView, MeView, SessionView, SignInView
from gateway.api.contract_row import Contract
from gateway.errors import Code
from gateway.routes.access import (
    CHANGE_ADDRESS,
    CHOOSE_TENANT,
    CONFIRM_ADDRESS,
    END_SESSION,
    GET_ME,
    REQUEST_CODE,
    RESEND_CODE,
    SIGN_IN,
    STEP_UP,
    VERIFY,
)

_MAIL = (Code.LOGIN_UNAVAILABLE, Code.MAIL_UNAVAILABLE, Code.OTP_THROTTLED)
_CLOSED = (Code.OTP_EXPIRED, Code.OTP_USED, Code.OTP_LOCKED)
_CODE = (Code.OTP_INVALID, *_CLOSED)

CONTRACTS: dict[str, Contract] = {
    SIGN_IN.kind: Contract(202, SignInView, _MAIL),
    RESEND_CODE.kind: Contract(202, SignInView, (Code.NOT_FOUND, *_MAIL, *_CLOSED)),
    VERIFY.kind: Contract(200, SessionView, (Code.NOT_FOUND, *_CODE)),
    CHOOSE_TENANT.kind: Contract(200, MeView, (Code.NOT_FOUND,)),
    REQUEST_CODE.kind: Contract(202, SignInView, _MAIL),
    STEP_UP.kind: Contract(200, MeView, _CODE),
    END_SESSION.kind: Contract(200, EndedView),
    CHANGE_ADDRESS.kind: Contract(202, SignInView, _MAIL),
    CONFIRM_ADDRESS.kind: Contract(200, EndedView, _CODE),
    GET_ME.kind: Contract(200, MeView),
}
