"""Run a plan: payments start when they are due, clients retry with the same key, every attempt is recorded.

Concurrency is a parameter (`Loom`): the storm's process uses greenlets, a test may use threads.
"""

import heapq
import queue
import zlib
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from loadtests.schema import LoadProfile
from loadtests.storm.history import Event, HistoryWriter
from loadtests.storm.manners import AttemptEnd, Manners, retry_wait_ms
from loadtests.storm.plan import Plan, PlannedPayment, Reply, Step
from loadtests.storm.wire import Answer, Wire

Phase = Literal["storm", "replay"]
_REPLAY_LANES = 4


class Loom(Protocol):
    """Light threads and a clock. The first failure of a thread is raised at once in whoever drives: nobody answers for it."""

    def now_ns(self) -> int:
        """Nanoseconds of a clock that never steps back."""

    def sleep_until(self, moment_ns: int) -> None:
        """Sleep until then."""

    def spawn(self, work: Callable[..., None], *arguments: object) -> None:
        """Start a concurrent task."""

    def join(self) -> None:
        """Wait for everything that was spawned."""


class _Call(msgspec.Struct):
    """One mutation in progress; `first` is the body of its first definite answer, compressed, and `first_sha256` its digest."""

    payment: PlannedPayment
    step: Step
    payment_id: str | None
    attempts: int = 0
    result: AttemptEnd = AttemptEnd("info")
    first: bytes = b""
    first_sha256: str | None = None


class Driver:
    """Runs one plan against one target."""

    def __init__(
        self,
        plan: Plan,
        profile: LoadProfile,
        manners: Manners,
        wire: Wire,
        history: HistoryWriter,
        loom: Loom,
        *,
        on_attempt: Callable[[Event], None],
        on_done: Callable[[int], None],
    ) -> None:
        self._plan, self._profile, self._manners = plan, profile, manners
        self._wire, self._history, self._loom = wire, history, loom
        self._on_attempt, self._on_done = on_attempt, on_done
        self._calls: list[_Call] = []
        self._free: list[int] = []
        self._lanes = 0
        self.begun = self.done = 0

    def storm(self, enough: Callable[[int], bool] = lambda _: False) -> None:
        """Every payment of the plan, each from its due time on, until the last one has ended.

        `enough` is called before each payment with the number that have begun; once it returns True, no further one begins.
        """
        start_ns = self._loom.now_ns()
        for payment in self._plan.payments:
            due_ns = start_ns + payment.due_us * 1000
            self._loom.sleep_until(due_ns)
            if enough(self.begun):
                break
            self.begun += 1
            self._loom.spawn(self._live, payment, due_ns)
        self._loom.join()

    def replay(self) -> None:
        """After the storm: repeat a sample of the acknowledged mutations, and all unknown ones, with the same key."""
        again = [call for call in self._calls if call.result.type == "info" or (call.result.type == "ok" and call.step.replay)]
        for lane in range(_REPLAY_LANES):
            self._loom.spawn(self._replay_all, again[lane::_REPLAY_LANES])
        self._loom.join()

    def _live(self, payment: PlannedPayment, due_ns: int) -> None:
        payment_id: str | None = None
        for step in payment.steps:
            if step is not payment.steps[0]:
                due_ns = self._loom.now_ns() + step.wait_ms * 1_000_000
                self._loom.sleep_until(due_ns)
            call = _Call(payment, step, payment_id)
            self._calls.append(call)
            call.result = self._mutate(call, due_ns)
            payment_id = payment_id or call.result.payment_id
            if call.result.type != "ok" or payment_id is None:
                break
        self.done += 1
        self._on_done(self.done)

    def _mutate(self, call: _Call, due_ns: int) -> AttemptEnd:
        """Rounds of attempts with one key until a response is known or the time is over."""
        policy = self._profile.retry
        deadline_ns = due_ns + policy.patience_ms * 1_000_000
        for number in range(1, policy.max_attempts + 1):
            if number > 1:
                due_ns = self._loom.now_ns() + retry_wait_ms(policy, self._plan.seed, call.step.key, number) * 1_000_000
                if due_ns > deadline_ns:
                    break
                self._loom.sleep_until(due_ns)
            result = self._round(call, call.step.copies if number == 1 else 1, due_ns)
            if result.type != "info":
                return result
        return AttemptEnd("info")

    def _round(self, call: _Call, copies: int, due_ns: int) -> AttemptEnd:
        """Several attempts at once, and one more if the first is slow; the first definite response counts."""
        answers: queue.Queue[AttemptEnd] = queue.Queue()
        for _ in range(copies):
            self._send(call, due_ns, answers)
        hedge_ms = self._profile.client.hedge_after_ms
        pending, result = copies, AttemptEnd("info")
        while pending and result.type == "info":
            try:
                result = answers.get(timeout=None if hedge_ms is None else hedge_ms / 1000)
                pending -= 1
            except queue.Empty:
                hedge_ms = None
                self._send(call, self._loom.now_ns(), answers)
                pending += 1
        return result

    def _send(self, call: _Call, due_ns: int, answers: "queue.Queue[AttemptEnd]") -> None:
        call.attempts += 1
        planned = call.step.replies[call.attempts - 1] if call.attempts <= len(call.step.replies) else Reply.KEEP
        self._loom.spawn(self._attempt, call, call.attempts, due_ns, planned, "storm", answers)

    def _replay_all(self, calls: list[_Call]) -> None:
        for call in calls:
            call.attempts += 1
            self._attempt(call, call.attempts, self._loom.now_ns(), Reply.KEEP, "replay", queue.Queue())

    def _attempt(
        self, call: _Call, attempt: int, due_ns: int, reply: Reply, phase: Phase, answers: "queue.Queue[AttemptEnd]"
    ) -> None:
        lane = self._take_lane()
        begun = Event(
            index=0,
            process=lane,
            type="invoke",
            operation=call.step.operation,
            key=call.step.key,
            payment=call.payment.number,
            attempt=attempt,
            amount=call.step.amount,
            payment_id=call.payment_id,
            intended_ns=due_ns,
            start_ns=self._loom.now_ns(),
            phase=phase,
        )
        self._history.write(begun)
        answer = self._wire.send(self._manners.request(call.payment, call.step, call.payment_id), reply)
        result = self._compared(call, answer, self._manners.meaning(call.step, call.payment_id, answer))
        ended = msgspec.structs.replace(begun, end_ns=self._loom.now_ns(), **msgspec.structs.asdict(result))
        self._history.write(ended)
        if result.type != "info":
            heapq.heappush(self._free, lane)
        answers.put(result)
        self._on_attempt(ended)

    def _compared(self, call: _Call, answer: Answer, result: AttemptEnd) -> AttemptEnd:
        """Note where a definite answer differs from the first one under its key: afterwards only digests are left."""
        if result.type == "info":
            return result
        if call.first_sha256 is None:
            call.first, call.first_sha256 = zlib.compress(answer.body, 1), result.body_sha256
        if result.body_sha256 == call.first_sha256:
            return result
        return msgspec.structs.replace(result, differs=self._manners.difference(zlib.decompress(call.first), answer.body))

    def _take_lane(self) -> int:
        if self._free:
            return heapq.heappop(self._free)
        self._lanes += 1
        return self._lanes - 1
