"""A service in this process, on a free loopback port."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(service, *, tls=None, host="127.0.0.1") -> Iterator[str]:
    """The URL of the service for as long as the block runs; its method `answer` gets method, target, headers and body.

    With `tls`, an SSLContext of a server, over HTTPS.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one segment an answer
        disable_nagle_algorithm = True

        def handle_any(self):
            length = int(self.headers.get("Content-Length") or 0)
            with lock:
                status, headers, body = service.answer(self.command, self.path, self.headers, self.rfile.read(length))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0" if self.command == "HEAD" else str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = handle_any  # noqa: N815  # the names that http.server calls

        def log_message(self, *_arguments):
            """Say nothing."""

    lock = threading.Lock()

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        daemon_threads = True
        request_queue_size = 256

        def finish_request(self, request, client_address):
            """The handshake belongs to the connection's own thread: a client that trusts nobody holds up nobody else."""
            if tls is None:
                super().finish_request(request, client_address)
                return
            with tls.wrap_socket(request, server_side=True) as wrapped:
                super().finish_request(wrapped, client_address)

        def handle_error(self, *_arguments):
            """A client that hangs up is what many tests are about."""

    server = Server((host, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        shown = f"[{host}]" if ":" in host else host
        yield f"http{'' if tls is None else 's'}://{shown}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
