"""A small payment service that is not ours: other paths, other names, another key header, and defects that can be switched on.

It keeps its books in memory, honours idempotency keys (200 with the stored bytes), answers 503 once in a while, and prints one
JSON line when it is ready. Run as `python fake_service.py DEFECT`, DEFECT being `none` or a name in DEFECTS.
"""

import base64
import hashlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEFECTS = (
    "none",
    "double_settle",
    "lost_settle",
    "stuck_credit",
    "changed_replay",
    "double_reserve",
    "echo",
)
TOKEN = "Token agent-of-the-fake"  # noqa: S105  # opens nothing but this fake
POLICY_MAXIMUM = 100_000


class Books:
    """Entries, receipts, transfers and stored answers, under one lock."""

    def __init__(self, defect: str) -> None:
        self.defect = defect
        self.lock = threading.Lock()
        self.entries: list[dict] = []
        self.receipts: list[dict] = []
        self.transfers: dict[str, dict] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.seen: dict[str, int] = {}
        self.requests = 0
        self.post("fund", None, {"wallet/w-1/available": 10**12, "system/rail_clearing": -(10**12)})

    def post(self, kind: str, payment_id: str | None, moves: dict[str, int], amount: int = 0, fingerprint: str = "") -> None:
        """Book one entry and its receipt."""
        seq = len(self.entries) + 1
        postings = [{"account": name, "amount": str(value), "currency": "EUR"} for name, value in moves.items() if value]
        entry = {"seq": seq, "entry_id": f"e{seq}", "payment_id": payment_id, "kind": kind, "postings": postings}
        self.entries.append(entry)
        if kind == "fund":
            return
        digest = hashlib.sha256(json.dumps(postings, separators=(",", ":"), sort_keys=True).encode()).hexdigest()
        self.receipts.append(
            {
                "receipt_id": f"r{seq}",
                "kind": {"release": "reverse", "refund": "reverse"}.get(kind, kind),
                "subject": {"id": payment_id, "kind": "payment"},
                "money": {"amount": str(amount), "currency": "EUR"},
                "journal": {"entry_ids": [entry["entry_id"]], "postings_sha256": digest},
                "operation": {"request_fingerprint": fingerprint or None},
            }
        )

    def sums(self) -> dict[str, int]:
        """Every account's balance."""
        found: dict[str, int] = {}
        for entry in self.entries:
            for posting in entry["postings"]:
                found[posting["account"]] = found.get(posting["account"], 0) + int(posting["amount"])
        return found


def create(books: Books, body: dict, fingerprint: str) -> tuple[int, dict]:
    """Reserve."""
    amount = int(body["minor"])
    if amount > POLICY_MAXIMUM:
        return 403, {"reason": "too_much"}
    identity = f"t-{len(books.transfers) + 1}"
    books.transfers[identity] = {"hold": amount, "settled": 0, "state": "open", "to": body["to"]}
    books.post("reserve", identity, {"wallet/w-1/available": -amount, "wallet/w-1/held": amount}, amount, fingerprint)
    return 200, {"transfer": {"id": identity, "state": "open"}}


def capture(books: Books, identity: str, body: dict) -> tuple[int, dict]:
    """Settle, once and for all."""
    transfer = books.transfers[identity]
    amount = int(body["minor"])
    if transfer["state"] != "open" and books.defect != "double_settle":
        return 409, {"reason": f"is_{transfer['state']}"}
    rest = transfer["hold"] - amount
    number = len(books.entries)
    payee = f"payee/{transfer['to']}/payable"
    if books.defect == "stuck_credit" and number % 5 == 0:
        payee = "system/suspense"
    if not (books.defect == "lost_settle" and number % 5 == 0):
        moves = {"wallet/w-1/held": -transfer["hold"], payee: amount, "wallet/w-1/available": rest}
        books.post("settle", identity, moves, amount)
    transfer.update(hold=transfer["hold"] if books.defect == "double_settle" else 0, settled=amount, state="captured")
    return 200, {"transfer": {"id": identity, "state": "captured"}}


def cancel(books: Books, identity: str) -> tuple[int, dict]:
    """Release what is held, or refund what was captured."""
    transfer = books.transfers[identity]
    if transfer["state"] == "open":
        amount = transfer["hold"]
        books.post("release", identity, {"wallet/w-1/held": -amount, "wallet/w-1/available": amount}, amount)
    elif transfer["state"] == "captured":
        amount = transfer["settled"]
        books.post("refund", identity, {f"payee/{transfer['to']}/payable": -amount, "wallet/w-1/available": amount}, amount)
    else:
        return 409, {"reason": f"is_{transfer['state']}"}
    transfer.update(hold=0, state="cancelled")
    return 200, {"transfer": {"id": identity, "state": "cancelled"}}


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with kept connections."""

    protocol_version = "HTTP/1.1"
    books: Books
    timeout = 30

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(6, 1, 1)  # TCP_NODELAY

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.read()

    def read(self) -> None:
        """Answer one read."""
        books, (path, _, query) = self.books, self.path.partition("?")
        with books.lock:
            if path == "/up":
                self.answer(200, b"{}")
            elif path == "/journal" and books.defect == "echo":
                self.answer(403, f"not for {self.headers['Authorization']}".encode())
            elif path == "/journal":
                after = int(query.removeprefix("from="))
                page = books.entries[after : after + 200]
                self.answer(200, b"".join(json.dumps(entry).encode() + b"\n" for entry in page))
            elif path == "/slips":
                start = int(query.removeprefix("at=") or "0")
                items = [{"envelope": envelope(receipt)} for receipt in books.receipts[start : start + 200]]
                more = str(start + 200) if start + 200 < len(books.receipts) else None
                self.answer(200, json.dumps({"items": items, "next_cursor": more}).encode())
            elif path.startswith("/purses/"):
                sums, name = books.sums(), path.removeprefix("/purses/")
                view = {"available": str(sums[f"wallet/{name}/available"]), "held": str(sums.get(f"wallet/{name}/held", 0))}
                self.answer(200, json.dumps(view).encode())
            elif path.startswith("/shops/"):
                payable = books.sums().get(f"payee/{path.removeprefix('/shops/')}/payable", 0)
                self.answer(200, json.dumps({"payable": str(payable)}).encode())
            else:
                self.answer(404, b"{}")

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        key = f"{self.path} {self.headers['X-Once']}"
        if self.headers["Authorization"] != TOKEN:
            self.answer(401, b"{}")
            return
        with self.books.lock:
            self.books.requests += 1
            if self.books.requests % 23 == 0:
                self.answer(503, b'{"reason":"tired"}')
                return
            status, body = self.once(key, data)
        self.answer(status, body)

    def once(self, key: str, data: bytes) -> tuple[int, bytes]:
        """The stored answer, or the first one."""
        books = self.books
        stored = books.answers.get(key)
        books.seen[key] = books.seen.get(key, 0) + 1
        forgetful = {"double_settle": "/capture ", "double_reserve": "/transfers "}.get(books.defect)
        if stored is not None and not (forgetful and forgetful in key):
            if books.defect == "changed_replay" and books.seen[key] == 3:
                return stored[0], stored[1] + b" "
            return stored
        body, parts = json.loads(data), key.split(" ", maxsplit=1)[0].strip("/").split("/")
        if len(parts) == 1:
            status, answer = create(books, body, hashlib.sha256(data).hexdigest())
        elif parts[1] not in books.transfers or parts[2] not in ("capture", "cancel"):
            return 404, b'{"reason":"no_such_thing"}'
        elif parts[2] == "capture":
            status, answer = capture(books, parts[1], body)
        else:
            status, answer = cancel(books, parts[1])
        if stored is not None:
            return stored  # the effect twice, the answer once: what only the books can show
        books.answers[key] = (status, json.dumps(answer).encode())
        return books.answers[key]

    def answer(self, status: int, body: bytes) -> None:
        """Send; a client that has gone is its own affair."""
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    """Quiet about clients that close their sockets."""

    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """A reset connection is what the storm is made of."""


def envelope(receipt: dict) -> dict:
    """The receipt where a DSSE envelope carries it; nobody here looks at the signature."""
    payload = base64.b64encode(json.dumps(receipt).encode()).decode()
    return {"payloadType": "application/vnd.gonogo.receipt.v2+json", "payload": payload, "signatures": []}


def main() -> None:
    """Serve until killed."""
    assert sys.argv[1] in DEFECTS, f"no such defect: {sys.argv[1]}"
    Handler.books = Books(sys.argv[1])
    server = Server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    sys.stdout.write(json.dumps({"event": "ready", "url": url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
