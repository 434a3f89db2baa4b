"""Which core does what: the load generator has one, and services are not moved onto it as long as there are others."""

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
        """Whether the server has a core that the load generator does not use."""
        return bool(self.server - self.generator)


def available_cores() -> tuple[int, ...]:
    """The cores that this process may use; none where the system cannot tell."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def share_out(cores: Collection[int]) -> Cores:
    """The last core is the load generator's; services, and a peer's database, have the others, with two cores both.

    A service of several processes may then use what the load generator leaves, and so may a peer with its database.
    """
    ordered = sorted(cores)
    services = frozenset(ordered if len(ordered) < 3 else ordered[:-1])
    return Cores(services, frozenset(ordered[-1:]), services)


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
