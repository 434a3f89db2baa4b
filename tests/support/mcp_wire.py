"""JSON-RPC over the standard input and output of the real `gonogo mcp serve`, as a host speaks it."""

import subprocess
import sys
from contextlib import contextmanager

import msgspec

NOWHERE = "http://127.0.0.1:9"
END_S = 60


class McpWire:
    """One server process. Every line on its standard output has to be a message of the protocol."""

    def __init__(self, process):
        self._process, self._id = process, 0

    def write(self, data):
        """Bytes as they are."""
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def send(self, message):
        """One message, in one line."""
        self.write(msgspec.json.encode(message) + b"\n")

    def begin_request(self, method, params=None):
        """Send a request, and return its id."""
        self._id += 1
        self.send({"jsonrpc": "2.0", "id": self._id, "method": method, **({"params": params} if params is not None else {})})
        return self._id

    def receive(self):
        """The next message of the server."""
        message = msgspec.json.decode(self._process.stdout.readline())
        assert message["jsonrpc"] == "2.0", message
        return message

    def find(self, method):
        """A request, and the answer to it among what the server says of earlier lines."""
        wanted = self.begin_request(method)
        for _ in range(5):
            answer = self.receive()
            if answer.get("id") == wanted:
                return answer
        raise AssertionError("the request got no answer")

    def ask(self, method, params=None):
        """A request, and the answer to it, which is the next message."""
        wanted, answer = self.begin_request(method, params), self.receive()
        assert answer["id"] == wanted
        assert ("result" in answer) is not ("error" in answer)
        return answer

    def begin(self, version="2025-06-18"):
        """The handshake; returns what the server says of itself."""
        client = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "a test", "version": "1"}}
        said = self.ask("initialize", client)["result"]
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return said


def server_argv():
    """The command that hosts start."""
    return [sys.executable, "-P", "-m", "scorecards", "mcp", "serve"]


@contextmanager
def stdio(folder, url=NOWHERE, key="no-key"):
    """The server as a host starts it; at the end its input is closed, which has to end it, with nothing more said."""
    environ = {"GONOGO_BASE_URL": url, "GONOGO_API_KEY": key, "HOME": str(folder), "PATH": ""}
    with (folder / "err").open("wb") as log:
        process = subprocess.Popen(server_argv(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environ)
    try:
        yield McpWire(process)
        process.stdin.close()
        assert (process.wait(timeout=END_S), process.stdout.read()) == (0, b"")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
