"""The plan of a storm, made before it begins: a pure function of profile, seed, run id and accounts."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

import msgspec

from gates.schema.errors import UsageProblem
from loadtests.draws import below, chance, exponential_us, weighted
from loadtests.schema import LoadProfile, NamedProfile

MutationName = Literal["reserve", "settle", "reverse", "refund"]
_ABANDONABLE = 4  # attempts of one mutation whose reply may be abandoned; later ones wait for the response


class Script(StrEnum):
    """The scripts of planned payments; the names are the fields of the profile's mix."""

    RESERVE_ONLY = "reserve_only"
    SETTLE = "settle"
    PARTIAL_SETTLE = "partial_settle"
    REVERSE = "reverse"
    REFUND = "refund"
    OVER_LIMIT = "over_limit"


class Reply(StrEnum):
    """What the client does with a reply: read it, close the socket after sending, or wait shortly and then close."""

    KEEP = "keep"
    CLOSE = "close"
    HURRY = "hurry"


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One mutation with its own idempotency key; `replies` defines what attempts 1, 2, ... do with their reply."""

    operation: MutationName
    key: str
    amount: str | None
    wait_ms: int
    copies: int
    replies: tuple[Reply, ...]
    replay: bool


class PlannedPayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One logical payment: its due time after the start, and its steps."""

    number: int
    due_us: int
    script: Script
    payee_id: str
    amount: str
    steps: tuple[Step, ...]


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole storm. `references`: every reserve has its own reference in its body.

    `preflight` are the payments that are made one after the other before the storm, to see that the target's file describes the
    service; their numbers are negative. `left_out` are the scripts of the profile that the target cannot run, with the reason.
    """

    profile: str
    seed: int
    run_id: str
    wallet_id: str
    payee_ids: tuple[str, ...]
    currency: str
    references: bool
    payments: tuple[PlannedPayment, ...]
    preflight: tuple[PlannedPayment, ...] = ()
    left_out: dict[str, str] = {}

    @property
    def everything(self) -> tuple[PlannedPayment, ...]:
        """Every payment that the run may make: those of the preflight, and those of the storm."""
        return self.preflight + self.payments


class Accounts(msgspec.Struct, frozen=True):
    """The accounts of the storm: the wallet that pays, the payees, and the currency.

    `refund` is the operation that gives a settled payment back.
    """

    wallet_id: str
    payee_ids: tuple[str, ...]
    currency: str
    references: bool = False
    refund: MutationName = "reverse"


def make_plan(
    named: NamedProfile, seed: int, run_id: str, accounts: Accounts, left_out: Mapping[str, str] = MappingProxyType({})
) -> Plan:
    """Plan a storm; the same arguments give the same bytes on any machine. `left_out` is only noted in it."""
    planner = _Planner(named.profile, seed, run_id, accounts)
    payments, due_us = [], 0
    for number in range(named.profile.payments):
        payments.append(planner.payment(number, due_us))
        due_us += planner.gap_us(number)
    return Plan(
        profile=named.name,
        seed=seed,
        run_id=run_id,
        wallet_id=accounts.wallet_id,
        payee_ids=accounts.payee_ids,
        currency=accounts.currency,
        references=accounts.references,
        payments=tuple(payments),
        preflight=tuple(planner.preflight()),
        left_out=dict(left_out),
    )


def plan_bytes(plan: Plan) -> bytes:
    """The bytes of the plan's file."""
    return msgspec.json.encode(plan, order="sorted") + b"\n"


def read_plan(data: bytes, origin: str) -> Plan:
    """Decode a plan file; raises UsageProblem naming `origin`."""
    try:
        return msgspec.json.decode(data, type=Plan)
    except msgspec.MsgspecError as error:
        raise UsageProblem(f"{origin}: not a storm's plan: {error}") from None


class _Planner(msgspec.Struct, frozen=True):
    """The values that all payments of one plan share."""

    profile: LoadProfile
    seed: int
    run_id: str
    accounts: Accounts

    def gap_us(self, number: int) -> int:
        mean = 1_000_000 // self.profile.arrivals.rate_per_s
        return mean if self.profile.arrivals.spacing == "constant" else exponential_us(mean, self.seed, "gap", number)

    def payment(self, number: int, due_us: int) -> PlannedPayment:
        amounts, seed = self.profile.amounts, self.seed
        script = Script(weighted(msgspec.structs.asdict(self.profile.mix), seed, "script", number))
        low, high = int(amounts.smallest), int(amounts.largest)
        amount = low + below(high - low + 1, seed, "amount", number)
        if script is Script.OVER_LIMIT:
            amount = int(amounts.over_limit)
        part = 1 + below(amount - 1, seed, "part", number)
        mutations = _mutations(script, amount, part, self.accounts.refund)
        return PlannedPayment(
            number=number,
            due_us=due_us,
            script=script,
            payee_id=self.accounts.payee_ids[below(len(self.accounts.payee_ids), seed, "payee", number)],
            amount=str(amount),
            steps=tuple(self.step(number, name, value) for name, value in mutations),
        )

    def preflight(self) -> Iterator[PlannedPayment]:
        """One payment that ends as most of the storm's do, and one that is released, as far as the profile does either."""
        mix = self.profile.mix
        settled = Script.REFUND if mix.refund else Script.SETTLE if mix.settle or mix.partial_settle else None
        released = Script.REVERSE if mix.reverse else None
        scripts = [script for script in (settled, released) if script] or ([Script.RESERVE_ONLY] if mix.reserve_only else [])
        for number, script in enumerate(scripts, 1):
            amount = int(self.profile.amounts.smallest)
            mutations = _mutations(script, amount, amount, self.accounts.refund)
            yield PlannedPayment(
                number=-number,
                due_us=0,
                script=script,
                payee_id=self.accounts.payee_ids[0],
                amount=str(amount),
                steps=tuple(self.tried(number, name, value) for name, value in mutations),
            )

    def tried(self, number: int, operation: MutationName, amount: int | None) -> Step:
        """A step of the preflight: sent once, and its reply is read."""
        key = f"load-{self.run_id}-s{self.seed}-preflight{number}-{operation}"
        return Step(operation, key, None if amount is None else str(amount), 0, 1, (), replay=False)

    def step(self, number: int, operation: MutationName, amount: int | None) -> Step:
        profile, seed, where = self.profile, self.seed, (operation, number)
        many = chance(profile.duplicates.percent, seed, "duplicate", *where)
        return Step(
            operation=operation,
            key=f"load-{self.run_id}-s{seed}-p{number:06d}-{operation}",
            amount=None if amount is None else str(amount),
            wait_ms=0 if operation == "reserve" else below(profile.think_ms + 1, seed, "think", *where),
            copies=profile.duplicates.copies if many else 1,
            replies=tuple(self.reply(attempt, *where) for attempt in range(1, _ABANDONABLE + 1)),
            replay=chance(profile.replays.percent, seed, "replay", *where),
        )

    def reply(self, attempt: int, *where: object) -> Reply:
        abandoned, seed = self.profile.abandoned, self.seed
        if not chance(abandoned.percent, seed, "abandon", attempt, *where):
            return Reply.KEEP
        return Reply.HURRY if chance(abandoned.hurry_percent, seed, "hurry", attempt, *where) else Reply.CLOSE


def _mutations(script: Script, amount: int, part: int, refund: MutationName) -> list[tuple[MutationName, int | None]]:
    """The operations of a script, in their order, with their amounts."""
    mutations: list[tuple[MutationName, int | None]] = [("reserve", amount)]
    if script in (Script.SETTLE, Script.REFUND):
        mutations.append(("settle", amount))
    if script is Script.PARTIAL_SETTLE:
        mutations.append(("settle", part))
    if script in (Script.REVERSE, Script.REFUND):
        mutations.append((refund if script is Script.REFUND else "reverse", None))
    return mutations
