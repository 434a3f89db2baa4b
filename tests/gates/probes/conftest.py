"""A workbench in a fresh folder, and payments for a probe to look at."""

import probe_bench
import pytest


@pytest.fixture
def workbench(tmp_path):
    """A workbench in a fresh folder."""
    return probe_bench.Workbench(tmp_path)


@pytest.fixture
def pay():
    """Make settled and released payments at a client's target."""
    return probe_bench.pay
