"""Fixtures of the gateway's tests."""

import pytest
from gateway_desk import Desk
from gateway_payouts import PayoutDesk


@pytest.fixture
def desk(tmp_path):
    """A fresh desk."""
    made = Desk(tmp_path)
    yield made
    made.connection.close()


@pytest.fixture
def counter(tmp_path):
    """A desk with a rail, whose payee is owed money."""
    made = PayoutDesk(tmp_path)
    yield made
    made.close()
