"""Which files of a folder are its documents? Each is read or refused; none is passed over without a word."""

import re
from collections.abc import Iterator
from pathlib import Path

from gates.schema.errors import UsageProblem

SUFFIXES = (".yaml", ".yml", ".json")
_OURS = re.compile(rb"apiVersion\W{1,8}gonogo/")
_PAGE = ".md"
_HEAD_BYTES = 65_536


def documents_in(folder: Path, what: str) -> list[Path]:
    """The YAML and JSON files of a folder, by name; `what` is what they are called in messages.

    Raises UsageProblem naming the folder that is not there, each document with another suffix, and each file of a sub-folder
    that looks like one. Pages (.md), hidden folders and other files are none.
    """
    found, wrong = split_documents(folder, what)
    if wrong:
        raise UsageProblem("\n".join(wrong), next_step=how_to_move(folder, what))
    return found


def split_documents(folder: Path, what: str) -> tuple[list[Path], list[str]]:
    """As `documents_in`, and what that would refuse, for whoever names further faults with it."""
    if not folder.is_dir():
        raise UsageProblem(f"{folder}: no such folder", next_step=f"give a folder of {what}s")
    found = sorted(folder.iterdir())
    return [path for path in found if _is_document(path)], [text for path in found for text in _unread(path, what)]


def how_to_move(folder: Path, what: str) -> str:
    """The next step for a document that lies where none is read."""
    return f"move each {what} to {folder}, with the suffix .yaml, or remove it"


def _is_document(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _unread(path: Path, what: str) -> Iterator[str]:
    if _is_document(path) or path.suffix.lower() == _PAGE:
        return
    if path.is_dir():
        inside = [] if path.name.startswith(".") else sorted(path.rglob("*"))
        yield from (f"{item}: a {what} in a sub-folder is not read" for item in inside if _is_document(item))
    elif path.is_file() and _is_ours(path):
        yield f"{path}: a {what} has the suffix {', '.join(SUFFIXES)}, not {path.suffix or 'none'!r}"


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return _OURS.search(file.read(_HEAD_BYTES)) is not None
