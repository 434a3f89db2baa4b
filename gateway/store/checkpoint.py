"""Moving the write-ahead log into the database between commits, not in some caller's commit.

SQLite would do it in whichever commit makes the log long: 30 to 40 ms for 4,000 pages, which every caller of that batch waits
for, and all behind it. Here a thread with a connection of its own moves nearly all of it while batches go on, and then what they
wrote meanwhile. The last few hundred pages are moved between two batches: then all is moved, and the next commit begins the log
again, so that it cannot grow for ever.
"""

import asyncio
import logging
import sqlite3
from pathlib import Path

from gateway.store.connections import open_writer

EVERY_REQUESTS = 1_500
"""Requests between two rounds: about 4,000 pages, 16 MB of log."""

_LITTLE, _MOST_PASSES = 400, 4
"""Pages that are few enough to be moved between two batches, and how often the thread tries to leave no more than that."""

_MOVE = "PRAGMA wal_checkpoint(PASSIVE)"

_log = logging.getLogger(__name__)


class Checkpoints:
    """For one writing connection, whose own automatic checkpoint stays as the last resort, ten times further out."""

    def __init__(self, path: Path, writer: sqlite3.Connection, every: int = EVERY_REQUESTS) -> None:
        self._writer = writer
        self._own = open_writer(path)
        self._every, self._since = every, 0
        self._running: asyncio.Future[None] | None = None

    def between(self, requests: int) -> None:
        """A batch of so many requests is over, and no transaction is open."""
        self._since += requests
        if self._running is None:
            if self._since >= self._every:
                self._since = 0
                self._running = asyncio.get_running_loop().run_in_executor(None, self._move_most)
        elif self._running.done():
            self._running = None
            self._move(self._writer)  # what was committed since; the one connection that commits is this one

    async def close(self) -> None:
        """Let a round that is under way come to its end."""
        if self._running is not None:
            await self._running
        self._own.close()

    def _move_most(self) -> None:
        """Each pass is shorter than the one before, and so is what is written during it.

        None follows a complete one: while another connection commits, SQLite below 3.51.3 can lose its commit then.
        """
        before = 0
        for _ in range(_MOST_PASSES):
            pages, moved = self._move(self._own)
            if moved == pages or pages - before < _LITTLE:
                return
            before = pages

    @staticmethod
    def _move(connection: sqlite3.Connection) -> tuple[int, int]:
        """Move what can be moved; a reader in the way, or a full disk, leaves the rest to the next round.

        Pages in the log, and how many of them are in the database now.
        """
        try:
            _, pages, moved = connection.execute(_MOVE).fetchone()
        except sqlite3.Error as error:
            _log.warning("the log could not be moved into the database: %s", error)
            return 0, -1
        return int(pages), int(moved)
