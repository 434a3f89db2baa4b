"""The routes of access: signing in by code, and what a session does for itself."""

from gateway.commands import ANONYMOUS, HOUSE_ROLES, ROLES, SESSION
from gateway.commands.access import (
    ChangeAddress,
    ChooseTenant,
    ConfirmAddress,
    EndSession,
    RequestCode,
    ResendCode,
    SignIn,
    StepUp,
    Verify,
)
from gateway.routes.route import Route, Undo

SIGN_IN = Route(
    "POST",
    "/v1/access/sign-ins",
    (ANONYMOUS,),
    "sign_in",
    "Send a login code to an address, known or not",
    SignIn,
    Undo(None, "a code that nobody uses expires after ten minutes"),
    scope="sign_in",
    private=("address",),
)
RESEND_CODE = Route(
    "POST",
    "/v1/access/sign-ins/{sign_in_id}/resend",
    (ANONYMOUS,),
    "resend_code",
    "Send the same code once more",
    ResendCode,
    Undo(None, "a mail cannot be called back; its code expires"),
    scope="sign_in",
)
VERIFY = Route(
    "POST",
    "/v1/access/sign-ins/{sign_in_id}/verify",
    (ANONYMOUS,),
    "verify",
    "Trade a code for a session",
    Verify,
    Undo("end_session", "ends the session"),
    scope="sign_in",
    private=("code",),
    secret=True,
)
CHOOSE_TENANT = Route(
    "POST",
    "/v1/access/session/tenant",
    (SESSION,),
    "choose_tenant",
    "Choose the tenant in which the session acts",
    ChooseTenant,
    Undo("choose_tenant", "chooses another tenant"),
    scope="session",
)
REQUEST_CODE = Route(
    "POST",
    "/v1/access/session/codes",
    (SESSION, *HOUSE_ROLES),
    "request_code",
    "Send a code to the session's own address, for a step-up",
    RequestCode,
    Undo(None, "a code that nobody uses expires after ten minutes"),
    scope="session",
)
STEP_UP = Route(
    "POST",
    "/v1/access/session/step-up",
    (SESSION, *HOUSE_ROLES),
    "step_up",
    "Confirm a code, which makes the session fresh for ten minutes",
    StepUp,
    Undo(None, "the session is fresh for ten minutes at most"),
    scope="session",
    private=("code",),
)
END_SESSION = Route(
    "POST",
    "/v1/access/session/end",
    (SESSION, *HOUSE_ROLES),
    "end_session",
    "Log out, here or everywhere",
    EndSession,
    Undo("verify", "begins a new session"),
    scope="session",
)
CHANGE_ADDRESS = Route(
    "POST",
    "/v1/access/session/address",
    (SESSION, *HOUSE_ROLES),
    "change_address",
    "Send a code to a new address of the user",
    ChangeAddress,
    Undo(None, "nothing changes before the code is confirmed"),
    fresh=True,
    scope="session",
    private=("address",),
)
CONFIRM_ADDRESS = Route(
    "POST",
    "/v1/access/session/address/confirm",
    (SESSION, *HOUSE_ROLES),
    "confirm_address",
    "Confirm the new address; every session of the user ends",
    ConfirmAddress,
    Undo("change_address", "changes the address back, with a code to it"),
    scope="session",
    private=("code",),
)
GET_ME = Route(
    "GET", "/v1/access/me", (*ROLES, SESSION, *HOUSE_ROLES), "get_me", "Who calls, and in which tenant", scope="session"
)

MUTATIONS = (
    SIGN_IN,
    RESEND_CODE,
    VERIFY,
    CHOOSE_TENANT,
    REQUEST_CODE,
    STEP_UP,
    END_SESSION,
    CHANGE_ADDRESS,
    CONFIRM_ADDRESS,
)
READS = (GET_ME,)
