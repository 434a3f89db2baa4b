"""Release folders of the reference gateway: a copy of its package, with the changes of a Release document."""

import shutil
from pathlib import Path

from drills.schema import Change, Release
from gates.schema.documents import load_document
from gates.schema.errors import UsageProblem

SHIPPED = Path(__file__).with_name("releases")


def load_release(name: str, folder: Path = SHIPPED) -> Release:
    """The release document of that name; raises UsageProblem if it is missing or invalid."""
    return load_document(folder / f"{name}.yaml", "Release", Release).spec


def make_release(package: Path, release: Release, folder: Path) -> Path:
    """Copy `package` into `folder` and apply the changes; returns the folder, which is what PYTHONPATH has to name.

    Raises UsageProblem, and removes the folder, if a change does not fit the sources.
    """
    copy = folder / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    try:
        for change in release.changes:
            apply(change, copy)
    except UsageProblem:
        shutil.rmtree(folder)
        raise
    return folder


def apply(change: Change, package: Path) -> None:
    """Replace the one occurrence of `old`; a text that occurs never or twice is refused."""
    path = package / change.file
    if not path.resolve().is_relative_to(package.resolve()):
        raise UsageProblem(f"the release changes {change.file}, which is outside of the package")
    if not change.old:
        if path.exists():
            raise UsageProblem(f"the release adds {change.file}, which exists already")
        path.write_text(change.new, encoding="utf-8")
        return
    if not path.is_file():
        raise UsageProblem(f"the release changes {change.file}, which the package does not have")
    source = path.read_text(encoding="utf-8")
    count = source.count(change.old)
    if count != 1:
        first = change.old.strip().splitlines()[0]
        next_step = "the sources have changed: update the release document"
        raise UsageProblem(f"{change.file}: {first!r} occurs {count} times, not once", next_step=next_step)
    path.write_text(source.replace(change.old, change.new), encoding="utf-8")


def release_environ(folder: Path) -> dict[str, str]:
    """The variables that let Python import this release and no other, without writing to it (its digest is its identity)."""
    return {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"}
