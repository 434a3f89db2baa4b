"""A demo tenant's past is made by the engine: every payment of it is as if somebody had asked."""

import sqlite3

from gateway.clock import system_clock
from gateway.command_line.demo import FUNDS, make_demo
from gateway.command_line.demo_history import settle_many
from gateway.ids import SystemIds
from gateway.settings import Settings
from gateway.store.connections import open_reader
from gateway.store.group_commit import MAX_BATCH
from gateway.store.reads import SqliteReads


def test_a_past_is_settled_payments_whose_money_adds_up(tmp_path):
    """Over more than one batch: each payment settled for one of two units, the rest given back, receipts for both steps."""
    settings, payments, told = Settings(db=tmp_path / "gateway.db"), MAX_BATCH + 7, []
    demo = make_demo(settings.db, system_clock, SystemIds(), "demo")
    settle_many(settings, demo, payments, told.append)
    reader = open_reader(settings.db)
    try:
        reads = SqliteReads(reader)
        wallet = reads.wallet(demo.tenant_id, demo.wallet_id)
        paid = sum(reads.payee(demo.tenant_id, payee_id).payable for payee_id in demo.payee_ids)
        assert (wallet.available, wallet.held, paid) == (FUNDS - payments, 0, payments)
        assert _count(reader, "payments WHERE state = 'settled'") == payments
        assert _count(reader, "operations WHERE receipt IS NOT NULL") == 2 * payments
    finally:
        reader.close()
    assert told == [MAX_BATCH, payments]


def test_the_log_reaches_the_database_while_the_engine_works(tmp_path):
    """Nothing but the rounds of `Checkpoints` can have moved it: SQLite's own come ten times later."""
    settings, sizes = Settings(db=tmp_path / "gateway.db"), []
    demo = make_demo(settings.db, system_clock, SystemIds(), "demo")
    before = settings.db.stat().st_size
    settle_many(settings, demo, 4 * MAX_BATCH, lambda _done: sizes.append(settings.db.stat().st_size))
    assert sizes[-1] > before + 1_000_000


def _count(reader: sqlite3.Connection, what: str) -> int:
    return reader.execute(f"SELECT count(*) FROM {what}").fetchone()[0]  # noqa: S608  # the tests' own words
