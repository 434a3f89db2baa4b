"""A file system that loses what was not synced: `python -m drills.power_fs MOUNTPOINT`, in the foreground, until it is unmounted.

Files live in memory, twice: as programs see them, and as the disk has them. A write reaches the disk with the fsync of its file,
a name with the fsync of its file or of the folder. Writing to the file `.power` cuts the power: programs then see what
the disk has. Its text is a seed: 0 loses every unsynced write, another number keeps some of them, because disks keep no order.
Its size is the number of writes lost so far.
"""

import errno
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

import mfusepy  # type: ignore[import-untyped,unused-ignore]  # it has no types

from gates.schema.canonical import sha256_hex

POWER = "/.power"
BLOCK = 4096


@dataclass
class File:
    """One file: what programs see, what the disk has, and the writes between the two. `named`: whether the disk has its name."""

    live: bytearray = field(default_factory=bytearray)
    disk: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)
    named: bool = False

    def write(self, offset: int, data: bytes) -> None:
        """A write that only programs see."""
        _put(self.live, offset, data)
        self.unsynced.append((offset, data))

    def truncate(self, size: int) -> None:
        """A new length that only programs see."""
        _cut(self.live, size)
        self.unsynced.append((size, None))

    def sync(self) -> None:
        """All writes so far reach the disk."""
        for offset, data in self.unsynced:
            _apply(self.disk, offset, data)
        self.unsynced.clear()
        self.named = True

    def lose_power(self, seed: int) -> int:
        """Keep what the disk has, and the unsynced writes that the seed keeps; returns how many writes were not synced."""
        lost = len(self.unsynced)
        for number, (offset, data) in enumerate(self.unsynced if seed else ()):
            for start in range(0, len(data or b""), BLOCK):
                if sha256_hex(f"{seed}/{number}/{offset + start}".encode()) < "8":
                    _put(self.disk, offset + start, (data or b"")[start : start + BLOCK])
        self.unsynced.clear()
        self.live = bytearray(self.disk)
        return lost


class PowerFs(mfusepy.Operations):  # type: ignore[misc,unused-ignore]  # the library has no types
    """One flat folder of such files."""

    use_ns = True

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.gone: dict[str, File] = {}
        self.lost = 0

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:  # noqa: ARG002  # the library's signature
        """The result of `stat`."""
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
        if path == POWER:
            return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": self.lost}
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": len(self._file(path).live)}

    def readdir(self, path: str, fh: int) -> Iterable[str]:  # noqa: ARG002  # the library's signature
        """Every name."""
        return [".", "..", *(name[1:] for name in self.files)]

    def create(self, path: str, mode: int, fi: object = None) -> int:  # noqa: ARG002  # the library's signature
        """A new file; the disk does not have its name yet."""
        self.files[path] = File()
        return 0

    def open(self, path: str, flags: int) -> int:  # noqa: ARG002  # the library's signature
        """Open a file; no state is kept for it."""
        if path != POWER:
            self._file(path)
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:  # noqa: ARG002  # the library's signature
        """What programs see."""
        return bytes(self._file(path).live[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:  # noqa: ARG002  # the library's signature
        """A write, or a power cut."""
        if path == POWER:
            self._cut_power(int(data))
        else:
            self._file(path).write(offset, bytes(data))
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:  # noqa: ARG002  # the library's signature
        """A new length."""
        if path != POWER:
            self._file(path).truncate(length)
        return 0

    def unlink(self, path: str) -> int:
        """Delete a name; the disk keeps it until the folder is synced."""
        file = self._file(path)
        del self.files[path]
        if file.named:
            self.gone[path] = file
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:  # noqa: ARG002  # the library's signature
        """The file reaches the disk."""
        if path != POWER and path in self.files:
            self.files[path].sync()
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:  # noqa: ARG002  # the library's signature
        """The names reach the disk."""
        self.gone.clear()
        for file in self.files.values():
            file.named = True
        return 0

    def chmod(self, path: str, mode: int) -> int:  # noqa: ARG002  # the library's signature
        """Every file belongs to its owner."""
        return 0

    def statfs(self, path: str) -> dict[str, int]:  # noqa: ARG002  # the library's signature
        """Enough free space."""
        return {
            "f_bsize": BLOCK,
            "f_frsize": BLOCK,
            "f_blocks": 1 << 20,
            "f_bfree": 1 << 20,
            "f_bavail": 1 << 20,
            "f_namemax": 255,
        }

    def _file(self, path: str) -> File:
        if path not in self.files:
            raise mfusepy.FuseOSError(errno.ENOENT)
        return self.files[path]

    def _cut_power(self, seed: int) -> None:
        self.files = {name: file for name, file in {**self.gone, **self.files}.items() if file.named}
        self.gone = {}
        for file in self.files.values():
            self.lost += file.lose_power(seed)


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _cut(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        _cut(content, offset)
    else:
        _put(content, offset, data)


if __name__ == "__main__":
    mfusepy.FUSE(PowerFs(), sys.argv[1], foreground=True, nothreads=True, attr_timeout=0, entry_timeout=0)
