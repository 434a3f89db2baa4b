"""Fixtures of the tests of access."""

import pytest
from gateway_entrance import Entrance


@pytest.fixture
def entrance(tmp_path):
    """A desk at which people sign in."""
    made = Entrance(tmp_path)
    yield made
    made.connection.close()
