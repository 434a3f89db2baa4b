"""A payment service that is not ours: holds, captures and voids in SQLite, as a process that can be killed at any moment.

`own_service.py serve --port P --db D`, `own_service.py seed --db D`, and `own_service.py openapi`.
"""

import argparse
import hashlib
import json
import signal
import sqlite3
import sys
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BUILD = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
KEY, WALLET, PAYEES = "own-service-test-key-1", "w1", ["m1", "m2", "m3"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS holds
  (id INTEGER PRIMARY KEY, payee TEXT, amount INTEGER, captured INTEGER, refunded INTEGER, state TEXT);
CREATE TABLE IF NOT EXISTS lines (seq INTEGER PRIMARY KEY, kind TEXT, hold INTEGER, postings TEXT);
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, asked TEXT, status INTEGER, body TEXT);
"""
_HOLD = {"type": "object", "properties": {"id": {"type": "string"}, "state": {"type": "string"}}}
_BODY = {"required": ["amount"], "properties": {"amount": {"type": "string"}}}
_RESERVE = {
    "required": ["wallet", "payee", "amount"],
    "properties": {name: {"type": "string"} for name in ("wallet", "payee", "amount")},
}


def openapi():
    """Its OpenAPI document, with a reference into `components`."""

    def answers(status, schema):
        return {str(status): {"description": "done", "content": {"application/json": {"schema": schema}}}}

    def post(status, body):
        key = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}}
        content = {"content": {"application/json": {"schema": {"type": "object", **body}}}}
        return {"parameters": [key], "requestBody": content, "responses": answers(status, {"$ref": "#/components/schemas/Hold"})}

    version = {"type": "object", "properties": {"version": {"type": "string"}, "sha256": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Own service", "version": "1"},
        "paths": {
            "/readyz": {"get": {"responses": answers(200, {})}},
            "/version": {"get": {"responses": answers(200, version)}},
            "/v2/holds": {"post": post(201, _RESERVE)},
            "/v2/holds/{hold_id}/capture": {"post": post(200, _BODY)},
            "/v2/holds/{hold_id}/void": {"post": post(200, {"properties": {}})},
            "/v2/journal": {"get": {"responses": {"200": {"description": "one entry a line"}}}},
        },
        "components": {"schemas": {"Hold": _HOLD}},
    }


class Refused(Exception):
    """A status, and nothing was done."""


class Books:
    """The money, one writer at a time; every answer is durable before it is sent."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + SCHEMA)

    @contextmanager
    def transaction(self):
        """All or nothing."""
        with self.lock:
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            self.db.execute("COMMIT")

    def once(self, key, asked, act):
        """The stored answer of a key, or what `act` answers now."""
        with self.transaction() as db:
            row = db.execute("SELECT asked, status, body FROM answers WHERE key = ?", (key,)).fetchone()
            if row is not None:
                if row[0] != asked:
                    raise Refused(422)
                return row[1], row[2]
            status, body = act(db)
            text = json.dumps(body)
            db.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (key, asked, status, text))
            return status, text

    def reserve(self, db, body):
        """Money goes from available to held."""
        amount = whole(body)
        if body.get("wallet") != WALLET or body.get("payee") not in PAYEES:
            raise Refused(404)
        made = db.execute("INSERT INTO holds VALUES (NULL, ?, ?, 0, 0, 'held')", (body["payee"], amount)).lastrowid
        self.line(db, "reserve", made, (f"wallet/{WALLET}/available", -amount), (f"wallet/{WALLET}/held", amount))
        return 201, {"id": str(made), "state": "held"}

    def capture(self, db, hold, body):
        """Held money goes to the payee; what is left goes back."""
        payee, amount, _, _, state = self.hold(db, hold)
        taken = whole(body) if "amount" in body else amount
        if state != "held" or taken > amount:
            raise Refused(409)
        db.execute("UPDATE holds SET captured = ?, state = 'captured' WHERE id = ?", (taken, hold))
        postings = [(f"wallet/{WALLET}/held", -amount), (f"payee/{payee}/payable", taken)]
        if amount > taken:
            postings.append((f"wallet/{WALLET}/available", amount - taken))
        self.line(db, "settle", hold, *postings)
        return 200, {"id": str(hold), "state": "captured"}

    def void(self, db, hold):
        """A hold is released, a capture is given back."""
        payee, amount, captured, refunded, state = self.hold(db, hold)
        if state == "held":
            db.execute("UPDATE holds SET state = 'void' WHERE id = ?", (hold,))
            self.line(db, "release", hold, (f"wallet/{WALLET}/held", -amount), (f"wallet/{WALLET}/available", amount))
        elif state == "captured" and captured > refunded:
            db.execute("UPDATE holds SET refunded = captured, state = 'void' WHERE id = ?", (hold,))
            back = captured - refunded
            self.line(db, "refund", hold, (f"payee/{payee}/payable", -back), (f"wallet/{WALLET}/available", back))
        else:
            raise Refused(409)
        return 200, {"id": str(hold), "state": "void"}

    def hold(self, db, hold):
        """A hold by its id."""
        row = db.execute("SELECT payee, amount, captured, refunded, state FROM holds WHERE id = ?", (hold,)).fetchone()
        if row is None:
            raise Refused(404)
        return row

    def line(self, db, kind, hold, *postings):
        """One entry of the journal."""
        text = json.dumps([{"account": account, "amount": str(amount), "currency": "USD"} for account, amount in postings])
        db.execute("INSERT INTO lines VALUES (NULL, ?, ?, ?)", (kind, hold, text))

    def journal(self, after):
        """The entries after a number, one a line."""
        with self.lock:
            rows = self.db.execute("SELECT * FROM lines WHERE seq > ? ORDER BY seq LIMIT 500", (after,)).fetchall()
        for seq, kind, hold, postings in rows:
            entry = {"seq": seq, "entry_id": f"e{seq}", "kind": kind, "payment_id": str(hold), "postings": json.loads(postings)}
            yield json.dumps(entry) + "\n"


def whole(body):
    """The amount of a body."""
    amount = body.get("amount")
    if not isinstance(amount, str) or not amount.isdecimal() or int(amount) < 1:
        raise Refused(400)
    return int(amount)


class Handler(BaseHTTPRequestHandler):
    """Four routes with a key, three without."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/readyz":
            self.reply(200, "{}")
        elif path == "/version":
            self.reply(200, json.dumps({"version": "1", "sha256": BUILD}))
        elif path == "/v2/journal" and self.admitted():
            self.reply(200, "".join(self.server.books.journal(int(query.removeprefix("after=") or 0))))
        else:
            self.reply(401 if path == "/v2/journal" else 404, "{}")

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        try:
            status, body = self.act(text)
        except Refused as refused:
            status, body = refused.args[0], "{}"
        self.reply(status, body)

    def act(self, text):
        """One mutation under its key."""
        books, parts, key = self.server.books, self.path.strip("/").split("/"), self.headers.get("Idempotency-Key")
        if not self.admitted():
            raise Refused(401)
        if not key:
            raise Refused(400)
        body = json.loads(text or "{}")
        if parts == ["v2", "holds"]:
            return books.once(f"{self.path} {key}", text, lambda db: books.reserve(db, body))
        match parts:
            case ["v2", "holds", hold, "capture"] if hold.isdecimal():
                return books.once(f"{self.path} {key}", text, lambda db: books.capture(db, int(hold), body))
            case ["v2", "holds", hold, "void"] if hold.isdecimal():
                return books.once(f"{self.path} {key}", text, lambda db: books.void(db, int(hold)))
        raise Refused(404)

    def admitted(self):
        """One API key."""
        return self.headers.get("Authorization") == f"Bearer {KEY}"

    def reply(self, status, body):
        """Whole, with its length."""
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Takes many connections at once."""

    daemon_threads, request_queue_size = True, 256


def main():
    """Serve, make the accounts, or print the OpenAPI document."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("serve", "seed", "openapi"))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--db")
    given = parser.parse_args()
    if given.what == "openapi":
        sys.stdout.write(json.dumps(openapi()))
    elif given.what == "seed":
        with closing(sqlite3.connect(given.db)) as db:
            fund(db)
        sys.stdout.write(json.dumps({"agent_key": KEY, "wallet_id": WALLET, "payee_ids": PAYEES}))
    else:
        server = Server(("127.0.0.1", given.port), Handler)
        server.books = Books(given.db)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            server.serve_forever(poll_interval=0.05)
        finally:  # the secret scan reads a database only when its log is closed
            with server.books.lock:
                server.books.db.close()


def fund(db):
    """A wallet with money, once."""
    db.executescript(SCHEMA)
    if not db.execute("SELECT 1 FROM lines").fetchone():
        postings = [{"account": "bank", "amount": "-100000000", "currency": "USD"}]
        postings.append({"account": f"wallet/{WALLET}/available", "amount": "100000000", "currency": "USD"})
        db.execute("INSERT INTO lines VALUES (NULL, 'fund', NULL, ?)", (json.dumps(postings),))
    db.commit()


if __name__ == "__main__":
    main()
