"""Where are the raw files that a statement names, and are they those? Copied into a folder to compute from."""

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from gates.evidence.objects import sha256_of
from gates.evidence.statement import Artifact
from gates.schema.errors import UnverifiedProblem

ARTIFACTS = "artifacts"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}(/[A-Za-z0-9][A-Za-z0-9._-]{0,200}){0,8}")


def lay_out(artifacts: Sequence[Artifact], places: Sequence[Path], folder: Path) -> None:
    """Copy the files into `folder`, each under its name.

    Raises UnverifiedProblem for a file that is in none of the places or was changed, and for a name that is no relative path or
    is given twice.
    """
    names = [artifact.name for artifact in artifacts]
    for name in names:
        if not _NAME.fullmatch(name):
            raise UnverifiedProblem(f"{name!r} is not the name of an artifact")
        if names.count(name) > 1:
            raise UnverifiedProblem(f"{name} is named twice")
    for artifact in artifacts:
        _copy(artifact, places, folder / artifact.name)


def _copy(artifact: Artifact, places: Sequence[Path], to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    wrong = ""
    for path in candidates(artifact.sha256, places):
        shutil.copyfile(path, to)
        if sha256_of(to) == (artifact.sha256, artifact.size):
            return
        wrong = wrong or f"{artifact.name}: {path} is not the file with the sha256 {artifact.sha256}: it was changed"
    if wrong:
        raise UnverifiedProblem(wrong)
    raise UnverifiedProblem(f"{artifact.name} is missing: no place has a file with the sha256 {artifact.sha256}")


def candidates(sha256: str, places: Sequence[Path]) -> Iterator[Path]:
    """The files of this digest: in the folder of artifacts of a place, or in the place itself."""
    for place in places:
        for folder in (place / ARTIFACTS, place):
            yield from (path for path in (folder / sha256[:2] / sha256, folder / sha256) if path.is_file())
