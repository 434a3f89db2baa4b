"""Which gates does a folder hold? Every GateSet file of it, or the first things that are wrong, by file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.catalogs import CATALOGS, LAUNCH_PLAN, NAMES, catalog
from gates.schema.documents import DocumentProblem, load_document
from gates.schema.errors import UsageProblem
from gates.schema.folder import how_to_move, split_documents
from gates.schema.gate import Gate, GateSet
from gates.schema.parts import readable_gates
from gates.schema.runbook import find_runbook, is_address, is_link
from gates.schema.soundness import faults, set_faults

CATALOG = catalog(LAUNCH_PLAN)
_WHAT, _FIX = "gate file", "fix the file; `gonogo schema GateSet` prints the allowed members"
_NEXT = f"give a folder of GateSet files with --gates, or one of {', '.join(NAMES)}"


class GateFile(msgspec.Struct, frozen=True):
    """One file and the gates in it."""

    path: Path
    gates: tuple[Gate, ...]


def load_gates(path: Path = CATALOG) -> tuple[Gate, ...]:
    """The gates of a file, or of every YAML or JSON file of a folder in the order of the file names.

    Raises UsageProblem naming every fault of each file, for a folder without gate files, for ids given twice, and for a set that
    could not stop a launch.
    """
    return tuple(gate for file in load_gate_files(path) for gate in file.gates)


def load_gate_files(path: Path) -> tuple[GateFile, ...]:
    """As `load_gates`, file by file."""
    if not path.exists():
        raise UsageProblem(f"{path}: no such file or folder", next_step=_NEXT)
    paths, unread = split_documents(path, _WHAT) if path.is_dir() else ([path], [])
    if not paths and not unread:
        raise UsageProblem(f"{path}: holds no gate file (*.yaml)", next_step=_NEXT)
    files: list[GateFile] = []
    wrong: list[str] = []
    for item in paths:
        try:
            files.append(_load(item))
        except UsageProblem as problem:
            wrong.append(problem.message)
    wrong += _doubled(files)
    if paths and not wrong:
        wrong += [f"{path}: {fault}" for fault in set_faults([gate for file in files for gate in file.gates])]
    if wrong or unread:
        steps = [_FIX] * bool(wrong) + [how_to_move(path, _WHAT)] * bool(unread)
        raise UsageProblem("\n".join([*unread, *wrong]), next_step="; ".join(steps))
    return tuple(files)


def gate_set_digest(gates: Sequence[Gate]) -> str:
    """The sha256 of the gates as canonical JSON: two reviews with the same digest judged by the same gates."""
    return sha256_hex(canonical_json(list(gates)))


def _load(path: Path) -> GateFile:
    try:
        gates = load_document(path, "GateSet", GateSet).spec.gates
    except DocumentProblem as problem:
        gates = readable_gates(problem.raw)
        found = [f"{path}: {fault}" for fault in _all_faults(path, gates)]
        raise UsageProblem("\n".join([problem.message, *found])) from None
    if not gates:
        raise UsageProblem(f"{path}: $.spec.gates: is empty, so nothing could fail")
    found = [f"{path}: {fault}" for fault in _all_faults(path, gates)]
    if found:
        raise UsageProblem("\n".join(found))
    return GateFile(path, gates)


def _all_faults(path: Path, gates: Sequence[Gate]) -> Iterator[str]:
    yield from faults(gates)
    yield from _missing_runbooks(path, gates)


def _missing_runbooks(path: Path, gates: Sequence[Gate]) -> Iterator[str]:
    """The runbooks that lie nowhere. The shipped gates' come with the source, and not with every installation."""
    if path.resolve().is_relative_to(CATALOGS):
        return
    for gate in gates:
        runbook = gate.runbook
        if is_link(runbook) and not is_address(runbook) and find_runbook(runbook, path.parent) is None:
            yield f"gate {gate.id}: runbook {runbook!r}: no such file next to the gate file, nor in the folder above it"


def _doubled(files: Sequence[GateFile]) -> list[str]:
    """Ids and letters that two files give to different gates."""
    first: dict[str, Path] = {}
    found = []
    for path, gate in [(file.path, gate) for file in files for gate in file.gates]:
        letters = [] if gate.letter is None else [f"gate letter {gate.letter!r}"]
        for name in (f"gate id {gate.id!r}", *letters):
            if name in first:
                found.append(f"{path}: the {name} is already given in {first[name]}")
            first.setdefault(name, path)
    return found
