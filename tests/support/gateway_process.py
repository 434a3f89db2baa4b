"""A gateway as its own process, for tests of what only a process has: ports, signals, exit codes, a disk."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from click.testing import CliRunner

from gateway.cli import gateway as cli

WAIT_S = 60
"""How long a busy machine may take for what is normally done at once."""


def command(*arguments: str) -> list[str]:
    """`python -m gateway ...`."""
    return [sys.executable, "-m", "gateway", *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=WAIT_S, check=False)


def demo(db: Path, name: str = "demo") -> dict[str, object]:
    """A tenant in the database, by the gateway's command in this process: its tests start it as one of its own."""
    done = CliRunner().invoke(cli, ["demo-data", "--db", str(db), "--format", "json", "--tenant-name", name])
    assert done.exit_code == 0, done.output
    return msgspec.json.decode(done.stdout)


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Gateway:
    """A running gateway; `ready` is the line that it printed."""

    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self.process = process
        self.errors = errors
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, errors.read_text()
        self.ready = msgspec.json.decode(line)
        self.url = self.ready["url"]
        self.address = ("127.0.0.1", int(self.url.rsplit(":", 1)[1]))

    def wait(self) -> int:
        """Its exit code."""
        return self.process.wait(WAIT_S)

    def pids(self) -> list[int]:
        """Its processes: the one that writes, and its children."""
        pid = self.process.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def wait_until_refused(self) -> None:
        """Return once it takes no new connections; by then it has seen the signal."""
        while True:
            try:
                socket.create_connection(self.address, timeout=WAIT_S).close()
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                continue  # caught it while closing

    def log(self) -> list[dict[str, object]]:
        """Its log, which is JSON lines and nothing else."""
        return [msgspec.json.decode(line) for line in self.errors.read_bytes().splitlines()]


@contextmanager
def running(db: Path, *options: str, errors: Path | None = None) -> Iterator[Gateway]:
    """A gateway on a free port, its log next to the database unless given; ended when the block is left."""
    errors = errors or db.with_suffix(".log")
    argv = command("serve", "--port", "0", "--db", str(db), *options)
    with errors.open("wb") as log, subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            yield Gateway(process, errors)
        finally:
            process.kill()
