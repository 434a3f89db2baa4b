"""Signing in at a real gateway, in two processes and in one: crowds, idle sessions, forged hosts, and no secret anywhere."""

import asyncio
import itertools
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import msgspec
import pytest
from gateway_process import WAIT_S, demo, running
from waiting import eventually

from gateway.access_key import read_access_key, token_sha256

pytestmark = pytest.mark.process
_KEYS = itertools.count(1)


class Client:
    """A caller of a running gateway, who knows the access key and so every code."""

    def __init__(self, gateway, db: Path) -> None:
        self.gateway, self.db = gateway, db
        self.key = read_access_key(db.with_name(f"{db.name}.access.key"))
        self.told: list[str] = []
        """Every answer's body and headers."""

    def post(self, path, body, token=None, key=None, **headers):
        """One mutation."""
        sent = {"idempotency-key": key or f"served-key-{next(_KEYS):010d}"} | headers
        return self._told(httpx.post(f"{self.gateway.url}{path}", json=body, headers=sent | _bearer(token), timeout=WAIT_S))

    def get(self, path, token=None, **headers):
        """One read."""
        return self._told(httpx.get(f"{self.gateway.url}{path}", headers=headers | _bearer(token), timeout=WAIT_S))

    def _told(self, answer):
        self.told.append(f"{answer.text} {answer.headers}")
        return answer

    def started(self, address):
        """The id of a sign-in that has begun."""
        for _ in range(200):
            answer = self.post("/v1/access/sign-ins", {"address": address})
            if answer.status_code != 503:
                break
        assert answer.status_code == 202, answer.text
        return answer.json()["sign_in_id"]

    def signed_in(self, address):
        """A new session's token."""
        sign_in_id = self.started(address)
        answer = self.post(f"/v1/access/sign-ins/{sign_in_id}/verify", {"code": self.key.code(sign_in_id)})
        assert answer.status_code == 200, answer.text
        return answer.json()["session_token"]


def _bearer(token):
    return {"authorization": f"Bearer {token}"} if token else {}


@pytest.fixture(scope="module", params=["2", "1"], ids=["two processes", "one process"])
def client(request, tmp_path_factory):
    """A caller of a gateway with mail that nobody reads."""
    folder = tmp_path_factory.mktemp("served")
    db = folder / "gateway.db"
    tenant = demo(db)
    options = ("--dev", "--mail", "record", "--mail-folder", str(folder / "mails"), "--processes", request.param)
    with running(db, *options) as gateway:
        made = Client(gateway, db)
        made.tenant = tenant
        yield made


def test_fifty_right_codes_at_once_give_one_session(client):
    """Each on a connection of its own, each with a key of its own."""
    sign_in_id = client.started("crowd@example.com")
    body = {"code": client.key.code(sign_in_id)}

    async def crowd():
        async with httpx.AsyncClient(base_url=client.gateway.url, timeout=WAIT_S) as http:
            path = f"/v1/access/sign-ins/{sign_in_id}/verify"
            keys = [f"crowd-key-{number:08d}" for number in range(50)]
            asked = [http.post(path, json=body, headers={"idempotency-key": key}) for key in keys]
            return await asyncio.gather(*asked)

    answers = asyncio.run(crowd())
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"otp_used"}


def test_a_replay_brings_the_token_again_and_it_works(client):
    """Derived from the access key, which the writing process alone has."""
    sign_in_id = client.started("replay@example.com")
    path, body = f"/v1/access/sign-ins/{sign_in_id}/verify", {"code": client.key.code(sign_in_id)}
    first, again = (client.post(path, body, key="replayed-key-0001") for _ in range(2))
    assert (first.content, again.headers["idempotent-replayed"]) == (again.content, "true")
    token = again.json()["session_token"]
    me = client.get("/v1/access/me", token).json()
    assert (me["kind"], me["role"], me["tenant_id"], me["cohort"]) == ("session", "session", None, "none")
    assert client.post("/v1/access/session/end", {"everywhere": False}, token).json() == {"ended": 1}
    ended = client.get("/v1/access/me", token)
    assert (ended.status_code, ended.json()["code"]) == (401, "session_revoked")
    assert "www-authenticate" in ended.headers


def test_a_use_of_a_session_is_written_so_that_it_does_not_become_idle(client):
    """The reading process passes it on; a session that was seen long ago is seen again."""
    token = client.signed_in("idle@example.com")
    with closing(sqlite3.connect(client.db, isolation_level=None, timeout=WAIT_S)) as database:
        now_less = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-29 minutes')"
        database.execute(f"UPDATE sessions SET seen_at = {now_less} WHERE token_sha256 = ?", (token_sha256(token),))  # noqa: S608  # our own text
        seen = "SELECT seen_at FROM sessions WHERE token_sha256 = ?"
        (before,) = database.execute(seen, (token_sha256(token),)).fetchone()
        assert client.get("/v1/access/me", token).status_code == 200
        for _ in range(200):
            (after,) = database.execute(seen, (token_sha256(token),)).fetchone()
            if after > before:
                break
            client.get("/healthz")
        assert after > before


def test_a_forged_host_header_changes_nothing(client):
    """The document names the address that was configured, or that the gateway listens on."""
    for host in ("evil.example", f"evil.example:{client.gateway.address[1]}"):
        document = client.get("/.well-known/gonogo-auth.json", host=host)
        assert document.json()["base_url"] == client.gateway.url
        assert "evil" not in client.post("/v1/access/sign-ins", {"address": "host@example.com"}, host=host).text
    body = document.json()
    assert set(body) == {"version", "mode", "base_url", "login", "mail", "build", "time"}
    assert (body["version"], body["mode"], body["login"]) == ("1", "public_signup", ["email_code"])
    assert (body["mail"]["mode"], body["mail"]["healthy"]) == ("record", True)


def test_known_and_unknown_addresses_get_the_same_bytes(client):
    """Over the network: status, headers and body differ in ids and times alone, for a code requested, typed or sent again."""
    client.signed_in("known@example.com")
    seen = []
    for number, address in enumerate(("known@example.com", "unknown@example.com")):
        started = client.post("/v1/access/sign-ins", {"address": address}, key="the-same-key-for-both")
        sign_in_id = started.json()["sign_in_id"]
        wrong = f"{(int(client.key.code(sign_in_id)) + 1) % 10**8:08d}"
        path, key = f"/v1/access/sign-ins/{sign_in_id}", f"alike-for-address-{number}"
        answers = [started, client.post(f"{path}/verify", {"code": wrong}, key=key), client.post(f"{path}/resend", {}, key=key)]
        seen.append([_alike(answer, sign_in_id, key) for answer in answers])
    assert seen[0] == seen[1]
    assert [status for status, _, _ in seen[0]] == [202, 401, 429]


def _alike(answer, sign_in_id, key):
    """What an observer sees of an answer, but for ids and times."""
    text = answer.text.replace(sign_in_id, "SIGN-IN").replace(key, "KEY")
    times = (r"\d{4}-\d{2}-\d{2}T[\d:.]+Z", r"(opr|req)_[0-9a-f]+", r'"after_ms":\d+', r'"request_id":"[^"]+"')
    for pattern in times:
        text = re.sub(pattern, "VARIES", text)
    apart = {"date", "idempotency-expires", "repr-digest", "idempotency-key", "retry-after", "x-request-id", "ratelimit"}
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in apart)
    return answer.status_code, headers, text


def test_a_key_that_is_revoked_while_its_request_waits_pays_nothing(client):
    """A command holds the database and revokes the key meanwhile: the request, which was admitted before, is refused."""
    made = client.post("/v1/access/keys", {"role": "agent", "agent_id": "waits"}, client.tenant["stepped_up_token"]).json()
    pays, key = made["key"], "a-payment-under-way-1"
    assert client.get("/v1/status", pays).status_code == 200
    body = {"wallet_id": client.tenant["wallet_id"], "payee_id": client.tenant["payee_ids"][0], "amount": "5", "currency": "USD"}
    with closing(sqlite3.connect(client.db, isolation_level=None, timeout=WAIT_S)) as database, ThreadPoolExecutor(1) as caller:
        database.execute("BEGIN IMMEDIATE")
        payment = caller.submit(client.post, "/v1/payments", body, pays, key)
        where = f"/v1/idempotency-keys/{key}"
        assert eventually(lambda: client.get(where, client.tenant["operator_key"]).status_code == 200, WAIT_S)
        database.execute("UPDATE api_keys SET revoked_at = 'now' WHERE key_id = ?", (made["key_id"],))
        database.execute("COMMIT")
        answer = payment.result(WAIT_S)
    if answer.status_code == 503:  # a busy machine: the lock was held for longer than the gateway waits
        answer = client.post("/v1/payments", body, pays, key)
    assert (answer.status_code, answer.json()["code"], answer.json()["money_moved"]) == (401, "unauthenticated", "no")
    assert "www-authenticate" in answer.headers
    assert client.get(where, client.tenant["operator_key"]).status_code == 404


def test_a_forwarded_address_is_believed_of_nobody(tmp_path):
    """Without --trusted-proxy all of these requests come from one network."""
    db = tmp_path / "gateway.db"
    with running(db, "--dev", "--mail", "record", "--mail-folder", str(tmp_path / "mails")) as gateway:
        client = Client(gateway, db)
        client.started("first@example.com")
        answers = [
            client.post("/v1/access/sign-ins", {"address": f"p{number}@example.com"}, **{"x-forwarded-for": f"198.51.{number}.7"})
            for number in range(20)
        ]
    assert [answer.status_code for answer in answers] == [202] * 19 + [429]
    assert answers[-1].json()["code"] == "otp_throttled"
    assert int(answers[-1].headers["retry-after"]) > 3000


@pytest.mark.parametrize(
    "address",
    ["", "ann", "ann@", "@example.com", "ann@localhost", '"a b"@example.com', "ann@[127.0.0.1]", "a@b.invalid", "ünn@example.com",
     "Ann <ann@example.com>", "ann@example.com\r\nBcc: eve@example.com", "ann@example.com\u0000", "a" * 250 + "@example.com"],
)  # fmt: skip
def test_odd_spellings_of_an_address_are_refused_naming_the_member(client, address):
    """400 before anything is counted or derived."""
    answer = client.post("/v1/access/sign-ins", {"address": address})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "$.address" in answer.json()["detail"]
    assert "eve@" not in answer.text


def test_no_code_token_key_or_address_is_in_log_metric_database_or_answer(client):
    """Seeded with live ones: a token is in the answer that is about it, an address in tables that can be erased."""
    for name in ("one", "two"):
        client.get("/v1/access/me", client.signed_in(f"{name}@example.com"))
    client.get("/metrics")
    document = client.get("/schema/openapi.json").text
    tokens = {value for told in client.told for value in _found(told, "gns_")}
    assert len(tokens) >= 2
    raw = client.db.with_name(f"{client.db.name}.access.key").read_bytes()
    stored = b"".join(path.read_bytes() for path in client.db.parent.glob("gateway.db*") if "access.key" not in path.name)
    log = client.gateway.errors.read_bytes()
    for secret in (raw, raw.hex().encode(), *(token.encode() for token in tokens)):
        assert secret not in stored
        assert secret not in log
        assert secret.decode("latin-1") not in document
    assert b"@example.com" not in log
    kept = _kept(client.db)
    assert "@example.com" not in kept
    ids = [value for told in client.told for value in _found(told, "sgn_")]
    codes = {client.key.code(sign_in_id) for sign_in_id in ids}
    assert len(codes) >= 2
    texts = [log.decode(), kept, *client.told]
    assert [code for code in codes for text in texts if f'"{code}"' in text or f" {code} " in text] == []


def _found(text, prefix):
    return re.findall(rf"\b{prefix}[A-Za-z0-9_-]{{32,43}}\b", text)


def _kept(db):
    """Everything of the tables that are never erased."""
    with closing(sqlite3.connect(db)) as database:
        rows = [
            database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  # our own names
            for table in ("operations", "answers", "idempotency_keys", "funnel", "runs", "throttles", "sessions", "memberships")
        ]
    return msgspec.json.encode([[repr(row) for row in table] for table in rows]).decode()
