"""Steps `pay` and `call`: one small payment; without money, a call that the policy denies with a signed denial."""

from gateway.machines.onboarding import OnboardingEvent
from gateway.setup.failures import SetupCode, SetupProblem
from gateway.setup.happened import Happened, failed
from gateway.setup.lines import Found, Line
from gateway.setup.money import shown
from gateway.setup.steps.wallet import AMOUNT, dry_run
from gateway.setup.walk import Walk
from gateway.setup.wire import NoAnswer, RequestRefused

_E = OnboardingEvent
_RESERVE = "POST /v1/payments"
_DENIED = "policy_denied"
_TOO_MUCH = ("1001", "999999999999999")
"""Amounts that the policy denies: more than the one that the setup proposes allows, and more than any is likely to allow."""


def pay(walk: Walk) -> Happened:
    """Whether to pay; without money, the denied call is made at once."""
    if not walk.memory.has_money:
        return _denied(walk)
    if walk.memory.denied is not None:
        return Happened(_E.BUDGET_SPENT, walk.memory.denied.code, walk.memory.denied.detail, walk.memory.denied.command)
    begun = any(
        line.request is not None and line.request.route == _RESERVE and line.step == "call" for line in walk.journal.lines
    )
    if begun or _agreed(walk):
        return Happened(_E.PAY)
    return Happened(_E.QUIT, SetupCode.SETUP_QUIT.value, "no payment was wanted")


def _agreed(walk: Walk) -> bool:
    if walk.choices.pay is not None:
        return walk.choices.pay
    walk.person.require("--pay")
    walk.wait_for("user")
    amount, kind = shown(AMOUNT, walk.memory.currency), " of demo money" if walk.found.demo_money else ""
    return walk.person.yes(f"Pay {amount}{kind} to the payee {walk.found.payee_id} now?", "--pay")


def call(walk: Walk) -> Happened:
    """Reserve and settle. What is not known is sent again with the same keys; a payment that was settled is not made again."""
    if (settled := _settled(walk)) is not None:
        return Happened(_E.SETTLED, receipt_id=settled.receipt_id)
    walk.report_event("call_tried")
    try:
        return _paid(walk)
    except RequestRefused as refused:
        if refused.refusal.money_moved == "unknown" or refused.refusal.status >= 500:
            return failed(_E.UNKNOWN, refused)
        return _no(walk, _refused(refused))
    except NoAnswer as problem:
        if not problem.arrived:
            return _no(walk, failed(_E.CALL_FAILED, problem))
        return Happened(_E.UNKNOWN, SetupCode.CALL_UNKNOWN.value, problem.detail)


def _paid(walk: Walk) -> Happened:
    """The payment, reserved and settled."""
    body = _body(walk, AMOUNT, walk.memory.currency)
    reserved = walk.send("/v1/payments", body, walk.memory.agent_key).decoded()
    payment = reserved["payment"]
    assert isinstance(payment, dict), "the gateway's answers are those of its OpenAPI document"
    payment_id = str(payment["payment_id"])
    if payment["state"] == "approval_required":
        return _no(walk, Happened(_E.CALL_DENIED, "approval_required", payment_id))
    done = walk.send(f"/v1/payments/{payment_id}/settle", {}, walk.memory.agent_key).decoded()
    return Happened(_E.SETTLED, found=Found(payment_id=payment_id), receipt_id=str(done["receipt_id"]))


def _settled(walk: Walk) -> Line | None:
    """The line of an earlier walk in which this payment was settled."""
    return next((line for line in reversed(walk.journal.lines) if line.event is _E.SETTLED), None)


def _refused(refused: RequestRefused) -> Happened:
    if refused.refusal.code == _DENIED:
        return Happened(_E.CALL_DENIED, SetupCode.CALL_DENIED.value, ", ".join(refused.refusal.reasons))
    return failed(_E.CALL_FAILED, refused)


def _no(walk: Walk, happened: Happened) -> Happened:
    """Remember why not: the same call would come to the same."""
    walk.memory.denied = happened
    return happened


def _denied(walk: Walk) -> Happened:
    """A reserve that the policy denies; its signed denial is what the setup verifies."""
    currency = walk.memory.currency
    wallet_id, payee_id = str(walk.found.wallet_id), str(walk.found.payee_id)
    for amount in _TOO_MUCH:
        outcome, _ = dry_run(walk, wallet_id, payee_id, amount, currency)
        if outcome == "deny":
            break
    else:
        raise SetupProblem(SetupCode.NOTHING_DENIED, f"a payment of {shown(_TOO_MUCH[-1], currency)} is not denied")
    walk.report_event("call_tried")
    try:
        walk.send("/v1/payments", _body(walk, amount, currency), walk.memory.agent_key, rekey=True, wanted=_DENIED)
    except RequestRefused as refused:
        if refused.refusal.code != _DENIED or refused.refusal.resource is None:
            raise
        payment_id = refused.refusal.resource.rpartition("/")[2]
    else:
        raise SetupProblem(SetupCode.NOTHING_DENIED, f"the gateway reserved {shown(amount, currency)}, which its policy denies")
    items = walk.read(f"/v1/receipts?payment_id={payment_id}", walk.memory.agent_key).decoded().get("items")
    assert isinstance(items, list), "the gateway's answers are those of its OpenAPI document"
    receipt_id = str(items[-1]["receipt_id"])
    return Happened(_E.DENIAL_SIGNED, found=Found(payment_id=payment_id), receipt_id=receipt_id)


def _body(walk: Walk, amount: str, currency: str) -> dict[str, object]:
    found = walk.found
    return {"wallet_id": found.wallet_id, "payee_id": found.payee_id, "amount": amount, "currency": currency}
