"""The registers that a review folder carries: is each entry what a person signed, is none left out, and is what is open right?"""

from pathlib import Path

import msgspec

from gates.evidence.contents import Contents, Held
from gates.evidence.dsse import TrustRoot, decode_envelope
from gates.evidence.store import read_envelope
from gates.log.entry import EntryKind
from gates.log.file import LOG
from gates.log.known import read_part
from gates.registers.document import Closed, Event
from gates.registers.entry import read_entry
from gates.registers.store import Listed, Registers, listed_sha256, read_registers
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem
from gates.schema.printable import printable
from gates.schema.strict_json import read_json
from gates.schema.time import parse_utc
from gates.signers.envelopes import payload_of
from gates.signers.ring import Signers
from scorecards import folder
from scorecards.build import BuildInputs
from scorecards.card import facts_of


def check_registers(
    path: Path, root: TrustRoot, signers: Signers | None, inputs: BuildInputs, contents: Contents | None
) -> Registers:
    """The registers of the folder; `contents` is the part of the log that it carries, None for an empty log.

    Raises UnverifiedProblem for an entry that does not verify, one that the log lists and the folder leaves out, one before that
    part which the last official card does not know, and for inputs that say otherwise than the entries.
    """
    listed = _listing(path / folder.REGISTERS_FILE)
    if listed_sha256(listed) != inputs.registers_sha256:
        raise UnverifiedProblem(f"{folder.REGISTERS_FILE}: is not the list of entries that {folder.INPUTS_FILE} names")
    _require_all(path, root, listed, contents)
    if listed and signers is None:
        raise UnverifiedProblem(f"{folder.REGISTERS_FILE} is there, but no {folder.SIGNERS_FILE} says who may sign entries")
    registers = Registers() if signers is None else _read(path, root, signers, listed)
    if registers.states(parse_utc(inputs.now)) != inputs.registers:
        raise UnverifiedProblem(f"{folder.INPUTS_FILE}: what it says is open is not what the entries of the registers say")
    return registers


def newly_shown(path: Path, root: TrustRoot) -> list[Held]:
    """The statements by which items were closed in the part of the log that the folder carries, each once, by digest."""
    if not (path / LOG).exists():
        return []
    lines = {sha256_hex(line): line for line in folder.read_lines(path / folder.ENTRIES_FILE)}
    objects = [line.entry.object for line in read_part(path, root) if line.entry.kind is EntryKind.REGISTER]
    events = (_event(lines[digest], digest) for digest in objects if digest in lines)
    named = {event.shown_by.statement for event in events if isinstance(event, Closed)}
    return [read_envelope(lines[digest], root, f"{folder.ENTRIES_FILE}: {digest}") for digest in sorted(named & lines.keys())]


def _event(line: bytes, digest: str) -> Event:
    origin = f"{folder.ENTRIES_FILE}: {digest}"
    return read_entry(payload_of(decode_envelope(line, origin), origin), origin).event


def _listing(path: Path) -> tuple[Listed, ...]:
    if not path.exists():
        return ()
    data = path.read_bytes()
    try:
        read_json(data)
        return msgspec.json.decode(data, type=tuple[Listed, ...])
    except (msgspec.MsgspecError, ValueError) as error:
        raise UnverifiedProblem(f"{path}: not a list of entries: {printable(str(error))}") from None


def _require_all(path: Path, root: TrustRoot, listed: tuple[Listed, ...], contents: Contents | None) -> None:
    """The folder's part of the log ends the list, and the official card that the part begins with knew what is before it."""
    logged = () if contents is None else tuple(Listed(entry.object, entry.at) for entry in contents.entries(EntryKind.REGISTER))
    before = listed[: len(listed) - len(logged)]
    if listed[len(before) :] != logged:
        missing = next((item for item in logged if item not in listed), logged[0])
        raise UnverifiedProblem(f"{folder.REGISTERS_FILE}: leaves out or moves the entry {missing.object}, which the log lists")
    if listed_sha256(before) != _known_before(path, root, contents):
        text = "the entries before those of the log's part are not the ones that the last official card was judged with"
        raise UnverifiedProblem(f"{folder.REGISTERS_FILE}: {text}")


def _known_before(path: Path, root: TrustRoot, contents: Contents | None) -> str:
    """The list of entries that the official card at the beginning of the log's part names; "" where that is the log's start."""
    first = None if contents is None else contents.lines[0].entry
    if first is None or first.seq == 1:
        return ""
    for number, line in enumerate(folder.read_lines(path / folder.HISTORY_FILE), 1):
        if sha256_hex(line) == first.object:
            origin = f"{folder.HISTORY_FILE}:{number}"
            return facts_of(read_envelope(line, root, origin).statement, origin).registers
    raise UnverifiedProblem(f"{folder.HISTORY_FILE}: does not hold the card that the log's part begins with")


def _read(path: Path, root: TrustRoot, signers: Signers, listed: tuple[Listed, ...]) -> Registers:
    lines = {sha256_hex(line): line for line in folder.read_lines(path / folder.ENTRIES_FILE)}
    for item in listed:
        if item.object not in lines:
            raise UnverifiedProblem(f"{folder.ENTRIES_FILE}: does not hold the entry {item.object}")

    def find(digest: str) -> Held | None:
        return read_envelope(lines[digest], root, f"{folder.ENTRIES_FILE}: {digest}") if digest in lines else None

    envelopes = [lines[item.object] for item in listed]
    origins = [f"{folder.ENTRIES_FILE}: {item.object}" for item in listed]
    registers = read_registers(listed, envelopes, find, signers, origins)
    surplus = lines.keys() - {item.object for item in listed} - {held.digest for held in registers.shown}
    if surplus:
        raise UnverifiedProblem(f"{folder.ENTRIES_FILE}: holds {min(surplus)}, which no entry names")
    return registers
