"""Refusals of callers are alike: each 401 and 403 says what to do, and `authenticate` where signing in is the cure."""

import re

import pytest
from gateway_house import House
from gateway_shop import refusal

from gateway.errors import CATALOGUE, Code, RetryAction

ROWS = [row for row in CATALOGUE.values() if row.status in (401, 403)]
SIGN_IN = {Code.UNAUTHENTICATED, Code.SESSION_EXPIRED, Code.SESSION_REVOKED, Code.STEP_UP_REQUIRED}
ACTION = re.compile(r"`[^`]+`|(GET|POST) /v1/|operator|administrator|Type the code")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_each_refusal_of_a_caller_names_a_step(row):
    """A command, a route, or the person who can help."""
    assert ACTION.search(row.next_step), row.next_step


def test_authenticate_stands_where_signing_in_is_the_cure():
    """And nowhere else among the refusals of callers."""
    assert {row.code for row in ROWS if row.retry is RetryAction.AUTHENTICATE} == SIGN_IN


@pytest.mark.parametrize(
    ("method", "path", "credential", "code"),
    [
        ("GET", "/v1/status", None, "unauthenticated"),
        ("GET", "/v1/status", "gng_agent_unknown", "unauthenticated"),
        ("GET", "/v1/access/keys", "gns_unknown", "session_expired"),
        ("POST", "/v1/access/bootstrap", "gnb_unknown", "bootstrap_key_invalid"),
    ],
)
def test_each_401_comes_with_the_challenge_of_rfc_9110(tmp_path_factory, method, path, credential, code):
    """Whatever kind of credential is missing, unknown or over."""
    with House(tmp_path_factory.mktemp("challenge")) as house:
        answer = house.ask(method, path, credential)
        assert refusal(answer) == (401, code)
        assert answer.headers["www-authenticate"].startswith("Bearer")
