"""What the gateway promises, said a second time and as simply as possible: no SQL, no batches, no receipts.

The simulation asks the model about every decision that became durable, in the journal's order, and compares. Nothing of the
gateway's own rules is imported; a mistake made there is not repeated here.
"""

import datetime as dt
from dataclasses import dataclass, field

import msgspec

from gateway.idempotency.claim import Mutation

OPEN = ("reserved", "partially_settled")
TOO_LATE = {
    "settled": "already_settled",
    "released": "already_released",
    "expired": "reservation_expired",
    "denied": "policy_denied",
    "approval_required": "approval_required",
    "rejected": "payment_rejected",
    "approval_expired": "approval_expired",
    "reserved": "not_awaiting_approval",
    "partially_settled": "not_awaiting_approval",
}
KEY_DAYS = 30


@dataclass
class Payment:
    """A payment's amounts in minor units, and its state."""

    tenant: str
    wallet: str
    payee: str
    agent: str
    state: str
    requested: int
    expires: dt.datetime
    authorized: int = 0
    day: str = ""
    voters: set[str] = field(default_factory=set)
    settled: int = 0
    released: int = 0
    refunded: int = 0

    @property
    def open(self) -> int:
        """What is still held."""
        return self.authorized - self.settled - self.released


@dataclass
class Payout:
    """A payout; what the rail makes of it is followed, what operators make of it is decided here."""

    tenant: str
    payee: str
    amount: int
    state: str = "accepted"
    words: dict[str, str] = field(default_factory=dict)


@dataclass
class Known:
    """What a key led to: the request, when, and the answer's status and bytes."""

    request: tuple[object, ...]
    at: dt.datetime
    status: int
    body: bytes


@dataclass(frozen=True)
class Says:
    """The answer that must come: a status, a code for a refusal, the payment's state for an effect."""

    status: int
    code: str | None = None
    state: str | None = None
    stored: bool = True


@dataclass(frozen=True)
class Limits:
    """The policy that the simulation's tenants live under."""

    largest: int = 100_000
    a_day: int = 150_000
    approval_above: int = 50_000
    quorum: int = 2


@dataclass
class Model:
    """All that there is. `funds` are the wallets' available amounts."""

    funds: dict[tuple[str, str], int]
    payable: dict[tuple[str, str], int]
    limits: Limits = field(default_factory=Limits)
    payments: dict[str, Payment] = field(default_factory=dict)
    keys: dict[tuple[object, ...], Known] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    effects: dict[tuple[object, ...], int] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)

    def check(self, request: Mutation, now: dt.datetime, status: int, body: bytes) -> None:
        """Hold one durable decision against the model, and follow it; raises AssertionError naming both."""
        scope = (request.principal.tenant_id, request.route.name, request.path_ids, request.key)
        content = (msgspec.json.decode(request.body), request.principal.agent_id)
        known = self.keys.get(scope)
        told = msgspec.json.decode(body)
        if known is not None:
            self._check_repeat(known, content, now, status, body)
            return
        says = self._decide(request, now)
        seen = (status, told.get("code"), told["payment"]["state"] if "payment" in told else None)
        assert seen == (says.status, says.code, says.state), f"{scope}: answered {seen}, the model says {says}"
        if "payment" in told:
            self._follow(told["payment"], request, now)
        if "payout" in told:
            payout = told["payout"]
            self.payouts[payout["payout_id"]] = Payout(payout["tenant_id"], payout["payee_id"], int(payout["amount"]))
        if says.stored:
            self.keys[scope] = Known(content, now, status, body)
            self.effects[scope] = self.effects.get(scope, 0) + (status < 300)

    def expire(self, now: dt.datetime) -> None:
        """What the sweeper does: every hold whose time is over goes back."""
        for payment in self.payments.values():
            self._expire(payment, now)

    def _check_repeat(self, known: Known, content: tuple[object, ...], now: dt.datetime, status: int, body: bytes) -> None:
        if content != known.request:
            assert status == 422, f"a key used for another request was answered {status}"
        elif now >= known.at + dt.timedelta(days=KEY_DAYS):
            assert status == 410, f"a key older than {KEY_DAYS} days was answered {status}"
        else:
            assert (status, body) == (known.status, known.body), "a replay repeats status and bytes"

    def _decide(self, request: Mutation, now: dt.datetime) -> Says:
        body = msgspec.json.decode(request.body)
        rules = {
            "reserve": self._reserve,
            "settle": self._settle,
            "reverse": self._reverse,
            "approve": self._approve,
            "reject": self._reject,
            "payout": self._payout,
            "review_payout": self._review,
        }
        if request.route.kind in rules:
            return rules[request.route.kind](request, body, now)
        if request.route.kind in ("pause", "resume"):
            (self.paused.add if request.route.kind == "pause" else self.paused.discard)(request.principal.tenant_id)
            return Says(200)
        return Says(201)

    def _reserve(self, request: Mutation, body: dict[str, str], now: dt.datetime) -> Says:  # noqa: PLR0911  # one return a rule
        tenant, amount = request.principal.tenant_id, int(body["amount"])
        wallet = (tenant, body["wallet_id"])
        if tenant in self.paused:
            return Says(503, "paused", stored=False)
        if wallet not in self.funds or (tenant, body["payee_id"]) not in self.payable:
            return Says(404, "not_found")
        if body["currency"] != "USD":
            return Says(409, "currency_mismatch")
        if self._denies(tenant, amount, now):
            return Says(403, "policy_denied")
        if amount > self.limits.approval_above:
            return Says(202, state="approval_required")
        if amount > self.funds[wallet]:
            return Says(409, "insufficient_funds")
        self.funds[wallet] -= amount
        return Says(201, state="reserved")

    def _settle(self, request: Mutation, body: dict[str, object], now: dt.datetime) -> Says:
        payment = self._usable(request, now)
        if isinstance(payment, Says):
            return payment
        if payment.state not in OPEN:
            return _too_late(payment)
        amount = int(body.get("amount", payment.open))
        if amount > payment.open:
            return Says(409, "over_settlement")
        payment.settled += amount
        self.payable[payment.tenant, payment.payee] += amount
        if body.get("final", True) or payment.open == 0:
            self._release(payment)
            payment.state = "settled"
        else:
            payment.state = "partially_settled"
        return Says(200, state=payment.state)

    def _reverse(self, request: Mutation, body: dict[str, object], now: dt.datetime) -> Says:  # noqa: PLR0911  # one return a rule
        payment = self._usable(request, now, needs_hold=False)
        if isinstance(payment, Says):
            return payment
        if payment.state in OPEN:
            if int(body.get("amount", payment.open)) != payment.open:
                return Says(409, "partial_release")
            self._release(payment)
            payment.state = "settled" if payment.settled else "released"
            return Says(200, state=payment.state)
        if payment.state != "settled":
            return _too_late(payment)
        left = payment.settled - payment.refunded
        amount = int(body.get("amount", left))
        if amount > left or amount == 0:
            return Says(409, "refund_exceeds_settled")
        if amount > self.payable[payment.tenant, payment.payee]:
            return Says(409, "insufficient_payable")
        self.payable[payment.tenant, payment.payee] -= amount
        payment.refunded += amount
        self.funds[payment.tenant, payment.wallet] += amount
        return Says(200, state="settled")

    def _approve(self, request: Mutation, body: dict[str, object], now: dt.datetime) -> Says:  # noqa: ARG002  # all rules are called alike
        payment = self._votable(request, now)
        if isinstance(payment, Says):
            return payment
        wallet = (payment.tenant, payment.wallet)
        if payment.tenant in self.paused:
            return Says(503, "paused", stored=False)
        if self._denies(payment.tenant, payment.requested, now):
            payment.state = "denied"
            return Says(403, "policy_denied")
        if len(payment.voters) + 1 == self.limits.quorum:
            if payment.requested > self.funds[wallet]:
                return Says(409, "insufficient_funds")
            self.funds[wallet] -= payment.requested
            payment.state, payment.authorized, payment.day = "reserved", payment.requested, _day(now)
        payment.voters.add(request.principal.agent_id)
        return Says(200, state=payment.state)

    def _reject(self, request: Mutation, body: dict[str, object], now: dt.datetime) -> Says:  # noqa: ARG002  # all rules are called alike
        payment = self._votable(request, now)
        if isinstance(payment, Says):
            return payment
        payment.state = "rejected"
        return Says(200, state="rejected")

    def follow_payouts(self, states: dict[str, str]) -> None:
        """What the rail made of payouts: only a failure gives the money back, and nothing that is over changes."""
        for payout_id, state in states.items():
            payout = self.payouts[payout_id]
            if payout.state in ("succeeded", "failed"):
                assert state == payout.state, f"{payout_id} was {payout.state}, and is {state}"
            elif state == "failed":
                self.payable[payout.tenant, payout.payee] += payout.amount
            payout.state = state

    def _payout(self, request: Mutation, body: dict[str, str], now: dt.datetime) -> Says:  # noqa: ARG002  # all rules are called alike
        payee = (request.principal.tenant_id, body["payee_id"])
        if payee not in self.payable:
            return Says(404, "not_found")
        if body["currency"] != "USD":
            return Says(409, "currency_mismatch")
        if int(body["amount"]) > self.payable[payee]:
            return Says(409, "insufficient_payable")
        self.payable[payee] -= int(body["amount"])
        return Says(202)

    def _review(self, request: Mutation, body: dict[str, str], now: dt.datetime) -> Says:  # noqa: ARG002  # all rules are called alike
        payout = self.payouts.get(request.path_ids[0])
        if payout is None or payout.tenant != request.principal.tenant_id:
            return Says(404, "not_found")
        if payout.state != "manual_review":
            final = payout.state in ("succeeded", "failed")
            return Says(409, "payout_final" if final else "operation_outcome_unknown")
        payout.words[request.principal.agent_id] = body["outcome"]
        if list(payout.words.values()).count(body["outcome"]) == 2:
            payout.state = body["outcome"]
            if payout.state == "failed":
                self.payable[payout.tenant, payout.payee] += payout.amount
        return Says(200)

    def _votable(self, request: Mutation, now: dt.datetime) -> Payment | Says:
        payment = self._usable(request, now)
        if isinstance(payment, Says):
            return payment
        if payment.state != "approval_required":
            return _too_late(payment)
        if request.principal.agent_id in {*payment.voters, payment.agent}:
            return Says(409, "approver_not_distinct")
        return payment

    def _denies(self, tenant: str, amount: int, now: dt.datetime) -> bool:
        today = (item for item in self.payments.values() if (item.tenant, item.day) == (tenant, _day(now)))
        spent = sum(item.authorized - item.released for item in today)
        return amount > self.limits.largest or spent + amount > self.limits.a_day

    def _usable(self, request: Mutation, now: dt.datetime, *, needs_hold: bool = True) -> Payment | Says:
        payment = self.payments.get(request.path_ids[0])
        if payment is None or payment.tenant != request.principal.tenant_id:
            return Says(404, "not_found")
        if self._expire(payment, now) and (needs_hold or payment.settled == 0):
            return Says(409, "approval_expired" if payment.state == "approval_expired" else "reservation_expired")
        return payment

    def _expire(self, payment: Payment, now: dt.datetime) -> bool:
        if now < payment.expires or payment.state not in (*OPEN, "approval_required"):
            return False
        if payment.state == "approval_required":
            payment.state = "approval_expired"
            return True
        self._release(payment)
        payment.state = "settled" if payment.settled else "expired"
        return True

    def _release(self, payment: Payment) -> None:
        self.funds[payment.tenant, payment.wallet] += payment.open
        payment.released += payment.open

    def _follow(self, told: dict[str, str], request: Mutation, now: dt.datetime) -> None:
        """Learn a new payment's id and expiry; hold the amounts of a known one against the model's."""
        payment = self.payments.get(told["payment_id"])
        if payment is None:
            body = msgspec.json.decode(request.body)
            expires = now + dt.timedelta(seconds=int(body.get("expires_in_s", 86_400)))
            whose = (told["tenant_id"], body["wallet_id"], body["payee_id"], request.principal.agent_id)
            payment = Payment(*whose, told["state"], int(body["amount"]), expires)
            if payment.state == "reserved":
                payment.authorized, payment.day = payment.requested, _day(now)
            self.payments[told["payment_id"]] = payment
        mine = (payment.authorized, payment.settled, payment.released, payment.open, payment.refunded)
        theirs = tuple(int(told["amounts"][name]) for name in ("authorized", "settled", "released", "open", "refunded"))
        assert mine == theirs, f"{told['payment_id']}: told {theirs}, the model has {mine}"


def _day(now: dt.datetime) -> str:
    return now.date().isoformat()


def _too_late(payment: Payment) -> Says:
    return Says(403 if payment.state == "denied" else 409, TOO_LATE[payment.state])
