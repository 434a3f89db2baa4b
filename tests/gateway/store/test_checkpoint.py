"""The log is moved into the database beside the work: it stays short however long the work goes on, and nothing is lost."""

import asyncio
import sqlite3
from contextlib import closing

from gateway.store.checkpoint import Checkpoints
from gateway.store.connections import open_writer

PAGE = 4096


def written(path, rounds, every):
    """Write 20 pages a round, tell after each, and let the thread have its time now and then; the longest the log ever was."""

    async def work():
        writer = open_writer(path)
        writer.execute("CREATE TABLE pages (number INTEGER PRIMARY KEY, filling BLOB NOT NULL) STRICT")
        checkpoints, longest = Checkpoints(path, writer, every), 0
        for number in range(rounds):
            writer.execute("BEGIN IMMEDIATE")
            writer.executemany("INSERT INTO pages VALUES (?, ?)", [(20 * number + at, bytes(PAGE - 100)) for at in range(20)])
            writer.execute("COMMIT")
            checkpoints.between(20)
            if number % 10 == 0:
                await asyncio.sleep(0.01)
            longest = max(longest, path.with_name(path.name + "-wal").stat().st_size)
        await checkpoints.close()
        writer.close()
        return longest

    return asyncio.run(work())


def test_the_log_stays_short_while_batches_never_stop(tmp_path):
    """A round every 400 pages; 8,000 pages go through a log that never holds a quarter of them."""
    path = tmp_path / "work.db"
    assert written(path, rounds=400, every=400) < 2_000 * (PAGE + 24)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*), max(number) FROM pages").fetchone() == (8_000, 7_999)


def test_without_rounds_it_would_hold_everything(tmp_path):
    """The control: the automatic checkpoint is far out."""
    assert written(tmp_path / "work.db", rounds=400, every=10**9) > 8_000 * PAGE


def test_a_reader_in_the_way_leaves_the_rest_to_a_later_round(tmp_path):
    """Its view stays what it was, and writing goes on."""
    path = tmp_path / "work.db"
    written(path, rounds=10, every=50)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader, closing(open_writer(path)) as writer:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM pages").fetchone()

        async def more():
            checkpoints = Checkpoints(path, writer, 20)
            for number in range(1_000, 1_050):
                writer.execute("INSERT INTO pages VALUES (?, ?)", (number, bytes(PAGE - 100)))
                checkpoints.between(20)
                await asyncio.sleep(0.001)
            await checkpoints.close()

        asyncio.run(more())
        assert reader.execute("SELECT count(*) FROM pages").fetchone() == before
        assert writer.execute("SELECT count(*) FROM pages").fetchone() == (before[0] + 50,)


def test_the_thread_makes_no_pass_after_a_complete_one(tmp_path, monkeypatch):
    """SQLite's WAL-reset defect needs a pass that starts right after a complete one while another connection commits."""
    path, passes, moving = tmp_path / "work.db", [], Checkpoints._move

    def counted(connection):
        passes.append(moving(connection))
        return passes[-1]

    monkeypatch.setattr(Checkpoints, "_move", staticmethod(counted))
    with closing(open_writer(path)) as writer:
        writer.execute("CREATE TABLE pages (number INTEGER PRIMARY KEY, filling BLOB NOT NULL) STRICT")
        checkpoints = Checkpoints(path, writer, every=1)
        writer.executemany("INSERT INTO pages VALUES (?, ?)", [(number, bytes(PAGE - 100)) for number in range(1_000)])
        checkpoints._move_most()
        asyncio.run(checkpoints.close())
    assert [pages == moved for pages, moved in passes] == [True]
