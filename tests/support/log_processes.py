"""Several processes of `log_writer.py` that begin at the same moment."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

WRITER = Path(__file__).with_name("log_writer.py")
ROOT = Path(__file__).parents[2]


def start(*arguments: object, **options: Any) -> "subprocess.Popen[str]":
    """A writer that waits for a line on stdin."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-P", str(WRITER), *map(str, arguments)]
    return subprocess.Popen(argv, env=environ, text=True, stdin=-1, stdout=-1, stderr=-1, **options)


def run_together(processes: list["subprocess.Popen[str]"]) -> list[tuple[int, str, str]]:
    """Let all of them begin; gives exit code, stdout and stderr of each."""
    for process in processes:
        assert process.stdin is not None, "it is a pipe"
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=60) for process in processes]
    return [(process.returncode, *end) for process, end in zip(processes, ends, strict=True)]
