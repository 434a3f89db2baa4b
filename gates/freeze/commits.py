"""Which commits are in a range? Git answers with their full ids; what it says of their dates is not read."""

import os
import re

from gates.schema.errors import Problem, UnknownProblem, UsageProblem
from gates.schema.printable import printable
from gates.schema.program import run_program

_RANGE = re.compile(r"(?P<first>[^-\s.][^\s]*?)\.\.(?P<last>[^-\s.][^\s]*)")
_TIMEOUT_S, _LIMIT = 60.0, 64 << 20


def commits_in(text: str) -> tuple[str, ...]:
    """The commits of `A..B` in the repository of the working folder: those of B that A does not have.

    Raises UsageProblem for another text, a name that Git does not know, and a range without commits; UnknownProblem without Git.
    """
    if not _RANGE.fullmatch(text) or "..." in text:
        raise UsageProblem(f"--range {printable(text)!r} is not two commits with .. between them", next_step="write A..B")
    try:
        done = run_program(
            ("git", "rev-list", "--end-of-options", text, "--"), dict(os.environ), timeout_s=_TIMEOUT_S, limit=_LIMIT
        )
    except Problem as problem:
        raise UnknownProblem(
            f"--range {printable(text)}: {problem.message}", next_step="install git, or name the build: --build"
        ) from None
    if done.code != 0:
        said = printable((done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[0])
        step = "name commits that are in this clone; a CI checkout needs its history: fetch-depth: 0"
        raise UsageProblem(f"--range {printable(text)}: git: {said}", next_step=step)
    found = tuple(done.stdout.decode().split())
    if not found:
        raise UsageProblem(
            f"--range {printable(text)}: no commit is in it",
            next_step="write what runs now before the .., and what is to run after it",
        )
    return found
