"""The waivers of a state folder and of a folder of signed files: verified, of gates that can have one, renewed twice at most."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from gates.acts.act import ActKind
from gates.acts.content import owner_fault
from gates.acts.store import HeldAct, load_acts, read_complete
from gates.evidence.contents import Contents
from gates.evidence.dsse import decode_envelope
from gates.schema.canonical import sha256_hex
from gates.schema.errors import RefusedProblem, UnverifiedProblem, UsageProblem
from gates.schema.folder import documents_in
from gates.schema.gate import Gate
from gates.schema.strict_json import read_json
from gates.schema.time import parse_utc
from gates.schema.waiver import Waiver, gate_fault
from gates.signers.ring import Signers
from gates.signers.store import NONE_YET, load_signers

FILES = "waivers"
RENEWALS = 2
PAUSE = dt.timedelta(days=14)
"""A waiver that is signed less than this after the end of the gate's last one renews it: a day between them is no new start."""
ADD = "gonogo waiver add GATE --owner NAME --reason WHY --mitigation PLAN --ticket ID --expires 14d --as PERSON"


def load_waivers(home: Path, folder: Path | None, gates: Sequence[Gate], contents: Contents | None = None) -> list[Waiver]:
    """Every waiver of one of these gates: those kept in the state folder, and the signed files of `folder`.

    Raises UsageProblem for a folder that is not there and for a waiver of a gate that cannot have one, RefusedProblem naming an
    unsigned file, or any waiver where there are no Signers, UnverifiedProblem for what does not verify. A kept waiver of a gate
    that is not among `gates` is left out: the state folder may serve several gate sets. In a file it is refused.
    """
    return [waiver_of(held) for held in load_held(home, folder, gates, contents)]


def load_held(home: Path, folder: Path | None, gates: Sequence[Gate], contents: Contents | None = None) -> list[HeldAct]:
    """The same as verified acts, oldest first."""
    signers = load_signers(home)
    kept = load_acts(home, signers, contents)[ActKind.WAIVER]
    known = {gate.id for gate in gates}
    brought = [_read(path, signers, gates) for path in _files(home, folder)]
    distinct = {held.digest: held for held in (*kept, *brought)}
    found = sorted(distinct.values(), key=lambda held: (held.statement.predicate.at, held.digest))
    used = [held for held in found if held.statement.about.name in known]
    for held in used:
        _require_usable(held, gates, signers)
    require_renewals(used)
    return used


def signed_files(home: Path, folder: Path | None) -> dict[str, bytes]:
    """The envelopes of the waiver files by sha256, as the log holds acts; who judges by them keeps them there."""
    envelopes = (_one_line(path.read_bytes(), str(path)) for path in _files(home, folder))
    return {sha256_hex(data): data for data in envelopes}


def waiver_of(held: HeldAct) -> Waiver:
    """A verified act as the waiver that gates are judged with; the person who signed it is the approver."""
    act = held.statement.predicate
    return Waiver(
        gate=held.statement.about.name,
        owner=act.owner,
        approver=", ".join(held.people),
        reason=act.reason,
        expires_at=act.expires_at,
        mitigation=act.mitigation,
        ticket=act.ticket,
        granted_at=act.at,
        gate_sha256=held.statement.about.digest.sha256,
    )


def renewals_before(held: Iterable[HeldAct], gate: str, now: dt.datetime) -> int:
    """How many waivers of a gate a new one would renew: the unbroken row of them that ends less than `PAUSE` ago."""
    row = 0
    ends: dt.datetime | None = None
    for item in sorted((item for item in held if item.statement.about.name == gate), key=_begins):
        row = row + 1 if ends is not None and _begins(item) < ends + PAUSE else 1
        ends = max(_ends(item), ends or _ends(item))
    return row if ends is not None and now < ends + PAUSE else 0


def require_renewals(held: Iterable[HeldAct]) -> None:
    """Raise UnverifiedProblem for a waiver that renews another one for the third time."""
    earlier: list[HeldAct] = []
    for item in sorted(held, key=_begins):
        name = item.statement.about.name
        if renewals_before(earlier, name, _begins(item)) > RENEWALS:
            raise UnverifiedProblem(f"the waiver {item.digest[:12]} of {name} is a third renewal; {RENEWALS} are allowed")
        earlier.append(item)


def _begins(held: HeldAct) -> dt.datetime:
    return parse_utc(held.statement.predicate.at)


def _ends(held: HeldAct) -> dt.datetime:
    return parse_utc(held.statement.predicate.expires_at)


def _files(home: Path, folder: Path | None) -> Iterator[Path]:
    """The files of the given folder, and of the one in the state folder where earlier releases looked for unsigned ones."""
    own = home / FILES
    if folder is not None:
        yield from documents_in(folder, "waiver file")
    if own.exists() and (folder is None or folder.resolve() != own.resolve()):
        yield from documents_in(own, "waiver file")


def _read(path: Path, signers: Signers | None, gates: Sequence[Gate]) -> HeldAct:
    data = path.read_bytes()
    if not _is_envelope(data):
        raise RefusedProblem(
            f"{path}: a waiver that nobody has signed counts for nothing", next_step=f"{ADD}; then remove the file"
        )
    if signers is None:
        raise RefusedProblem(f"{path}: is a waiver, and there are no Signers who could have signed it", next_step=NONE_YET)
    held = read_complete(_one_line(data, str(path)), signers, str(path))
    kind, name = held.statement.predicate.act, held.statement.about.name
    if kind is not ActKind.WAIVER:
        raise UsageProblem(f"{path}: is the act {kind}, not a waiver", next_step="remove it from the folder of waivers")
    fault = gate_fault(name, gates)
    if fault:
        raise UsageProblem(f"{path}: subject: {fault}", next_step="remove the file")
    return held


def _one_line(data: bytes, origin: str) -> bytes:
    return msgspec.json.encode(decode_envelope(data, origin))


def _is_envelope(data: bytes) -> bool:
    try:
        value = read_json(data)
    except ValueError:
        return False
    return isinstance(value, dict) and "payloadType" in value


def _require_usable(held: HeldAct, gates: Sequence[Gate], signers: Signers | None) -> None:
    name = held.statement.about.name
    fault = gate_fault(name, gates)
    if fault:
        raise UsageProblem(f"the waiver {held.digest[:12]}: {fault}")
    gate = next(item for item in gates if item.id == name)
    people = tuple(person for person in map(signers.person, held.people) if person is not None) if signers else ()
    fault = owner_fault(held.statement.predicate, people, gate.owner)
    if fault:
        raise UnverifiedProblem(f"the waiver {held.digest[:12]} of {name}: {fault}")
