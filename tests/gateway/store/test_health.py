"""A gateway whose files are gone, or whose disk is full, is not ready, and says why without a path."""

import os

import pytest

from gateway.store import health
from gateway.store.health import DatabaseFiles
from gateway.store.sqlite_version import has_wal_reset_defect


@pytest.fixture
def db(tmp_path):
    """A database and its log."""
    path = tmp_path / "gateway.db"
    path.write_bytes(b"database")
    path.with_name("gateway.db-wal").write_bytes(b"log")
    return path


def test_files_that_are_as_opened_are_no_problem(db):
    """Growing is no change."""
    files = DatabaseFiles(db)
    db.write_bytes(b"a longer database")
    assert files.problem() is None


@pytest.mark.parametrize("name", ["gateway.db", "gateway.db-wal"])
def test_a_file_that_was_removed_is_named(db, name):
    """Commits into an unlinked file are lost with the process."""
    files = DatabaseFiles(db)
    db.with_name(name).unlink()
    assert files.problem() == f"{name} was removed while the gateway runs; stop the gateway and restore the file"


def test_a_file_that_was_replaced_is_named(db, tmp_path):
    """Another file under the same name is not the one that is open."""
    files = DatabaseFiles(db)
    (tmp_path / "other").write_bytes(b"other")
    os.replace(tmp_path / "other", db)  # noqa: PTH105  # the system call itself
    assert "gateway.db was replaced" in files.problem()


def test_a_log_that_appears_later_is_watched_from_then_on(db):
    """A new database has no log before its first commit."""
    wal = db.with_name("gateway.db-wal")
    wal.unlink()
    files = DatabaseFiles(db)
    assert files.problem() is None
    wal.write_bytes(b"log")
    assert files.problem() is None
    wal.unlink()
    assert "gateway.db-wal was removed" in files.problem()


def test_a_full_disk_is_a_problem(db, monkeypatch):
    """The limit is raised above what the disk of the test has."""
    monkeypatch.setattr(health, "LEAST_FREE_BYTES", 1 << 62)
    assert "the disk of gateway.db is full" in DatabaseFiles(db).problem()


@pytest.mark.parametrize(
    ("version", "defective"),
    [
        ((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False), ((3, 45, 0), True),
        ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False), ((3, 52, 0), False),
    ],
)  # fmt: skip
def test_the_versions_with_the_wal_reset_defect_are_known(version, defective):
    """From 3.7.0 to 3.51.2, without the two patch releases."""
    assert has_wal_reset_defect(version) is defective
