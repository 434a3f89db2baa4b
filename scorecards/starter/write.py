"""Writing a starting folder: nothing is overwritten unasked, and what was written is read again by what will use it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from gates.schema.errors import UsageProblem
from gates.schema.freeze import load_calendar
from gates.schema.gateset import load_gates
from gates.schema.project import load_project
from gates.schema.target import load_target


def write_files(folder: Path, files: Mapping[str, str], *, force: bool) -> tuple[str, ...]:
    """Write the files below a folder; returns those that were replaced.

    Raises UsageProblem naming every file that is there with another content, unless `force`; then nothing was written.
    """
    there = sorted(name for name, text in files.items() if _differs(folder / name, text))
    if there and not force:
        listed = ", ".join(there)
        raise UsageProblem(
            f"{folder}: would overwrite {listed}", next_step="give another folder, or --force to replace these files"
        )
    with tempfile.TemporaryDirectory() as draft:
        _write(Path(draft), files)
        check_folder(Path(draft))
    _write(folder, files)
    return tuple(there)


def check_folder(folder: Path) -> None:
    """Raise UsageProblem naming what in the documents of a starting folder is not valid."""
    project = load_project(folder)
    load_target(str(folder / project.target))
    load_gates(folder / str(project.gates))
    load_calendar(folder / str(project.freeze))


def _differs(path: Path, text: str) -> bool:
    if not path.exists() and not path.is_symlink():
        return False
    return not path.is_file() or path.read_bytes() != text.encode()


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
