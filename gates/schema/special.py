"""Is something that is no file in a file's place? Reading a pipe waits for a writer that may never come."""

from collections.abc import Iterable
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from gates.schema.errors import UsageProblem


def refuse_special(paths: Iterable[Path]) -> None:
    """Raise UsageProblem naming the first path at which there is neither a file nor a folder: a pipe, a socket, a device.

    What is absent, and what cannot be looked at, is left to whoever reads it.
    """
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if not (S_ISREG(mode) or S_ISDIR(mode)):
            raise UsageProblem(
                f"{path}: is neither a file nor a folder", next_step="move it away, and bring the file back from a copy"
            )
