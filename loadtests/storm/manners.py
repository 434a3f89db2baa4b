"""The behaviour of a storm's clients, without I/O: their requests, the meaning of a response, their retries."""

from typing import Literal, get_args

import msgspec

from gates.schema.acknowledgement import decoded, standing
from gates.schema.credential import resolve_credential, secrets_of
from gates.schema.errors import UsageProblem
from gates.schema.operation import Operation
from gates.schema.pointer import text_at
from gates.schema.sending import Request, make_request
from gates.schema.target import Target
from gates.schema.template import fields_in, resolve
from loadtests.draws import below
from loadtests.schema import LoadProfile, RetryPolicy
from loadtests.storm.answers import digest, first_difference
from loadtests.storm.history import AttemptError
from loadtests.storm.plan import MutationName, Plan, PlannedPayment, Step
from loadtests.storm.wire import Answer


class Until(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No payment begins once `file` exists, but at least `least` payments begin."""

    file: str
    least: int


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input of a storm's process in addition to the plan; credentials stay in the environment, by name."""

    target_name: str
    target: Target
    profile: LoadProfile
    until: Until | None = None


class AttemptEnd(msgspec.Struct, frozen=True):
    """The end of one attempt, as the history records it."""

    type: Literal["ok", "fail", "info"]
    status: int | None = None
    code: str | None = None
    payment_id: str | None = None
    body_sha256: str | None = None
    replayed: bool | None = None
    error: AttemptError | None = None
    media: str | None = None
    differs: str | None = None


class Manners:
    """Requests and their meaning, for one target and one plan.

    Raises UsageProblem where a credential or the pointer to a payment's id is missing, or a credential cannot be sent.
    """

    def __init__(self, target: Target, plan: Plan) -> None:
        self._target, self._plan = target, plan
        _require_id_pointer(target)
        used = [target.operations[name] for name in get_args(MutationName) if name in target.operations]
        templates, roles = msgspec.to_builtins(used), {operation.role for operation in used}
        named = {*fields_in(templates)}
        self._variables = {name: resolve(text) for name, text in target.variables.items() if name in named}
        self._credentials = {role: resolve_credential(target, role) for role in roles}
        self._secrets = secrets_of(target)

    @property
    def credentials(self) -> tuple[str, ...]:
        """The values that no text may show."""
        return self._secrets

    def request(self, payment: PlannedPayment, step: Step, payment_id: str | None) -> Request:
        """The request of one step; every attempt of the step sends the same bytes.

        Raises UsageProblem if the target's template names a field that a storm does not have.
        """
        operation = self._operation(step)
        fields = {
            **self._variables,
            "wallet_id": self._plan.wallet_id,
            "payee_id": payment.payee_id,
            "amount": step.amount or payment.amount,
            "currency": self._plan.currency,
            "key": step.key,
            "reference": f"{self._plan.run_id}-s{self._plan.seed}-p{payment.number}",
        }
        if payment_id is not None:
            fields["payment_id"] = payment_id
        return make_request(self._target, operation, fields, credential=self._credentials[operation.role], key=step.key)

    def meaning(self, step: Step, payment_id: str | None, answer: Answer) -> AttemptEnd:
        """Acknowledged, definitely refused, or unknown.

        Unknown are lost replies, the statuses and codes that the target's file lists under `retry`, a success status that is not
        one of the operation's, a redirect, and a success without the id that the target's file promises, with a web page, or in a
        state that the file lists neither as done nor as refused.
        """
        if answer.status is None:
            return AttemptEnd("info", payment_id=payment_id, error=answer.error)
        compared = digest(answer.body, self._target.replay.ignore)
        operation, retry = self._operation(step), self._target.retry
        if answer.status in operation.success:
            found = standing(operation, answer.body, answer.media)
            if found.type == "ok":
                return AttemptEnd("ok", answer.status, None, payment_id or found.identity, compared, answer.replayed)
            media = answer.media if found.type == "info" else None
            return AttemptEnd(found.type, answer.status, found.state, payment_id, compared, answer.replayed, media=media)
        code = text_at(decoded(answer.body), retry.code_pointer)
        is_open = answer.status in retry.statuses or code in retry.codes or answer.status < 400
        media = answer.media if is_open else None
        end: Literal["info", "fail"] = "info" if is_open else "fail"
        return AttemptEnd(end, answer.status, code, payment_id, compared, answer.replayed, media=media)

    def difference(self, first: bytes, other: bytes) -> str:
        """The first place in which two answers under one key differ, of those that the target's file compares."""
        return first_difference(first, other, self._target.replay.ignore)

    def _operation(self, step: Step) -> Operation:
        if step.operation not in self._target.operations:
            raise UsageProblem(
                f"the target has no operation {step.operation!r}, which the profile {self._plan.profile} needs",
                next_step=f"add spec.operations.{step.operation} to the target file, or use a profile whose mix does without it",
            )
        return self._target.operations[step.operation]


def retry_wait_ms(policy: RetryPolicy, seed: int, key: str, round_number: int) -> int:
    """The wait before round 2, 3, ...: exponential, capped, and shortened by a seeded jitter."""
    wait = policy.base_ms
    for _ in range(round_number - 2):
        wait = min(wait * policy.factor_percent // 100, policy.cap_ms)
    wait = min(wait, policy.cap_ms)
    shorter = wait * policy.jitter_percent // 100
    return wait - (below(shorter + 1, seed, "jitter", key, round_number) if shorter else 0)


def _require_id_pointer(target: Target) -> None:
    """Refuse a target whose later operations name a payment's id that no answer gives."""
    if "reserve" in target.operations and target.operations["reserve"].id_pointer is not None:
        return
    for name in get_args(MutationName):
        if name in target.operations and b"{payment_id}" in msgspec.json.encode(target.operations[name]):
            raise UsageProblem(
                f"spec.operations.{name} needs {{payment_id}}, and spec.operations.reserve.id_pointer is missing",
                next_step="add the pointer to the payment's id in the answer to a reserve, such as id_pointer: /payment/id",
            )
