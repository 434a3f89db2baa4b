"""Can a check of a runbook fail? What ends as expected where no command works, and where each one does, shows nothing.

The shell is a restricted one without any program, and without the commands that look at something or act by themselves; it writes
nothing and starts nothing. What could run for long there is not tried, and taken for a check.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from drills.runbook.blocks import Shell
from drills.runbook.page import Step, verifies_itself
from drills.runbook.shell import NOT_FOUND
from drills.runbook.verdict import ANYTHING, verdict

_BEFORE = """ulimit -t 2 -f 2048 -v 1000000
enable -n test [ kill read readarray mapfile let wait exec eval source . trap type hash command builtin ulimit enable
"""
_NOT_TRIED = re.compile(
    r"\[\[|\(\(|\(\)|\bfunction\b|\b(?:while|until|for|select|coproc)\b|<|\.\.[0-9a-zA-Z$]|/dev/|(?<![&>])&(?![&>])"
)
_USED = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_LONGEST_S = 10.0


def cannot_fail(step: Step) -> bool:
    """Whether a step that shows by its exit code or its output how it went ends as the page says wherever it is run."""
    if not isinstance(step.info, Shell) or not verifies_itself(step):
        return False
    if step.output and not any(line.replace(ANYTHING, "").strip() for line in step.output):
        return True  # any output is as expected
    if _NOT_TRIED.search(step.text):
        return False
    return all(_is_as_expected(step, code) for code in (NOT_FOUND, 0))


def _is_as_expected(step: Step, every: int) -> bool:
    ended = _tried(step.text, every)
    return ended is not None and not verdict(step, ended[0], "", ended[1])


def _tried(text: str, every: int) -> tuple[int, str] | None:
    """The exit code and the output where every program ends with this code; None where it did not end."""
    bash = shutil.which("bash")
    if bash is None:
        return None
    used = dict.fromkeys(_USED.findall(text), "x")
    environ = {name: value for name, value in used.items() if not name.startswith(("BASH", "LD_"))} | {"PATH": "/nonexistent"}
    argv = [
        bash,
        "--noprofile",
        "--norc",
        "-r",
        "-euo",
        "pipefail",
        "-c",
        f"{_BEFORE}command_not_found_handle() {{ return {every}; }}\n{text}",
    ]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "out").open("w+b") as out:
        null = subprocess.DEVNULL
        child = subprocess.Popen(argv, stdin=null, stdout=out, stderr=null, env=environ, cwd=folder, start_new_session=True)
        try:
            code = child.wait(_LONGEST_S)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        out.seek(0)
        return (128 - code if code < 0 else code), out.read().decode(errors="replace")
