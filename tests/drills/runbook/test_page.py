"""A page as it is written: sections, steps, expected output, and what is wrong with its blocks."""

from pathlib import Path

import pytest
from runbook_pages import SOUND, page, shell

from drills.runbook.page import parse_page, read_page
from drills.runbook.places import find_page, require_runnable, shipped_pages
from gates.schema.errors import UsageProblem


def parsed(source):
    """The page of this text."""
    return parse_page(Path("broken.md"), source)


def test_a_page_is_its_steps_with_their_sections_and_prose():
    """What a person reads before a step is shown before it."""
    found = parsed(SOUND)
    assert (found.title, found.name, found.faults) == ("Everything is broken", "broken", ())
    assert [(step.name, step.section, step.needs_person) for step in found.steps] == [
        ("look", "First five minutes", False),
        ("repair", "Act", True),
        ("call", "Act", True),
        ("works", "Verify", False),
    ]
    assert found.steps[0].output == ('"mode":"broken"',)
    assert "Repair it." in found.steps[1].before
    assert "The owner." in found.after


def test_a_block_inside_a_list_is_a_step():
    """Its indentation is the list's, not the command's."""
    found = parsed("# A\n\n1. First:\n\n   ```sh step=one expect=0 timeout=1s\n   if true; then\n     echo\n   fi\n   ```\n")
    assert found.steps[0].text == "if true; then\n  echo\nfi"


@pytest.mark.parametrize(
    ("blocks", "line", "word"),
    [
        ([shell("true"), shell("false")], 9, "is the name of an earlier step"),
        ([shell("", "one")], 5, "has no text"),
        ([shell("true", info="expect=0 timeout=1s verify=two")], 5, "no later step has this name"),
        ([shell("true", "one"), shell("true", "two", "expect=0 timeout=1s verify=one")], 9, "no later step has this name"),
        ([shell("true", info="expect=0 timeout=1s verify=two"), shell("true", "two", "expect=0 timeout=1s")], 5, "neither"),
        ([shell("true"), "```output of=two\nx\n```"], 9, "no block `sh` before this one"),
        (["```output of=one\nx\n```", shell("true")], 5, "no block `sh` before this one"),
        ([shell("true"), "```output of=one\n```"], 9, "the expected output is empty"),
        ([shell("true"), "```output of=one\nx\n```", "```output of=one\ny\n```"], 13, "is given twice"),
        ([shell("true", info="expect=0 timeout=1s sudo")], 5, "'sudo' is not known"),
    ],
)
def test_every_fault_of_a_block_is_named_with_its_line(blocks, line, word):
    """Such a page is not run."""
    found = parsed(page(*blocks))
    assert [(fault.line, word in fault.text) for fault in found.faults] == [(line, True)], found.faults
    with pytest.raises(UsageProblem, match=rf"broken\.md:{line}: "):
        require_runnable(found)


def test_every_shipped_runbook_can_be_run():
    """None has a block that cannot be read."""
    names = [page.name for page in shipped_pages()]
    assert "rollback" in names
    for name in names:
        assert find_page(name).steps


@pytest.mark.parametrize(
    ("name", "word"),
    [("nosuch", "no runbook is called 'nosuch'"), ("architecture", "has no steps"), ("./nosuch.md", "no such file")],
)
def test_a_page_that_cannot_be_run_is_refused(name, word):
    """A name of nothing, a page for reading, a path of nothing."""
    with pytest.raises(UsageProblem, match=word):
        find_page(name)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"# A\0", b"x" * 1_000_001], ids=["no text", "a zero byte", "too large"])
def test_a_file_that_is_no_page_is_refused(tmp_path, data):
    """Exit 2 names the file."""
    (tmp_path / "a.md").write_bytes(data)
    with pytest.raises(UsageProblem, match=r"a\.md: not a"):
        read_page(tmp_path / "a.md")
