"""A machine whose disk is small and whose home cannot be written to: real file systems in a mount namespace of their own."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

PAGE = 4096
WAIT_S = 60
_NAMESPACES = ["--mount"] if os.geteuid() == 0 else ["--mount", "--user"]
_UNSHARE = ["unshare", *_NAMESPACES, *([] if os.geteuid() == 0 else ["--map-root-user"]), "--propagation", "private"]
_MOUNT = 'mount -t tmpfs -o "$2" tmpfs "$1" && echo ready && read -r _'


def lacks():
    """What this machine lacks for such a disk; empty if it can be mounted."""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return "unshare and nsenter (Debian: apt-get install util-linux)"
    done = subprocess.run([*_UNSHARE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False, capture_output=True, text=True)
    return "" if done.returncode == 0 else f"the right to mount in a namespace of its own ({done.stderr.strip()})"


class SmallDisk:
    """A folder on a file system of its own; only commands that are run by `inside` see it."""

    def __init__(self, folder: Path, holder: subprocess.Popen) -> None:
        self.folder, self._holder = folder, holder
        self._filler = folder / "filler"

    def inside(self, words, **given):
        """Run a command where the disk is mounted, to its end."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        argv = ["nsenter", "--target", str(self._holder.pid), "--mount", *user, "--", *words]
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=WAIT_S, check=False, stdin=subprocess.DEVNULL, **given
        )

    def fill(self):
        """Leave no page free."""
        done = self.inside(["dd", "if=/dev/zero", f"of={self._filler}", f"bs={PAGE}"])
        assert "No space left on device" in done.stderr

    def free(self, pages):
        """Make room for so many pages."""
        assert self.inside(["truncate", f"--size=-{pages * PAGE}", str(self._filler)]).returncode == 0

    def empty(self):
        """Make room for everything."""
        assert self.inside(["rm", str(self._filler)]).returncode == 0

    def read(self, path):
        """A file's text."""
        done = self.inside(["cat", str(path)])
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def small_disk(folder: Path, options: str):
    """A tmpfs with these mount options on a folder, which is made."""
    folder.mkdir()
    argv = [*_UNSHARE, "sh", "-c", _MOUNT, "sh", str(folder), options]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "ready\n"
        try:
            yield SmallDisk(folder, holder)
        finally:
            holder.stdin.close()
            holder.wait(WAIT_S)
