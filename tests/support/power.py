"""A disk whose power can be cut: mounted for as long as a block runs, by a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Disk:
    """A mounted folder. `cut` takes back every write that was not synced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def cut(self, seed: int = 0) -> None:
        """The power fails, and comes back. Seed 0 loses all unsynced writes, another keeps some of them, in no order."""
        (self.folder / ".power").write_text(str(seed))


@contextmanager
def mounted(folder: Path) -> Iterator[Disk]:
    """Mount such a disk at `folder`."""
    folder.mkdir()
    argv = [sys.executable, str(Path(__file__).with_name("power_fs.py")), str(folder)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"mounted\n", "the file system did not come up"
            yield Disk(folder)
        finally:
            subprocess.run(["fusermount3", "-u", "-z", str(folder)], check=False, capture_output=True)
            process.kill()  # whoever still has a file open there would else keep it alive
