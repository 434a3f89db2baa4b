"""A desk: one demo tenant on a real database file, where requests are decided one after another under a given clock."""

import datetime as dt
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from migrated import begin

from gateway.access_key import AccessKey
from gateway.answers import ReceiptItem
from gateway.command_line.demo import DemoData, make_demo
from gateway.commands import Command, Principal
from gateway.engine.chores import sweep_expired
from gateway.engine.execute import execute_batch
from gateway.idempotency.claim import Mutation
from gateway.ids import CountingIds
from gateway.journal import Answer
from gateway.mailing import MailMode, MailState
from gateway.receipts.signer import ReceiptSigner
from gateway.routes import Route
from gateway.store.batch import SqliteBatch
from gateway.store.connections import open_writer
from gateway.store.reads import SqliteReads
from gateway.views import receipt_item
from gateway.work import Chore, Context, Login

START = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)


class Desk:
    """Decides requests of one tenant, each in its own transaction; ids are counted and the clock is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.ids = CountingIds()
        self.now = START
        self.has_rail = False
        self.access = Login(AccessKey(bytes(32)), MailState(MailMode.RECORD, healthy=True, since="2026-11-23T00:00:00.000Z"))
        self.signer = ReceiptSigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))
        self.db = folder / "gateway.db"
        self.demo: DemoData = make_demo(begin(self.db), lambda: START, self.ids, "demo")
        self.connection = open_writer(self.db)
        self.tx = SqliteBatch(self.connection)
        self.reads = SqliteReads(self.connection)

    def principal(self, role: str = "agent") -> Principal:
        """The tenant's caller of a role."""
        person_id = None if role == "agent" else f"per_{role}"
        return Principal(self.demo.tenant_id, f"key-{role}", role, f"{role}-1", person_id=person_id)

    def ask(
        self,
        route: Route,
        command: Command,
        key: str,
        *path_ids: str,
        principal: Principal | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """Decide one request and commit."""
        caller = principal or self.principal(route.roles[0])
        body = msgspec.json.encode(command) if raw is None else raw
        mutation = Mutation(route, caller, path_ids, key.ljust(16, "-"), "", command, body, "request-1")
        self.connection.execute("BEGIN IMMEDIATE")
        context = self._context()
        (answer,) = execute_batch(self.tx, [mutation], context)
        self.connection.execute("COMMIT")
        return answer

    def _context(self) -> Context:
        return Context.at(self.now, self.ids, self.signer, has_rail=self.has_rail, access=self.access)

    def chore(self, chore: Chore) -> object:
        """Run a piece of the gateway's own work and commit."""
        self.connection.execute("BEGIN IMMEDIATE")
        context = self._context()
        (result,) = execute_batch(self.tx, [chore], context)
        self.connection.execute("COMMIT")
        return result

    def sweep(self) -> int:
        """Tidy expired holds."""
        self.connection.execute("BEGIN IMMEDIATE")
        context = self._context()
        chores = [lambda tx, ctx: sweep_expired(tx, ctx, 100)]
        (swept,) = execute_batch(self.tx, chores, context)
        self.connection.execute("COMMIT")
        return swept

    def receipts(self, payment_id: str | None = None) -> list[ReceiptItem]:
        """The receipts of a payment or payout, or all, in journal order."""
        return [receipt_item(row) for row in self.reads.receipts(self.demo.tenant_id, payment_id, 0, 1000)]

    def balances(self) -> dict[str, int]:
        """Available, held and the first payee's payable, in minor units."""
        wallet = self.reads.wallet(self.demo.tenant_id, self.demo.wallet_id)
        payee = self.reads.payee(self.demo.tenant_id, self.demo.payee_ids[0])
        return {"available": wallet.available, "held": wallet.held, "payable": payee.payable}
