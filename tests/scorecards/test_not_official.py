"""What never becomes a week's official verdict: chosen evidence, a clock that was set back, a rehearsal's key."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gates.schema.state import make_state
from scorecards.cli import gonogo
from scorecards.folder import YAML_FILE

BUILD = "5f" * 32


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rehearsal's state folder on a Friday afternoon: its cards are official."""
    home, clock = tmp_path / "home", tmp_path / "clock"
    make_state(home, rehearsal=True)
    clock.write_text("2026-11-27T12:00:00Z")
    monkeypatch.setenv("GONOGO_HOME", str(home))
    monkeypatch.setenv("GONOGO_REHEARSAL_CLOCK", str(clock))
    return home


@pytest.fixture
def standing(home: Path, tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Build a scorecard; gives its standing and the reason."""

    def build(*options: str) -> tuple[str, str]:
        out = tmp_path / "out"
        gonogo.main(["scorecard", "build", "--build", BUILD, "--out", str(out), *options], standalone_mode=False)
        spec = yaml.safe_load((out / YAML_FILE).read_text())["spec"]
        return spec["standing"], spec["standing_reason"]

    return build


def test_evidence_from_another_store_makes_no_week_official(
    standing: Callable[..., tuple[str, str]], home: Path, tmp_path: Path
) -> None:
    """Somebody chose what is in it; a link to the own store is the own store."""
    assert standing("--evidence", str(tmp_path / "chosen"))[1].startswith("judged from another evidence store (--evidence)")


def test_the_own_store_by_another_path_is_the_own_store(
    standing: Callable[..., tuple[str, str]], home: Path, tmp_path: Path
) -> None:
    """A link leads to it."""
    (home / "evidence").mkdir()
    (tmp_path / "link").symlink_to(home / "evidence")
    assert standing("--evidence", str(tmp_path / "link"))[0] == "official"
