"""The simulation's seed and length, from the command line or drawn afresh."""

import os

import pytest


@pytest.fixture
def sim_seed(pytestconfig):
    """`--seed N`, or the fresh one that the report's header names."""
    return int(pytestconfig.getoption("--seed") or os.environ["GONOGO_TEST_SEED"])


@pytest.fixture
def sim_steps(pytestconfig):
    """`--sim-steps N`."""
    return pytestconfig.getoption("--sim-steps")
