"""Aims are met, missed or unknown; what was not measured is never a number."""

from loadtests.bench.report import asked
from loadtests.bench.rows import ROWS, growth_row
from loadtests.bench.targets import GOALS, judge


def one(pairs, title, troubles=None):
    """The goal whose title begins so."""
    return next(goal for goal in judge(pairs, troubles or {}) if goal.title.startswith(title))


def test_a_ratio_at_its_bound_is_met_and_one_below_is_missed(pair):
    """0.6 meets >= 0.6, 0.599 does not, 1.0 is the stretch."""
    title = "settle, fresh keys, 64"
    found = [one({"settle-64": [pair("settle-64", 1, 1000, rate, 1000)]}, title).verdict for rate in (599, 600, 1000)]
    assert found == ["missed", "met", "stretch"]


def test_for_a_tail_less_is_better(pair):
    """A p99 of five times the control's misses <= 4; three times meets it, twice is the stretch."""
    found = [
        one({"settle-64": [pair("settle-64", 1, 1000, 600, 1000, p99_us=p99)]}, "settle p99").verdict
        for p99 in (5000, 3000, 2000)
    ]
    assert found == ["missed", "met", "stretch"]


def test_what_the_disk_had_to_do_with_a_tail_is_shown_apart(pair):
    """Slow commits are counted, and the median of the rounds without one stands beside the median of all."""
    pairs = [pair("settle-64", number, 1000, 600, 1000, p99_us=p99, slow=slow) for number, p99, slow in
             ((1, 2000, 0), (2, 9000, 3), (3, 9000, 1))]  # fmt: skip
    goal = one({"settle-64": pairs}, "settle p99")
    assert (goal.value, goal.verdict) == ("9.00", "missed")
    assert goal.detail == "4 commits over 15 ms in 3 rounds; rounds without one: 2.00"


def test_without_a_count_of_commits_the_tail_says_so(pair):
    """Not measured is not none."""
    assert one({"settle-64": [pair("settle-64", 1, 1000, 600, 1000)]}, "settle p99").detail == "slow commits: not measured"


def test_a_peer_is_compared_round_by_round_through_the_control_beside_each(pair):
    """A minute in which the machine was half as fast weighs on both sides: 0.6 / 0.1 and 0.6 / 0.1 are 6, not 12 or 3."""
    pairs = {
        "settle-64": [pair("settle-64", 1, 1000, 600, 1000), pair("settle-64", 2, 500, 300, 500)],
        "postgres": [pair("postgres", 1, 500, 50, 500), pair("postgres", 2, 1000, 100, 1000)],
    }
    assert one(pairs, "settle / Litestar + asyncpg + PostgreSQL, a transaction").value == "6.00"


def test_a_row_that_did_not_run_leaves_its_aims_unknown_with_the_reason(pair):
    """No PostgreSQL: the aims that need it have no value, whatever the other side measured."""
    pairs = {"settle-64": [pair("settle-64", 1, 1000, 900, 1000)], "postgres": []}
    goal = one(pairs, "settle / Litestar + asyncpg + PostgreSQL, a", {"postgres": "not run: there is no PostgreSQL"})
    assert (goal.value, goal.verdict, goal.detail) == (None, "unknown", "not run: there is no PostgreSQL")


def test_memory_is_the_most_that_was_seen(pair):
    """100 MB of 200 allowed is the stretch."""
    goal = one({"growth-5000000": [pair("growth-5000000", 1, 1000, 900, 1000)]}, "resident memory")
    assert (goal.value, goal.target, goal.verdict) == ("100 MB", "<= 200 MB", "stretch")


def test_a_run_of_the_whole_table_is_held_to_every_aim_and_a_part_to_its_own():
    """Leaving growth out of a full run leaves its aims unknown; asking for one row asks for that row's aims."""
    assert asked(ROWS) == GOALS
    assert [goal.title for goal in asked(ROWS[:1])] == ["settle, one connection / bare"]
    assert len(asked((growth_row(5_000_000),))) == 2


def test_every_aim_names_rows_that_exist():
    """A row that is renamed takes its aims along."""
    known = {row.name for row in (*ROWS, growth_row(1_000_000), growth_row(5_000_000))}
    assert {name for goal in GOALS for name in goal.rows} <= known
