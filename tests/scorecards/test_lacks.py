"""What a machine lacks for a whole review is said before it starts, with the command that gets it."""

from pathlib import Path

import msgspec
import pytest

from gates.schema.target import load_target
from scorecards.lacks import lacks


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with no program at all."""
    monkeypatch.setenv("PATH", str(tmp_path))


def test_fuse_and_a_browser_are_named_with_the_commands_that_get_them(bare: None) -> None:
    """One line each."""
    power, browser = lacks(load_target("local").target)
    assert power.startswith("the power-loss drill will not be run, and its criteria stay unknown: it needs ")
    assert "fuse3 (apt-get install fuse3)" in power
    assert "apt-get install chromium" in browser


def test_a_target_that_is_not_run_here_needs_no_disk(bare: None) -> None:
    """Its power is not ours to cut."""
    target = msgspec.structs.replace(load_target("local").target, process=None)
    assert [line.partition(" ")[0] for line in lacks(target)] == ["no"]


def test_a_machine_that_has_a_browser_is_not_told_to_get_one(bare: None, tmp_path: Path) -> None:
    """Any of the usual ones."""
    (tmp_path / "firefox").touch(mode=0o755)
    assert not any("browser" in line for line in lacks(load_target("local").target))
