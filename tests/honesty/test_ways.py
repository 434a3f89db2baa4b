"""The table of ways, their tests and the page agree; nothing is left out."""

import os
from pathlib import Path

import pytest
from ways import AGAIN, PAGE, UPDATE, Section, Way, faults, load_table, page_text, row_text

PLANTED = '''
@way("K1")
def test_one():
    """It."""


@way("K2")
def test_two():
    """It."""
'''


def test_every_way_has_exactly_one_test_or_is_open() -> None:
    """An id without a test, with two, unknown, in another file or left out of a run is named."""
    assert faults(load_table()) == []


@pytest.mark.parametrize(
    ("ways", "more", "fault"),
    [
        ((("K1", ""), ("K2", "")), "", None),
        ((("K1", ""), ("K2", ""), ("K3", "")), "", "K3: has no test"),
        ((("K1", ""),), "", "K2: test_two is marked with an id that the table does not have"),
        ((("K1", ""), ("K2", "SLOs")), "", "K2: is open and has a test"),
        ((("K1", ""), ("K2", ""), ("K2", "")), "", "K2: is twice in the table"),
        ((("K1", ""), ("K2", "")), '@way("K1")\ndef test_three(): pass\n', "K1: has more than one test"),
        ((("K1", ""), ("K2", ""), ("K3", "")), '@way("K3")\ndef three(): pass\n', "K3: three is not collected as a test"),
        ((("K1", ""), ("K2", "")), "@pytest.mark.skip\ndef test_it(): pass\n", "skip leaves a way out of a run"),
        ((("K1", ""), ("K2", "")), "def test_it(): pytest.skip('x')\n", "skip leaves a way out of a run"),
        ((("K1", ""), ("K2", "")), "@pytest.mark.nightly\ndef test_it(): pass\n", "nightly leaves a way out of a run"),
    ],
)
def test_what_is_missing_doubled_or_left_out_is_named(tmp_path: Path, ways, more, fault) -> None:
    """Each fault of the table or of the tests by itself."""
    (tmp_path / "test_a.py").write_text(PLANTED + more)
    found = faults([Section("A", "test_a.py", tuple(Way(name, "x", "y", subject) for name, subject in ways))], tmp_path)
    assert [fault in item for item in found] == ([True] if fault else [])


def test_a_test_in_another_file_is_named(tmp_path: Path) -> None:
    """Each section has its file."""
    (tmp_path / "test_b.py").write_text(PLANTED)
    found = faults([Section("A", "test_a.py", (Way("K1", "x", "y"), Way("K2", "x", "y")))], tmp_path)
    assert found[0] == "K1: test_one is in test_b.py, not in test_a.py"


def test_the_page_lists_every_way_in_its_section_and_order() -> None:
    """What each test found is compared where it is found; here the rest of the page, unless this run writes it."""
    if os.environ.get(UPDATE):
        return
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    expected = page_text(load_table(), {}).splitlines()
    tried = {f"| {one.id} | {one.trick} |" for section in load_table() for one in section.ways if not one.open}
    heads = [next((head for head in tried if line.startswith(head)), line) for line in lines]
    assert heads == [next((head for head in tried if line.startswith(head)), line) for line in expected], AGAIN


def test_an_open_way_names_what_is_not_built() -> None:
    """And has neither an ending nor a test."""
    assert row_text(Way("K1", "a|b", "c", "SLOs"), None) == "| K1 | a\\|b | c | **open**: not built yet: SLOs | |"
