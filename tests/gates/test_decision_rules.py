"""GO, CONDITIONAL GO, NO GO: the rules of the launch plan, and the exit code of each."""

import itertools

import pytest

from gates.decide import exit_code
from gates.schema.errors import UsageProblem
from gates.schema.outcome import Decision, Outcome, Priority

GO, CONDITIONAL, NO_GO = Decision.GO, Decision.CONDITIONAL_GO, Decision.NO_GO
LETTERS = "ABCDEFGHIJ"


@pytest.fixture
def weigh(bench):
    """Weigh outcomes written as letters: p(ass), w(arn), f(ail), u(nknown) of the P0 and of the P1 gates."""

    def weigh(p0, p1, mitigated=(), automatic=False, waiver=None):
        values = {"p": bench.measure("0", "ms"), "w": bench.measure("200", "ms"), "f": bench.measure("400", "ms")}
        held = bench.held(measures=values)
        gates = []
        for letter, (kind, priority) in zip(LETTERS, [*((k, "P0") for k in p0), *((k, "P1") for k in p1)], strict=False):
            criterion = bench.criterion(
                measure=kind, unit="ms", operator="lt", threshold="300", warn_threshold="100", automatic_no_go=automatic
            )
            changes = {"gate_id": f"gate-{letter.lower()}", "letter": letter, "priority": Priority(priority)}
            gates.append(bench.gate(criterion, waivable=priority == "P1", **changes))
        waivers = [bench.waiver(f"gate-{letter.lower()}", **(waiver or {})) for letter in mitigated]
        return bench.review(gates, [held], waivers).decision

    return weigh


@pytest.mark.parametrize(
    ("p0", "p1", "mitigated", "decision", "code"),
    [
        ("pp", "ppppp", "", GO, 0),
        ("pp", "ppppf", "", GO, 0),
        ("pp", "ppppu", "", GO, 0),
        ("pp", "pppff", "FG", CONDITIONAL, 9),
        ("pp", "pppfu", "FG", CONDITIONAL, 9),
        ("pp", "pppff", "F", NO_GO, 1),
        ("pp", "pppff", "", NO_GO, 1),
        ("pp", "pppfu", "", NO_GO, 1),
        ("pp", "pppuu", "", NO_GO, 3),
        ("pp", "ppfff", "EFG", NO_GO, 1),
        ("pp", "ppffu", "EFG", NO_GO, 1),
        ("pf", "ppppp", "", NO_GO, 1),
        ("fu", "ppppp", "", NO_GO, 1),
        ("pu", "ppppp", "", NO_GO, 3),
        ("pu", "fffff", "", NO_GO, 1),
        ("pu", "ppppf", "", NO_GO, 1),
        ("pw", "ppppw", "", GO, 0),
        ("pp", "", "", GO, 0),
    ],
)
def test_the_decision_and_its_exit_code(weigh, p0, p1, mitigated, decision, code):
    """Each row: P0 outcomes, P1 outcomes, which have a mitigation; the decision and how the process ends."""
    found = weigh(p0, p1, mitigated)
    assert (found.decision, found.exit_code) == (decision, code)


def test_the_ratio_is_counted_exactly(weigh):
    """Four of five are 80 %, three of five 60 %, and 7 of 9 are less than 80 %."""
    assert [weigh("p", "ppppf").p1_ratio, weigh("p", "pppff").p1_ratio] == ["0.80", "0.60"]
    seven = weigh("p", "pppppppff")
    assert (seven.decision, seven.p1_ratio) == (NO_GO, "0.77")


def test_without_p1_gates_there_is_no_ratio(weigh):
    """Nothing to count is said, and is not 100 %."""
    found = weigh("pp", "")
    assert found.p1_ratio is None
    assert "There are no P1 gates." in found.reasons


def test_without_a_p0_gate_nothing_is_decided(weigh):
    """A set that could not stop the launch is refused."""
    with pytest.raises(UsageProblem, match="no gate has priority P0"):
        weigh("", "ppppp")


def test_an_automatic_no_go_decides_whatever_the_counts(weigh):
    """One failing criterion so marked outweighs every gate that passes, also where it stands in a P1 gate."""
    found = weigh("pp", "ppppf", automatic=True)
    assert (found.decision, found.exit_code) == (NO_GO, 1)
    assert [item.gate for item in found.automatic_no_go] == ["gate-g"]
    assert found.reasons[0].startswith("Automatic NO GO, whatever the counts: No payment settled twice (gate-g): 400 ms")


def test_an_unknown_is_no_automatic_no_go(weigh):
    """What could not be judged stops the launch by being unknown, and exits as such."""
    found = weigh("pu", "ppppp", automatic=True)
    assert (found.automatic_no_go, found.exit_code) == ((), 3)


def test_what_is_missing_is_listed_with_the_command_that_leaves_it(weigh):
    """Each criterion that was not judged: its gate, why, and what to run."""
    (item,) = weigh("pu", "p").missing
    assert (item.gate, item.criterion, item.reason, item.produced_by) == (
        "gate-b",
        "double_settles",
        "missing",
        "gonogo load run smoke",
    )


def test_a_written_mitigation_has_to_be_written(weigh):
    """A waiver without a plan flags the gate and does not make a CONDITIONAL GO."""
    found = weigh("pp", "pppff", "FG", waiver={"mitigation": "  "})
    assert found.decision is NO_GO
    assert "No written, owned mitigation is in force for F gate-f, G gate-g." in found.reasons


def test_an_expired_mitigation_is_none(weigh):
    """A mitigation that has expired does not make a CONDITIONAL GO."""
    assert weigh("pp", "pppff", "FG", waiver={"expires_at": "2026-11-23T10:00:00Z"}).decision is NO_GO


@pytest.mark.parametrize(
    ("p0", "p1", "mitigated", "plain", "strict", "accepted"),
    [
        ("pp", "ppppp", "", 0, 0, 0),
        ("pp", "ppppf", "", 0, 4, 0),
        ("pw", "ppppp", "", 0, 4, 0),
        ("pp", "pppff", "FG", 9, 9, 0),
        ("pp", "pppuu", "FG", 9, 9, 0),
        ("pf", "ppppp", "", 1, 1, 1),
        ("pu", "ppppp", "", 3, 3, 3),
    ],
)
def test_options_change_the_code_of_a_warning_and_of_a_condition_alone(weigh, p0, p1, mitigated, plain, strict, accepted):
    """`--fail-on yellow` makes 4 of a GO with warnings, `--accept conditional` 0 of 9; neither hides a red or an unknown."""
    found = weigh(p0, p1, mitigated)
    codes = exit_code(found), exit_code(found, fail_on="yellow"), exit_code(found, accept="conditional")
    assert tuple(map(int, codes)) == (plain, strict, accepted)


def test_no_combination_of_p0_outcomes_but_all_passing_is_a_go(weigh):
    """Every combination of three P0 outcomes: a GO has neither a fail nor an unknown among them."""
    for combination in itertools.product("pwfu", repeat=3):
        clean = not set(combination) & set("fu")
        assert (weigh("".join(combination), "ppppp").decision is GO) == clean


def test_the_reasons_name_the_gates(weigh):
    """A person reads which gates fail and which could not be judged."""
    reasons = weigh("pfu", "ppppf").reasons
    assert reasons == (
        "1 of 3 P0 gates pass; failing: B gate-b; not judged: C gate-c.",
        "4 of 5 P1 gates pass; failing: H gate-h; GO needs 80 %, CONDITIONAL GO 60 %.",
    )


def test_a_conditional_go_names_what_is_mitigated(weigh):
    """And says that each has its owner's plan."""
    assert weigh("p", "pppff", "EF").reasons[-1] == "Each of E gate-e, F gate-f has a written, owned mitigation."


def test_an_outcome_is_one_of_four():
    """A waiver is a flag beside the outcome, never a fifth value."""
    assert {item.value for item in Outcome} == {"pass", "warn", "fail", "unknown"}
