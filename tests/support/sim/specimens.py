"""One request for each mutating route, ready to be asked of a world: what the crash matrix is made of."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec
from sim.world import World, mutation

from gateway.commands import (
    ROLES,
    ApprovalRule,
    Approve,
    Command,
    CreatePayee,
    CreatePayout,
    CreateWallet,
    Pause,
    PutPolicy,
    Reject,
    Reserve,
    Resume,
    Reverse,
    ReviewPayout,
    Settle,
)
from gateway.idempotency.claim import Mutation
from gateway.payouts.steps import take_to_ask, take_to_send, write_result
from gateway.rail.port import RailOutcome, RailResult
from gateway.routes import (
    APPROVE,
    CREATE_PAYEE,
    CREATE_PAYOUT,
    CREATE_WALLET,
    PAUSE,
    PUT_POLICY,
    REJECT,
    RESERVE,
    RESUME,
    REVERSE,
    REVIEW_PAYOUT,
    SETTLE,
    Route,
)


class Specimen(NamedTuple):
    """A request, another one for the same route, and whether the effect can happen only once whatever key asks for it."""

    route: Route
    command: Command
    other: Command
    path_ids: tuple[str, ...] = ()
    once: bool = False

    def ask(self, world: World, key: str, *, other: bool = False) -> Mutation:
        """The request under this key."""
        command = self.other if other else self.command
        return mutation(
            self.route,
            world.principal(next(role for role in reversed(self.route.roles) if role in ROLES)),
            command,
            key,
            *self.path_ids,
        )


def done(world: World, request: Mutation) -> dict:
    """The decoded answer to a request that succeeds."""
    (answer,) = world.serve([request]).answers
    assert answer.status < 300, answer.body
    return msgspec.json.decode(answer.body)


def reserved(world: World) -> str:
    """A payment that holds 1000; its id."""
    demo = world.demos[0]
    command = Reserve(demo.wallet_id, demo.payee_ids[0], "1000", "USD")
    return done(world, mutation(RESERVE, world.principal(), command, f"reserve-{world.last_seq()}"))["payment"]["payment_id"]


def settled(world: World) -> str:
    """A payment that paid 1000; its id."""
    payment_id = reserved(world)
    done(world, mutation(SETTLE, world.principal(), Settle(), f"settle-{payment_id}", payment_id))
    return payment_id


def _reserve(world: World) -> Specimen:
    whose = (world.demos[0].wallet_id, world.demos[0].payee_ids[0])
    return Specimen(RESERVE, Reserve(*whose, "1000", "USD"), Reserve(*whose, "1001", "USD"))


def _settle(world: World) -> Specimen:
    return Specimen(SETTLE, Settle(amount="900"), Settle(amount="901"), (reserved(world),), once=True)


def _release(world: World) -> Specimen:
    return Specimen(REVERSE, Reverse(reason="a"), Reverse(reason="b"), (reserved(world),), once=True)


def _refund(world: World) -> Specimen:
    return Specimen(REVERSE, Reverse(reason="a"), Reverse(reason="b", amount="999"), (settled(world),), once=True)


def _waiting(world: World) -> str:
    rule = PutPolicy(currency="USD", approval=ApprovalRule("500", 1))
    done(world, mutation(PUT_POLICY, world.principal("tenant_admin"), rule, "policy"))
    return reserved(world)


def _approve(world: World) -> Specimen:
    return Specimen(APPROVE, Approve(reason="a"), Approve(reason="b"), (_waiting(world),), once=True)


def _reject(world: World) -> Specimen:
    return Specimen(REJECT, Reject(reason="a"), Reject(reason="b"), (_waiting(world),), once=True)


def _payout(world: World) -> Specimen:
    settled(world)
    payee = world.demos[0].payee_ids[0]
    return Specimen(CREATE_PAYOUT, CreatePayout(payee, "10", "USD"), CreatePayout(payee, "11", "USD"))


def _review(world: World) -> Specimen:
    specimen = _payout(world)
    payout_id = done(world, specimen.ask(world, "payout"))["payout"]["payout_id"]
    take = take_to_send
    for _ in range(10):
        (taken,) = world.serve([partial(take, limit=1, lease_s=1)]).answers
        for row in taken:
            world.serve([partial(write_result, held=row, result=RailResult(RailOutcome.UNKNOWN, "no answer"))])
        take = take_to_ask
        world.now += dt.timedelta(minutes=5)
    said = [ReviewPayout("failed", evidence) for evidence in ("a letter", "a call")]
    return Specimen(REVIEW_PAYOUT, *said, (payout_id,))


PREPARE: dict[Route, tuple[Callable[[World], Specimen], ...]] = {
    RESERVE: (_reserve,),
    SETTLE: (_settle,),
    REVERSE: (_release, _refund),
    CREATE_WALLET: (lambda _: Specimen(CREATE_WALLET, CreateWallet("USD"), CreateWallet("EUR")),),
    CREATE_PAYEE: (lambda _: Specimen(CREATE_PAYEE, CreatePayee("one", "USD"), CreatePayee("two", "USD")),),
    PUT_POLICY: (lambda _: Specimen(PUT_POLICY, PutPolicy("USD", daily_limit="500"), PutPolicy("USD", daily_limit="501")),),
    PAUSE: (lambda _: Specimen(PAUSE, Pause("a"), Pause("b")),),
    RESUME: (lambda _: Specimen(RESUME, Resume("a"), Resume("b")),),
    APPROVE: (_approve,),
    REJECT: (_reject,),
    CREATE_PAYOUT: (_payout,),
    REVIEW_PAYOUT: (_review,),
}
"""What each mutation is tried on. The crash matrix goes through the route table, so that a mutation without a row fails it."""
