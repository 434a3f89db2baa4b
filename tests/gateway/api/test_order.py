"""The order of checks: of several things wrong with a request, the first in the contract's order is the answer."""

import pytest
from gateway_shop import JSON, refusal

BIG = b" " * 70_000
BAD = b"{"
KEY = {"idempotency-key": "k" * 16}

# caller, headers, body -> the answer; each row cures what the row above was refused for
STEPS = [
    (None, {}, BIG, (401, "unauthenticated")),
    ("finance", {}, BIG, (403, "forbidden")),
    ("agent", {}, BIG, (413, "payload_too_large")),
    ("agent", {}, BAD, (415, "unsupported_media_type")),
    ("agent", JSON, BAD, (400, "invalid_request")),
    ("agent", JSON, b'{"amount":1}', (400, "amount_not_integer_string")),
    ("agent", JSON, b'{"amount":"1"}', (400, "idempotency_key_missing")),
    ("agent", JSON | {"idempotency-key": "short"}, b'{"amount":"1"}', (400, "idempotency_key_malformed")),
    ("agent", JSON | KEY, b'{"amount":"1"}', (404, "not_found")),
]


@pytest.mark.parametrize(("role", "headers", "body", "expected"), STEPS, ids=[row[3][1] for row in STEPS])
def test_checks_are_made_in_the_promised_order(open_shop, role, headers, body, expected):
    """Authenticate, role, size, media type, syntax, key, path id: whatever else is wrong, the first counts."""
    assert refusal(open_shop.ask("POST", "/v1/payments/not-an-id/settle", role, headers, content=body)) == expected


def test_a_refusal_before_the_claim_is_not_kept_under_the_key(shop):
    """The same key serves the corrected request."""
    key = shop.fresh()
    assert refusal(shop.post("/v1/payments", shop.payment(amount=1250), key=key)) == (400, "amount_not_integer_string")
    assert shop.post("/v1/payments", shop.payment(), key=key).status_code == 201


def test_a_refusal_before_the_claim_has_no_replay_headers(open_shop):
    """Nothing was decided under the key, so nothing says that it was."""
    answer = open_shop.post("/v1/payments", open_shop.payment(amount="x"))
    assert not {"idempotent-replayed", "idempotency-key", "idempotency-expires", "repr-digest"} & set(answer.headers)
