"""What could have gone wrong is counted, and nothing else; what happened on the run's accounts is explained, or found."""

import msgspec
import pytest

from gates.schema.outcome import UnknownReason
from loadtests.books.entries import Gap
from loadtests.checker.check import check
from loadtests.checker.findings import Rule
from loadtests.schema import Mix

HELD, AVAILABLE = "wallet/w1/held", "wallet/w1/available"
SETTLES = Mix(settle=1)
NONE = Gap(UnknownReason.MISSING, "no such book")


def rules(verdict):
    """The rules of its findings."""
    return {item.rule for item in verdict.findings}


def once(world):
    """Drop every attempt but the first acknowledged one of a key: no key was sent twice."""
    kept, seen = [], set()
    for begun, ended in zip(world.events[::2], world.events[1::2], strict=True):
        if ended.type == "ok" and ended.key not in seen:
            seen.add(ended.key)
            kept += [begun, ended]
    world.events = kept


def test_a_settle_that_was_sent_once_could_not_settle_twice(worlds):
    """No opportunity: unknown, with what to change; a lost settle was possible all the same."""
    world = worlds.clean_world(1, mix=SETTLES, unknown_percent=0)
    once(world)
    measures = world.checked().measures
    double = measures["double_settles"]
    assert (double.value, double.unknown, double.samples) == (None, UnknownReason.TOO_FEW_SAMPLES, 0)
    assert "raise duplicates" in double.detail
    assert (measures["lost_settles"].value, measures["lost_settles"].samples) == ("0", 20)
    assert double.made_of["acknowledged"] == 20


def test_attempts_one_after_the_other_are_not_in_flight_together(worlds):
    """Duplicates that never overlap leave the count at zero; those that do are counted once a key."""
    world = worlds.clean_world(1, mix=SETTLES, unknown_percent=0)
    assert world.checked().measures["double_settles"].made_of["in_flight_together"] == 0
    world.events = [msgspec.structs.replace(event, start_ns=10, end_ns=event.end_ns and 20) for event in world.events]
    double = world.checked().measures["double_settles"]
    assert 0 < double.made_of["in_flight_together"] == double.samples <= 20


def test_a_refused_reserve_is_no_opportunity_and_is_counted_apart(worlds):
    """Acknowledged, refused and ambiguous mutations are three counts."""
    reserve = worlds.clean_world(2, mix=Mix(settle=0, over_limit=1)).checked().measures["double_reserves"]
    assert (reserve.value, reserve.made_of["refused"], reserve.made_of["acknowledged"]) == (None, 20, 0)


def test_a_finding_is_a_fact_however_few_the_opportunities(worlds):
    """A payment that settled twice although it was sent once is one of one."""
    world = worlds.clean_world(1, mix=SETTLES, unknown_percent=0)
    once(world)
    entry = world.entry_of("settle", 0)
    world.book("settle", entry.payment_id, {p.account: int(p.amount) for p in entry.postings}, 1)
    double = world.checked().measures["double_settles"]
    assert (double.value, double.samples) == ("1", 1)


def test_an_entry_of_nobody_is_found_and_the_accounts_do_not_add_up(worlds):
    """A settle of another payment on the same wallet, and money without a payment."""
    world = worlds.clean_world(7)
    world.book("settle", "someone-else", {HELD: -5, "payee/p1/payable": 5}, 5)
    world.book("fund", None, {AVAILABLE: 3, "system/rail_clearing": -3}, 3)
    found = [item.rule for item in world.checked().findings]
    assert found.count(Rule.UNEXPLAINED_ENTRY) == 2
    assert set(found) == {Rule.UNEXPLAINED_ENTRY, Rule.CONSERVATION}
    assert world.checked().counts.foreign_entries >= 1


def test_entries_on_other_accounts_belong_to_others(worlds):
    """The run answers for its own wallet and payees."""
    world = worlds.clean_world(7)
    world.book("settle", "someone-else", {"wallet/w2/held": -5, "payee/p9/payable": 5}, 5)
    assert world.checked().findings == ()


def test_declared_other_writers_make_what_they_touch_unknown(worlds):
    """Not a finding, and not clean; without such entries the count is zero."""
    world = worlds.clean_world(7)
    assert world.checked(shared=True).measures["unexplained_entries"].value == "0"
    world.book("settle", "someone-else", {HELD: -5000, "payee/p1/payable": 5000}, 5000)
    verdict = world.checked(shared=True)
    assert verdict.findings == ()
    for name in ("unexplained_entries", "conservation_breaks"):
        assert (verdict.measures[name].value, verdict.measures[name].unknown) == (None, UnknownReason.MISSING)
        assert "other_writers" in verdict.measures[name].detail


def hidden_hold(worlds):
    """A world with a hold under an id that no client received, and the entry."""
    for seed in range(50):
        world = worlds.clean_world(seed, payments=10, unknown_percent=70)
        answered = {event.payment_id for event in world.events if event.type == "ok"}
        hidden = [entry for entry in world.entries if entry.kind == "reserve" and entry.payment_id not in answered]
        if hidden:
            return world, hidden[0]
    raise AssertionError("no world of fifty has such a hold")


def test_a_reserve_without_a_response_explains_one_hold_and_no_second(worlds):
    """Under an id that no client received, of exactly its amount."""
    world, entry = hidden_hold(worlds)
    assert world.checked().findings == ()
    amount = entry.moved(HELD)
    world.book("reserve", "once-more", {AVAILABLE: -amount, HELD: amount}, amount)
    assert Rule.UNEXPLAINED_ENTRY in rules(world.checked())


@pytest.fixture
def earlier(worlds):
    """A world whose wallet already holds 500 for a payment from before the run, and the books before it."""
    world = worlds.begun_world(3, 500)
    return world, worlds.opening_of(world, 2)


def test_a_hold_from_before_the_run_may_expire_once(earlier):
    """Exactly what it held goes back to the wallet; once more is found."""
    world, opening = earlier
    world.book("expire", "old", {HELD: -500, AVAILABLE: 500}, 500)
    assert check(world.plan, world.events, world.books(), opening).findings == ()
    world.book("expire", "old", {HELD: -500, AVAILABLE: 500}, 500)
    assert Rule.UNEXPLAINED_ENTRY in rules(check(world.plan, world.events, world.books(), opening))


def test_without_a_ledger_an_expired_hold_from_before_is_within_the_bounds(earlier):
    """Nobody can see which hold ended: no more than was held before and by the run may come back."""
    world, opening = earlier
    for amount, value in ((500, "0"), (10**6, "2")):
        world.book("expire", "old", {HELD: -amount, AVAILABLE: amount}, amount)
        blind = msgspec.structs.replace(world.books(), entries=NONE)
        assert check(world.plan, world.events, blind, opening).measures["conservation_breaks"].value == value


def test_a_settle_on_an_earlier_payment_is_no_end_of_it(earlier):
    """Only an expiry or the decision of a payout ends what began before."""
    world, opening = earlier
    world.book("settle", "old", {HELD: -500, "payee/p1/payable": 500}, 500)
    found = rules(check(world.plan, world.events, world.books(), opening))
    assert found == {Rule.UNEXPLAINED_ENTRY, Rule.CONSERVATION}


def test_a_payout_from_before_the_run_may_be_decided(worlds):
    """A failed payout gives back exactly what it took; more than that, or again, is found."""
    world = worlds.begun_world(4, 0, payout=40)
    opening = worlds.opening_of(world, 2)
    back = {"payee/p1/payable": 40, "system/payouts": -40}
    world.book("payout_failure", "old", back, 40)
    assert check(world.plan, world.events, world.books(), opening).findings == ()
    world.book("payout_failure", "old", back, 40)
    assert Rule.UNEXPLAINED_ENTRY in rules(check(world.plan, world.events, world.books(), opening))


def test_a_journal_that_was_changed_before_the_run_is_found(worlds):
    """Append-only means that the beginning stays as it was read."""
    world = worlds.clean_world(4)
    opening = world.opening()
    world.entries[0] = msgspec.structs.replace(world.entries[0], at="another time")
    (found,) = check(world.plan, world.events, world.books(), opening).findings
    assert (found.rule, "is not the one before the run" in found.detail) == (Rule.UNEXPLAINED_ENTRY, True)


def test_without_a_ledger_a_wallet_keeps_its_sum_whatever_expires(worlds):
    """Money that comes back to the wallet without leaving a hold is found, although an expiry could explain the one balance."""
    world = worlds.clean_world(5, mix=Mix(settle=1, reserve_only=2), unknown_percent=0)
    world.balance_error = 1
    blind = msgspec.structs.replace(world.books(), entries=NONE)
    (found,) = check(world.plan, world.events, blind, world.opening()).findings
    assert (found.rule, found.detail.startswith("wallet/w1 changed by ")) == (Rule.CONSERVATION, True)


@pytest.mark.parametrize("amount", [-1, 1])
def test_an_account_that_is_off_by_one_unit_is_found(worlds, amount):
    """Where every outcome is known and nothing may expire the responses explain each balance exactly."""
    world = worlds.clean_world(5, mix=SETTLES, unknown_percent=0)
    world.balance_error = amount
    books = msgspec.structs.replace(world.books(), entries=NONE)
    verdict = check(world.plan, world.events, books, world.opening())
    assert rules(verdict) == {Rule.CONSERVATION}
    assert [item.detail.partition(" ")[0] for item in verdict.findings] == ["wallet/w1/available", "wallet/w1"]


def test_two_payments_under_one_key_are_proved_by_the_history_alone(worlds):
    """No book at all: the finding names both ids, and its witness has both responses."""
    world = worlds.clean_world(6, unknown_percent=0)
    first = world.acknowledgement("reserve", 0)
    other = msgspec.structs.replace(first, payment_id="second", body_sha256="0" * 64, index=len(world.events))
    world.events += [msgspec.structs.replace(other, type="invoke", end_ns=None, status=None), other]
    blind = msgspec.structs.replace(world.books(), entries=NONE, receipts=NONE, balances=NONE)
    verdict = check(world.plan, world.events, blind)
    changed, found = verdict.findings
    assert (changed.rule, found.rule) == (Rule.REPLAY_CHANGE, Rule.DOUBLE_RESERVE)
    assert f"2 payments ({first.payment_id}, second): a double reserve" in changed.detail
    assert f"2 payments: {first.payment_id}, second" in found.detail
    assert [line.history.payment_id for line in found.witness] == [first.payment_id, "second"]
    assert (verdict.measures["double_reserves"].value, verdict.measures["double_settles"].value) == ("1", None)
