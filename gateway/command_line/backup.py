"""Backing a database up while the gateway runs, and restoring it elsewhere: paused, with a receipt key of its own.

The access key comes along as it is: sessions, codes and addresses of the database are those of that key.

A restored journal goes on from the position at which the backup was made. What was committed after it is lost, and its positions
are given again. So that no two receipts at one position can both verify, the old key is retired there, and a new one signs on.
"""

import hashlib
import os
import shutil
from pathlib import Path

import msgspec

from gateway.access_key import read_access_key
from gateway.command_line.controls import rotate_key, set_mode
from gateway.engine.receipt_keys import key_path, read_active_key
from gateway.errors import StartProblem
from gateway.private_file import make_private
from gateway.settings import Settings
from gateway.store.backup import Snapshot, copy_database, require_sound, sync

DATABASE, KEY, ACCESS_KEY, MANIFEST = "gateway.db", "gateway.db.signing.key", "gateway.db.access.key", "backup.json"
REASON = "restored from the backup of journal position {seq}, {at}: reconcile with the rail, then resume"


class Backup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup's folder holds: the last row of the journal in it, the receipt key that was active, each file's sha256."""

    made_at: str
    journal: Snapshot
    active_key: str
    files: dict[str, str]
    version: str = "1"


class Restored(msgspec.Struct, frozen=True):
    """What was restored, and the receipt key that signs from there on."""

    backup: Backup
    active_key: str


def make_backup(settings: Settings, folder: Path) -> Backup:
    """Write database, active receipt key and a manifest into a new folder; the manifest last, so that a folder without is none.

    Raises StartProblem.
    """
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise StartProblem(f"{folder}: is not an empty folder; name a new one for each backup")
    made_at = settings.now_text()
    copy = copy_database(settings.db, folder / DATABASE)
    keyid, raw = read_active_key(settings, copy.key_events)
    _write(folder / KEY, raw)
    names: tuple[str, ...] = (DATABASE, KEY)
    if copy.access_key_check is not None:
        _write(folder / ACCESS_KEY, _access_key(settings, copy.access_key_check))
        names = (DATABASE, KEY, ACCESS_KEY)
    backup = Backup(made_at, copy.journal, keyid, {name: _sha256(folder / name) for name in names})
    _write(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(backup, order="sorted")) + b"\n")
    return backup


def restore_backup(folder: Path, settings: Settings, actor: str) -> Restored:
    """Restore a backup as the database of `settings`, which must not be there: checked, paused, and with a new receipt key.

    Raises StartProblem for a backup that is not whole, and leaves no database then.
    """
    backup, db = _read(folder), settings.db
    taken = [str(path) for path in (db, db.with_name(f"{db.name}-wal")) if os.path.lexists(path)]
    if taken:
        raise StartProblem(f"{taken[0]}: exists already; restore to another place, and keep what is there for the inquiry")
    make_private(db)
    try:
        shutil.copyfile(folder / DATABASE, db)
        sync(db)
        require_sound(db, backup.journal)
        _write(key_path(settings, backup.active_key), (folder / KEY).read_bytes())
        if ACCESS_KEY in backup.files:
            _write(settings.access_key_file, (folder / ACCESS_KEY).read_bytes())
        changed = rotate_key(settings, actor)  # first: the next position is the first one that is given again
        reason = REASON.format(seq=backup.journal.seq, at=backup.journal.at)
        set_mode(settings, "paused", reason, actor, None)
    except BaseException:
        for path in db.parent.glob(f"{db.name}*"):
            path.unlink()
        raise
    return Restored(backup, changed.active)


def _read(folder: Path) -> Backup:
    path = folder / MANIFEST
    try:
        backup = msgspec.json.decode(path.read_bytes(), type=Backup)
    except FileNotFoundError:
        raise StartProblem(f"{path}: no such file; name a folder that `backup --out` has written") from None
    except msgspec.MsgspecError as error:
        raise StartProblem(f"{path}: not the manifest of a backup: {error}; restore another backup") from None
    for name in dict.fromkeys((DATABASE, KEY, *backup.files)):
        there = (folder / name).is_file() and _sha256(folder / name)
        if there != backup.files.get(name):
            what = "is not the file that was backed up" if there else "is missing"
            raise StartProblem(f"{folder / name}: {what}; restore another backup")
    return backup


def _access_key(settings: Settings, check: bytes) -> bytes:
    """The bytes of the access key that belongs to the database; raises StartProblem."""
    path = settings.access_key_file
    key = read_access_key(path)
    if key is None or key.check != check:
        raise StartProblem(f"{path}: the access key of this database is not there; put it back, a backup without it is not whole")
    return path.read_bytes()


def _write(path: Path, data: bytes) -> None:
    make_private(path)
    path.write_bytes(data)
    sync(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
