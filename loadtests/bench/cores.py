"""Which core does what: the server one, the load generator another, so that neither eats the other's time."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import msgspec


class Cores(msgspec.Struct, frozen=True):
    """The cores of server, load generator and a peer's database; with a single core all share it, and ratios mean little."""

    server: frozenset[int]
    generator: frozenset[int]
    database: frozenset[int]

    @property
    def apart(self) -> bool:
        """Whether server and load generator have a core each."""
        return bool(self.server) and not self.server & self.generator


def available_cores() -> tuple[int, ...]:
    """The cores that this process may use; none where the system cannot tell."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def share_out(cores: Collection[int]) -> Cores:
    """First core: server. Second: load generator. A peer's database server gets the rest, or all of them where none is left.

    A database of its own is thereby never worse off than it would be on a machine that it shares with its service.
    """
    ordered = sorted(cores)
    if len(ordered) < 2:
        one = frozenset(ordered)
        return Cores(one, one, one)
    return Cores(frozenset(ordered[:1]), frozenset(ordered[1:2]), frozenset(ordered[2:] or ordered))


@contextmanager
def pinned(cores: Collection[int]) -> Iterator[None]:
    """Run the block on those cores; what it starts inherits them, threads that are made later included."""
    if not cores or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
