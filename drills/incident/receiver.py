"""The webhook of a rehearsal: it writes down each notification of the Alertmanager, durably, before it answers.

Run as a process of its own: `python -m drills.incident.receiver --out FILE`; its ready line has its address. The path begins with
a word that only this rehearsal's Alertmanager gets: what anybody else sends is no page, such as the Alertmanager of an earlier
rehearsal to a port that is used again.
"""

import argparse
import os
import secrets
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

import msgspec

from drills.incident.pages import Payload
from gates.schema.time import format_utc, monotonic_s, system_clock

LARGEST = 1 << 20
"""The largest notification, in bytes."""

MOST = 10_000
"""The most notifications of one rehearsal: beyond them it answers 507, so that no loop of alerts fills the disk."""

_HOST, _IDLE_S = "127.0.0.1", 10.0


class _Book:
    """The file that holds what arrived, one line each."""

    def __init__(self, path: Path) -> None:
        self._file, self._lock, self._seq = path.open("ab"), Lock(), 0

    def add(self, path: str, body: bytes) -> bool:
        """Append one notification, which is JSON, and sync it; False if there are too many."""
        with self._lock:
            if self._seq >= MOST:
                return False
            self._seq += 1
            line = {
                "seq": self._seq,
                "at": format_utc(system_clock()),
                "monotonic_ns": int(monotonic_s() * 1e9),
                "path": path,
                "payload": msgspec.Raw(body),
            }
            self._file.write(msgspec.json.encode(line) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    book: _Book
    prefix: str


class _Handler(BaseHTTPRequestHandler):
    timeout = _IDLE_S
    server: _Server

    def do_POST(self) -> None:
        """One notification."""
        self._answer(self._take())

    def _take(self) -> int:
        place, mark, rest = self.path.partition(self.server.prefix)
        if place or not mark or not rest.startswith("/"):
            return 404
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            return 411
        if int(length) > LARGEST:
            return 413
        body = self.rfile.read(int(length))
        try:
            msgspec.json.decode(body, type=Payload)
            body = msgspec.json.format(body, indent=-1)  # a line end between members would end the line
        except (msgspec.MsgspecError, RecursionError):
            return 400
        return 200 if self.server.book.add(rest, body) else 507

    def _answer(self, status: int) -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """What arrived is in the file."""


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    with _Server((_HOST, 0), _Handler) as server:
        server.book, server.prefix = _Book(out), f"/{secrets.token_hex(16)}"
        ready = {"event": "ready", "url": f"http://{_HOST}:{server.server_port}{server.prefix}"}
        sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
        sys.stdout.flush()
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
