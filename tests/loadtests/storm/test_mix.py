"""The mix of a profile follows the operations of a target: what it cannot do is left out, and is said."""

import msgspec
import pytest

from gates.schema.errors import UsageProblem
from gates.schema.outcome import UnknownReason
from gates.schema.target import Operation, Target
from loadtests.books.entries import Books
from loadtests.checker.check import check
from loadtests.schema import Arrivals, LoadProfile, Mix, NamedProfile
from loadtests.storm.history import Event
from loadtests.storm.mix import fitted, refunding
from loadtests.storm.plan import Accounts, Script, make_plan

EVERYTHING = Mix(reserve_only=1, settle=1, partial_settle=1, reverse=1, refund=1, over_limit=1)
PROFILE = LoadProfile(payments=200, arrivals=Arrivals(100), mix=EVERYTHING)
NO_REVERSE, NO_REFUND = "the target has no operation reverse", "the target has no operation refund"


def target_with(*names, **members):
    """A target with these operations."""
    return Target("http://h", {}, {}, {name: Operation(f"/{name}") for name in names}, **members)


@pytest.mark.parametrize(
    ("target", "left_out", "operation"),
    [
        (target_with("reserve", "settle", "reverse"), {}, "reverse"),
        (target_with("reserve", "settle", "reverse", "refund"), {}, "refund"),
        (target_with("reserve", "settle", "refund"), {"reverse": NO_REVERSE}, "refund"),
        (target_with("reserve", "settle"), {"reverse": NO_REVERSE, "refund": NO_REFUND}, None),
        (
            target_with("reserve", "settle", "reverse", reverse_refunds=False),
            {"refund": f"{NO_REFUND}, and its reverse does not refund"},
            None,
        ),
    ],
)
def test_scripts_without_their_operation_are_left_out(target, left_out, operation):
    """Everything but reserve and settle is optional; a plan uses only what the target has."""
    profile, found = fitted(PROFILE, target)
    assert (found, refunding(target)) == (left_out, operation)
    accounts = Accounts("w", ("p",), "USD", refund=operation or "reverse")
    plan = make_plan(NamedProfile("p", "", profile), 1, "r", accounts, found)
    steps = {step.operation for payment in plan.everything for step in payment.steps}
    assert steps <= set(target.operations)
    assert {payment.script for payment in plan.payments} == set(Script) - set(left_out)
    assert plan.left_out == left_out


def test_the_mix_is_the_profiles_own_where_the_target_does_everything():
    """Nothing changes for a target that has all operations."""
    assert fitted(PROFILE, target_with("reserve", "settle", "reverse")) == (PROFILE, {})


@pytest.mark.parametrize("names", [(), ("reserve",), ("settle", "reverse")])
def test_without_reserve_and_settle_there_is_no_run(names):
    """The fields are named."""
    with pytest.raises(UsageProblem, match=r"spec\.operations\.(reserve|settle)"):
        fitted(PROFILE, target_with(*names))


def test_a_mix_of_which_nothing_is_left_is_refused():
    """With what is missing."""
    profile = msgspec.structs.replace(PROFILE, mix=Mix(settle=0, refund=1))
    with pytest.raises(UsageProblem, match=f"{NO_REFUND}"):
        fitted(profile, target_with("reserve", "settle"))


def test_a_measure_of_what_was_left_out_is_unknown_with_the_reason():
    """No finding, and no advice to change the profile."""
    target = target_with("reserve", "settle")
    profile, left_out = fitted(PROFILE, target)
    plan = make_plan(NamedProfile("p", "", profile), 1, "r", Accounts("w", ("p",), "USD"), left_out)
    verdict = check(plan, [], Books((), (), ()))
    for name in ("double_reversals", "lost_reversals"):
        measure = verdict.measures[name]
        assert (measure.value, measure.unknown) == (None, UnknownReason.TOO_FEW_SAMPLES)
        assert measure.detail == f"left out of the profile's mix: {NO_REVERSE}; {NO_REFUND}"
    assert not verdict.findings


def test_a_refund_is_judged_as_a_reversal():
    """Acknowledged under its own name, and missing in the ledger: lost."""
    profile, _ = fitted(PROFILE, target_with("reserve", "settle", "refund"))
    plan = make_plan(NamedProfile("p", "", profile), 1, "r", Accounts("w", ("p",), "USD", refund="refund"))
    payment = next(item for item in plan.payments if item.script is Script.REFUND)
    step = payment.steps[-1]
    begun = Event(0, 0, "invoke", "refund", step.key, payment.number, 1, None, "p1", 0, 0)
    history = [begun, msgspec.structs.replace(begun, index=1, type="ok", end_ns=1, status=200)]
    verdict = check(plan, history, Books((), (), ()))
    assert verdict.measures["lost_reversals"].value == "1"
    assert "the refund was acknowledged (200)" in verdict.findings[0].detail
