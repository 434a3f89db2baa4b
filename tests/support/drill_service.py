"""A payment service in a few lines: a real process on loopback that can be killed, with a file as its database."""

import argparse
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Ready as soon as it listens; a file beside the database puts it into a mode.

    `bad` is another build that fails many payments, `quiet` another one without a defect, `down` answers only 503, `paused`
    takes no new reserve and `closed` takes nothing; every mode is also what it reports as its mode.
    """

    def do_GET(self):
        closed = self.server.mode.exists() and self.server.mode.read_text().strip() == "closed"
        if self.server.keeping and self.path.startswith("/pay/"):
            self.send_status(503) if closed else self.keep()
            return
        if self.path.startswith("/v1/ledger?after="):
            self.send_ledger(int(self.path.rpartition("=")[2]))
            return
        said = self.server.mode.read_text().strip() if self.server.mode.exists() else "good"
        mode = self.server.release or said
        build = "cd" * 32 if mode in ("bad", "quiet") else self.server.build
        started = f"# of this start\nprocess_start_time_seconds {self.server.instance.partition('-')[2]}\n"
        body = (
            started.encode()
            if self.path == "/metrics"
            else json.dumps({"build": build, "instance": self.server.instance, "pid": os.getpid(), "mode": mode}).encode()
        )
        defect = mode == "bad" and self.path.startswith("/pay/") and time.monotonic_ns() // 10_000_000 % 2
        refused = mode == "down" or (mode == "closed" and self.path.startswith("/pay/"))
        refused = refused or (mode == "paused" and self.path.endswith("/reserve"))
        self.send_response(503 if refused else 500 if defect else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Instance", self.server.instance)
        self.send_header("X-Request", str(time.monotonic_ns()))
        self.end_headers()
        self.wfile.write(body)

    def keep(self):
        """Write the payment down and sync it before it is acknowledged, with the one defect that the server may have."""
        try:
            with self.server.book_lock, Path(self.server.book).open("ab") as book:
                book.write(self.path.encode().ljust(2000) + b"\n")
                book.flush()
                os.fsync(book.fileno())
            status = 200
        except OSError:
            if self.server.keeping == "silent":
                return
            status = 200 if self.server.keeping == "careless" else 503
        self.send_status(status)

    def send_status(self, status):
        """A status alone."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_ledger(self, after):
        """The book as a ledger: the first line of each operation of each payment, an entry a line."""
        with self.server.book_lock:
            kept = Path(self.server.book).read_bytes().split()
        first = {path: seq for seq, path in reversed(list(enumerate(kept, 1)))}
        sides = {"reserve": ("wallet/w/available", "wallet/w/held"), "settle": ("wallet/w/held", "payee/p/payable")}
        lines = []
        for path, seq in sorted(first.items(), key=lambda item: item[1]):
            payment, kind = path.decode().split("/")[2:]
            moved = zip(sides[kind], ("-5", "5"), strict=True)
            postings = [{"account": account, "amount": amount, "currency": "USD"} for account, amount in moved]
            entry = {"seq": seq, "entry_id": seq, "kind": kind, "payment_id": f"pay_{payment}", "postings": postings}
            lines += [json.dumps(entry).encode() + b"\n"] if seq > after else []
        self.send_response(200)
        self.send_header("Content-Length", str(sum(map(len, lines))))
        self.end_headers()
        self.wfile.write(b"".join(lines))

    def log_message(self, *args):
        """Say nothing."""


def say(value):
    """One JSON line on stdout, at once."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def serve(port, db, build, heir=False, keeping="", release=""):
    """Listen until SIGTERM; `heir` leaves the listening socket to a process in a session of its own.

    `keeping` syncs each payment to the database: `careful`, `silent` (hangs up if that fails) or `careless` (never mind).
    `release` is a mode that it is always in.
    """
    # Under libfaketime the wait of one Python thread for another spins, and two threads hardly get on.
    kind = HTTPServer if "FAKETIME_TIMESTAMP_FILE" in os.environ else ThreadingHTTPServer
    server = kind(("127.0.0.1", port), Handler)
    server.keeping, server.book, server.book_lock = keeping, db, threading.Lock()
    if heir:
        waiting = [sys.executable, "-I", "-c", "import time; time.sleep(60)"]
        Path(db + ".pid").write_text(str(detached(waiting, db, [server.fileno()]).pid))
    server.build, server.instance = build, f"{os.getpid()}-{time.monotonic_ns()}"
    server.mode, server.release = Path(db + ".mode"), release
    url = f"http://127.0.0.1:{server.server_port}"
    say({"event": "ready", "url": url, "build": build})
    server.serve_forever(poll_interval=0.02)


def detached(argv, db, keep=()):
    """Start a process in a session of its own, as those that a drill did not start."""
    environ = {name: value for name, value in os.environ.items() if name != "GONOGO_DRILL_RUN"}
    with Path(db + ".log").open("ab") as log:
        return subprocess.Popen(argv, env=environ, stdout=log, stderr=log, start_new_session=True, pass_fds=keep)


def up(port, db, build, way="serve"):
    """Have it running in a session of its own, as a service that others run; returns when it answers."""
    if answers(port):
        return
    argv = [sys.executable, "-I", __file__, way, "--port", str(port), "--db", db, "--build", build]
    Path(db + ".pid").write_text(str(detached(argv, db).pid))
    while not answers(port):
        time.sleep(0.01)


def down(db):
    """SIGKILL for it."""
    pid = Path(db + ".pid")
    if pid.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGKILL)
        pid.unlink()


def answers(port):
    """Whether something answers there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def seed(given):
    """The accounts of a tenant."""
    tenants = Path(given.db + ".tenants")
    known = tenants.read_text() if tenants.exists() else ""
    tenants.write_text(known + "t")
    say({"tenant_id": f"tnt_{len(known) + 1}", "agent_key": "k", "payee_ids": ["a", "b", "c"]})


def fragile(given):
    """The first start is the last one that works."""
    broken = Path(given.db + ".broken")
    if broken.exists():
        sys.exit("the database is corrupt")
    broken.touch()
    serve(given.port, given.db, given.build)


def stubborn(given):
    """It ignores SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve(given.port, given.db, given.build)


def littering(given):
    """It starts a process in a session of its own, which nobody ends."""
    waiting = [sys.executable, "-I", "-c", "import time; time.sleep(60)"]
    subprocess.Popen(waiting, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    serve(given.port, given.db, given.build)


def outside(given):
    """The listening process is another one, which a kill does not reach."""
    up(given.port, given.db, given.build)
    time.sleep(60)


WAYS = {
    "serve": lambda given: serve(given.port, given.db, given.build),
    "bad": lambda given: serve(given.port, given.db, given.build, release="bad"),
    "quiet": lambda given: serve(given.port, given.db, given.build, release="quiet"),
    "seed": seed,
    "up": lambda given: up(given.port, given.db, given.build),  # others run it
    "up-careful": lambda given: up(given.port, given.db, given.build, "careful"),
    "down": lambda given: down(given.db),
    "fail": lambda _given: sys.exit("no such option"),
    "mute": lambda _given: time.sleep(60),  # it runs and never gets ready
    "fragile": fragile,
    "stubborn": stubborn,
    "littering": littering,
    "outside": outside,
    "heir": lambda given: serve(given.port, given.db, given.build, heir=True),  # another process keeps its listening socket
    "careful": lambda given: serve(given.port, given.db, given.build, keeping="careful"),
    "silent": lambda given: serve(given.port, given.db, given.build, keeping="silent"),
    "careless": lambda given: serve(given.port, given.db, given.build, keeping="careless"),
    "elsewhere": lambda _given: say({"base_url": "http://127.0.0.1:9"}),  # a seed command that names another service's address
}


def main():
    """Run it in one of its ways."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=WAYS)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--db", default="")
    parser.add_argument("--build", default="ab" * 32)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    WAYS[given.what](given)


if __name__ == "__main__":
    main()
