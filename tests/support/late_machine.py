"""A rehearsal on a machine that is busy with other tests: where it answered late itself, the pages of its latency are right."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from drills.report import Report, read_report

TRIES = 3
"""How often a rehearsal may begin. No page but one of latency is excused, and none that is missing."""


def rehearse(argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> tuple[int, Report, Path, str]:
    """Run the drill, again where the machine was late: exit code, report, the drill's folder, what was printed."""
    for number in range(TRIES):
        out = folder / f"out-{number}"
        done = subprocess.run(
            [*argv, "--out", str(out)], env=environ, cwd=folder, capture_output=True, text=True, check=False, timeout=1200
        )
        report = read_report(out)
        if not _was_late(report):
            break
    return done.returncode, report, out, done.stdout + done.stderr


def _was_late(report: Report) -> bool:
    return bool(report.deviations) and all(" paged" in text and "latency" in text.lower() for text in report.deviations)
