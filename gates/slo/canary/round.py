"""One round of the canary: reserve, settle, verify the receipts, reverse. Did the service do what a caller needs?"""

from enum import StrEnum
from pathlib import Path

import msgspec

from gates.probes.client import Answer, ServiceProblem, TargetClient, acknowledges
from gates.schema.errors import UsageProblem
from gates.schema.operation import Operation
from gates.schema.pointer import id_at, read_pointer
from gates.schema.target import NamedTarget, require_operations
from gates.slo.canary.receipts import verify_payment

LIMITED = 429


class Step(StrEnum):
    """What a round does, in this order."""

    RESERVE = "reserve"
    SETTLE = "settle"
    VERIFY = "verify"
    REVERSE = "reverse"


class Round(msgspec.Struct, frozen=True):
    """How a round went: the first step that failed, and why. `receipts` is whether they verified, None where none were read.

    A round is not `counted` where the service refused it by rate or because it is paused.
    """

    failed: Step | None = None
    why: str = ""
    receipts: bool | None = None
    counted: bool = True


class Canary(msgspec.Struct, frozen=True):
    """What a round needs: the client of a tenant of its own, the amount in minor units, and the pinned keys, if there are any."""

    client: TargetClient
    amount: str
    trust: Path | None


class _Failed(Exception):
    """A step that did not do what it should; `status` is 0 where there was no answer, `receipts` is False where one is wrong."""

    def __init__(self, step: Step, why: str, *, status: int = 0, receipts: bool | None = None) -> None:
        super().__init__(why)
        self.step, self.why, self.status, self.receipts = step, why, status, receipts


def giving_back(named: NamedTarget) -> Operation:
    """The operation that takes the money back; raises UsageProblem where the target has none: each round would cost money."""
    target = named.target
    require_operations(target)
    name = "reverse" if target.reverse_refunds else "refund"
    if name not in target.operations:
        hint = f"add spec.operations.{name} to the target file: without it each round of the canary would cost money"
        raise UsageProblem(f"the target {named.name} has no operation `{name}`", next_step=hint)
    return target.operations[name]


def play(canary: Canary) -> Round:
    """One round. Whatever fails, the money is requested back, so that nothing stays on hold."""
    client, payment_id, receipts = canary.client, None, None
    back = giving_back(client.named)
    try:
        payment_id = _reserve(canary)
        _perform(canary, Step.SETTLE, client.target.operations["settle"], payment_id)
        receipts = _verify(canary, payment_id)
        _perform(canary, Step.REVERSE, back, payment_id)
    except _Failed as failed:
        if payment_id is not None and failed.step is not Step.REVERSE:
            _release(canary, back, payment_id)
        verified = receipts if failed.receipts is None else failed.receipts
        return Round(failed.step, failed.why, verified, counted=not _is_refusal(client, failed.status))
    return Round(receipts=receipts)


def _reserve(canary: Canary) -> str:
    operation = canary.client.target.operations["reserve"]
    answer = _perform(canary, Step.RESERVE, operation, None)
    found = id_at(answer.json(), operation.id_pointer or "/payment_id")
    if found is None:
        raise _Failed(Step.RESERVE, "the answer names no payment", status=answer.status)
    return found


def _perform(canary: Canary, step: Step, operation: Operation, payment_id: str | None) -> Answer:
    fields = {"amount": canary.amount} | ({} if payment_id is None else {"payment_id": payment_id})
    answer = _answered(canary, step, operation, fields)
    if not acknowledges(operation, answer):
        code = f" ({answer.code})" if answer.code else ""
        raise _Failed(step, f"{operation.method} {operation.path} answered {answer.status}{code}", status=answer.status)
    return answer


def _answered(canary: Canary, step: Step, operation: Operation, fields: dict[str, str]) -> Answer:
    try:
        return canary.client.perform(operation, fields)
    except ServiceProblem as problem:
        raise _Failed(step, problem.message) from None


def _verify(canary: Canary, payment_id: str) -> bool | None:
    """True where every receipt of the payment verifies, None where nothing can be verified; raises _Failed for the rest."""
    if canary.trust is None or canary.client.target.audit.payment_receipts is None:
        return None
    try:
        fault = verify_payment(canary.client, payment_id, canary.trust)
    except ServiceProblem as problem:  # not read, so not verified either: the round is bad, and no receipt is
        raise _Failed(Step.VERIFY, problem.message) from None
    if fault:
        raise _Failed(Step.VERIFY, fault, receipts=False)
    return True


def _release(canary: Canary, back: Operation, payment_id: str) -> None:
    """Give back once what a failed round holds; a hold that the service does not release now expires."""
    try:
        canary.client.perform(back, {"amount": canary.amount, "payment_id": payment_id})
    except ServiceProblem:
        return


def _is_refusal(client: TargetClient, status: int) -> bool:
    """Whether the service refused by rate, or because an operator paused it: neither is a failure."""
    return status == LIMITED or (status >= 400 and _is_paused(client))


def _is_paused(client: TargetClient) -> bool:
    mode = client.target.mode
    if mode is None:
        return False
    credential = client.credential(client.own_roles()[0]) if client.own_roles() else None
    try:
        answer = client.send("GET", mode.path, credential=credential)
    except ServiceProblem:
        return False
    return read_pointer(answer.json(), mode.pointer) == mode.paused
