"""Which rows are measured, and in which order."""

from collections import Counter

import pytest

from gates.schema.errors import UsageProblem
from loadtests.bench.rows import GROWTH_BASE, ROWS, chosen, growth_row, order


def test_the_order_depends_on_the_seed_alone():
    """The same seed gives the same order, another one another, and rounds differ among themselves."""
    assert order(ROWS, 5, 7) == order(ROWS, 5, 7)
    assert order(ROWS, 5, 7) != order(ROWS, 5, 8)
    rounds = [[row for number, row in order(ROWS, 5, 7) if number == wanted] for wanted in range(1, 6)]
    assert len({tuple(row.name for row in rows) for rows in rounds}) > 1


@pytest.mark.parametrize("seed", range(20))
def test_every_row_is_measured_once_a_round(seed):
    """Shuffling loses no row and repeats none, and rounds come one after another."""
    found = order(ROWS, 3, seed)
    assert Counter(found) == {(number, row): 1 for number in (1, 2, 3) for row in ROWS}
    assert [number for number, _ in found] == sorted(number for number, _ in found)


def test_leaving_a_row_out_does_not_change_the_order_of_the_others():
    """Each row's place is drawn from its own name."""
    fewer = ROWS[1:]
    assert order(fewer, 3, 1) == tuple(item for item in order(ROWS, 3, 1) if item[1] in fewer)


def test_rows_are_chosen_by_name():
    """In the table's order, all of them by default; a name that is none lists those that are."""
    assert chosen(()) == ROWS
    assert [row.name for row in chosen(("replay-64", "settle-1"))] == ["settle-1", "replay-64"]
    with pytest.raises(UsageProblem, match="no row is called 'settle-2'") as caught:
        chosen(("settle-2",))
    assert "settle-64" in caught.value.next_step


def test_growth_adds_a_row_to_the_table_that_can_be_asked_for_alone():
    """Beside the whole table by default, or by its name."""
    assert chosen((), (20_000,)) == (*ROWS, growth_row(20_000))
    assert chosen(("growth-20000",), (20_000,)) == (growth_row(20_000),)


def test_growth_is_measured_whatever_rows_are_named_with_it():
    """`--only settle-64 --growth 1000000` is two rows; a number given twice is one."""
    rows = chosen(("settle-64",), (1_000_000, 1_000_000))
    assert [row.name for row in rows] == ["settle-64", "growth-1000000"]


def test_growth_is_held_against_the_small_database():
    """The control of a database that has grown is the same settle on a small one."""
    row = growth_row(1_000_000)
    assert (row.control, row.control_workload, row.workload) == (f"stored-{GROWTH_BASE}", "settle", "settle")
