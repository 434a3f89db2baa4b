"""Did a step end as its page says? Pure: exit code and output in, the reason why not out."""

import re
from collections.abc import Iterable

from drills.runbook.blocks import Shell
from drills.runbook.page import Step
from drills.runbook.shell import NOT_FOUND

ANYTHING = "..."
"""In a line of expected output: any text up to what follows."""


def verdict(step: Step, code: int, stopped: str, stdout: str) -> str:
    """Why the step did not end as it should; "" if it did."""
    assert isinstance(step.info, Shell), "a person's step has no exit code"
    if stopped:
        return stopped
    if lacks_program(step, code):
        return "a program is not installed, or not on PATH"
    if code != step.info.expect:
        return f"exit code {code}, the page expects {step.info.expect}"
    missing = first_missing(step.output, stdout)
    return "" if missing is None else f"the output has no line with {missing!r} at its place"


def lacks_program(step: Step, code: int) -> bool:
    """Whether the shell found no program of the name."""
    return isinstance(step.info, Shell) and code == NOT_FOUND != step.info.expect


def first_missing(expected: Iterable[str], stdout: str) -> str | None:
    """The first expected line that is not in the output after those before it; None if all are there.

    A line is there if its text occurs within one line of the output; ANYTHING in it stands for any text.
    """
    place = 0
    for line in expected:
        pattern = re.compile("[^\n]*?".join(re.escape(part) for part in line.split(ANYTHING)))
        found = pattern.search(stdout, place)
        if found is None:
            return line
        place = found.end()
    return None
