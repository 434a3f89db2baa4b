"""Bad input: each line is answered with the documented status and code, names what is wrong, and loses nothing."""

import pytest
from gateway_shop import JSON, refusal

GOOD = b'"wallet_id":"wal_1","payee_id":"pye_1","currency":"USD"'
AMOUNT = b'"amount":"1250",'

# body, expected code, what the detail names
BODIES = [
    (b"", "invalid_request", "$: the body is empty"),
    (b"{", "invalid_request", "$: "),
    (b"{}", "invalid_request", "$.wallet_id"),
    (b"[]", "invalid_request", "$: Expected `object`, got `array`"),
    (b"null", "invalid_request", "$: Expected `object`, got `null`"),
    (b'"text"', "invalid_request", "$: Expected `object`, got `str`"),
    (b"{" + GOOD + b',"amount":NaN}', "invalid_request", "$: JSON is malformed"),
    (b"{" + GOOD + b',"amount":Infinity}', "invalid_request", "$: JSON is malformed"),
    (b"{" + AMOUNT + GOOD + b"} {}", "invalid_request", "trailing"),
    (b"{" + AMOUNT + GOOD + b',"purpose":"\xff"}', "invalid_request", "not UTF-8"),
    (b"\xef\xbb\xbf{" + AMOUNT + GOOD + b"}", "invalid_request", "$: JSON is malformed"),
    (b"[" * 30_000, "invalid_request", "$: Expected `object`"),
    (b"{" + AMOUNT + GOOD + b',"purpose":' + b"[" * 30_000, "invalid_request", "$.purpose"),
    (b"{" + AMOUNT + GOOD + b',"prupose":"typo"}', "invalid_request", "$.prupose"),
    (b"{" + AMOUNT + AMOUNT + GOOD + b"}", "invalid_request", "more than once"),
    (b"{" + AMOUNT + b'"\\u0061mount":"9",' + GOOD + b"}", "invalid_request", "more than once"),
    (b"{" + AMOUNT + GOOD.replace(b'"USD"', b'"usd"') + b"}", "invalid_request", "$.currency"),
    (b"{" + AMOUNT + GOOD.replace(b'"USD"', b'"USD\\n"') + b"}", "invalid_request", "$.currency"),
    (b"{" + AMOUNT + GOOD.replace(b'"wal_1"', b"17") + b"}", "invalid_request", "$.wallet_id"),
    (b"{" + AMOUNT + GOOD.replace(b'"wal_1"', b'"../x"') + b"}", "invalid_request", "$.wallet_id"),
    (b"{" + AMOUNT + GOOD + b',"expires_in_s":"60"}', "invalid_request", "$.expires_in_s"),
    (b"{" + AMOUNT + GOOD + b',"expires_in_s":0}', "invalid_request", "$.expires_in_s"),
    (b"{" + AMOUNT + GOOD + b',"expires_in_s":1.5}', "invalid_request", "$.expires_in_s"),
    (b"{" + AMOUNT + GOOD + b',"expires_in_s":99999999999999999999}', "invalid_request", "$.expires_in_s"),
    (b"{" + AMOUNT + GOOD + b',"purpose":""}', "invalid_request", "$.purpose"),
    (b"{" + AMOUNT + GOOD + b',"purpose":null}', "invalid_request", "$.purpose"),
    (b"{" + AMOUNT + GOOD + b',"purpose":"line\\nbreak"}', "invalid_request", "$.purpose"),
    (b"{" + AMOUNT + GOOD + b',"purpose":"' + b"x" * 256 + b'"}', "invalid_request", "$.purpose"),
    *(
        (b"{" + GOOD + b',"amount":' + amount + b"}", "amount_not_integer_string", "$.amount")
        for amount in (
            b"1250", b"-1250", b"12.5", b"1e3", b"true", b"null", b"[]", b'""', b'"0"', b'"-1"', b'"+1"', b'"01"', b'"12.50"',
            b'"1,250"', b'" 1250"', b'"1250 "', b'"1250\\n"', b'"1e3"', b'"0x10"', b'"\xd9\xa1\xd9\xa2"', b'"1234567890123456"',
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "named"), BODIES, ids=[str(row[0][-60:])[:70] for row in BODIES])
def test_a_bad_body_is_refused_with_400_that_names_the_field(open_shop, body, code, named):
    """The detail starts with the field's JSON path, and no payment comes of it."""
    headers = JSON | {"idempotency-key": open_shop.fresh()}
    answer = open_shop.ask("POST", "/v1/payments", headers=headers, content=body)
    assert refusal(answer) == (400, code)
    assert named in answer.json()["detail"]
    assert open_shop.ask("GET", "/v1/payments").json()["items"] == []


@pytest.mark.parametrize("sent", [b"60.0", b"60.000"])
def test_a_whole_number_written_with_a_point_is_that_number(shop, sent):
    """77.0 is an integer to JSON Schema, which the published document speaks."""
    body = shop.payment()
    text = ",".join(f'"{name}":"{value}"' for name, value in body.items())
    headers = JSON | {"idempotency-key": shop.fresh()}
    first = shop.ask("POST", "/v1/payments", headers=headers, content=b'{%s,"expires_in_s":%s}' % (text.encode(), sent))
    again = shop.ask("POST", "/v1/payments", headers=headers, content=b'{%s,"expires_in_s":60}' % text.encode())
    assert first.status_code == again.status_code == 201
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json; charset=latin-1",
        "text/json",
        "application/merge-patch+json",
        "",
        None,
    ],
)
def test_a_body_that_is_not_declared_json_is_refused_with_415(open_shop, media_type):
    """What a browser form can send must not become a payment."""
    headers = {"idempotency-key": open_shop.fresh()} | ({} if media_type is None else {"content-type": media_type})
    answer = open_shop.ask("POST", "/v1/payments", headers=headers, content=b"{" + AMOUNT + GOOD + b"}")
    assert refusal(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"']
)
def test_json_in_utf_8_is_taken_however_it_is_spelt(open_shop, media_type):
    """Parameters and case of the media type do not matter."""
    headers = {"idempotency-key": open_shop.fresh(), "content-type": media_type}
    answer = open_shop.ask("POST", "/v1/payments", headers=headers, content=b"{" + AMOUNT + GOOD + b"}")
    assert refusal(answer) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        ("/v1/payments", "curser=pay_1", "curser"),
        ("/v1/payments", "limit=0", "limit"),
        ("/v1/payments", "limit=1001", "limit"),
        ("/v1/payments", "limit=ten", "limit"),
        ("/v1/payments", "limit=", "limit"),
        ("/v1/payments", "limit=5&limit=6", "more than once"),
        ("/v1/payments", "cursor=%0A", "cursor"),
        ("/v1/payments", "cursor=%FF", "malformed"),
        ("/v1/payments", "cursor=rcp_1", "cursor"),
        ("/v1/receipts", "cursor=-1", "cursor"),
        ("/v1/receipts", "cursor=%0A", "cursor"),
        ("/v1/receipts", "payment_id=x", "payment_id"),
        ("/v1/status", "verbose=1", "verbose"),
    ],
)
def test_a_bad_query_is_refused_with_400_that_names_the_parameter(open_shop, path, query, named):
    """A misspelt parameter must not be read as the first page for ever."""
    answer = open_shop.ask("GET", f"{path}?{query}", "operator")
    assert refusal(answer) == (400, "invalid_request")
    assert named in answer.json()["detail"]


def test_a_mutation_takes_no_query(open_shop):
    """`?amount=1` beside the body is nobody's clear order."""
    headers = JSON | {"idempotency-key": open_shop.fresh()}
    answer = open_shop.ask("POST", "/v1/payments?amount=1", headers=headers, json=open_shop.payment())
    assert refusal(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    "path_id", ["unknown", "pay_", "pay_%00", "pay_1%2Fsettle", "pay_" + "a" * 65, "pay_1%0A", "PAY_1", "pay_%C3%A9"]
)
def test_what_cannot_be_an_id_is_not_found(open_shop, path_id):
    """Ids that match no id's pattern are answered as those that were never given out."""
    assert refusal(open_shop.ask("GET", f"/v1/payments/{path_id}")) == (404, "not_found")


def test_an_oversize_body_is_refused_with_413_from_its_announced_length(open_shop):
    """The announcement is enough: nothing is read."""
    headers = JSON | {"idempotency-key": open_shop.fresh()}
    answer = open_shop.ask("POST", "/v1/payments", headers=headers, content=b" " * 65_537)
    assert refusal(answer) == (413, "payload_too_large")


def test_an_oversize_body_is_refused_with_413_without_a_length(open_shop):
    """A chunked body is cut off where the limit is crossed, not collected first."""
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 4096

    headers = JSON | {"idempotency-key": open_shop.fresh()}
    answer = open_shop.ask("POST", "/v1/payments", headers=headers, content=endless())
    assert refusal(answer) == (413, "payload_too_large")
    assert sent == 17


def test_a_body_at_the_limit_is_read(open_shop):
    """65,536 bytes are allowed, so the refusal is about what they say."""
    body = (b"{" + AMOUNT + GOOD + b"}").ljust(65_536)
    headers = JSON | {"idempotency-key": open_shop.fresh()}
    assert refusal(open_shop.ask("POST", "/v1/payments", headers=headers, content=body)) == (404, "not_found")
