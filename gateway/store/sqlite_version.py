"""Which SQLite library this process runs on, and whether it has the defect that matters to a write-ahead log."""

import sqlite3

SQLITE_VERSION = sqlite3.sqlite_version
"""The version of the library that is loaded, for example 3.51.3."""

_FIXED = {(3, 44): 6, (3, 50): 7}
"""Release series below 3.51 with a patch release that has the fix, and the number of that patch release."""


def has_wal_reset_defect(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> bool:
    """Whether this version can lose a commit when a checkpoint and a reset of the log meet.

    SQLite 3.7.0 to 3.51.2, except 3.44.6 and later of 3.44, and 3.50.7 and later of 3.50 (SQLite's release notes of 3.51.3).
    """
    series = version[:2]
    if series in _FIXED:
        return version[2] < _FIXED[series]
    return (3, 7, 0) <= version < (3, 51, 3)
