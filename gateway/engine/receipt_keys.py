"""Which key signs receipts: made, rotated and revoked, every step a row of the journal, so that order is never in doubt.

Each batch reads the newest key event inside its transaction and compares it with the one that it knows. A rotation by another
process therefore takes effect exactly at its own place in the journal: no signal, no restart, no receipt in between.
"""

import logging
import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.canonical import canonical
from gateway.errors import Code, StartProblem
from gateway.journal import system_row
from gateway.next_command import next_command
from gateway.receipts.signer import ReceiptSigner, load_signer, make_key_file, read_key_file
from gateway.settings import Settings
from gateway.store.port import StorageError, Store, Transaction
from gateway.store.rows import KeyEvent
from gateway.store.tables import KeyEvents

ALL_TENANTS = "system"
"""The tenant under which the journal holds what concerns all of them."""

_NAMELESS = "DATABASE"
"""Stands for the database in a text that anybody may read."""

_log = logging.getLogger(__name__)


class Changed(msgspec.Struct, frozen=True):
    """What a rotation or revocation came to: the keys' ids, and the journal position from which the new one signs."""

    active: str
    active_from: int
    ended: str


class SigningKeys:
    """The signer of the moment, for one writing connection.

    The key that was read last is kept as an optimisation; each batch compares it with the newest key event in the store.
    """

    def __init__(self, settings: Settings, events: KeyEvents) -> None:
        self._settings = settings
        self._events = events
        self._known = 0
        self._signer: ReceiptSigner | None = None
        self._logged = ""

    def current(self) -> ReceiptSigner:
        """The active key's signer, read inside the transaction that will use it.

        Raises StorageError where the journal names a key whose file is not there.
        """
        newest = self._events.newest()
        if self._signer is None or newest != self._known:
            events = self._events.all()
            try:
                self._signer = _active_signer(self._settings, events)
            except StartProblem as problem:  # it names a path: that is for the log, callers learn the file's name alone
                self._log_once(str(problem))
                name = key_path(self._settings, _active_id(self._settings.db, events)).name
                raise StorageError(Code.STORAGE_UNUSABLE, f"{name}: the key cannot be used; the gateway's log says why") from None
            self._known = newest
        return self._signer

    def _log_once(self, problem: str) -> None:
        if problem != self._logged:
            _log.error("%s", problem)
            self._logged = problem


def open_keys(settings: Settings, store: Store) -> SigningKeys:
    """Make sure that a key is active, a new one in a new database, and that its file is at hand.

    Raises StartProblem naming the file.
    """
    with store.alone() as tx:
        _active_signer(settings, with_active_key(tx, settings))
        return SigningKeys(settings, tx.key_events)


def with_active_key(tx: Transaction, settings: Settings) -> tuple[KeyEvent, ...]:
    """All key events; in a new database the first key is made and recorded before.

    Raises StartProblem naming the file.
    """
    if not tx.key_events.newest():
        signer = load_signer(settings)
        _record(tx, settings, signer.keyid, "active", signer.jwk["x"], "system")
    return tx.key_events.all()


def rotate(tx: Transaction, settings: Settings, actor: str) -> Changed:
    """Retire the active key and make a new one active, in the open transaction; the new file is durable before it commits."""
    return _replace(tx, settings, _active_id(settings.db, tx.key_events.all()), "retired", actor)


def revoke(tx: Transaction, settings: Settings, keyid: str, actor: str) -> Changed:
    """Declare that nothing a key signed counts any more; where it is the active one, a new key takes its place.

    Raises StartProblem for a key that the journal does not know, or that is revoked already.
    """
    events = tx.key_events.all()
    known = {event.event for event in events if event.keyid == keyid}
    if not known:
        raise StartProblem(f"the journal knows no receipt key {keyid}; /.well-known/gonogo-keys.json lists them")
    if "revoked" in known:
        raise StartProblem(f"the receipt key {keyid} is revoked already")
    active = _active_id(settings.db, events)
    if keyid == active:
        return _replace(tx, settings, keyid, "revoked", actor)
    x = next(event.x for event in events if event.keyid == keyid)
    _record(tx, settings, keyid, "revoked", x, actor)
    began = next(event.seq for event in events if event.keyid == active and event.event == "active")
    return Changed(active, began, keyid)


def drop_key_file(settings: Settings, keyid: str) -> None:
    """Remove a private key that signs no more; called once the event that ended it is durable."""
    for path in (key_path(settings, keyid), settings.key_file):
        if _is_there(path) and read_key_file(path).keyid == keyid:
            try:
                path.unlink()
            except OSError as error:
                done = f"the receipt key {keyid} signs no more, but its file cannot be removed"
                raise StartProblem(f"{path}: {done}: {error.strerror}; remove it by hand") from None


def _is_there(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110  # Path.exists raises where the folder cannot be searched


def key_path(settings: Settings, keyid: str) -> Path:
    """Where a key lives that a rotation made; the first one is `settings.key_file`."""
    return settings.db.with_name(f"{settings.db.name}.{keyid}.signing.key")


def missing_key_file(settings: Settings, events: tuple[KeyEvent, ...]) -> str | None:
    """That the active key's file is gone, in words for anybody, which name no path; None while there is one."""
    keyid = _active_id(Path(_NAMELESS), events)
    if _is_there(key_path(settings, keyid)) or _is_there(settings.key_file):
        return None
    return f"the file of the active receipt key {keyid} is gone; restore it, or make a new key: {_rotate(Path(_NAMELESS))}"


def jwks(events: tuple[KeyEvent, ...]) -> bytes:
    """The JWKS document: every key with its status and the journal positions at which it counts, and the events themselves."""
    keys = [_jwk(keyid, events) for keyid in sorted({event.keyid for event in events})]
    listed = [{"at": item.at, "event": item.event, "keyid": item.keyid, "seq": item.seq} for item in events]
    return canonical({"key_events": listed, "keys": keys})


def _jwk(keyid: str, events: tuple[KeyEvent, ...]) -> dict[str, object]:
    mine = {event.event: event for event in events if event.keyid == keyid}
    status = next(name for name in ("revoked", "retired", "active") if name in mine)
    ended = mine.get("retired") or mine.get("revoked")
    jwk: dict[str, object] = {"alg": "EdDSA", "crv": "Ed25519", "kid": keyid, "kty": "OKP", "x": mine["active"].x}
    # A reader who knows nothing of the journal skips a key that is not for signatures; a revoked one must be skipped.
    jwk["use"] = "revoked" if status == "revoked" else "sig"
    jwk["status"] = status
    jwk["journal_from"] = None if status == "revoked" else mine["active"].seq
    jwk["journal_until"] = ended.seq if ended else None
    return jwk


def _replace(tx: Transaction, settings: Settings, old: str, event: str, actor: str) -> Changed:
    key = Ed25519PrivateKey.generate()
    signer = ReceiptSigner(key)
    make_key_file(key_path(settings, signer.keyid), key)
    x = next(item.x for item in tx.key_events.all() if item.keyid == old)
    _record(tx, settings, old, event, x, actor)
    active_from = _record(tx, settings, signer.keyid, "active", signer.jwk["x"], actor)
    return Changed(signer.keyid, active_from, old)


def _record(tx: Transaction, settings: Settings, keyid: str, event: str, x: str, actor: str) -> int:
    row = system_row(ALL_TENANTS, f"key_{event}", settings.now_text(), settings.ids.suffix(), actor, {"keyid": keyid, "x": x})
    seq = tx.add_operation(row)
    tx.key_events.add(KeyEvent(seq, keyid, event, row.at, x))
    return seq


def _active_id(db: Path, events: tuple[KeyEvent, ...]) -> str:
    ended = {event.keyid for event in events if event.event != "active"}
    active = [event.keyid for event in events if event.keyid not in ended]
    if not active:
        serve = next_command("gonogo gateway serve", {"--db": db})
        raise StartProblem(f"the journal knows no receipt key yet; `{serve}` makes the first one")
    return active[-1]


def read_active_key(settings: Settings, events: tuple[KeyEvent, ...]) -> tuple[str, bytes]:
    """The id of the active key, and its 32 private bytes; raises StartProblem naming the file that is not there."""
    path, signer = _active_file(settings, events)
    return signer.keyid, path.read_bytes()


def _active_signer(settings: Settings, events: tuple[KeyEvent, ...]) -> ReceiptSigner:
    return _active_file(settings, events)[1]


def _active_file(settings: Settings, events: tuple[KeyEvent, ...]) -> tuple[Path, ReceiptSigner]:
    keyid = _active_id(settings.db, events)
    for path in (key_path(settings, keyid), settings.key_file):
        if _is_there(path):
            signer = read_key_file(path)
            if signer.keyid == keyid:
                return path, signer
    name = os.fspath(key_path(settings, keyid))
    raise StartProblem(
        f"{name}: the active receipt key {keyid} is not there; restore it from the backup that holds the database, "
        f"or make a new one: {_rotate(settings.db)}"
    )


def _rotate(db: Path) -> str:
    return next_command("gonogo gateway rotate-key", {"--db": db})
