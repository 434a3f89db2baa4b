"""A small service with metrics that a test can change, for a real Prometheus to watch."""

import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import msgspec


class Metrics:
    """The values that it shows; `down` lets it answer 503."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {"shop_errors": 0.0}
        self.down = False
        self.url = ""


@contextmanager
def metrics_service() -> Iterator[Metrics]:
    """Serve until the test is over."""
    metrics = Metrics()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = "".join(f"{name} {value}\n" for name, value in metrics.values.items()).encode()
            self.send_response(503 if metrics.down else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        metrics.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield metrics
        finally:
            server.shutdown()
            thread.join()


def write_rules(folder: Path, *rules: dict[str, object]) -> Path:
    """A folder with one file of these rules, and a watchdog."""
    folder.mkdir(parents=True, exist_ok=True)
    watchdog = {"alert": "Watchdog", "expr": "vector(1)", "labels": {"severity": "watchdog"}}
    (folder / "own.rules.yaml").write_bytes(msgspec.yaml.encode({"groups": [{"name": "own", "rules": [*rules, watchdog]}]}))
    return folder


ERRORS = {
    "alert": "ShopErrors",
    "expr": "shop_errors > 0",
    "labels": {"severity": "page", "service": "shop", "slo": "availability"},
    "annotations": {"runbook_url": "runbooks/rollback.md"},
}
