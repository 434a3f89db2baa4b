"""The folders of a drill's disk. A name reaches the disk with the sync of its file or folder, as on a journalling file system."""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeAlias

from drills.disk.content import File


@dataclass(eq=False)
class Folder:
    """The names that programs see, and those that the disk has."""

    live: "dict[str, Node]" = field(default_factory=dict)
    disk: "dict[str, Node]" = field(default_factory=dict)


Node: TypeAlias = File | Folder


class Tree:
    """From paths, as programs name them, to files and folders; refusals are OSErrors with the errno of a file system."""

    def __init__(self) -> None:
        self.root = Folder()

    def find(self, path: str) -> Node:
        """The file or folder at a path; raises FileNotFoundError."""
        node: Node = self.root
        for name in _names(path):
            if not isinstance(node, Folder) or name not in node.live:
                raise _refused(errno.ENOENT, path)
            node = node.live[name]
        return node

    def file(self, path: str) -> File:
        """The file at a path; raises OSError if there is none, or a folder."""
        node = self.find(path)
        if isinstance(node, Folder):
            raise _refused(errno.EISDIR, path)
        return node

    def folder(self, path: str) -> Folder:
        """The folder at a path; raises OSError if there is none, or a file."""
        node = self.find(path)
        if isinstance(node, File):
            raise _refused(errno.ENOTDIR, path)
        return node

    def add(self, path: str, node: Node) -> None:
        """A new name, which the disk does not have yet; a file of that name is replaced."""
        folder, name = self._place(path)
        folder.live[name] = node

    def make_folder(self, path: str) -> None:
        """A new folder; raises OSError for a name that is taken."""
        folder, name = self._place(path)
        if name in folder.live:
            raise _refused(errno.EEXIST, path)
        folder.live[name] = Folder()

    def remove(self, path: str) -> Node:
        """Delete a name, and return what it named; the disk keeps the name until the folder is synced."""
        self.find(path)
        folder, name = self._place(path)
        return folder.live.pop(name)

    def remove_folder(self, path: str) -> None:
        """Delete the name of an empty folder."""
        if self.folder(path).live:
            raise _refused(errno.ENOTEMPTY, path)
        self.remove(path)

    def rename(self, old: str, new: str) -> Node | None:
        """Move a name, and return what was there before; the disk keeps the old name until the file or the folder is synced."""
        node = self.find(old)
        folder, name = self._place(new)
        before = folder.live.get(name)
        if isinstance(before, Folder) and before.live:
            raise _refused(errno.ENOTEMPTY, new)
        self.remove(old)
        folder.live[name] = node
        return before

    def sync_file(self, path: str) -> None:
        """The file's name reaches the disk, and with it those of the folders that it is in; its content is the file's own."""
        node = self.find(path)
        for folder, name, inner in self._way(path):
            folder.disk[name] = inner
            if inner is node:
                folder.disk = {key: item for key, item in folder.disk.items() if item is not node or key in folder.live}

    def sync_folder(self, path: str) -> None:
        """All names of a folder reach the disk, and the folder's own."""
        folder = self.folder(path)
        folder.disk = dict(folder.live)
        self.sync_file(path)

    def lose_power(self, seed: int) -> int:
        """Return to what the disk has; returns how many writes were not synced."""
        return sum(file.lose_power(seed) for file in _kept(self.root, set()))

    def _place(self, path: str) -> tuple[Folder, str]:
        pure = PurePosixPath(path)
        return self.folder(str(pure.parent)), pure.name

    def _way(self, path: str) -> Iterator[tuple[Folder, str, Node]]:
        folder: Node = self.root
        for name in _names(path):
            assert isinstance(folder, Folder), "the path was found"
            yield folder, name, folder.live[name]
            folder = folder.live[name]


def _kept(folder: Folder, seen: set[int]) -> Iterator[File]:
    """The files that the disk has names for, each once; the folders show them again."""
    folder.live = dict(folder.disk)
    for node in folder.disk.values():
        if isinstance(node, Folder):
            yield from _kept(node, seen)
        elif id(node) not in seen:
            seen.add(id(node))
            yield node


def _names(path: str) -> tuple[str, ...]:
    return PurePosixPath(path).parts[1:]


def _refused(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
