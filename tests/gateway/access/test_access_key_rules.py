"""The rules of idempotency on every mutating route of access and of the house."""

import pytest
from gateway_access_specimens import ACCESS_SPECIMENS
from gateway_shop import refusal
from gateway_signed_in import SignedIn

from gateway.routes import MUTATIONS, access, house, keys

ROUTES = sorted((*access.MUTATIONS, *keys.MUTATIONS, *house.MUTATIONS), key=lambda route: route.name)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A gateway that mails codes."""
    with SignedIn(tmp_path_factory.mktemp("shop")) as made:
        yield made.healthy()


@pytest.fixture(params=ROUTES, ids=[route.name for route in ROUTES])
def route(request):
    """Each mutating route in turn."""
    return request.param


def specimen(shop, route):
    """A request that the gateway decides; time passes, so that nothing is throttled."""
    shop.pass_time(minutes=4)
    return ACCESS_SPECIMENS[route](shop)


def is_decided_at_once(answer):
    """Whether the answer is a state of the caller, which is never stored."""
    return "idempotent-replayed" not in answer.headers


def test_there_is_a_specimen_of_every_route_of_access_and_the_house():
    """And of no other."""
    assert set(ACCESS_SPECIMENS) == set(ROUTES)
    assert set(ROUTES) == {route for route in MUTATIONS if route.template.startswith(("/v1/access/", "/v1/house/"))}


def test_a_key_is_needed_well_formed_and_alone(shop, route):
    """None, a short one and two of them are refused, and change nothing."""
    role, path, body, *_ = specimen(shop, route)
    key = shop.fresh()
    for code, sent in {"missing": [], "malformed": ["short"], "ambiguous": [key, key]}.items():
        answer = shop.ask("POST", path, role, [("idempotency-key", value) for value in sent], json=body)
        assert refusal(answer) == (400, f"idempotency_key_{code}")


def test_a_replay_has_the_same_bytes(shop, route):
    """With the secret, where the answer holds one; a session that has ended with the first answer is told so."""
    role, path, body, *_ = specimen(shop, route)
    key = shop.fresh()
    first, again = (shop.post(path, body, role, key) for _ in range(2))
    if route.kind == "end_session":
        assert refusal(again) == (401, "session_revoked")
        return
    assert first.status_code < 500
    if is_decided_at_once(first):
        assert refusal(first) == refusal(again)
        return
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert (first.headers["idempotent-replayed"], again.headers["idempotent-replayed"]) == ("false", "true")


def test_another_request_under_the_key_is_refused_naming_what_differs(shop, route):
    """A JSON pointer of the member, and never a value, secret or not."""
    role, path, body, member, other = specimen(shop, route)
    if member is None or route.kind == "end_session":
        return
    key = shop.fresh()
    first = shop.post(path, body, role, key)
    answer = shop.post(path, body | {member: other}, role, key)
    assert not is_decided_at_once(first), first.text
    assert refusal(answer) == (422, "idempotency_key_reused")
    assert answer.json()["detail"].endswith(f" differs in /{member}")
    assert str(other) not in answer.json()["detail"]
    assert str(body[member]) not in answer.json()["detail"]


def test_no_secret_and_no_address_of_a_specimen_is_stored(shop, route):
    """Neither what was sent nor what was answered: the journal has keyed hashes, and answers without their secrets."""
    role, path, body, *_ = specimen(shop, route)
    answer = shop.post(path, body, role).json()
    secrets = [answer.get("key"), answer.get("session_token"), body.get("code"), body.get("address")]
    secrets += [key["key"] for key in answer.get("keys", ())]
    rows = shop.rows("SELECT request, body FROM operations LEFT JOIN answers USING (seq)")
    kept = "\n".join(f"{bytes(row[0])!r} {bytes(row[1] or b'')!r}" for row in rows)
    assert [secret for secret in secrets if secret and str(secret) in kept] == []
