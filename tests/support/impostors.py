"""A working folder that holds packages of our names: each leaves a file when it is imported, and ends with 0."""

from pathlib import Path

from gates.schema.rooms import ROOMS

_CODE = """
import pathlib, sys
pathlib.Path({marker!r}).touch()
sys.exit(0)
"""


def make_impostors(folder: Path, names: tuple[str, ...] = ROOMS) -> Path:
    """Write the packages; returns the folder in which each that is imported leaves a file of its name."""
    markers = folder / "imported"
    markers.mkdir(parents=True)
    for name in names:
        package = folder / name
        package.mkdir()
        for file in ("__init__.py", "__main__.py"):
            (package / file).write_text(_CODE.format(marker=str(markers / name)))
    return markers
