"""The OpenAPI document: complete, closed, and true to what the gateway does."""

import msgspec
import pytest

from gateway.api.contract import CONTRACTS, refusals
from gateway.api.openapi import document
from gateway.api.public import PUBLIC
from gateway.errors import CATALOGUE, Code
from gateway.routes import MUTATIONS, ROUTES, reversal


@pytest.fixture(scope="module")
def whole():
    """The document."""
    return msgspec.json.decode(document())


def operation(whole, route):
    """A route's operation."""
    return whole["paths"][route.template][route.method.lower()]


def test_it_is_the_same_bytes_every_time():
    """Two processes of a build publish the same document."""
    assert document() == document()


def test_it_lists_every_route_once_and_no_other(whole):
    """The route table and the public routes; its own address is not an operation."""
    listed = {f"{method.upper()} {path}" for path, item in whole["paths"].items() for method in item}
    assert listed == {route.name for route in ROUTES} | {f"GET {public.path}" for public in PUBLIC}


def test_it_is_served_as_json(open_shop):
    """To everybody."""
    answer = open_shop.ask("GET", "/schema/openapi.json", None)
    assert (answer.headers["content-type"], answer.content) == ("application/json", document())


@pytest.mark.parametrize("route", ROUTES, ids=[route.name for route in ROUTES])
def test_every_operation_tells_roles_security_and_problems(whole, route):
    """Whoever reads the document knows who may call, and every code that may come back."""
    found = operation(whole, route)
    assert found["x-gonogo-roles"] == list(route.callers)
    assert found.get("description") == (f"Reverse: {reversal(route)}." if route in MUTATIONS else None)
    assert found["security"] == ([] if "anonymous" in route.callers else [{"apiKey": []}])
    told = {
        code
        for answer in found["responses"].values()
        for media_type, content in answer["content"].items()
        if media_type == "application/problem+json"
        for code in content["schema"]["allOf"][1]["properties"]["code"]["enum"]
    }
    assert told == set(refusals(route))
    keyed = [item["name"] for item in found["parameters"] if item["in"] == "header" and item["required"]]
    assert keyed == (["Idempotency-Key"] if route in MUTATIONS else [])
    assert ("requestBody" in found) is (route.command is not None)


def test_every_object_with_named_members_is_closed(whole):
    """A struct that forbids unknown fields says so, and no answer has a member that its schema does not know."""
    schemas = whole["components"]["schemas"]
    assert {
        name for name, schema in schemas.items() if "properties" in schema and schema["additionalProperties"] is not False
    } == set()
    assert {"Reserve", "Settle", "Problem", "PaymentView", "EnvelopeView"} <= schemas.keys()


def test_every_reference_leads_somewhere(whole):
    """No dangling `$ref`."""

    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for reference in set(references(whole)):
        place = whole
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_patterns_are_those_of_json_schema(whole):
    """Python's guard against a last newline is ours alone; elsewhere `$` is the end."""
    assert "(?!" not in document().decode()
    assert whole["components"]["schemas"]["Reserve"]["properties"]["amount"]["pattern"] == "^[1-9][0-9]{0,14}$"


def test_every_route_has_a_contract_and_every_code_a_place():
    """A code that no route may answer would be dead; the framework's belong to no operation, a decline stands in the payout."""
    assert CONTRACTS.keys() == {route.kind for route in ROUTES}
    told = {code for route in ROUTES for code in refusals(route)}
    assert set(CATALOGUE) - told == {Code.METHOD_NOT_ALLOWED, Code.RAIL_DECLINED}
