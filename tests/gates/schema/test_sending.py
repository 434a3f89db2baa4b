"""The request of an operation: every member of a target file that describes how to send has its effect on the wire."""

import json
from urllib.parse import parse_qsl

import pytest

from gates.schema.credential import SentHeader
from gates.schema.errors import UsageProblem
from gates.schema.sending import encode_body, make_request, with_key
from gates.schema.target import Operation, Target, UnsetProblem

FIELDS = {"payment_id": "p1", "amount": "1234", "currency": "USD", "reference": "r-1", "key": "k-1"}
BODY = {"amount": "{amount}", "note": "{reference} of {amount}", "fixed": [1, None, {"deep": "{currency}"}]}


def request_of(operation, *, fields=FIELDS, environ=None, **members):
    """The request of one operation of a target with these members."""
    target = Target("http://h", {}, {}, {}, **members)
    return make_request(target, operation, fields, credential=SentHeader("Bearer t"), key="k-1", environ=environ or {})


def test_a_json_body_is_filled_in_and_carries_its_headers():
    """Credential, idempotency key, content type, and the operation's own headers, which take fields and variables."""
    operation = Operation("/x", body=BODY, headers={"X-Version": "2", "X-Of": "{reference}", "X-Env": "${A:-b}"})
    request = request_of(operation)
    assert json.loads(request.body) == {"amount": "1234", "note": "r-1 of 1234", "fixed": [1, None, {"deep": "USD"}]}
    assert dict(request.headers) == {
        "X-Version": "2",
        "X-Of": "r-1",
        "X-Env": "b",
        "Authorization": "Bearer t",
        "Idempotency-Key": "k-1",
        "Content-Type": "application/json",
    }


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("string", b'{"amount":"1234","text":"1234 USD"}'),
        ("integer", b'{"amount":1234,"text":"1234 USD"}'),
        ("decimal", b'{"amount":"12.34","text":"12.34 USD"}'),
        ("decimal_number", b'{"amount":12.34,"text":"12.34 USD"}'),
    ],
)
def test_a_placeholder_alone_keeps_the_type_of_its_value(form, body):
    """A number stays a number where the placeholder is the whole value, and is a text within one."""
    operation = Operation("/x", body={"amount": "{amount}", "text": "{amount} {currency}"})
    assert request_of(operation, amount_format=form).body == body


def test_the_digits_of_the_minor_unit_can_be_given():
    """Where a service does not follow ISO 4217."""
    operation = Operation("/x", body={"amount": "{amount}"})
    assert request_of(operation, amount_format="decimal", currency="JPY").body == b'{"amount":"1234"}'
    assert request_of(operation, amount_format="decimal", currency="JPY", minor_digits=1).body == b'{"amount":"123.4"}'


def test_a_form_has_nested_keys():
    """Objects as a[b], values in a list as a[], objects in a list as a[0][b]; no null; true and false as words."""
    body = {
        "amount": "{amount}",
        "card": {"number": "4242 & 1", "owner": {"name": "Ä"}},
        "methods": ["card", "debit"],
        "items": [{"n": 1}, {"n": 2}],
        "capture": False,
        "left": None,
    }
    request = request_of(Operation("/x", body=body, body_format="form"), amount_format="integer")
    assert parse_qsl(request.body.decode()) == [
        ("amount", "1234"),
        ("card[number]", "4242 & 1"),
        ("card[owner][name]", "Ä"),
        ("methods[]", "card"),
        ("methods[]", "debit"),
        ("items[0][n]", "1"),
        ("items[1][n]", "2"),
        ("capture", "false"),
    ]
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(("form", "body"), [("json", b'{"a":1,"request_id":"k-1"}'), ("form", b"a=1&request_id=k-1")])
def test_the_idempotency_key_goes_into_a_field_of_the_body(form, body):
    """Instead of the header, and also where there was no body."""
    request = request_of(Operation("/x", body={"a": 1}, body_format=form), idempotency_field="request_id")
    assert request.body == body
    assert "Idempotency-Key" not in request.headers
    assert request_of(Operation("/x"), idempotency_field="request_id").body == b'{"request_id":"k-1"}'


@pytest.mark.parametrize(
    ("body", "key", "changed"),
    [
        (b'{"a":1.50,"id":"x"}', "k", b'{"a":1.50,"id":"k"}'),
        (b'{"a":1,"id":"x"}', None, b'{"a":1}'),
        (b"a=1&id=x", "k", b"a=1&id=k"),
        (b"[]", "k", b"[]"),
        (None, "k", b'{"id":"k"}'),
        (None, None, None),
    ],
)
def test_a_body_that_was_made_before_gets_another_key(body, key, changed):
    """The probes repeat a request under another key, or under none."""
    assert with_key(body, "id", key) == changed


def test_an_id_is_quoted_in_a_path():
    """No character of it ends the path or begins a query; what the file itself writes stays."""
    request = request_of(Operation("/a/{payment_id}/capture?full=1"), fields={**FIELDS, "payment_id": "p/1?x#y z%"})
    assert request.path == "/a/p%2F1%3Fx%23y%20z%25/capture?full=1"


def test_what_was_filled_in_is_no_template():
    """A value that looks like a gap is sent as it is."""
    operation = Operation("/x", body={"a": "${A} {reference}"})
    fields = {**FIELDS, "reference": "${SECRET} {amount}"}
    request = request_of(operation, fields=fields, environ={"A": "{amount}", "SECRET": "s"})
    assert request.body == b'{"a":"{amount} ${SECRET} {amount}"}'


def test_a_gap_that_nothing_fills_is_named():
    """A field, and a variable of the environment."""
    with pytest.raises(UsageProblem, match=r"names \{amout\}, which is not one of amount"):
        request_of(Operation("/x", body={"a": "{amout}"}))
    with pytest.raises(UnsetProblem, match="environment variable ABSENT"):
        request_of(Operation("/x", headers={"X": "${ABSENT}"}))


def test_a_body_of_the_probes_is_encoded_alike():
    """One encoder for all clients."""
    assert encode_body({"a": {"b": [1]}}, "form") == b"a%5Bb%5D%5B%5D=1"
