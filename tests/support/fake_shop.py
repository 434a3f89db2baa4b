"""The books of the fake payment services: wallets, payees, payments and stored answers, and the faults that can be switched on.

Faults: `settles_twice` (two requests under one key that are in flight together both settle), `forgets_capture` (every fifth
settle is acknowledged and not booked), `other_amount` (every fifth settle books one less),
`books_elsewhere` (each repeat of a settle is booked under a new payment, to the same payee, without a key).
"""

import threading
from collections import Counter

FAULTS = ("none", "settles_twice", "forgets_capture", "other_amount", "books_elsewhere")
LIMIT = 100_000  # above it a reserve is refused
_OVERLAP_S = 0.1  # how long `settles_twice` waits for a second request under its key


class Refused(Exception):
    """A refusal on its way out."""

    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class Shop:
    """One wallet and its payees; every amount is a whole number of minor units."""

    def __init__(self, fault="none"):
        assert fault in FAULTS, f"no such fault: {fault}"
        self.fault = fault
        self.changed = threading.Condition()
        self.available, self.held = 10**12, 0
        self.payable = Counter()
        self.payments = {}
        self.answers, self.flying = {}, Counter()
        self.settles = 0
        self.settled = {}  # the payment that each stored answer settled

    def once(self, key, act):
        """The stored answer of a key, or the first one; `act` gets whether nothing may happen twice, and runs under the lock."""
        with self.changed:
            if key in self.answers:
                self._again(key)
                return self.answers[key]
            if self.fault == "settles_twice":
                return self._unguarded(key, act)
            before = self.settles
            self.answers[key] = self._acted(act, guarded=True)
            if self.settles > before:
                self.settled[key] = self.last
            return self.answers[key]

    def _again(self, key):
        """The fault: what a repeat of a settle does."""
        if self.fault == "books_elsewhere" and key in self.settled:
            first = self.settled[key]
            payment = self.reserve(first["payee"], first["captured"])
            self.settle(payment["number"], None, guarded=True)

    def _unguarded(self, key, act):
        """The fault: the key was looked up, and is stored when the effect is done; what comes in between has the effect too."""
        self.flying[key] += 1
        self.changed.notify_all()
        self.changed.wait_for(lambda: self.flying[key] > 1, _OVERLAP_S)
        answer = self._acted(act, guarded=key not in self.answers)
        return self.answers.setdefault(key, answer)

    @staticmethod
    def _acted(act, *, guarded):
        try:
            return act(guarded)
        except Refused as refused:
            return refused

    def reserve(self, payee, amount, reference=None):
        """Hold an amount; returns the payment."""
        if amount > LIMIT:
            raise Refused(403, "over_limit")
        number = len(self.payments) + 1
        self.available, self.held = self.available - amount, self.held + amount
        payment = {"number": number, "payee": payee, "amount": amount, "captured": 0, "state": "held", "reference": reference}
        payment["captures"] = []
        self.payments[number] = payment
        return payment

    def settle(self, number, amount, *, guarded, key=None):
        """Pay the payee, and release the rest."""
        payment = self.payment(number)
        if payment["state"] != "held" and guarded:
            raise Refused(409, f"already_{payment['state']}")
        amount = payment["amount"] if amount is None else amount
        self.settles, self.last = self.settles + 1, payment
        fifth = self.settles % 5 == 0
        if fifth and self.fault == "forgets_capture":
            return payment
        booked = amount - 1 if fifth and self.fault == "other_amount" else amount
        hold = payment["amount"] if payment["state"] == "held" else 0
        self.held, self.available = self.held - hold, self.available + hold - amount
        self.payable[payment["payee"]] += booked
        payment.update(state="captured", captured=booked)
        payment["captures"].append({"amount": booked, "key": key})
        return payment

    def reverse(self, number):
        """Release a hold, or refund what was captured."""
        payment = self.payment(number)
        if payment["state"] == "held":
            self.held, self.available = self.held - payment["amount"], self.available + payment["amount"]
            payment["state"] = "voided"
        elif payment["state"] == "captured":
            self.payable[payment["payee"]] -= payment["captured"]
            self.available += payment["captured"]
            payment["state"] = "refunded"
        else:
            raise Refused(409, f"already_{payment['state']}")
        return payment

    def payment(self, number):
        """One payment; refuses an id that does not exist."""
        if number not in self.payments:
            raise Refused(404, "no_such_payment")
        return self.payments[number]
