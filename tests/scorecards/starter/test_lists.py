"""Which list of an OpenAPI document is taken for that of settlements, and how it is described."""

import pytest

from scorecards.starter.guess import guesses

MONEY = {"type": "integer"}
CAPTURE = {"id": {"type": "string"}, "intent": {"type": "string"}, "amount": MONEY}
STATES = {"type": "string", "enum": ["requires_capture", "succeeded", "refunded", "failed"]}


def document(lists: dict[str, dict[str, object]], *, path: str = "/v1/intents") -> dict[str, object]:
    """A service with a reserve, a capture, and these lists: for each path its answer's schema, and its query parameters."""
    amount = {"content": {"application/json": {"schema": {"required": ["amount"], "properties": {"amount": MONEY}}}}}
    paths: dict[str, dict[str, object]] = {
        path: {"post": {"requestBody": amount, "responses": {"201": {}}}},
        f"{path}/{{intent_id}}/capture": {"post": {"requestBody": amount, "responses": {"200": {}}}},
    }
    for name, told in lists.items():
        queries = [{"name": query, "in": "query"} for query in told.get("queries", ())]
        content = {"content": {"application/json": {"schema": told["schema"]}}}
        paths.setdefault(name, {})["get"] = {"parameters": queries, "responses": {"200": content}}
    return {"openapi": "3.1.0", "paths": paths}


def listed(items: dict[str, object], **members: object) -> dict[str, object]:
    """The schema of an answer with a list at /data, and with more members."""
    rows = {"type": "array", "items": {"type": "object", "properties": items}}
    return {"type": "object", "properties": {"data": rows, **members}}


def test_a_list_of_captures_is_described_with_its_paging() -> None:
    """Pointers to its members; amounts are written as requests write them."""
    schema = listed({**CAPTURE, "status": STATES, "idempotency_key": {}, "currency": {}}, has_more={"type": "boolean"})
    found = guesses(document({"/v1/captures": {"schema": schema, "queries": ["starting_after"]}}))["settlements"]
    assert found.value == {
        "path": "/v1/captures",
        "items": "/data",
        "id": "/id",
        "payment": "/intent",
        "amount": "/amount",
        "state": "/status",
        "states": {"captured": ["succeeded"], "refunded": ["refunded"], "other": ["requires_capture", "failed"]},
        "key": "/idempotency_key",
        "currency": "/currency",
        "paging": {"by": "has_more", "pointer": "/has_more", "query": "starting_after"},
    }
    assert (found.source, found.doubts) == ("GET /v1/captures", ())


@pytest.mark.parametrize(
    ("members", "queries", "paging"),
    [
        ({"next_cursor": {"type": "string"}}, ["cursor"], {"by": "cursor", "pointer": "/next_cursor", "query": "cursor"}),
        ({}, ["page"], {"by": "page", "query": "page"}),
        ({}, ["cursor"], None),
        ({}, [], None),
    ],
)
def test_how_a_list_goes_on_is_guessed_or_doubted(members: dict[str, object], queries: list[str], paging: object) -> None:
    """A list without paging has to be whole in its first answer: that is said."""
    found = guesses(document({"/v1/captures": {"schema": listed(CAPTURE, **members), "queries": queries}}))["settlements"]
    assert found.value.get("paging") == paging  # type: ignore[union-attr]  # an object
    assert any("paging" in doubt for doubt in found.doubts) == (paging is None)


def test_an_answer_that_is_the_list_itself_and_amounts_of_another_kind_are_seen() -> None:
    """The whole answer is the empty pointer."""
    items = {**CAPTURE, "amount": {"type": "string", "format": "decimal"}}
    schema = {"type": "array", "items": {"type": "object", "properties": items}}
    value = guesses(document({"/v1/settlements": {"schema": schema}}))["settlements"].value
    assert (value["items"], value["amount_format"]) == ("", "decimal")  # type: ignore[index,call-overload]  # an object


def test_the_list_of_what_was_reserved_is_taken_if_its_states_are_known() -> None:
    """Without them a hold could not be told from what was captured."""
    own = {"id": {"type": "string"}, "amount": MONEY}
    found = guesses(document({"/v1/intents": {"schema": listed({**own, "status": STATES})}}))["settlements"]
    assert found.value["payment"] == "/id"  # type: ignore[index,call-overload]  # an object
    assert "each item is taken for one settlement" in found.doubts[0]
    assert "settlements" not in guesses(document({"/v1/intents": {"schema": listed({**own, "status": {"type": "string"}})}}))
    assert "settlements" not in guesses(document({"/v1/intents": {"schema": listed(own)}}))


def test_states_that_the_document_does_not_list_are_a_doubt() -> None:
    """Every item counts as settled until somebody writes them."""
    found = guesses(document({"/v1/captures": {"schema": listed({**CAPTURE, "status": {"type": "string"}})}}))["settlements"]
    assert "states" not in found.value  # type: ignore[operator]  # an object
    assert "status: the document does not list its values" in found.doubts[0]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        listed({"id": {}, "amount": MONEY}),
        listed({"id": {}, "intent": {}}),
        listed({"intent": {}, "amount": MONEY}),
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "items": {"$ref": "#/nowhere"}},
    ],
)
def test_a_list_that_shows_too_little_is_no_guess(schema: dict[str, object]) -> None:
    """Of which payment, how much, and an id of its own: nothing is made up."""
    assert "settlements" not in guesses(document({"/v1/captures": {"schema": schema}}))
