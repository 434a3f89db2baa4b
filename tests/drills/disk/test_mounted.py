"""The disk of a drill as programs meet it: a real mount, real system calls."""

import errno
import os
import threading

import pytest
from waiting import eventually

from drills.disk.content import BLOCK
from drills.disk.faults import CONTROL, Order
from drills.power import PowerDisk

pytestmark = [pytest.mark.process, pytest.mark.power]


@pytest.fixture(scope="module")
def mounted(tmp_path_factory):
    """One disk for all tests, on which reads go on while a sync is slow."""
    folder = tmp_path_factory.mktemp("mounted")
    disk = PowerDisk(folder / "disk", folder / "log", os.environ)
    disk.mount(threads=True)
    yield disk
    disk.unmount()


@pytest.fixture
def disk(mounted):
    """The disk, without a fault and without a file."""
    mounted.order(Order(room=-1, fail_syncs=0, delay_ms=0))
    for path in mounted.folder.iterdir():
        path.unlink()
    return mounted


def synced(path, data):
    """Write a file and sync it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def test_a_sync_fails_as_often_as_ordered_and_forgets_what_it_had_to_write(disk):
    """EIO once; the next one succeeds, and the power takes what it seemed to have saved."""
    path, before = disk.folder / "a", disk.meters()
    synced(path, b"first")
    disk.order(Order(fail_syncs=1))
    with path.open("r+b") as file:
        file.write(b"later")
        file.flush()
        with pytest.raises(OSError, match="Input/output error") as caught:
            os.fsync(file.fileno())
        os.fsync(file.fileno())
    assert caught.value.errno == errno.EIO
    assert path.read_bytes() == b"later"
    disk.cut()
    assert path.read_bytes() == b"first"
    after = disk.meters()
    assert (after.failed_syncs - before.failed_syncs, after.forgotten_writes - before.forgotten_writes) == (1, 1)


def test_a_full_disk_refuses_what_makes_a_file_longer_and_nothing_else(disk):
    """And shows no free space; with room again it takes the write."""
    path, before = disk.folder / "a", disk.meters()
    synced(path, b"x" * 2 * BLOCK)
    disk.order(Order(room=BLOCK))
    assert os.statvfs(disk.folder).f_bavail == 1
    synced(disk.folder / "b", b"one block")
    with path.open("r+b", buffering=0) as file:
        file.write(b"y" * BLOCK)
        file.seek(0, os.SEEK_END)
        with pytest.raises(OSError, match="No space left on device"):
            file.write(b"z")
        assert disk.meters().refused_writes - before.refused_writes == 1
        disk.order(Order(room=-1))
        assert file.write(b"z") == 1


def test_a_deleted_file_leaves_room(disk):
    """As much as it took up."""
    synced(disk.folder / "a", b"x" * 3 * BLOCK)
    disk.order(Order(room=0))
    (disk.folder / "a").unlink()
    assert os.statvfs(disk.folder).f_bavail == 3


def test_others_read_while_a_slow_sync_runs(disk):
    """The sync ends with the fault, after the read that began during it."""
    synced(disk.folder / "a", b"content")
    disk.order(Order(delay_ms=600_000))
    before = disk.meters()
    thread = threading.Thread(target=synced, args=(disk.folder / "b", b"late"))
    thread.start()
    assert eventually(lambda: disk.meters().delayed_syncs > before.delayed_syncs, 60)
    assert ((disk.folder / "a").read_bytes(), thread.is_alive()) == (b"content", True)
    disk.order(Order(delay_ms=0))
    thread.join(60)
    assert not thread.is_alive()


def test_an_order_that_the_disk_does_not_know_is_refused(disk):
    """EINVAL, and nothing changes."""
    for order in (b"not json", b'{"explode": 1}'):
        with pytest.raises(OSError, match="Invalid argument"):
            (disk.folder / CONTROL).write_bytes(order)


def test_a_program_that_deletes_a_file_goes_on_reading_it(disk):
    """SQLite and PostgreSQL do."""
    path = disk.folder / "a"
    synced(path, b"content")
    with path.open("rb") as file:
        path.unlink()
        assert file.read() == b"content"
    assert list(disk.folder.iterdir()) == []
