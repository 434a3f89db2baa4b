"""Worlds for the checker: a plan, the history of its clients and the books of a service, all drawn from one seed."""

from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from gates.schema.ledger import LedgerEntry, Posting
from loadtests.books.entries import Balance, Books, Opening, Receipt, journal_sha256
from loadtests.checker.check import Verdict, check
from loadtests.checker.receipts import RECEIPT_OF
from loadtests.draws import below, chance
from loadtests.schema import Arrivals, LoadProfile, Mix, NamedProfile
from loadtests.storm.history import Event
from loadtests.storm.plan import Accounts, Plan, PlannedPayment, Script, Step, make_plan

ACCOUNTS = Accounts("w1", ("p1", "p2"), "USD", references=True)
HELD, AVAILABLE = "wallet/w1/held", "wallet/w1/available"
FUNDS = 10**9


@dataclass
class World:
    """One run and what the service made of it; lists may be changed before `books` is asked for."""

    plan: Plan
    seed: int
    events: list[Event] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    balance_error: int = 0

    def books(self) -> Books:
        """The books, with balances that follow from the entries (but for `balance_error`)."""
        sums: dict[str, int] = defaultdict(int)
        for entry in self.entries:
            for posting in entry.postings:
                sums[posting.account] += int(posting.amount)
        accounts = [AVAILABLE, HELD, "payee/p1/payable", "payee/p2/payable"]
        amounts = [sums[AVAILABLE] + self.balance_error, *(sums[name] for name in accounts[1:])]
        balances = tuple(Balance(name, str(amount)) for name, amount in zip(accounts, amounts, strict=True))
        return Books(tuple(self.entries), tuple(self.receipts), balances)

    def opening(self) -> Opening:
        """The books before the run: the first entry, which funds the wallet."""
        funded = [Balance(AVAILABLE, str(FUNDS))]
        empty = [Balance(name, "0") for name in (HELD, "payee/p1/payable", "payee/p2/payable")]
        return Opening(seq=1, balances=(*funded, *empty), entries=1, sha256=journal_sha256(self.entries[:1]))

    def checked(self, **other: object) -> Verdict:
        """The verdict on this world."""
        return check(self.plan, self.events, self.books(), self.opening(), **other)

    def book(self, kind: str, payment_id: str | None, moves: dict[str, int], amount: int, fingerprint: str = "") -> LedgerEntry:
        """Append an entry and its receipt."""
        number = self.entries[-1].seq + 1 if self.entries else 1
        postings = tuple(Posting(name, str(value), "USD") for name, value in moves.items() if value)
        entry = LedgerEntry(number, f"e{number}", kind, postings, payment_id=payment_id)
        self.entries.append(entry)
        if kind in RECEIPT_OF:
            self.receipts.append(
                Receipt(
                    f"r{number}",
                    RECEIPT_OF[kind],
                    payment_id,
                    str(amount),
                    "USD",
                    (entry.entry_id,),
                    entry.postings_sha256,
                    fingerprint or None,
                )
            )
        return entry

    def say(self, payment: PlannedPayment, step: Step, attempt: int, **end: object) -> None:
        """Append one attempt: its invoke and, unless `end` is empty, its end."""
        base = Event(
            index=len(self.events),
            process=0,
            type="invoke",
            operation=step.operation,
            key=step.key,
            payment=payment.number,
            attempt=attempt,
            amount=step.amount,
            payment_id=None if step.operation == "reserve" else f"pay{payment.number}",
            intended_ns=len(self.events) * 1000,
            start_ns=len(self.events) * 1000 + 10,
        )
        self.events.append(base)
        if end:
            self.events.append(msgspec.structs.replace(base, index=len(self.events), end_ns=base.start_ns + 500, **end))

    def entry_of(self, kind: str, choice: int) -> LedgerEntry | None:
        """One of the entries of a kind."""
        found = [entry for entry in self.entries if entry.kind == kind]
        return found[choice % len(found)] if found else None

    def acknowledgement(self, operation: str, choice: int) -> Event | None:
        """One of the acknowledgements of an operation."""
        found = [event for event in self.events if event.type == "ok" and event.operation == operation]
        return found[choice % len(found)] if found else None

    def unbook(self, entry: LedgerEntry) -> None:
        """Remove an entry and its receipts."""
        self.entries.remove(entry)
        self.receipts = [receipt for receipt in self.receipts if entry.entry_id not in receipt.entry_ids]

    def rebook(self, entry: LedgerEntry, postings: tuple[Posting, ...]) -> None:
        """Give an entry other postings; its receipt keeps its amount and gets the new digest."""
        other = msgspec.structs.replace(entry, postings=postings)
        self.entries[self.entries.index(entry)] = other
        self.receipts = [
            msgspec.structs.replace(receipt, postings_sha256=other.postings_sha256)
            if entry.entry_id in receipt.entry_ids
            else receipt
            for receipt in self.receipts
        ]

    def entries_of(self, payment_id: str, *kinds: str) -> list[LedgerEntry]:
        """The entries of one payment."""
        return [entry for entry in self.entries if entry.payment_id == payment_id and entry.kind in kinds]


def opening_of(world: World, entries: int) -> Opening:
    """The books after the first entries of a world."""
    before = World(world.plan, world.seed, entries=world.entries[:entries])
    last, balances = before.entries[-1].seq, before.books().balances
    return Opening(seq=last, balances=balances, entries=entries, sha256=journal_sha256(before.entries))


def begun_world(seed: int, held: int, payout: int = 0) -> World:
    """A clean world before whose run a payment of somebody held money, or a payout set some aside: its second entry."""
    world = _planned(seed)
    world.book("fund", None, {AVAILABLE: FUNDS, "system/rail_clearing": -FUNDS}, FUNDS)
    if payout:
        world.book("payout", "old", {"payee/p1/payable": -payout, "system/payouts": payout}, payout)
    else:
        world.book("reserve", "old", {AVAILABLE: -held, HELD: held}, held)
    for payment in world.plan.payments:
        _live(world, payment, 0)
    return world


def clean_world(seed: int, payments: int = 20, unknown_percent: int = 10, mix: Mix | None = None) -> World:
    """A world in which nothing is wrong: lost replies, duplicates, refusals and unknown outcomes included."""
    world = _planned(seed, payments, mix)
    world.book("fund", None, {AVAILABLE: FUNDS, "system/rail_clearing": -FUNDS}, FUNDS)
    for payment in world.plan.payments:
        _live(world, payment, unknown_percent)
    return world


def _planned(seed: int, payments: int = 20, mix: Mix | None = None) -> World:
    mix = mix or Mix(reserve_only=1, settle=4, partial_settle=2, reverse=2, refund=2, over_limit=1)
    profile = NamedProfile("drawn", "", LoadProfile(payments=payments, arrivals=Arrivals(100), mix=mix))
    return World(make_plan(profile, seed, "test", ACCOUNTS), seed)


def idle_world(seed: int, payments: int = 20, **how: object) -> World:
    """A world in which every reserve got this response, so that nothing took effect."""
    profile = NamedProfile("drawn", "", LoadProfile(payments=payments, arrivals=Arrivals(100), mix=Mix(settle=1)))
    world = World(make_plan(profile, seed, "test", ACCOUNTS), seed)
    world.book("fund", None, {AVAILABLE: FUNDS, "system/rail_clearing": -FUNDS}, FUNDS)
    for payment in world.plan.payments:
        world.say(payment, payment.steps[0], 1, **how)
    return world


def _live(world: World, payment: PlannedPayment, unknown_percent: int) -> None:
    for step in payment.steps:
        if payment.script is Script.OVER_LIMIT:
            world.say(payment, step, 1, type="fail", status=403, code="policy_denied", body_sha256=_digest(step))
            return
        lost = chance(30, world.seed, "lost", step.key)
        if lost:
            world.say(payment, step, 1, type="info", error="abandoned")
        if chance(unknown_percent, world.seed, "unknown", step.key):
            world.say(payment, step, 2, type="info", error="timeout")
            if chance(50, world.seed, "effect", step.key):
                _effect(world, payment, step)
            return
        _effect(world, payment, step)
        for copy in range(1 + below(3, world.seed, "copies", step.key)):
            identity = f"pay{payment.number}"
            answer = {"type": "ok", "status": 200, "payment_id": identity, "body_sha256": _digest(step)}
            world.say(payment, step, 2 + copy, **answer, replayed=bool(copy) or lost)


def _effect(world: World, payment: PlannedPayment, step: Step) -> None:
    identity, amount = f"pay{payment.number}", int(payment.amount)
    payable = f"payee/{payment.payee_id}/payable"
    settled = next((int(item.amount or 0) for item in payment.steps if item.operation == "settle"), 0)
    if step.operation == "reserve":
        world.book("reserve", identity, {AVAILABLE: -amount, HELD: amount}, amount, f"fingerprint of {payment.number}")
    elif step.operation == "settle":
        world.book("settle", identity, {HELD: -amount, payable: settled, AVAILABLE: amount - settled}, settled)
    elif settled:
        world.book("refund", identity, {payable: -settled, AVAILABLE: settled}, settled)
    else:
        world.book("release", identity, {HELD: -amount, AVAILABLE: amount}, amount)


def _digest(step: Step) -> str:
    return sha256(step.key.encode()).hexdigest()
