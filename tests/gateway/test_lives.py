"""Random lives: whatever is asked in whatever order, money is conserved and the books agree."""

import datetime as dt
import tempfile
from pathlib import Path

import msgspec
from gateway_desk import Desk
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.commands import Reserve, Reverse, Settle
from gateway.routes import RESERVE, REVERSE, SETTLE


class Lives(RuleBasedStateMachine):
    """Reserves, settles and reverses payments at random, with time passing and keys used again."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.desk = Desk(Path(self.folder.name))
        self.payments = ["pay_none"]
        self.answers = {}

    def teardown(self):
        self.desk.connection.close()
        self.folder.cleanup()

    def ask(self, route, command, key, *ids):
        """Ask, and hold a repeated answer against the first."""
        answer = self.desk.ask(route, command, key, *ids)
        if answer.replayed:
            assert answer.body == self.answers[route.kind, ids, key]
        elif answer.status < 500 and answer.status not in (410, 422):
            assert (route.kind, ids, key) not in self.answers
            self.answers[route.kind, ids, key] = answer.body
        return answer

    @rule(amount=st.integers(1, 120_000), seconds=st.sampled_from([1, 60, 3600]), key=st.integers(0, 20))
    def reserve(self, amount, seconds, key):
        command = Reserve(self.desk.demo.wallet_id, self.desk.demo.payee_ids[0], str(amount), "USD", seconds)
        answer = self.ask(RESERVE, command, f"r{key}")
        if answer.status == 201:
            self.payments.append(msgspec.json.decode(answer.body)["payment"]["payment_id"])

    @rule(which=st.integers(0, 50), amount=st.none() | st.integers(1, 120_000), final=st.booleans(), key=st.integers(0, 20))
    def settle(self, which, amount, final, key):
        command = Settle(final=final) if amount is None else Settle(amount=str(amount), final=final)
        self.ask(SETTLE, command, f"s{key}", self.payments[which % len(self.payments)])

    @rule(which=st.integers(0, 50), amount=st.none() | st.integers(1, 120_000), key=st.integers(0, 20))
    def reverse(self, which, amount, key):
        command = Reverse(reason="r") if amount is None else Reverse(reason="r", amount=str(amount))
        self.ask(REVERSE, command, f"v{key}", self.payments[which % len(self.payments)])

    @rule(seconds=st.integers(0, 4000))
    def pass_time(self, seconds):
        self.desk.now += dt.timedelta(seconds=seconds)

    @rule()
    def sweep(self):
        self.desk.sweep()

    @invariant()
    def the_books_agree(self):
        """Balances are the sums of movements; holds and settlements of all payments add up to them."""
        execute = self.desk.connection.execute
        totals = execute(
            "SELECT coalesce(sum(open), 0), coalesce(sum(settled - refunded), 0), coalesce(sum(settled + open), 0) FROM payments"
        ).fetchone()
        balances = self.desk.balances()
        assert sum(balances.values()) == 100_000_000
        assert (balances["held"], balances["payable"]) == totals[:2]
        derived = """SELECT count(*) FROM accounts AS a WHERE balance <>
            (SELECT coalesce(sum(amount), 0) FROM movements WHERE credit = a.account) -
            (SELECT coalesce(sum(amount), 0) FROM movements WHERE debit = a.account)"""
        assert execute(derived).fetchone() == (0,)
        counted = execute("SELECT coalesce(sum(amount), 0) FROM counters").fetchone()[0]
        assert counted == totals[2]


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
