"""Which variables do the steps of a runbook get? Those of the caller, the target's address, and `gonogo` itself on PATH."""

import contextlib
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from drills.runbook.blocks import Shell
from drills.runbook.page import Page
from drills.runbook.redaction import secret_values
from drills.runbook.shell import Place
from gates.schema.credential import secrets_of
from gates.schema.errors import Problem, UsageProblem
from gates.schema.rooms import room_argv
from gates.schema.target import NamedTarget, resolve_base_url
from gates.schema.target_checks import BASE_URL

CODE, FAILED = "GONOGO_CODE", "GONOGO_FAILED"
"""What a page for several failures is about: one code; or failed setups, each as RUN:CODE, with spaces between."""
TARGET, START, ROLLBACK = "GONOGO_TARGET", "GONOGO_START", "GONOGO_ROLLBACK"
_IS_CODE = re.compile(r"[a-z][a-z0-9_]{1,59}")
_USED = re.compile(r"\$(?:(GONOGO_[A-Z0-9_]+)|\{(GONOGO_[A-Z0-9_]+)\})")
_SET = re.compile(r"(?:^|[\s;(&|])(?:export\s+|local\s+)?(GONOGO_[A-Z0-9_]+)=", re.MULTILINE)


def step_environment(named: NamedTarget, target_argument: str, programs: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of every step; `programs` is the folder that comes first on PATH.

    GONOGO_BASE_URL and GONOGO_TARGET are the target's; GONOGO_START and GONOGO_ROLLBACK its commands `restore` and `rollback`,
    where it has them and the caller has not set them.
    """
    own = {TARGET: _absolute(target_argument)}
    with contextlib.suppress(Problem):  # without an address, a step that uses it is refused before the run
        own[BASE_URL] = resolve_base_url(named.target, environ)
    commands = named.target.commands
    usual = {name: shlex.join(argv) for name, argv in ((START, commands.restore), (ROLLBACK, commands.rollback)) if argv}
    path = f"{programs}{os.pathsep}{environ.get('PATH', os.defpath)}"
    return {**usual, **environ, **own, "PATH": path, "NO_COLOR": "1"}


def make_programs(folder: Path) -> Path:
    """A folder with a `gonogo` that is this one, whatever is installed elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "gonogo"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(room_argv("scorecards"))} "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    return folder


def make_place(named: NamedTarget, folder: Path, environ: Mapping[str, str]) -> Place:
    """Where the steps run, with everything that must not be shown of what they print."""
    return Place(folder, environ, secret_values(environ, secrets_of(named.target, environ)))


def require_variables(page: Page, environ: Mapping[str, str], begin: str = "") -> None:
    """Raise UsageProblem naming every GONOGO variable that a step uses, that nothing sets, with the first step that uses it."""
    steps = [step for step in page.steps if isinstance(step.info, Shell)]
    names = [step.name for step in page.steps]
    later = names[names.index(begin) :] if begin else names
    missing: dict[str, str] = {}
    for step in steps:
        if step.name in later:
            for name in used_variables(step.text):
                if name not in environ:
                    missing.setdefault(name, step.name)
    if missing:
        text = ", ".join(f"{name} (step {step})" for name, step in missing.items())
        raise UsageProblem(f"{page.path}: not set: {text}", next_step="set them; runbooks/running.md#variables says what each is")


def used_variables(text: str) -> Iterator[str]:
    """The GONOGO variables that commands need from outside, in their order; one with a default is not needed."""
    own = set(_SET.findall(text))
    yield from dict.fromkeys(name for match in _USED.findall(text) for name in match if name and name not in own)


def codes_of(page: Page, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The failures that a run of the page with these variables is about; none where the page is not for several."""
    used = {name for step in page.steps if isinstance(step.info, Shell) for name in used_variables(step.text)}
    items = " ".join(environ.get(name, "") for name in (CODE, FAILED) if name in used).split()
    return tuple(sorted({code for item in items if _IS_CODE.fullmatch(code := item.rpartition(":")[2])}))


def _absolute(argument: str) -> str:
    """A target file by its whole path, since steps run in another folder; a shipped target by its name."""
    path = Path(argument)
    return str(path.absolute()) if path.is_file() else argument
