"""The Idempotency-Key header, and what a replay carries."""

import base64
import hashlib

import pytest
from gateway_shop import JSON, refusal
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.headers import Headers, idempotency_key
from gateway.errors import Refused


def keys(*values):
    """Headers with these Idempotency-Key lines."""
    return Headers.of_asgi([(b"host", b"x"), *((b"idempotency-key", value) for value in values)])


def refused(*values):
    """The code with which these lines are refused."""
    with pytest.raises(Refused) as caught:
        idempotency_key(keys(*values))
    return str(caught.value.refusal.code)


VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=16, max_size=255)


@given(VISIBLE)
def test_the_quoted_and_the_bare_form_are_one_key(key):
    """Quoting is RFC 8941's: quotes and backslashes inside are escaped."""
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert idempotency_key(keys(quoted.encode())) == key
    if not key.startswith('"'):
        assert idempotency_key(keys(key.encode())) == key


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"a" * 15,
        b"a" * 256,
        b'"' + b"a" * 15 + b'"',
        b'"' + b"a" * 256 + b'"',
        b"a" * 20 + b" b",
        b"a" * 20 + b"\t",
        b"a" * 20 + b"\n",
        b"a" * 20 + b"\xe9",
        b'"' + b"a" * 20,
        b'"' + b"a" * 20 + b'\\"',
        b'"' + b"a" * 20 + b'" ',
        b'"' + b"a" * 10 + b'"' + b"a" * 10 + b'"',
        b"a" * 20 + b", " + b"b" * 20,
    ],
)
def test_a_malformed_key_is_refused(value):
    """Too short, too long, not visible ASCII, badly quoted, or two keys joined by a proxy."""
    assert refused(value) == "idempotency_key_malformed"


def test_two_key_lines_are_refused_even_if_they_agree():
    """Which of them a proxy in between looked at, nobody knows."""
    assert refused(b"a" * 20, b"a" * 20) == "idempotency_key_ambiguous"


def test_no_key_is_refused():
    """Without a key a retry could execute twice."""
    assert refused() == "idempotency_key_missing"


def test_two_key_lines_reach_the_check_over_http(open_shop):
    """The server must not have joined them before."""
    lines = [("idempotency-key", "a" * 20), ("idempotency-key", "b" * 20)]
    answer = open_shop.ask("POST", "/v1/payments", headers=lines, json=open_shop.payment())
    assert refusal(answer) == (400, "idempotency_key_ambiguous")


def test_a_replay_has_the_same_status_bytes_and_headers(shop):
    """Only the words that say it is a replay, and the request id, differ."""
    key = shop.fresh()
    first = shop.post("/v1/payments", shop.payment(), key=key)
    second = shop.post("/v1/payments", shop.payment(), key=f'"{key}"')
    assert (first.status_code, first.content) == (second.status_code, second.content) == (201, first.content)
    assert (first.headers["idempotent-replayed"], second.headers["idempotent-replayed"]) == ("false", "true")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == key
    for name in ("content-type", "content-length", "location", "idempotency-expires", "repr-digest"):
        assert first.headers[name] == second.headers[name]
    digest = base64.b64encode(hashlib.sha256(first.content).digest()).decode()
    assert first.headers["repr-digest"] == f"sha-256=:{digest}:"


def test_a_refusal_decided_under_a_key_sticks_to_it(shop):
    """The same 409 comes back, even after the state has changed."""
    where, key = shop.reserved(), shop.fresh()
    first = shop.post(f"{where}/settle", {"amount": "1251"}, key=key)
    assert refusal(first) == (409, "over_settlement")
    assert shop.post(f"{where}/settle", {}).status_code == 200
    again = shop.post(f"{where}/settle", {"amount": "1251"}, key=key)
    assert (again.status_code, again.content) == (409, first.content)
    assert again.headers["idempotent-replayed"] == "true"


def test_a_key_for_another_request_is_refused_naming_the_difference(shop):
    """Names of members, never their values."""
    key = shop.fresh()
    shop.post("/v1/payments", shop.payment(purpose="secret-purpose"), key=key)
    answer = shop.post("/v1/payments", shop.payment(amount="99"), key=key)
    assert refusal(answer) == (422, "idempotency_key_reused")
    assert "/amount, /purpose" in answer.json()["detail"]
    assert "secret-purpose" not in answer.text


@pytest.mark.parametrize(
    "key", ["0123456789abcdef", "path/with/slashes/and?question", "100%-sure-of-this-key", '"quoted"-inside-it']
)
def test_what_happened_to_a_key_can_be_looked_up_whatever_is_in_it(shop, key):
    """A slash, a percent sign or a quote in a key is escaped in the path and found."""
    quoted = '"' + key.replace('"', '\\"') + '"'
    made = shop.ask("POST", "/v1/payments", headers=JSON | {"idempotency-key": quoted}, json=shop.payment())
    escaped = "".join(character if character.isalnum() else f"%{ord(character):02X}" for character in key)
    answer = shop.ask("GET", f"/v1/idempotency-keys/{escaped}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["key"] == key
    assert [use["resource"] for use in answer.json()["uses"]] == [made.headers["location"]]


def test_a_key_that_led_to_nothing_is_not_found(open_shop):
    """A refusal before the claim leaves no trace."""
    assert refusal(open_shop.ask("GET", "/v1/idempotency-keys/never-used-before-1")) == (404, "not_found")
