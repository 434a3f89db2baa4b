"""How a step starts and stops the gateway of a rehearsal, as it would through a service manager: GONOGO_STOP and the like.

The rehearsal owns the gateway's process. A small program writes an order into a pipe; the rehearsal carries it out while it waits
for the step, and answers in a pipe of the program's own.
"""

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from gates.schema.errors import Problem
from gates.schema.rooms import room_argv

_PIPE, _PROGRAM = "orders", "service"
_MOST_BYTES = 4096


class Reply(msgspec.Struct, frozen=True):
    """What came of an order: `fault` is "" if it was carried out."""

    fault: str


class Orders:
    """Takes orders and carries them out; `folder` gets the program, and the pipes."""

    def __init__(self, folder: Path, known: Mapping[str, Callable[[], None]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._known = folder, known
        os.mkfifo(folder / _PIPE, 0o600)
        self._handle = os.open(folder / _PIPE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._rest = b""
        program = folder / _PROGRAM
        argv = room_argv("drills.runbook.orders", str(folder))
        program.write_text(f'#!/bin/sh\nexec {shlex.join(argv)} "$@"\n', encoding="utf-8")
        program.chmod(0o700)

    def command(self, order: str) -> str:
        """The command line that gives this order."""
        assert order in self._known, "an order that is known"
        return shlex.join([str(self._folder / _PROGRAM), order])

    def serve(self) -> None:
        """Carry out what was ordered since."""
        with contextlib.suppress(BlockingIOError):
            self._rest += os.read(self._handle, _MOST_BYTES)
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            sender, _, order = line.decode(errors="replace").partition(" ")
            self._answer(sender, self._carry_out(order))

    def close(self) -> None:
        """Take no more orders; the pipes go, since nobody can read a folder through that holds one."""
        os.close(self._handle)
        for path in self._folder.iterdir():
            if path.is_fifo():
                path.unlink()

    def _carry_out(self, order: str) -> Reply:
        if order not in self._known:
            return Reply(f"no order is called {order!r}: use one of {', '.join(self._known)}")
        try:
            self._known[order]()
        except Problem as problem:
            return Reply(problem.message)
        return Reply("")

    def _answer(self, sender: str, reply: Reply) -> None:
        """Into the sender's pipe; one that has ended meanwhile gets none."""
        if not sender.isdecimal():
            return
        with contextlib.suppress(OSError):
            handle = os.open(self._folder / sender, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.write(handle, msgspec.json.encode(reply) + b"\n")
            finally:
                os.close(handle)


def give(folder: Path, order: str) -> Reply:
    """Give an order and wait for the answer."""
    mine = folder / str(os.getpid())
    os.mkfifo(mine, 0o600)
    try:
        handle = os.open(mine, os.O_RDWR | os.O_CLOEXEC)
        with (folder / _PIPE).open("ab") as pipe:
            pipe.write(f"{mine.name} {order}\n".encode())
        return msgspec.json.decode(os.read(handle, _MOST_BYTES), type=Reply)
    finally:
        mine.unlink()


def main() -> None:
    """`orders FOLDER ORDER`: end with 0 if it was carried out, with 1 and the reason if not."""
    folder, order = sys.argv[1:3]
    fault = give(Path(folder), order).fault
    if fault:
        sys.stderr.write(f"{order}: {fault}\n")
    sys.exit(1 if fault else 0)


if __name__ == "__main__":
    main()
