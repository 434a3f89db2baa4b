"""Fixtures of the gateway's tests."""

import pytest
from gateway_desk import Desk


@pytest.fixture
def desk(tmp_path):
    """A fresh desk."""
    made = Desk(tmp_path)
    yield made
    made.connection.close()
