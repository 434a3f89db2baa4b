"""No credential of a run is shown or stored."""

import pytest

from drills.runbook.redaction import Redactor, secret_values

KEY = "gng_operator_" + "a" * 43


@pytest.mark.parametrize(
    "text",
    [
        "curl -H 'Authorization: Bearer topsecret-1'",
        "https://me:topsecret-1@example.org/",
        'the variable is "topsecret-1"',
        "topsecret-1%2B",
        f"a new key: {KEY}",
        "Authorization: Basic dG9wc2VjcmV0LTE6eA==",
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4fwpM",
        '{"kty":"OKP","d":"' + "b" * 43 + '"}',
    ],
)
def test_credentials_are_taken_out(text):
    """By their value, and by their shape where the value is not known."""
    kept = Redactor(["topsecret-1"]).lines(text)
    assert "[redacted]" in kept
    assert not any(word in kept for word in ("topsecret-1", KEY, "dG9wc2VjcmV0", "SflKxw", "b" * 43))


def test_a_private_key_is_taken_out_across_lines():
    """Also where its lines come one by one."""
    redactor = Redactor([])
    mark = "PRIVATE KEY-----"
    text = f"before\n-----BEGIN {mark}\nMC4CAQAwBQYDK2VwBCIEIA\n-----END {mark}\nafter\n"
    assert "".join(redactor.lines(line) for line in text.splitlines(keepends=True)) == "before\n[redacted]\nafter\n"


def test_secret_variables_are_known_by_their_names():
    """What is no secret, such as an idempotency key or a folder, stays readable."""
    environ = {
        "GONOGO_OPERATOR_KEY": "one-1",
        "DB_PASSWORD": "two\n  three-lines",
        "GONOGO_IDEMPOTENCY_KEY": "four-4",
        "GONOGO_KEYS": "/srv/keys",
        "MONKEY": "five-5",
        "API_TOKEN": "x",
    }
    assert secret_values(environ, ["six-6"]) == ("one-1", "six-6", "three-lines", "two\n  three-lines")
