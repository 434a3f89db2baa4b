"""Other tools in a working folder, and a service that reports its build."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback import serving
from other_tools import Service, Tools


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def tools(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> Iterator[Tools]:
    """The commands, with a state folder of their own."""
    monkeypatch.setenv("GONOGO_HOME", str(tmp_path / "home"))
    before, service = signal.getsignal(signal.SIGTERM), Service()
    with serving(service) as url:
        yield Tools(folder, service, url, capsys)
    signal.signal(signal.SIGTERM, before)
