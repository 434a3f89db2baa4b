"""What the fake payment services share as HTTP servers: connections, credentials, and the odd ways in which answers can come.

Correct oddities: `gzip`, `http10`, `slow`. Answers that do not fit a target file: `redirects`, `html`, `accepts` (202 for each
2xx), `settle404`, `fails` (500), `skewed` (its clock is an hour ahead). Each shape has more of its own.
"""

import argparse
import gzip
import json
import os
import sys
import time
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from fake_shop import FAULTS, Refused, Shop

from gates.schema.time import system_clock

ODD = ("gzip", "http10", "slow", "redirects", "html", "accepts", "settle404", "fails", "skewed")
_SLOW_S = 0.05


class Call(NamedTuple):
    """One request: its path in parts, its query, its headers and its body."""

    method: str
    parts: list[str]
    query: dict[str, str]
    headers: object
    body: bytes


class Shape:
    """One service: a subclass says who may call it, what it answers, and what its own oddities are.

    `respond` returns a status and a value for JSON (None: an empty body), and raises Refused.
    """

    odd: tuple[str, ...] = ()

    def __init__(self, shop, odd=()):
        self.shop, self.ways = shop, set(odd)

    def admits(self, headers):
        """Whether the credential is right."""
        raise NotImplementedError

    def respond(self, call):
        """One request in, status and value out."""
        raise NotImplementedError

    def refusal(self, refused):
        """The body of a refusal."""
        return {"error": refused.code}

    def more_headers(self, call, value):  # noqa: ARG002  # for the shapes that page by a header
        """Headers of an answer."""
        return {}


def handler_of(shape):
    """A handler class that serves the shape."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0" if "http10" in shape.ways else "HTTP/1.1"
        timeout = 30
        wbufsize = -1  # one segment an answer
        disable_nagle_algorithm = True

        def handle_any(self):
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            call = Call(self.command, url.path.strip("/").split("/"), query, self.headers, body)
            status, value, headers = answer_to(shape, call)
            data = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
            if "gzip" in shape.ways and data:
                data, headers = gzip.compress(data, mtime=0), {**headers, "Content-Encoding": "gzip"}
            self.send(status, data, headers)

        do_GET = do_POST = handle_any  # noqa: N815  # the names that http.server calls

        def send(self, status, data, headers):
            try:
                self.send_response_only(status)
                ahead = timedelta(hours=1 if "skewed" in shape.ways else 0)
                self.send_header("Date", format_datetime(system_clock() + ahead, usegmt=True))
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:  # a client that has gone
                self.close_connection = True

        def log_message(self, *_arguments):
            """Say nothing."""

    return Handler


JSON = {"Content-Type": "application/json"}


def answer_to(shape, call):
    """The answer of the shape in the way that is switched on: status, value and headers."""
    if call.parts == ["ready"]:
        return 200, {"ready": True}, JSON
    if not shape.admits(call.headers):
        return 401, {"error": "who_are_you", "given": call.headers.get("Authorization")}, JSON
    if call.method == "POST":
        misfit = next((answer for way, answer in misfits(call).items() if way in shape.ways), None)
        if misfit is not None:
            return misfit
    if call.method == "POST" and "slow" in shape.ways:
        time.sleep(_SLOW_S)
    try:
        status, value = shape.respond(call)
    except Refused as refused:
        return refused.status, shape.refusal(refused), JSON
    if call.method == "POST" and "accepts" in shape.ways:
        status = 202
    return status, value, {**(JSON if value is not None else {}), **shape.more_headers(call, value)}


def misfits(call):
    """By way, an answer to a mutation that does not fit the target file; a refusal repeats the credential, as some do."""
    found = {
        "redirects": (308, None, {"Location": "/v2/" + "/".join(call.parts)}),
        "html": (200, b"<html>please sign in</html>", {"Content-Type": "text/html; charset=utf-8"}),
        "fails": (500, {"error": "oops"}, JSON),
    }
    if call.parts[-1] == "capture":
        found["settle404"] = 404, {"error": "no_such_path", "given": call.headers.get("Authorization")}, JSON
    return found


class Server(ThreadingHTTPServer):
    """Quiet about clients that close their sockets."""

    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_arguments):
        """A reset connection is what a storm is made of."""


def serve(shape_type):
    """Serve until killed, as the command line says; prints one JSON line when ready."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", choices=FAULTS, default="none")
    parser.add_argument("--odd", choices=(*ODD, *shape_type.odd), action="append", default=[])
    given = parser.parse_args()
    server = Server(("127.0.0.1", given.port), handler_of(shape_type(Shop(given.fault), given.odd)))
    url = f"http://127.0.0.1:{server.server_address[1]}"
    sys.stdout.write(json.dumps({"event": "ready", "url": url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    server.serve_forever()
