"""What the payment services of the tests that pay out through a rail have in common: their routes, and a request to the rail."""

import http.client
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def ask_rail(rail, timeout_s, method, path, body, key):
    """Status and bytes of one answer of the rail at a split URL; raises OSError or HTTPException where none comes in time."""
    connection = http.client.HTTPConnection(rail.hostname, rail.port, timeout=timeout_s)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), {"Idempotency-Key": key})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Handler(BaseHTTPRequestHandler):
    """POST /hold and /hold/X/take say yes; POST /outs pays; GET /outs and /outs/X tell. `payer` has hold, ask and known."""

    protocol_version = "HTTP/1.1"
    payer = None

    def do_POST(self):
        """Mutations."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
        if self.path == "/outs":
            self.answer(202, self.payer.ask(self.headers["X-Once"], body))
        else:
            self.payer.hold()
            self.answer(200, {"id": "h-1"})

    def do_GET(self):
        """Reads."""
        name = self.path.partition("?")[0].removeprefix("/outs").strip("/")
        known = [] if self.path == "/up" else self.payer.known()
        found = [item for item in known if item["payout_id"] == name]
        if self.path == "/up" or not name:
            self.answer(200, {"items": known})
        else:
            self.answer(200 if found else 404, found[0] if found else {})

    def answer(self, status, value):
        """Send JSON."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def serve(port, payer):
    """Until killed."""
    Handler.payer = payer
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
