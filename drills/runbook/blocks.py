"""What does the first line of a fenced block say? `sh step=pause expect=0 timeout=30s confirm`, and nothing that is not known."""

import re
from typing import TypeAlias

import msgspec

from gates.schema.errors import UsageProblem
from gates.schema.severity import Duty
from gates.schema.time import parse_duration_s

ROLES = (*Duty, "scribe")
"""Who can be named by `who`: the duties of a roster, and who writes down what happens; not persons."""
BY_EXIT = "exit"
"""`verify=exit`: the command's own exit code is the verdict, as it is for a check."""
LONGEST_S = 24 * 3600.0
NAMES = ("sh", "human", "output")
"""The languages of blocks that a run looks at; every other one is for reading alone."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_EXIT = re.compile(r"0|[1-9][0-9]{0,2}")
_KEYS = {
    "sh": ({"step", "expect", "timeout"}, {"verify"}, {"confirm"}),
    "human": ({"step", "who", "timeout"}, set[str](), set[str]()),
    "output": ({"of"}, set[str](), set[str]()),
}

_MEANT = {"step", "of"}
"""Members by which a block is meant for a run, whatever its language."""


class Shell(msgspec.Struct, frozen=True):
    """Commands for the shell: they end with `expect` within `timeout_s`; `confirm` says that a person approves them first.

    `verify` is BY_EXIT, or the step that shows what these commands did; "" where the block's own `output` shows it.
    """

    step: str
    expect: int
    timeout_s: float
    verify: str = ""
    confirm: bool = False


class Human(msgspec.Struct, frozen=True):
    """Work that only a person can do, of this role, within `timeout_s`."""

    step: str
    who: str
    timeout_s: float


class Output(msgspec.Struct, frozen=True):
    """What the step `of` has to print."""

    of: str


Info: TypeAlias = Shell | Human | Output


def read_info(text: str) -> Info | None:
    """Read the first line of a block; None for a block that is not run. Raises UsageProblem with the words that are wrong."""
    language, *words = text.split()
    if language not in NAMES and any(word.partition("=")[0] in _MEANT for word in words if "=" in word):
        raise UsageProblem(f"{language!r} is no kind of step, and would be left out in silence: use {', '.join(NAMES)}")
    if language not in NAMES or (language == "sh" and not words):
        return None
    values, flags = _members(language, words)
    if language == "output":
        return Output(_name("of", values["of"]))
    step, timeout_s = _name("step", values["step"]), _timeout(values["timeout"])
    if language == "human":
        if values["who"] not in ROLES:
            raise UsageProblem(f"who={values['who']}: use one of {', '.join(ROLES)}")
        return Human(step, values["who"], timeout_s)
    verify = _name("verify", values["verify"]) if "verify" in values else ""
    return Shell(step, _exit_code(values["expect"]), timeout_s, verify, "confirm" in flags)


def _members(language: str, words: list[str]) -> tuple[dict[str, str], set[str]]:
    """The members by key, and the flags; each known, each once, and every required one there."""
    required, optional, known = _KEYS[language]
    values: dict[str, str] = {}
    flags: set[str] = set()
    for word in words:
        key, mark, value = word.partition("=")
        if key not in (required | optional if mark else known):
            allowed = [*(f"{name}=..." for name in sorted(required | optional)), *sorted(known)]
            raise UsageProblem(f"{word!r} is not known in a block `{language}`: use {', '.join(allowed)}")
        if key in values or key in flags:
            raise UsageProblem(f"{key} is given twice")
        if mark:
            values[key] = value
        else:
            flags.add(key)
    if missing := sorted(required - values.keys()):
        raise UsageProblem(f"a block `{language}` needs {', '.join(f'{name}=...' for name in missing)}")
    return values, flags


def _name(key: str, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise UsageProblem(f"{key}={value}: a step's name has lower-case letters, digits and dashes, at most 40")
    return value


def _exit_code(value: str) -> int:
    if not _EXIT.fullmatch(value) or int(value) > 255:
        raise UsageProblem(f"expect={value}: an exit code is a number from 0 to 255")
    return int(value)


def _timeout(value: str) -> float:
    seconds = parse_duration_s(value)
    if not 0 < seconds <= LONGEST_S:
        raise UsageProblem(f"timeout={value}: more than 0 and at most 24h")
    return seconds
