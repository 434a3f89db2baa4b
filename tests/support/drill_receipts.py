"""A payment service in a few lines that signs receipts, with keys that can be rotated and revoked, and one defect at a time."""

import argparse
import http.client
import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from receipt_members import changed

from gates.evidence.dsse import Signer
from gates.probes.corpus import receipt_payloads
from gates.schema.canonical import sha256_hex

DEFECTS = (
    "none",
    "stubborn",  # it publishes the new key and signs on with the old one
    "forgetful",  # it no longer publishes a retired key
    "sparing",  # some settles leave no receipt
    "decoy",  # the key file that can be copied is of another key
)
PAGE = 100
TEMPLATES = [json.loads(payload) for payload in receipt_payloads()]


class Books:
    """Receipts and keys, under one lock."""

    def __init__(self, defect, db):
        self.defect, self.db, self.lock, self.seq = defect, db, threading.Lock(), 0
        self.keys, self.events, self.retired, self.revoked = [], [], set(), set()
        self.receipts, self.made = [], {}
        self.add_key()

    def position(self):
        """The next position of the journal."""
        self.seq += 1
        return self.seq

    def event(self, keyid, what):
        """One event of a key's life."""
        self.events.append({"at": "2026-11-23T10:00:00.000Z", "event": what, "keyid": keyid, "seq": self.position()})

    def add_key(self):
        """Another key; the defect decides whether it signs."""
        private = Ed25519PrivateKey.generate()
        self.keys.append(Signer(private))
        self.event(self.keys[-1].keyid, "active")
        copied = Ed25519PrivateKey.generate() if self.defect == "decoy" else private
        Path(f"{self.db}.key").write_bytes(copied.private_bytes_raw())

    def end_key(self, keyid, what):
        """Retire or revoke it, and have another one."""
        (self.retired if what == "retired" else self.revoked).add(keyid)
        self.event(keyid, what)
        self.add_key()

    def signer(self):
        """The key that signs now."""
        return self.keys[0 if self.defect == "stubborn" else -1]

    def sign(self, number, operation):
        """The receipt of an operation, once."""
        step = 1 if operation == "reserve" else 2
        if (number, step) in self.made or (self.defect == "sparing" and step == 2 and int(number) % 20 == 0):
            return
        signer, name = self.signer(), f"{number}_{step}"
        content = changed(
            TEMPLATES[step - 1],
            receipt_id=f"rcp_{name}",
            payment_id=f"pay_{number}",
            operation_id=f"op_{name}",
            entry_ids=[f"ent_{name}"],
            journal_seq=self.position(),
            key_id=signer.keyid,
            previous_receipt_sha256=self.made.get((number, 1)) if step == 2 else None,
        )
        data = rfc8785.dumps(content)
        self.made[number, step] = sha256_hex(data)
        self.receipts.append(msgspec.to_builtins(signer.sign("application/vnd.gonogo.receipt.v2+json", data)))

    def jwks(self):
        """What it publishes."""
        gone = self.retired if self.defect == "forgetful" else set()
        uses = {True: "revoked", False: "sig"}
        keys = [{**key.jwk, "use": uses[key.keyid in self.revoked]} for key in self.keys if key.keyid not in gone]
        return {"keys": keys, "key_events": [event for event in self.events if event["keyid"] not in gone]}


class Handler(BaseHTTPRequestHandler):
    """Payments, receipts, keys, and the controls of its operator."""

    def do_GET(self):
        url = urlsplit(self.path)
        words = url.path.strip("/").split("/")
        with self.server.books.lock:
            found = self.answer(words, parse_qs(url.query))
        body = json.dumps({} if found is None else found).encode()
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, words, query):
        """The document at a path."""
        books = self.server.books
        match words:
            case ["pay", number, operation]:
                books.sign(number, operation)
            case ["payments", payment_id]:
                return {} if (payment_id.removeprefix("pay_"), 1) in books.made else None
            case ["keys"]:
                return books.jwks()
            case ["receipts"]:
                start = int(query.get("cursor", ["0"])[0] or 0)
                more = start + PAGE if start + PAGE < len(books.receipts) else None
                items = [{"envelope": item} for item in books.receipts[start : start + PAGE]]
                return {"items": items, "next_cursor": str(more) if more else None}
            case ["rotate"]:
                books.end_key(books.keys[-1].keyid, "retired")
            case ["revoke", keyid]:
                books.end_key(keyid, "revoked")
        return {"build": "ab" * 32}

    def log_message(self, *args):
        """Say nothing."""


def call(port, path):
    """Send one order to the running service."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    if connection.getresponse().status != 200:
        sys.exit("refused")


def main():
    """Serve, or send an order to the service that does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("serve", "rotate", "revoke"))
    parser.add_argument("--port", type=int)
    parser.add_argument("--db", default="")
    parser.add_argument("--defect", choices=DEFECTS, default="none")
    parser.add_argument("--keyid", default="")
    given = parser.parse_args()
    if given.what != "serve":
        call(given.port, "/rotate" if given.what == "rotate" else f"/revoke/{given.keyid}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
    server.books = Books(given.defect, given.db)
    server.serve_forever(poll_interval=0.02)


if __name__ == "__main__":
    main()
