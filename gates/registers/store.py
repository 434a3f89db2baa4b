"""The registers of an evidence store: every entry that its log lists, verified, and the statements that closings name."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

import msgspec

from gates.evidence.contents import Contents
from gates.evidence.dsse import TrustRoot, decode_envelope
from gates.evidence.store import Held
from gates.log.entry import EntryKind
from gates.registers.book import Book, closings, read_book
from gates.registers.check import Entered, check_entry
from gates.registers.closing import require_shown
from gates.schema.canonical import canonical_json, sha256_hex
from gates.schema.errors import RefusedProblem
from gates.schema.register import RegisterState
from gates.schema.time import parse_utc
from gates.signers.ring import Signers
from gates.signers.store import NONE_YET


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry as the log lists it: the sha256 of its envelope, and when the log took it in; "" where its line is torn."""

    object: str
    at: str


class Registers(msgspec.Struct, frozen=True):
    """Every entry in the log's order with its envelope, and the statements that closings name, with what those cite."""

    listed: tuple[Listed, ...] = ()
    envelopes: tuple[bytes, ...] = ()
    entries: tuple[Entered, ...] = ()
    shown: tuple[Held, ...] = ()

    @property
    def listed_sha256(self) -> str:
        """The digest of the list of entries."""
        return listed_sha256(self.listed)

    def book(self, until: dt.datetime) -> Book:
        """What is open at a moment."""
        return read_book(self.entries, until)

    def states(self, until: dt.datetime) -> tuple[RegisterState, ...]:
        """The state of each register that has an entry, at a moment."""
        return self.book(until).states()

    @property
    def files(self) -> tuple[bytes, bytes]:
        """The list of entries; and the envelopes, one a line: entries in the log's order, then what their closings name."""
        lines = [*self.envelopes, *(msgspec.json.encode(held.envelope) for held in self.shown)]
        return listing_bytes(self.listed), b"".join(line + b"\n" for line in lines)


def listing_bytes(listed: Iterable[Listed]) -> bytes:
    """The list of entries as it is written and hashed: RFC 8785."""
    return canonical_json(list(listed))


def listed_sha256(listed: Iterable[Listed]) -> str:
    """The digest of a list of entries; "" for an empty one."""
    entries = list(listed)
    return sha256_hex(listing_bytes(entries)) if entries else ""


def load_registers(contents: Contents, trust: TrustRoot, signers: Signers | None) -> Registers:
    """The registers that a verified log lists.

    Raises UnverifiedProblem naming the first entry that does not verify, or whose closing is not shown by the statement that it
    names; RefusedProblem for entries in a folder without Signers.
    """
    found = list(contents.entries(EntryKind.REGISTER))
    if signers is None and (found or contents.adopted_kind is EntryKind.REGISTER):
        text = f"{contents.origin}: lists entries of a register, and there are no Signers who could have signed them"
        raise RefusedProblem(text, next_step=NONE_YET)
    if signers is None:
        return Registers()
    statements = {entry.object for entry in contents.entries(EntryKind.STATEMENT)}
    if contents.adopted_kind is EntryKind.STATEMENT:
        statements.add(contents.adopted)

    def find(digest: str) -> Held | None:
        return contents.held(digest, trust) if digest in statements else None

    listed = [Listed(entry.object, entry.at) for entry in found]
    origins = [f"entry {entry.seq} of the log" for entry in found]
    if contents.adopted_kind is EntryKind.REGISTER:
        listed.append(Listed(contents.adopted, ""))
        origins.append(f"the entry {contents.adopted[:12]}, whose line is torn")
    return read_registers(listed, [contents.data[item.object] for item in listed], find, signers, origins)


def read_registers(
    listed: Sequence[Listed],
    envelopes: Sequence[bytes],
    find: Callable[[str], Held | None],
    signers: Signers,
    origins: Sequence[str],
) -> Registers:
    """The registers of a list of entries with their envelopes; `find` gives a verified statement, `origins` name the entries.

    Raises UnverifiedProblem as `load_registers` does.
    """
    entries = [
        check_entry(decode_envelope(data, origin), item.object, signers, origin, parse_utc(item.at) if item.at else None)
        for item, data, origin in zip(listed, envelopes, origins, strict=True)
    ]
    shown: dict[str, Held] = {}
    for entry, event in closings(entries):
        require_shown(event.shown_by, event.severity, parse_utc(entry.spec.at), find, f"the entry {entry.digest[:12]}")
        held = find(event.shown_by.statement)
        cited = None if held is None else find(held.statement.predicate.build_observation or "")
        shown |= {item.digest: item for item in (held, cited) if item is not None}
    if entries:
        read_book(entries, max(parse_utc(entry.spec.at) for entry in entries))
    return Registers(tuple(listed), tuple(envelopes), tuple(entries), tuple(shown[digest] for digest in sorted(shown)))
