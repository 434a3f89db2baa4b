"""A state folder of version 1 is taken over: what it holds is listed in the log as `migration`, and nothing is removed.

Its statements are stale and its weeks are for reading: neither had a log that lists them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from sqlite_utils import Database

from gates.evidence.dsse import Signer, TrustRoot, decode_envelope
from gates.evidence.keys import EVIDENCE, introduce, make_key, own_trust_unmarked, read_signer
from gates.evidence.objects import SUFFIX, Objects
from gates.evidence.store import EvidenceStore
from gates.log.chain import Damage, LogProblem
from gates.log.entry import EntryKind
from gates.log.file import LOG, LogFile
from gates.log.notes import LegacyWeek
from gates.schema.canonical import sha256_hex
from gates.schema.errors import UnverifiedProblem
from gates.schema.state import write_state
from gates.schema.time import Clock

HISTORY = "history.db"


class Migrated(msgspec.Struct, frozen=True):
    """How much was taken over."""

    statements: int
    weeks: int


class _Row(msgspec.Struct, frozen=True):
    """A row of the history of version 1."""

    target: str
    week: str
    official: int
    decision: str
    evaluated_at: str
    yaml_sha256: str
    yaml: bytes


def migrate(home: Path, trust: TrustRoot, clock: Clock) -> Migrated:
    """Take a state folder of version 1 over; interrupted, it can be run again.

    Everything is read and verified before anything is written. Raises UnverifiedProblem naming the file that is wrong, and
    LogProblem for one of version 2: that folder has lost its log, and would begin another one.
    """
    store = EvidenceStore(home / EVIDENCE, clock=clock)
    envelopes = _envelopes(store.folder, trust.joined(own_trust_unmarked(home)))
    weeks = list(_weeks(home / HISTORY))
    LogFile(store.folder).begin()
    signer = introduce(home, read_signer(home, rehearsal=False) or make_key(rehearsal=False), clock)
    _list(store, signer, envelopes)
    for row, data in weeks:
        store.keep_artifact(f"{row.week}.yaml", data)
        store.note(signer, EntryKind.MIGRATION, row)
    write_state(home)
    return Migrated(len(envelopes), len(weeks))


def migrate_store(store: EvidenceStore, signer: Signer, trust: TrustRoot) -> Migrated:
    """Take over an evidence folder of version 1 that is not in a state folder."""
    envelopes = _envelopes(store.folder, trust)
    LogFile(store.folder).begin()
    _list(store, signer, envelopes)
    return Migrated(len(envelopes), 0)


def _list(store: EvidenceStore, signer: Signer, envelopes: list[bytes]) -> None:
    for data in envelopes:
        store.append(signer, EntryKind.MIGRATION, data)


def _envelopes(folder: Path, trust: TrustRoot) -> list[bytes]:
    """The envelopes of a folder that no log lists yet, each with a signature that holds."""
    objects = Objects(folder / "objects")
    stored = objects.stored()
    listed = {line.entry.object for line in LogFile(folder).lines(stored)}
    return [_verified(objects.path(name), trust) for name in sorted(stored - listed)]


def _verified(path: Path, trust: TrustRoot) -> bytes:
    hint = "move the file away, or give the key of its signer with --trust"
    data = path.read_bytes() if path.exists() else b""
    if path.name != sha256_hex(data) + SUFFIX:
        raise UnverifiedProblem(f"{path}: the content's sha256 is {sha256_hex(data)}: the file was changed", next_step=hint)
    try:
        payload = trust.verify(decode_envelope(data, "the file")).payload
    except UnverifiedProblem as problem:
        raise UnverifiedProblem(f"{path}: {problem.message}", next_step=hint) from None
    if not _is_version_1(payload):
        text = f"{path} is of version 2: it was in a log, which is lost"
        raise LogProblem(Damage.LOST, str(path.parents[2] / LOG), text)
    return data


def _is_version_1(payload: bytes) -> bool:
    try:
        return msgspec.json.decode(payload, type=_Typed).predicate_type.endswith(":v1")
    except msgspec.MsgspecError:
        return False


class _Typed(msgspec.Struct, rename={"predicate_type": "predicateType"}):
    predicate_type: str


def _weeks(path: Path) -> Iterator[tuple[LegacyWeek, bytes]]:
    if not path.exists():
        return
    hint = f"move {path.name} away if it is damaged: the weeks in it are for reading only"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            rows = list(Database(connection).table("scorecards").rows_where(order_by="id"))
        for item in rows:
            row = msgspec.convert({name: item[name] for name in _Row.__struct_fields__}, _Row)
            if sha256_hex(row.yaml) != row.yaml_sha256:
                raise UnverifiedProblem(f"{path}: the scorecard of {row.week} was changed", next_step=hint)
            yield _legacy(row), row.yaml
    except (sqlite3.DatabaseError, msgspec.ValidationError, KeyError) as error:
        raise UnverifiedProblem(f"{path}: {error}", next_step=hint) from None


def _legacy(row: _Row) -> LegacyWeek:
    return LegacyWeek(
        target=row.target,
        week=row.week,
        official=bool(row.official),
        decision=row.decision,
        evaluated_at=row.evaluated_at,
        yaml_sha256=row.yaml_sha256,
    )
