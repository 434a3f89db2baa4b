"""A payment service that is not ours and of which several processes share one SQLite file; it pays out through a rail.

A process holds a payout for LEASE_S, by the one clock of the machine, under an epoch. `epochs` writes what the rail said only
under the newest epoch; `first_word` and `any_word` write whatever they hear: to a payout that is not decided yet, or to any.
Run as `python fake_pair.py WAY PORT RAIL_URL DB`.
"""

import http.client
import json
import sqlite3
import sys
import threading
import time
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from fake_outs import ask_rail, serve

TIMEOUT_S, LEASE_S, LOOK_S = 4.0, 5.0, 0.02
FINAL = ("succeeded", "failed")
TABLES = """
CREATE TABLE IF NOT EXISTS holds (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS payouts (
  number INTEGER PRIMARY KEY, once TEXT UNIQUE, payee_id TEXT, amount TEXT, currency TEXT, state TEXT, epoch INTEGER, until REAL,
  sent INTEGER
);
"""
WRITE = "UPDATE payouts SET state = ? WHERE number = ? AND "
WRITES = {"epochs": WRITE + "epoch = ?", "first_word": WRITE + "? AND state = 'executing'", "any_word": WRITE + "?"}


class Turns:
    """A lock that threads get in the order in which they ask: what is written last was asked for last."""

    def __init__(self):
        self.waiting, self.changed = [], threading.Condition()

    def __enter__(self):
        mine = object()
        with self.changed:
            self.waiting.append(mine)
            self.changed.wait_for(lambda: self.waiting[0] is mine)

    def __exit__(self, *_):
        with self.changed:
            self.waiting.pop(0)
            self.changed.notify_all()


class Payer:
    """The file, and the worker that pays."""

    def __init__(self, way, rail_url, db):
        self.way, self.rail, self.db = way, urlsplit(rail_url), db
        self.wakeup, self.turns = threading.Event(), Turns()
        with closing(self.connect()) as connection:
            connection.executescript(f"PRAGMA journal_mode = WAL; {TABLES}")

    def connect(self):
        """A connection of the calling thread's own."""
        return sqlite3.connect(self.db, isolation_level=None, timeout=30.0)

    @contextmanager
    def writing(self):
        """One transaction, which nobody else writes beside."""
        with self.turns, closing(self.connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection.execute
            connection.execute("COMMIT")

    def hold(self):
        """What a client's reserve or settle writes: it takes a moment, as checking a policy does."""
        with self.writing() as execute:
            execute("INSERT INTO holds DEFAULT VALUES")
            self.wakeup.wait(0.005)

    def ask(self, once, body):
        """A payout for a key: the same one for the same key."""
        wanted = (once, body["payee_id"], body["amount"], body["currency"])
        with self.writing() as execute:
            execute("INSERT OR IGNORE INTO payouts VALUES (NULL, ?, ?, ?, ?, 'executing', 0, 0, 0)", wanted)
            number = execute("SELECT number FROM payouts WHERE once = ?", (once,)).fetchone()[0]
        return {"payout_id": f"out-{number}"}

    def known(self):
        """Every payout."""
        columns = ("payout_id", "payee_id", "amount", "currency", "state", "rail_key")
        sql = "SELECT 'out-' || number, payee_id, amount, currency, state, 'key-' || number FROM payouts"
        with closing(self.connect()) as connection:
            return [dict(zip(columns, row, strict=True)) for row in connection.execute(sql)]

    def work(self):
        """Take over what nobody holds, for ever, and pay it."""
        while True:
            for row in self.take():
                threading.Thread(target=self.pay, args=row, daemon=True).start()
            self.wakeup.wait(LOOK_S)

    def take(self):
        """The payouts that this process holds from now on; whether a byte of them may have left stays written down."""
        sql = "SELECT number, epoch + 1, sent, payee_id, amount, currency FROM payouts WHERE state = 'executing' AND until < ?"
        with closing(self.connect()) as connection:
            if not connection.execute(sql, (time.monotonic(),)).fetchall():
                return []
        with self.writing() as execute:
            rows = execute(sql, (time.monotonic(),)).fetchall()
            for number, epoch, *_ in rows:
                execute(
                    "UPDATE payouts SET epoch = ?, until = ?, sent = 1 WHERE number = ?",
                    (epoch, time.monotonic() + LEASE_S, number),
                )
        return rows

    def pay(self, number, epoch, sent, payee_id, amount, currency):
        """Ask what became of a charge, or make it, and write that down."""
        charge = {"payee": payee_id, "amount": amount, "currency": currency}
        method, path = ("GET", f"/charges/key-{number}") if sent else ("POST", "/charges")
        state = self.send(method, path, None if sent else charge, f"key-{number}")
        with self.writing() as execute:
            if state in FINAL:
                execute(WRITES[self.way], (state, number, epoch))
            else:
                execute(
                    "UPDATE payouts SET until = ? WHERE number = ? AND epoch = ?", (time.monotonic() + LEASE_S / 3, number, epoch)
                )

    def send(self, method, path, body, key):
        """What the rail says of a charge; None where it says nothing in time."""
        try:
            return json.loads(ask_rail(self.rail, TIMEOUT_S, method, path, body, key)[1]).get("status")
        except (OSError, http.client.HTTPException, ValueError):
            return None


def main():
    """Serve until killed."""
    way, port, rail_url, db = sys.argv[1:]
    payer = Payer(way, rail_url, db)
    threading.Thread(target=payer.work, daemon=True).start()
    serve(port, payer)


if __name__ == "__main__":
    main()
