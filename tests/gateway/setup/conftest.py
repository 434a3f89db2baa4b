"""Where setups of the tests write: in memory, so that hundreds of runs with all their syncs stay quick."""

import shutil
import tempfile
from pathlib import Path

import pytest
from setup_stage import Stage

_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of its own is made in it


@pytest.fixture
def memory(tmp_path):
    """A folder in memory where the system has one."""
    if not _MEMORY.is_dir():
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="gonogo-setup-", dir=_MEMORY))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def stage(memory, monkeypatch):
    """A user's machine and a gateway; hosts' undo is kept in a folder of the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(memory / "xdg"))
    return Stage(memory)
