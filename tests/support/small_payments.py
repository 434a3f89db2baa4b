"""A small payment service that is not ours, for runbooks/your-own-service.md: intents, captures and refunds in SQLite.

`small_payments.py serve --port P --db D`, `small_payments.py seed --db D`, `small_payments.py openapi`. It has a race: see LOCKS.
"""

import argparse
import hashlib
import json
import signal
import sqlite3
import sys
import threading
from collections import Counter, defaultdict
from contextlib import closing, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BUILD = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
KEY, CUSTOMER, MERCHANTS, LIMIT = "small-payments-test-key-1", "cus_1", ["mer_1", "mer_2", "mer_3"], 100_000
LOCKS = defaultdict(nullcontext)  # one lock an intent; nobody captures one twice at once, or do they?
SCHEMA = """
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS intents (id INTEGER PRIMARY KEY, merchant TEXT, amount INTEGER, state TEXT);
CREATE TABLE IF NOT EXISTS captures (id INTEGER PRIMARY KEY, intent INTEGER, amount INTEGER, status TEXT);
CREATE TABLE IF NOT EXISTS requests (id INTEGER PRIMARY KEY, intent INTEGER, amount INTEGER);
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, status INTEGER, body TEXT);
"""


class Refused(Exception):
    """A status; nothing was done."""


@contextmanager
def connection(path):
    """A connection of its own for each request; every commit is durable."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=FULL")
        yield db


@contextmanager
def transaction(db):
    """All or nothing, one writer at a time."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def once(db, key, act):
    """The stored answer of a key, or what `act` answers now."""
    with transaction(db):
        row = db.execute("SELECT status, body FROM answers WHERE key = ?", (key,)).fetchone()
        if row is None:
            row = act()
            db.execute("INSERT INTO answers VALUES (?, ?, ?)", (key, *row))
        return row


def make_intent(db, body):
    """An intent that can be captured; more than the limit is declined."""
    amount = whole(body)
    if body.get("customer") != CUSTOMER or body.get("merchant") not in MERCHANTS:
        raise Refused(404)
    if amount > LIMIT:
        raise Refused(402)
    made = db.execute("INSERT INTO intents VALUES (NULL, ?, ?, 'open')", (body["merchant"], amount)).lastrowid
    return answer(201, made, "open")


def capture(db, key, intent, body):
    """Take the money, once an intent: look, write down what is requested of the bank, then book."""
    row = db.execute("SELECT status, body FROM answers WHERE key = ?", (key,)).fetchone()
    if row is not None:
        return row
    amount, state = find(db, intent)
    taken = whole(body)
    if state != "open" or taken > amount:
        raise Refused(409)
    with transaction(db):  # durable before the money moves
        db.execute("INSERT INTO requests VALUES (NULL, ?, ?)", (intent, taken))
    with transaction(db):
        db.execute("UPDATE intents SET state = 'captured' WHERE id = ?", (intent,))
        db.execute("INSERT INTO captures VALUES (NULL, ?, ?, 'succeeded')", (intent, taken))
        row = answer(200, intent, "captured")
        db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (key, *row))
    return row


def cancel(db, intent):
    """An open intent is cancelled, a captured one refunded."""
    _, state = find(db, intent)
    if state not in ("open", "captured"):
        raise Refused(409)
    db.execute("UPDATE intents SET state = 'canceled' WHERE id = ?", (intent,))
    db.execute("UPDATE captures SET status = 'refunded' WHERE intent = ?", (intent,))
    return answer(200, intent, "canceled")


def find(db, intent):
    """The amount and the state of an intent."""
    row = db.execute("SELECT amount, state FROM intents WHERE id = ?", (intent,)).fetchone()
    if row is None:
        raise Refused(404)
    return row


def answer(status, intent, state):
    """What a mutation answers."""
    return status, json.dumps({"id": f"pi_{intent}", "state": state})


def whole(body):
    """The amount of a body, in minor units."""
    amount = body.get("amount")
    if type(amount) is not int or amount < 1:
        raise Refused(400)
    return amount


class Handler(BaseHTTPRequestHandler):
    """Three routes that need the key, three that do not."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/healthz":
            self.reply(200, "{}")
        elif path == "/version":
            self.reply(200, json.dumps({"commit": BUILD}))
        elif path == "/metrics":
            self.reply(200, self.server.metrics(), "text/plain; version=0.0.4")
        elif path == "/v1/captures" and self.admitted():
            self.reply(200, self.captures(int(query.removeprefix("starting_after=") or 0)))
        else:
            self.reply(401 if path == "/v1/captures" else 404, "{}")

    def captures(self, after):
        """A page of the captures, oldest first."""
        with connection(self.server.path) as db:
            rows = db.execute("SELECT * FROM captures WHERE id > ? ORDER BY id LIMIT 101", (after,)).fetchall()
        names = ("id", "intent", "amount", "status")
        data = [dict(zip(names, (row[0], f"pi_{row[1]}", *row[2:]), strict=True)) for row in rows[:100]]
        return json.dumps({"data": data, "has_more": len(rows) > 100})

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        try:
            status, body = self.act(json.loads(text or "{}"))
        except Refused as refused:
            status, body = refused.args[0], "{}"
        self.reply(status, body)

    def act(self, body):
        """One mutation under its key."""
        if not self.admitted():
            raise Refused(401)
        if not self.headers.get("Idempotency-Key"):
            raise Refused(400)
        key = f"{self.path} {self.headers['Idempotency-Key']}"
        with connection(self.server.path) as db:
            match self.path.strip("/").split("/"):
                case ["v1", "intents"]:
                    return once(db, key, lambda: make_intent(db, body))
                case ["v1", "intents", name, "capture"]:
                    intent = number(name)
                    with LOCKS[intent]:
                        return capture(db, key, intent, body)
                case ["v1", "intents", name, "cancel"]:
                    intent = number(name)
                    with LOCKS[intent]:
                        return once(db, key, lambda: cancel(db, intent))
        raise Refused(404)

    def admitted(self):
        """One API key."""
        return self.headers.get("Authorization") == f"Bearer {KEY}"

    def reply(self, status, body, kind="application/json"):
        """Whole, with its length, and counted."""
        data = body.encode()
        self.server.count(status)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def number(name):
    """The number in an intent's id."""
    if not name.removeprefix("pi_").isdecimal():
        raise Refused(404)
    return int(name.removeprefix("pi_"))


class Server(ThreadingHTTPServer):
    """Takes many connections at once, and counts what it answers."""

    daemon_threads, request_queue_size = True, 256

    def __init__(self, port, path):
        super().__init__(("127.0.0.1", port), Handler)
        self.path, self.counted, self.counting = path, Counter({200: 0, 500: 0}), threading.Lock()

    def handle_error(self, request, client_address):
        """A client that went away is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def count(self, status):
        """One more answer."""
        with self.counting:
            self.counted[status] += 1

    def metrics(self):
        """The counts, in the text format of Prometheus."""
        with self.counting:
            lines = [f'http_requests_total{{code="{code}"}} {number}\n' for code, number in sorted(self.counted.items())]
        return "# TYPE http_requests_total counter\n" + "".join(lines)


def openapi():
    """The OpenAPI document."""
    intent = {"type": "object", "properties": {"id": {"type": "string"}, "state": {"type": "string"}}}
    version = {"type": "object", "properties": {"commit": {"type": "string"}}}
    kinds = {"customer": "string", "merchant": "string", "amount": "integer"}
    text = {"type": "string"}
    status = {"type": "string", "enum": ["succeeded", "refunded"]}
    capture = {"type": "object", "properties": {"id": text, "intent": text, "amount": {"type": "integer"}, "status": status}}
    captures = {"data": {"type": "array", "items": capture}, "has_more": {"type": "boolean"}}
    after = {"name": "starting_after", "in": "query", "schema": text}

    def answers(status, schema):
        return {str(status): {"description": "done", "content": {"application/json": {"schema": schema}}}}

    def post(status, *fields):
        body = {"type": "object", "required": [*fields], "properties": {name: {"type": kinds[name]} for name in fields}}
        key = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}}
        content = {"content": {"application/json": {"schema": body}}}
        return {"post": {"parameters": [key], "requestBody": content, "responses": answers(status, intent)}}

    paths = {
        "/healthz": {"get": {"responses": answers(200, {})}},
        "/version": {"get": {"responses": answers(200, version)}},
        "/v1/intents": post(201, "customer", "merchant", "amount"),
        "/v1/intents/{intent_id}/capture": post(200, "amount"),
        "/v1/intents/{intent_id}/cancel": post(200),
        "/v1/captures": {"get": {"parameters": [after], "responses": answers(200, {"type": "object", "properties": captures})}},
    }
    return {"openapi": "3.1.0", "info": {"title": "Small payments", "version": "1"}, "paths": paths}


def main():
    """Serve, make the accounts, or print the OpenAPI document."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("serve", "seed", "openapi"))
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--db")
    given = parser.parse_args()
    if given.what == "openapi":
        sys.stdout.write(json.dumps(openapi(), indent=2) + "\n")
        return
    with connection(given.db) as db:
        db.executescript(SCHEMA)
    if given.what == "seed":
        sys.stdout.write(json.dumps({"agent_key": KEY, "wallet_id": CUSTOMER, "payee_ids": MERCHANTS}) + "\n")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Server(given.port, given.db).serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
