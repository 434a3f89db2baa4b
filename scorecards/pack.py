"""A review to hand over: its folder and the raw files that its statements name, without keys and databases."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gates.evidence.keys import load_trust
from gates.evidence.objects import sha256_of
from gates.evidence.statement import Artifact
from gates.schema.errors import Problem
from scorecards import folder
from scorecards.evaluate import make_empty
from scorecards.raw_files import ARTIFACTS, candidates
from scorecards.registers_part import newly_shown

SUFFIXES = frozenset({".yaml", ".html", ".json", ".jsonl", ".md", ".txt", ".log", ".out", ".err", ".csv", ".xml", ".svg", ".png"})
"""Files of a review that somebody reads. Databases and keys have other suffixes, and so does whatever nobody thought of."""
_DATABASE = b"SQLite format 3\x00"


class Packed(msgspec.Struct, frozen=True):
    """How many files of the review and raw files were copied, and the raw files that were not, each with the reason."""

    files: int
    artifacts: int
    missing: tuple[str, ...]


def pack(path: Path, out: Path, places: Sequence[Path]) -> Packed:
    """Copy a review to the empty folder `out`, with the raw files from the first of `places` that has them.

    What `verify --deep` needs is in it: raw files lie in `artifacts/`, by their sha256. Raises UsageProblem where `out` is not
    empty, UnverifiedProblem where the review's evidence cannot be read.
    """
    root = load_trust(path / folder.TRUST_FILE)
    held = (*folder.read_bundle(path, root), *newly_shown(path, root))
    named = {one.sha256: one for item in held for one in item.statement.predicate.artifacts}
    to = make_empty(out)
    files = list(_readable(path, to))
    for file in files:
        _copy(file, to / file.relative_to(path))
    missing = tuple(filter(None, (_keep(one, (*places, path), to) for one in named.values())))
    return Packed(len(files), len(named) - len(missing), missing)


def is_packed(path: Path) -> bool:
    """Whether a review brings raw files of its own: others than the logs of failing criteria, which every review has."""
    try:
        linked = {log.sha256 for log in folder.read_scorecard(folder.read_file(path / folder.YAML_FILE), str(path)).spec.logs}
    except Problem:
        return False
    return any(file.name not in linked for file in (path / ARTIFACTS).glob("*/*"))


def packed_text(packed: Packed, out: Path) -> str:
    """What was packed, in lines; ends with a line end."""
    lines = [f"{out}: {packed.files} files of the review, {packed.artifacts} raw files"]
    lines += [f"not packed: {text}" for text in packed.missing]
    return "\n".join(lines) + "\n"


def _readable(path: Path, to: Path) -> Iterator[Path]:
    """The regular files with a suffix of the list, wherever they lie in the folder; links lead elsewhere, so they are left."""
    for file in sorted(path.rglob("*")):
        inside = file.is_relative_to(to) or ARTIFACTS in file.relative_to(path).parts[:1]
        if file.suffix in SUFFIXES and file.is_file() and not file.is_symlink() and not inside:
            yield file


def _keep(artifact: Artifact, places: Sequence[Path], to: Path) -> str:
    """Copy one raw file; returns why it was not, "" if it was."""
    for found in candidates(artifact.sha256, places):
        if sha256_of(found) != (artifact.sha256, artifact.size):
            continue
        with found.open("rb") as file:
            if file.read(len(_DATABASE)) == _DATABASE:
                return f"{artifact.name} is a database"
        _copy(found, to / ARTIFACTS / artifact.sha256[:2] / artifact.sha256)
        return ""
    return f"{artifact.name} is missing: sha256 {artifact.sha256}"


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, to)
