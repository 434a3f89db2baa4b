"""Before the storm: does the target's file describe the service? Its first payments, one request after the other."""

from collections.abc import Callable
from time import monotonic_ns, sleep

import msgspec

from gates.schema.errors import UnknownProblem, UsageProblem
from loadtests.books.entries import Gap, Opening
from loadtests.books.read import read_entries
from loadtests.run.description import problem_of
from loadtests.service import Service
from loadtests.storm.history import Event
from loadtests.storm.manners import AttemptEnd, Manners
from loadtests.storm.plan import Plan, PlannedPayment, Reply, Step
from loadtests.storm.wire import Answer, Wire

_ROUNDS, _PAUSE_S, _TIMEOUT_S = 6, 0.3, 10.0
_LANE = -1


def preflight(
    service: Service, plan: Plan, manners: Manners, opening: Opening, pause: Callable[[float], None] = sleep
) -> list[Event]:
    """Make the plan's first payments; their events belong to the run's history.

    The id in the first answer is compared with the ledger, if there is one: `opening` is where that ended before.

    A refusal that may be the service's own decision (401, 403, 409, ...) ends a payment and is left to the storm.
    Raises UsageProblem naming the member of the target's file that does not fit the answer, UnknownProblem if there is no
    answer or one of 5xx.
    """
    wire = Wire(service.base_url, timeout_s=_TIMEOUT_S, hurry_s=_TIMEOUT_S)
    try:
        return _Preflight(service, plan, manners, wire, pause).run(opening)
    finally:
        wire.close()


def _check_id(service: Service, plan: Plan, amount: str, payment_id: str | None, opening: Opening) -> None:
    """Refuse an `id_pointer` that leads to another id than the one under which the ledger has the hold."""
    if isinstance(opening.seq, Gap):
        return
    try:
        entries = read_entries(service, opening.seq)
    except (UnknownProblem, msgspec.MsgspecError, ValueError):
        return  # the checker names what of the books cannot be read
    booked, held = {entry.payment_id for entry in entries}, f"wallet/{plan.wallet_id}/held"
    others = [entry for entry in entries if entry.kind == "reserve" and str(entry.moved(held)) == amount]
    if payment_id not in booked and others:
        pointer = service.target.operations["reserve"].id_pointer
        raise UsageProblem(
            f"the target {service.name!r}: spec.operations.reserve.id_pointer {pointer} leads to {payment_id}, "
            f"and the ledger has the payment under {others[0].payment_id}",
            next_step="correct id_pointer: it must lead to the payment_id of the ledger's entries",
        )


class _Preflight:
    def __init__(self, service: Service, plan: Plan, manners: Manners, wire: Wire, pause: Callable[[float], None]) -> None:
        self._service, self._plan, self._manners, self._wire, self._pause = service, plan, manners, wire, pause
        self._events: list[Event] = []

    def run(self, opening: Opening) -> list[Event]:
        for payment in self._plan.preflight:
            payment_id: str | None = None
            for step in payment.steps:
                answer, end = self._send(payment, step, payment_id)
                if end.type != "ok":
                    problem = problem_of(self._service, step.operation, payment_id, answer)
                    if problem is not None:
                        raise problem
                    break
                payment_id = payment_id or end.payment_id
                if step.operation == "reserve":
                    _check_id(self._service, self._plan, payment.amount, payment_id, opening)
        return self._events

    def _send(self, payment: PlannedPayment, step: Step, payment_id: str | None) -> tuple[Answer, AttemptEnd]:
        """One mutation, repeated while the service asks for that or does not answer."""
        for attempt in range(1, _ROUNDS + 1):
            if attempt > 1:
                self._pause(_PAUSE_S)
            answer, end = self._attempt(payment, step, payment_id, attempt)
            if end.type != "info" or not _passes(answer):
                break
        return answer, end

    def _attempt(self, payment: PlannedPayment, step: Step, payment_id: str | None, attempt: int) -> tuple[Answer, AttemptEnd]:
        begun = Event(
            index=0,
            process=_LANE,
            type="invoke",
            operation=step.operation,
            key=step.key,
            payment=payment.number,
            attempt=attempt,
            amount=step.amount,
            payment_id=payment_id,
            intended_ns=monotonic_ns(),
            start_ns=monotonic_ns(),
            phase="preflight",
        )
        answer = self._wire.send(self._manners.request(payment, step, payment_id), Reply.KEEP)
        end = self._manners.meaning(step, payment_id, answer)
        ended = msgspec.structs.replace(begun, end_ns=monotonic_ns(), **msgspec.structs.asdict(end))
        self._events += [begun, ended]
        return answer, end


def _passes(answer: Answer) -> bool:
    """Whether an answer without a meaning may be another one in a moment: none at all, or one that asks for a repeat."""
    return answer.status is None or answer.status >= 400
