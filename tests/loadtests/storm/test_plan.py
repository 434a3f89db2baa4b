"""The plan of a storm is a pure function: same arguments, same bytes; every payment has keys of its own."""

from collections import Counter
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.schema.canonical import canonical_json
from gates.schema.errors import UsageProblem
from loadtests.draws import below, chance, exponential_us, weighted
from loadtests.schema import load_profile
from loadtests.storm.plan import Accounts, Reply, Script, make_plan, plan_bytes, read_plan

ACCOUNTS = Accounts("wal_1", ("pye_1", "pye_2", "pye_3"), "USD")


@pytest.fixture
def smoke():
    """The shipped smoke profile."""
    return load_profile("smoke")


@given(seed=st.integers(0, 2**53 - 1))
def test_the_same_arguments_give_the_same_bytes(seed):
    """A plan depends on profile, seed, run id and accounts alone, and its file is RFC 8785."""
    named = msgspec.structs.replace(
        load_profile("smoke"), profile=msgspec.structs.replace(load_profile("smoke").profile, payments=5)
    )
    plan = make_plan(named, seed, "r1", ACCOUNTS)
    assert plan_bytes(plan) == plan_bytes(make_plan(named, seed, "r1", ACCOUNTS)) == canonical_json(plan) + b"\n"
    assert read_plan(plan_bytes(plan), "plan.json") == plan


def test_a_plan_that_was_made_before_is_made_again_by_this_version(smoke):
    """Two payments pinned: a change of the draws would silently make old seeds mean another storm."""
    plan = make_plan(smoke, 7, "pinned", ACCOUNTS)
    told = [(payment.script, payment.amount, payment.payee_id, payment.due_us) for payment in plan.payments]
    assert told[0] == ("settle", "4686", "pye_3", 0)
    assert told[9] == ("settle", "4340", "pye_2", 337496)


def test_another_seed_gives_another_storm_and_another_run_id_only_other_keys(smoke):
    """The seed decides the draws; the run id is in the keys and nowhere else."""
    one, two = make_plan(smoke, 1, "a", ACCOUNTS), make_plan(smoke, 1, "b", ACCOUNTS)
    assert make_plan(smoke, 2, "a", ACCOUNTS).payments != one.payments
    keys = [step.key for plan in (one, two) for payment in plan.payments for step in payment.steps]
    assert len(set(keys)) == len(keys)
    assert [payment.amount for payment in one.payments] == [payment.amount for payment in two.payments]
    assert [payment.due_us for payment in one.payments] == [payment.due_us for payment in two.payments]


def test_every_key_is_one_that_a_gateway_takes(smoke):
    """Keys are 16 to 255 visible ASCII characters."""
    keys = [step.key for payment in make_plan(smoke, 1, "20261123T100000000", ACCOUNTS).payments for step in payment.steps]
    assert all(16 <= len(key) <= 255 and key.isascii() and key.isprintable() and " " not in key for key in keys)


def test_the_mix_holds_every_script_with_the_steps_that_it_names(smoke):
    """Each script of the profile is drawn, its steps are in order, and a part is less than the whole."""
    payments = make_plan(smoke, 3, "r", ACCOUNTS).payments
    assert set(Counter(payment.script for payment in payments)) == set(Script)
    for payment in payments:
        names = [step.operation for step in payment.steps]
        assert names[0] == "reserve"
        assert names == sorted(names, key=("reserve", "settle", "reverse").index)
        if payment.script is Script.PARTIAL_SETTLE:
            assert 1 <= int(payment.steps[1].amount) < int(payment.amount)
        if payment.script is Script.OVER_LIMIT:
            assert payment.amount == smoke.profile.amounts.over_limit
        else:
            assert 100 <= int(payment.amount) <= 5000


def test_the_smoke_storm_is_big_enough_for_the_gates(smoke):
    """Hundreds of settles, of doubtful mutations and of repeated answers: a gate asks for 200 of each."""
    steps = [step for payment in make_plan(smoke, 1, "r", ACCOUNTS).payments for step in payment.steps]
    assert sum(step.operation == "settle" for step in steps) > 300
    assert sum(step.replies[0] is Reply.CLOSE or step.copies > 1 or step.replies[0] is Reply.HURRY for step in steps) > 300


def test_arrivals_come_at_the_rate_of_the_profile(smoke):
    """Poisson gaps average out to the rate; constant ones are equal."""
    dues = [payment.due_us for payment in make_plan(smoke, 1, "r", ACCOUNTS).payments]
    assert dues == sorted(dues)
    assert 0.8 < dues[-1] / (len(dues) * 1_000_000 / smoke.profile.arrivals.rate_per_s) < 1.2
    steady = make_plan(load_profile("rollback"), 1, "r", ACCOUNTS).payments
    assert {later.due_us - earlier.due_us for earlier, later in pairwise(steady)} == {100_000}


def test_a_plan_that_is_not_one_is_refused_by_name():
    """A file that is no plan is a usage problem that names it."""
    with pytest.raises(UsageProblem, match=r"plan\.json: not a storm's plan"):
        read_plan(b'{"profile": 1}', "plan.json")


@given(seed=st.integers(0, 2**32), bound=st.integers(1, 10**6))
def test_draws_stay_within_their_bounds(seed, bound):
    """A draw below a bound is below it, a weighted draw is one with a weight, a gap is not negative."""
    assert 0 <= below(bound, seed, "x") < bound
    assert weighted({"never": 0, "always": 3}, seed, "x") == "always"
    assert exponential_us(bound, seed, "x") >= 0
    assert chance(100, seed, "x")
    assert not chance(0, seed, "x")
