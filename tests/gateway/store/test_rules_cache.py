"""Compiled policies are kept by bytes: many small ones, or few large ones."""

import datetime as dt

import msgspec

from gateway.commands import PutPolicy
from gateway.control import MOST_POLICIES_A_DAY
from gateway.policy import NO_RULES
from gateway.routes import PUT_POLICY
from gateway.store.rules_cache import MOST_BYTES, RulesCache


def test_policies_of_the_largest_size_are_not_all_kept(desk):
    """A tenant that puts 64 KiB policies, one after another, takes no more than the whole cache may take."""
    for number in range(40):
        payees = tuple(f"pye_{number:03d}{payee:061d}" for payee in range(900))
        assert desk.ask(PUT_POLICY, PutPolicy("USD", allowed_payees=payees), f"put-{number}").status == 201
        desk.tx.rules(desk.demo.tenant_id)
        desk.tx.forget_settings()
    assert 0 < desk.tx._rules.bytes <= MOST_BYTES


def test_what_was_used_last_stays():
    """And what alone is larger than the whole room is never kept."""
    cache = RulesCache(most_bytes=3 * 356)
    for digest in ("a", "b", "c"):
        cache.add(digest, 100, NO_RULES)
    assert cache.get("a") is NO_RULES
    cache.add("d", 100, NO_RULES)
    assert [digest for digest in "abcd" if cache.get(digest)] == ["a", "c", "d"]
    cache.add("large", 3 * 356, NO_RULES)
    assert cache.get("large") is None
    assert cache.bytes == 3 * 356


def test_a_policy_is_compiled_once_while_it_is_kept(desk):
    """The same rules, not equal ones."""
    first = desk.reads.rows.rules(desk.demo.tenant_id)
    assert desk.reads.rows.rules(desk.demo.tenant_id) is first


def test_a_tenant_may_put_two_hundred_policies_a_day(desk):
    """The next one is refused with the time to wait, nothing is stored under its key, and a day later it is taken."""
    for number in range(MOST_POLICIES_A_DAY - 1):  # the demo data have put the first
        assert desk.ask(PUT_POLICY, PutPolicy("USD"), f"put-{number}").status == 201
    refused = desk.ask(PUT_POLICY, PutPolicy("USD"), "one-more")
    problem = msgspec.json.decode(refused.body)
    assert (refused.status, problem["code"], problem["retry"]["action"]) == (429, "rate_limited", "same_key")
    assert problem["retry"]["after_ms"] == 86_400_000
    desk.now += dt.timedelta(days=1)
    assert desk.ask(PUT_POLICY, PutPolicy("USD"), "one-more").status == 201
