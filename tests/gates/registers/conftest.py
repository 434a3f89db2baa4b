"""What the tests of the registers share: a state folder with people, and commands in this process."""

from pathlib import Path

import pytest
from called import caller
from registered import Registered


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registered:
    """A folder whose registers Ada, Grace and Ines may keep; the private keys of Ada and Grace are here."""
    return Registered(tmp_path / "home", tmp_path, caller(tmp_path, monkeypatch), monkeypatch)
