"""A served gateway that kills itself at a named point of a commit, once it is armed.

The points are changes to a copy of the package, as drills make releases; the product has no switch for them.
"""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from drills.releases import make_release
from drills.schema import Change, Release
from gateway import package_dir

POINTS = {
    "begun": ("        await self._begin()\n", "{old}{die}"),
    "decided": ("            if self.in_loop or (len(requests) == 1 and not self._queue):\n", "{die}{old}"),
    "committed": ("        return results\n\n    async def _begin(", "{die}{old}"),
}
"""Where in `GroupCommit._transact` the process dies: the place in the source, and on which side of it."""

DIE = """import os, pathlib
if pathlib.Path({armed!r}).exists():
    pathlib.Path({armed!r}).unlink()
    os.kill(os.getpid(), 9)
"""


def deadly(folder: Path, point: str, armed: Path) -> Path:
    """A copy of the package that dies at the point while the file `armed` is there, and removes it."""
    old, form = POINTS[point]
    indent = old[: len(old) - len(old.lstrip())]
    new = form.format(old=old, die=textwrap.indent(DIE.format(armed=str(armed)), indent))
    return make_release(package_dir(), Release((Change("store/group_commit.py", "it dies here", new, old),)), folder / "sources")


@contextmanager
def serving(db: Path, sources: Path | None, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """A gateway of these sources, or of the product's, and a client of it."""
    paths = [str(sources)] if sources else []
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *sys.path]), "PYTHONSAFEPATH": "1"}
    argv = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--db", str(db), "--no-access-log", *options]
    log = db.with_suffix(".log")
    with log.open("wb") as errors, subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=errors) as process:
        try:
            line = process.stdout.readline()
            assert line, log.read_text()
            with httpx.Client(base_url=msgspec.json.decode(line)["url"], timeout=60) as client:
                yield process, client
        finally:
            process.kill()
