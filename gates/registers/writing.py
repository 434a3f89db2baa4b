"""Writing into a register: the state is read, the entry signed and listed under one lock, so that no two people do the same."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

from gates.acts.sign import authorised
from gates.evidence.dsse import TrustRoot, decode_envelope
from gates.evidence.keys import EVIDENCE, load_signer, own_trust
from gates.evidence.store import EvidenceStore, Held
from gates.log.entry import EntryKind
from gates.registers.book import Book
from gates.registers.check import check_entry
from gates.registers.document import SPECS, Event
from gates.registers.entry import require_sound, sign_entry
from gates.registers.store import Registers, load_registers
from gates.schema.errors import UnknownProblem
from gates.schema.register import KINDS, Register
from gates.schema.time import Clock, format_utc
from gates.signers.document import Role, active_keyids
from gates.signers.private import require_signer
from gates.signers.ring import Signers
from gates.signers.store import load_signers, require_signers


class View(msgspec.Struct, frozen=True):
    """What whoever writes an entry sees: the person, the moment, the book, and all statements that the log lists."""

    person: str
    at: str
    book: Book
    statements: list[Held]


Make: TypeAlias = Callable[[View], Event | None]


class Written(msgspec.Struct, frozen=True):
    """An entry that is kept: the sha256 of its envelope, and the event."""

    digest: str
    event: Event


def write_entry(
    home: Path, register: Register, person: str, clock: Clock, make: Callable[[View], Event | None]
) -> Written | None:
    """Sign and list the event that `make` derives from the state of the registers; None where it derives none.

    Raises RefusedProblem for a person without the role or without a private key here, UnknownProblem for a clock that was set
    back, and what `make` raises: then nothing is kept.
    """
    signers, signer = require_signers(home, f"the register {register.value}"), load_signer(home)
    (named,) = authorised(signers, (person,), Role.FINDING)
    key = require_signer(active_keyids(named), named.id)
    store, trust = EvidenceStore(home / EVIDENCE, clock=clock), _trust(home, signers)
    with store.held():
        store.complete(signer)
        contents = store.contents(trust)
        registers = load_registers(contents, trust, signers)
        now = clock()
        _require_forward(registers, format_utc(now))
        event = make(View(named.id, format_utc(now), registers.book(now), contents.statements(trust)))
        if event is None:
            return None
        spec = SPECS[KINDS[register]](register, named.id, format_utc(now), signers.digest, event)
        require_sound(spec)
        data = sign_entry(spec, key)
        check_entry(decode_envelope(data, "the new entry"), "", signers, "the new entry", now)
        return Written(store.append(signer, EntryKind.REGISTER, data).object, event)


def read_home(home: Path) -> Registers:
    """The registers of a state folder, for reading alone: it need not exist, and may be read-only."""
    signers = load_signers(home)
    trust = own_trust(home) if signers is None else _trust(home, signers)
    return load_registers(EvidenceStore(home / EVIDENCE).contents(trust), trust, signers)


def _trust(home: Path, signers: Signers) -> TrustRoot:
    return own_trust(home).joined(signers.trust_root())


def _require_forward(registers: Registers, now: str) -> None:
    """Entries count in the order of their dates: one that is dated before the newest would not be the newest."""
    newest = max((entry.spec.at for entry in registers.entries), default="")
    if now < newest:
        raise UnknownProblem(
            f"the clock says {now}, and the newest entry of the registers is of {newest}: it was set back",
            next_step="set the clock right, then run this command again",
        )
