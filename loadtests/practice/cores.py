"""The assignment of cores: the load generator has one, and services use the others if there are any."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import msgspec


class Cores(msgspec.Struct, frozen=True):
    """The cores of server, load generator and a peer's database; a single core is shared by all, and ratios then mean little."""

    server: frozenset[int]
    generator: frozenset[int]
    database: frozenset[int]

    @property
    def apart(self) -> bool:
        """Whether the server has a core that the load generator does not use."""
        return bool(self.server - self.generator)


def available_cores() -> tuple[int, ...]:
    """The cores that this process may use; empty if the system does not report them."""
    return tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()


def share_out(cores: Collection[int]) -> Cores:
    """The last core is the load generator's; services, and a peer's database, have the others, with two cores both.

    A service of several processes, and a peer with its database, can then use what the load generator leaves.
    """
    ordered = sorted(cores)
    services = frozenset(ordered if len(ordered) < 3 else ordered[:-1])
    return Cores(services, frozenset(ordered[-1:]), services)


@contextmanager
def pinned(cores: Collection[int]) -> Iterator[None]:
    """Run the block on those cores; its child processes and later threads inherit them."""
    if not cores or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
