"""A page is acknowledged by somebody of the roster, durably, and the first acknowledgement counts."""

from threading import Thread

import pytest

from gates.schema.errors import UsageProblem
from gates.schema.paging import ACKNOWLEDGED, Paged, acknowledge, acknowledgements, read_page, write_page
from gates.schema.severity import Severity
from gates.schema.time import fixed_clock, monotonic_s, parse_utc

NOON = fixed_clock(parse_utc("2026-11-25T11:00:00Z"))
PAGE = Paged(
    "2026-11-25T10:59:00.000Z", Severity.S2, "Availability burns", "runbooks/slo.md", ("ben",), {"ada": "Ada", "ben": "Ben"}
)


def test_the_first_acknowledgement_counts_and_each_is_kept(tmp_path):
    """With who it was, when, and whether it was a person."""
    write_page(tmp_path, PAGE)
    assert read_page(tmp_path) == PAGE
    assert acknowledgements(tmp_path) == ()
    acknowledge(tmp_path, "ben", NOON, lambda: 2.5)
    acknowledge(tmp_path, "ada", NOON, lambda: 3.0, by_drill=True)
    assert [(one.person, one.by_drill, one.monotonic_ns) for one in acknowledgements(tmp_path)] == [
        ("ben", False, 2_500_000_000),
        ("ada", True, 3_000_000_000),
    ]


def test_two_people_at_once_leave_two_whole_lines(tmp_path):
    """Neither is lost, and none is mixed with the other."""
    write_page(tmp_path, PAGE)

    def many(name):
        for _ in range(20):
            acknowledge(tmp_path, name, NOON, monotonic_s)

    threads = [Thread(target=many, args=(name,)) for name in PAGE.people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.person for one in acknowledgements(tmp_path)) == ["ada"] * 20 + ["ben"] * 20


def test_a_line_that_is_being_written_is_left_for_later(tmp_path):
    """It is read once it is whole."""
    write_page(tmp_path, PAGE)
    acknowledge(tmp_path, "ben", NOON, monotonic_s)
    with (tmp_path / ACKNOWLEDGED).open("ab") as file:
        file.write(b'{"at":"2026')
    assert len(acknowledgements(tmp_path)) == 1


def test_nobody_acknowledges_what_has_not_arrived_nor_in_a_name_that_nobody_has(tmp_path):
    """A folder without a page, one that is not there, a file, and a page that cannot be read are named."""
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageProblem, match="no page has arrived there"):
            acknowledge(folder, "ben", NOON, monotonic_s)
    write_page(tmp_path, PAGE)
    with pytest.raises(UsageProblem, match="nobody with the id 'dan'") as refused:
        acknowledge(tmp_path, "dan", NOON, monotonic_s)
    assert refused.value.next_step == "use one of ada, ben"
    with pytest.raises(UsageProblem, match="no page has arrived there"):
        acknowledge(tmp_path / "paged.json", "ben", NOON, monotonic_s)
    (tmp_path / "paged.json").write_text("{}")
    with pytest.raises(UsageProblem, match=r"paged\.json: cannot be read"):
        acknowledge(tmp_path, "ben", NOON, monotonic_s)
    assert acknowledgements(tmp_path) == ()
