"""The share of P1 gates: cutting gates up, dropping them or counting them less does not raise it."""

import pytest

from gates.schema.outcome import Decision, Outcome, Priority
from gates.schema.verdict import GateVerdict, LastWeek, P1Share
from gates.weigh import weigh

GO, CONDITIONAL, NO_GO = Decision.GO, Decision.CONDITIONAL_GO, Decision.NO_GO
OUTCOMES = {"p": Outcome.PASS, "f": Outcome.FAIL, "u": Outcome.UNKNOWN}


def verdict(name: str, outcome: str, priority: Priority = Priority.P1, *, mitigated: bool = False) -> GateVerdict:
    return GateVerdict(
        id=name,
        letter=name[-1].upper(),
        title=name,
        priority=priority,
        waivable=priority is not Priority.P0,
        owner="sre",
        question="Is it?",
        runbook="x.md",
        outcome=OUTCOMES[outcome],
        waived=mitigated,
        waived_until=None,
        waived_by=None,
        waiver_reason=None,
        mitigation="a plan" if mitigated else None,
        criteria=(),
    )


STOP = verdict("stop", "p", Priority.P0)
LAST = LastWeek("2026-W47", ("a", "b"))


def test_two_gates_split_into_ten_are_still_judged_as_two():
    """One of two fails: nine parts that pass next to it are 90 % of this week's gates, and half of last week's."""
    split = [verdict("a", "f"), *(verdict(f"b-{number}", "p") for number in range(9))]
    found = weigh([STOP, *split], LAST)
    assert (found.decision, found.p1_ratio, weigh([STOP, *split]).decision) == (NO_GO, "0.00", GO)
    assert found.p1_last_week == P1Share("2026-W47", 0, 2, ("b",))
    kept = weigh([STOP, verdict("a", "f"), verdict("b", "p"), *split[1:]], LAST)
    assert (kept.decision, kept.p1_ratio) == (NO_GO, "0.50")
    assert kept.reasons[2] == "1 of the 2 P1 gates of 2026-W47 pass. This share is the lower one and decides."


def test_a_gate_that_is_gone_does_not_pass_and_nobody_can_mitigate_it():
    """Dropping the failing gate leaves the share as it was, names it, and is no way to a CONDITIONAL GO."""
    last = LastWeek("2026-W47", ("a", "b", "c", "d"))
    found = weigh([STOP, verdict("a", "p"), verdict("b", "p"), verdict("c", "p")], last)
    assert (found.decision, found.exit_code, found.p1_ratio) == (NO_GO, 3, "0.75")
    assert "3 of the 4 P1 gates of 2026-W47 pass; no longer in the gate set, so not passed: d." in found.reasons[2]
    assert found.reasons[-1] == "No written, owned mitigation is in force for d."


def test_a_gate_that_counts_less_than_last_week_still_counts():
    """From P1 to P3 it stays among last week's gates, and needs its mitigation."""
    last = LastWeek("2026-W47", ("a", "b", "c"))
    gates = [STOP, verdict("a", "p"), verdict("b", "p")]
    assert weigh([*gates, verdict("c", "u", Priority.P3)], last).decision is NO_GO
    mitigated = weigh([*gates, verdict("c", "u", Priority.P3, mitigated=True)], last)
    assert (mitigated.decision, mitigated.exit_code) == (CONDITIONAL, 9)
    assert mitigated.reasons[-1] == "C c has a written, owned mitigation."


def test_a_gate_that_counts_more_than_last_week_counts_in_both():
    """From P1 to P0 it has to pass, and is one of last week's that do."""
    found = weigh([STOP, verdict("a", "p", Priority.P0), verdict("b", "p")], LAST)
    assert (found.decision, found.p1_last_week) == (GO, P1Share("2026-W47", 2, 2, ()))


def test_new_gates_lower_the_share_of_this_week_alone_and_the_lower_one_decides():
    """Ten new gates that fail: last week's two pass, and it is a NO GO all the same."""
    new = [verdict(f"new-{number}", "f") for number in range(10)]
    found = weigh([STOP, verdict("a", "p"), verdict("b", "p"), *new], LAST)
    assert (found.decision, found.p1_ratio) == (NO_GO, "0.16")
    assert not any("P1 gates of 2026-W47" in reason for reason in found.reasons)


def test_a_set_without_p1_gates_does_not_forget_those_of_last_week():
    """All gone is none passed."""
    found = weigh([STOP], LAST)
    assert (found.decision, found.exit_code, found.p1_ratio) == (NO_GO, 3, "0.00")


@pytest.mark.parametrize("last", [None, LastWeek("2026-W47", ()), LAST])
def test_without_a_difference_last_week_changes_nothing(last):
    """No last week, one without P1 gates, and one with the same gates give the same decision and reasons."""
    found = weigh([STOP, verdict("a", "p"), verdict("b", "p")], last)
    assert (found.decision, found.exit_code, found.reasons) == (
        GO,
        0,
        weigh([STOP, verdict("a", "p"), verdict("b", "p")]).reasons,
    )


def test_what_is_no_verdict_on_a_gate_can_block_a_launch():
    """All gates pass, and an unsigned loosening makes it a NO GO in which nothing failed."""
    found = weigh([STOP, verdict("a", "p")], None, ["double_settles is loosened"])
    assert (found.decision, found.exit_code, found.yellow) == (NO_GO, 3, False)
    assert found.reasons[0] == "NO GO, whatever the counts: double_settles is loosened."
