"""Did a step end as its page says?"""

from pathlib import Path

import pytest
from runbook_pages import page, shell

from drills.runbook.page import parse_page
from drills.runbook.verdict import first_missing, verdict


@pytest.mark.parametrize(
    ("expected", "stdout", "missing"),
    [
        ((), "", None),
        (("ok",), "it is ok now\n", None),
        (('"mode":"paused"',), '{"at":1,"mode":"paused"}', None),
        (("a...c",), "xabcx", None),
        (("a...c",), "a\nc", "a...c"),
        (("one", "two"), "one\ntwo\n", None),
        (("one", "two"), "two\none\n", "two"),
        (("one", "one"), "one\n", "one"),
        (("1 + 1",), "1 + 1 = 2", None),
        (("a.c",), "abc", "a.c"),
    ],
)
def test_expected_lines_are_found_in_their_order(expected, stdout, missing):
    """Each within one line of the output, `...` standing for any text of it."""
    assert first_missing(expected, stdout) == missing


@pytest.mark.parametrize(
    ("code", "stopped", "stdout", "reason"),
    [
        (3, "", "all good\n", ""),
        (0, "", "all good\n", "exit code 0, the page expects 3"),
        (127, "", "", "a program is not installed, or not on PATH"),
        (143, "it ran longer than its timeout", "", "it ran longer than its timeout"),
        (3, "", "all bad\n", "the output has no line with 'good' at its place"),
    ],
)
def test_a_step_ends_as_its_page_says_or_the_reason_is_named(code, stopped, stdout, reason):
    """Exit code first, then the output."""
    step = parse_page(Path("a.md"), page(shell("x", info="expect=3 timeout=1s"), "```output of=one\ngood\n```")).steps[0]
    assert verdict(step, code, stopped, stdout) == reason
