"""The life of a setup as rows: from nothing to a verified receipt. The client walks it, and its journal keeps where it stands."""

from enum import StrEnum

from gateway.machines.machine import Machine


class OnboardingState(StrEnum):
    """What a setup has reached. The last four are ends; `gonogo setup resume` goes on from all of them but `completed`."""

    STARTED = "started"
    SERVICE_OK = "service_ok"
    CODE_WAIT = "code_wait"
    SIGNED_IN = "signed_in"
    TENANT_READY = "tenant_ready"
    KEY_READY = "key_ready"
    WALLET_READY = "wallet_ready"
    FUNDING = "funding"
    FUNDED = "funded"
    DECISION_ONLY = "decision_only"
    HOST_PLANNED = "host_planned"
    HOST_WRITTEN = "host_written"
    HOST_MANUAL = "host_manual"
    HOST_OK = "host_ok"
    CALLING = "calling"
    CHECKING = "checking"
    COMPLETED = "completed"
    TRUST_ONLY = "trust_only"
    PAUSED = "paused"
    BLOCKED = "blocked"


class OnboardingEvent(StrEnum):
    """What can happen to a setup."""

    BEGIN = "begin"
    PROBE_OK = "probe_ok"
    PROBE_DEGRADED = "probe_degraded"
    PROBE_FAILED = "probe_failed"
    SAVED_KEY = "saved_key"
    SAVED_SESSION = "saved_session"
    BOOTSTRAP_KEY = "bootstrap_key"
    ADDRESS = "address"
    CODE_OK = "code_ok"
    CODE_WRONG = "code_wrong"
    RESEND = "resend"
    LOCKED = "locked"
    EXPIRED = "expired"
    MAIL_DOWN = "mail_down"
    TENANT_FOUND = "tenant_found"
    TENANT_MADE = "tenant_made"
    SIGNUP_CLOSED = "signup_closed"
    TENANT_DISABLED = "tenant_disabled"
    KEY_MADE = "key_made"
    WALLET_MADE = "wallet_made"
    HAS_MONEY = "has_money"
    FUND = "fund"
    LATER = "later"
    RAIL_DOWN = "rail_down"
    AVAILABLE = "available"
    FUNDING_FAILED = "funding_failed"
    CLEARING = "clearing"
    HOSTS = "hosts"
    APPLIED = "applied"
    DECLINED = "declined"
    STALE = "stale"
    HOST_REFUSED = "host_refused"
    HOST_SEES_IT = "host_sees_it"
    NOT_CHECKABLE = "not_checkable"
    HOST_BLIND = "host_blind"
    PAY = "pay"
    DENIAL_SIGNED = "denial_signed"
    SETTLED = "settled"
    UNKNOWN = "unknown"
    CALL_DENIED = "call_denied"
    CALL_FAILED = "call_failed"
    PAYMENT_VERIFIED = "payment_verified"
    DENIAL_VERIFIED = "denial_verified"
    NOT_VERIFIED = "not_verified"
    QUIT = "quit"
    KILLED = "killed"
    BUDGET_SPENT = "budget_spent"


class OnboardingEffect(StrEnum):
    """Who or what makes the step: the user decides, the program goes on, a try is spent, something failed, the setup stops."""

    DECIDE = "decide"
    STEP = "step"
    TRY = "try"
    FAILURE = "failure"
    STOP = "stop"


_S, _E, _F = OnboardingState, OnboardingEvent, OnboardingEffect

_ENDS = (_S.COMPLETED, _S.TRUST_ONLY, _S.PAUSED, _S.BLOCKED)
_OPEN = tuple(state for state in _S if state not in _ENDS)

ONBOARDING = Machine(
    None,
    OnboardingState,
    OnboardingEvent,
    (
        (None, _E.BEGIN, _S.STARTED, _F.STEP),
        (_S.STARTED, _E.PROBE_OK, _S.SERVICE_OK, _F.STEP),
        (_S.STARTED, _E.PROBE_DEGRADED, _S.SERVICE_OK, _F.FAILURE),
        (_S.STARTED, _E.PROBE_FAILED, _S.BLOCKED, _F.FAILURE),
        (_S.SERVICE_OK, _E.SAVED_KEY, _S.KEY_READY, _F.STEP),
        (_S.SERVICE_OK, _E.SAVED_SESSION, _S.SIGNED_IN, _F.STEP),
        (_S.SERVICE_OK, _E.BOOTSTRAP_KEY, _S.TENANT_READY, _F.STEP),
        (_S.SERVICE_OK, _E.ADDRESS, _S.CODE_WAIT, _F.DECIDE),
        (_S.CODE_WAIT, _E.CODE_OK, _S.SIGNED_IN, _F.DECIDE),
        (_S.CODE_WAIT, _E.CODE_WRONG, _S.CODE_WAIT, _F.TRY),
        (_S.CODE_WAIT, _E.RESEND, _S.CODE_WAIT, _F.TRY),
        (_S.CODE_WAIT, _E.LOCKED, _S.SERVICE_OK, _F.FAILURE),
        (_S.CODE_WAIT, _E.EXPIRED, _S.SERVICE_OK, _F.FAILURE),
        (_S.CODE_WAIT, _E.MAIL_DOWN, _S.SERVICE_OK, _F.FAILURE),
        (_S.SIGNED_IN, _E.TENANT_FOUND, _S.TENANT_READY, _F.STEP),
        (_S.SIGNED_IN, _E.TENANT_MADE, _S.TENANT_READY, _F.STEP),
        (_S.SIGNED_IN, _E.SIGNUP_CLOSED, _S.BLOCKED, _F.FAILURE),
        (_S.SIGNED_IN, _E.TENANT_DISABLED, _S.BLOCKED, _F.FAILURE),
        (_S.TENANT_READY, _E.KEY_MADE, _S.KEY_READY, _F.STEP),
        (_S.KEY_READY, _E.WALLET_MADE, _S.WALLET_READY, _F.STEP),
        (_S.WALLET_READY, _E.HAS_MONEY, _S.FUNDED, _F.STEP),
        (_S.WALLET_READY, _E.FUND, _S.FUNDING, _F.DECIDE),
        (_S.WALLET_READY, _E.LATER, _S.DECISION_ONLY, _F.DECIDE),
        (_S.WALLET_READY, _E.RAIL_DOWN, _S.DECISION_ONLY, _F.FAILURE),
        (_S.FUNDING, _E.AVAILABLE, _S.FUNDED, _F.STEP),
        (_S.FUNDING, _E.FUNDING_FAILED, _S.WALLET_READY, _F.FAILURE),
        (_S.FUNDING, _E.CLEARING, _S.PAUSED, _F.STOP),
        (_S.FUNDED, _E.HOSTS, _S.HOST_PLANNED, _F.DECIDE),
        (_S.DECISION_ONLY, _E.HOSTS, _S.HOST_PLANNED, _F.DECIDE),
        (_S.HOST_PLANNED, _E.APPLIED, _S.HOST_WRITTEN, _F.DECIDE),
        (_S.HOST_PLANNED, _E.DECLINED, _S.HOST_MANUAL, _F.DECIDE),
        (_S.HOST_PLANNED, _E.STALE, _S.HOST_PLANNED, _F.TRY),
        (_S.HOST_PLANNED, _E.HOST_REFUSED, _S.HOST_MANUAL, _F.FAILURE),
        *(
            row
            for state in (_S.HOST_WRITTEN, _S.HOST_MANUAL)
            for row in (
                (state, _E.HOST_SEES_IT, _S.HOST_OK, _F.STEP),
                (state, _E.NOT_CHECKABLE, _S.HOST_OK, _F.STEP),
                (state, _E.HOST_BLIND, _S.HOST_PLANNED, _F.TRY),
            )
        ),
        (_S.HOST_OK, _E.PAY, _S.CALLING, _F.DECIDE),
        (_S.HOST_OK, _E.DENIAL_SIGNED, _S.CHECKING, _F.STEP),
        (_S.CALLING, _E.SETTLED, _S.CHECKING, _F.STEP),
        (_S.CALLING, _E.UNKNOWN, _S.CALLING, _F.TRY),
        (_S.CALLING, _E.CALL_DENIED, _S.HOST_OK, _F.FAILURE),
        (_S.CALLING, _E.CALL_FAILED, _S.HOST_OK, _F.FAILURE),
        (_S.CHECKING, _E.PAYMENT_VERIFIED, _S.COMPLETED, _F.STEP),
        (_S.CHECKING, _E.DENIAL_VERIFIED, _S.TRUST_ONLY, _F.STEP),
        (_S.CHECKING, _E.NOT_VERIFIED, _S.BLOCKED, _F.FAILURE),
        *((state, event, _S.PAUSED, _F.STOP) for state in _OPEN for event in (_E.QUIT, _E.KILLED, _E.BUDGET_SPENT)),
    ),
)
"""`denial_signed`: without money the gateway refuses the call, and its signed denial is what is verified."""


class Outage(StrEnum):
    """What a setup leans on and may be missing."""

    AUTH = "auth"
    MAIL = "mail"
    RAIL = "rail"
    HOST_FILE = "host_file"
    TERMINAL = "terminal"


NEEDS: dict[OnboardingEvent, frozenset[Outage]] = {
    _E.SAVED_SESSION: frozenset({Outage.AUTH}),
    _E.CODE_OK: frozenset({Outage.AUTH, Outage.MAIL}),
    _E.CODE_WRONG: frozenset({Outage.AUTH}),
    _E.RESEND: frozenset({Outage.AUTH, Outage.MAIL}),
    _E.ADDRESS: frozenset({Outage.AUTH}),
    _E.FUND: frozenset({Outage.RAIL}),
    _E.AVAILABLE: frozenset({Outage.RAIL}),
    _E.APPLIED: frozenset({Outage.HOST_FILE}),
    _E.HOST_SEES_IT: frozenset({Outage.HOST_FILE}),
}
"""The events that cannot happen in an outage. No event needs a terminal: every decision is also an option of the command."""

NEEDS_MONEY = frozenset({_E.PAY, _E.PAYMENT_VERIFIED})
NEEDS_NO_MONEY = frozenset({_E.DENIAL_SIGNED, _E.DENIAL_VERIFIED})
"""Whether the setup came through `funded` decides which of these can happen; the states after the hosts do not repeat it."""
