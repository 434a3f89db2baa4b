"""What a new mutation needs: a row in each of these tables, and its absence from any of them fails a test."""

import pytest
from gateway_access_specimens import ACCESS_SPECIMENS
from gateway_specimens import SPECIMENS
from sim.access_specimens import ACCESS_PREPARE
from sim.specimens import PREPARE

from gates.schema.target import load_target
from gateway.api.contract import CONTRACTS
from gateway.commands import Command
from gateway.engine.execute import HANDLERS
from gateway.routes import MUTATIONS, ROUTES, Route, reversal

ROLES = load_target("local").target.authorization.roles

MATRICES = {
    "the decision table": lambda route: route.command in HANDLERS,
    "the contracts of the API": lambda route: route.kind in CONTRACTS,
    "the crash matrix": lambda route: bool(PREPARE.get(route)) or route in ACCESS_PREPARE,
    "the key rules and replays": lambda route: route in SPECIMENS or route in ACCESS_SPECIMENS,
    "the authorization sweep": lambda route: route.name in ROLES,
    "the reverses": lambda route: route.undo is not None,
}


class Plant(Command, frozen=True):
    """A command that nobody decides."""


PLANTED = Route("POST", "/v1/plants", ("agent",), "plant", "Plant something", Plant)


@pytest.mark.parametrize("has_row", MATRICES.values(), ids=MATRICES)
def test_every_mutation_has_a_row_in_every_matrix(has_row):
    """The route table names what there must be; what lacks is named."""
    assert {route.name for route in MUTATIONS if not has_row(route)} == set()


@pytest.mark.parametrize("has_row", MATRICES.values(), ids=MATRICES)
def test_a_new_mutation_without_a_row_is_found(has_row):
    """A planted route is missing in each matrix, so that none of these checks passes by itself."""
    assert not has_row(PLANTED)


@pytest.mark.parametrize("route", MUTATIONS, ids=lambda route: route.kind)
def test_every_mutation_names_the_mutation_that_reverses_it_or_why_there_is_none(route):
    """The reverse is a mutation of the table, and there are words for what it does."""
    assert route.undo.by is None or route.undo.by in {other.kind for other in MUTATIONS}
    assert len(route.undo.how.split()) > 2
    assert reversal(route).startswith("POST /v1/" if route.undo.by else "none: ")


def test_a_read_has_nothing_to_reverse():
    """What writes nothing cannot be taken back."""
    assert all(reversal(route) is None for route in ROUTES if route not in MUTATIONS)
