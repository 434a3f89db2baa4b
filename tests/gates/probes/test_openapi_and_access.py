"""What the OpenAPI document says, held against what the owners want: pure, on small documents."""

import pytest

from gates.probes.access import document_faults, expected_of, undecided
from gates.probes.client import without_empty_query
from gates.probes.openapi import parameters, parse_openapi, shape
from gates.schema.target import Authorization

WANTED = Authorization("/openapi.json", {"GET /a/{id}": ("agent",), "POST /a": ("agent", "operator")}, ("GET /ready",))


def _document(**paths):
    return parse_openapi({"paths": {f"/{name.replace('__', '/')}": entry for name, entry in paths.items()}})


def test_a_document_that_agrees_has_no_fault():
    """Parameter names may differ, roles may come in any order, and the document need not describe itself."""
    paths = {"/a/{a_id}": {"get": {"x-gonogo-roles": ["agent"]}}, "/a": {"post": {"x-gonogo-roles": ["operator", "agent"]}}}
    paths.update({"/ready": {"get": {}}, "/openapi.json": {"get": {}}})
    assert document_faults(WANTED, parse_openapi({"paths": paths})) == ([], 4)


def test_each_difference_is_a_fault_of_its_own():
    """A route only here, a route only there, and a role too many are three faults in two measures."""
    paths = {"/a/{id}": {"get": {"x-gonogo-roles": ["agent", "finance"]}}, "/b": {"get": {}}, "/ready": {"get": {}}}
    faults, _ = document_faults(WANTED, parse_openapi({"paths": paths}))
    assert sorted((measure, route) for measure, route, _, _ in faults) == [
        ("role_violations", "GET /a/{id}"),
        ("undocumented_routes", "GET /b"),
        ("undocumented_routes", "POST /a"),
    ]


@pytest.mark.parametrize(
    "code",
    [{"enum": ["one", "two"]}, {"$ref": "#/components/schemas/Code"}],
)
def test_the_codes_of_problems_are_read_from_their_schema(code):
    """As an enum in place or by reference; a member `code` of something that is no problem does not count."""
    schemas = {
        "Problem": {"properties": {"code": code, "status": {}, "title": {}}},
        "Code": {"enum": ["one", "two"]},
        "Voucher": {"properties": {"code": {"enum": ["half-price"]}}},
    }
    assert parse_openapi({"paths": {}, "components": {"schemas": schemas}}).codes == {"one", "two"}


def test_a_document_without_components_lists_no_codes():
    """Then the table's own list counts."""
    assert _document().codes == frozenset()


def test_query_parameters_of_path_and_operation_are_known():
    """The sweep asks lists for our ids by name."""
    entry = {"parameters": [{"in": "query", "name": "payment_id"}], "get": {"parameters": [{"in": "query", "name": "limit"}]}}
    assert _document(a=entry).routes["GET /a"].query == ("payment_id", "limit")


@pytest.mark.parametrize(
    ("route", "role", "status", "fine"),
    [
        ("GET /a/{id}", "agent", 200, True),
        ("GET /a/{id}", "agent", 404, False),
        ("GET /a/{id}", "finance", 403, True),
        ("GET /a/{id}", "finance", 404, False),
        ("POST /a", "agent", 400, True),
        ("POST /a", "agent", 403, False),
        ("POST /a", "finance", 400, False),
        ("POST /a", "finance", 401, False),
    ],
)
def test_what_a_role_must_be_answered(route, role, status, fine):
    """Let in to read, let in as far as the missing key, or refused with 403 and nothing else."""
    assert expected_of(route, role, WANTED.roles).met_by(status) is fine


@pytest.mark.parametrize(("status", "said"), [(429, True), (500, True), (503, True), (403, False), (501, False)])
def test_an_answer_that_decides_nothing_is_no_verdict(status, said):
    """Rate limited or failed: the cell counts as skipped."""
    assert (undecided(status) is not None) is said


def test_small_parts_of_the_client():
    """Shapes, parameters, and queries without empty members."""
    assert shape("GET /a/{b_id}/c/{d}") == "GET /a/{}/c/{}"
    assert parameters("GET /a/{b_id}/c/{d}") == ("b_id", "d")
    assert without_empty_query("/r?limit=2&cursor=") == "/r?limit=2"
    assert without_empty_query("/r?cursor=") == "/r"
