"""Fixtures of the HTTP tests."""

import pytest
from gateway_shop import Shop


@pytest.fixture
def shop(tmp_path):
    """A gateway of this test's own."""
    with Shop(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory):
    """A gateway that a module's read-only and refused requests share."""
    with Shop(tmp_path_factory.mktemp("shop")) as made:
        yield made
