"""What the tests of the speed comparison share: measurements that never took place, and a bare service that does run."""

import pytest

from gates.schema.ports import free_port
from loadtests.bench.samples import Commits, Pair, Received, Sample
from loadtests.bench.stations import peer_argv
from loadtests.practice.served import Served, answers


@pytest.fixture
def sample():
    """A function that makes a sample of one second with so many answers."""

    def make(rate, *, p99_us=1000, cpu_ms=None, slow=None):
        received = Received(rate, 1_000_000, p99_us // 2, p99_us, 2 * p99_us)
        return Sample(received, cpu_ms, 102_400, None if slow is None else Commits(100, slow))

    return make


@pytest.fixture
def pair(sample):
    """A function that makes a pair: a rate between two of its control."""

    def make(row, number, before, rate, after, **more):
        return Pair(row, number, sample(before), sample(rate, **more), sample(after))

    return make


@pytest.fixture
def bare(tmp_path):
    """The port of a bare control that serves."""
    port = free_port()
    served = Served("bare", peer_argv("bare", port, "", 0), log=tmp_path / "bare.log", cores=())
    try:
        served.wait(lambda: answers(port, "/readyz"))
        yield port, served
    finally:
        served.end()
