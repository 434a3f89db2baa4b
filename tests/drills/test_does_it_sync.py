"""The figures of runbooks/does-your-database-sync.md: databases that are not ours, on a disk that forgets what was not synced."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from power_postgres import Postgres

from drills.power import PowerDisk

pytestmark = [pytest.mark.nightly, pytest.mark.process, pytest.mark.power]

WRITES = 200
SQLITE = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE paid (number int)")
db.execute(f"PRAGMA synchronous = {sys.argv[2]}")
for number in range(200):
    db.execute("INSERT INTO paid VALUES (?)", (number,))
    print("paid", number, flush=True)
time.sleep(600)
"""
"""Transactions, each acknowledged on standard output once its commit has returned."""


@pytest.mark.parametrize(("synchronous", "everything"), [("FULL", True), ("NORMAL", False)])
def test_sqlite_loses_acknowledged_rows_with_synchronous_normal_alone(tmp_path, synchronous, everything):
    """In write-ahead mode; the process is killed, the power is cut, and the rows are counted."""
    disk = PowerDisk(tmp_path / "disk", tmp_path / "log", os.environ)
    disk.mount()
    path = disk.folder / "paid.db"
    try:
        argv = [sys.executable, "-c", SQLITE, str(path), synchronous]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
            acknowledged = [writer.stdout.readline() for _ in range(WRITES)]
            writer.send_signal(signal.SIGKILL)
        disk.cut()
        with closing(sqlite3.connect(path)) as database:
            made = database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'paid'").fetchone() == (1,)
            kept = database.execute("SELECT count(*) FROM paid").fetchone()[0] if made else 0
    finally:
        disk.unmount()
    assert acknowledged[-1] == f"paid {WRITES - 1}\n"
    assert (kept == WRITES) is everything, f"{kept} of {WRITES}"


@pytest.fixture(scope="module")
def postgres(postgresql):
    """A cluster on such a disk, in a folder that the other user may enter."""
    with tempfile.TemporaryDirectory(prefix="gonogo-postgres-") as folder:
        Path(folder).chmod(0o755)
        cluster = Postgres(Path(folder), postgresql)
        cluster.disk.mount()
        try:
            cluster.run("initdb", "-D", str(cluster.data), "-A", "trust", "--wal-segsize=1")
            yield cluster
        finally:
            cluster.disk.unmount()


@pytest.mark.parametrize(("synchronous_commit", "everything"), [("on", True), ("off", False)])
def test_postgresql_loses_acknowledged_rows_with_synchronous_commit_off_alone(postgres, synchronous_commit, everything):
    """200 transactions, each acknowledged; then the power fails. What is left is counted after recovery."""
    settings = (f"synchronous_commit={synchronous_commit}", "wal_writer_delay=10s")
    with postgres.serving(*settings):
        postgres.sql("DROP TABLE IF EXISTS paid; CREATE TABLE paid (number int); CHECKPOINT;")
        postgres.sql("INSERT INTO paid VALUES (1);\n" * WRITES)
    postgres.disk.cut()
    with postgres.serving(*settings):
        kept = int(postgres.sql("SELECT count(*) FROM paid;"))
    assert (kept == WRITES) is everything, f"{kept} of {WRITES}"
