"""What the clients asked for and what they were told: a history, by mutation and by payment."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from gates.schema.errors import UsageProblem
from loadtests.storm.history import Event
from loadtests.storm.plan import MutationName, Plan, PlannedPayment


class Told(StrEnum):
    """What the clients know of a mutation, all attempts taken together."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Mutation(msgspec.Struct):
    """One idempotency key: everything that was sent and answered under it."""

    key: str
    number: int
    operation: MutationName
    amount: str | None
    asked: Event
    attempts: int = 0
    completed: int = 0
    unsure: int = 0
    last_unsure: Event | None = None
    answers: list[Event] = msgspec.field(default_factory=list)

    @property
    def acknowledgement(self) -> Event | None:
        """The first answer that says yes."""
        return next((event for event in self.answers if event.type == "ok"), None)

    @property
    def told(self) -> Told:
        """Acknowledged if any answer said so, refused if some answer did, else unknown."""
        if not self.answers:
            return Told.UNKNOWN
        return Told.REFUSED if self.acknowledgement is None else Told.ACKNOWLEDGED

    @property
    def doubtful(self) -> bool:
        """Whether at least one attempt never got an answer, or was cut off before its end was noted."""
        return self.unsure > 0 or self.attempts > self.completed

    @property
    def evidence(self) -> Event:
        """The one event that tells most: the acknowledgement, else an answer, else the last unknown, else the request."""
        if self.answers:
            return self.acknowledgement or self.answers[0]
        return self.last_unsure or self.asked

    def take(self, event: Event) -> None:
        """Add one event of this key."""
        if event.type == "invoke":
            self.attempts += 1
            return
        self.completed += 1
        if event.type == "info":
            self.unsure += 1
            self.last_unsure = event
        else:
            self.answers.append(event)


class Life(msgspec.Struct):
    """One logical payment: its plan, its mutations, and the ids that the service gave it (one, unless something is wrong)."""

    planned: PlannedPayment
    mutations: dict[MutationName, Mutation] = msgspec.field(default_factory=dict)
    payment_ids: list[str] = msgspec.field(default_factory=list)


class Asked(msgspec.Struct, frozen=True):
    """A whole history, indexed."""

    mutations: Mapping[str, Mutation]
    lives: Mapping[int, Life]
    ids: Mapping[str, int]


def index_history(plan: Plan, history: Iterable[Event]) -> Asked:
    """Index a history in one pass; raises UsageProblem for one that names a payment which the plan does not have."""
    mutations: dict[str, Mutation] = {}
    lives = {payment.number: Life(payment) for payment in plan.payments}
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
    return Asked(mutations, lives, ids)
