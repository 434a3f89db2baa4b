"""The policy's decision, limit by limit."""

import datetime as dt
import time

import msgspec
import pytest
import rfc8785

from gateway.canonical import canonical
from gateway.commands import ApprovalRule, Budget, DuplicateGuard, Hours, PutPolicy
from gateway.policy import NO_RULES, Policy, PolicyRequest, Reason, Tally, compile_rules, decide, encode_block, policy_sha256
from gateway.policy.draft import contradiction, draft
from gateway.policy.windows import local_moment, stamp

NOON = "2026-11-23T12:00:00.000+00:00"
DAY = Budget("tenant", "day", "10000")


def rules(**limits):
    """The rules of a policy in USD with these limits."""
    policy = Policy(version="1", currency="USD", **limits)
    return compile_rules(policy_sha256(policy), canonical(policy))


def asked(**changes):
    """A request by one agent that an open policy allows."""
    given = {"agent_id": "agent-1", "amount": 500, "currency": "USD", "payee_id": "pye_1", "wallet_id": "wal_1"}
    return PolicyRequest(**{"payee_created_at": "2026-11-23T10:00:00.000Z", **given, **changes})


def said(compiled, request, now=NOON, **counters):
    """Outcome and reasons, with `tenant_day=(amount, payments)` counted before."""
    tallies = {item.name: Tally(*counters.get(item.name, (0, 0))) for item in compiled.counted}
    block = decide(compiled, request, tallies, now)
    return block.outcome.value, [reason.value for reason in block.reasons]


LIMITS = [
    ({}, {}, {}, "allow", []),
    ({}, {"currency": "EUR"}, {}, "deny", ["currency_not_allowed"]),
    ({"per_payment_min": "501"}, {}, {}, "deny", ["per_payment_minimum"]),
    ({"per_payment_min": "500", "per_payment_max": "500"}, {}, {}, "allow", []),
    ({"per_payment_max": "499"}, {}, {}, "deny", ["per_payment_limit"]),
    ({"budgets": (DAY,)}, {}, {"tenant_day": (9500, 7)}, "allow", []),
    ({"budgets": (DAY,)}, {}, {"tenant_day": (9501, 7)}, "deny", ["daily_limit"]),
    ({"budgets": (Budget("agent", "hour", max_payments=3),)}, {}, {"agent_hour": (0, 2)}, "allow", []),
    ({"budgets": (Budget("agent", "hour", max_payments=3),)}, {}, {"agent_hour": (0, 3)}, "deny", ["agent_velocity"]),
    ({"budgets": (Budget("wallet", "month", "499", 1),)}, {}, {"wallet_month": (0, 1)}, "deny",
     ["wallet_monthly_limit", "wallet_velocity"]),
    ({"budgets": (Budget("agent", "day", "1", only="agent-2"),)}, {}, {}, "allow", []),
    ({"budgets": (Budget("agent", "day", "1", only="agent-1"),)}, {}, {}, "deny", ["agent_daily_limit"]),
    ({"budgets": (Budget("wallet", "day", max_payments=1, only="wal_2"),)}, {}, {"wallet_day": (0, 9)}, "allow", []),
    ({"allowed_payees": ()}, {}, {}, "deny", ["payee_not_allowed"]),
    ({"allowed_payees": ("pye_1",)}, {}, {}, "allow", []),
    ({"blocked_payees": ("pye_1",)}, {}, {}, "deny", ["payee_blocked"]),
    ({"allowed_categories": ("compute",)}, {}, {}, "deny", ["category_not_allowed"]),
    ({"allowed_categories": ("compute",)}, {"payee_category": "compute"}, {}, "allow", []),
    ({"blocked_categories": ("gambling",)}, {"payee_category": "gambling"}, {}, "deny", ["category_blocked"]),
    ({"hours": Hours("12:00", "12:01")}, {}, {}, "allow", []),
    ({"hours": Hours("11:00", "12:00")}, {}, {}, "deny", ["outside_hours"]),
    ({"hours": Hours("22:00", "12:01")}, {}, {}, "allow", []),
    ({"hours": Hours("12:01", "11:59")}, {}, {}, "deny", ["outside_hours"]),
    ({"duplicate": DuplicateGuard(60, "deny")}, {"duplicate_at": "2026-11-23T11:59:00.001Z"}, {}, "deny", ["duplicate"]),
    ({"duplicate": DuplicateGuard(60, "challenge")}, {"duplicate_at": "2026-11-23T11:59:30Z"}, {}, "challenge", ["duplicate"]),
    ({"duplicate": DuplicateGuard(60, "deny")}, {"duplicate_at": "2026-11-23T11:59:00.000Z"}, {}, "allow", []),
    ({"approval": ApprovalRule("500", 2)}, {}, {}, "allow", []),
    ({"approval": ApprovalRule("499", 2)}, {}, {}, "escalate", ["approval_threshold"]),
    ({"approval": ApprovalRule("499", 2)}, {"approvals": ("a",)}, {}, "escalate", ["approval_threshold"]),
    ({"approval": ApprovalRule("499", 2)}, {"approvals": ("a", "b")}, {}, "allow", ["approval_threshold"]),
    ({"new_payee_s": 7201}, {}, {}, "challenge", ["new_payee"]),
    ({"new_payee_s": 7200}, {}, {}, "allow", []),
    ({"new_payee_s": 7201}, {"payee_known": True}, {}, "allow", []),
    ({"new_payee_s": 7201}, {"approvals": ("a",)}, {}, "allow", ["new_payee"]),
    ({"new_payee_s": 7201, "approval": ApprovalRule("1", 2)}, {"approvals": ("a",)}, {}, "escalate",
     ["approval_threshold", "new_payee"]),
    ({"new_payee_s": 7201, "approval": ApprovalRule("1", 2), "per_payment_max": "2"}, {"approvals": ("a", "b")}, {}, "deny",
     ["per_payment_limit", "approval_threshold", "new_payee"]),
]  # fmt: skip


@pytest.mark.parametrize(("limits", "changes", "counted", "outcome", "reasons"), LIMITS)
def test_each_limit_holds_to_the_minor_unit_and_the_second(limits, changes, counted, outcome, reasons):
    """At the limit it is allowed, one beyond it is not; deny wins over escalate, escalate over challenge."""
    assert said(rules(**limits), asked(**changes), **counted) == (outcome, reasons)


def test_without_a_policy_nothing_is_allowed():
    """No policy context, no payment."""
    assert said(NO_RULES, asked(amount=1)) == ("deny", ["no_policy"])


def test_what_is_allowed_is_counted_in_every_budget_and_what_is_not_in_none():
    """The block tells the numbers that the policy looks at, before and after."""
    compiled = rules(budgets=(DAY, Budget("agent", "day", max_payments=2), Budget("agent", "hour", "900", 5)))
    tallies = {"tenant_day": Tally(100, 9), "agent_day": Tally(100, 1), "agent_hour": Tally(50, 1)}
    block = decide(compiled, asked(), tallies, NOON)
    assert block.counters_before == {"agent_day_count": "1", "agent_hour": "50", "agent_hour_count": "1", "tenant_day": "100"}
    assert block.counters_after == {"agent_day_count": "2", "agent_hour": "550", "agent_hour_count": "2", "tenant_day": "600"}
    denied = decide(compiled, asked(amount=901), tallies, NOON)
    assert denied.counters_after == denied.counters_before


def test_a_block_is_its_own_canonical_form_and_holds_only_what_the_policy_looks_at():
    """A general RFC 8785 writer gives the same bytes; facts that no limit asks about stay out of the receipt."""
    request = asked(payee_category="compute", approvals=("zoe",), duplicate_at=NOON, payee_known=True)
    full = {"budgets": (DAY, Budget("agent", "month", "1", 1)), "allowed_categories": ("compute",), "new_payee_s": 9}
    for limits in ({}, {**full, "duplicate": DuplicateGuard(9, "deny")}):
        compiled = rules(**limits)
        block = decide(compiled, request, {item.name: Tally(1, 1) for item in compiled.counted}, NOON)
        data = encode_block(block)
        assert rfc8785.dumps(msgspec.json.decode(data)) == data
    assert decide(rules(), request, {}, NOON).inputs == msgspec.structs.replace(
        block.inputs, payee_category="", payee_created_at=None, payee_known=False, duplicate_at=None
    )


def test_reasons_are_listed_in_the_order_of_their_enum():
    """Whatever order the document gives its limits in."""
    budgets = tuple(
        Budget(scope, window, "1", 1) for scope in ("wallet", "tenant", "agent") for window in ("month", "hour", "day")
    )
    compiled = rules(budgets=budgets, per_payment_max="1", blocked_payees=("pye_1",), approval=ApprovalRule("1", 1))
    _, reasons = said(compiled, asked(), **{item.name: (1, 1) for item in compiled.counted})
    assert reasons == sorted(reasons, key=list(Reason).index)
    assert len(reasons) == 3 * 4 + 3


def test_the_document_is_one_normal_form():
    """The daily limit is a budget, lists are sorted, each item once: equal limits have equal hashes."""
    one = draft(PutPolicy("USD", daily_limit="5", allowed_payees=("pye_2", "pye_1", "pye_2")))
    two = draft(PutPolicy("USD", budgets=(Budget("tenant", "day", "5"),), allowed_payees=("pye_1", "pye_2"), time_zone="UTC"))
    assert policy_sha256(one) == policy_sha256(two)
    assert msgspec.json.decode(canonical(one), type=Policy) == one


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (PutPolicy("USD", per_payment_min="2", per_payment_max="1"), "$.per_payment_min"),
        (PutPolicy("USD", hours=Hours("08:00", "08:00")), "$.hours"),
        (PutPolicy("USD", time_zone="Mars/Olympus"), "$.time_zone"),
        (PutPolicy("USD", time_zone="America"), "$.time_zone"),
        (PutPolicy("USD", budgets=(DAY, Budget("tenant", "day", "1", only="x"))), "$.budgets[1].only"),
        (PutPolicy("USD", budgets=(Budget("agent", "day"),)), "$.budgets[0]"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused_by_the_limits_path(command, path):
    """It would deny everything, or nothing, and nobody can have meant that."""
    fault = contradiction(draft(command))
    assert fault is not None
    assert fault.startswith(path)


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "right/Europe/Zurich", "posix/UTC", "europe/zurich"])
@pytest.mark.parametrize("here", ["Asia/Tokyo", "America/New_York", ":/etc/localtime"])
def test_a_time_zone_of_the_machine_is_refused(monkeypatch, here, name):
    """Only IANA's own names: their clocks are the same on every machine, whatever TZ says."""
    monkeypatch.setenv("TZ", here)
    time.tzset()
    try:
        assert (contradiction(draft(PutPolicy("USD", time_zone=name))) or "").startswith("$.time_zone")
        assert contradiction(draft(PutPolicy("USD", time_zone="Europe/Zurich"))) is None
        assert local_moment(dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC), "Europe/Zurich") == "2026-11-23T11:00:00.000+01:00"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_windows_are_those_of_the_named_zone_and_no_hour_is_counted_twice():
    """Midnight is the zone's, and the hour that comes twice in autumn is two hours."""
    late = dt.datetime(2026, 11, 30, 23, 30, tzinfo=dt.UTC)
    local = local_moment(late, "Europe/Zurich")
    assert local == "2026-12-01T00:30:00.000+01:00"
    assert [stamp(window, local) for window in ("hour", "day", "month")] == ["2026-12-01T00+01:00", "2026-12-01", "2026-12"]
    twice = [dt.datetime(2026, 10, 25, hour, 30, tzinfo=dt.UTC) for hour in (0, 1)]
    assert len({stamp("hour", local_moment(moment, "Europe/Zurich")) for moment in twice}) == 2
    assert {local_moment(moment, "Europe/Zurich")[:13] for moment in twice} == {"2026-10-25T02"}


def test_the_same_question_has_the_same_answer_to_the_byte():
    """Nothing but the arguments goes into a decision."""
    compiled = rules(budgets=(DAY,))
    blocks = {encode_block(decide(compiled, asked(), {"tenant_day": Tally(1, 1)}, NOON)) for _ in range(3)}
    assert len(blocks) == 1
    assert b'"outcome":"allow"' in blocks.pop()
