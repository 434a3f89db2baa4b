"""Random lives under rich policies: budgets stay what is held or settled, and every receipt's decision can be made again."""

import base64
import datetime as dt
import os
import tempfile
from pathlib import Path

import msgspec
import pytest
from gateway_desk import Desk
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gates.evidence.dsse import Envelope, TrustRoot
from gates.probes.binding import check_binding
from gates.receipts.levels import Mark
from gates.receipts.receipt import parse_receipt
from gates.receipts.verifier import verify_receipts
from gates.schema.ledger import LedgerEntry
from gateway.canonical import sha256_hex
from gateway.commands import ApprovalRule, Approve, Budget, DuplicateGuard, Principal, PutPolicy, Reject, Reserve, Reverse, Settle
from gateway.routes import APPROVE, PUT_POLICY, REJECT, RESERVE, REVERSE, SETTLE
from gateway.views import ledger_lines

EXAMPLES = int(os.environ.get("GONOGO_POLICY_LIVES", "50"))
"""How many random lives; a nightly run sets more."""

BUDGETS = (
    Budget("tenant", "day", "3000"),
    Budget("tenant", "month", max_payments=40),
    Budget("agent", "hour", "1500", 6),
    Budget("wallet", "day", "2500", 30),
)
POLICIES = (
    PutPolicy("USD", daily_limit="100000"),
    PutPolicy("USD", budgets=BUDGETS, time_zone="Europe/Zurich"),
    PutPolicy("USD", budgets=BUDGETS[:2], approval=ApprovalRule("300", 2), per_payment_min="10"),
    PutPolicy("USD", budgets=BUDGETS[1:], approval=ApprovalRule("500", 1), duplicate=DuplicateGuard(600, "challenge")),
    PutPolicy("USD", duplicate=DuplicateGuard(600, "deny"), new_payee_s=3600),
)
PEOPLE = ("ann", "bob", "cem")


class PolicyLives(RuleBasedStateMachine):
    """Policies change, payments wait, are approved, rejected, settled and given back, and time passes."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.desk = Desk(Path(self.folder.name))
        self.payments = ["pay_none"]
        self.documents = {}
        self.keys = 0

    def teardown(self):
        self.every_receipt_verifies()
        self.desk.connection.close()
        self.folder.cleanup()

    def ask(self, route, command, *ids, principal=None):
        """Ask under a key of its own."""
        self.keys += 1
        answer = self.desk.ask(route, command, f"k{self.keys}", *ids, principal=principal)
        assert answer.status < 500
        return msgspec.json.decode(answer.body)

    @initialize(which=st.sampled_from(POLICIES))
    def start(self, which):
        self.put_policy(which)

    @rule(which=st.sampled_from(POLICIES))
    def put_policy(self, which):
        digest = self.ask(PUT_POLICY, which)["policy_sha256"]
        self.documents[digest] = self.desk.reads.policy(self.desk.demo.tenant_id, digest)
        assert sha256_hex(self.documents[digest]) == digest

    @rule(
        amount=st.sampled_from([20, 100, 100, 300, 301, 700]),
        payee=st.integers(0, 2),
        seconds=st.sampled_from([60, 3600, 86_400]),
    )
    def reserve(self, amount, payee, seconds):
        body = self.ask(RESERVE, Reserve(self.desk.demo.wallet_id, self.desk.demo.payee_ids[payee], str(amount), "USD", seconds))
        path = body["payment"]["payment_id"] if "payment" in body else (body["resource"] or "pay_none")
        self.payments.append(path.removeprefix("/v1/payments/"))

    def payment(self, which):
        """One of the last few payments."""
        return self.payments[-1 - which % min(6, len(self.payments))]

    @rule(which=st.integers(0, 3), who=st.sampled_from(PEOPLE), part=st.sampled_from([None, "50"]))
    def carry_on(self, which, who, part):
        """What the payment is ready for: the next approval, or a settle."""
        payment = self.payment(which)
        row = self.desk.tx.payment(self.desk.demo.tenant_id, payment)
        if row is not None and row.state == "approval_required":
            self.approve(which, who, "operator")
        elif row is not None and row.amounts.open:
            self.settle(which, part is None, part)

    @rule(which=st.integers(0, 5), who=st.sampled_from(PEOPLE), role=st.sampled_from(["operator", "tenant_admin"]))
    def approve(self, which, who, role):
        caller = Principal(self.desk.demo.tenant_id, f"key-{role}-{who}", role, who, person_id=f"per_{who}")
        self.ask(APPROVE, Approve("r"), self.payment(which), principal=caller)

    @rule(which=st.integers(0, 5), who=st.sampled_from(PEOPLE))
    def reject(self, which, who):
        caller = Principal(self.desk.demo.tenant_id, f"key-{who}", "operator", who, person_id=f"per_{who}")
        self.ask(REJECT, Reject("r"), self.payment(which), principal=caller)

    @rule(which=st.integers(0, 5), final=st.booleans(), amount=st.none() | st.integers(1, 100))
    def settle(self, which, final, amount):
        command = Settle(final=final) if amount is None else Settle(amount=str(amount), final=final)
        self.ask(SETTLE, command, self.payment(which))

    @rule(which=st.integers(0, 5))
    def reverse(self, which):
        self.ask(REVERSE, Reverse(reason="r"), self.payment(which))

    @rule(seconds=st.sampled_from([1, 1, 59, 59, 700, 4000, 90_000]))
    def pass_time(self, seconds):
        self.desk.now += dt.timedelta(seconds=seconds)

    @rule()
    def sweep(self):
        self.desk.sweep()

    @invariant()
    def budgets_are_what_is_held_or_settled(self):
        """Each counter holds what was counted in it and not given back: nothing is lost, nothing counted twice."""
        expected = {}
        columns = "SELECT counters, settled + open, state FROM payments WHERE counters <> ''"
        for names, amount, state in self.desk.connection.execute(columns):
            for name in names.split("\n"):
                was = expected.get(name, (0, 0))
                expected[name] = (was[0] + amount, was[1] + (state not in ("released", "expired")))
        counted = {
            row[0]: (row[1], row[2]) for row in self.desk.connection.execute("SELECT counter, amount, payments FROM counters")
        }
        assert counted == expected

    def every_receipt_verifies(self):
        """Signature, chain, conservation, the decision made again by code that shares nothing with the gateway's, the ledger."""
        items = self.desk.receipts()
        envelopes = [(item.receipt_id, msgspec.convert(msgspec.to_builtins(item.envelope), Envelope)) for item in items]
        jwks = msgspec.json.encode({"keys": [self.desk.signer.jwk]})
        for found in verify_receipts(envelopes, TrustRoot.from_jwks(jwks, "the desk"), policies=self.documents):
            wrong = [f"{level.name} {level.mark}: {level.says}" for level in found.levels if level.mark is not Mark.PASS]
            assert not wrong, f"{found.receipt.kind} {found.receipt.status}: {wrong}"
        receipts = [parse_receipt(base64.b64decode(envelope.payload)) for _, envelope in envelopes]
        tenant = self.desk.demo.tenant_id
        lines = msgspec.json.encode(ledger_lines(tenant, self.desk.reads.ledger(tenant, 0, 1000)))
        bound = check_binding(msgspec.json.decode(lines, type=list[LedgerEntry]), receipts)
        assert not bound.findings


TestPolicyLives = pytest.mark.deeper(minutes=6)(PolicyLives.TestCase)
TestPolicyLives.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
