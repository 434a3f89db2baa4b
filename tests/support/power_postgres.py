"""PostgreSQL with its data on a disk that forgets what was not synced, run as another user than root."""

import contextlib
import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waiting import eventually

from drills.child import group_members
from drills.power import PowerDisk

USER = "postgres"


class Postgres:
    """One cluster on one disk; `folder` must be one that every user may enter."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.user, self.bin = pwd.getpwnam(USER), programs
        self.sockets, self.log = folder / "sockets", folder / "postgres.log"
        self.sockets.mkdir()
        os.chown(self.sockets, self.user.pw_uid, self.user.pw_gid)
        self.disk = PowerDisk(folder / "disk", folder / "disk-log", os.environ, owner=self.user.pw_uid)
        self.data = folder / "disk" / "data"

    def run(self, program: str, *argv: str, text: str = "") -> str:
        """One of its programs as the other user, to its end; its output."""
        whole = [str(self.bin / program), *argv]
        done = subprocess.run(whole, input=text, capture_output=True, text=True, timeout=300, check=False, **self._as())
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def sql(self, text: str) -> str:
        """Statements, each in a transaction of its own; what they print."""
        return self.run("psql", "-h", str(self.sockets), "-d", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1", text=text)

    @contextmanager
    def serving(self, *settings: str) -> Iterator[None]:
        """Run the server until the block is left, and kill all of its processes then, as a loss of power does."""
        options = [word for setting in ("listen_addresses=", *settings) for word in ("-c", setting)]
        argv = [str(self.bin / "postgres"), "-D", str(self.data), "-k", str(self.sockets), *options]
        with self.log.open("ab") as log:
            server = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True, **self._as())
        try:
            assert eventually(self._answers, 120), self.log.read_text()
            yield
        finally:
            sessions = {server.pid, *self._children(server.pid)}
            for pid in sessions:  # each child of the server has a group of its own
                with contextlib.suppress(ProcessLookupError):  # one that ended by itself meanwhile
                    os.kill(pid, signal.SIGKILL)
            server.wait()
            assert eventually(lambda: not any(group_members(pid) for pid in sessions), 60)

    def _answers(self) -> bool:
        argv = [str(self.bin / "pg_isready"), "-q", "-h", str(self.sockets)]
        return subprocess.run(argv, check=False, **self._as()).returncode == 0

    def _children(self, pid: int) -> list[int]:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def _as(self) -> dict[str, object]:
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": [], "cwd": "/"}
