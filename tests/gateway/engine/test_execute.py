"""The decision table: each command has one place where it is decided, each decision one place where it is written."""

from typing import get_args

from gateway.engine.execute import HANDLERS, RECORDERS, Decided
from gateway.routes import MUTATIONS


def test_every_mutation_has_its_row_in_the_decision_table_and_no_row_is_left_over():
    """A route without a handler would answer 500; a handler without a route is dead."""
    assert set(HANDLERS) == {route.command for route in MUTATIONS}
    assert len(MUTATIONS) == len(HANDLERS)


def test_every_kind_of_decision_has_its_row_in_the_table_of_writers():
    """A decision that nobody writes would be lost."""
    assert set(RECORDERS) == set(get_args(Decided))
