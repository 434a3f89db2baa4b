"""The key that signs this machine's evidence, made on first use, and the keys that the state folder trusts.

The key stays in the state folder, readable by its owner alone, not in a folder that all state folders of a person share: a
rehearsal and the real thing on one machine must have different keys, and by itself this key makes nothing official. Keys of
people (`gonogo signer`) lie outside.
"""

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.evidence.dsse import REHEARSAL, Jwk, Signer, TrustRoot, thumbprint
from gates.evidence.store import EvidenceStore
from gates.log.entry import EntryKind
from gates.log.notes import KeyNote
from gates.schema.canonical import canonical_json
from gates.schema.durable import locked, write_durably
from gates.schema.errors import Problem, UnverifiedProblem, UsageProblem
from gates.schema.output import show
from gates.schema.printable import printable
from gates.schema.state import FILE as STATE_FILE
from gates.schema.state import KEY_FILE, SIGNERS_FILE, is_rehearsal, make_state, refuse_clock, state_dir
from gates.schema.time import Clock, format_utc, system_clock

TRUST_FILE = "evidence-trust.json"
EVIDENCE = "evidence"
_LOCK = "keys.lock"


def load_signer(home: Path, clock: Clock = system_clock) -> Signer:
    """The state folder's evidence signer. A new key, on first use or in place of one that is gone, is logged and trusted.

    Where Signers list a machine for evidence whose private key is here, it is that machine's key.
    Raises UsageProblem where the key file is not 32 raw bytes, and for a new key in a folder with Signers, who have to list it;
    UnverifiedProblem for a state folder of version 1, or whose state.json was changed.
    """
    refuse_clock(home, make_state(home))
    machine = _listed_machine(home) if _has_signers(home) and not is_rehearsal(home) else None
    if machine is not None:
        return _introduced(home, machine, clock)
    found = read_signer(home)
    _require_marks(home)
    if found is not None and _is_known(home, found):
        return found
    (home / "keys").mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(home / "keys" / _LOCK):
        found = read_signer(home)
        if found is not None and _is_known(home, found):
            return found
        _refuse_with_signers(home)
        return introduce(home, found or make_key(rehearsal=is_rehearsal(home)), clock)


def _listed_machine(home: Path) -> Signer | None:
    """The key of a machine that the Signers list for evidence, if its private half is here."""
    from gates.signers.document import Role, active_keyids  # the Signers are read with this room's envelopes
    from gates.signers.private import find_signer
    from gates.signers.store import load_signers

    signers = load_signers(home)
    machines = () if signers is None else signers.spec.machines
    listed = {keyid for machine in machines if Role.EVIDENCE in machine.roles for keyid in active_keyids(machine)}
    return find_signer(listed)


def _introduced(home: Path, signer: Signer, clock: Clock) -> Signer:
    """The signer, trusted and listed in the log of this state folder."""
    path = home / "keys" / TRUST_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if signer.keyid in {thumbprint(jwk) for jwk in _jwks(path)}:
        return signer
    with locked(home / "keys" / _LOCK):
        known = signer.keyid in {thumbprint(jwk) for jwk in _jwks(path)}
        return signer if known else introduce(home, signer, clock)


def read_signer(home: Path, *, rehearsal: bool | None = None) -> Signer | None:
    """The evidence signer as the state folder has it; None where it has none yet. `rehearsal` None: as the folder says."""
    path = home / KEY_FILE
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(raw) != 32:
        step = (
            "`gonogo signer add` adds a new key" if _has_signers(home) else "the next run makes a new one, logs it and trusts it"
        )
        raise UsageProblem(f"{path}: not a 32 byte Ed25519 key", next_step=f"move it away; {step}")
    return Signer(Ed25519PrivateKey.from_private_bytes(raw), rehearsal=is_rehearsal(home) if rehearsal is None else rehearsal)


def make_key(*, rehearsal: bool) -> "NewKey":
    """A new key, not stored yet: `introduce` does that."""
    return NewKey(Ed25519PrivateKey.generate(), rehearsal=rehearsal)


def introduce(home: Path, signer: Signer, clock: Clock = system_clock) -> Signer:
    """Trust a key, list it in the log, and store it if it is new.

    In this order: after a crash the next call begins again. A machine's key, which lies elsewhere, is trusted last: from then on
    a folder without a log has lost it.
    """
    path = home / "keys" / TRUST_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = _jwks(path)
    known = {thumbprint(jwk) for jwk in before}
    previous = tuple(sorted(known - {signer.keyid}))
    trusted = canonical_json({"keys": sorted([*before, signer.jwk], key=thumbprint)})
    if isinstance(signer, NewKey) and signer.keyid not in known:
        write_durably(path, trusted)
    note = KeyNote(signer.keyid, previous, format_utc(clock()), signer.rehearsal)
    store = EvidenceStore(home / EVIDENCE, clock=clock)
    if store.note(signer, EntryKind.KEY, note).seq == 1:
        store.note_loss(signer)
    if isinstance(signer, NewKey):
        write_durably(home / KEY_FILE, signer.private_bytes(), mode=0o600)
    elif signer.keyid not in known:
        write_durably(path, trusted)
    if previous and signer.keyid not in known:
        show(f"{path}: the new evidence key {signer.keyid} is logged and trusted, in addition to {', '.join(previous)}", err=True)
    return signer


def load_trust(path: Path) -> TrustRoot:
    """The trust root in a JWKS file; raises UsageProblem where it is absent, UnverifiedProblem where it is unusable.

    A rehearsal key in it is trusted only while the state folder is one for rehearsals.
    """
    try:
        rehearsal = is_rehearsal(state_dir())
    except Problem:  # whoever verifies with keys of their own needs no state folder
        rehearsal = False
    return read_trust(path, rehearsal=rehearsal)


def own_trust(home: Path) -> TrustRoot:
    """The trust root of this state folder; nobody is trusted where it has no key yet.

    Raises UnverifiedProblem where state.json and the marks of the keys differ: one of them was changed.
    """
    path = home / "keys" / TRUST_FILE
    if not path.exists():
        return TrustRoot({}, {})
    _require_marks(home)
    return read_trust(path, rehearsal=is_rehearsal(home))


def own_trust_unmarked(home: Path) -> TrustRoot:
    """The keys of a state folder of version 1, which knew no rehearsals."""
    path = home / "keys" / TRUST_FILE
    return read_trust(path) if path.exists() else TrustRoot({}, {})


def adopt_trust(home: Path, path: Path) -> None:
    """Add the keys of a JWKS file to those that the state folder trusts."""
    read_trust(path, rehearsal=is_rehearsal(home))
    own = home / "keys" / TRUST_FILE
    own.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(own.parent / _LOCK):
        known = _jwks(own)
        new = [jwk for jwk in _jwks(path) if thumbprint(jwk) not in {thumbprint(item) for item in known}]
        if new:
            write_durably(own, canonical_json({"keys": sorted([*known, *new], key=thumbprint)}))


class NewKey(Signer):
    """A signer whose key is not stored yet."""

    def private_bytes(self) -> bytes:
        """What the key file holds."""
        return self._key.private_bytes_raw()


def read_trust(path: Path, *, rehearsal: bool = False) -> TrustRoot:
    """The keys of a JWKS file, rehearsal keys among them only with `rehearsal`.

    Raises UsageProblem where the file is absent or cannot be read, UnverifiedProblem where it does not hold usable keys.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageProblem(f"{path}: no such trust file", next_step="name the JWKS of the keys that you trust") from None
    except OSError as error:
        raise UsageProblem(f"{path}: the trust file cannot be read: {error.strerror}") from None
    return TrustRoot.from_jwks(data, str(path), rehearsal=rehearsal)


def _jwks(path: Path) -> list[Jwk]:
    """The keys of the trust file with all their members."""
    if not path.exists():
        return []
    read_trust(path, rehearsal=True)
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Jwks).keys
    except msgspec.MsgspecError as error:
        raise UnverifiedProblem(f"{path}: a key has a member that is not text: {printable(str(error))}") from None


class _Jwks(msgspec.Struct):
    keys: list[Jwk]


def _is_known(home: Path, signer: Signer) -> bool:
    """With Signers, it is they who say which keys count; without, the trust file lists every key that signed here."""
    return _has_signers(home) or signer.keyid in {thumbprint(jwk) for jwk in _jwks(home / "keys" / TRUST_FILE)}


def _require_marks(home: Path) -> None:
    """Raise UnverifiedProblem where state.json and the own key's mark in the trust file differ: one of them was changed.

    Where the own key cannot be read, one of the trusted keys has to have the mark that state.json requires.
    """
    rehearsal, own = is_rehearsal(home), _own_keyid(home)
    marks = {thumbprint(jwk): bool(jwk.get(REHEARSAL)) for jwk in _jwks(home / "keys" / TRUST_FILE)}
    deciding = {own: marks[own]} if own in marks else marks
    if deciding and rehearsal not in deciding.values():
        is_one, says = ("a real key", "a rehearsal") if rehearsal else ("a rehearsal key", "no rehearsal")
        raise UnverifiedProblem(
            f"{home / STATE_FILE}: says that the folder is {says}, and {min(deciding)} is {is_one}",
            next_step="bring state.json back from a copy; a rehearsal has a folder of its own",
        )


def _own_keyid(home: Path) -> str:
    """The id of the own key; "" where there is none, or for whoever may read the folder and not its key."""
    try:
        found = read_signer(home)
    except (UsageProblem, OSError):
        return ""
    return "" if found is None else found.keyid


def _has_signers(home: Path) -> bool:
    return (home / SIGNERS_FILE).exists()


def _refuse_with_signers(home: Path) -> None:
    if _has_signers(home):
        raise UsageProblem(
            f"{home / KEY_FILE}: no such key, and {SIGNERS_FILE} lists who may sign: a new key does not count until it is listed",
            next_step="restore the key file, or let two signers list a new key: gonogo signer add",
        )
