"""A disk whose power can be cut: whatever the service acknowledged has to be there afterwards."""

import importlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from time import sleep

import msgspec

from drills.child import Child, Identity, Pause, spawn
from drills.disk.faults import CONTROL, Meters, Order
from gates.schema.errors import UnknownProblem
from gates.schema.rooms import room_argv
from gates.schema.time import monotonic_s

_FUSE, _UNMOUNT = Path("/dev/fuse"), "fusermount3"
_MOUNT_S, _POLL_S = 10.0, 0.02


def missing() -> list[str]:
    """What this machine lacks for such a disk, each with the command that installs it; empty if it can be mounted."""
    needs = (
        (os.access(_FUSE, os.R_OK | os.W_OK), f"{_FUSE} (modprobe fuse; a container: --device {_FUSE} --cap-add SYS_ADMIN)"),
        (shutil.which(_UNMOUNT) is not None, "fuse3 (apt-get install fuse3)"),
        (_has_library(), "mfusepy with libfuse2 (pip install 'gonogo[power]'; apt-get install libfuse2)"),
    )
    return [how for is_there, how in needs if not is_there]


def _has_library() -> bool:
    """Whether mfusepy can be imported: it loads libfuse when it is."""
    try:
        importlib.import_module("mfusepy")
    except (ImportError, OSError):
        return False
    return True


class PowerDisk:
    """A folder on the file system `drills.power_fs`, which loses unsynced writes when its power is cut."""

    def __init__(
        self,
        folder: Path,
        log: Path,
        environ: Mapping[str, str],
        pause: Pause = sleep,
        *,
        owner: int | None = None,
    ) -> None:
        """With an `owner` the files belong to that user id."""
        self.folder, self._owner = folder, [] if owner is None else ["--owner", str(owner)]
        self._log, self._environ, self._pause = log, dict(environ), pause
        self._child: Child | None = None

    @property
    def serves(self) -> bool:
        """Whether it is mounted and its process runs."""
        return self._child is not None and self._child.alive()

    def mount(self, *, threads: bool = False) -> Identity:
        """Mount it, and return the process that serves it; raises UnknownProblem if this machine cannot.

        With `threads` others read while a slow sync runs.
        """
        lacks = missing()
        if lacks:
            raise UnknownProblem(f"needs {', '.join(lacks)}")
        self.folder.mkdir()
        options = [*self._owner, "--threads"] if threads else self._owner
        argv = room_argv("drills.power_fs", str(self.folder), *options)
        # SIGTERM, so that it unmounts if its parent is killed.
        self._child = spawn(argv, self._environ, self._log, on_parent_death=signal.SIGTERM)
        begun = monotonic_s()
        while not (self._child.alive() and mounted(self.folder)):
            if not self._child.alive() or monotonic_s() - begun > _MOUNT_S:
                log = self._child.stderr.read_text(errors="replace").strip()
                self.unmount()
                raise UnknownProblem(f"{self.folder}: the file system did not start: {log[-400:]}")
            self._pause(_POLL_S)
        return self._child.identity

    def cut(self, seed: int = 0) -> int:
        """Cut the power and restore it; returns how many writes had not been synced.

        Seed 0 loses all of them, another number keeps some, in no order.
        """
        before = self.meters().lost_writes
        self.order(Order(cut=seed))
        return self.meters().lost_writes - before

    def order(self, order: Order) -> None:
        """Have the disk do something from now on."""
        (self.folder / CONTROL).write_bytes(msgspec.json.encode(order))

    def meters(self) -> Meters:
        """What programs met so far."""
        return msgspec.json.decode((self.folder / CONTROL).read_bytes(), type=Meters)

    def unmount(self) -> None:
        """Unmount it, and lose its content."""
        unmount(self.folder)
        if self._child is not None:
            self._child.end()  # a process with an open file there would keep it alive
            self._child = None


def mounted(folder: Path) -> bool:
    """Whether such a disk is mounted at the folder, including one whose process has ended and that no longer responds."""
    try:
        return folder.is_mount()
    except OSError:
        return True


def unmount(folder: Path) -> None:
    """Unmount such a disk, whether its process still runs or not; does nothing if there is none."""
    if shutil.which(_UNMOUNT) is not None:
        subprocess.run([_UNMOUNT, "-u", "-z", str(folder)], check=False, capture_output=True)
