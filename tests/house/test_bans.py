"""The style guide is a test with reasons: banned calls, and the few files that may."""

from pathlib import Path

import house_tree
import pytest
from house_bans import BANS, Ban


def _applies(ban: Ban, path: Path) -> bool:
    # The store is where SQL lives, and these files hold the bans themselves.
    if ban.name in ("SQL outside the store", "a database driver outside the store") and path.is_relative_to("gateway/store"):
        return False
    return path.parts[0] in ban.where and path.name not in ("house_bans.py", "test_bans.py")


@pytest.mark.parametrize("ban", BANS, ids=lambda ban: ban.name)
def test_nobody_breaks_a_ban_without_leave(ban: Ban) -> None:
    """Every use of a banned call is in a file that the table allows, with a reason."""
    broken = [
        f"{path}:{line}"
        for path in house_tree.files(*ban.where, suffix=".py")
        if _applies(ban, path) and str(path) not in ban.allowed
        for line in ban.found(path)
    ]
    assert not broken, f"{ban.name}: {', '.join(broken)}\n  because {ban.reason}\n  instead: {ban.instead}"


@pytest.mark.parametrize("ban", BANS, ids=lambda ban: ban.name)
def test_leave_that_nobody_needs_any_more_is_withdrawn(ban: Ban) -> None:
    """A file that the table allows still needs it: the table only ever gets shorter."""
    idle = [name for name in ban.allowed if not (house_tree.ROOT / name).exists() or not list(ban.found(Path(name)))]
    assert not idle, f"take these out of the table of {ban.name!r}: {', '.join(idle)}"


OFFENCES = {
    "a database driver outside the store": "from sqlite3 import Error",
    "signing a receipt by itself": "signature = work.signer.sign(payload)",
    "reading the wall clock": "import datetime as dt\nnow = dt.datetime.now(dt.UTC)",
    "drawing identifiers": "from uuid import uuid4\nname = uuid4()",
    "drawing from the shared generator": "import random as r\nr.shuffle([1, 2])",
    "making a generator": "from random import Random\ng = Random(1)",
    "sleeping": "from time import sleep\nsleep(1)",
    "print": "print('hello')",
    "printing past gates.schema.output": "from click import echo\necho('hello')",
    "a shell": "import subprocess\nsubprocess.run('ls', shell=True)",
    "eval and exec": "eval('1')",
    "reading YAML loosely": "import yaml\nyaml.safe_load('a: 1')",
    "json.dumps": "from json import dumps\ndumps({})",
    "floats near money": "amount = float('1.10')",
    "assert False": "assert False, 'cannot happen'",
    "swallowing exceptions": "try:\n    pay()\nexcept Exception:\n    pass",
    "SQL outside the store": "rows = db.execute('SELECT 1')",
    "a server of HTTP by another library": "import uvicorn",
    "the inside of an HTTP library": "from uvicorn.server import Server as S\nclass Mine(S): pass",
    "mocks": "from unittest.mock import patch",
}


@pytest.mark.parametrize("ban", BANS, ids=lambda ban: ban.name)
def test_each_ban_can_catch_somebody(ban: Ban, tmp_path: Path) -> None:
    """A file that breaks the ban is found, whatever names it was imported under."""
    planted = tmp_path / "planted.py"
    planted.write_text(OFFENCES[ban.name] + "\n", encoding="utf-8")
    assert list(ban.found(planted)), f"the ban on {ban.name} does not see:\n{OFFENCES[ban.name]}"


@pytest.mark.parametrize(
    "planted",
    [
        "from granian._granian import RSGIWorker",
        "from litestar import _parsers",
        "import litestar as l\nclass Mine(l.Litestar): pass",
    ],
)
def test_private_names_and_subclasses_of_an_http_library_are_found(planted: str, tmp_path: Path) -> None:
    """Each of the ways in which the old front depended on what may change without notice."""
    path = tmp_path / "planted.py"
    path.write_text(planted + "\n", encoding="utf-8")
    (ban,) = (ban for ban in BANS if ban.name == "the inside of an HTTP library")
    assert list(ban.found(path))
