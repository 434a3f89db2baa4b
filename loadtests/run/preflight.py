"""Before the storm: does the target's file describe the service? Its first payments, one request after the other."""

from collections.abc import Callable
from time import monotonic_ns, sleep

import msgspec

from gates.schema.errors import Problem, UnknownProblem, UsageProblem
from gates.schema.secret import redact
from gates.schema.sending import Request
from gates.schema.time import Clock
from loadtests.books.entries import Gap, Opening
from loadtests.books.read import read_entries
from loadtests.run.amounts_named import require_amounts
from loadtests.run.audit_named import require_audit
from loadtests.run.description import problem_of
from loadtests.run.list_named import require_list
from loadtests.run.skew import require_same_time
from loadtests.service import Service
from loadtests.storm.history import Event
from loadtests.storm.manners import AttemptEnd, Manners
from loadtests.storm.plan import Plan, PlannedPayment, Reply, Step
from loadtests.storm.wire import Answer, Wire

_ROUNDS, _PAUSE_S, _TIMEOUT_S = 6, 0.3, 10.0
_LANE = -1


class Exchange(msgspec.Struct, frozen=True):
    """One request of the preflight with its last answer and what that means; `again` is a repeat under the same key."""

    step: Step
    request: Request
    answer: Answer
    end: AttemptEnd
    took_ms: int
    again: bool = False


class Trail(msgspec.Struct):
    """What a preflight has done so far, also where a problem ended it: events for a run's history, and whole answers."""

    events: list[Event] = []
    exchanges: list[Exchange] = []


def preflight(
    service: Service,
    plan: Plan,
    manners: Manners,
    opening: Opening,
    *,
    clock: Clock | None = None,
    repeat: bool = False,
    trail: Trail | None = None,
    pause: Callable[[float], None] = sleep,
) -> list[Event]:
    """Make the plan's first payments; their events belong to the run's history.

    The id in the first answer is compared with the ledger, if there is one: `opening` is where that ended before. The date of
    each answer is compared with `clock`, if there is one. With `repeat`, each acknowledged request is sent once more.
    A list of settlements is read after them, and has to fit the target's file.

    A refusal that may be the service's own decision (403, 409, ...) ends a payment and is left to the storm.
    Raises UsageProblem naming the member of the target's file that does not fit the answer, UnknownProblem if there is no
    answer, one of 5xx, or the clock of the service is another one.
    """
    require_amounts(service.target)
    require_audit(service, plan, opening)
    wire = Wire(service.base_url, timeout_s=_TIMEOUT_S, hurry_s=_TIMEOUT_S, tls=service.tls)
    done = Trail() if trail is None else trail
    try:
        _Preflight(service, plan, manners, wire, done, clock, pause).run(opening, repeat=repeat)
        require_list(service, plan, done.events, pause)
    except Problem as problem:
        problem.message = redact(problem.message, manners.credentials)
        problem.next_step = redact(problem.next_step, manners.credentials)
        raise
    finally:
        wire.close()
    return done.events


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
    def __init__(
        self,
        service: Service,
        plan: Plan,
        manners: Manners,
        wire: Wire,
        trail: Trail,
        clock: Clock | None,
        pause: Callable[[float], None],
    ) -> None:
        self._service, self._plan, self._manners, self._wire = service, plan, manners, wire
        self._trail, self._clock, self._pause = trail, clock, pause

    def run(self, opening: Opening, *, repeat: bool) -> None:
        for payment in self._plan.preflight:
            payment_id: str | None = None
            for step in payment.steps:
                done = self._send(payment, step, payment_id)
                if done.end.type != "ok":
                    problem = problem_of(self._service, step.operation, payment_id, done.answer)
                    if problem is not None:
                        raise problem
                    break
                named, payment_id = payment_id, payment_id or done.end.payment_id
                if step.operation == "reserve":
                    _check_id(self._service, self._plan, payment.amount, payment_id, opening)
                if repeat:
                    self._attempt(payment, step, named, _ROUNDS + 1)

    def _send(self, payment: PlannedPayment, step: Step, payment_id: str | None) -> Exchange:
        """One mutation, repeated while the service asks for that or does not answer."""
        for attempt in range(1, _ROUNDS + 1):
            if attempt > 1:
                self._pause(_PAUSE_S)
                self._trail.exchanges.pop()
            done = self._attempt(payment, step, payment_id, attempt)
            if done.end.type != "info" or not _passes(done.answer):
                break
        return done

    def _attempt(self, payment: PlannedPayment, step: Step, payment_id: str | None, attempt: int) -> Exchange:
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
        request = self._manners.request(payment, step, payment_id)
        answer = self._wire.send(request, Reply.KEEP)
        end = self._manners.meaning(step, payment_id, answer)
        ended = msgspec.structs.replace(begun, end_ns=monotonic_ns(), **msgspec.structs.asdict(end))
        self._trail.events += [begun, ended]
        took_ms = ((ended.end_ns or begun.start_ns) - begun.start_ns) // 1_000_000
        done = Exchange(step, request, answer, end, took_ms, again=attempt > _ROUNDS)
        self._trail.exchanges.append(done)
        if self._clock is not None:
            require_same_time(answer, self._clock(), self._service.base_url)
        return done


def _passes(answer: Answer) -> bool:
    """Whether an answer without a meaning may be another one in a moment: none at all, or one that asks for a repeat."""
    return answer.status is None or answer.status >= 400
