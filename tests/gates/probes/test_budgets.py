"""The counters that decisions were made with, counted anew from receipts."""

import msgspec
import pytest
from receipt_members import receipt as made

from gates.probes.budgets import budget_findings
from gates.receipts.receipt import Receipt

DAY = "2026-11-23T10:00:00.000+00:00"
TOTALS = ("authorized", "settled", "released", "open", "refunded", "charged_back")


def receipt(seq, kind, amount, totals, counters=None, payment="pay_1", now=DAY, **more):
    """A receipt with its place in the journal, its totals (authorized, settled, released, open), and its decision's counters."""
    policy = {
        "policy_sha256": "a" * 64,
        "outcome": "deny" if kind == "denial" else "allow",
        "reasons": [],
        "counters_before": counters or {},
        "counters_after": {},
        "inputs_sha256": "b" * 64,
        "inputs": {"amount": str(amount), "now": now},
        "approvals_needed": 0,
    }
    members = {
        "receipt_id": f"rcp_{seq}", "kind": kind, "tenant_id": "ten_1", "issued_at": "2026-11-23T10:00:00.000Z",
        "payment_id": payment, "operation_id": f"opr_{seq}", "seq": 1, "previous_receipt_sha256": None, "status": "reserved",
        "money_moved": "yes", "amount": str(amount), "currency": "USD",
        "totals": dict(zip(TOTALS, [*map(str, totals), "0", "0"], strict=True)), "wallet_id": "wal_1", "payee_id": "pye_1",
        "agent_id": "agent-1", "request_fingerprint": "f" * 64, "policy": policy,
        "entry_ids": [] if kind == "denial" else [f"ent_{seq}"], "postings_sha256": None, "salt": "00", "expires_at": None,
        "key_id": "k", "journal_seq": seq,
    }  # fmt: skip
    return msgspec.convert(made(**(members | more)), Receipt)


RESERVED = receipt(1, "reserve", 700, (700, 0, 0, 700), {"tenant_day": "0", "agent_hour_count": "0"})


def out_of_step(*receipts):
    """Expected and found, of each finding."""
    _, findings = budget_findings(receipts)
    return [(item.where, item.expected, item.found) for item in findings]


@pytest.mark.parametrize(
    ("between", "counters"),
    [
        ([], {"tenant_day": "700", "agent_hour_count": "1"}),
        ([receipt(2, "settle", 700, (700, 700, 0, 0))], {"tenant_day": "700", "agent_hour_count": "1"}),
        ([receipt(2, "settle", 200, (700, 200, 500, 0))], {"tenant_day": "200", "agent_hour_count": "1"}),
        ([receipt(2, "reverse", 700, (700, 0, 700, 0))], {"tenant_day": "0", "agent_hour_count": "0"}),
        ([receipt(2, "expire", 700, (700, 0, 700, 0))], {"tenant_day": "0", "agent_hour_count": "0"}),
    ],
    ids=["held", "settled", "settled in part", "released", "expired"],
)
def test_a_decision_finds_what_those_before_it_left(between, counters):
    """What is held or paid counts; what was released or expired does not."""
    then = receipt(9, "denial", 100, (0, 0, 0, 0), counters, payment="pay_2")
    assert out_of_step(RESERVED, *between, then) == []
    stale = receipt(9, "denial", 100, (0, 0, 0, 0), {"tenant_day": "9999"}, payment="pay_2")
    assert out_of_step(RESERVED, *between, stale) == [("rcp_9", f"tenant_day {counters['tenant_day']}", "9999")]


def test_another_window_begins_at_nothing():
    """The next day has a counter of its own."""
    tomorrow = receipt(2, "denial", 1, (0, 0, 0, 0), {"tenant_day": "0"}, "pay_2", "2026-11-24T00:00:00.000+00:00")
    assert out_of_step(RESERVED, tomorrow) == []


def test_the_journals_order_counts_not_the_listings():
    """Receipts may come in any order."""
    then = receipt(2, "denial", 1, (0, 0, 0, 0), {"tenant_day": "700"}, payment="pay_2")
    assert out_of_step(then, RESERVED) == []


def test_names_that_are_not_ours_are_passed_over():
    """A counter of another format is not looked at, and that is told by the number of those that were."""
    looked, findings = budget_findings([receipt(1, "reserve", 1, (1, 0, 0, 1), {"their_own": "many"})])
    assert (looked, findings) == (0, ())
