"""What is guessed from an OpenAPI document, and what is left to people."""

import copy
import json
from pathlib import Path

import own_service
import pytest
import yaml

from gates.schema.errors import UsageProblem
from scorecards.starter.guess import guesses
from scorecards.starter.openapi import read_openapi


def changed(**paths: object) -> dict[str, object]:
    """The document of the small service with other paths."""
    document = copy.deepcopy(own_service.openapi())
    document["paths"] = {name.replace("__", "/"): item for name, item in paths.items()}
    return document


def test_the_small_service_is_understood_as_a_whole() -> None:
    """Each member with the route that it comes from; the id through a reference, the build by its digest and not its version."""
    found = guesses(own_service.openapi())
    assert {name: guess.value for name, guess in found.items()} == {
        "reserve": {
            "path": "/v2/holds",
            "body": {"wallet": "{wallet_id}", "payee": "{payee_id}", "amount": "{amount}"},
            "success": [201],
            "id_pointer": "/id",
        },
        "settle": {"path": "/v2/holds/{payment_id}/capture", "body": {"amount": "{amount}"}, "success": [200]},
        "reverse": {"path": "/v2/holds/{payment_id}/void", "success": [200]},
        "ready_path": "/readyz",
        "build": {"path": "/version", "pointer": "/sha256"},
        "ledger": {"method": "GET", "path": "/v2/journal?after={after}"},
        "idempotency_header": "Idempotency-Key",
    }
    assert found["settle"].source == "POST /v2/holds/{hold_id}/capture"


def test_a_document_without_payments_gives_no_operation() -> None:
    """Nothing is made up."""
    assert set(guesses(changed(__readyz={"get": {}}))) == {"ready_path"}
    assert guesses({"openapi": "3.0.0", "paths": {}}) == {}


def test_what_the_document_does_not_say_is_a_doubt_and_not_a_guess() -> None:
    """A required field without a value, and an answer without an id."""
    body = {"content": {"application/json": {"schema": {"required": ["amount", "sku"], "properties": {"amount": {}, "sku": {}}}}}}
    document = changed(
        __charges={"post": {"requestBody": body, "responses": {"201": {}}}}, **{"__charges__{id}__capture": {"post": {}}}
    )
    reserve = guesses(document)["reserve"]
    assert reserve.value == {
        "path": "/charges",
        "body": {"amount": "{amount}", "sku": "EDIT_ME"},
        "success": [201],
        "id_pointer": "/id",
    }
    assert reserve.doubts == (
        "body: nothing says what to send as sku",
        "id_pointer: the document does not say where the answer has the id",
    )


def test_an_enum_a_default_or_an_example_is_sent_as_it_is() -> None:
    """The first that there is."""
    properties = {
        "currency": {"enum": ["EUR", "USD"]},
        "capture": {"type": "boolean", "default": False},
        "amount": {"type": "integer"},
    }
    body = {"content": {"application/json": {"schema": {"properties": properties}}}}
    document = changed(__p={"post": {"requestBody": body}}, **{"__p__{id}__confirm": {"post": {}}})
    assert guesses(document)["reserve"].value["body"] == {"currency": "EUR", "capture": False, "amount": "{amount}"}  # type: ignore[index,call-overload]  # an object with a body


def test_form_bodies_whole_amounts_and_a_key_of_its_own_are_seen() -> None:
    """A card processor: URL-encoded bodies, integer amounts in an object, an API key in a header, and a refund of its own."""
    money = {"type": "object", "properties": {"value": {"type": "integer"}, "currency": {"enum": ["USD"]}}, "required": ["value"]}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": {"properties": {"amount": money, "customer": {}}}}}}
    others = {f"__intents__{{id}}__{name}": {"post": {}} for name in ("capture", "refunds", "cancel")}
    document = changed(__intents={"post": {"requestBody": body, "responses": {"200": {}}}}, **others)
    document["components"] = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}}}
    found = {name: guess.value for name, guess in guesses(document).items()}
    assert found["reserve"] == {
        "path": "/intents",
        "body": {"amount": {"value": "{amount}", "currency": "USD"}, "customer": "{wallet_id}"},
        "body_format": "form",
        "success": [200],
        "id_pointer": "/id",
    }
    assert found["amount_format"] == "integer"
    assert found["credential"] == {"header": "X-Api-Key", "value": "${GONOGO_AGENT_KEY}"}
    assert found["refund"] == {"path": "/intents/{payment_id}/refunds"}
    assert found["reverse"] == {"path": "/intents/{payment_id}/cancel"}


@pytest.mark.parametrize(
    ("schema", "form"),
    [
        ({"type": "integer"}, "integer"),
        ({"type": "number"}, "decimal_number"),
        ({"type": "string", "example": "12.34"}, "decimal"),
        ({"type": "string"}, None),
    ],
)
def test_how_amounts_are_sent_follows_from_their_type(schema: dict[str, object], form: str | None) -> None:
    """Texts of minor units are the usual way, and need no line."""
    body = {"content": {"application/json": {"schema": {"properties": {"amount": schema}}}}}
    found = guesses(changed(__p={"post": {"requestBody": body}}, **{"__p__{id}__settle": {"post": {}}}))
    assert (found["amount_format"].value if "amount_format" in found else None) == form


HOSTILE = {
    "loop": {"$ref": "#/components/schemas/loop"},
    "deep": {"properties": {"a": {"$ref": "#/components/schemas/deep"}}},
}


def test_references_that_go_round_end() -> None:
    """A schema that holds itself, and a reference to itself."""
    for name in HOSTILE:
        body = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
        document = changed(__p={"post": {"requestBody": body}}, **{"__p__{id}__settle": {"post": {}}})
        document["components"] = {"schemas": HOSTILE}
        assert "reserve" in guesses(document)


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_document_is_read_from_json_and_from_yaml(tmp_path: Path, suffix: str) -> None:
    """With the same result."""
    path = tmp_path / f"openapi.{suffix}"
    path.write_text(json.dumps(own_service.openapi()) if suffix == "json" else yaml.safe_dump(own_service.openapi()))
    assert guesses(read_openapi(str(path))) == guesses(own_service.openapi())


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is neither JSON nor YAML"),
        ("\x00", "is neither JSON nor YAML"),
        ("[]", "is no OpenAPI 3 document"),
        ("swagger: '2.0'\npaths: {}", "is no OpenAPI 3 document"),
        ("openapi: 3.1.0", "is no OpenAPI 3 document"),
        ("openapi: 3.1.0\npaths: []", "is no OpenAPI 3 document"),
    ],
)
def test_what_is_no_openapi_document_is_refused_by_its_name(tmp_path: Path, text: str, complaint: str) -> None:
    """With what it would need."""
    path = tmp_path / "openapi.yaml"
    path.write_text(text)
    with pytest.raises(UsageProblem, match=complaint):
        read_openapi(str(path))


def test_a_document_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Exit 2, and how to name one."""
    with pytest.raises(UsageProblem, match="no such file"):
        read_openapi(str(tmp_path / "nowhere.json"))
