"""Running `promtool`, which comes with Prometheus: what it checks is what a server would load."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from gates.adapters.querying import USUAL
from gates.schema.errors import Problem, UnknownProblem
from gates.schema.program import run_program

INSTALL = "install Prometheus, which brings it (Debian and Ubuntu: apt-get install prometheus)"
LIMIT_S = 600.0
_DONE = "SUCCESS"
_LIMIT_BYTES = 16 << 20


class Ran(msgspec.Struct, frozen=True):
    """How a program ended, and what it printed: on stdout, and altogether."""

    code: int
    out: str
    text: str


def promtool(*arguments: str | Path) -> Ran:
    """Run promtool; raises UnknownProblem where it is not installed or does not end."""
    return run_tool("promtool", INSTALL, arguments)


def run_tool(name: str, install: str, arguments: Sequence[str | Path], *, timeout_s: float = LIMIT_S) -> Ran:
    """Run a program of Prometheus'; raises UnknownProblem where it is not installed or does not end."""
    if shutil.which(name) is None:
        raise UnknownProblem(f"{name} is not installed", next_step=install)
    environ = {key: os.environ[key] for key in USUAL if key in os.environ}
    try:
        done = run_program([name, *map(str, arguments)], environ, timeout_s=timeout_s, limit=_LIMIT_BYTES, own_session=True)
    except Problem as problem:
        raise UnknownProblem(f"{name} {arguments[0]}: {problem.message}") from None
    if done.code and not (done.stdout.strip() or done.stderr.strip()):
        raise UnknownProblem(f"{name} {arguments[0]} ended with {done.code} and without a word", next_step=install)
    out, errors = (part.decode(errors="replace") for part in (done.stdout, done.stderr))
    return Ran(done.code, out.strip(), f"{out}{errors}".strip())


def is_here() -> bool:
    """Whether promtool is installed."""
    return shutil.which("promtool") is not None


def require_result(done: Ran, what: str) -> None:
    """Raise UnknownProblem where promtool ended well and does not say that it looked at anything: it is another program."""
    if not done.code and _DONE not in done.text:
        raise UnknownProblem(
            f"promtool {what} ended with 0 and reports no {_DONE}: is it Prometheus' promtool?", next_step=INSTALL
        )


def check_rules(files: Sequence[Path]) -> str:
    """What promtool finds wrong with rule files; "" if nothing is."""
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *files)
    require_result(done, "check rules")
    return done.text if done.code else ""
