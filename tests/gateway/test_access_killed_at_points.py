"""Signing in at a served gateway that kills itself at a named point of a commit, and is asked again with the same key."""

import contextlib
import sqlite3

import pytest
from gateway_killed import POINTS, deadly, serving
from gateway_process import demo

from gateway.access_key import read_access_key

pytestmark = pytest.mark.process


class Caller:
    """Somebody who knows the access key, and so every code; each request has a key of its own and can be sent again."""

    def __init__(self, db, tenant):
        self.db, self.tenant = db, tenant
        self.options = ("--dev", "--mail", "record", "--mail-folder", str(db.parent / "mails"))

    def code(self, sign_in_id):
        """The code that was mailed."""
        return read_access_key(self.db.with_name(f"{self.db.name}.access.key")).code(sign_in_id)

    def ok(self, client, path, body, token=None, key=None):
        """The answer to a request that succeeds; mail may not be known to leave yet."""
        for _ in range(200):
            answer = self.send(client, path, body, token, key)
            if answer.status_code != 503:
                break
        assert answer.status_code < 300, answer.text
        return answer.json()

    def send(self, client, path, body, token=None, key=None):
        """One request."""
        headers = {"idempotency-key": key or f"key-of-{path}-{len(str(body))}"}
        return client.post(path, json=body, headers=headers | ({"authorization": f"Bearer {token}"} if token else {}))

    def rows(self, sql):
        """Rows of the database."""
        with contextlib.closing(sqlite3.connect(self.db)) as database:
            return database.execute(sql).fetchall()


def _sign_in(caller, client, address="ann@example.com"):
    return caller.ok(client, "/v1/access/sign-ins", {"address": address}, key=f"sign-in-of-{address}")["sign_in_id"]


def _session(caller, client, address):
    sign_in_id = _sign_in(caller, client, address)
    body = {"code": caller.code(sign_in_id)}
    return caller.ok(client, f"/v1/access/sign-ins/{sign_in_id}/verify", body, key=f"verify-of-{address}")["session_token"]


def _start(caller, client):
    return "/v1/access/sign-ins", {"address": "ann@example.com"}, None


def _verify(caller, client):
    sign_in_id = _sign_in(caller, client)
    return f"/v1/access/sign-ins/{sign_in_id}/verify", {"code": caller.code(sign_in_id)}, None


def _make_key(caller, client):
    return "/v1/access/keys", {"role": "operator", "agent_id": "ann"}, caller.tenant["stepped_up_token"]


def _rotate(caller, client):
    return f"/v1/access/keys/{caller.tenant['key_id']}/rotate", {"reason": "a test"}, caller.tenant["stepped_up_token"]


def _revoke(caller, client):
    return f"/v1/access/keys/{caller.tenant['key_id']}/revoke", {"reason": "a test"}, caller.tenant["session_token"]


def _bootstrap(caller, client):
    return "/v1/access/bootstrap", {"agent_id": "bob"}, caller.tenant["bootstrap_key"]


def _join(caller, client):
    body = {"reason": "a test"}
    made = caller.ok(client, "/v1/access/invitations", body, caller.tenant["stepped_up_token"])
    return "/v1/access/session/join", {"bootstrap_key": made["key"]}, _session(caller, client, "eve@example.com")


EFFECTS = {
    "sign-in": (_start, "SELECT count(*) FROM sign_ins WHERE address = 'ann@example.com'", 1),
    "verify": (_verify, "SELECT count(*) FROM sessions AS s JOIN persons AS p USING (person_id) WHERE p.address IS NOT NULL", 1),
    "make-key": (_make_key, "SELECT count(*) FROM api_keys WHERE agent_id = 'ann'", 1),
    "rotate": (_rotate, "SELECT count(*) FROM api_keys WHERE agent_id = 'agent-1'", 2),
    "revoke": (_revoke, "SELECT count(*) FROM api_keys WHERE revoked_at IS NOT NULL", 1),
    "bootstrap": (_bootstrap, "SELECT count(*) FROM api_keys WHERE agent_id LIKE 'bob%'", 4),
    "join": (_join, "SELECT count(*) FROM memberships", 2),
}
"""What is asked, and the count that shows how often it was done."""

TRIALS = [
    pytest.param(
        kind, point, marks=[] if (kind, point) == ("verify", "committed") else [pytest.mark.nightly], id=f"{kind}-{point}"
    )
    for kind in EFFECTS
    for point in POINTS
]


@pytest.mark.parametrize(("kind", "point"), TRIALS)
def test_what_a_killed_gateway_did_is_done_once_and_answered_again_with_its_secret(tmp_path, kind, point):
    """The answer that nobody heard comes with the same key after the start, byte for byte as often as it is asked for."""
    db, armed = tmp_path / "gateway.db", tmp_path / "armed"
    caller = Caller(db, demo(db))
    prepare, effect, expected = EFFECTS[kind]
    key = "the-key-of-them-all"
    with serving(db, deadly(tmp_path, point, armed), *caller.options) as (process, client):
        if kind == "sign-in":
            _sign_in(caller, client, "somebody@example.com")  # mail is known to leave from here on
        path, body, token = prepare(caller, client)
        armed.touch()
        with contextlib.suppress(Exception):
            caller.send(client, path, body, token, key)
        assert process.wait(60) == -9
        assert not armed.exists()
    with serving(db, None, *caller.options) as (_, client):
        caller.ok(client, path, body, token, key)
        first, again = (caller.send(client, path, body, token, key) for _ in range(2))
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert caller.rows(effect) == [(expected,)]
    if kind == "verify":
        assert first.json()["session_token"].startswith("gns_")
