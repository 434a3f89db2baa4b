"""An intruder who reaches the folder of private keys too: what is left against a cut log then."""

from pathlib import Path

from gates.log.head import HeadFile


def forget_head(home: Path) -> None:
    """Remove the head that is kept of a state folder's log."""
    path = HeadFile(home / "evidence").path()
    assert path is not None, "the log has a head"
    path.unlink()
