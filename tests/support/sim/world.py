"""A gateway's storage that can be killed at any durable step: real SQLite files, a virtual clock, counted ids."""

import copy
import datetime as dt
import itertools
import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from migrated import begin
from sim.model import Limits

from gateway.access_key import AccessKey
from gateway.clock import format_utc
from gateway.command_line.demo import DemoData, make_demo
from gateway.commands import ApprovalRule, Budget, Command, Principal, PutPolicy, RoleName
from gateway.engine.execute import execute_batch
from gateway.idempotency.claim import Mutation
from gateway.ids import CountingIds
from gateway.mailing import MailMode, MailState
from gateway.receipts.signer import ReceiptSigner
from gateway.routes import PUT_POLICY, Route
from gateway.store.batch import SqliteBatch
from gateway.store.connections import open_writer
from gateway.store.reads import SqliteReads
from gateway.work import Chore, Context, Login

START = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)


class Step(StrEnum):
    """Where a process can die while it serves a batch."""

    BEFORE = "before the transaction"
    STATEMENT = "between two statements"
    DECIDED = "decided and flushed, before the commit"
    COMMITTING = "while the commit is being written"
    COMMITTED = "committed, before the answer"


class Crash(msgspec.Struct, frozen=True):
    """A death at a step. `at` is the number of the statement, or where in the commit's bytes, counted from 0."""

    step: Step
    at: int = 0


class Served(msgspec.Struct, frozen=True):
    """What became of a batch. `answers` is None where nobody will ever know them; `delivered` says whether callers got them."""

    answers: list[object] | None
    durable: bool
    delivered: bool = False


class Killed(Exception):
    """The process died here."""


class Tripwire:
    """A connection that lets so many statements pass and then dies; what stores call is all that it has."""

    def __init__(self, connection) -> None:
        self.connection = connection
        self.left: int | None = None

    def execute(self, sql, parameters=()):
        """Run one statement, unless it is the one at which the process dies."""
        self._count()
        return self.connection.execute(sql, parameters)

    def executemany(self, sql, rows):
        """Run one statement for many rows."""
        self._count()
        return self.connection.executemany(sql, rows)

    def _count(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise Killed
            self.left -= 1


class World:
    """One gateway's storage. `serve` decides a batch as the engine would; `kill` is the process's end at that very moment."""

    def __init__(self, folder: Path, tenants: int = 2) -> None:
        self.folder = folder
        self.ids = CountingIds()
        self.now = START
        key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        self.signer, self.signer_public = ReceiptSigner(key), key.public_key()
        self.deaths = 0
        self.first_id = 0
        self.has_rail = True
        self.access = Login(AccessKey(bytes(32)), MailState(MailMode.RECORD, healthy=True, since=format_utc(START)))
        begin(self.db)
        self.demos: list[DemoData] = [make_demo(self.db, lambda: START, self.ids, f"demo-{n}") for n in range(tenants)]
        self.boot()

    @property
    def db(self) -> Path:
        """The database of this life of the process."""
        return self.folder / f"life-{self.deaths}.db"

    def twin(self, folder: Path) -> "World":
        """Another world that goes on from here, in a folder of its own; its ids are its own too."""
        twin = copy.copy(self)
        twin.folder, twin.ids = folder, CountingIds()
        twin.first_id = self.first_id + 1_000_000
        twin.ids._numbers = itertools.count(twin.first_id)
        shutil.copyfile(self.db, twin.db)
        wal = Path(f"{self.db}-wal")
        if wal.exists():
            shutil.copyfile(wal, f"{twin.db}-wal")
        twin.boot()
        return twin

    def boot(self) -> None:
        """Open the database as a starting gateway does."""
        self.wire = Tripwire(open_writer(self.db))
        self.connection = self.wire.connection
        self.tx = SqliteBatch(self.wire)
        self.reads = SqliteReads(self.connection)

    def kill(self, torn: int | None = None) -> None:
        """Die and start again: the next life has the files as they are now, its log cut off after `torn` bytes where given.

        Closing the connection would roll back and tidy; copying the files first leaves them as a killed process does.
        """
        old, wal = self.db, Path(f"{self.db}-wal")
        self.deaths += 1
        shutil.copyfile(old, self.db)
        if wal.exists():
            written = wal.read_bytes()
            Path(f"{self.db}-wal").write_bytes(written if torn is None else written[:torn])
        self.connection.close()
        for path in (old, wal, Path(f"{old}-shm")):
            path.unlink(missing_ok=True)
        self.boot()

    def put_policy(self, limits: Limits) -> None:
        """Put the simulation's policy in force for every tenant."""
        for tenant, demo in enumerate(self.demos):
            policy = PutPolicy(
                currency="USD",
                per_payment_max=str(limits.largest),
                budgets=(Budget("tenant", "day", str(limits.a_day)),),
                approval=ApprovalRule(str(limits.approval_above), limits.quorum),
                allowed_payees=tuple(demo.payee_ids),
            )
            served = self.serve([mutation(PUT_POLICY, self.principal("tenant_admin", tenant), policy, "policy")])
            assert served.answers[0].status == 201, served.answers[0].body

    def close(self) -> None:
        """End for good."""
        self.connection.close()

    def serve(self, requests: Sequence[Mutation | Chore], crash: Crash | None = None) -> Served:
        """Decide a batch, and die at the given step of it.

        After a death the next life knows all of the batch or nothing; anything between is an error.
        """
        before = self.last_seq()
        if crash is not None and crash.step is Step.BEFORE:
            return self._died(None, before, before)
        self.connection.execute("BEGIN IMMEDIATE")
        self.wire.left = crash.at if crash is not None and crash.step is Step.STATEMENT else None
        try:
            context = Context.at(self.now, self.ids, self.signer, has_rail=self.has_rail, access=self.access)
            answers = execute_batch(self.tx, requests, context)
        except Killed:
            return self._died(None, before, before)
        finally:
            self.wire.left = None
        decided = self.last_seq()
        if crash is not None and crash.step is Step.DECIDED:
            return self._died(None, before, before)
        size = self._wal_size()
        self.connection.execute("COMMIT")
        if crash is None or crash.step is Step.STATEMENT:  # the batch had fewer statements than that
            return Served(answers, durable=True, delivered=True)
        return self._died(answers, before, decided, self._tear(size, crash) if crash.step is Step.COMMITTING else None)

    def pass_time(self, **span: float) -> None:
        """Move the clock on."""
        self.now += dt.timedelta(**span)

    def last_seq(self) -> int:
        """The last position of the journal."""
        return self.connection.execute("SELECT coalesce(max(seq), 0) FROM operations").fetchone()[0]

    def principal(self, role: RoleName = "agent", tenant: int = 0, name: str | None = None) -> Principal:
        """A tenant's caller of a role."""
        called = name or f"{role}-1"
        person_id = None if role == "agent" else f"per_{called}"
        return Principal(self.demos[tenant].tenant_id, f"key-{tenant}-{role}", role, called, person_id=person_id)

    def _died(self, answers: list[object] | None, before: int, decided: int, torn: int | None = None) -> Served:
        self.kill(torn)
        found = self.last_seq()
        assert found in (before, decided), f"a batch from {before} to {decided} left the journal at {found}"
        assert torn is not None or found == decided, "what was committed is still there, what was not is gone"
        return Served(answers, durable=found == decided != before)

    def _wal_size(self) -> int:
        wal = Path(f"{self.db}-wal")
        return wal.stat().st_size if wal.exists() else 0

    def _tear(self, size: int, crash: Crash) -> int | None:
        """Where the log is cut: inside what the commit wrote, if it made the log longer."""
        written = self._wal_size() - size
        return size + crash.at % written if written > 0 else None


def mutation(route: Route, principal: Principal, command: Command, key: str, *path_ids: str) -> Mutation:
    """A request ready to be decided."""
    body = msgspec.json.encode(command)
    return Mutation(route, principal, path_ids, key.ljust(16, "-"), "", command, body, f"request-{key}")
