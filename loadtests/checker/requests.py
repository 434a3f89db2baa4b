"""The clients' requests and the responses to them: a history, by mutation and by payment."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from gates.schema.errors import UsageProblem
from loadtests.storm.history import Event
from loadtests.storm.plan import MutationName, Plan, PlannedPayment


class Result(StrEnum):
    """What the clients know about a mutation after all its attempts."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Mutation(msgspec.Struct):
    """One idempotency key: all its requests and responses."""

    key: str
    number: int
    operation: MutationName
    amount: str | None
    request: Event
    attempts: int = 0
    completed: int = 0
    unsure: int = 0
    last_unsure: Event | None = None
    answers: list[Event] = msgspec.field(default_factory=list)
    spans: list[tuple[int, int]] = msgspec.field(default_factory=list)

    @property
    def ambiguous(self) -> int:
        """How many attempts have no definite response."""
        return self.unsure + self.attempts - self.completed

    @property
    def in_flight_together(self) -> bool:
        """Whether two attempts were in flight at the same time, by the clients' clock."""
        ended = None
        for begun, end in sorted(self.spans):
            if ended is not None and begun < ended:
                return True
            ended = end if ended is None else max(ended, end)
        return False

    @property
    def identified(self) -> list[Event]:
        """The first acknowledgement with each payment's id: more than one is two payments under one key."""
        first: dict[str, Event] = {}
        for event in self.answers:
            if event.type == "ok" and event.payment_id is not None:
                first.setdefault(event.payment_id, event)
        return list(first.values())

    @property
    def acknowledgement(self) -> Event | None:
        """The first response that acknowledges it."""
        return next((event for event in self.answers if event.type == "ok"), None)

    @property
    def result(self) -> Result:
        """Acknowledged if any response acknowledges it, refused if there is another response, else unknown."""
        if not self.answers:
            return Result.UNKNOWN
        return Result.REFUSED if self.acknowledgement is None else Result.ACKNOWLEDGED

    @property
    def doubtful(self) -> bool:
        """Whether at least one attempt got no response, or was cut off before its end was recorded."""
        return self.ambiguous > 0

    @property
    def evidence(self) -> Event:
        """The most informative event: the acknowledgement, else a response, else the last unknown, else the request."""
        if self.answers:
            return self.acknowledgement or self.answers[0]
        return self.last_unsure or self.request

    def take(self, event: Event) -> None:
        """Add one event of this key."""
        if event.type == "invoke":
            self.attempts += 1
            return
        self.completed += 1
        if event.end_ns is not None:
            self.spans.append((event.start_ns, event.end_ns))
        if event.type == "info":
            self.unsure += 1
            self.last_unsure = event
        else:
            self.answers.append(event)


class Life(msgspec.Struct):
    """One logical payment: its plan, its mutations, and the ids that the service gave it (more than one is a defect)."""

    planned: PlannedPayment
    mutations: dict[MutationName, Mutation] = msgspec.field(default_factory=dict)
    payment_ids: list[str] = msgspec.field(default_factory=list)

    @property
    def reversal(self) -> Mutation | None:
        """The reverse or the refund: no script has both."""
        return self.mutations.get("reverse") or self.mutations.get("refund")


class Requests(msgspec.Struct, frozen=True):
    """A whole history, indexed."""

    mutations: Mapping[str, Mutation]
    lives: Mapping[int, Life]
    ids: Mapping[str, int]


def index_history(plan: Plan, history: Iterable[Event]) -> Requests:
    """Index a history in one pass; raises UsageProblem for an event of a payment outside of the plan."""
    mutations: dict[str, Mutation] = {}
    lives = {payment.number: Life(payment) for payment in plan.everything}
    ids: dict[str, int] = {}
    for event in history:
        life = lives.get(event.payment)
        if life is None:
            hint = "check a run in the folder as it was left: plan and history belong together"
            raise UsageProblem(f"the history names payment {event.payment}, which the plan does not have", next_step=hint)
        mutation = mutations.get(event.key)
        if mutation is None:
            mutation = Mutation(event.key, event.payment, event.operation, event.amount, event)
            mutations[event.key] = mutation
            life.mutations[event.operation] = mutation
        mutation.take(event)
        if event.payment_id is not None and event.payment_id not in ids:
            ids[event.payment_id] = event.payment
            life.payment_ids.append(event.payment_id)
    return Requests(mutations, lives, ids)
