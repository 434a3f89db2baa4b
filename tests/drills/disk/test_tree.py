"""Which names survive a power loss: those whose file or folder was synced."""

import errno

import pytest

from drills.disk.content import File
from drills.disk.tree import Tree


def tree_of(*paths):
    """A tree with these folders (they end with a slash) and files."""
    tree = Tree()
    for path in paths:
        if path.endswith("/"):
            tree.make_folder(path)
        else:
            tree.add(path, File())
            tree.file(path).write(0, path.encode())
    return tree


def names(tree, path="/"):
    """What is in a folder."""
    return sorted(tree.folder(path).live)


def test_a_name_that_nobody_synced_is_gone():
    """The file's content goes with it."""
    tree = tree_of("/synced", "/not")
    tree.file("/synced").sync()
    tree.sync_file("/synced")
    tree.lose_power(0)
    assert names(tree) == ["synced"]
    assert bytes(tree.file("/synced").live) == b"/synced"


def test_the_sync_of_a_folder_keeps_its_names_and_not_their_content():
    """An empty file is what is left."""
    tree = tree_of("/dir/", "/dir/a")
    tree.sync_folder("/dir")
    assert tree.lose_power(0) == 1
    assert (names(tree, "/dir"), bytes(tree.file("/dir/a").live)) == (["a"], b"")


def test_a_file_keeps_the_folders_that_it_is_in():
    """A journal holds the whole way to it."""
    tree = tree_of("/a/", "/a/b/", "/a/b/c", "/a/other")
    tree.sync_file("/a/b/c")
    tree.lose_power(0)
    assert (names(tree), names(tree, "/a"), names(tree, "/a/b")) == (["a"], ["b"], ["c"])


def test_a_deleted_name_comes_back_until_its_folder_is_synced():
    """And with it what the file had."""
    tree = tree_of("/log")
    tree.file("/log").sync()
    tree.sync_folder("/")
    tree.remove("/log")
    tree.lose_power(0)
    assert bytes(tree.file("/log").live) == b"/log"
    tree.remove("/log")
    tree.sync_folder("/")
    tree.lose_power(0)
    assert names(tree) == []


@pytest.mark.parametrize(("sync", "left"), [(None, ["old"]), ("file", ["new"]), ("folder", ["new"])])
def test_a_renamed_file_has_its_old_name_until_one_of_both_is_synced(sync, left):
    """Then it has the new one alone."""
    tree = tree_of("/old")
    tree.sync_file("/old")
    tree.rename("/old", "/new")
    if sync:
        getattr(tree, f"sync_{sync}")("/new" if sync == "file" else "/")
    tree.lose_power(0)
    assert names(tree) == left


def test_a_rename_over_another_file_returns_that_file():
    """It has lost its name."""
    tree = tree_of("/a", "/b")
    lost = tree.file("/b")
    assert tree.rename("/a", "/b") is lost
    assert names(tree) == ["b"]


def test_a_file_with_two_names_loses_its_writes_once():
    """It is one file."""
    tree = tree_of("/a")
    tree.add("/b", tree.file("/a"))
    tree.sync_folder("/")
    assert tree.lose_power(0) == 1


@pytest.mark.parametrize(
    ("refused", "number"),
    [
        (lambda tree: tree.file("/nothing"), errno.ENOENT),
        (lambda tree: tree.file("/dir"), errno.EISDIR),
        (lambda tree: tree.folder("/dir/file"), errno.ENOTDIR),
        (lambda tree: tree.add("/dir/file/x", File()), errno.ENOTDIR),
        (lambda tree: tree.make_folder("/dir"), errno.EEXIST),
        (lambda tree: tree.remove_folder("/dir"), errno.ENOTEMPTY),
        (lambda tree: tree.rename("/other", "/dir"), errno.ENOTEMPTY),
        (lambda tree: tree.remove("/nothing"), errno.ENOENT),
    ],
)
def test_what_no_file_system_does_is_refused_with_its_errno(refused, number):
    """As the kernel expects it."""
    with pytest.raises(OSError, match="/") as caught:
        refused(tree_of("/dir/", "/dir/file", "/other/"))
    assert caught.value.errno == number
