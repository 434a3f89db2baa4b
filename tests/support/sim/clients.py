"""Clients as seeded state machines: each leads payments through their lives, and behaves as badly as clients do."""

import random
from dataclasses import dataclass, field

import msgspec
from sim.world import World, mutation

from gateway.commands import Approve, Command, CreatePayout, Pause, Reject, Reserve, Resume, Reverse, ReviewPayout, Settle
from gateway.idempotency.claim import Mutation
from gateway.routes import APPROVE, CREATE_PAYOUT, PAUSE, REJECT, RESERVE, RESUME, REVERSE, REVIEW_PAYOUT, SETTLE

WITH_AMOUNT = (RESERVE, SETTLE, REVERSE, CREATE_PAYOUT)

REMEMBERED = 200
"""Answered requests that a client may send again much later."""


@dataclass
class Attempt:
    """One sending of a request; `stray` ones nobody waits for: doubled, late, or wrong on purpose."""

    client: "Client"
    request: Mutation
    stray: bool = False


@dataclass
class Heard:
    """What a client was told under a key."""

    request: Mutation
    status: int
    body: bytes


@dataclass
class Client:
    """Leads one payment at a time. At most one request is open; its outcome is unknown until an answer comes."""

    number: int
    world: World
    dice: random.Random
    made: int = 0
    payment_id: str | None = None
    open: Mutation | None = None
    waiting: bool = False
    paused: bool = False
    asking: int = 0
    heard: dict[tuple[str, ...], Heard] = field(default_factory=dict)
    past: list[Mutation] = field(default_factory=list)

    @property
    def tenant(self) -> int:
        """Even numbers are of the first tenant, odd ones of the second."""
        return self.number % 2

    def ask(self) -> list[Attempt]:
        """What the client sends now: its next request, the open one again, or mischief."""
        if self.past and self.dice.random() < 0.1:
            return [Attempt(self, self._mischief(), stray=True)]
        if self.open is not None and self.waiting:
            return []
        if self.open is None:
            self.open = self._next()
        self.waiting = True
        copies = self.dice.choice((1, 1, 1, 2, 3))
        return [Attempt(self, self.open), *(Attempt(self, self.open, stray=True) for _ in range(copies - 1))]

    def ask_again(self) -> list[Attempt]:
        """The open request once more, with its key, if its outcome is unknown."""
        if self.open is None:
            return []
        self.waiting = True
        return [Attempt(self, self.open)]

    def give_up(self, attempt: Attempt) -> None:
        """No answer came in time: the outcome is unknown, and the same key will be sent again."""
        if attempt.request is self.open:
            self.waiting = False

    def hear(self, attempt: Attempt, status: int, body: bytes) -> None:
        """An answer. Under one key it is the same as ever, byte for byte; a 5xx leaves the outcome open."""
        request = attempt.request
        told = (request.route.name, *request.path_ids, request.key, request.principal.tenant_id)
        if status in (410, 422):
            pass  # about the key, not about the request
        elif status < 500:
            first = self.heard.setdefault((*told, request.body.decode()), Heard(request, status, body))
            assert (first.status, first.body) == (status, body), f"{told}: told {first.status}, then {status}"
        if request is not self.open:
            return
        self.waiting = False
        if status < 500:
            self.past = [*self.past[-REMEMBERED:], request]
            self.open = None
            self._learn(request, status, body)

    def _learn(self, request: Mutation, status: int, body: bytes) -> None:
        """Go on to the payment's next step, or to a new payment once it is over."""
        if request.route in (PAUSE, RESUME, CREATE_PAYOUT, REVIEW_PAYOUT):
            return
        if request.route is RESERVE:
            self.payment_id = msgspec.json.decode(body)["payment"]["payment_id"] if status < 300 else None
            self.asking = 3 if status == 202 else 0
        elif self.asking:
            self.asking -= 1
        elif self.dice.random() < (0.2 if status == 200 else 0.5):
            self.payment_id = None

    def _next(self) -> Mutation:
        if self.paused or (self.number < 2 and self.dice.random() < 0.01):
            self.paused = not self.paused
            command = Pause(reason="drill") if self.paused else Resume(reason="over")
            return mutation(PAUSE if self.paused else RESUME, self.world.principal("operator", self.tenant), command, self._key())
        if self.payment_id is None:
            return mutation(RESERVE, self._agent(), self._reserve(), self._key())
        if self.asking and self.dice.random() < 0.9:
            route, command = (APPROVE, Approve(reason="r")) if self.dice.random() < 0.9 else (REJECT, Reject(reason="r"))
            voter = self.world.principal(self.dice.choice(("operator", "tenant_admin")), self.tenant)
            return mutation(route, voter, command, self._key(), self.payment_id)
        route, command = self._change()
        return mutation(route, self._agent(), command, self._key(), self.payment_id)

    def _reserve(self) -> Command:
        demo, dice = self.world.demos[self.tenant], self.dice
        amount = dice.choice((1, 1000, 1250, 40_000, 50_000, 50_001, 100_000, 100_001))
        seconds = dice.choice((1, 60, 3600, 86_400, 86_400))
        wallet = demo.wallet_id if dice.random() < 0.97 else self.world.demos[1 - self.tenant].wallet_id
        currency = "USD" if dice.random() < 0.98 else "EUR"
        return Reserve(wallet, dice.choice(demo.payee_ids), str(amount), currency, expires_in_s=seconds)

    def _change(self):
        dice = self.dice
        amount = {} if dice.random() < 0.5 else {"amount": str(dice.choice((1, 400, 1000, 50_000, 200_000)))}
        if dice.random() < 0.6:
            final = {} if dice.random() < 0.5 else {"final": dice.random() < 0.4}
            return SETTLE, Settle(**amount, **final)
        return REVERSE, Reverse(reason="r", **amount)

    def _mischief(self) -> Mutation:
        """An old request again, an old key for something else, somebody else's payment, or one that never was."""
        old = self.dice.choice(self.past)
        kind = self.dice.choice(("late", "other body", "other tenant", "stale id", "other key"))
        if kind == "late" or (kind == "other key" and old.route is PAUSE):
            return old
        if kind == "other body":
            member = "amount" if old.route in WITH_AMOUNT else "evidence" if old.route is REVIEW_PAYOUT else "reason"
            changed = {**msgspec.json.decode(old.body), member: "77"}
            command = msgspec.convert(changed, old.route.command)
            return msgspec.structs.replace(old, command=command, body=msgspec.json.encode(command))
        if kind == "other tenant":
            return msgspec.structs.replace(
                old, principal=self.world.principal(old.principal.role, 1 - self.tenant), key=self._key()
            )
        if kind == "stale id" and old.path_ids:
            return msgspec.structs.replace(old, path_ids=("pay_never",), key=self._key())
        return msgspec.structs.replace(old, key=self._key())

    def _agent(self):
        return self.world.principal("agent", self.tenant)

    def _key(self) -> str:
        self.made += 1
        return f"client-{self.number:02d}-{self.made:06d}"


class FinanceClient(Client):
    """Pays payees out, and reviews what the rail does not explain; once in a while a reviewer is wrong."""

    def _next(self) -> Mutation:
        waiting = self.world.connection.execute(
            "SELECT payout_id FROM payouts WHERE state = 'manual_review' AND tenant_id = ? ORDER BY payout_id",
            (self.world.demos[self.tenant].tenant_id,),
        ).fetchall()
        if waiting and self.dice.random() < 0.5:
            who = self.world.principal("operator", self.tenant, self.dice.choice(("operator-1", "operator-2")))
            command = ReviewPayout(self.dice.choice(("succeeded", "failed")), "a letter")
            return mutation(REVIEW_PAYOUT, who, command, self._key(), self.dice.choice(waiting)[0])
        payee = self.dice.choice(self.world.demos[self.tenant].payee_ids)
        owed = self.world.reads.payee(self.world.demos[self.tenant].tenant_id, payee).payable
        amount = self.dice.choice((1, 1000, max(owed, 1), max(owed, 1), owed + 1))
        command = CreatePayout(payee, str(amount), "USD" if self.dice.random() < 0.95 else "EUR")
        return mutation(CREATE_PAYOUT, self.world.principal("finance", self.tenant), command, self._key())
