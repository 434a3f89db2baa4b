"""What has a drill left behind? Processes, mounts and scratch folders; anything is a failure, whatever the drill showed."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import msgspec

from drills.child import MARKER, Identity, Pause, identify
from drills.journal import Event
from drills.power import unmount
from gates.schema.time import monotonic_s

GONE_S = 5.0
"""How long processes may take to end after their parent did."""

_MOUNTS = Path("/proc/self/mountinfo")
_SCRATCH, _PROCESS = "scratch", "process"


class Left(msgspec.Struct, frozen=True):
    """What is still there: processes, mount points, and scratch folders and files that the journal names."""

    processes: tuple[Identity, ...]
    mounts: tuple[Path, ...]
    folders: tuple[Path, ...]

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return bool(self.processes or self.mounts or self.folders)

    def text(self) -> str:
        """What is left, each with its number or path."""
        words = [f"process {item.pid} ({_program(item.pid)})" for item in self.processes]
        words += [f"mount {path}" for path in self.mounts]
        return ", ".join([*words, *(f"folder {path}" for path in self.folders)])


def leftovers(run_id: str, events: tuple[Event, ...], out: Path, pause: Pause = sleep) -> Left:
    """What the run left, once its processes have had time to end."""
    begun = monotonic_s()
    while (left := _look(run_id, events, out)) and monotonic_s() - begun < GONE_S:
        pause(0.02)
    return left


def _look(run_id: str, events: tuple[Event, ...], out: Path) -> Left:
    processes = [item for item in recorded(events) if item.alive()]
    processes += [item for item in carriers(run_id) if item not in processes]
    scratch = (Path(str(event.facts["path"])) for event in events if event.action == _SCRATCH)
    return Left(tuple(processes), mounts_below(out), tuple(path for path in scratch if path.exists()))


def clear(left: Left) -> None:
    """Remove it: SIGKILL, unmount, delete."""
    for item in left.processes:
        end(item)
    for path in reversed(left.mounts):
        unmount(path)
    for path in left.folders:
        if path.is_file():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)


def recorded(events: tuple[Event, ...]) -> list[Identity]:
    """The processes that the journal recorded as started."""
    facts = [event.facts for event in events if event.action == _PROCESS]
    return [Identity(msgspec.convert(item["pid"], int), str(item["started"])) for item in facts]


def carriers(run_id: str, processes: Path = Path("/proc"), pause: Pause = sleep) -> list[Identity]:
    """The processes whose environment names this run: descendants, and one whose journal line was not written in time."""
    wanted = f"{MARKER}={run_id}".encode()
    found = []
    for entry in processes.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and wanted in _environ(entry, pause).split(b"\0"):
            identity = identify(int(entry.name))
            if identity is not None and identity.alive():
                found.append(identity)
    return found


def _environ(entry: Path, pause: Pause) -> bytes:
    """A process's environment; empty if it has ended, or belongs to another user or to the kernel.

    A process that is just being started has a program but neither arguments nor environment for an instant: it is read
    again, for at most a second.
    """
    try:
        for _ in range(100):
            environ = (entry / "environ").read_bytes()
            if environ or (entry / "cmdline").read_bytes():
                return environ
            (entry / "exe").readlink()  # kernel processes, and those that have ended, have none
            pause(0.01)
    except OSError:
        pass
    return b""


def end(identity: Identity) -> None:
    """SIGKILL through a pidfd, which refers to this process and to no later one with the same pid."""
    try:
        handle = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return
    try:
        if identity.alive():
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def mounts_below(folder: Path, table: Path = _MOUNTS) -> tuple[Path, ...]:
    """The mount points in the folder, as the kernel lists them, the outer before the inner."""
    return tuple(sorted(path for path in _points(table) if path.is_relative_to(folder)))


def _points(table: Path) -> Iterator[Path]:
    for line in table.read_text().splitlines():
        yield Path(line.split(" ")[4].encode().decode("unicode_escape"))  # the kernel writes a space as \040


def _program(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "comm").read_text().strip()
    except OSError:
        return "ended"
