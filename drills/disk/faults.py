"""The faults of a drill's disk: no room, slow syncs, failed syncs; and how often a program met one of them."""

import errno
import os
from threading import Event

import msgspec

from drills.disk.content import BLOCK

CONTROL = ".disk"
"""The file on the disk that takes an Order, and shows the Meters."""

WIDTH = 512
"""Bytes of that file: its size never changes, so that no reader gets half of it."""


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the disk is to do from now on; what is None stays as it is.

    `cut` cuts the power: programs see what the disk has. 0 loses every unsynced write, another number keeps some of them.
    `room` are the bytes by which files may still grow, negative for no limit. `fail_syncs` is how many of the next syncs that
    have something to write fail with EIO. `delay_ms` is how much longer each of them takes; 0 ends those that wait.
    """

    cut: int | None = None
    room: int | None = None
    fail_syncs: int | None = None
    delay_ms: int | None = None


class Meters(msgspec.Struct, forbid_unknown_fields=True):
    """What programs met so far: lost and forgotten writes, writes refused for lack of room, failed and delayed syncs."""

    lost_writes: int = 0
    forgotten_writes: int = 0
    refused_writes: int = 0
    failed_syncs: int = 0
    delayed_syncs: int = 0


class Faults:
    """The faults that the disk has now."""

    def __init__(self) -> None:
        self.meters = Meters()
        self.fail_syncs = self.delay_ms = 0
        self.room: int | None = None
        self._quick = Event()

    def take(self, order: Order) -> None:
        """Change what the order names."""
        if order.room is not None:
            self.room = None if order.room < 0 else order.room // BLOCK
        if order.fail_syncs is not None:
            self.fail_syncs = order.fail_syncs
        if order.delay_ms is not None:
            self.delay_ms = order.delay_ms
            self._quick.clear() if order.delay_ms else self._quick.set()

    def grow(self, blocks: int) -> None:
        """A file grows by so many blocks, or shrinks; raises OSError (ENOSPC) if there is no room for them."""
        if self.room is None:
            return
        if blocks > self.room:
            self.meters.refused_writes += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= blocks

    def fails(self) -> bool:
        """Whether this sync fails; counted."""
        if self.fail_syncs < 1:
            return False
        self.fail_syncs -= 1
        self.meters.failed_syncs += 1
        return True

    def delay_s(self) -> float:
        """By how many seconds this sync takes longer; counted if it does."""
        if self.delay_ms < 1:
            return 0.0
        self.meters.delayed_syncs += 1
        return self.delay_ms / 1000

    def wait(self, seconds: float) -> None:
        """Let a sync take that much longer, or until the fault ends."""
        self._quick.wait(seconds)

    def text(self) -> bytes:
        """The meters as the control file shows them."""
        return msgspec.json.encode(self.meters).ljust(WIDTH)
