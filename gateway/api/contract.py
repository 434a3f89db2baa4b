"""What each route may answer: the success and the refusals. The OpenAPI document is made from these rows."""

from gateway.answers import (
    DecisionView,
    EnvelopeView,
    KeyView,
    LedgerLine,
    ModeView,
    MutationView,
    PayeePage,
    PayeeView,
    PaymentPage,
    PaymentView,
    PayoutMutationView,
    PayoutPage,
    PayoutView,
    PolicyView,
    ReceiptPage,
    StatusView,
    WalletPage,
    WalletView,
)
from gateway.api import access_contract, house_contract
from gateway.api.contract_row import NDJSON, Contract
from gateway.commands import SESSION
from gateway.errors import Code
from gateway.policy import Policy
from gateway.routes import (
    APPROVE,
    CREATE_PAYEE,
    CREATE_PAYOUT,
    CREATE_WALLET,
    DRY_RUN,
    GET_KEY,
    GET_PAYEE,
    GET_PAYMENT,
    GET_PAYOUT,
    GET_POLICY,
    GET_RECEIPT,
    GET_WALLET,
    LEDGER,
    LIST_PAYEES,
    LIST_PAYMENTS,
    LIST_PAYOUTS,
    LIST_RECEIPTS,
    LIST_WALLETS,
    MUTATIONS,
    PAUSE,
    PUT_POLICY,
    REJECT,
    RESERVE,
    RESUME,
    REVERSE,
    REVIEW_PAYOUT,
    SETTLE,
    STATUS,
    Route,
)

_READ = (
    Code.INVALID_REQUEST,
    Code.RATE_LIMITED,
    Code.INTERNAL,
    Code.STORAGE_BUSY,
    Code.STORAGE_FULL,
    Code.STORAGE_UNUSABLE,
)
_KNOWN = (Code.UNAUTHENTICATED, Code.FORBIDDEN)
_OF_TENANTS = (Code.TENANT_DISABLED,)
_OF_SESSIONS = (Code.SESSION_EXPIRED, Code.SESSION_REVOKED)
_BODY = (Code.REQUEST_TIMEOUT, Code.PAYLOAD_TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE, Code.AMOUNT_NOT_INTEGER_STRING)
_KEYED = (
    Code.IDEMPOTENCY_KEY_MISSING,
    Code.IDEMPOTENCY_KEY_MALFORMED,
    Code.IDEMPOTENCY_KEY_AMBIGUOUS,
    Code.IDEMPOTENCY_KEY_REUSED,
    Code.IDEMPOTENCY_KEY_EXPIRED,
    Code.IDEMPOTENCY_IN_FLIGHT,
    Code.DRAINING,
)
_CLOSED = (
    Code.NOT_FOUND,
    Code.POLICY_DENIED,  # the payment itself was denied when it was to be reserved
    Code.RESERVATION_EXPIRED,
    Code.ALREADY_RELEASED,
    Code.ALREADY_SETTLED,
    Code.APPROVAL_EXPIRED,
    Code.PAYMENT_REJECTED,
)
_VOTE = (*_CLOSED, Code.NOT_AWAITING_APPROVAL, Code.APPROVER_NOT_DISTINCT)


CONTRACTS: dict[str, Contract] = {
    RESERVE.kind: Contract(
        201,
        MutationView,
        (Code.NOT_FOUND, Code.CURRENCY_MISMATCH, Code.POLICY_DENIED, Code.INSUFFICIENT_FUNDS, Code.PAUSED),
        also={202: "The payment waits for approval"},
    ),
    SETTLE.kind: Contract(200, MutationView, (*_CLOSED, Code.APPROVAL_REQUIRED, Code.OVER_SETTLEMENT)),
    REVERSE.kind: Contract(
        200,
        MutationView,
        (
            *(*_CLOSED, Code.APPROVAL_REQUIRED, Code.PARTIAL_RELEASE),
            *(Code.REFUND_EXCEEDS_SETTLED, Code.INSUFFICIENT_PAYABLE),
        ),
    ),
    APPROVE.kind: Contract(200, MutationView, (*_VOTE, Code.INSUFFICIENT_FUNDS, Code.PAUSED)),
    REJECT.kind: Contract(200, MutationView, _VOTE),
    CREATE_WALLET.kind: Contract(201, WalletView),
    CREATE_PAYEE.kind: Contract(201, PayeeView),
    PUT_POLICY.kind: Contract(201, PolicyView, (Code.POLICY_UNUSABLE,)),
    PAUSE.kind: Contract(200, ModeView),
    RESUME.kind: Contract(200, ModeView),
    DRY_RUN.kind: Contract(200, DecisionView, (Code.NOT_FOUND,)),
    GET_POLICY.kind: Contract(200, Policy, (Code.NOT_FOUND,)),
    GET_PAYMENT.kind: Contract(200, PaymentView, (Code.NOT_FOUND,)),
    LIST_PAYMENTS.kind: Contract(200, PaymentPage),
    GET_WALLET.kind: Contract(200, WalletView, (Code.NOT_FOUND,)),
    LIST_WALLETS.kind: Contract(200, WalletPage),
    LIST_PAYEES.kind: Contract(200, PayeePage),
    GET_PAYEE.kind: Contract(200, PayeeView, (Code.NOT_FOUND,)),
    GET_RECEIPT.kind: Contract(200, EnvelopeView, (Code.NOT_FOUND,)),
    LIST_RECEIPTS.kind: Contract(200, ReceiptPage, (Code.NOT_FOUND,)),
    GET_KEY.kind: Contract(200, KeyView, (Code.NOT_FOUND,)),
    LEDGER.kind: Contract(200, LedgerLine, media_type=NDJSON),
    CREATE_PAYOUT.kind: Contract(
        202,
        PayoutMutationView,
        (Code.NOT_FOUND, Code.CURRENCY_MISMATCH, Code.INSUFFICIENT_PAYABLE, Code.RAIL_UNAVAILABLE),
    ),
    REVIEW_PAYOUT.kind: Contract(200, PayoutView, (Code.NOT_FOUND, Code.OPERATION_OUTCOME_UNKNOWN, Code.PAYOUT_FINAL)),
    LIST_PAYOUTS.kind: Contract(200, PayoutPage),
    GET_PAYOUT.kind: Contract(200, PayoutView, (Code.NOT_FOUND,)),
    STATUS.kind: Contract(200, StatusView),
    **house_contract.CONTRACTS,
    **access_contract.CONTRACTS,
}


def refusals(route: Route) -> tuple[Code, ...]:
    """Every code with which a route may refuse, in the catalogue's order."""
    codes = {*CONTRACTS[route.kind].refusals, *_READ, *_callers_refusals(route)}
    if route.command is not None:
        codes.update(_BODY)
    if route in MUTATIONS:
        codes.update(_KEYED)
    return tuple(code for code in Code if code in codes)


def _callers_refusals(route: Route) -> set[Code]:
    """How a caller may be refused before the request is read. Any route may be sent a session, which may have ended."""
    if route.is_anonymous:
        return set()
    codes = {*_KNOWN, *_OF_SESSIONS, *_OF_TENANTS}
    if SESSION in route.roles and route.scope == "tenant":
        codes.add(Code.TENANT_CHOICE_REQUIRED)
    if route.fresh:
        codes.add(Code.STEP_UP_REQUIRED)
    return codes
