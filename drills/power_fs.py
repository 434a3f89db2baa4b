"""A file system that loses what was not synced: `python -m drills.power_fs MOUNTPOINT`, in the foreground, until it is unmounted.

Files live in memory, twice: as programs see them, and as the disk has them. A write reaches the disk with the fsync of its file,
a name with the fsync of its file or of its folder. Writing an Order (`drills.disk.faults`) to the file `.disk` cuts the power, or
gives the disk a fault; reading that file shows how often programs met one.

With `--owner UID` every file belongs to that user, and not only the one who mounted it may use it. With `--threads` others read
while a slow sync runs, as on a real disk; every operation then takes twice the time, so that only slow disks have it.
"""

import errno
import os
import stat
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from threading import RLock
from typing import Any, TypeVar, cast

import mfusepy  # type: ignore[import-untyped,unused-ignore]  # it has no types
import msgspec

from drills.disk.content import BLOCK, File, blocks_of
from drills.disk.faults import CONTROL, WIDTH, Faults, Order
from drills.disk.tree import Folder, Tree

_CONTROL = f"/{CONTROL}"
_BLOCKS = 1 << 20
_NAME_MAX = 255

Method = TypeVar("Method", bound=Callable[..., Any])


def _alone(method: Method) -> Method:
    """One operation at a time; what it refuses is an errno to the kernel."""

    @wraps(method)
    def locked(self: "PowerFs", *args: object) -> object:
        with self.mutex:
            try:
                return method(self, *args)
            except OSError as error:
                raise mfusepy.FuseOSError(error.errno) from None

    return cast("Method", locked)


class PowerFs(mfusepy.Operations):  # type: ignore[misc,unused-ignore]  # the library has no types
    """The operations of the kernel on such files."""

    use_ns = True

    def __init__(self, owner: int) -> None:
        self.mutex, self.owner = RLock(), owner
        self.tree, self.faults = Tree(), Faults()

    @_alone
    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:  # noqa: ARG002  # the library's signature
        """The result of `stat`."""
        if path == _CONTROL:
            return self._stat(stat.S_IFREG | 0o666, WIDTH)
        node = self.tree.find(path)
        if isinstance(node, Folder):
            return self._stat(stat.S_IFDIR | 0o700, 0)
        return self._stat(stat.S_IFREG | 0o600, len(node.live))

    @_alone
    def readdir(self, path: str, fh: int) -> Iterable[str]:  # noqa: ARG002  # the library's signature
        """Every name."""
        return [".", "..", *self.tree.folder(path).live]

    @_alone
    def create(self, path: str, mode: int, fi: object = None) -> int:  # noqa: ARG002  # the library's signature
        """A new file; the disk does not have its name yet."""
        self.tree.add(path, File())
        return 0

    @_alone
    def open(self, path: str, flags: int) -> int:  # noqa: ARG002  # the library's signature
        """Open a file; no state is kept for it."""
        if path != _CONTROL:
            self.tree.file(path)
        return 0

    @_alone
    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:  # noqa: ARG002  # the library's signature
        """What programs see."""
        content = self.faults.text() if path == _CONTROL else self.tree.file(path).live
        return bytes(content[offset : offset + size])

    @_alone
    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:  # noqa: ARG002  # the library's signature
        """A write, or an order to the disk."""
        if path == _CONTROL:
            self._obey(bytes(data))
            return len(data)
        file = self.tree.file(path)
        self.faults.grow(max(0, blocks_of(offset + len(data)) - file.blocks))
        file.write(offset, bytes(data))
        return len(data)

    @_alone
    def truncate(self, path: str, length: int, fh: int | None = None) -> int:  # noqa: ARG002  # the library's signature
        """A new length."""
        if path != _CONTROL:
            file = self.tree.file(path)
            self.faults.grow(blocks_of(length) - file.blocks)
            file.truncate(length)
        return 0

    @_alone
    def unlink(self, path: str) -> int:
        """Delete a file's name."""
        node = self.tree.remove(path)
        if isinstance(node, File):
            self.faults.grow(-node.blocks)
        return 0

    @_alone
    def rename(self, old: str, new: str, flags: int = 0) -> int:
        """Move a name; exchanging two is not offered."""
        if flags:
            raise OSError(errno.EINVAL, "flags")
        before = self.tree.rename(old, new)
        if isinstance(before, File):
            self.faults.grow(-before.blocks)
        return 0

    @_alone
    def link(self, target: str, source: str) -> int:
        """A second name for a file."""
        self.tree.add(target, self.tree.file(source))
        return 0

    @_alone
    def mkdir(self, path: str, mode: int) -> int:  # noqa: ARG002  # the library's signature
        """A new folder."""
        self.tree.make_folder(path)
        return 0

    @_alone
    def rmdir(self, path: str) -> int:
        """Delete an empty folder."""
        self.tree.remove_folder(path)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:  # noqa: ARG002  # the library's signature
        """The file reaches the disk, late or not at all if the disk has that fault; others go on meanwhile."""
        pause_s = self._pause_s(path)
        if pause_s:
            self.faults.wait(pause_s)
        return self._sync(path)

    @_alone
    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:  # noqa: ARG002  # the library's signature
        """The names reach the disk."""
        self.tree.sync_folder(path)
        return 0

    @_alone
    def chmod(self, path: str, mode: int) -> int:  # noqa: ARG002  # the library's signature
        """Every file belongs to its owner."""
        return 0

    @_alone
    def chown(self, path: str, uid: int, gid: int) -> int:  # noqa: ARG002  # the library's signature
        """Every file belongs to the disk's owner."""
        return 0

    @_alone
    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:  # noqa: ARG002  # the library's signature
        """No file has a time."""
        return 0

    @_alone
    def statfs(self, path: str) -> dict[str, int]:  # noqa: ARG002  # the library's signature
        """The free space: plenty, or what the fault leaves."""
        free = _BLOCKS if self.faults.room is None else min(self.faults.room, _BLOCKS)
        blocks = {"f_blocks": _BLOCKS, "f_bfree": free, "f_bavail": free}
        return {"f_bsize": BLOCK, "f_frsize": BLOCK, "f_namemax": _NAME_MAX, **blocks}

    def _stat(self, mode: int, size: int) -> dict[str, int]:
        links = 2 if stat.S_ISDIR(mode) else 1
        return {"st_mode": mode, "st_nlink": links, "st_size": size, "st_uid": self.owner, "st_blocks": blocks_of(size) * 8}

    @_alone
    def _pause_s(self, path: str) -> float:
        node = None if path == _CONTROL else self.tree.find(path)
        return self.faults.delay_s() if isinstance(node, File) and node.unsynced else 0.0

    @_alone
    def _sync(self, path: str) -> int:
        if path == _CONTROL:
            return 0
        file = self.tree.file(path)
        if file.unsynced and self.faults.fails():
            self.faults.meters.forgotten_writes += file.fail_sync()
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        file.sync()
        self.tree.sync_file(path)
        return 0

    def _obey(self, data: bytes) -> None:
        try:
            order = msgspec.json.decode(data, type=Order)
        except msgspec.MsgspecError:
            raise OSError(errno.EINVAL, "not an order") from None
        self.faults.take(order)
        if order.cut is not None:
            self.faults.meters.lost_writes += self.tree.lose_power(order.cut)


def main(argv: Sequence[str]) -> None:
    """Serve the disk until it is unmounted."""
    parser = ArgumentParser()
    parser.add_argument("mountpoint")
    parser.add_argument("--owner", type=int)
    parser.add_argument("--threads", action="store_true")
    given = parser.parse_args(argv)
    files = PowerFs(os.getuid() if given.owner is None else given.owner)
    shared = {} if given.owner is None else {"allow_other": True}
    mfusepy.FUSE(files, given.mountpoint, foreground=True, nothreads=not given.threads, attr_timeout=0, entry_timeout=0, **shared)


if __name__ == "__main__":
    main(sys.argv[1:])
