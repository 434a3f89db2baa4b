"""A clock for one process that a file sets while it runs: libfaketime, preloaded into the process and its children."""

from collections.abc import Iterator
from pathlib import Path

from gates.schema.durable import write_durably
from gates.schema.errors import UnknownProblem

NEWEST_S = 1.0
"""For how long the process may still have the old time: libfaketime reads the file again after so many seconds."""

_ROOT = Path("/usr/lib")
_NAME = "faketime/libfaketimeMT.so.1"
HOW = "libfaketime (apt-get install libfaketime)"


def find_library(root: Path = _ROOT) -> Path | None:
    """The library for programs with threads, where the system's packages put it; None where it is not installed."""
    return next(_candidates(root), None)


def _candidates(root: Path) -> Iterator[Path]:
    yield from (path for path in (root / _NAME, *sorted(root.glob(f"*/{_NAME}"))) if path.is_file())


class FakeClockFile:
    """The file that sets the clock, and the variables of a process that has it; the monotonic clock stays the machine's."""

    def __init__(self, path: Path, library: Path | None = None) -> None:
        """Begin with the machine's time. Raises UnknownProblem where the library is not installed."""
        found = library or find_library()
        if found is None:
            raise UnknownProblem(f"needs {HOW}")
        self._path = path
        self.set(0)
        self.environ = {
            "LD_PRELOAD": str(found),
            "FAKETIME_TIMESTAMP_FILE": str(path),
            "FAKETIME_CACHE_DURATION": str(int(NEWEST_S)),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # the name that releases before 0.9.10 know
            "NO_FAKE_STAT": "1",
            "FAKETIME_DISABLE_SHM": "1",  # its shared memory would stay behind a process that is killed
        }

    def set(self, seconds: int) -> None:
        """So many seconds ahead of the machine's time, or behind it."""
        write_durably(self._path, f"{seconds:+d}\n".encode())
