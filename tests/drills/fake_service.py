"""A payment service in a few lines: a real process on loopback that can be killed, with a file as its database."""

import argparse
import json
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Ready as soon as it listens; a file beside the database puts it into a mode.

    `bad` is another build that fails many payments, `quiet` another one without a defect, `down` answers only 503.
    """

    def do_GET(self):
        mode = self.server.mode.read_text().strip() if self.server.mode.exists() else "good"
        build = "cd" * 32 if mode in ("bad", "quiet") else self.server.build
        body = json.dumps({"build": build}).encode()
        defect = mode == "bad" and self.path.startswith("/pay/") and time.monotonic_ns() // 10_000_000 % 2
        self.send_response(503 if mode == "down" else 500 if defect else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Say nothing."""


def say(value):
    """One JSON line on stdout, at once."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def serve(port, db, build):
    """Listen until SIGTERM."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.build = build
    server.mode = Path(db + ".mode")
    url = f"http://127.0.0.1:{server.server_port}"
    say({"event": "ready", "url": url, "build": build})
    server.serve_forever(poll_interval=0.02)


def main():
    """serve, seed, fail, mute (runs, never gets ready), fragile (starts once), stubborn (ignores SIGTERM)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--db", default="")
    parser.add_argument("--build", default="ab" * 32)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    match given.what:
        case "seed":
            tenants = Path(given.db + ".tenants")
            known = tenants.read_text() if tenants.exists() else ""
            tenants.write_text(known + "t")
            say({"tenant_id": f"tnt_{len(known) + 1}", "agent_key": "k", "payee_ids": ["a", "b", "c"]})
        case "fail":
            sys.exit("no such option")
        case "mute":
            time.sleep(60)
        case "fragile":  # the first start is the last one that works
            broken = Path(given.db + ".broken")
            if broken.exists():
                sys.exit("the database is corrupt")
            broken.touch()
            serve(given.port, given.db, given.build)
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            serve(given.port, given.db, given.build)
        case _:
            serve(given.port, given.db, given.build)


if __name__ == "__main__":
    main()
